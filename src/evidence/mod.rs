//! A path on disk → read-only entries with their bytes.
//!
//! A *container* is anything with entries in it: a directory, an archive, later a disk image. A
//! [`Volume`] can be read at any place and from several threads; a [`Stream`] only from front to back,
//! once. Everything is recognised by content. This stage is the only one that opens files, and never for writing.

pub mod archive;
pub mod digest;
pub mod directory;
pub mod files;
pub mod image;
pub mod limits;
pub mod memory;

use crate::model::Timestamp;
use crate::model::observation::{Problem, ProblemKind};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A modification time as the container keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modified {
    /// UTC, of the file on the examiner's disk: copying may have set it.
    Disk(Timestamp),
    /// UTC, as tar and zip's extended timestamps keep it from the Mac.
    Utc(Timestamp),
    /// UTC, of the Mac's own file system.
    Volume(Timestamp),
    /// Local time of the zipping tool, in steps of two seconds.
    Local(DateTime),
}

impl Modified {
    /// The same, unless it is the first second of 1970 or before: what tools write that know no time.
    pub fn known(self) -> Option<Self> {
        let is_told = match self {
            Self::Disk(time) | Self::Utc(time) | Self::Volume(time) => time.as_second() > 0,
            Self::Local(_) => true,
        };
        is_told.then_some(self)
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic or hard link with its target, never followed.
    Link(String),
    /// A FIFO, socket or device, never opened.
    Special,
}

/// A file met inside a container. Ordered by path, then by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path inside the container: `/` between parts, no leading slash, no `..`.
    pub path: String,
    /// 0 for the first entry of that path in the container, 1 for its duplicate, …
    pub occurrence: u32,
    /// Size in bytes as the container tells it.
    pub size: u64,
    /// Modification time.
    pub modified: Option<Modified>,
    /// File, link or special.
    pub kind: EntryKind,
    /// Position in the container: its own key for reading.
    pub index: usize,
    /// What was wrong with its name.
    pub problems: Vec<Problem>,
    /// Owner, mode and the other times, where the container is the Mac's own file system.
    pub metadata: Option<Arc<image::Metadata>>,
}

impl Entry {
    /// A regular file of unknown time.
    pub fn file(path: impl Into<String>, size: u64, index: usize) -> Self {
        Self {
            path: path.into(),
            occurrence: 0,
            size,
            modified: None,
            kind: EntryKind::File,
            index,
            problems: Vec::new(),
            metadata: None,
        }
    }

    /// The path as outputs show it: unique in its container (`name#2` for a duplicate).
    pub fn shown(&self) -> String {
        match self.occurrence {
            0 => self.path.clone(),
            again => format!("{}#{}", self.path, u64::from(again).saturating_add(1)),
        }
    }
}

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Where a reader stands that was at `at` of `size` bytes and seeks: anywhere but before the start.
pub fn sought(to: SeekFrom, at: u64, size: u64) -> io::Result<u64> {
    let at = match to {
        SeekFrom::Start(at) => Some(at),
        SeekFrom::End(by) => size.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    at.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Something whose bytes can be opened again and again, each time with a cursor of its own.
pub trait Reopen: Send + Sync {
    /// A fresh reader at the start.
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>>;
    /// Size in bytes.
    fn size(&self) -> u64;
}

/// What is done with an entry's bytes while they can be read.
pub type Use<'a> = dyn FnMut(&mut dyn Read) -> io::Result<()> + 'a;

/// A container whose entries can be read in any order and from several threads.
pub trait Volume: Send + Sync {
    /// All entries, sorted by path; a listing that failed is a problem with the path it failed at.
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>>;
    /// Calls `then` with a reader over the entry's bytes.
    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()>;
    /// A seekable handle to the entry, where the container stores it plainly.
    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>>;
    /// Whether it is a directory of the examiner's file system (whose entries may be huge in number).
    fn is_directory(&self) -> bool {
        false
    }
}

/// A container that can be read only from front to back, once.
pub trait Stream {
    /// Calls `then` for every entry in order, with a reader over its bytes. A problem that ends the
    /// stream early is returned at the end; what came before is already handled.
    fn for_each(&mut self, then: &mut dyn FnMut(Entry, &mut dyn Read)) -> Vec<(String, Problem)>;
}

/// A problem about a whole file.
pub fn problem(kind: ProblemKind, detail: impl Into<String>) -> Problem {
    Problem { locator: Locator::Whole, kind, detail: detail.into() }
}

/// The kind of problem that an I/O error is.
pub fn kind_of(error: &io::Error) -> ProblemKind {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ProblemKind::Truncated,
        io::ErrorKind::Unsupported => ProblemKind::Unsupported,
        io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => ProblemKind::Limit,
        io::ErrorKind::InvalidData => ProblemKind::MalformedFile,
        _ => ProblemKind::Unreadable,
    }
}

/// Turns a name from a container into a path that stays inside it, with what was wrong with it.
///
/// Back slashes count as separators only where no forward slash is present (zip files made on Windows).
pub fn safe_path(name: &str) -> (String, Vec<Problem>) {
    let mut problems = Vec::new();
    let windows = !name.contains('/') && name.contains('\\');
    let parts = if windows { name.split('\\') } else { name.split('/') };
    if name.starts_with('/') || (windows && name.starts_with('\\')) {
        problems.push(problem(ProblemKind::AbsoluteName, format!("the name {name:?} is absolute")));
    }
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
                if !problems.iter().any(|p| p.kind == ProblemKind::UnsafeName) {
                    let detail = format!("the name {name:?} climbs out of its folder");
                    problems.push(problem(ProblemKind::UnsafeName, detail));
                }
            }
            part => kept.push(part),
        }
    }
    (kept.join("/"), problems)
}

/// A problem if the link at `path` points out of the tree it stands in.
///
/// Absolute targets are usual on a Mac (`/etc/localtime` → `/var/db/…`) and mean the host's own root:
/// only a relative target can leave the tree.
pub fn link_problem(path: &str, target: &str) -> Option<Problem> {
    if target.starts_with('/') {
        return None;
    }
    let mut depth = i64::try_from(path.matches('/').count()).unwrap_or(i64::MAX);
    for part in target.split('/') {
        depth = match part {
            "" | "." => depth,
            ".." => depth.saturating_sub(1),
            _ => depth.saturating_add(1),
        };
        if depth < 0 {
            let detail =
                format!("the link points to {target:?}, out of the evidence; not followed");
            return Some(problem(ProblemKind::LinkOutside, detail));
        }
    }
    None
}
