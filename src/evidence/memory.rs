//! Bytes in memory → a seekable file or a whole volume: nested archives, tests, fuzzing.

use super::{Entry, ReadSeek, Reopen, Use, Volume, problem};
use crate::model::observation::Problem;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Bytes that can be opened again and again.
#[derive(Clone, Debug)]
pub struct InMemory(pub Arc<[u8]>);

impl Reopen for InMemory {
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(Cursor::new(Arc::clone(&self.0))))
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Reads all of `reader`, up to `limit` bytes; beyond it an error of kind `QuotaExceeded`.
pub fn read_all(reader: &mut dyn Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let detail = format!("larger than the {limit} bytes that are read into memory");
        return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
    }
    Ok(bytes)
}

/// A volume made of named byte strings.
#[derive(Clone, Debug, Default)]
pub struct MemoryVolume {
    files: Vec<(Entry, Arc<[u8]>)>,
}

impl MemoryVolume {
    /// Adds a regular file.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) {
        let bytes = bytes.into();
        let entry = Entry::file(path, bytes.len() as u64, self.files.len());
        self.files.push((entry, bytes));
    }

    fn bytes(&self, entry: &Entry) -> Option<&Arc<[u8]>> {
        self.files.get(entry.index).map(|(_, bytes)| bytes)
    }
}

impl Volume for MemoryVolume {
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>> {
        let mut entries: Vec<_> = self.files.iter().map(|(entry, _)| entry.clone()).collect();
        entries.sort_by(|a, b| (&a.path, a.index).cmp(&(&b.path, b.index)));
        entries.into_iter().map(Ok).collect()
    }

    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()> {
        let bytes = self.bytes(entry).ok_or(io::ErrorKind::NotFound)?;
        then(&mut Cursor::new(bytes))
    }

    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>> {
        Some(Arc::new(InMemory(Arc::clone(self.bytes(entry)?))))
    }
}

/// A problem for bytes that do not fit into memory.
pub fn too_large(size: u64, limit: u64) -> Problem {
    let detail = format!("{size} bytes, more than the limit of {limit}");
    problem(crate::model::observation::ProblemKind::Limit, detail)
}
