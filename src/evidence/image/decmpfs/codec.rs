//! A stored chunk → the content in it.
//!
//! Each decoder gives exactly `size` bytes, however many the chunk claims, or fails. A chunk that compression would have
//! made longer is kept as it is behind a byte that no compressed chunk begins with.

use crate::evidence::image::fields::damaged;
use flate2::read::ZlibDecoder;
use lzfse_rust::LzfseRingDecoder;
use std::io::{self, Read};

/// A chunk, and the bytes of content that are due.
pub(super) type Decode = fn(&[u8], usize) -> io::Result<Vec<u8>>;

/// In front of a chunk that zlib, LZFSE and LZBITMAP left as it is: its low half has all bits set.
const KEPT: u8 = 0x0f;
/// The same for LZVN: its "end of stream".
const KEPT_LZVN: u8 = 0x06;
/// In front of every chunk of the types that do not compress.
const PLAIN: u8 = 0xcc;

/// The first bytes of what a chunk holds unchanged.
fn unchanged(content: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let short = || damaged(format!("a chunk of {} bytes where {size} are due", content.len()));
    content.get(..size).map(<[u8]>::to_vec).ok_or_else(short)
}

/// Reads `size` bytes, and that there are no more: what is behind them is not read.
pub(in crate::evidence::image) fn drained(
    reader: impl Read,
    size: usize,
    name: &str,
) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = reader.take((size as u64).saturating_add(1)).read_to_end(&mut content);
    read.map_err(|error| damaged(format!("a {name} chunk does not decompress: {error}")))?;
    if content.len() != size {
        let more = if content.len() > size { "more" } else { "fewer" };
        return Err(damaged(format!("a {name} chunk gives {more} bytes than the {size} due")));
    }
    Ok(content)
}

/// Type 1: nothing but the content.
pub(super) fn whole(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    unchanged(chunk, size)
}

/// Types 9 and 10: a mark, then the content.
pub(super) fn plain(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    match chunk.split_first() {
        None if size == 0 => Ok(Vec::new()),
        Some((&PLAIN, content)) => unchanged(content, size),
        _ => Err(damaged("a chunk without the mark of those that are not compressed")),
    }
}

/// Types 3 and 4: zlib (RFC 1950).
pub(super) fn zlib(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    match chunk.split_first() {
        None if size == 0 => Ok(Vec::new()),
        // The method of a zlib stream is 8; 15 is reserved.
        Some((first, content)) if first & KEPT == KEPT => unchanged(content, size),
        _ => drained(ZlibDecoder::new(chunk), size, "zlib"),
    }
}

/// Types 7 and 8: LZVN without a header; what stands behind its end is padding.
pub(super) fn lzvn(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    match chunk.split_first() {
        None if size == 0 => Ok(Vec::new()),
        Some((&KEPT_LZVN, content)) => unchanged(content, size),
        _ => {
            let mut content = vec![0; size];
            let length = lzvn::decode_into(chunk, &mut content)
                .map_err(|error| damaged(format!("an LZVN chunk does not decompress: {error}")))?;
            if length != size {
                return Err(damaged(format!("an LZVN chunk gives {length} bytes of {size}")));
            }
            Ok(content)
        }
    }
}

/// Types 11 and 12: LZFSE, whose blocks begin with `bvx`.
pub(super) fn lzfse(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    match chunk.split_first() {
        None if size == 0 => Ok(Vec::new()),
        Some((first, content)) if first & KEPT == KEPT => unchanged(content, size),
        _ => drained(LzfseRingDecoder::default().reader_bytes(chunk), size, "LZFSE"),
    }
}

/// Types 13 and 14: LZBITMAP, which begins with `ZBM`.
pub(super) fn lzbitmap(chunk: &[u8], size: usize) -> io::Result<Vec<u8>> {
    match chunk.split_first() {
        None if size == 0 => Ok(Vec::new()),
        Some((first, content)) if first & KEPT == KEPT => unchanged(content, size),
        _ => {
            let mut content = Vec::new();
            let length = zbitmap::decompress(chunk, &mut content, size).map_err(|error| {
                damaged(format!("an LZBITMAP chunk does not decompress: {error}"))
            })?;
            if length != size {
                return Err(damaged(format!("an LZBITMAP chunk gives {length} bytes of {size}")));
            }
            Ok(content)
        }
    }
}
