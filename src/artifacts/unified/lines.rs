//! A block of an export → its lines, each with whether it may hold something that matters.
//!
//! Almost no line of a log says anything of ports: a block of lines is searched at once, and a line that
//! holds none of [`NEEDLES`] is never taken apart.

use super::messages::NEEDLES;
use aho_corasick::{AhoCorasick, packed};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Finds whatever text may matter.
static SEARCH: LazyLock<Search> = LazyLock::new(Search::new);

/// The packed search is several times as fast, but not every processor has it.
struct Search {
    packed: Option<packed::Searcher>,
    plain: Option<AhoCorasick>,
}

impl Search {
    fn new() -> Self {
        let packed = packed::Searcher::new(NEEDLES);
        let plain = if packed.is_none() { AhoCorasick::new(NEEDLES).ok() } else { None };
        Self { packed, plain }
    }

    /// Where the next text that may matter begins, from `at` on.
    fn next(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = bytes.get(at..)?;
        let found = match (&self.packed, &self.plain) {
            (Some(packed), _) => packed.find(rest).map(|found| found.start()),
            (None, Some(plain)) => plain.find(rest).map(|found| found.start()),
            (None, None) => Some(0),
        };
        found?.checked_add(at)
    }
}

/// Whether something in this text may say something.
pub(in crate::artifacts) fn matters(text: &str) -> bool {
    SEARCH.next(text.as_bytes(), 0).is_some()
}

/// A line of an export, without its line end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What it holds.
    pub(super) bytes: &'a [u8],
    /// Whether something in it may say something.
    pub(super) matters: bool,
}

impl<'a> Line<'a> {
    /// Its text; bytes that are not UTF-8 become replacement characters.
    pub(super) fn text(&self) -> Cow<'a, str> {
        // The lossy reading alone takes several times as long.
        match std::str::from_utf8(self.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(self.bytes),
        }
    }
}

/// Whole lines that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    first: u64,
    bytes: &'a [u8],
}

impl<'a> Block<'a> {
    /// Lines of which the first has that number.
    pub(super) fn new(first: u64, bytes: &'a [u8]) -> Self {
        Self { first, bytes }
    }

    /// What lies before a seam, and what lies behind it.
    pub(super) fn part(self, seam: Seam) -> (Self, Self) {
        let (before, behind) = self.bytes.split_at_checked(seam.at).unwrap_or((self.bytes, b""));
        (Self::new(self.first, before), Self::new(seam.number, behind))
    }

    /// Its lines.
    pub(super) fn lines(self) -> Lines<'a> {
        let next_hit = SEARCH.next(self.bytes, 0);
        Lines { block: self, at: 0, number: self.first, next_hit }
    }
}

/// The lines of a block.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    block: Block<'a>,
    at: usize,
    number: u64,
    next_hit: Option<usize>,
}

impl Lines<'_> {
    /// Where the next line begins.
    pub(super) fn seam(&self) -> Seam {
        Seam { at: self.at, number: self.number }
    }
}

/// A place between two lines of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seam {
    at: usize,
    /// The number of the line behind it.
    number: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.block.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let bytes = rest.get(..length)?;
        let end = self.at.saturating_add(length);
        let matters = self.next_hit.is_some_and(|hit| hit < end);
        if matters {
            self.next_hit = SEARCH.next(self.block.bytes, end);
        }
        let number = self.number;
        self.at = end.saturating_add(1);
        self.number = number.saturating_add(1);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let mark = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1);
        Some(Line { number, bytes: mark.unwrap_or(bytes), matters })
    }
}
