//! Archive bytes → entries: zip as a [`Volume`], tar as a [`Stream`], a lone compressed file as a
//! stream of one entry. The kind is told by content.

mod budget;
mod inflating;
mod lone;
mod sparse;
mod tar;
mod window;
mod zip;
mod zstd;

pub use budget::{Budget, Metered};

use super::{Reopen, Stream, Volume};
use crate::model::observation::Problem;
use inflating::Inflating;
use std::io::{self, Cursor, Read};
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

/// First members of zip files that are documents or programs, not collections of evidence.
const DOCUMENTS: &[&str] = &[
    "META-INF/",
    "[Content_Types].xml",
    "_rels/",
    "customXml/",
    "docProps/",
    "word/",
    "xl/",
    "ppt/",
    "mimetype",
    "Index/Document.iwa",
    "Payload/",
    "AndroidManifest.xml",
    "classes.dex",
];

/// The archive that begins with `head`, if it is one; a zip file that was given as evidence is one whatever
/// its first member.
pub fn detect_given(head: &[u8]) -> Option<ArchiveKind> {
    if head.starts_with(b"PK\x03\x04") { Some(ArchiveKind::Zip) } else { detect(head) }
}

/// The archive that begins with `head`, if it is one.
pub fn detect(head: &[u8]) -> Option<ArchiveKind> {
    if head.starts_with(b"PK\x05\x06") || (head.starts_with(b"PK\x03\x04") && !is_document(head)) {
        return Some(ArchiveKind::Zip);
    }
    if is_tar(head) {
        return Some(ArchiveKind::Tar);
    }
    detect_compressed(head)
}

/// Each format's magic number: RFC 1952; the .xz file format 1.2 §2.1.1; bzip2's block and
/// end-of-stream magics (π and √π); RFC 8878 §3.1.1.
fn detect_compressed(head: &[u8]) -> Option<ArchiveKind> {
    // The three top flag bits of gzip are reserved and must be zero.
    let gzip = head.starts_with(b"\x1f\x8b\x08") && head.get(3).is_some_and(|flags| *flags < 0x20);
    if gzip {
        return Some(ArchiveKind::Gzip);
    }
    if head.starts_with(b"\xfd7zXZ\0") {
        return Some(ArchiveKind::Xz);
    }
    if head.starts_with(b"\x28\xb5\x2f\xfd") {
        return Some(ArchiveKind::Zstd);
    }
    let (level, block) = head.strip_prefix(b"BZh")?.split_first()?;
    let block = block.starts_with(b"1AY&SY") || block.starts_with(b"\x17rE8P\x90");
    (level.is_ascii_digit() && *level != b'0' && block).then_some(ArchiveKind::Bzip2)
}

/// Office documents, Java and phone applications are zip files too; they are hashed as they are.
fn is_document(head: &[u8]) -> bool {
    let name = head.get(30..).unwrap_or_default();
    DOCUMENTS.iter().any(|first| name.starts_with(first.as_bytes()))
}

/// A header with the magic of POSIX or GNU, or one of Unix V7, which has a checksum only.
fn is_tar(head: &[u8]) -> bool {
    has_tar_magic(head) || head.first_chunk::<512>().is_some_and(has_tar_checksum)
}

fn has_tar_magic(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// The bytes of the header, the checksum field itself taken as spaces, add up to the octal number in it.
fn has_tar_checksum(header: &[u8; 512]) -> bool {
    let field = header.get(148..156).unwrap_or_default();
    let digits = field.trim_ascii_start().iter().take_while(|byte| (b'0'..=b'7').contains(*byte));
    let claimed = digits.fold(0_u32, |sum, digit| (sum << 3) | u32::from(digit & 7));
    let others = header.iter().enumerate().filter(|(at, _)| !(148..156).contains(at));
    let sum = others.fold(8 * u32::from(b' '), |sum, (_, byte)| sum + u32::from(*byte));
    header.first().is_some_and(|byte| *byte != 0) && sum == claimed
}

/// Opens a zip archive. `passwords` are tried on encrypted members.
///
/// A listing that failed as a whole (its directory is missing or short) is an error of `entries()`
/// with an empty path.
pub fn open_zip(bytes: Arc<dyn Reopen>, passwords: &[String]) -> Result<Box<dyn Volume>, Problem> {
    Ok(Box::new(zip::Zip::open(bytes, passwords)?))
}

/// Opens a tar or compressed file. `name` is its base name, from which a lone compressed file takes
/// its own (`x.txt.gz` holds `x.txt`).
pub fn open_stream<'a>(
    kind: ArchiveKind,
    name: &str,
    bytes: Box<dyn Read + 'a>,
) -> io::Result<Box<dyn Stream + 'a>> {
    if kind == ArchiveKind::Zip {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "zip cannot be read as a stream"));
    }
    if kind == ArchiveKind::Tar {
        return Ok(Box::new(tar::Tar::new(bytes)));
    }
    let mut inflating = Inflating::new(kind, bytes);
    let head = inflating.head();
    if is_tar(&head) {
        inflating.expect_many();
        return Ok(Box::new(tar::Tar::new(Box::new(Cursor::new(head).chain(inflating)))));
    }
    Ok(Box::new(lone::Lone::new(name, head, inflating)))
}
