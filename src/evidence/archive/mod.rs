//! Archive bytes → entries: zip as a [`Volume`], tar as a [`Stream`], a lone compressed file as a
//! stream of one entry. The kind is told by content.

use super::{Reopen, Stream, Volume};
use crate::model::observation::Problem;
use std::io::{self, Read};
use std::sync::Arc;

/// What a file's first bytes say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveKind {
    /// zip: needs seeking.
    Zip,
    /// tar, plain.
    Tar,
    /// gzip around a tar or one file.
    Gzip,
    /// xz, likewise.
    Xz,
    /// bzip2, likewise.
    Bzip2,
    /// zstd, likewise.
    Zstd,
}

impl ArchiveKind {
    /// The `kind` of evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
        }
    }
}

/// The archive that begins with `head`, if it is one.
pub fn detect(_head: &[u8]) -> Option<ArchiveKind> {
    None
}

/// Opens a zip archive. `passwords` are tried on encrypted members.
pub fn open_zip(
    _bytes: Arc<dyn Reopen>,
    _passwords: &[String],
) -> Result<Box<dyn Volume>, Problem> {
    Err(super::problem(crate::model::observation::ProblemKind::Unsupported, "zip"))
}

/// Opens a tar or compressed file. `name` is its base name, from which a lone compressed file takes
/// its own (`x.txt.gz` holds `x.txt`).
pub fn open_stream<'a>(
    _kind: ArchiveKind,
    _name: &str,
    _bytes: Box<dyn Read + 'a>,
) -> io::Result<Box<dyn Stream + 'a>> {
    Err(io::ErrorKind::Unsupported.into())
}
