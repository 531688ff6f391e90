//! Part of a seekable file → a seekable file: a member that a zip stores uncompressed.

use crate::evidence::{ReadSeek, Reopen, sought};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// `size` bytes of `bytes` from `start`.
pub(super) struct Window {
    pub bytes: Arc<dyn Reopen>,
    pub start: u64,
    pub size: u64,
}

impl Reopen for Window {
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>> {
        let mut inner = self.bytes.reopen()?;
        inner.seek(SeekFrom::Start(self.start))?;
        Ok(Box::new(View { inner, start: self.start, size: self.size, at: 0 }))
    }

    fn size(&self) -> u64 {
        self.size
    }
}

struct View {
    inner: Box<dyn ReadSeek>,
    start: u64,
    size: u64,
    at: u64,
}

impl Read for View {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        let count = (&mut self.inner).take(left).read(buffer)?;
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for View {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = sought(to, self.at, self.size)?;
        let target = self.start.checked_add(at).ok_or(io::ErrorKind::InvalidInput)?;
        self.inner.seek(SeekFrom::Start(target))?;
        self.at = at;
        Ok(at)
    }
}
