//! The number of a chunk → where it stands in the resource fork.

use crate::evidence::ReadSeek;
use crate::evidence::image::fields::damaged;
use std::io::{self, SeekFrom};

/// A way to lay chunks out.
pub(super) struct Layout {
    /// What all offsets count from.
    pub(super) base: fn(&mut dyn ReadSeek) -> io::Result<u64>,
    /// Offset and length of a chunk, given the base and its number.
    pub(super) find: Find,
}

/// Where a chunk stands: its first byte in the fork, and its length.
pub(super) type Find = fn(&mut dyn ReadSeek, u64, u64) -> io::Result<(u64, u64)>;

/// The offset of each chunk, and of the end of the last.
pub(super) static TABLE: Layout = Layout { base: |_| Ok(0), find: in_table };

/// A resource fork as the Resource Manager keeps it, with one resource: the number of chunks, then offset and length of each.
pub(super) static RESOURCE: Layout = Layout { base: resource, find: in_resource };

fn read<const N: usize>(fork: &mut dyn ReadSeek, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fork.seek(SeekFrom::Start(at))?;
    fork.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Two little-endian numbers.
fn pair(fork: &mut dyn ReadSeek, at: Option<u64>) -> io::Result<(u64, u64)> {
    let at = at.ok_or_else(|| damaged("a table of chunks that is too long"))?;
    let [a0, a1, a2, a3, b @ ..] = read::<8>(fork, at)?;
    Ok((u32::from_le_bytes([a0, a1, a2, a3]).into(), u32::from_le_bytes(b).into()))
}

fn in_table(fork: &mut dyn ReadSeek, base: u64, number: u64) -> io::Result<(u64, u64)> {
    let at = number.checked_mul(4).and_then(|at| at.checked_add(base));
    let (start, end) = pair(fork, at)?;
    let length =
        end.checked_sub(start).ok_or_else(|| damaged("a chunk that ends before it begins"))?;
    Ok((start, length))
}

/// The data behind the length of the first resource; the header's numbers are big-endian.
fn resource(fork: &mut dyn ReadSeek) -> io::Result<u64> {
    Ok(u64::from(u32::from_be_bytes(read(fork, 0)?)).saturating_add(4))
}

fn in_resource(fork: &mut dyn ReadSeek, base: u64, number: u64) -> io::Result<(u64, u64)> {
    let at = number.checked_mul(8).and_then(|at| at.checked_add(base)?.checked_add(4));
    let (start, length) = pair(fork, at)?;
    Ok((start.saturating_add(base), length))
}
