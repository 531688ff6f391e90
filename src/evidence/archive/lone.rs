//! A compressed file that is no tar → a stream of its one entry.

use super::inflating::Inflating;
use crate::evidence::{Entry, Modified, Stream, problem, safe_path};
use crate::model::Timestamp;
use crate::model::observation::{Problem, ProblemKind};
use std::io::{Cursor, Read};

/// Endings that the name of a compressed file has and its content's has not.
const ENDINGS: &[&str] =
    &[".gz", ".xz", ".bz2", ".zst", ".tgz", ".txz", ".tbz", ".tbz2", ".tzst", ".zstd"];

/// The one entry, until it is read.
pub(super) struct Lone<'a> {
    entry: Entry,
    head: Vec<u8>,
    rest: Inflating<'a>,
}

impl<'a> Lone<'a> {
    /// `head` was read from `rest`; `name` is the base name of the compressed file.
    pub(super) fn new(name: &str, head: Vec<u8>, rest: Inflating<'a>) -> Self {
        // A gzip header keeps the name that the file had when it was compressed.
        let inner = rest.gzip_header().and_then(|header| header.filename()).map(inner_name);
        let (path, problems) = inner
            .filter(|(path, _)| !path.is_empty())
            .unwrap_or_else(|| (without_ending(name).to_owned(), Vec::new()));
        let mut entry = Entry::file(path, 0, 0);
        entry.problems = problems;
        let seconds = rest.gzip_header().map_or(0, flate2::GzHeader::mtime);
        // Zero means that no time stamp is available (RFC 1952 §2.3.1).
        let modified = Timestamp::from_second(i64::from(seconds)).ok().map(Modified::Utc);
        entry.modified = modified.and_then(Modified::known);
        Self { entry, head, rest }
    }
}

/// The base name in a gzip header, and what was wrong with it.
fn inner_name(name: &[u8]) -> (String, Vec<Problem>) {
    let (path, problems) = safe_path(&String::from_utf8_lossy(name));
    let base = path.rsplit('/').next().unwrap_or_default().to_owned();
    (base, problems)
}

fn without_ending(name: &str) -> &str {
    let stem = ENDINGS.iter().find_map(|ending| {
        let (stem, last) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        (!stem.is_empty() && last.eq_ignore_ascii_case(ending)).then_some(stem)
    });
    stem.unwrap_or(name)
}

impl Stream for Lone<'_> {
    fn for_each(&mut self, then: &mut dyn FnMut(Entry, &mut dyn Read)) -> Vec<(String, Problem)> {
        let head = std::mem::take(&mut self.head);
        then(self.entry.clone(), &mut Cursor::new(head).chain(&mut self.rest));
        if !self.rest.has_trailing_bytes() {
            return Vec::new();
        }
        let detail = "bytes that are not compressed data follow the compressed data; not read";
        vec![(self.entry.path.clone(), problem(ProblemKind::MalformedFile, detail))]
    }
}
