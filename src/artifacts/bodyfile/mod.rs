//! A TSK bodyfile → times, owners and modes of the files that matter.

pub mod relevance;

use super::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, FileTimes, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::{Text, Timestamp};
use relevance::Relevance;

catalog::entry! {
    /// A TSK bodyfile → times, owners and modes of the files that matter.
    ///
    /// ## What it proves
    /// Owner, mode, content change, metadata change and creation of launchd property lists, of programs
    /// outside the system's own folders, and of files in places where programs are staged (`/tmp`,
    /// `/Users/Shared`, hidden folders, `~/Library`). Seconds, in UTC.
    ///
    /// ## What it does not
    /// Times of content change and creation can be set by anyone (`touch`, `SetFile`); the metadata
    /// change is harder to forge. Rows of other files are counted, not kept. Where UAC read a mounted
    /// volume, paths begin with its mount point.
    ///
    /// ## Format source
    /// The Sleuth Kit 3.x: `MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`; −1 and 0 mean
    /// none. UAC writes it with `stat -f "0|%N%SY|%i|%Sp|%u|%g|%z|%a|%m|%c|%B"`, where a link's name
    /// is followed by ` -> target`. Names may hold `|`, so rows are read from both ends. formats.md 3.1.
    pub Bodyfile
}

impl Artifact for Bodyfile {
    fn id(&self) -> &'static str {
        "bodyfile"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        let looks = first.and_then(Row::split).is_some_and(|row| row.is_numeric());
        let named = candidate.name.starts_with("bodyfile")
            || candidate.ends_with(".bodyfile")
            || candidate.ends_with(".body");
        match (named, looks) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if candidate.text.contains('|') => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut kept = Kept::default();
        for_each_line(input, out, |number, line, out| {
            if !line.is_empty() && !line.starts_with('#') {
                read_row(Locator::Line(number), line, &mut kept, out);
            }
        })
    }
}

/// Rows that are kept of launchd property lists, and of all other files.
const KEPT_JOBS: usize = 50_000;
const KEPT_FILES: usize = 200_000;

/// How many rows were kept.
#[derive(Default)]
struct Kept {
    jobs: usize,
    files: usize,
}

impl Kept {
    /// Whether one more row of this kind may be kept.
    fn admits(&mut self, relevance: Relevance) -> bool {
        let (count, limit) = match relevance {
            Relevance::Job => (&mut self.jobs, KEPT_JOBS),
            Relevance::Program | Relevance::Staged => (&mut self.files, KEPT_FILES),
        };
        *count = count.saturating_add(1);
        *count <= limit
    }
}

/// The fields of a row.
struct Row<'a> {
    name: &'a str,
    mode: &'a str,
    uid: &'a str,
    gid: &'a str,
    modified: &'a str,
    changed: &'a str,
    created: &'a str,
    numbers: [&'a str; 4],
}

impl<'a> Row<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let (_, line) = line.split_once('|')?;
        let mut right = line.rsplitn(10, '|');
        let (created, changed, modified) = (right.next()?, right.next()?, right.next()?);
        let (accessed, size, gid, uid) =
            (right.next()?, right.next()?, right.next()?, right.next()?);
        let (mode, _inode, name) = (right.next()?, right.next()?, right.next()?);
        let numbers = [accessed, size, gid, uid];
        Some(Self { name, mode, uid, gid, modified, changed, created, numbers })
    }

    /// Whether the fields that must be numbers are.
    fn is_numeric(&self) -> bool {
        let times = [self.modified, self.changed, self.created];
        self.numbers.iter().chain(&times).all(|field| {
            field.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
        })
    }
}

fn read_row(locator: Locator, line: &str, kept: &mut Kept, out: &mut Emitter) {
    let Some(row) = Row::split(line) else {
        let detail = format!("a row with fewer than eleven fields: {:?}", cut(line, 80));
        return out.problem(locator, ProblemKind::MalformedRecord, detail);
    };
    let Some(mode) = mode_of(row.mode) else {
        let detail = format!("a row whose mode is none: {:?}", cut(row.mode, 40));
        return out.problem(locator, ProblemKind::MalformedRecord, detail);
    };
    let path = path_of(row.name, &mode);
    let Some(relevance) = relevance::of(&path, &mode) else {
        return out.skip("files that hold neither jobs nor programs");
    };
    if !kept.admits(relevance) {
        out.partial = true;
        if !out.skipped.contains_key(BEYOND) {
            let detail =
                format!("more than {KEPT_FILES} files that matter; the rest is counted only");
            out.problem(locator, ProblemKind::Limit, detail);
        }
        return out.skip(BEYOND);
    }
    let mut time = |field: &str| {
        epoch(field).unwrap_or_else(|()| {
            let detail = format!("a time that is none: {:?}", cut(field, 40));
            out.problem(locator, ProblemKind::MalformedRecord, detail);
            None
        })
    };
    let (modified, changed, created) = (time(row.modified), time(row.changed), time(row.created));
    let (uid, gid) = (row.uid.parse().ok(), row.gid.parse().ok());
    let (path, mode): (Text, Text) = (path.as_str().into(), out.text(&mode));
    let times = FileTimes { path, uid, gid, mode: Some(mode), modified, changed, created };
    out.cite(locator, When::Undated, line, Fact::FileTimes(Box::new(times)));
}

const BEYOND: &str = "files that matter, beyond the limit";

/// The path on the host: a leading slash, no link target, firmlinks undone.
fn path_of(name: &str, mode: &str) -> String {
    let name = match name.split_once(" -> ") {
        Some((name, _)) if mode.starts_with('l') => name,
        _ => name,
    };
    let path = name.strip_prefix('.').filter(|path| path.starts_with('/')).unwrap_or(name);
    // The data volume shows through at the root: one file, two paths.
    let path = path.strip_prefix("/System/Volumes/Data").unwrap_or(path);
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The mode as `ls -l` prints it, from `-rwxr-xr-x`, TSK's `r/rrwxr-xr-x`, or octal `100755`.
fn mode_of(text: &str) -> Option<String> {
    if let Some((_, mode)) = text.split_once('/') {
        let (kind, rights) = mode.split_at_checked(1)?;
        let kind = if kind == "r" { "-" } else { kind };
        return (rights.len() == 9).then(|| format!("{kind}{rights}"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return mode_as_printed(u32::from_str_radix(text, 8).ok()?);
    }
    let text = text.trim_end_matches(['@', '+', ' ']);
    (text.len() == 10 && text.is_ascii()).then(|| text.to_owned())
}

/// A mode as `ls -l` prints it (`sys/stat.h`: `S_IFMT` and the permission bits); none of a kind that is none.
pub(super) fn mode_as_printed(mode: u32) -> Option<String> {
    let kind = match mode & 0o170_000 {
        0o100_000 | 0 => '-',
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o020_000 => 'c',
        0o060_000 => 'b',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => return None,
    };
    let mut text = String::from(kind);
    for (at, letter) in "rwxrwxrwx".chars().enumerate() {
        let set = mode & (0o400 >> at) != 0;
        let special = match at {
            2 => (mode & 0o4000 != 0).then_some(['s', 'S']),
            5 => (mode & 0o2000 != 0).then_some(['s', 'S']),
            8 => (mode & 0o1000 != 0).then_some(['t', 'T']),
            _ => None,
        };
        text.push(match (special, set) {
            (Some([both, _]), true) => both,
            (Some([_, alone]), false) => alone,
            (None, true) => letter,
            (None, false) => '-',
        });
    }
    Some(text)
}

/// Seconds since 1970, possibly with a fraction; none for 0, negative and empty.
fn epoch(field: &str) -> Result<Option<Timestamp>, ()> {
    let (seconds, fraction) = field.split_once('.').unwrap_or((field, ""));
    if field.is_empty() {
        return Ok(None);
    }
    let seconds: i64 = seconds.parse().map_err(|_| ())?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    if seconds <= 0 {
        return Ok(None);
    }
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Timestamp::new(seconds, nanos.parse().map_err(|_| ())?).map(Some).map_err(|_| ())
}
