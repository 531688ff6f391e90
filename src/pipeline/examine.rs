//! One entry and its bytes → one outcome: claimed, hashed, parsed, its panics contained.

use super::crew::Pooled;
use super::hashing::HashingReader;
use super::{Context, Outcome, Source, Status};
use crate::artifacts::{self, Artifact, Candidate, Claim, Emitter, Input, ParseError, Siblings};
use crate::evidence::digest::Wanted;
use crate::evidence::{Entry, EntryKind, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use crate::model::provenance::Locator;
use std::borrow::Cow;
use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// The first bytes of a reader, which [`Cursor::chain`] puts back in front. An error behind the first
/// byte comes back from the tail, which stands between them and the rest.
pub(super) fn read_head(reader: &mut dyn Read) -> io::Result<(Vec<u8>, Tail)> {
    let mut head = Vec::with_capacity(limits::HEAD);
    match reader.take(limits::HEAD as u64).read_to_end(&mut head) {
        Err(error) if head.is_empty() => Err(error),
        result => Ok((head, Tail::from(result))),
    }
}

/// The end of bytes that were read ahead: nothing, or the error that cut them off, again and again.
#[derive(Debug)]
pub(super) struct Tail(Option<io::Error>);

impl From<io::Result<usize>> for Tail {
    fn from(result: io::Result<usize>) -> Self {
        Self(result.err())
    }
}

impl Read for Tail {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.as_ref().map_or(Ok(0), |error| Err(io::Error::new(error.kind(), error.to_string())))
    }
}

/// What to do with a file whose head was seen.
#[derive(Clone)]
pub(super) enum Plan {
    /// Give it to a parser.
    Parse(&'static dyn Artifact),
    /// Do not read it, for this reason.
    Refuse(&'static str, String),
    /// Only hash it.
    Hash,
}

/// The plan for an entry with this head.
pub(super) fn plan(entry: &Entry, head: &[u8]) -> Plan {
    let path = format!("/{}", entry.path.to_lowercase());
    let name = path.rsplit('/').next().unwrap_or_default();
    let text = as_text(head);
    let candidate = Candidate { entry, path: &path, name, head, text: &text };
    match artifacts::claimed_by(&candidate) {
        (Claim::Refuse(why), Some(artifact)) => Plan::Refuse(artifact.id(), why),
        (_, Some(artifact)) => Plan::Parse(artifact),
        (_, None) => in_utf16(entry, head).unwrap_or(Plan::Hash),
    }
}

/// What would be read if it were UTF-8 is refused, not passed over.
fn in_utf16(entry: &Entry, head: &[u8]) -> Option<Plan> {
    let unit: fn([u8; 2]) -> u16 = match head.first_chunk()? {
        b"\xff\xfe" => u16::from_le_bytes,
        b"\xfe\xff" => u16::from_be_bytes,
        _ => return None,
    };
    let units = head.get(2..)?.chunks_exact(2).filter_map(|two| Some(unit(*two.first_chunk()?)));
    let lossy = |unit: Result<char, _>| unit.unwrap_or(char::REPLACEMENT_CHARACTER);
    let text: String = char::decode_utf16(units).map(lossy).collect();
    let path = format!("/{}", entry.path.to_lowercase());
    let name = path.rsplit('/').next().unwrap_or_default();
    let candidate = Candidate { entry, path: &path, name, head: text.as_bytes(), text: &text };
    let (_, artifact) = artifacts::claimed_by(&candidate);
    let why = "its text is UTF-16 and is not read; give it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)";
    artifact.map(|artifact| Plan::Refuse(artifact.id(), why.to_owned()))
}

/// The head as text, or empty if it holds mostly bytes that are no text. A log in which a crash left some NULs is text.
fn as_text(head: &[u8]) -> Cow<'_, str> {
    let is_binary = |bad: usize| bad > 8 && bad.saturating_mul(20) > head.len();
    // Most files that are no text have many NULs: nothing else need be looked at.
    if is_binary(memchr::memchr_iter(0, head).count()) {
        return Cow::Borrowed("");
    }
    let text = String::from_utf8_lossy(head);
    let bad = text.matches(['\u{fffd}', '\0']).count();
    if is_binary(bad) { Cow::Borrowed("") } else { text }
}

/// A source row for an entry that is not read: a link, a FIFO, something refused.
pub(super) fn unread(shown: &str, entry: &Entry, context: &Context<'_>) -> Source {
    let (link, note) = match &entry.kind {
        EntryKind::File => (None, String::new()),
        EntryKind::Link(target) => (Some(target.clone()), format!("link to {target}")),
        EntryKind::Special => (None, "neither a file nor a link; not opened".to_owned()),
    };
    Source {
        evidence: context.evidence,
        path: shown.to_owned(),
        size: entry.size,
        sha256: None,
        modified: entry.modified,
        link,
        artifact: None,
        status: Status::Unclaimed,
        records: 0,
        problem_count: entry.problems.len() as u64,
        problems: entry.problems.clone(),
        note,
        volume: None,
        declared: None,
    }
}

/// Reads an entry to its end by `plan`: parses and hashes it in one pass.
pub(super) fn examine(
    shown: &str,
    entry: &Entry,
    plan: &Plan,
    head: &[u8],
    rest: &mut dyn Read,
    siblings: &dyn Siblings,
    context: &Context<'_>,
) -> Outcome {
    let mut source = unread(shown, entry, context);
    let threads = context.pool.current_num_threads();
    let hashing = HashingReader::new(Cursor::new(head).chain(rest), Wanted::SHA256);
    let mut hashing = hashing.aside(threads > 1);
    let mut emitter = Emitter::default();
    match plan {
        // Not to be taken for a log that says nothing.
        Plan::Hash if head.is_empty() => "empty".clone_into(&mut source.note),
        Plan::Hash => {}
        Plan::Refuse(artifact, why) => {
            source.artifact = Some(artifact);
            source.status = Status::Refused;
            emitter.problem(Locator::Whole, ProblemKind::ForeignFormat, why.clone());
        }
        Plan::Parse(artifact) => {
            source.artifact = Some(artifact.id());
            let crew = Pooled::new(context.pool, hashing.pace());
            let mut input = Input { entry, reader: &mut hashing, crew: &crew, siblings };
            source.status = parse(*artifact, &mut input, &mut emitter);
        }
    }
    if let Err(error) = hashing.drain() {
        let seen = emitter.problems.iter().any(|p| p.kind == kind_of(&error));
        if !seen {
            emitter.problem(Locator::Whole, kind_of(&error), error.to_string());
        }
        source.status = match source.status {
            Status::Parsed | Status::Partial => Status::Partial,
            Status::Refused => Status::Refused,
            _ if kind_of(&error) == ProblemKind::Limit => Status::Refused,
            _ => Status::Unreadable,
        };
    } else {
        source.size = hashing.read_so_far();
        source.sha256 = Some(String::new());
    }
    context.progress.bytes.fetch_add(hashing.read_so_far(), Ordering::Relaxed);
    let hashes = hashing.finish();
    // A hash of part of a file would pass for the hash of the file.
    source.sha256 = source.sha256.map(|_| hashes.sha256);
    conclude(source, emitter)
}

fn parse(artifact: &'static dyn Artifact, input: &mut Input<'_>, emitter: &mut Emitter) -> Status {
    match contained(|| artifact.parse(input, emitter)) {
        Ok(Ok(())) => {}
        Ok(Err(ParseError::Foreign(why))) => {
            emitter.problem(Locator::Whole, ProblemKind::ForeignFormat, why);
            emitter.observations.clear();
            return Status::Refused;
        }
        Ok(Err(ParseError::Io(error))) => {
            emitter.problem(Locator::Whole, kind_of(&error), error.to_string());
            emitter.partial = true;
        }
        Ok(Err(ParseError::Malformed { locator, detail })) => {
            emitter.problem(locator, ProblemKind::MalformedFile, detail);
            emitter.partial = true;
        }
        Err(panicked) => {
            emitter.problem(panicked.locator, panicked.kind, panicked.detail);
            emitter.partial = true;
        }
    }
    if emitter.partial { Status::Partial } else { Status::Parsed }
}

/// Runs a parser or decoder on hostile bytes; a panic is a problem, and a bug.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let what = panic.downcast_ref::<&str>().map(ToString::to_string);
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let detail = format!("reading it panicked, which is a bug of Portolan's: {what}");
        problem(ProblemKind::Panicked, detail)
    })
}

/// Accounts for everything that was read: observations, counted skips, problems.
fn conclude(mut source: Source, mut emitter: Emitter) -> Outcome {
    source.records = emitter.observations.len() as u64;
    source.problems.append(&mut emitter.problems);
    source.problem_count = (source.problems.len() as u64).saturating_add(emitter.more_problems);
    if emitter.more_problems > 0 {
        let detail = format!("{} further problems are not listed", emitter.more_problems);
        source.problems.push(problem(ProblemKind::Limit, detail));
    }
    let skips = emitter.skipped.iter().map(|(what, count)| format!("{count} skipped: {what}"));
    let mut notes: Vec<String> = Some(std::mem::take(&mut source.note))
        .filter(|note| !note.is_empty())
        .into_iter()
        .collect();
    notes.extend(emitter.notes.iter().cloned());
    notes.extend(skips);
    source.note = notes.join("; ");
    Outcome { source, observations: emitter.observations }
}

/// An outcome for an entry whose bytes could not be had.
pub(super) fn lost(
    shown: &str,
    entry: &Entry,
    error: &io::Error,
    context: &Context<'_>,
) -> Outcome {
    failed(unread(shown, entry, context), problem(kind_of(error), error.to_string()))
}

/// An outcome for something that could not be read at all.
pub(super) fn failed(mut source: Source, problem: Problem) -> Outcome {
    source.status = match problem.kind {
        ProblemKind::Limit | ProblemKind::Encrypted | ProblemKind::Unsupported => Status::Refused,
        _ => Status::Unreadable,
    };
    source.problems.push(problem);
    source.problem_count = source.problems.len() as u64;
    Outcome { source, observations: Vec::new() }
}
