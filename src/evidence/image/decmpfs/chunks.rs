//! Chunks in a resource fork → content that can be read from any place, one chunk in memory at a time.

use super::CHUNK;
use super::codec::Decode;
use super::layout::Find;
use crate::evidence::image::fields::damaged;
use crate::evidence::{ReadSeek, limits, sought};
use std::io::{self, Read, Seek, SeekFrom};

/// A resource fork with chunks.
struct Fork {
    decode: Decode,
    find: Find,
    base: u64,
    reader: Box<dyn ReadSeek>,
}

/// Content in chunks.
pub(super) struct Chunks {
    /// None where all content is in `chunk`.
    fork: Option<Fork>,
    size: u64,
    at: u64,
    /// The first byte of the chunk in memory, and its content.
    start: u64,
    chunk: Vec<u8>,
}

impl Chunks {
    pub(super) fn of_one(chunk: Vec<u8>) -> Self {
        Self { fork: None, size: chunk.len() as u64, at: 0, start: 0, chunk }
    }

    pub(super) fn of_fork(
        decode: Decode,
        size: u64,
        find: Find,
        base: u64,
        reader: Box<dyn ReadSeek>,
    ) -> Self {
        let fork = Some(Fork { decode, find, base, reader });
        Self { fork, size, at: 0, start: 0, chunk: Vec::new() }
    }

    /// What is in memory from `at` on.
    fn ready(&self) -> &[u8] {
        let inside =
            self.at.checked_sub(self.start).and_then(|inside| usize::try_from(inside).ok());
        inside.and_then(|inside| self.chunk.get(inside..)).unwrap_or_default()
    }

    fn load(&mut self) -> io::Result<()> {
        let Some(fork) = &mut self.fork else { return Ok(()) };
        let number = self.at / CHUNK;
        let start = number.saturating_mul(CHUNK);
        let size = self.size.saturating_sub(start).min(CHUNK);
        let (offset, length) = (fork.find)(&mut *fork.reader, fork.base, number)?;
        if length > limits::COMPRESSED_CHUNK {
            return Err(damaged(format!("chunk {number} has {length} bytes")));
        }
        let mut stored = Vec::new();
        fork.reader.seek(SeekFrom::Start(offset))?;
        (&mut fork.reader).take(length).read_to_end(&mut stored)?;
        self.chunk = (fork.decode)(&stored, usize::try_from(size).unwrap_or_default())
            .map_err(|error| io::Error::new(error.kind(), format!("chunk {number}: {error}")))?;
        self.start = start;
        Ok(())
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        if self.ready().is_empty() {
            self.load()?;
        }
        let length = self.ready().read(buffer)?;
        self.at = self.at.saturating_add(length as u64);
        Ok(length)
    }
}

impl Seek for Chunks {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = sought(to, self.at, self.size)?;
        Ok(self.at)
    }
}
