//! One header of a zip → a member, and its bytes inflated.

use super::super::budget::entry_allowance;
use crate::evidence::{
    Entry, EntryKind, Modified, ReadSeek, Reopen, Use, limits, problem, safe_path,
};
use crate::model::Timestamp;
use crate::model::observation::{Problem, ProblemKind};
use jiff::civil::DateTime;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use zip::read::read_zipfile_from_stream_with_options;
use zip::result::ZipError;

/// Compression methods (APPNOTE 4.4.5), and whether they are read here.
const METHODS: &[(u16, &str, bool)] = &[
    (0, "stored", true),
    (1, "Shrink", false),
    (2, "Reduce 1", false),
    (3, "Reduce 2", false),
    (4, "Reduce 3", false),
    (5, "Reduce 4", false),
    (6, "Implode", false),
    (8, "Deflate", true),
    (9, "Deflate64", true),
    (10, "PKWARE DCL Implode", false),
    (12, "bzip2", true),
    (14, "LZMA", true),
    (20, "Zstandard (early)", false),
    (93, "Zstandard", false),
    (94, "MP3", false),
    (95, "XZ", true),
    (96, "JPEG", false),
    (97, "WavPack", false),
    (98, "PPMd", false),
    (99, "AES of an unknown kind", false),
];

const STORED: u16 = 0;
const LZMA: u16 = 14;
const XZ: u16 = 95;

/// What a member is, from the file mode of Unix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Folder,
    File,
    Link,
    Special,
}

/// A member as its header describes it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub path: String,
    pub problems: Vec<Problem>,
    /// Offset of its local header.
    pub header: u64,
    pub method: u16,
    pub flags: u16,
    pub is_aes: bool,
    pub crc: u32,
    pub compressed: u64,
    /// Uncompressed size; unknown where only a local header without it was found.
    pub size: Option<u64>,
    pub modified: Option<Modified>,
    pub kind: Type,
}

impl Member {
    pub(super) fn is_folder(&self) -> bool {
        // Bytes in what calls itself a folder are not passed over.
        self.kind == Type::Folder && self.size == Some(0)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether its bytes stand in the archive as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.method == STORED && !self.is_encrypted() && self.size == Some(self.compressed)
    }

    pub(super) fn entry(&self, index: usize) -> Entry {
        let mut entry = Entry::file(self.path.clone(), self.size.unwrap_or(0), index);
        entry.modified = self.modified;
        entry.problems.clone_from(&self.problems);
        entry.kind = match self.kind {
            Type::Link => EntryKind::Link(String::new()),
            Type::Special => EntryKind::Special,
            Type::File | Type::Folder => EntryKind::File,
        };
        entry
    }

    /// Offset of its data: behind the local header, whose extra field may differ from the directory's.
    pub(super) fn data_start(&self, reader: &mut dyn ReadSeek) -> io::Result<u64> {
        reader.seek(SeekFrom::Start(self.header))?;
        let mut header = [0; 30];
        reader.read_exact(&mut header)?;
        if !header.starts_with(b"PK\x03\x04") {
            let detail = "there is no file header where the archive's directory points";
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        let length = |at| u64::from(u16_at(&header, at).unwrap_or(0));
        Ok(self.header.saturating_add(30).saturating_add(length(26)).saturating_add(length(28)))
    }

    /// Calls `then` with its bytes. A wrong password is an error of kind `PermissionDenied`, before
    /// `then` is called.
    pub(super) fn read(
        &self,
        bytes: &dyn Reopen,
        password: Option<&str>,
        then: &mut Use<'_>,
    ) -> io::Result<()> {
        self.check_method()?;
        let mut raw = bytes.reopen()?;
        let start = self.data_start(&mut *raw)?;
        let missing = start.saturating_add(self.compressed).saturating_sub(bytes.size());
        raw.seek(SeekFrom::Start(start))?;
        let plain = password.is_none();
        if plain && self.method == LZMA {
            check_dictionary(&mut raw)?;
        }
        if plain && self.method == XZ {
            // The crate sets no limit to an xz dictionary.
            let limit = u32::try_from(limits::DICTIONARY >> 10).unwrap_or(u32::MAX);
            let data = BufReader::new(raw.take(self.compressed));
            let inflated = lzma_rust2::XzReader::new_mem_limit(data, true, limit);
            return then(&mut self.bounded(inflated, missing));
        }
        raw.seek(SeekFrom::Start(self.header))?;
        let mut reader = BufReader::with_capacity(1 << 15, raw);
        let mut options = zip::ZipReadOptions::new()
            .password(password.map(str::as_bytes))
            .override_compressed_size(self.compressed);
        if let Some(size) = self.size {
            options = options.override_uncompressed_size(size).override_crc(self.crc);
        }
        match read_zipfile_from_stream_with_options(&mut reader, options) {
            Ok(Some(file)) => then(&mut self.bounded(file, missing)),
            Ok(None) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => Err(in_words(error)),
        }
    }

    fn bounded<R>(&self, inner: R, missing: u64) -> Bounded<R> {
        let limit = self.size.unwrap_or_else(|| entry_allowance(self.compressed));
        Bounded { inner, left: limit, known: self.size.is_some(), missing }
    }

    fn check_method(&self) -> io::Result<()> {
        let known = METHODS.iter().find(|(number, ..)| *number == self.method);
        let detail = match known {
            Some((_, _, true)) => return Ok(()),
            Some((number, name, false)) => format!("compressed by {name} (method {number})"),
            None => format!("compressed by an unknown method ({})", self.method),
        };
        Err(io::Error::new(io::ErrorKind::Unsupported, detail))
    }
}

fn in_words(error: ZipError) -> io::Error {
    match error {
        ZipError::InvalidPassword => io::ErrorKind::PermissionDenied.into(),
        ZipError::Io(error) => error,
        ZipError::UnsupportedArchive(what) => {
            io::Error::new(io::ErrorKind::Unsupported, format!("not supported: {what}"))
        }
        ZipError::CompressionMethodNotSupported(method) => {
            let detail = format!("compressed by an unknown method ({method})");
            io::Error::new(io::ErrorKind::Unsupported, detail)
        }
        other => io::Error::new(io::ErrorKind::InvalidData, format!("damaged: {other}")),
    }
}

/// The dictionary that an LZMA member asks for: behind four bytes of version and length and one of
/// properties (APPNOTE 5.8.8).
fn check_dictionary(raw: &mut dyn Read) -> io::Result<()> {
    let mut head = [0; 9];
    raw.read_exact(&mut head)?;
    let size = u32_at(&head, 5).unwrap_or(0);
    if u64::from(size) <= limits::DICTIONARY {
        return Ok(());
    }
    let detail = format!("its dictionary is larger than {} bytes", limits::DICTIONARY);
    Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail))
}

/// A member's bytes, ending with an error where they are more or less than the header says.
struct Bounded<R> {
    inner: R,
    left: u64,
    known: bool,
    missing: u64,
}

impl<R: Read> Bounded<R> {
    fn in_words(&self, error: &io::Error) -> io::Error {
        let (kind, detail) = match error.kind() {
            io::ErrorKind::OutOfMemory => {
                let detail = format!("its dictionary is larger than {} bytes", limits::DICTIONARY);
                (io::ErrorKind::QuotaExceeded, detail)
            }
            _ if self.missing > 0 => {
                let detail = format!("{} of its stored bytes are missing", self.missing);
                (io::ErrorKind::UnexpectedEof, detail)
            }
            io::ErrorKind::UnexpectedEof => {
                (io::ErrorKind::UnexpectedEof, "its compressed data ends too early".to_owned())
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                (io::ErrorKind::InvalidData, format!("its data is damaged: {error}"))
            }
            kind => (kind, error.to_string()),
        };
        io::Error::new(kind, detail)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).map_err(|error| self.in_words(&error))?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            let (kind, detail) = if self.known {
                (io::ErrorKind::InvalidData, "it has more bytes than its header says".to_owned())
            } else {
                let ratio = limits::RATIO;
                let detail = format!("inflates to more than {ratio} times its size; not read on");
                (io::ErrorKind::QuotaExceeded, detail)
            };
            return Err(io::Error::new(kind, detail));
        };
        if count == 0 && !buffer.is_empty() && self.known && left > 0 {
            let early = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(self.in_words(&early));
        }
        self.left = left;
        Ok(count)
    }
}

/// The fields of an extra field, by id.
pub(super) fn extra_fields(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?);
        let (field, rest) = bytes.get(4..)?.split_at_checked(usize::from(size))?;
        bytes = rest;
        Some((id, field))
    })
}

/// When the member was modified: UTC from Info-ZIP's extended timestamp (0x5455), its older Unix field
/// (0x5855, which the Archive Utility of macOS writes) or NTFS's (0x000a), else the DOS time.
pub(super) fn modified(extra: &[u8], date: u16, time: u16) -> Option<Modified> {
    let instant = extra_fields(extra).find_map(|(id, field)| match id {
        0x5455 if field.first()? & 1 == 1 => seconds(field, 1),
        0x5855 => seconds(field, 4),
        0x000a if u16_at(field, 4)? == 1 => filetime(u64_at(field, 8)?),
        _ => None,
    });
    instant
        .map(Modified::Utc)
        .and_then(Modified::known)
        .or_else(|| dos(date, time).map(Modified::Local))
}

fn seconds(field: &[u8], at: usize) -> Option<Timestamp> {
    let bytes = field.get(at..)?.first_chunk()?;
    Timestamp::from_second(i64::from(i32::from_le_bytes(*bytes))).ok()
}

/// Steps of 100 nanoseconds since 1601.
fn filetime(ticks: u64) -> Option<Timestamp> {
    let since_1970 = i64::try_from(ticks).ok()?.checked_sub(116_444_736_000_000_000)?;
    Timestamp::from_nanosecond(i128::from(since_1970).checked_mul(100)?).ok()
}

/// Date and time of MS-DOS: years since 1980, seconds halved. Its first instant is what tools write that
/// know no time.
fn dos(date: u16, time: u16) -> Option<DateTime> {
    if (date, time) == (0x21, 0) {
        return None;
    }
    let part = |value: u16, shift: u16, bits: u16| i8::try_from((value >> shift) & bits).ok();
    let year = i16::try_from(1980 + (date >> 9)).ok()?;
    let second = part(time, 0, 31)?.checked_mul(2)?;
    DateTime::new(
        year,
        part(date, 5, 15)?,
        part(date, 0, 31)?,
        part(time, 11, 31)?,
        part(time, 5, 63)?,
        second,
        0,
    )
    .ok()
}

/// The path of a member, with what is wrong with its name.
pub(super) fn named(raw: &[u8]) -> (String, Vec<Problem>) {
    let (path, mut problems) = safe_path(&String::from_utf8_lossy(raw));
    if std::str::from_utf8(raw).is_err() {
        let detail = "the name is not UTF-8; shown with replacement characters";
        problems.push(problem(ProblemKind::UnsafeName, detail));
    }
    (path, problems)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
