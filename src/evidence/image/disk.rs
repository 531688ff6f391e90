//! Something seekable → the bytes of a disk, readable at any offset and from several threads.

use crate::evidence::{ReadSeek, Reopen, sought};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// The bytes of a disk, or of a part of one.
pub trait Disk: Send + Sync {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on. What lies beyond the end is an error of kind
    /// `UnexpectedEof`; bytes that the image has lost are one of kind `InvalidData`.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// `length` bytes from `offset` on. The caller has bounded `length`.
pub fn read_vec(disk: &dyn Disk, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    disk.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// Whether `length` bytes from `offset` on lie within `size`.
pub fn is_within(offset: u64, length: usize, size: u64) -> bool {
    offset.checked_add(length as u64).is_some_and(|end| end <= size)
}

/// An error of kind `UnexpectedEof` unless `length` bytes from `offset` on lie within `size`.
pub fn check_within(offset: u64, length: usize, size: u64) -> io::Result<()> {
    if is_within(offset, length, size) { Ok(()) } else { Err(beyond_end(offset, length, size)) }
}

/// Fills `buffer` with the bytes from `offset` on of a disk of `size` bytes that is stored in pieces: `fill` gets an offset and
/// what is left of the buffer, and says how many bytes of it the piece there gave.
pub fn fill_by_pieces(
    size: u64,
    offset: u64,
    buffer: &mut [u8],
    mut fill: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> io::Result<()> {
    check_within(offset, buffer.len(), size)?;
    let (mut at, mut left) = (offset, buffer);
    while !left.is_empty() {
        let filled = fill(at, left)?;
        if filled == 0 {
            return Err(beyond_end(at, left.len(), size));
        }
        at = at.saturating_add(filled as u64);
        left = left.get_mut(filled..).unwrap_or_default();
    }
    Ok(())
}

/// The same where the pieces are of `piece` bytes each: `fill` gets the number of one, how many of its bytes come before, and what
/// it is to fill.
pub fn fill_by_equal_pieces(
    (size, piece): (u64, u64),
    offset: u64,
    buffer: &mut [u8],
    mut fill: impl FnMut(u64, usize, &mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    fill_by_pieces(size, offset, buffer, |at, left| {
        let number = at.checked_div(piece).unwrap_or_default();
        let before = at.checked_rem(piece).unwrap_or_default();
        let here = usize::try_from(piece.saturating_sub(before)).unwrap_or(usize::MAX);
        let length = here.min(left.len());
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        fill(number, before, left.get_mut(..length).unwrap_or_default())?;
        Ok(length)
    })
}

/// The error of a read beyond the end.
pub fn beyond_end(offset: u64, length: usize, size: u64) -> io::Error {
    let detail = format!("{length} bytes at offset {offset} lie beyond the end at {size}");
    io::Error::new(io::ErrorKind::UnexpectedEof, detail)
}

/// A file as a disk: readers are opened as they are needed and kept for the next.
pub struct Positioned {
    source: Arc<dyn Reopen>,
    idle: Mutex<Vec<Box<dyn ReadSeek>>>,
}

impl Positioned {
    /// The bytes of `source`, as they are.
    pub fn new(source: Arc<dyn Reopen>) -> Self {
        Self { source, idle: Mutex::new(Vec::new()) }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn ReadSeek>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for Positioned {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_within(offset, buffer.len(), self.size())?;
        let kept = self.idle().pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => self.source.reopen()?,
        };
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_exact(buffer)?;
        self.idle().push(reader);
        Ok(())
    }
}

/// A part of a disk: a partition.
#[derive(Clone)]
pub struct Extent {
    disk: Arc<dyn Disk>,
    offset: u64,
    size: u64,
}

impl Extent {
    /// `size` bytes from `offset` on; what lies beyond the end of `disk` is not there.
    pub fn new(disk: Arc<dyn Disk>, offset: u64, size: u64) -> Self {
        let size = size.min(disk.size().saturating_sub(offset));
        Self { disk, offset, size }
    }
}

impl Disk for Extent {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_within(offset, buffer.len(), self.size)?;
        self.disk.read_at(self.offset.saturating_add(offset), buffer)
    }
}

/// A disk read from front to back, or from any place.
pub struct DiskReader {
    disk: Arc<dyn Disk>,
    at: u64,
}

impl DiskReader {
    /// A reader at the start.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, at: 0 }
    }
}

impl Read for DiskReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.disk.size().saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(wanted) = buffer.get_mut(..length) else { return Ok(0) };
        self.disk.read_at(self.at, wanted)?;
        self.at = self.at.saturating_add(length as u64);
        Ok(length)
    }
}

impl Seek for DiskReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = sought(to, self.at, self.disk.size())?;
        Ok(self.at)
    }
}

/// Bytes that are read ahead at most.
const AHEAD: u64 = 64 << 10;

/// The same bytes, of which there are `size`, read in pieces that are worth a trip to the disk.
pub fn read_ahead<R: Read>(reader: R, size: u64) -> io::BufReader<R> {
    io::BufReader::with_capacity(usize::try_from(size.min(AHEAD)).unwrap_or_default(), reader)
}

/// A disk of which nothing can be read: why.
pub struct Lost {
    /// Size in bytes that it would have.
    pub size: u64,
    /// The kind of the error of every read.
    pub kind: io::ErrorKind,
    /// Its words.
    pub why: String,
}

impl Disk for Lost {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::Error::new(self.kind, self.why.clone()))
    }
}

impl Lost {
    /// What `size` bytes are that an error kept from being read.
    pub fn by(error: &io::Error, size: u64) -> Self {
        Self { size, kind: error.kind(), why: error.to_string() }
    }
}

/// A disk that is opened again and again, as a nested container is.
pub struct Reopened(pub Arc<dyn Disk>);

impl Reopen for Reopened {
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(io::BufReader::new(DiskReader::new(Arc::clone(&self.0)))))
    }

    fn size(&self) -> u64 {
        self.0.size()
    }
}
