//! The type of a chunk of a UDIF image → how its stored bytes become bytes of the disk.

use crate::evidence::image::decmpfs::codec::drained;
use crate::evidence::image::fields::damaged;
use crate::evidence::limits;
use flate2::read::ZlibDecoder;
use lzfse_rust::LzfseRingDecoder;
use std::io;

/// Stored bytes, and the bytes of disk that are due.
pub(super) type Decode = fn(&[u8], usize) -> io::Result<Vec<u8>>;

/// How a chunk is stored.
#[derive(Clone, Copy)]
pub(super) enum Store {
    /// Not at all: it is zeros, or nobody's.
    Zeros,
    /// As it is.
    Plain,
    /// Compressed.
    Packed(Decode),
    /// In a way that is not known.
    Unknown(u32),
}

const KINDS: &[(u32, Store)] = &[
    (0, Store::Zeros),
    (1, Store::Plain),
    (2, Store::Zeros),
    (0x8000_0004, Store::Packed(adc)),
    (0x8000_0005, Store::Packed(zlib)),
    (0x8000_0006, Store::Packed(bzip2)),
    (0x8000_0007, Store::Packed(lzfse)),
    (0x8000_0008, Store::Packed(xz)),
];

/// How a chunk of that type is stored.
pub(super) fn store(kind: u32) -> Store {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    known.map_or(Store::Unknown(kind), |(_, store)| *store)
}

fn zlib(stored: &[u8], size: usize) -> io::Result<Vec<u8>> {
    drained(ZlibDecoder::new(stored), size, "zlib")
}

fn bzip2(stored: &[u8], size: usize) -> io::Result<Vec<u8>> {
    drained(bzip2::read::MultiBzDecoder::new(stored), size, "bzip2")
}

fn lzfse(stored: &[u8], size: usize) -> io::Result<Vec<u8>> {
    drained(LzfseRingDecoder::default().reader_bytes(stored), size, "LZFSE")
}

fn xz(stored: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let limit = u32::try_from(limits::UDIF_DICTIONARY >> 10).unwrap_or(u32::MAX);
    drained(lzma_rust2::XzReader::new_mem_limit(stored, false, limit), size, "LZMA")
}

/// Apple Data Compression: a byte tells of 1 to 128 bytes that follow as they are (its top bit set), or of bytes to repeat: 4 to 67
/// with a distance in the next two bytes (the second bit set), or 3 to 18 with a distance of ten bits.
fn adc(stored: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(size);
    let mut rest = stored;
    while content.len() < size {
        rest = adc_step(rest, &mut content)
            .ok_or_else(|| damaged(format!("an ADC chunk ends after {} bytes", content.len())))?;
    }
    content.truncate(size);
    Ok(content)
}

/// One step; `None` where the bytes end or a distance reaches before the beginning.
fn adc_step<'a>(stored: &'a [u8], content: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&first, rest) = stored.split_first()?;
    let code = usize::from(first);
    if first & 0x80 != 0 {
        let (plain, rest) = rest.split_at_checked((code & 0x7f).saturating_add(1))?;
        content.extend_from_slice(plain);
        return Some(rest);
    }
    let (&next, rest) = rest.split_first()?;
    if first & 0x40 == 0 {
        let distance = ((code & 3) << 8) | usize::from(next);
        repeat(content, (code >> 2).saturating_add(3), distance)?;
        return Some(rest);
    }
    let (&last, rest) = rest.split_first()?;
    let distance = (usize::from(next) << 8) | usize::from(last);
    repeat(content, (code & 0x3f).saturating_add(4), distance)?;
    Some(rest)
}

/// Repeats what stands `distance` bytes before the last byte; the bytes may overlap those that are made.
fn repeat(content: &mut Vec<u8>, length: usize, distance: usize) -> Option<()> {
    let from = content.len().checked_sub(distance.saturating_add(1))?;
    for at in from..from.saturating_add(length) {
        let byte = *content.get(at)?;
        content.push(byte);
    }
    Some(())
}
