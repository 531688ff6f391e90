//! Property lists of jobs → where they lie on their Mac, links into the directories of jobs followed.
//!
//! launchd knows a job by the path in its directory: a file that is only linked there (a symbolic link,
//! or a hard link that tar stored under its first name) is that path's property list, and no second one.

use super::grouping::Group;
use super::roots::{RootKind, host_path};
use super::{Dated, HostCase, PlistFile};
use crate::evidence::{Modified, safe_path};
use crate::model::Text;
use crate::model::observation::Fact;
use crate::model::provenance::SourceId;
use crate::pipeline::{Collected, Source};
use std::collections::BTreeMap;

/// Links that lead to a link, at most.
const HOPS: usize = 8;

/// The property lists of jobs of a group.
pub(super) fn of(group: &Group, collected: &Collected) -> BTreeMap<SourceId, PlistFile> {
    let source = |id: SourceId| collected.sources.get(id.0 as usize);
    let mut files = BTreeMap::new();
    for observation in &group.observations {
        let id = observation.place.source;
        let (Fact::Job(job), Some(source)) = (&observation.fact, source(id)) else { continue };
        if job.path.is_some() {
            continue;
        }
        let evidence = collected.evidence.get(source.evidence);
        let path = host_path(group.kind, &group.root, &source.path);
        let modified = own_modification(source);
        let evidence = evidence.map_or_else(String::new, |evidence| evidence.label.clone());
        files.insert(id, PlistFile { path, modified, evidence });
    }
    place_flat_copies(group, collected, &mut files);
    let links = Links::of(group, collected);
    for (link, _) in links.in_job_directories() {
        let Some(id) = links.target(link, &files) else { continue };
        if let Some(file) = files.get_mut(&id).filter(|file| !is_in_job_directory(&file.path)) {
            link.clone_into(&mut file.path);
        }
    }
    files
}

/// Gives copies without their folders the paths at which the collector says that they lay. Of two of one
/// name only the first was copied: daemons before agents.
fn place_flat_copies(
    group: &Group,
    collected: &Collected,
    files: &mut BTreeMap<SourceId, PlistFile>,
) {
    let RootKind::Collector(layout) = group.kind else { return };
    let mut told: BTreeMap<&str, &str> = BTreeMap::new();
    for observation in &group.observations {
        let Fact::FileTimes(row) = &observation.fact else { continue };
        if !is_in_job_directory(&row.path) {
            continue;
        }
        let name = row.path.rsplit('/').next().unwrap_or_default();
        let known = told.entry(name).or_insert(&row.path);
        if row.path.contains("/LaunchDaemons/") && !known.contains("/LaunchDaemons/") {
            *known = &row.path;
        }
    }
    for (id, file) in files {
        let Some(source) = collected.sources.get(id.0 as usize) else { continue };
        let inside = source.path.strip_prefix(&group.root.prefix).unwrap_or_default();
        let path = layout.flat_name(inside).and_then(|name| told.get(name));
        if let Some(path) = path {
            (*path).clone_into(&mut file.path);
        }
    }
}

/// Names the jobs of which a collector told only the property list.
pub(super) fn name_states(case: &mut HostCase) {
    let mut labels: BTreeMap<&str, Option<&Text>> = BTreeMap::new();
    for fact in &case.facts {
        let Fact::Job(job) = &fact.fact else { continue };
        let Some(file) = case.plists.get(&fact.place.source) else { continue };
        let known = labels.entry(&file.path).or_insert(Some(&job.label));
        // Two acquisitions may hold two versions of it.
        if known.is_some_and(|known| *known != job.label) {
            *known = None;
        }
    }
    let named: Vec<(usize, Text)> = (0..)
        .zip(&case.facts)
        .filter_map(|(index, fact)| match &fact.fact {
            Fact::JobState(state) if state.label.is_empty() => {
                let label = labels.get(state.plist_path.as_deref()?)?.as_ref()?;
                Some((index, Text::clone(label)))
            }
            _ => None,
        })
        .collect();
    for (index, label) in named {
        if let Some(Dated { fact: Fact::JobState(state), .. }) = case.facts.get_mut(index) {
            state.label = label;
        }
    }
}

/// The modification time of the file on its Mac: tar keeps it; a folder on the examiner's disk has
/// its own, and zip keeps local times.
fn own_modification(source: &Source) -> Option<crate::model::Timestamp> {
    match source.modified {
        Some(Modified::Utc(time) | Modified::Volume(time)) => Some(time),
        Some(Modified::Disk(_) | Modified::Local(_)) | None => None,
    }
}

/// Whether a path lies in a directory from which launchd loads jobs.
fn is_in_job_directory(path: &str) -> bool {
    let lower = path.to_lowercase();
    lower.contains("/launchdaemons/") || lower.contains("/launchagents/")
}

/// A link of a group.
struct Link<'a> {
    /// Its path in the evidence.
    stored: &'a str,
    target: &'a str,
}

/// The links of a group, and every file by its path on the Mac.
struct Links<'a> {
    /// By path on the Mac.
    by_path: BTreeMap<String, Link<'a>>,
    /// Sources by path on the Mac.
    on_host: BTreeMap<String, SourceId>,
    /// Paths on the Mac by path in the evidence.
    stored: BTreeMap<&'a str, String>,
}

impl<'a> Links<'a> {
    fn of(group: &Group, collected: &'a Collected) -> Self {
        let mut known =
            Self { by_path: BTreeMap::new(), on_host: BTreeMap::new(), stored: BTreeMap::new() };
        for id in &group.sources {
            let Some(source) = collected.sources.get(id.0 as usize) else { continue };
            let path = host_path(group.kind, &group.root, &source.path);
            known.stored.insert(&source.path, path.clone());
            known.on_host.insert(plain(&path).to_owned(), *id);
            if let Some(target) = source.link.as_deref() {
                known.by_path.insert(path, Link { stored: &source.path, target });
            }
        }
        known
    }

    /// Links in directories of jobs, by path.
    fn in_job_directories(&self) -> impl Iterator<Item = (&str, &Link<'a>)> {
        let all = self.by_path.iter().map(|(path, link)| (path.as_str(), link));
        all.filter(|(path, _)| is_in_job_directory(path))
    }

    /// The property list that a link leads to.
    fn target(&self, path: &str, files: &BTreeMap<SourceId, PlistFile>) -> Option<SourceId> {
        let mut at = path.to_owned();
        for _ in 0..HOPS {
            let link = self.by_path.get(&at)?;
            let next = self.pointed_to(&at, link)?;
            let id = self.on_host.get(plain(&next))?;
            if files.contains_key(id) {
                return Some(*id);
            }
            at = next;
        }
        None
    }

    /// Where a link points to on the Mac: a symbolic link from the folder it lies in or from the
    /// root, a hard link of tar from the top of its archive.
    fn pointed_to(&self, path: &str, link: &Link<'_>) -> Option<String> {
        let target = link.target;
        let from_root = if target.starts_with('/') {
            target.to_owned()
        } else {
            let folder = path.rfind('/').map_or("", |at| path.get(..at).unwrap_or_default());
            format!("{folder}/{target}")
        };
        let by_symlink = format!("/{}", safe_path(&from_root).0);
        if self.on_host.contains_key(plain(&by_symlink)) {
            return Some(by_symlink);
        }
        let top = link.stored.rfind("!/").map_or(0, |at| at.saturating_add(2));
        let top = link.stored.get(..top).unwrap_or_default();
        self.stored.get(format!("{top}{}", safe_path(target).0).as_str()).cloned()
    }
}

/// A path as macOS also shows it: `/etc`, `/tmp` and `/var` are links to `/private`.
fn plain(path: &str) -> &str {
    path.strip_prefix("/private")
        .filter(|rest| ["/etc/", "/tmp/", "/var/"].iter().any(|start| rest.starts_with(start)))
        .unwrap_or(path)
}
