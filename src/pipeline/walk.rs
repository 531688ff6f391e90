//! A container → its entries, each examined; containers inside it are opened in turn, up to a depth.

use super::examine::{self, Plan};
use super::{Context, Evidence, Outcome, Source, Status, stream};
use crate::evidence::archive::{self, ArchiveKind, Budget};
use crate::evidence::digest::{HashingReader, Wanted};
use crate::evidence::directory::Directory;
use crate::evidence::files::OnDisk;
use crate::evidence::memory::{InMemory, read_all};
use crate::evidence::{Entry, EntryKind, Reopen, Volume, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use rayon::prelude::*;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The id in `sources` of a container.
const CONTAINER: &str = "archive";

/// Where a walk stands.
#[derive(Clone)]
pub(super) struct Place {
    /// Path of the container with `!/` behind it; empty at the top.
    prefix: String,
    /// Containers around it.
    depth: usize,
    /// Whether files without an artifact are hashed.
    hash_unclaimed: bool,
    /// Whether the file met here is the evidence itself: paths inside it then stand alone.
    is_evidence: bool,
    /// What the outermost archive around it may still inflate to; none outside archives.
    pub budget: Option<Arc<Budget>>,
}

impl Place {
    fn top() -> Self {
        let prefix = String::new();
        Self { prefix, depth: 0, hash_unclaimed: true, is_evidence: false, budget: None }
    }

    pub(super) fn shown(&self, entry: &Entry) -> String {
        format!("{}{}", self.prefix, entry.shown())
    }

    /// The place inside the archive at `shown`, which has `size` bytes.
    fn inside(&self, shown: &str, size: u64) -> Self {
        let prefix = if self.is_evidence { String::new() } else { format!("{shown}!/") };
        let budget = self.budget.clone().unwrap_or_else(|| Arc::new(Budget::of_archive(size)));
        let depth = self.depth.saturating_add(1);
        Self { prefix, depth, budget: Some(budget), ..Self::top() }
    }
}

/// Reads a folder given as evidence.
pub(super) fn directory(path: &Path, evidence: Evidence, context: &Context<'_>) -> Evidence {
    let folder = Directory::open(path);
    let entries = folder.entries();
    let size = entries.iter().flatten().map(|entry| entry.size).fold(0, u64::saturating_add);
    context.progress.total.fetch_add(size, Ordering::Relaxed);
    let hash_unclaimed = context.options.hash_all
        || size <= limits::HASH_UNCLAIMED
        || unclaimed_bytes(&folder, &entries) <= limits::HASH_UNCLAIMED;
    volume(&folder, entries, &Place { hash_unclaimed, ..Place::top() }, context);
    Evidence { kind: "folder", size, ..evidence }
}

/// Bytes of the files that nothing claims and that are no containers.
fn unclaimed_bytes(folder: &Directory, entries: &[Result<Entry, (String, Problem)>]) -> u64 {
    let unclaimed = |entry: &Entry| {
        let mut hashed_only = false;
        // A file that cannot be read here is reported when its turn comes.
        let _ = folder.read(entry, &mut |reader| {
            let (head, _) = examine::read_head(reader)?;
            let plan = examine::plan(entry, &head);
            hashed_only = archive::detect(&head).is_none() && matches!(plan, Plan::Hash);
            Ok(())
        });
        if hashed_only { entry.size } else { 0 }
    };
    let files = entries.par_iter().flatten().filter(|entry| entry.kind == EntryKind::File);
    files.map(unclaimed).reduce(|| 0, u64::saturating_add)
}

/// Reads a file given as evidence: an archive, or a capture on its own.
pub(super) fn file(
    file: OnDisk,
    path: &Path,
    mut evidence: Evidence,
    context: &Context<'_>,
) -> Evidence {
    let bytes: Arc<dyn Reopen> = Arc::new(file);
    context.progress.total.fetch_add(bytes.size(), Ordering::Relaxed);
    evidence.size = bytes.size();
    let log = log_beside(path);
    let wanted = Wanted {
        md5: context.options.hashes.md5 || log.is_some(),
        sha1: context.options.hashes.sha1 || log.is_some(),
    };
    let mut entry = Entry::file(base_name(path), bytes.size(), 0);
    if let Some(Ok(modified)) = modified(path) {
        entry.modified = Some(modified);
    }
    let result = bytes.reopen().and_then(|mut reader| {
        let mut hashing = HashingReader::new(&mut reader, wanted);
        let (head, tail) = examine::read_head(&mut hashing)?;
        let kind = archive::detect(&head);
        evidence.kind = kind.map_or("file", ArchiveKind::as_str);
        let opened = Opened { entry: &entry, head: &head, seekable: Some(Arc::clone(&bytes)) };
        let place = Place { is_evidence: true, ..Place::top() };
        one_file(&opened, &mut tail.chain(&mut hashing), &place, context);
        hashing.drain()?;
        Ok(hashing.finish())
    });
    match result {
        Ok(hashes) => evidence.hashes = Some(hashes),
        Err(error) => return unusable(evidence, error.to_string(), kind_of(&error), context),
    }
    if let Some(log) = log {
        beside(&log, context);
    }
    let usable = context.outcomes.lock().map_or(true, |outcomes| {
        outcomes.iter().map(|outcome| &outcome.source).any(|source| {
            let is_read =
                matches!(source.status, Status::Parsed | Status::Partial | Status::Unclaimed);
            // An archive is of use if something in it is.
            let is_full = source.artifact == Some(CONTAINER) && source.records > 0;
            source.evidence == context.evidence && is_read && !is_full
        })
    });
    if !usable {
        evidence.unusable = Some("nothing in it can be read".to_owned());
    }
    evidence
}

fn base_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "evidence".into(), |name| name.to_string_lossy()).into_owned()
}

fn modified(path: &Path) -> Option<Result<crate::evidence::Modified, jiff::Error>> {
    let time = path.metadata().ok()?.modified().ok()?;
    Some(jiff::Timestamp::try_from(time).map(crate::evidence::Modified::Disk))
}

/// UAC writes its acquisition log beside the archive, under the archive's name.
fn log_beside(path: &Path) -> Option<std::path::PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = [".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tgz", ".tar", ".zip"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    let log = path.with_file_name(format!("{stem}.log"));
    log.is_file().then_some(log)
}

fn beside(log: &Path, context: &Context<'_>) {
    let Ok(bytes) = OnDisk::new(log) else { return };
    let mut entry = Entry::file(base_name(log), bytes.size(), 0);
    entry.modified = modified(log).and_then(Result::ok);
    let place = Place::top();
    let result = bytes.reopen().and_then(|mut reader| {
        let (head, tail) = examine::read_head(&mut reader)?;
        let opened = Opened { entry: &entry, head: &head, seekable: None };
        one_file(&opened, &mut tail.chain(reader), &place, context);
        Ok(())
    });
    if let Err(error) = result {
        let source = examine::unread(&entry.path, &entry, context);
        context.add(examine::failed(source, problem(kind_of(&error), error.to_string())));
    }
}

/// Records evidence that cannot be opened.
pub(super) fn unusable(
    evidence: Evidence,
    why: String,
    kind: ProblemKind,
    context: &Context<'_>,
) -> Evidence {
    let entry = Entry::file(evidence.label.clone(), evidence.size, 0);
    let source = examine::unread(&entry.path, &entry, context);
    context.add(examine::failed(source, problem(kind, why.clone())));
    Evidence { unusable: Some(why), ..evidence }
}

type Listed = Result<Entry, (String, Problem)>;

/// Examines all entries of a volume in parallel; the archives inside an archive come after its other
/// entries, one by one, so that they draw on the budget in the same order in every run.
fn volume(volume: &dyn Volume, entries: Vec<Listed>, place: &Place, context: &Context<'_>) {
    let put_off = |item: Listed| match item {
        Ok(entry) => {
            let met = volume_entry(volume, &entry, place, context);
            (met == Met::Archive).then_some(entry)
        }
        Err((path, problem)) => {
            let shown = format!("{}{path}", place.prefix);
            let source = examine::unread(&shown, &Entry::file(path, 0, 0), context);
            context.add(examine::failed(source, problem));
            None
        }
    };
    let archives: Vec<Entry> = entries.into_par_iter().filter_map(put_off).collect();
    for entry in archives {
        read_entry(volume, &entry, context, place, &mut |head, reader| {
            let seekable = volume.reopen(&entry);
            one_file(&Opened { entry: &entry, head, seekable }, reader, place, context);
        });
    }
}

/// What an entry turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    /// Examined.
    Done,
    /// An archive in an archive, whose turn comes later.
    Archive,
}

fn volume_entry(volume: &dyn Volume, entry: &Entry, place: &Place, context: &Context<'_>) -> Met {
    if entry.kind != EntryKind::File {
        context.add(not_a_file(entry, place, context));
        return Met::Done;
    }
    let mut met = Met::Done;
    read_entry(volume, entry, context, place, &mut |head, reader| {
        let is_archive = archive::detect(head).is_some();
        if is_archive && place.budget.is_some() {
            met = Met::Archive;
            return;
        }
        let seekable = if is_archive { volume.reopen(entry) } else { None };
        one_file(&Opened { entry, head, seekable }, reader, place, context);
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
    let result = volume.read(entry, &mut |reader| {
        let (head, tail) = examine::read_head(reader)?;
        handled = true;
        then(&head, &mut tail.chain(reader));
        Ok(())
    });
    if let (Err(error), false) = (result, handled) {
        let source = examine::unread(&place.shown(entry), entry, context);
        let kind = encrypted(&error).unwrap_or_else(|| kind_of(&error));
        context.add(examine::failed(source, problem(kind, error.to_string())));
    }
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
        let mut outcome = examine::examine(&shown, entry, plan, target, &mut io::empty(), context);
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
}

/// Examines a file, or walks into it if it is a container.
pub(super) fn one_file(
    opened: &Opened<'_>,
    rest: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) {
    let shown = place.shown(opened.entry);
    match archive::detect(opened.head) {
        Some(_) if place.depth >= limits::NESTING => {
            let source = examine::unread(&shown, opened.entry, context);
            let detail = format!("more than {} containers inside one another", limits::NESTING);
            context.add(examine::failed(source, problem(ProblemKind::Limit, detail)));
        }
        Some(kind) => context.add(container(kind, opened, rest, place, context)),
        None => {
            let plan = examine::plan(opened.entry, opened.head);
            if matches!(plan, Plan::Hash) && !place.hash_unclaimed {
                let mut source = examine::unread(&shown, opened.entry, context);
                "not hashed: this folder holds more than 1 GiB of files that no artifact claims \
                 (--hash-all hashes them)"
                    .clone_into(&mut source.note);
                context.add(Outcome { source, observations: Vec::new() });
                return;
            }
            let outcome = examine::examine(&shown, opened.entry, &plan, opened.head, rest, context);
            context.add(outcome);
        }
    }
}

/// Walks a container and accounts for it.
fn container(
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
    let mut hashing = HashingReader::new(Cursor::new(opened.head).chain(rest), Wanted::default());
    let walked = match kind {
        ArchiveKind::Zip => zip(opened, &mut hashing, &inside, context),
        _ => stream::stream(kind, opened.entry, &mut hashing, &inside, context),
    };
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
    let archive = archive::open_zip(bytes, &context.options.passwords)?;
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
