//! A file being written, with the SHA-256 and the count of what went into it.

use super::Output;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A new file in the output directory.
pub(super) struct NewFile {
    name: String,
    inner: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl NewFile {
    /// Creates `name` in `folder`; it must not exist.
    pub(super) fn create(folder: &Path, name: String) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(folder.join(&name))?;
        let inner = BufWriter::with_capacity(1 << 16, file);
        Ok(Self { name, inner, sha256: Sha256::new(), bytes: 0 })
    }

    /// Writes what is left and tells what the file is.
    pub(super) fn finish(mut self) -> io::Result<Output> {
        self.inner.flush()?;
        Ok(Output { file: self.name, sha256: hex(self.sha256), bytes: self.bytes })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.sha256.update(bytes.get(..count).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The digest in lower-case hexadecimal.
pub(super) fn hex(hasher: Sha256) -> String {
    use std::fmt::Write;
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
