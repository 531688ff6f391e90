//! The bytes of a disk → its volumes, each a row of its own, and the files on them, each examined.

use super::examine::{self, contained};
use super::walk::{Listed, Place, volume};
use super::{Context, Outcome, Source, Status, VolumeWalk};
use crate::artifacts::places::leads_to_artifacts;
use crate::evidence::image::mounted::Mounted;
use crate::evidence::image::tree::{self, Tree};
use crate::evidence::image::{self, Disk, FileSystem, FoundVolume};
use crate::evidence::{Entry, kind_of, limits, problem};
use crate::model::observation::Problem;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The id in `sources` of a volume of a disk image.
pub(super) const VOLUME: &str = "volume";

/// Where macOS shows the data volume in the system volume of its group.
const DATA: &str = "System/Volumes/Data";

/// Uses of volumes on which nothing of interest lies: they are read with `--full-walk` only.
const UNUSED_ROLES: &[&str] =
    &["preboot", "recovery", "vm", "update", "xart", "hardware", "installer", "baseband"];

/// Why a file of a disk image is not hashed.
const UNHASHED: &str =
    "not hashed: no artifact claims it (--hash-all hashes all files that are walked)";

/// The volumes on a disk with their labels, each once; what else is on it goes into the notes.
pub(super) fn volumes(
    disk: &Arc<dyn Disk>,
    source: &mut Source,
    notes: &mut Vec<String>,
) -> Vec<(String, FoundVolume)> {
    let (partitions, problems) = image::partition::list(disk);
    source.problems.extend(problems);
    let mut volumes = Vec::new();
    for partition in partitions {
        let length = usize::try_from(partition.disk.size()).unwrap_or(usize::MAX).min(limits::HEAD);
        let head = match image::disk::read_vec(&*partition.disk, 0, length) {
            Ok(head) => head,
            Err(error) => {
                let detail = format!("partition {}: {error}", partition.described());
                source.problems.push(problem(kind_of(&error), detail));
                continue;
            }
        };
        let Some(format) = image::FORMATS.iter().find(|format| format.detect(&head)) else {
            notes.push(format!("partition {}: not read", partition.described()));
            continue;
        };
        match format.open(Arc::clone(&partition.disk)) {
            Ok(found) => {
                volumes.extend(found.into_iter().map(|volume| (partition.name.clone(), volume)));
            }
            Err(why) => {
                let detail = format!("{}: {}", format.name(), why.detail);
                source.problems.push(Problem { detail, ..why });
            }
        }
    }
    named(volumes)
}

/// Gives volumes, each with the name of its partition, the labels under which their files are shown. The data volume of a
/// group stands where macOS mounts it, in its system volume.
fn named(found: Vec<(String, FoundVolume)>) -> Vec<(String, FoundVolume)> {
    let mut labels = BTreeSet::new();
    let mut systems: Vec<(String, String)> = Vec::new();
    let mut own = Vec::new();
    for (number, (partition, volume)) in (1_u32..).zip(found) {
        let name = [&volume.label, &partition].into_iter().find(|name| !name.trim().is_empty());
        let name = name.map_or_else(|| format!("volume {number}"), |name| name.replace('/', ":"));
        let label = unique(&name, &mut labels);
        if let (Some(group), "system") = (&volume.group, volume.role) {
            systems.push((group.clone(), label.clone()));
        }
        own.push((label, volume));
    }
    let mounted = own.into_iter().map(|(label, volume)| {
        let of_group = |(group, _): &&(String, String)| volume.group.as_ref() == Some(group);
        let system = systems.iter().find(of_group).filter(|_| volume.role == "data");
        let mounted = system.map(|(_, system)| format!("{system}!/{DATA}"));
        // One volume stands there; another of its role keeps its own label.
        let label = mounted.filter(|place| labels.insert(place.clone())).unwrap_or(label);
        (label, volume)
    });
    mounted.collect()
}

fn unique(name: &str, labels: &mut BTreeSet<String>) -> String {
    let mut label = name.to_owned();
    let mut count = 1_u32;
    while !labels.insert(label.clone()) {
        count = count.saturating_add(1);
        label = format!("{name}#{count}");
    }
    label
}

/// Walks one volume and accounts for it. Whether all of it that should be could be listed.
pub(super) fn one_volume(
    label: &str,
    found: FoundVolume,
    disk: &Arc<dyn Disk>,
    place: &Place,
    context: &Context<'_>,
) -> bool {
    let entry = Entry::file(label, 0, 0);
    let mut source = examine::unread(&place.shown(&entry), &entry, context);
    source.artifact = Some(VOLUME);
    source.status = Status::Parsed;
    let FoundVolume { label: own, role, mut notes, problems, files, .. } = found;
    source.problems.extend(problems);
    notes.push(if role.is_empty() {
        format!("volume {own:?}")
    } else {
        format!("volume {own:?}, role {role}")
    });
    let files = match files {
        Ok(files) => files,
        Err(why) => {
            source.note = notes.join("; ");
            context.add(examine::failed(source, why));
            return false;
        }
    };
    if UNUSED_ROLES.contains(&role) && !context.options.full_walk {
        notes.push("not walked: macOS keeps no artifact on it (--full-walk reads it)".to_owned());
        source.note = notes.join("; ");
        source.status = Status::Unclaimed;
        context.add(Outcome { source, observations: Vec::new() });
        return true;
    }
    match contained(|| walked(&*files, context)) {
        Ok(tree) => files_of(source, notes, files, tree, (label, disk.size()), place, context),
        Err(panicked) => {
            context.add(examine::failed(source, panicked));
            false
        }
    }
}

fn walked(files: &dyn FileSystem, context: &Context<'_>) -> Tree {
    if context.options.full_walk {
        tree::walk(files, &|_| true)
    } else {
        tree::walk(files, &leads_to_artifacts)
    }
}

/// Examines the files that a walk met.
fn files_of(
    mut source: Source,
    mut notes: Vec<String>,
    files: Arc<dyn FileSystem>,
    mut tree: Tree,
    (label, disk_size): (&str, u64),
    place: &Place,
    context: &Context<'_>,
) -> bool {
    if tree.unwalked > 0 {
        notes.push(format!(
            "directories walked: {}; not entered, as no artifact is known to lie there: {} (--full-walk enters them)",
            tree.walked, tree.unwalked
        ));
    }
    source.note = notes.join("; ");
    source.volume = Some(VolumeWalk { walked: tree.walked, unwalked: tree.unwalked });
    let most = disk_size.max(limits::RATIO_FREE);
    let place = place.inside_volume(label, (!context.options.hash_all).then_some(UNHASHED));
    // A directory that is lost is a problem of its volume: it is no file.
    let (listed, lost): (Vec<Listed>, Vec<Listed>) =
        std::mem::take(&mut tree.entries).into_iter().partition(Result::is_ok);
    source.problems.extend(lost.into_iter().filter_map(Result::err).map(|(path, why)| {
        let detail = format!("/{path}: {}", why.detail);
        Problem { detail, ..why }
    }));
    source.records = listed.len() as u64;
    source.problem_count = source.problems.len() as u64;
    let is_whole = source.problems.is_empty();
    source.status = if is_whole { Status::Parsed } else { Status::Partial };
    let mounted = Mounted::new(files, tree, most);
    volume(&mounted, listed, &place, context);
    context.add(Outcome { source, observations: Vec::new() });
    is_whole
}
