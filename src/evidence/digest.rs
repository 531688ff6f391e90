//! Bytes on their way to a parser → their SHA-256 (and MD5, SHA-1 where asked), in the same pass.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::{self, Read};

/// Hashes of a file, in lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-256.
    pub sha256: String,
    /// MD5, where asked.
    pub md5: Option<String>,
    /// SHA-1, where asked.
    pub sha1: Option<String>,
}

/// Which hashes to take besides SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// MD5.
    pub md5: bool,
    /// SHA-1.
    pub sha1: bool,
}

/// A reader that hashes what passes through it.
pub struct HashingReader<R> {
    inner: R,
    sha256: Sha256,
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    read: u64,
    failure: Option<(io::ErrorKind, String)>,
}

impl<R: Read> HashingReader<R> {
    /// Hashes what is read from `inner`.
    pub fn new(inner: R, wanted: Wanted) -> Self {
        Self {
            inner,
            sha256: Sha256::new(),
            md5: wanted.md5.then(Md5::new),
            sha1: wanted.sha1.then(Sha1::new),
            read: 0,
            failure: None,
        }
    }

    /// Bytes read so far.
    pub fn read_so_far(&self) -> u64 {
        self.read
    }

    /// Reads what is left, so that the hashes cover the whole file. An error that a parser met before
    /// is an error here too: what came after it is missing.
    pub fn drain(&mut self) -> io::Result<()> {
        if let Some((kind, detail)) = &self.failure {
            return Err(io::Error::new(*kind, detail.clone()));
        }
        // Most files are small and already read: a large block is worth making only for the others.
        let mut first = [0; 4096];
        if self.read(&mut first)? == 0 {
            return Ok(());
        }
        let mut block = vec![0; 1 << 17];
        while self.read(&mut block)? > 0 {}
        Ok(())
    }

    /// The hashes of what was read.
    pub fn finish(self) -> Hashes {
        Hashes {
            sha256: hex(&self.sha256.finalize()),
            md5: self.md5.map(|hasher| hex(&hasher.finalize())),
            sha1: self.sha1.map(|hasher| hex(&hasher.finalize())),
        }
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failure = Some((error.kind(), error.to_string()));
            }
        })?;
        let fresh = buffer.get(..count).unwrap_or_default();
        self.sha256.update(fresh);
        if let Some(hasher) = &mut self.md5 {
            hasher.update(fresh);
        }
        if let Some(hasher) = &mut self.sha1 {
            hasher.update(fresh);
        }
        self.read = self.read.saturating_add(count as u64);
        Ok(count)
    }
}

/// SHA-256 of bytes in memory, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
