//! gzip, xz, bzip2 or zstd bytes → their content: all members one after the other, within a ratio.

use super::ArchiveKind;
use super::budget::{allowance, entry_allowance};
use super::zstd::Frame;
use crate::evidence::limits;
use std::io::{self, BufRead, Read};

/// Bytes that are read at once: where the data breaks off, decoders lose what they decoded in that read.
const STEP: usize = 1 << 14;

/// Bytes of content that are looked at to tell a tar from a lone file.
const HEAD: u64 = 512;

/// A compressed file being read. After an error every further read returns the same one.
pub(super) struct Inflating<'a> {
    kind: ArchiveKind,
    state: State<'a>,
    produced: u64,
    many: Many,
    failure: Option<(io::ErrorKind, String)>,
    trailing: bool,
    origin: Option<flate2::GzHeader>,
}

/// Whether the content is one file or many: what may inflate freely.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    No,
    Yes,
}

enum State<'a> {
    Between(Source<'a>),
    Gzip(Box<flate2::bufread::GzDecoder<Source<'a>>>),
    Bzip2(Box<bzip2::bufread::BzDecoder<Source<'a>>>),
    Xz(Box<lzma_rust2::XzReader<Source<'a>>>),
    Zstd(Box<Frame<Source<'a>>>),
    Ended(Source<'a>),
    /// Only while one state is turned into the next.
    Moving,
}

impl<'a> Inflating<'a> {
    /// Inflates `bytes`, which begin with the magic number of `kind`.
    pub(super) fn new(kind: ArchiveKind, bytes: Box<dyn Read + 'a>) -> Self {
        Self {
            kind,
            state: State::Between(Source::new(bytes)),
            produced: 0,
            many: Many::No,
            failure: None,
            trailing: false,
            origin: None,
        }
    }

    /// The first bytes of the content; fewer at the end or before an error, which comes with the next read.
    pub(super) fn head(&mut self) -> Vec<u8> {
        let mut head = Vec::new();
        // The error, if there is one, stays in `failure`.
        let _ = self.take(HEAD).read_to_end(&mut head);
        head
    }

    /// The content is a tar: its entries together may have more bytes than one file.
    pub(super) fn expect_many(&mut self) {
        self.many = Many::Yes;
    }

    /// The first gzip header: name and modification time of what was compressed.
    pub(super) fn gzip_header(&self) -> Option<&flate2::GzHeader> {
        self.origin.as_ref()
    }

    /// Whether bytes that are no further member followed the last one.
    pub(super) fn has_trailing_bytes(&self) -> bool {
        self.trailing
    }

    fn source(&self) -> Option<&Source<'a>> {
        match &self.state {
            State::Between(source) | State::Ended(source) => Some(source),
            State::Gzip(decoder) => Some(decoder.get_ref()),
            State::Bzip2(decoder) => Some(decoder.get_ref()),
            State::Xz(decoder) => Some(decoder.inner()),
            State::Zstd(decoder) => Some(decoder.get_ref()),
            State::Moving => None,
        }
    }

    /// Reads from the member at hand, or goes on to the next one.
    fn step(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let count = match &mut self.state {
            State::Between(_) => {
                self.begin()?;
                return Ok(None);
            }
            State::Gzip(decoder) => decoder.read(buffer)?,
            State::Bzip2(decoder) => decoder.read(buffer)?,
            State::Xz(decoder) => decoder.read(buffer)?,
            State::Zstd(decoder) => decoder.read(buffer)?,
            State::Ended(_) | State::Moving => return Ok(Some(0)),
        };
        if count > 0 {
            return Ok(Some(count));
        }
        self.state = match std::mem::replace(&mut self.state, State::Moving) {
            State::Gzip(decoder) => State::Between(decoder.into_inner()),
            State::Bzip2(decoder) => State::Between(decoder.into_inner()),
            State::Xz(decoder) => State::Between(decoder.into_inner()),
            State::Zstd(decoder) => State::Between(decoder.into_inner()),
            other => other,
        };
        Ok(None)
    }

    /// Opens the member at the source, or notices the end.
    fn begin(&mut self) -> io::Result<()> {
        let State::Between(mut source) = std::mem::replace(&mut self.state, State::Moving) else {
            return Ok(());
        };
        let follows = follows(self.kind, &mut source);
        if !matches!(follows, Ok(true)) {
            self.trailing = follows.is_ok() && !source.peek(1)?.is_empty();
            self.state = State::Ended(source);
            return follows.map(drop);
        }
        self.state = match self.kind {
            ArchiveKind::Gzip => {
                let decoder = flate2::bufread::GzDecoder::new(source);
                self.origin = self.origin.take().or_else(|| decoder.header().cloned());
                State::Gzip(Box::new(decoder))
            }
            ArchiveKind::Bzip2 => State::Bzip2(Box::new(bzip2::bufread::BzDecoder::new(source))),
            ArchiveKind::Zstd => {
                State::Zstd(Box::new(Frame::new(source).map_err(io::Error::other)?))
            }
            // Zip and tar never come here.
            _ => {
                let limit = u32::try_from(limits::DICTIONARY >> 10).unwrap_or(u32::MAX);
                State::Xz(Box::new(lzma_rust2::XzReader::new_mem_limit(source, false, limit)))
            }
        };
        Ok(())
    }

    /// Says where and why the content ends, in an analyst's words.
    fn fail(&mut self, error: &io::Error) -> io::Error {
        let (name, after) = (self.kind.as_str(), self.produced);
        let source = self.source();
        let below = source.and_then(|source| source.failure.clone());
        let (kind, detail) = if let Some(below) = below {
            below
        } else if error.kind() == io::ErrorKind::OutOfMemory {
            let detail = format!("its dictionary is larger than {} bytes", limits::DICTIONARY);
            (io::ErrorKind::QuotaExceeded, detail)
        } else if source.is_some_and(|source| source.ended) {
            let detail = format!("the {name} data ends too early, after {after} bytes of content");
            (io::ErrorKind::UnexpectedEof, detail)
        } else {
            let detail =
                format!("the {name} data is damaged after {after} bytes of content: {error}");
            (io::ErrorKind::InvalidData, detail)
        };
        self.failed(kind, detail)
    }

    fn failed(&mut self, kind: io::ErrorKind, detail: String) -> io::Error {
        self.failure = Some((kind, detail.clone()));
        io::Error::new(kind, detail)
    }

    fn allowed(&self) -> u64 {
        let taken = self.source().map_or(0, |source| source.taken);
        if self.many == Many::Yes { allowance(taken) } else { entry_allowance(taken) }
    }
}

impl Read for Inflating<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, detail)) = &self.failure {
            return Err(io::Error::new(*kind, detail.clone()));
        }
        let room = buffer.len().min(STEP);
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.step(buffer) {
                Ok(None) => {}
                Ok(Some(count)) => {
                    self.produced = self.produced.saturating_add(count as u64);
                    if self.produced > self.allowed() {
                        let detail = format!(
                            "inflates to more than {} times its size; the rest is not read",
                            limits::RATIO
                        );
                        return Err(self.failed(io::ErrorKind::QuotaExceeded, detail));
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(&error)),
            }
        }
    }
}

/// Whether another member follows. Zeros between members are padding (`.xz` file format §2.2; tapes).
fn follows(kind: ArchiveKind, source: &mut Source<'_>) -> io::Result<bool> {
    loop {
        let head = source.peek(8)?;
        let zeros = head.iter().take_while(|byte| **byte == 0).count();
        let follows = match kind {
            ArchiveKind::Gzip => head.starts_with(b"\x1f\x8b"),
            ArchiveKind::Bzip2 => head.starts_with(b"BZh"),
            ArchiveKind::Zstd => head.starts_with(b"\x28\xb5\x2f\xfd"),
            _ => head.starts_with(b"\xfd7zXZ\0"),
        };
        if follows {
            return Ok(true);
        }
        // zstd: a skippable frame, RFC 8878 §3.1.2.
        if let ([low, 0x2a, 0x4d, 0x18], Some(size)) =
            (head.first_chunk().unwrap_or(&[0; 4]), head.get(4..8))
            && kind == ArchiveKind::Zstd
            && low & 0xf0 == 0x50
        {
            let size = u32::from_le_bytes(size.try_into().unwrap_or_default());
            io::copy(&mut source.take(u64::from(size).saturating_add(8)), &mut io::sink())?;
        } else if zeros > 0 {
            source.consume(zeros);
        } else {
            return Ok(false);
        }
    }
}

/// A buffered reader that counts, can look ahead a few bytes, and remembers how it ended.
struct Source<'a> {
    inner: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    taken: u64,
    ended: bool,
    failure: Option<(io::ErrorKind, String)>,
}

impl<'a> Source<'a> {
    fn new(inner: Box<dyn Read + 'a>) -> Self {
        let buffer = vec![0; 1 << 16];
        Self { inner, buffer, start: 0, end: 0, taken: 0, ended: false, failure: None }
    }

    fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The next `count` bytes (at most eight), fewer only at the end.
    fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.buffered().len() < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        while self.buffered().len() < count && self.more()? > 0 {}
        Ok(self.buffered().get(..count).unwrap_or_else(|| self.buffered()))
    }

    fn more(&mut self) -> io::Result<usize> {
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = loop {
            match self.inner.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some((error.kind(), error.to_string()));
                    return Err(error);
                }
                Ok(count) => break count,
            }
        };
        self.ended |= count == 0;
        self.end = self.end.saturating_add(count);
        self.taken = self.taken.saturating_add(count as u64);
        Ok(count)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let count = ready.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            self.more()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }
}
