//! An EVIDENCE argument → a folder, an archive or a single file, walked; or why it is unusable.

use super::beside::BesideGiven;
use super::examine::{self, Plan};
use super::hashing::HashingReader;
use super::walk::{Listed, Opened, Place, one_file, volume};
use super::{Context, Evidence, NOTHING_READ, Source, image as images};
use crate::evidence::archive::{self, ArchiveKind};
use crate::evidence::digest::{Hashes, Wanted};
use crate::evidence::directory::Directory;
use crate::evidence::files::OnDisk;
use crate::evidence::image::Container;
use crate::evidence::{Entry, EntryKind, Modified, Reopen, Volume, kind_of, limits, problem};
use crate::model::observation::ProblemKind;
use rayon::prelude::*;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a file is that no parser claims.
const OF_NO_KIND: &str = "of no kind that Portolan reads (`portolan artifacts` names the kinds, `portolan list` the files)";
const OF_A_KIND: &str = "of a kind that Portolan reads (`portolan artifacts` names the kinds, `portolan list` the files)";

/// Why a file of a large folder is not hashed.
const UNHASHED: &str = "not hashed: this folder holds more than 1 GiB of files that no artifact claims (--hash-all hashes them)";

/// Reads one argument; `label` is its name in this run.
pub(super) fn open(path: &Path, label: String, context: &Context<'_>) -> Evidence {
    let given = path.to_string_lossy().into_owned();
    let evidence = Evidence {
        label,
        given,
        kind: "file",
        size: 0,
        hashes: None,
        unusable: None,
        problems: Vec::new(),
    };
    if path.is_dir() {
        return directory(path, evidence, context);
    }
    // Looked at before it is opened: opening a FIFO waits for a writer.
    if path.exists() && !path.is_file() {
        let why = "neither a file nor a folder".to_owned();
        return unusable(evidence, why, ProblemKind::Unsupported, context);
    }
    match OnDisk::new(path) {
        Ok(bytes) => file(bytes, path, evidence, context),
        Err(error) => unusable(evidence, error.to_string(), kind_of(&error), context),
    }
}

/// Reads a folder given as evidence.
fn directory(path: &Path, evidence: Evidence, context: &Context<'_>) -> Evidence {
    let folder = Directory::open(path);
    let entries = folder.entries();
    let size = entries.iter().flatten().map(|entry| entry.size).fold(0, u64::saturating_add);
    context.progress.total.fetch_add(size, Ordering::Relaxed);
    let hash_unclaimed = context.options.hash_all
        || size <= limits::HASH_UNCLAIMED
        || unclaimed_bytes(&folder, &entries) <= limits::HASH_UNCLAIMED;
    let unhashed = (!hash_unclaimed).then_some(UNHASHED);
    volume(&folder, entries, &Place { unhashed, ..Place::top() }, context);
    of_use(Evidence { kind: "folder", size, ..evidence }, None, context)
}

/// Bytes of the files that nothing claims and that are no containers.
fn unclaimed_bytes(folder: &Directory, entries: &[Listed]) -> u64 {
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
fn file(file: OnDisk, path: &Path, mut evidence: Evidence, context: &Context<'_>) -> Evidence {
    let bytes: Arc<dyn Reopen> = Arc::new(file);
    context.progress.total.fetch_add(bytes.size(), Ordering::Relaxed);
    evidence.size = bytes.size();
    let log = log_beside(path);
    // SHA-256 is taken where the file is examined.
    let wanted = Wanted {
        sha256: false,
        md5: context.options.hashes.md5 || log.is_some(),
        sha1: context.options.hashes.sha1 || log.is_some(),
    };
    let mut entry = Entry::file(base_name(path), bytes.size(), 0);
    let (mut settings, mut image) = (None, None);
    if let Some(Ok(modified)) = modified(path) {
        entry.modified = Some(modified);
    }
    let result = bytes.reopen().and_then(|mut reader| {
        let mut hashing = HashingReader::new(&mut reader, wanted);
        let (head, tail) = examine::read_head(&mut hashing)?;
        let kind = archive::detect_given(&head);
        settings = settings_file(&head);
        image = images::detect(&entry, &head, &bytes);
        let kind = image.map(Container::id).or_else(|| kind.map(ArchiveKind::as_str));
        evidence.kind = kind.unwrap_or("file");
        let seekable = Some(Arc::clone(&bytes));
        let beside = &BesideGiven(path);
        let opened =
            Opened { entry: &entry, head: &head, seekable, siblings: beside, parts: beside };
        let place = Place { is_evidence: true, ..Place::top() };
        let sha256 = one_file(&opened, &mut tail.chain(&mut hashing), &place, context);
        if image.is_some() && !context.options.hash_images {
            // A disk of terabytes is not read to its end for a hash unless that is asked for.
            return Ok(None);
        }
        hashing.drain()?;
        // An image that is refused is not hashed.
        Ok(sha256.map(|sha256| Hashes { sha256, ..hashing.finish() }))
    });
    match result {
        Ok(hashes) => evidence.hashes = hashes,
        Err(error) => return unusable(evidence, error.to_string(), kind_of(&error), context),
    }
    if let Some(log) = log {
        beside(&log, context);
    }
    of_use(evidence, settings, context)
}

/// The same evidence, and why it is of no use if no parser knows a file of it: in silence a mistaken argument would
/// pass for a quiet Mac.
fn of_use(
    mut evidence: Evidence,
    settings: Option<&'static str>,
    context: &Context<'_>,
) -> Evidence {
    let told = context.outcomes.lock().map_or(None, |outcomes| {
        let own = outcomes.iter().map(|outcome| &outcome.source);
        let own = own.filter(|source| source.evidence == context.evidence);
        why_of_no_use(&own.collect::<Vec<_>>(), settings)
    });
    let Some(why) = told else { return evidence };
    // What cannot be read has rows of its own.
    if !why.starts_with(NOTHING_READ) {
        evidence.problems.push(problem(ProblemKind::Unsupported, why.clone()));
    }
    Evidence { unusable: Some(why), ..evidence }
}

/// Why the files of some evidence are of no use, unless a parser reads one of them.
fn why_of_no_use(own: &[&Source], settings: Option<&'static str>) -> Option<String> {
    if own.iter().any(|source| source.is_read()) {
        return None;
    }
    let is_container = |source: &&&Source| source.is_container();
    let files = own.iter().filter(|source| !is_container(source)).count();
    let lost = own.iter().filter(|source| !is_container(source) && source.is_lost()).count();
    let detail = detail_of(own);
    Some(match (settings, files, lost) {
        (Some(settings), ..) => settings.to_owned(),
        (None, 0, _) if detail.is_empty() => "it holds no file".to_owned(),
        (None, files, lost) if files == lost => format!("{NOTHING_READ}{detail}"),
        (None, 1, _) => format!("its one file is {OF_NO_KIND}"),
        (None, files, 0) => format!("none of the {files} files in it is {OF_A_KIND}"),
        (None, files, lost) => format!(
            "{lost} of the {files} files in it cannot be read{detail}; none of the others is {OF_A_KIND}"
        ),
    })
}

/// In parentheses what is wrong with the first file that cannot be read, else with the first of which anything is.
fn detail_of(own: &[&Source]) -> String {
    let told = own.iter().filter_map(|source| Some((source, source.problems.first()?)));
    let first = told.min_by_key(|(source, _)| (!source.is_lost(), &source.path));
    first.map_or_else(String::new, |(_, problem)| format!(" ({})", problem.detail))
}

/// What a file is that is written for Portolan, not by a Mac.
fn settings_file(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head);
    let has = |tables: &[&str]| text.lines().any(|line| tables.contains(&line.trim()));
    if has(&["[[entry]]", "[[coverage]]"]) {
        Some("it looks like a baseline; each takes its own --baseline")
    } else if has(&["[[exception]]", "[[approved]]", "[roles]"]) {
        Some("it looks like a policy; that takes --policy")
    } else {
        None
    }
}

fn base_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "evidence".into(), |name| name.to_string_lossy()).into_owned()
}

fn modified(path: &Path) -> Option<Result<Modified, jiff::Error>> {
    let time = path.metadata().ok()?.modified().ok()?;
    Some(jiff::Timestamp::try_from(time).map(Modified::Disk))
}

/// UAC writes its acquisition log beside the archive, under the archive's name.
fn log_beside(path: &Path) -> Option<PathBuf> {
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
        let opened = Opened::streamed(&entry, &head);
        one_file(&opened, &mut tail.chain(reader), &place, context);
        Ok(())
    });
    if let Err(error) = result {
        context.add(examine::lost(&entry.path, &entry, &error, context));
    }
}

/// Records evidence that cannot be opened.
fn unusable(evidence: Evidence, why: String, kind: ProblemKind, context: &Context<'_>) -> Evidence {
    let entry = Entry::file(evidence.label.clone(), evidence.size, 0);
    let source = examine::unread(&entry.path, &entry, context);
    context.add(examine::failed(source, problem(kind, why.clone())));
    Evidence { unusable: Some(why), ..evidence }
}
