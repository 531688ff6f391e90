//! Bytes of an export → its lines, each with whether it may hold something that matters.
//!
//! Almost no line of a log says anything of ports: a block of lines is searched at once, and a line that
//! holds none of [`NEEDLES`] is never taken apart.

use super::messages::NEEDLES;
use crate::artifacts::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use aho_corasick::{AhoCorasick, packed};
use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::LazyLock;

/// Finds whatever text may matter.
static SEARCH: LazyLock<Search> = LazyLock::new(Search::new);

/// Bytes of a block: the longest line that is read as a whole, and the end of it.
const BLOCK: usize = limits::LINE + 1;

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
    /// Its lines.
    pub(super) fn lines(self) -> Lines<'a> {
        let next_hit = SEARCH.next(self.bytes, 0);
        Lines { block: self, at: 0, number: self.first, next_hit }
    }
}

/// The lines of a block.
pub(super) struct Lines<'a> {
    block: Block<'a>,
    at: usize,
    number: u64,
    next_hit: Option<usize>,
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

/// Calls `each` with all lines of the input, in blocks. A line longer than [`limits::LINE`] is cut and
/// reported. An I/O error ends the reading, after the lines before it were handled.
pub(super) fn for_each_block(
    input: &mut Input<'_>,
    out: &mut Emitter,
    mut each: impl FnMut(Block<'_>, &mut Emitter),
) -> Result<(), ParseError> {
    let mut buffer = vec![0; BLOCK];
    let (mut filled, mut first) = (0_usize, 1_u64);
    loop {
        let (end, result) = fill(input.reader, &mut buffer, filled);
        filled = end;
        let held = buffer.get(..filled).unwrap_or_default();
        let ends = filled < BLOCK;
        let whole = match memchr::memrchr(b'\n', held) {
            _ if ends && result.is_ok() => filled,
            Some(last) => last.saturating_add(1),
            None => 0,
        };
        if whole > 0 {
            let bytes = held.get(..whole).unwrap_or_default();
            each(Block { first, bytes }, out);
            first = first.saturating_add(count_lines(bytes));
            buffer.copy_within(whole..filled, 0);
            filled = filled.saturating_sub(whole);
        } else if !ends && result.is_ok() {
            let bytes = held.get(..limits::LINE).unwrap_or_default();
            each(Block { first, bytes }, out);
            let detail =
                format!("the line is longer than {} bytes; the rest is not read", limits::LINE);
            out.problem(Locator::Line(first), ProblemKind::Limit, detail);
            first = first.saturating_add(1);
            filled = skip_line(input.reader, &mut buffer)?;
        }
        result?;
        if ends {
            return Ok(());
        }
    }
}

/// Reads until the buffer is full or the input ends: how much it holds then, and whether that went well.
fn fill(reader: &mut dyn Read, buffer: &mut [u8], mut filled: usize) -> (usize, io::Result<()>) {
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match reader.read(free) {
            Ok(0) => return (filled, Ok(())),
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}

/// Drops what is read until a line ends; what stands behind it is left at the head of the buffer.
fn skip_line(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    // The last byte of a full buffer without a line end is of that line too.
    loop {
        let (filled, result) = fill(reader, buffer, 0);
        let end = buffer.get(..filled).and_then(|held| memchr::memchr(b'\n', held));
        if let Some(end) = end {
            let next = end.saturating_add(1);
            buffer.copy_within(next..filled, 0);
            return Ok(filled.saturating_sub(next));
        }
        result?;
        if filled < buffer.len() {
            return Ok(0);
        }
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
