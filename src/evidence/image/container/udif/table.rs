//! The tables of a UDIF image (`mish`) → its chunks in the order of the disk.
//!
//! A table begins with a header of 204 bytes: at 8 the first sector of its partition, at 24 where its chunks begin among the data,
//! at 200 how many entries of 40 bytes follow. An entry has a type, a comment, the first sector within the partition, the count of
//! sectors, where the stored bytes begin and how many they are.

use super::SECTOR;
use super::codec::{self, Store};
use crate::evidence::image::fields::{be32, be64};
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};

const MAGIC: &[u8] = b"mish";
/// Bytes of a table before its entries.
const HEADER: usize = 204;
/// Bytes of an entry.
const ENTRY: usize = 40;
/// The type of an entry that holds a comment.
const COMMENT: u32 = 0x7fff_fffe;
/// The type of the last entry.
const END: u32 = 0xffff_ffff;

/// A run of bytes of the disk.
pub(super) struct Chunk {
    /// First byte on the disk.
    pub start: u64,
    /// Bytes on the disk, at least one.
    pub length: u64,
    /// First stored byte in the file.
    pub at: u64,
    /// Stored bytes.
    pub stored: u64,
    /// How they are stored.
    pub store: Store,
}

/// The chunks of all tables.
pub(super) struct Chunks {
    /// By their first byte on the disk.
    pub sorted: Vec<Chunk>,
    /// Whether a table is not there whole, so that bytes that no chunk has may be its own.
    pub gaps_are_lost: bool,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

fn malformed(detail: String) -> Problem {
    problem(ProblemKind::MalformedFile, detail)
}

/// Reads the tables; `data` is where the image's chunks begin in the file.
pub(super) fn chunks(tables: &[Vec<u8>], data: u64) -> Result<Chunks, Problem> {
    let mut chunks = Chunks { sorted: Vec::new(), gaps_are_lost: false, problems: Vec::new() };
    let empty = tables.iter().filter(|table| table.is_empty()).count();
    if empty > 0 {
        let detail = format!("tables of the UDIF image without data: {empty} of {}", tables.len());
        chunks.problems.push(malformed(detail));
    }
    for (number, table) in (1_u64..).zip(tables).filter(|(_, table)| !table.is_empty()) {
        if one_table(table, data, &mut chunks.sorted)?.is_none() {
            chunks.problems.push(malformed(format!("table {number} of the UDIF image is cut off")));
        }
    }
    chunks.gaps_are_lost = !chunks.problems.is_empty();
    chunks.sorted.sort_by_key(|chunk| chunk.start);
    let ends = chunks.sorted.iter().map(|chunk| chunk.start.saturating_add(chunk.length));
    let next = chunks.sorted.iter().skip(1).map(|chunk| chunk.start);
    let overlaps = ends.zip(next).filter(|(end, next)| end > next).count();
    if overlaps > 0 {
        let detail = format!("chunks of the UDIF image that reach into the next: {overlaps}");
        chunks.problems.push(malformed(detail));
    }
    Ok(chunks)
}

/// Adds the chunks of one table; `None` if it ends before its entries do.
fn one_table(table: &[u8], data: u64, chunks: &mut Vec<Chunk>) -> Result<Option<()>, Problem> {
    let header = || {
        table.starts_with(MAGIC).then_some(())?;
        Some((be64(table, 8)?, be64(table, 24)?, be32(table, 200)?, table.get(HEADER..)?))
    };
    let Some((first, offset, count, entries)) = header() else { return Ok(None) };
    let base = data.saturating_add(offset);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for entry in entries.chunks_exact(ENTRY).take(count) {
        let kind = be32(entry, 0).unwrap_or(END);
        if kind == END {
            return Ok(Some(()));
        }
        if kind != COMMENT {
            chunks.extend(chunk(kind, entry, first, base)?);
        }
        if chunks.len() > limits::UDIF_CHUNKS {
            let detail = format!("more than {} chunks in a UDIF image", limits::UDIF_CHUNKS);
            return Err(problem(ProblemKind::Limit, detail));
        }
    }
    Ok((entries.len() / ENTRY >= count).then_some(()))
}

/// The chunk of an entry; one without a sector is none.
fn chunk(kind: u32, entry: &[u8], first: u64, base: u64) -> Result<Option<Chunk>, Problem> {
    let field = |at| be64(entry, at).unwrap_or_default();
    let (sector, sectors, stored) = (field(8), field(16), field(32));
    let place = || {
        let start = first.checked_add(sector)?.checked_mul(SECTOR)?;
        let length = sectors.checked_mul(SECTOR)?;
        start.checked_add(length)?;
        Some((start, length, base.checked_add(field(24))?))
    };
    let beyond = || malformed(format!("a chunk of the UDIF image at sector {sector} of {first}"));
    let (start, length, at) = place().ok_or_else(beyond)?;
    let store = codec::store(kind);
    Ok((length > 0).then_some(Chunk { start, length, at, stored, store }))
}
