//! Bytes of a structure on disk → the numbers at its offsets.
//!
//! A field that lies beyond the end is `None`: structures of evidence are cut off as often as not.

use std::io;

/// The error of a structure that contradicts its format.
pub fn damaged(detail: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail.into())
}

/// The `N` bytes from `at` on.
pub fn bytes<const N: usize>(structure: &[u8], at: usize) -> Option<[u8; N]> {
    structure.get(at..)?.first_chunk().copied()
}

/// A big-endian number of 16 bits.
pub fn be16(structure: &[u8], at: usize) -> Option<u16> {
    bytes(structure, at).map(u16::from_be_bytes)
}

/// A big-endian number of 32 bits.
pub fn be32(structure: &[u8], at: usize) -> Option<u32> {
    bytes(structure, at).map(u32::from_be_bytes)
}

/// A big-endian number of 64 bits.
pub fn be64(structure: &[u8], at: usize) -> Option<u64> {
    bytes(structure, at).map(u64::from_be_bytes)
}

/// A little-endian number of 16 bits.
pub fn le16(structure: &[u8], at: usize) -> Option<u16> {
    bytes(structure, at).map(u16::from_le_bytes)
}

/// A little-endian number of 32 bits.
pub fn le32(structure: &[u8], at: usize) -> Option<u32> {
    bytes(structure, at).map(u32::from_le_bytes)
}

/// A little-endian number of 64 bits.
pub fn le64(structure: &[u8], at: usize) -> Option<u64> {
    bytes(structure, at).map(u64::from_le_bytes)
}
