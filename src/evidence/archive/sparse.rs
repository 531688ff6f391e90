//! pax attributes of a tar entry → its name, time and size; a file stored without its holes → the file.
//!
//! GNU tar's formats (its manual, "Storing Sparse Files"): 0.0 lists the pieces as pairs of attributes, 0.1
//! in one attribute; 1.0, its default, puts a map in front of the data: a count, then offset and size
//! of each piece, a decimal number a line, padded with NULs to 512 bytes.

use crate::model::Timestamp;
use std::io::{self, Read};

/// What pax headers say about the entry that follows them.
#[derive(Default)]
pub(super) struct Attributes {
    /// Its real name, where the archive shows another.
    pub name: Option<Vec<u8>>,
    /// Its size with its holes.
    pub size: Option<u64>,
    /// Its time of modification, finer than the header's.
    pub modified: Option<Timestamp>,
    /// Where its pieces are listed.
    pub pieces: Pieces,
}

/// Offsets and sizes of the stored pieces of a file.
#[derive(Default)]
pub(super) enum Pieces {
    /// It is stored whole.
    #[default]
    Whole,
    /// In front of its data.
    InData,
    /// In its attributes.
    Listed(Vec<(u64, u64)>),
}

impl Attributes {
    /// The attributes of `found`; what cannot be read is left out.
    pub(super) fn of<R: Read>(found: &mut tar::Entry<'_, R>) -> Self {
        let mut attributes = Self::default();
        let Ok(Some(extensions)) = found.pax_extensions() else { return attributes };
        let mut numbers = Vec::new();
        for extension in extensions.flatten() {
            let value = extension.value_bytes();
            match extension.key_bytes() {
                b"mtime" => attributes.modified = instant(value),
                b"GNU.sparse.name" => attributes.name = Some(value.to_vec()),
                b"GNU.sparse.realsize" | b"GNU.sparse.size" => attributes.size = number(value),
                b"GNU.sparse.major" if value == b"1" => attributes.pieces = Pieces::InData,
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => numbers.extend(number(value)),
                b"GNU.sparse.map" => {
                    numbers = value.split(|b| *b == b',').filter_map(number).collect();
                }
                _ => {}
            }
        }
        let pairs =
            numbers.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
        if !numbers.is_empty() && !matches!(attributes.pieces, Pieces::InData) {
            attributes.pieces = Pieces::Listed(pairs.collect());
        }
        if attributes.size.is_none() {
            (attributes.name, attributes.pieces) = (None, Pieces::Whole);
        }
        attributes
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

/// Seconds since 1970 with a fraction (POSIX.1-2001 pax, `mtime`).
fn instant(value: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds: i32 = digits.parse().ok()?;
    let signed = if whole.starts_with('-') { nanoseconds.checked_neg()? } else { nanoseconds };
    Timestamp::new(seconds, signed).ok()
}

/// A file with its holes filled with zeros. Reads on without end behind the last piece: the caller
/// knows the size.
pub(super) struct Expanded<R> {
    inner: R,
    pieces: Option<std::vec::IntoIter<(u64, u64)>>,
    /// Zeros still to come before the piece.
    hole: u64,
    /// Bytes still to come of the piece.
    piece: u64,
    at: u64,
}

/// Pieces of one file that are kept in memory.
const PIECES: u64 = 1 << 20;

impl<R: Read> Expanded<R> {
    /// Expands `inner`, which begins with the map if no `pieces` are listed.
    pub(super) fn new(inner: R, pieces: Option<Vec<(u64, u64)>>) -> Self {
        let pieces = pieces.map(IntoIterator::into_iter);
        Self { inner, pieces, hole: 0, piece: 0, at: 0 }
    }

    fn map(&mut self) -> io::Result<Vec<(u64, u64)>> {
        let mut taken = 0;
        let count = self.line(&mut taken)?;
        if count > PIECES {
            let detail = format!("a sparse file of {count} pieces, more than {PIECES}");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
        }
        let mut pieces = Vec::new();
        for _ in 0..count {
            let offset = self.line(&mut taken)?;
            pieces.push((offset, self.line(&mut taken)?));
        }
        let padding = taken.next_multiple_of(512).saturating_sub(taken);
        io::copy(&mut (&mut self.inner).take(padding), &mut io::sink())?;
        Ok(pieces)
    }

    /// A decimal number with its line feed.
    fn line(&mut self, taken: &mut u64) -> io::Result<u64> {
        let mut digits = Vec::new();
        let mut byte = [0];
        loop {
            self.inner.read_exact(&mut byte)?;
            *taken = taken.saturating_add(1);
            match byte {
                [b'\n'] => break,
                [digit] if digit.is_ascii_digit() && digits.len() < 20 => digits.push(digit),
                _ => return Err(malformed()),
            }
        }
        number(&digits).ok_or_else(malformed)
    }

    fn advance(&mut self) -> io::Result<()> {
        if self.pieces.is_none() {
            self.pieces = Some(self.map()?.into_iter());
        }
        match self.pieces.as_mut().and_then(Iterator::next) {
            Some((offset, size)) => {
                self.hole = offset.checked_sub(self.at).ok_or_else(malformed)?;
                self.piece = size;
            }
            None => self.hole = u64::MAX,
        }
        Ok(())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the map of this sparse file is damaged")
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.hole == 0 && self.piece == 0 {
            self.advance()?;
        }
        let count = if self.hole > 0 {
            let count = io::repeat(0).take(self.hole).read(buffer)?;
            self.hole = self.hole.saturating_sub(count as u64);
            count
        } else {
            let count = (&mut self.inner).take(self.piece).read(buffer)?;
            self.piece = self.piece.saturating_sub(count as u64);
            count
        };
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}
