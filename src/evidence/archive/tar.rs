//! tar bytes → a stream of entries: V7, ustar, GNU and pax, read by the `tar` crate.
//!
//! Behind a header that cannot be read, and behind the end mark, the next valid header is looked for:
//! neither damage nor an end mark in the middle hides what follows.

use super::budget::entry_allowance;
use super::sparse::{Attributes, Expanded, Pieces};
use super::{has_tar_checksum, has_tar_magic};
use crate::evidence::{
    Entry, EntryKind, Modified, Stream, kind_of, limits, link_problem, problem, safe_path,
};
use crate::model::Timestamp;
use crate::model::observation::{Problem, ProblemKind};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use tar::EntryType;

/// A tar that was not read yet.
pub(super) struct Tar<'a> {
    bytes: Box<dyn Read + 'a>,
}

impl<'a> Tar<'a> {
    pub(super) fn new(bytes: Box<dyn Read + 'a>) -> Self {
        Self { bytes }
    }
}

type Then<'t> = dyn FnMut(Entry, &mut dyn Read) + 't;

impl Stream for Tar<'_> {
    fn for_each(&mut self, then: &mut Then<'_>) -> Vec<(String, Problem)> {
        let gauge = Gauge::default();
        let mut bytes = Gauged { inner: &mut self.bytes, gauge: &gauge };
        let mut walk = Walk::default();
        let mut header = Vec::new();
        loop {
            let mut archive = tar::Archive::new(Cursor::new(header).chain(&mut bytes));
            let result = walk.entries(&mut archive, &gauge, then);
            drop(archive);
            gauge.allowed.set(u64::MAX);
            let at = gauge.position.get();
            let end = result.err();
            let is_limit = end.as_ref().is_some_and(|e| kind_of(e) == ProblemKind::Limit);
            if is_limit && walk.count >= limits::ENTRIES {
                walk.end(end, at, &gauge, &Rest::default());
                break;
            }
            let rest = next_header(&mut bytes);
            walk.end(end, at, &gauge, &rest);
            match rest.header {
                Some(found) => header = found,
                None => break,
            }
        }
        walk.problems
    }
}

/// Where the reading of the bytes stands.
struct Gauge {
    position: Cell<u64>,
    /// Bytes that may be read before `position` must be looked at again.
    allowed: Cell<u64>,
    /// Whether the last byte was read.
    ended: Cell<bool>,
    failure: RefCell<Option<(io::ErrorKind, String)>>,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            position: Cell::new(0),
            allowed: Cell::new(u64::MAX),
            ended: Cell::new(false),
            failure: RefCell::default(),
        }
    }
}

struct Gauged<'g, R> {
    inner: R,
    gauge: &'g Gauge,
}

impl<R: Read> Read for Gauged<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, detail)) = &*self.gauge.failure.borrow() {
            return Err(io::Error::new(*kind, detail.clone()));
        }
        if self.gauge.allowed.get() == 0 {
            let detail = format!("its headers have more than {} bytes", limits::TAR_HEADERS);
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
        }
        match (&mut self.inner).take(self.gauge.allowed.get()).read(buffer) {
            Ok(count) => {
                self.gauge.ended.set(self.gauge.ended.get() || (count == 0 && !buffer.is_empty()));
                let count_u64 = count as u64;
                self.gauge.position.set(self.gauge.position.get().saturating_add(count_u64));
                self.gauge.allowed.set(self.gauge.allowed.get().saturating_sub(count_u64));
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let failure = (error.kind(), error.to_string());
                *self.gauge.failure.borrow_mut() = Some(failure);
                Err(error)
            }
        }
    }
}

/// What was met so far.
#[derive(Default)]
struct Walk {
    count: usize,
    last: String,
    /// How often each path came, by the first half of its SHA-256: a tar may have millions.
    seen: BTreeMap<[u8; 16], u32>,
    problems: Vec<(String, Problem)>,
}

impl Walk {
    fn entries<R: Read>(
        &mut self,
        archive: &mut tar::Archive<R>,
        gauge: &Gauge,
        then: &mut Then<'_>,
    ) -> io::Result<()> {
        let mut entries = archive.entries()?;
        let mut unread = 0_u64;
        loop {
            gauge.allowed.set(limits::TAR_HEADERS.saturating_add(unread));
            let Some(next) = entries.next() else { return Ok(()) };
            let mut found = next?;
            if self.count >= limits::ENTRIES {
                let detail = format!("more than {} entries: the rest is not read", limits::ENTRIES);
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
            }
            let stored = stored(&found);
            let start = gauge.position.get();
            gauge.allowed.set(u64::MAX);
            self.entry(&mut found, stored, then);
            unread = stored.saturating_sub(gauge.position.get().saturating_sub(start));
        }
    }

    fn entry<R: Read>(&mut self, found: &mut tar::Entry<'_, R>, stored: u64, then: &mut Then<'_>) {
        let Some(kind) = kind(found) else { return };
        let pax = Attributes::of(found);
        let raw = pax.name.clone().unwrap_or_else(|| found.path_bytes().into_owned());
        let mut entry = self.named(&raw);
        entry.size = if kind == EntryKind::File { pax.size.unwrap_or(found.size()) } else { 0 };
        entry.kind = kind;
        let modified = pax.modified.or_else(|| modified(found)).map(Modified::Utc);
        entry.modified = modified.and_then(Modified::known);
        if let EntryKind::Link(target) = &entry.kind {
            // A hard link's target is a path from the top of the archive, a symbolic one's from where it is.
            let hard = found.header().entry_type().is_hard_link();
            let from = if hard { "" } else { &entry.path };
            entry.problems.extend(link_problem(from, target));
        }
        let allowed = entry_allowance(stored);
        let member = Member { inner: found, left: entry.size, allowed, stored };
        let listed = match pax.pieces {
            Pieces::Whole => {
                let mut member = member;
                return then(entry, &mut member);
            }
            Pieces::InData => None,
            Pieces::Listed(pieces) => Some(pieces),
        };
        // What is left of the file is counted behind the holes, what is stored of it before them.
        let stored_part = Member { left: stored, ..member };
        let inner = Expanded::new(stored_part, listed);
        let left = entry.size;
        then(entry, &mut Member { inner, left, allowed, stored });
    }

    /// An entry of that name, with what is wrong with the name.
    fn named(&mut self, raw: &[u8]) -> Entry {
        let name = String::from_utf8_lossy(raw);
        let (path, mut problems) = safe_path(&name);
        if std::str::from_utf8(raw).is_err() {
            let detail = "the name is not UTF-8; shown with replacement characters";
            problems.push(problem(ProblemKind::UnsafeName, detail));
        }
        let digest = Sha256::digest(path.as_bytes());
        let seen = self.seen.entry(*digest.first_chunk().unwrap_or(&[0; 16])).or_default();
        let mut entry = Entry::file(path, 0, self.count);
        entry.occurrence = *seen;
        *seen = seen.saturating_add(1);
        if entry.occurrence > 0 {
            let detail = "an earlier entry of the archive has the same name";
            problems.push(problem(ProblemKind::DuplicateName, detail));
        }
        entry.problems = problems;
        self.count = self.count.saturating_add(1);
        self.last.clone_from(&entry.path);
        entry
    }

    /// Records why the entries ended at `at`, if they did not end well.
    fn end(&mut self, error: Option<io::Error>, at: u64, gauge: &Gauge, rest: &Rest) {
        let after = if self.count == 0 {
            "before the first entry".to_owned()
        } else {
            format!("after {:?}", self.last)
        };
        let cut_off = rest.header.is_none() && (gauge.ended.get() || rest.failed);
        let failure = gauge.failure.borrow().clone();
        let (kind, what) = match (error, failure) {
            (_, Some((kind, detail))) => (kind_of(&kind.into()), detail),
            (None, None) if rest.was_at_end => (
                ProblemKind::Truncated,
                "the archive ends without its end mark: entries may be missing".to_owned(),
            ),
            (None, None) if rest.header.is_some() => {
                (ProblemKind::MalformedFile, "entries follow the archive's end mark".to_owned())
            }
            (None, None) if rest.other > 0 => {
                let detail = "bytes that are no entries follow the archive's end mark";
                (ProblemKind::MalformedFile, detail.to_owned())
            }
            (None, None) => return,
            (Some(error), None) if kind_of(&error) == ProblemKind::Limit => {
                (ProblemKind::Limit, error.to_string())
            }
            (Some(_), None) if cut_off && rest.was_at_end => {
                (ProblemKind::Truncated, "the archive ends too early".to_owned())
            }
            (Some(error), None) => (ProblemKind::MalformedFile, error.to_string()),
        };
        let onward = if rest.header.is_some() {
            let from = gauge.position.get().saturating_sub(512);
            format!("; reading goes on with the header at byte {from}")
        } else {
            String::new()
        };
        let detail = format!("{what}, {after}, at byte {at} of the unpacked archive{onward}");
        self.problems.push((self.last.clone(), problem(kind, detail)));
    }
}

/// What comes behind the place where entries ended.
#[derive(Default)]
struct Rest {
    /// The next valid header.
    header: Option<Vec<u8>>,
    /// Blocks passed over that were not all zeros.
    other: u64,
    /// Nothing at all was left.
    was_at_end: bool,
    /// The bytes could not be had.
    failed: bool,
}

fn next_header<R: Read>(bytes: &mut Gauged<'_, R>) -> Rest {
    let mut rest = Rest { was_at_end: bytes.gauge.ended.get(), ..Rest::default() };
    // Headers stand at multiples of 512 bytes.
    let over = bytes.gauge.position.get() % 512;
    if over > 0 && io::copy(&mut bytes.take(512 - over), &mut io::sink()).is_err() {
        rest.failed = true;
        return rest;
    }
    let mut block = [0; 512];
    loop {
        match bytes.read_exact(&mut block) {
            Ok(()) if has_tar_magic(&block) && has_tar_checksum(&block) => {
                rest.header = Some(block.to_vec());
                return rest;
            }
            Ok(()) => rest.other += u64::from(block.iter().any(|byte| *byte != 0)),
            Err(error) => {
                rest.failed = error.kind() != io::ErrorKind::UnexpectedEof;
                return rest;
            }
        }
    }
}

/// Bytes that the entry takes in the archive.
fn stored<R: Read>(found: &tar::Entry<'_, R>) -> u64 {
    if found.header().entry_type().is_gnu_sparse() {
        found.header().entry_size().unwrap_or(0)
    } else {
        found.size()
    }
}

/// What the entry is; none for folders and for headers that describe no file.
fn kind<R: Read>(found: &tar::Entry<'_, R>) -> Option<EntryKind> {
    let target = || {
        let target = found.link_name_bytes().unwrap_or_default();
        EntryKind::Link(String::from_utf8_lossy(&target).into_owned())
    };
    match found.header().entry_type() {
        EntryType::Directory | EntryType::XGlobalHeader => None,
        // GNU's volume labels and the folder lists of incremental dumps.
        other if matches!(other.as_byte(), b'V' | b'D' | b'N') => None,
        // V7 has no type for folders: their names end with a slash.
        EntryType::Regular if found.size() == 0 && found.path_bytes().ends_with(b"/") => None,
        EntryType::Symlink => Some(target()),
        // pax may store the bytes of a hard link too.
        EntryType::Link if found.size() == 0 => Some(target()),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some(EntryKind::Special),
        _ => Some(EntryKind::File),
    }
}

fn modified<R: Read>(found: &tar::Entry<'_, R>) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(found.header().mtime().ok()?).ok()?).ok()
}

/// An entry's bytes: their end before `left` is used up is an error, and so is a growth (holes) beyond
/// what the stored bytes allow.
struct Member<R> {
    inner: R,
    left: u64,
    allowed: u64,
    stored: u64,
}

impl<R: Read> Read for Member<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowed == 0 && self.left > 0 {
            let detail = format!(
                "grows to more than {} times the {} bytes that are stored of it",
                limits::RATIO,
                self.stored
            );
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
        }
        let count = (&mut self.inner).take(self.left.min(self.allowed)).read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            let detail = format!("the archive ends {} bytes before the file does", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, detail));
        }
        self.left = self.left.saturating_sub(count as u64);
        self.allowed = self.allowed.saturating_sub(count as u64);
        Ok(count)
    }
}
