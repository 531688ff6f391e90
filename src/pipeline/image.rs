//! A file → the disk image that it is, if it is one, opened; what it says of itself; its volumes, walked.

use super::examine::{self, contained};
use super::hashing::HashingReader;
use super::volumes::{one_volume, volumes};
use super::walk::{Opened, Place, not_an_image, too_deep};
use super::{Context, DeclaredHash, Outcome, Source, Status};
use crate::evidence::digest::{ALGORITHMS, Wanted};
pub(super) use crate::evidence::image::container::spool;
use crate::evidence::image::container::{self, Container, First, OpenedDisk};
use crate::evidence::image::disk::{Positioned, Reopened};
use crate::evidence::image::{Disk, DiskReader, Extent};
use crate::evidence::memory::InMemory;
use crate::evidence::{Entry, Reopen, kind_of, limits, problem};
use crate::model::observation::ProblemKind;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// The id in `sources` of a disk image.
pub(super) const IMAGE: &str = "image";

/// Folders of a Mac in which a disk image is an installer or a document, not a piece of evidence.
const OWN: &[&str] = &["users", "applications", "library", "system", "private", "opt", "usr"];

/// Why such an image has no volumes.
const NOT_OPENED: &str =
    "a disk image that the Mac keeps as its own, not opened: give it as evidence to read it";

/// Endings of images that are told by their last bytes.
const TOLD_BY_TAIL: &[&str] = &[".dmg", ".cdr", ".img", ".smi", ".dmgpart"];

/// Whether a file may be a disk image, from its name and its first bytes.
pub(super) fn may_be(entry: &Entry, head: &[u8]) -> bool {
    let path = entry.path.to_lowercase();
    let head_alone: Arc<dyn Reopen> = Arc::new(InMemory(head.into()));
    TOLD_BY_TAIL.iter().any(|ending| path.ends_with(ending))
        || detect(entry, head, &head_alone).is_some()
}

/// The format of the image that a file is the first of.
pub(super) fn detect(
    entry: &Entry,
    head: &[u8],
    bytes: &Arc<dyn Reopen>,
) -> Option<&'static dyn Container> {
    let first = First { path: &entry.path, head, bytes };
    container::CONTAINERS.iter().find(|format| format.detect(&first)).copied()
}

/// Whether a Mac keeps a file of that path as its own.
fn is_its_own(path: &str) -> bool {
    let parts: Vec<String> = path.split('/').map(str::to_lowercase).collect();
    parts.iter().rev().skip(1).any(|part| OWN.contains(&part.as_str()))
}

/// Opens a file if it is an image; `None`, and nothing of `rest` is read, if it is none.
pub(super) fn outcome(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Option<Outcome> {
    let Opened { entry, head, .. } = *opened;
    if !may_be(entry, head) {
        return None;
    }
    let Some(bytes) = &opened.seekable else { return Some(streamed(opened, rest, place, context)) };
    let format = detect(entry, head, bytes)?;
    // An image on an image may be the very same blocks, and so on without end.
    if place.in_image || (!place.is_evidence && is_its_own(&entry.path)) {
        let mut outcome = super::walk::file(opened, rest, place, context);
        NOT_OPENED.clone_into(&mut outcome.source.note);
        return Some(outcome);
    }
    if place.depth >= limits::NESTING {
        return Some(too_deep(entry, place, context));
    }
    Some(image(format, opened, bytes, place, context))
}

/// Opens an image that can be read once only: its bytes are held in memory.
fn streamed(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    let Opened { entry, head, .. } = *opened;
    let mut hashing = HashingReader::new(Cursor::new(head).chain(rest), Wanted::SHA256);
    let spooled = match spool(&mut hashing) {
        Ok(disk) => disk,
        Err(error) => return examine::lost(&place.shown(entry), entry, &error, context),
    };
    let bytes: Arc<dyn Reopen> = Arc::new(Reopened(spooled));
    let seekable = Opened { seekable: Some(Arc::clone(&bytes)), ..*opened };
    let mut rest = DiskReader::new(disk_behind(&bytes, head.len()));
    match outcome(&seekable, &mut rest, place, context) {
        Some(mut outcome) => {
            outcome.source.size = bytes.size();
            outcome.source.sha256 = Some(hashing.finish().sha256);
            outcome
        }
        None => not_an_image(&seekable, &mut rest, place, context),
    }
}

/// Opens an image and walks what is in it.
fn image(
    format: &'static dyn Container,
    opened: &Opened<'_>,
    bytes: &Arc<dyn Reopen>,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    let shown = place.shown(opened.entry);
    let mut source = examine::unread(&shown, opened.entry, context);
    source.artifact = Some(IMAGE);
    source.status = Status::Parsed;
    let first = First { path: &opened.entry.path, head: opened.head, bytes };
    let disk = match contained(|| format.open(&first, opened.parts)) {
        Ok(Ok(disk)) => disk,
        Ok(Err(problem)) | Err(problem) => return examine::failed(source, problem),
    };
    let mut notes = hash(&disk, bytes, &mut source, context);
    let OpenedDisk { disk, parts, problems, notes: told, .. } = disk;
    notes.splice(0..0, told);
    notes.insert(0, format!("{} image, {} bytes of disk", format.id(), disk.size()));
    for part in parts {
        opened.parts.used(&part);
        context.add(part_of(&part, opened, place, context));
    }
    source.problems.extend(problems);
    let name = opened.entry.shown();
    let name = if format.is_bundle() { container::bundle_of(&name) } else { &name };
    let place = place.inside_image(name);
    let volumes =
        contained(|| volumes(&disk, &mut source, &mut notes)).unwrap_or_else(|panicked| {
            source.problems.push(panicked);
            Vec::new()
        });
    if volumes.is_empty() && source.problems.is_empty() {
        let detail = "no file system in it that Portolan reads (APFS, HFS+)";
        source.problems.push(problem(ProblemKind::Unsupported, detail));
    }
    source.records = volumes.len() as u64;
    for (label, found) in volumes {
        let whole = one_volume(&label, found, &disk, &place, context);
        source.status = if whole { source.status } else { Status::Partial };
    }
    if !source.problems.is_empty() {
        source.status = if source.records == 0 { Status::Refused } else { Status::Partial };
    }
    source.problem_count = source.problems.len() as u64;
    source.note = notes.join("; ");
    Outcome { source, observations: Vec::new() }
}

/// Notes what an image declares of its disk; where that is asked for, hashes its file and its disk and compares.
fn hash(
    opened: &OpenedDisk,
    bytes: &Arc<dyn Reopen>,
    source: &mut Source,
    context: &Context<'_>,
) -> Vec<String> {
    let strongest = ALGORITHMS
        .iter()
        .find_map(|wanted| opened.declared.iter().find(|(algorithm, _)| algorithm == wanted));
    source.declared = strongest.map(|(algorithm, value)| DeclaredHash {
        algorithm,
        value: value.clone(),
        holds: None,
    });
    if !context.options.hash_images {
        return vec!["not hashed (--hash-images hashes it)".to_owned()];
    }
    let file = Positioned::new(Arc::clone(bytes));
    match container::hashes(&file, Wanted::SHA256) {
        Ok(hashes) => source.sha256 = Some(hashes.sha256),
        Err(error) => source.problems.push(problem(kind_of(&error), error.to_string())),
    }
    let verified = contained(|| container::verify(opened));
    match verified.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked.detail))) {
        Ok((hashes, differing)) => {
            if let Some(declared) = &mut source.declared {
                declared.holds = Some(hashes.by(declared.algorithm) == Some(&declared.value));
            }
            source.problems.extend(differing);
            vec![format!("sha256 of the disk: {}", hashes.sha256)]
        }
        Err(error) => {
            let detail = format!("the disk cannot be hashed: {error}");
            source.problems.push(problem(kind_of(&error), detail));
            Vec::new()
        }
    }
}

/// The row of a file that belongs to an image beside its first one.
fn part_of(part: &str, opened: &Opened<'_>, place: &Place, context: &Context<'_>) -> Outcome {
    let path = container::beside(&opened.entry.path, part);
    let size = opened.parts.open(part).map_or(0, |bytes| bytes.size());
    let entry = Entry::file(path, size, 0);
    let mut source = examine::unread(&place.shown(&entry), &entry, context);
    source.artifact = Some(IMAGE);
    source.status = Status::Parsed;
    source.note = format!("part of {}", opened.entry.shown());
    Outcome { source, observations: Vec::new() }
}

/// What follows the first bytes of a disk.
fn disk_behind(bytes: &Arc<dyn Reopen>, head: usize) -> Arc<dyn Disk> {
    let whole: Arc<dyn Disk> = Arc::new(Positioned::new(Arc::clone(bytes)));
    Arc::new(Extent::new(whole, head as u64, bytes.size()))
}
