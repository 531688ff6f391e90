//! The one place that opens files of the examiner's disk: read-only.

use super::{ReadSeek, Reopen};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Opens a regular file for reading.
#[allow(clippy::disallowed_methods, reason = "this is the place it is reserved for")]
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads a small file that is not evidence: a policy, a password list. What is longer than `limit` or
/// not UTF-8 is an error, never cut.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    use io::Read;
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        let why = format!("is larger than {limit} bytes, the most that is read of such a file");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "is not UTF-8 text");
    String::from_utf8(bytes).map_err(not_text)
}

/// A file on disk that can be opened again and again.
#[derive(Debug)]
pub struct OnDisk {
    path: PathBuf,
    size: u64,
}

impl OnDisk {
    /// The file at `path` of which `size` is known; it is opened when it is read.
    pub fn of_size(path: &Path, size: u64) -> Self {
        Self { path: path.to_owned(), size }
    }

    /// The file at `path`, if it is a regular one.
    pub fn if_regular(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        metadata.is_file().then(|| Self::of_size(path, metadata.len()))
    }

    /// The regular file at `path`.
    pub fn new(path: &Path) -> io::Result<Self> {
        let metadata = open(path)?.metadata()?;
        Ok(Self { path: path.to_owned(), size: metadata.len() })
    }
}

impl Reopen for OnDisk {
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(open(&self.path)?))
    }

    fn size(&self) -> u64 {
        self.size
    }
}
