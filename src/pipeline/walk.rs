//! A container → its entries, each examined; containers inside it are opened in turn, up to a depth.

use super::beside::{Around, Companions};
use super::examine::{self, Plan};
use super::hashing::HashingReader;
use super::{Context, Outcome, Source, Status, image, stream};
use crate::artifacts::{NotLookedFor, Siblings, file_times};
use crate::evidence::archive::{self as archives, ArchiveKind, Budget};
use crate::evidence::digest::Wanted;
use crate::evidence::image::container::{self, NoParts};
use crate::evidence::memory::{InMemory, read_all};
use crate::evidence::{Entry, EntryKind, Reopen, Volume, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use rayon::prelude::*;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// The id in `sources` of a container.
pub(super) const CONTAINER: &str = "archive";

/// Where a walk stands.
#[derive(Clone)]
pub(super) struct Place {
    /// Path of the container with `!/` behind it; empty at the top.
    pub(super) prefix: String,
    /// Containers around it.
    pub(super) depth: usize,
    /// Why files without an artifact are not hashed, if they are not.
    pub(super) unhashed: Option<&'static str>,
    /// Whether the file met here is the evidence itself: paths inside it then stand alone.
    pub(super) is_evidence: bool,
    /// Whether a disk image is around it.
    pub(super) in_image: bool,
    /// What the outermost archive around it may still inflate to; none outside archives.
    pub(super) budget: Option<Arc<Budget>>,
}

impl Place {
    pub(super) fn top() -> Self {
        let prefix = String::new();
        Self { prefix, depth: 0, unhashed: None, is_evidence: false, in_image: false, budget: None }
    }

    pub(super) fn shown(&self, entry: &Entry) -> String {
        format!("{}{}", self.prefix, entry.shown())
    }

    /// The place inside the disk image of that name.
    pub(super) fn inside_image(&self, name: &str) -> Self {
        let is_alone = self.is_evidence || name.is_empty();
        let prefix = if is_alone { String::new() } else { format!("{}{name}!/", self.prefix) };
        let depth = self.depth.saturating_add(1);
        Self { prefix, depth, in_image: true, budget: self.budget.clone(), ..Self::top() }
    }

    /// The place inside a volume of that image.
    pub(super) fn inside_volume(&self, label: &str, unhashed: Option<&'static str>) -> Self {
        // Below a volume that stands in another, it is a folder as on the Mac.
        let separator = if label.contains("!/") { "/" } else { "!/" };
        let prefix = format!("{}{label}{separator}", self.prefix);
        Self { prefix, unhashed, ..self.clone() }
    }

    /// The place inside the archive at `shown`, which has `size` bytes.
    fn inside(&self, shown: &str, size: u64) -> Self {
        let prefix = if self.is_evidence { String::new() } else { format!("{shown}!/") };
        let budget = self.budget.clone().unwrap_or_else(|| Arc::new(Budget::of_archive(size)));
        let depth = self.depth.saturating_add(1);
        Self { prefix, depth, in_image: self.in_image, budget: Some(budget), ..Self::top() }
    }
}

pub(super) type Listed = Result<Entry, (String, Problem)>;

/// Examines all entries of a volume in parallel; the archives inside an archive come after its other
/// entries, one by one, so that they draw on the budget in the same order in every run.
pub(super) fn volume(
    volume: &dyn Volume,
    entries: Vec<Listed>,
    place: &Place,
    context: &Context<'_>,
) {
    let companions = Companions::of(volume, entries.iter().flatten());
    let put_off = |item: Listed| match item {
        Ok(entry) => {
            let met = volume_entry(volume, &entry, &companions, place, context);
            (met == Met::Later).then_some(entry)
        }
        Err((path, problem)) => {
            let shown = format!("{}{path}", place.prefix);
            let source = examine::unread(&shown, &Entry::file(path, 0, 0), context);
            context.add(examine::failed(source, problem));
            None
        }
    };
    let mut later: Vec<Entry> = entries.into_par_iter().filter_map(put_off).collect();
    // Which parts are used is known when all images were opened; a stream has them in any order.
    later.sort_by_key(|entry| container::can_be_part(&entry.path));
    for entry in later.into_iter().filter(|entry| !companions.is_used(entry)) {
        read_entry(volume, &entry, context, place, &mut |head, reader| {
            let beside = &companions.beside(&entry);
            let seekable = volume.reopen(&entry);
            let opened = Opened { entry: &entry, head, seekable, siblings: beside, parts: beside };
            one_file(&opened, reader, place, context);
        });
    }
}

/// What an entry turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    /// Examined.
    Done,
    /// An archive or image in an archive, or what may be a part of an image: its turn comes later.
    Later,
}

fn volume_entry(
    volume: &dyn Volume,
    entry: &Entry,
    companions: &Companions<'_>,
    place: &Place,
    context: &Context<'_>,
) -> Met {
    if entry.kind != EntryKind::File {
        context.add(not_a_file(entry, place, context));
        return Met::Done;
    }
    if container::can_be_part(&entry.path) {
        return Met::Later;
    }
    let mut met = Met::Done;
    read_entry(volume, entry, context, place, &mut |head, reader| {
        let is_in_archive = place.budget.is_some();
        if is_in_archive && (archives::detect(head).is_some() || image::may_be(entry, head)) {
            met = Met::Later;
            return;
        }
        // Of an archive it is wanted for containers only, whose turn comes later; of others it costs nothing.
        let seekable = if is_in_archive { None } else { volume.reopen(entry) };
        let beside = &companions.beside(entry);
        let opened = Opened { entry, head, seekable, siblings: beside, parts: beside };
        one_file(&opened, reader, place, context);
    });
    met
}

/// Calls `then` with the first bytes of an entry and the rest; accounts for one that cannot be read.
fn read_entry(
    volume: &dyn Volume,
    entry: &Entry,
    context: &Context<'_>,
    place: &Place,
    then: &mut dyn FnMut(&[u8], &mut dyn Read),
) {
    let mut handled = false;
    let result = examine::contained(|| {
        volume.read(entry, &mut |reader| {
            let (head, tail) = examine::read_head(reader)?;
            then(&head, &mut tail.chain(reader));
            handled = true;
            Ok(())
        })
    });
    let problem = match result {
        Err(panicked) => panicked,
        Ok(Err(error)) => {
            let kind = encrypted(&error).unwrap_or_else(|| kind_of(&error));
            problem(kind, described(kind, entry, &error))
        }
        Ok(Ok(())) => return,
    };
    if !handled {
        let source = examine::unread(&place.shown(entry), entry, context);
        context.add(examine::failed(source, problem));
    }
}

/// An error in words. Velociraptor puts what it encrypts into a zip of its own, which hides the names.
fn described(kind: ProblemKind, entry: &Entry, error: &io::Error) -> String {
    let is_container =
        kind == ProblemKind::Encrypted && entry.path.rsplit('/').next() == Some("data.zip");
    let container = if is_container { "encrypted Velociraptor container: " } else { "" };
    format!("{container}{error}")
}

/// Zip members that no password opens are refused with this kind of I/O error.
fn encrypted(error: &io::Error) -> Option<ProblemKind> {
    (error.kind() == io::ErrorKind::PermissionDenied && error.get_ref().is_some())
        .then_some(ProblemKind::Encrypted)
}

/// A link is a row; a parser that reads links (the time zone) gets its target as text.
pub(super) fn not_a_file(entry: &Entry, place: &Place, context: &Context<'_>) -> Outcome {
    let shown = place.shown(entry);
    if let EntryKind::Link(target) = &entry.kind
        && let plan @ Plan::Parse(artifact) = &examine::plan(entry, target.as_bytes())
        && artifact.reads_links()
    {
        let target = target.as_bytes();
        let mut outcome =
            examine::examine(&shown, entry, plan, target, &mut io::empty(), &NotLookedFor, context);
        outcome.source.sha256 = None;
        return outcome;
    }
    Outcome { source: examine::unread(&shown, entry, context), observations: Vec::new() }
}

/// An entry whose head was read.
pub(super) struct Opened<'a> {
    pub entry: &'a Entry,
    pub head: &'a [u8],
    pub seekable: Option<Arc<dyn Reopen>>,
    pub siblings: &'a dyn Siblings,
    /// The files beside it that a disk image may be stored in.
    pub parts: &'a dyn Around,
}

impl<'a> Opened<'a> {
    /// One that is read once, and of which nothing is known that lies beside it.
    pub(super) fn streamed(entry: &'a Entry, head: &'a [u8]) -> Self {
        Self { entry, head, seekable: None, siblings: &NotLookedFor, parts: &NoParts }
    }
}

/// Examines a file, or walks into it if it is a container. Returns its SHA-256, if it was read to its end.
pub(super) fn one_file(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Option<String> {
    let mut outcome = outcome_of(opened, rest, place, context);
    outcome.observations.extend(file_times::of(opened.entry));
    let sha256 = outcome.source.sha256.clone();
    context.add(outcome);
    sha256
}

fn outcome_of(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    // A disk image may be stored in what is also an archive (AFF4).
    match image::outcome(opened, rest, place, context) {
        Some(outcome) => outcome,
        None => not_an_image(opened, rest, place, context),
    }
}

/// Walks into an archive, or examines a file that is no container.
pub(super) fn not_an_image(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    let detect = if place.is_evidence { archives::detect_given } else { archives::detect };
    match detect(opened.head) {
        Some(_) if place.depth >= limits::NESTING => too_deep(opened.entry, place, context),
        Some(kind) => archive(kind, opened, rest, place, context),
        None => file(opened, rest, place, context),
    }
}

/// The row of a container around which there are too many others.
pub(super) fn too_deep(entry: &Entry, place: &Place, context: &Context<'_>) -> Outcome {
    let source = examine::unread(&place.shown(entry), entry, context);
    let detail = format!("more than {} containers inside one another", limits::NESTING);
    examine::failed(source, problem(ProblemKind::Limit, detail))
}

/// Examines a file that is no container.
pub(super) fn file(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    let shown = place.shown(opened.entry);
    let plan = examine::plan(opened.entry, opened.head);
    if let (Plan::Hash, Some(why)) = (&plan, place.unhashed) {
        let mut source = examine::unread(&shown, opened.entry, context);
        why.clone_into(&mut source.note);
        return Outcome { source, observations: Vec::new() };
    }
    let Opened { entry, head, siblings, .. } = *opened;
    examine::examine(&shown, entry, &plan, head, rest, siblings, context)
}

/// Walks a container and accounts for it.
fn archive(
    kind: ArchiveKind,
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Outcome {
    let shown = place.shown(opened.entry);
    let mut source = examine::unread(&shown, opened.entry, context);
    source.artifact = Some(CONTAINER);
    source.status = Status::Parsed;
    let inside = place.inside(&shown, opened.entry.size);
    let mut hashing = HashingReader::new(Cursor::new(opened.head).chain(rest), Wanted::SHA256);
    let walked = examine::contained(|| match kind {
        ArchiveKind::Zip => zip(opened, &mut hashing, &inside, context),
        _ => stream::stream(kind, opened.entry, &mut hashing, &inside, context),
    });
    let walked = walked.unwrap_or_else(Err);
    finish_container(&mut source, hashing);
    match walked {
        Ok((records, problems)) => {
            source.records = records;
            if !problems.is_empty() {
                source.status = Status::Partial;
            }
            source.problems.extend(problems);
            source.problem_count = source.problems.len() as u64;
            Outcome { source, observations: Vec::new() }
        }
        Err(problem) => examine::failed(source, problem),
    }
}

fn finish_container<R: Read>(source: &mut Source, mut hashing: HashingReader<R>) {
    match hashing.drain() {
        Ok(()) => {
            source.size = hashing.read_so_far();
            source.sha256 = Some(hashing.finish().sha256);
        }
        Err(error) => {
            source.status = Status::Partial;
            source.problems.push(problem(kind_of(&error), error.to_string()));
        }
    }
}

/// Entries met, and what is wrong with the container; or why it could not be opened.
pub(super) type Walked = Result<(u64, Vec<Problem>), Problem>;

fn zip(opened: &Opened<'_>, reader: &mut dyn Read, place: &Place, context: &Context<'_>) -> Walked {
    let bytes: Arc<dyn Reopen> = if let Some(seekable) = &opened.seekable {
        Arc::clone(seekable)
    } else {
        let bytes = read_all(reader, limits::IN_MEMORY);
        let bytes = bytes.map_err(|error| problem(kind_of(&error), error.to_string()))?;
        Arc::new(InMemory(bytes.into()))
    };
    let archive = archives::open_zip(bytes, &context.options.passwords)?;
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for item in archive.entries() {
        match item {
            Ok(entry) => entries.push(afford(entry, place)),
            // Without a path it is about the archive itself.
            Err((path, problem)) if path.is_empty() => problems.push(problem),
            refused => entries.push(refused),
        }
    }
    let records = entries.len() as u64;
    volume(&*archive, entries, place, context);
    Ok((records, problems))
}

/// Pays for an entry before it is read: a zip's entries cannot be larger than they say.
fn afford(entry: Entry, place: &Place) -> Listed {
    let Some(budget) = &place.budget else { return Ok(entry) };
    match budget.spend(entry.size) {
        Ok(()) => Ok(entry),
        Err(error) => Err((entry.shown(), problem(ProblemKind::Limit, error.to_string()))),
    }
}
