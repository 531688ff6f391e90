//! The chunks of a UDIF image → the bytes of its disk, from any place and several threads.

use super::codec::{Decode, Store};
use super::table::Chunk;
use crate::evidence::image::Disk;
use crate::evidence::image::cache::{Cache, Weighed};
use crate::evidence::image::disk::{Positioned, check_within, fill_by_pieces, is_within, read_vec};
use crate::evidence::limits;
use std::io;
use std::sync::Arc;

/// The content of a compressed chunk.
struct Content(Vec<u8>);

impl Weighed for Content {
    fn memory(&self) -> usize {
        self.0.len()
    }
}

/// The disk of a UDIF image; bytes that no table tells of are zeros, or lost if a table is.
pub(super) struct UdifDisk {
    file: Positioned,
    size: u64,
    chunks: Vec<Chunk>,
    gaps_are_lost: bool,
    cache: Cache<Content>,
}

impl UdifDisk {
    /// `chunks` are sorted by their first byte; bytes in none of them are errors if `gaps_are_lost`, else zeros.
    pub(super) fn new(
        file: Positioned,
        size: u64,
        chunks: Vec<Chunk>,
        gaps_are_lost: bool,
    ) -> Self {
        Self { file, size, chunks, gaps_are_lost, cache: Cache::new(limits::CHUNK_CACHE) }
    }

    /// The chunk that has the byte at `offset`, with its number, and how many bytes from there on are alike: within that chunk, or
    /// in none.
    fn at(&self, offset: u64) -> (Option<(usize, &Chunk)>, u64) {
        let next = self.chunks.partition_point(|chunk| chunk.start <= offset);
        let until = self.chunks.get(next).map_or(self.size, |chunk| chunk.start);
        let number = next.checked_sub(1);
        let found = number.and_then(|number| Some((number, self.chunks.get(number)?)));
        let end = found.map_or(0, |(_, chunk)| chunk.start.saturating_add(chunk.length));
        if end > offset {
            (found, end.min(until).saturating_sub(offset))
        } else {
            (None, until.saturating_sub(offset))
        }
    }

    fn fill(&self, number: usize, chunk: &Chunk, skip: u64, buffer: &mut [u8]) -> io::Result<()> {
        match chunk.store {
            Store::Zeros => buffer.fill(0),
            Store::Plain => {
                if !is_within(skip, buffer.len(), chunk.stored) {
                    return Err(lost(chunk, "has fewer bytes than sectors"));
                }
                self.file.read_at(chunk.at.saturating_add(skip), buffer)?;
            }
            Store::Packed(decode) => {
                let content = self.content(number, chunk, decode)?;
                let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                let wanted = content.0.get(skip..).and_then(|rest| rest.get(..buffer.len()));
                buffer.copy_from_slice(wanted.ok_or_else(|| lost(chunk, "is too short"))?);
            }
            Store::Unknown(kind) => {
                let detail = format!("a chunk of the UDIF image of the unknown type {kind:#x}");
                return Err(io::Error::new(io::ErrorKind::Unsupported, detail));
            }
        }
        Ok(())
    }

    /// Decompresses a chunk, or gives it from the cache.
    fn content(&self, number: usize, chunk: &Chunk, decode: Decode) -> io::Result<Arc<Content>> {
        let key = (number as u64, 0);
        if let Some(content) = self.cache.get(key) {
            return Ok(content);
        }
        if chunk.length > limits::UDIF_CHUNK || chunk.stored > limits::UDIF_STORED {
            let detail = format!(
                "a chunk of the UDIF image of {} bytes in {}; {} in {} are read",
                chunk.length,
                chunk.stored,
                limits::UDIF_CHUNK,
                limits::UDIF_STORED
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        let [length, stored] =
            [chunk.length, chunk.stored].map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        check_within(chunk.at, stored, self.file.size())?;
        let content = decode(&read_vec(&self.file, chunk.at, stored)?, length)?;
        let content = Arc::new(Content(content));
        self.cache.put(key, Arc::clone(&content));
        Ok(content)
    }
}

fn lost(chunk: &Chunk, why: &str) -> io::Error {
    let detail = format!("the chunk of the UDIF image at byte {} of the disk {why}", chunk.start);
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

fn untold(offset: u64) -> io::Error {
    let detail =
        format!("byte {offset} of the disk is in no table of the UDIF image that is whole");
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

impl Disk for UdifDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        fill_by_pieces(self.size, offset, buffer, |at, left| {
            let (chunk, alike) = self.at(at);
            let length = usize::try_from(alike).unwrap_or(usize::MAX).clamp(1, left.len());
            let here = left.get_mut(..length).unwrap_or_default();
            match chunk {
                None if self.gaps_are_lost => return Err(untold(at)),
                None => here.fill(0),
                Some((number, chunk)) => {
                    self.fill(number, chunk, at.saturating_sub(chunk.start), here)?;
                }
            }
            Ok(length)
        })
    }
}
