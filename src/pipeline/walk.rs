//! A container → its entries, each examined; containers inside it are opened in turn, up to a depth.

use super::examine::{self, Plan};
use super::{Context, Evidence, Outcome, Source, Status};
use crate::evidence::archive::{self, ArchiveKind};
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
use std::sync::atomic::{AtomicU64, Ordering};

/// The id in `sources` of a container.
const CONTAINER: &str = "archive";

/// Where a walk stands.
#[derive(Clone)]
struct Place {
    /// Path of the container with `!/` behind it; empty at the top.
    prefix: String,
    /// Containers around it.
    depth: usize,
    /// Whether files without an artifact are hashed.
    hash_unclaimed: bool,
    /// Whether the file met here is the evidence itself: paths inside it then stand alone.
    is_evidence: bool,
}

impl Place {
    fn top() -> Self {
        Self { prefix: String::new(), depth: 0, hash_unclaimed: true, is_evidence: false }
    }

    fn shown(&self, entry: &Entry) -> String {
        format!("{}{}", self.prefix, entry.shown())
    }

    fn inside(&self, shown: &str) -> Self {
        let prefix = if self.is_evidence { String::new() } else { format!("{shown}!/") };
        Self { prefix, depth: self.depth.saturating_add(1), ..Self::top() }
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
    volume(&folder, &Place { hash_unclaimed, ..Place::top() }, context);
    Evidence { kind: "folder", size, ..evidence }
}

/// Bytes of the files that nothing claims and that are no containers.
fn unclaimed_bytes(folder: &Directory, entries: &[Result<Entry, (String, Problem)>]) -> u64 {
    let unclaimed = |entry: &Entry| {
        let mut hashed_only = false;
        // A file that cannot be read here is reported when its turn comes.
        let _ = folder.read(entry, &mut |reader| {
            let head = examine::read_head(reader)?;
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
        let head = examine::read_head(&mut hashing)?;
        let kind = archive::detect(&head);
        evidence.kind = kind.map_or("file", ArchiveKind::as_str);
        let opened = Opened { entry: &entry, head: &head, seekable: Some(Arc::clone(&bytes)) };
        let place = Place { is_evidence: true, ..Place::top() };
        one_file(&opened, &mut hashing, &place, context);
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
        outcomes.iter().any(|outcome| {
            outcome.source.evidence == context.evidence
                && matches!(
                    outcome.source.status,
                    Status::Parsed | Status::Partial | Status::Unclaimed
                )
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
        let head = examine::read_head(&mut reader)?;
        let opened = Opened { entry: &entry, head: &head, seekable: None };
        one_file(&opened, &mut reader, &place, context);
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

/// Examines all entries of a volume in parallel.
fn volume(volume: &dyn Volume, place: &Place, context: &Context<'_>) {
    volume.entries().into_par_iter().for_each(|item| match item {
        Ok(entry) => volume_entry(volume, &entry, place, context),
        Err((path, problem)) => {
            let shown = format!("{}{path}", place.prefix);
            let source = examine::unread(&shown, &Entry::file(path, 0, 0), context);
            context.add(examine::failed(source, problem));
        }
    });
}

fn volume_entry(volume: &dyn Volume, entry: &Entry, place: &Place, context: &Context<'_>) {
    if entry.kind != EntryKind::File {
        return context.add(not_a_file(entry, place, context));
    }
    let mut handled = false;
    let result = volume.read(entry, &mut |reader| {
        let head = examine::read_head(reader)?;
        let seekable = if archive::detect(&head).is_some() { volume.reopen(entry) } else { None };
        one_file(&Opened { entry, head: &head, seekable }, reader, place, context);
        handled = true;
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
fn not_a_file(entry: &Entry, place: &Place, context: &Context<'_>) -> Outcome {
    let shown = place.shown(entry);
    let EntryKind::Link(target) = &entry.kind else {
        return Outcome {
            source: examine::unread(&shown, entry, context),
            observations: Vec::new(),
        };
    };
    let plan = examine::plan(entry, target.as_bytes());
    let Plan::Parse(artifact) = plan else {
        return Outcome {
            source: examine::unread(&shown, entry, context),
            observations: Vec::new(),
        };
    };
    if !artifact.reads_links() {
        return Outcome {
            source: examine::unread(&shown, entry, context),
            observations: Vec::new(),
        };
    }
    let plan = Plan::Parse(artifact);
    let mut outcome =
        examine::examine(&shown, entry, &plan, target.as_bytes(), &mut io::empty(), context);
    outcome.source.sha256 = None;
    outcome
}

/// An entry whose head was read.
struct Opened<'a> {
    entry: &'a Entry,
    head: &'a [u8],
    seekable: Option<Arc<dyn Reopen>>,
}

/// Examines a file, or walks into it if it is a container.
fn one_file(opened: &Opened<'_>, rest: &mut dyn Read, place: &Place, context: &Context<'_>) {
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
    let inside = place.inside(&shown);
    let mut hashing = HashingReader::new(Cursor::new(opened.head).chain(rest), Wanted::default());
    let walked = match kind {
        ArchiveKind::Zip => zip(opened, &mut hashing, &inside, context),
        _ => stream(kind, opened.entry, &mut hashing, &inside, context),
    };
    let (records, problems) = match walked {
        Ok((records, problems)) => (records, problems),
        Err(problem) => return examine::failed(source, problem),
    };
    source.records = records;
    finish_container(&mut source, hashing);
    if !problems.is_empty() {
        source.status = Status::Partial;
    }
    source.problems.extend(problems);
    source.problem_count = source.problems.len() as u64;
    Outcome { source, observations: Vec::new() }
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

type Walked = Result<(u64, Vec<Problem>), Problem>;

fn zip(opened: &Opened<'_>, reader: &mut dyn Read, place: &Place, context: &Context<'_>) -> Walked {
    let bytes: Arc<dyn Reopen> = if let Some(seekable) = &opened.seekable {
        Arc::clone(seekable)
    } else {
        let bytes = read_all(reader, limits::IN_MEMORY);
        let bytes = bytes.map_err(|error| problem(kind_of(&error), error.to_string()))?;
        Arc::new(InMemory(bytes.into()))
    };
    let archive = archive::open_zip(bytes, &context.options.passwords)?;
    let records = archive.entries().len() as u64;
    volume(&*archive, place, context);
    Ok((records, Vec::new()))
}

fn stream(
    kind: ArchiveKind,
    entry: &Entry,
    reader: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Walked {
    let name = entry.path.rsplit('/').next().unwrap_or_default();
    let mut stream = archive::open_stream(kind, name, Box::new(reader))
        .map_err(|error| problem(kind_of(&error), error.to_string()))?;
    let in_flight = AtomicU64::new(0);
    let mut records = 0_u64;
    let problems = rayon::in_place_scope(|scope| {
        stream.for_each(&mut |entry, reader| {
            records = records.saturating_add(1);
            stream_entry(entry, reader, place, &in_flight, scope, context);
        })
    });
    Ok((records, problems.into_iter().map(|(_, problem)| problem).collect()))
}

/// Examines an entry of a stream: small ones on another thread, so that the stream can go on.
fn stream_entry<'s>(
    entry: Entry,
    reader: &mut dyn Read,
    place: &'s Place,
    in_flight: &'s AtomicU64,
    scope: &rayon::Scope<'s>,
    context: &'s Context<'s>,
) {
    if entry.kind != EntryKind::File {
        return context.add(not_a_file(&entry, place, context));
    }
    let threads = context.pool.current_num_threads() as u64;
    let budget = limits::IN_FLIGHT.saturating_mul(threads);
    if threads < 2 || in_flight.load(Ordering::Relaxed) >= budget {
        return whole_entry(&entry, reader, place, context);
    }
    let mut bytes = Vec::new();
    let result = (&mut *reader).take(limits::IN_FLIGHT).read_to_end(&mut bytes);
    let size = bytes.len() as u64;
    match result {
        Ok(_) if size >= limits::IN_FLIGHT => {
            whole_entry(&entry, &mut Cursor::new(bytes).chain(reader), place, context);
        }
        result => {
            // What could be read before an error is still examined; the error comes behind it.
            let tail = Tail(result.err());
            in_flight.fetch_add(size, Ordering::Relaxed);
            scope.spawn(move |_| {
                whole_entry(&entry, &mut Cursor::new(bytes).chain(tail), place, context);
                in_flight.fetch_sub(size, Ordering::Relaxed);
            });
        }
    }
}

/// The end of a buffered entry: nothing, or the error that cut it off.
struct Tail(Option<io::Error>);

impl Read for Tail {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn whole_entry(entry: &Entry, reader: &mut dyn Read, place: &Place, context: &Context<'_>) {
    match examine::read_head(reader) {
        Ok(head) => {
            let opened = Opened { entry, head: &head, seekable: None };
            one_file(&opened, reader, place, context);
        }
        Err(error) => {
            let source = examine::unread(&place.shown(entry), entry, context);
            context.add(examine::failed(source, problem(kind_of(&error), error.to_string())));
        }
    }
}
