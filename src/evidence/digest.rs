//! Bytes → their SHA-256 (and MD5, SHA-1 where asked).

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Hashes of a file, in lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-256; empty if it was not wanted.
    pub sha256: String,
    /// MD5, where asked.
    pub md5: Option<String>,
    /// SHA-1, where asked.
    pub sha1: Option<String>,
}

/// The algorithms by name, the strongest first.
pub const ALGORITHMS: &[&str] = &["sha256", "sha1", "md5"];

impl Hashes {
    /// The hash by one of [`ALGORITHMS`], if it was taken.
    pub fn by(&self, algorithm: &str) -> Option<&str> {
        match algorithm {
            "sha256" => Some(&self.sha256),
            "sha1" => self.sha1.as_deref(),
            "md5" => self.md5.as_deref(),
            _ => None,
        }
    }
}

/// Which hashes to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// SHA-256.
    pub sha256: bool,
    /// MD5.
    pub md5: bool,
    /// SHA-1.
    pub sha1: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self::SHA256
    }
}

impl Wanted {
    /// What every file gets.
    pub const SHA256: Self = Self { sha256: true, md5: false, sha1: false };
}

/// The hashes being taken.
#[derive(Clone)]
pub struct Hashers {
    sha256: Option<Sha256>,
    md5: Option<Md5>,
    sha1: Option<Sha1>,
}

impl Hashers {
    /// Nothing hashed yet.
    pub fn new(wanted: Wanted) -> Self {
        Self {
            sha256: wanted.sha256.then(Sha256::new),
            md5: wanted.md5.then(Md5::new),
            sha1: wanted.sha1.then(Sha1::new),
        }
    }

    /// Hashes what comes next.
    pub fn update(&mut self, fresh: &[u8]) {
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(fresh);
        }
        if let Some(hasher) = &mut self.md5 {
            hasher.update(fresh);
        }
        if let Some(hasher) = &mut self.sha1 {
            hasher.update(fresh);
        }
    }

    /// The hashes of all of it.
    pub fn finish(self) -> Hashes {
        Hashes {
            sha256: self.sha256.map(|hasher| hex(&hasher.finalize())).unwrap_or_default(),
            md5: self.md5.map(|hasher| hex(&hasher.finalize())),
            sha1: self.sha1.map(|hasher| hex(&hasher.finalize())),
        }
    }
}

/// SHA-256 of bytes in memory, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
