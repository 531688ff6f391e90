//! The chunks of an EWF image → the bytes of the disk.
//!
//! Expert Witness Compression Format (libewf), "Chunk": deflated with zlib's own checksum, or as they are with an Adler-32
//! behind. The last chunk of a disk is stored short, or filled up with zeros.

use super::section::is_sound;
use super::tables::{Stored, Table};
use crate::evidence::image::cache::Cache;
use crate::evidence::image::container::segments::Segments;
use crate::evidence::image::disk::{Disk, beyond_end, fill_by_equal_pieces};
use crate::evidence::limits;
use flate2::{Decompress, FlushDecompress, Status};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Size of the checksum behind a chunk that is not compressed.
const CHECKSUM: usize = 4;

/// The disk of an EWF image.
pub(super) struct Media {
    pub segments: Segments,
    /// By their first chunk.
    tables: Vec<Table>,
    chunk_size: usize,
    size: u64,
    chunks: Cache<Vec<u8>>,
    inflaters: Mutex<Vec<Decompress>>,
}

impl Media {
    /// A disk of `size` bytes in chunks of `chunk_size`, the last of which may be short. Tables are sorted by their first chunk.
    pub(super) fn new(
        segments: Segments,
        tables: Vec<Table>,
        chunk_size: usize,
        size: u64,
    ) -> Self {
        let (chunks, inflaters) = (Cache::new(limits::CHUNK_CACHE), Mutex::new(Vec::new()));
        Self { segments, tables, chunk_size, size, chunks, inflaters }
    }

    /// The bytes of a chunk.
    fn chunk(&self, number: u64) -> io::Result<Arc<Vec<u8>>> {
        if let Some(kept) = self.chunks.get((number, 0)) {
            return Ok(kept);
        }
        let before = number.saturating_mul(self.chunk_size as u64);
        let left = usize::try_from(self.size.saturating_sub(before)).unwrap_or(usize::MAX);
        let bytes = Arc::new(self.read_chunk(number, left.min(self.chunk_size))?);
        self.chunks.put((number, 0), Arc::clone(&bytes));
        Ok(bytes)
    }

    fn read_chunk(&self, number: u64, length: usize) -> io::Result<Vec<u8>> {
        let lost = |why: &str| {
            let first = number.saturating_mul(self.chunk_size as u64);
            let detail = format!("chunk {number} (offset {first} of the disk) {why}");
            io::Error::new(io::ErrorKind::InvalidData, detail)
        };
        let place = self.tables.partition_point(|table| table.first <= number).checked_sub(1);
        let table = place.and_then(|place| self.tables.get(place));
        let found = table.and_then(|table| Some((table, table.stored(number)?)));
        let Some((table, stored)) = found else {
            return Err(lost("is in no segment that is there and whole"));
        };
        let bytes = self
            .stored_bytes(table, &stored)
            .map_err(|error| lost(&format!("cannot be read: {error}")))?;
        let read =
            if stored.is_compressed { self.inflated(&bytes, length) } else { plain(bytes, length) };
        read.ok_or_else(|| lost("is damaged: it does not have its checksum"))
    }

    /// What is stored of a chunk: deflated data may be followed by bytes that are not its own.
    fn stored_bytes(&self, table: &Table, stored: &Stored) -> io::Result<Vec<u8>> {
        let most =
            if stored.is_compressed { self.chunk_size.saturating_mul(2) } else { self.chunk_size };
        let most = most.saturating_add(if stored.is_compressed { 1024 } else { CHECKSUM });
        let in_file = self.segments.size(table.segment).saturating_sub(stored.offset);
        let span = usize::try_from(stored.span.min(in_file)).unwrap_or(usize::MAX);
        self.segments.read_vec(table.segment, stored.offset, span.min(most))
    }

    /// Inflates a chunk to at least `length` bytes, and returns that many.
    fn inflated(&self, stored: &[u8], length: usize) -> Option<Vec<u8>> {
        let idle = || self.inflaters.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let mut inflater = kept.unwrap_or_else(|| Decompress::new(true));
        inflater.reset(true);
        let mut chunk = vec![0; self.chunk_size];
        let status = inflater.decompress(stored, &mut chunk, FlushDecompress::Finish);
        let written = usize::try_from(inflater.total_out()).unwrap_or(0);
        idle().push(inflater);
        let is_whole = matches!(status, Ok(Status::StreamEnd)) && written >= length;
        chunk.truncate(length);
        is_whole.then_some(chunk)
    }
}

/// A chunk that is stored as it is: the checksum stands behind all of it, filled up or not.
fn plain(mut stored: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    let filled = stored.len().checked_sub(CHECKSUM).filter(|filled| *filled >= length)?;
    let is_whole = is_sound(&stored, filled) || is_sound(&stored, length);
    stored.truncate(length);
    is_whole.then_some(stored)
}

impl Disk for Media {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let pieces = (self.size, self.chunk_size as u64);
        fill_by_equal_pieces(pieces, offset, buffer, |number, skipped, here| {
            let chunk = self.chunk(number)?;
            let wanted = chunk.get(skipped..).and_then(|rest| rest.get(..here.len()));
            let short = || beyond_end(offset, here.len(), self.size);
            here.copy_from_slice(wanted.ok_or_else(short)?);
            Ok(())
        })
    }
}
