//! A table of EWF → where each chunk of the disk is stored.
//!
//! Expert Witness Compression Format (libewf), "Table section": a header of 24 bytes, then 32 bits a chunk: its offset, and in
//! the highest bit whether it is compressed.

use super::section::{Section, is_sound};
use crate::evidence::image::container::segments::Segments;
use crate::evidence::image::fields::{le32, le64};
use crate::evidence::{kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};

/// Size of the header before the entries.
const HEADER: usize = 24;

/// Where the checksum of the header stands.
const CHECKSUM_AT: usize = 20;

/// The bit that says "compressed"; the rest is the offset.
const COMPRESSED: u32 = 1 << 31;

/// The chunks of one table.
pub(super) struct Table {
    /// Number of the segment file.
    pub segment: usize,
    /// Number of its first chunk on the disk.
    pub first: u64,
    /// What its offsets are relative to.
    base: u64,
    /// Where the last chunk ends.
    end: u64,
    entries: Vec<u32>,
    /// The first entry that is an offset of 32 bits, of a chunk that is not compressed: `EnCase` wrote so beyond 2 GiB.
    wide_from: usize,
}

/// Where a chunk is stored.
pub(super) struct Stored {
    /// Offset in the segment file, in bytes.
    pub offset: u64,
    /// How many bytes it can have.
    pub span: u64,
    /// Whether it is deflated.
    pub is_compressed: bool,
}

impl Table {
    /// The same table, its chunks counted from `first`.
    pub(super) fn from(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// How many chunks there are in it.
    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Where the chunk of a number is stored; `None` for one of another table, or whose entry makes no sense.
    pub(super) fn stored(&self, chunk: u64) -> Option<Stored> {
        let index = usize::try_from(chunk.checked_sub(self.first)?).ok()?;
        let entry = *self.entries.get(index)?;
        let is_wide = index >= self.wide_from;
        let start = offset(entry, is_wide);
        let following = index.checked_add(1).and_then(|next| self.entries.get(next));
        let end = match following {
            Some(next) if is_wide || offset(*next, false) < start => {
                self.base.checked_add(u64::from(*next))?
            }
            Some(next) => self.base.checked_add(u64::from(offset(*next, false)))?,
            None => self.end,
        };
        let at = self.base.checked_add(u64::from(start))?;
        let span = end.checked_sub(at).filter(|span| *span > 0)?;
        Some(Stored { offset: at, span, is_compressed: !is_wide && entry & COMPRESSED != 0 })
    }
}

fn offset(entry: u32, is_wide: bool) -> u32 {
    if is_wide { entry } else { entry & !COMPRESSED }
}

/// The first entry beyond 2 GiB: the offset without its highest bit falls, or ends there.
fn wide_from(entries: &[u32]) -> usize {
    let pairs = entries.iter().zip(entries.iter().skip(1));
    let fallen = |(one, next): (&u32, &u32)| {
        offset(*next, false) < offset(*one, false) && next > &offset(*one, false)
    };
    pairs.map(fallen).position(|fallen| fallen).map_or(usize::MAX, |place| place.saturating_add(1))
}

/// Reads a table whose chunks end at `sectors_end`; without a section `sectors` before, they stand in the table's own (SMART).
/// Also whether its entries are as they were written.
pub(super) fn table(
    segments: &Segments,
    segment: usize,
    section: &Section,
    sectors_end: Option<u64>,
    most: u64,
) -> Result<(Table, bool), Problem> {
    let read = |at: u64, length: usize| {
        let bytes = segments.read_vec(segment, at, length);
        bytes.map_err(|error| problem(kind_of(&error), format!("a table: {error}")))
    };
    let header = read(section.data, HEADER)?;
    if !is_sound(&header, CHECKSUM_AT) {
        let detail = format!("a table with a wrong checksum at offset {}", section.data);
        return Err(problem(ProblemKind::MalformedFile, detail));
    }
    let count = u64::from(le32(&header, 0).unwrap_or_default());
    let base = le64(&header, 8).unwrap_or_default();
    if count > most {
        return Err(too_many(count, most));
    }
    let length = usize::try_from(count.saturating_mul(4)).unwrap_or(usize::MAX);
    let at = section.data.saturating_add(HEADER as u64);
    let bytes = read(at, length)?;
    let is_whole = sectors_end.is_none()
        || read(at.saturating_add(length as u64), 4)
            .is_ok_and(|sum| le32(&sum, 0) == Some(adler2::adler32_slice(&bytes)));
    let entries: Vec<u32> = bytes.chunks_exact(4).filter_map(|entry| le32(entry, 0)).collect();
    let (end, wide_from) = (sectors_end.unwrap_or(section.end), wide_from(&entries));
    Ok((Table { segment, first: 0, base, end, entries, wide_from }, is_whole))
}

fn too_many(count: u64, most: u64) -> Problem {
    let (kind, why) = if count > limits::EWF_CHUNKS {
        (ProblemKind::Limit, format!("the limit is {}", limits::EWF_CHUNKS))
    } else {
        (ProblemKind::MalformedFile, format!("the disk has {most} more"))
    };
    problem(kind, format!("a table of {count} chunks: {why}"))
}
