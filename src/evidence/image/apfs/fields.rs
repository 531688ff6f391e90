//! The bytes of a record → its fields, all little-endian ("General-Purpose Types").

pub(super) use crate::evidence::image::fields::damaged;
use std::io;

/// A part of the format that is not read.
pub(super) fn unsupported(detail: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, detail.into())
}

/// A record whose fields are taken by their offset.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// `length` bytes at `at`.
    pub(super) fn bytes(self, at: usize, length: usize) -> io::Result<&'a [u8]> {
        let found = at.checked_add(length).and_then(|end| self.0.get(at..end));
        found.ok_or_else(|| damaged(format!("a record of {} bytes is too short", self.0.len())))
    }

    /// Everything from `at` on.
    pub(super) fn rest(self, at: usize) -> &'a [u8] {
        self.0.get(at..).unwrap_or_default()
    }

    fn array<const N: usize>(self, at: usize) -> io::Result<[u8; N]> {
        let bytes = self.bytes(at, N)?;
        bytes.try_into().map_err(|_| damaged("a field is cut"))
    }

    pub(super) fn u8(self, at: usize) -> io::Result<u8> {
        Ok(u8::from_le_bytes(self.array(at)?))
    }

    pub(super) fn u16(self, at: usize) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array(at)?))
    }

    pub(super) fn u32(self, at: usize) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array(at)?))
    }

    pub(super) fn u64(self, at: usize) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array(at)?))
    }

    /// A UUID as it is written; none if it is all zeros.
    pub(super) fn uuid(self, at: usize) -> io::Result<Option<String>> {
        let number = u128::from_be_bytes(self.array(at)?);
        let hex = format!("{number:032X}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        Ok((number != 0).then(|| parts.join("-")))
    }
}

/// Text up to its NUL; bytes that are not UTF-8 are replaced, and whether any were.
pub(super) fn text(bytes: &[u8]) -> (String, bool) {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), true),
    }
}
