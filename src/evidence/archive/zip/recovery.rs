//! A zip without its directory (cut off, or overwritten) → the members whose own headers are found.

use super::directory::{Listing, aes_method, sizes};
use super::member::{Member, Type, modified, named, u16_at, u32_at, u64_at};
use crate::evidence::{ReadSeek, Reopen, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::io::{self, Read, SeekFrom};

/// Bytes that are held at once: more than any header has.
const BLOCK: u64 = 1 << 18;

/// Finds members from front to back.
pub(super) fn scan(bytes: &dyn Reopen) -> Result<Listing, Problem> {
    let members = bytes.reopen().and_then(|reader| {
        let mut scanner = Scanner { reader, start: 0, block: Vec::new() };
        let mut members = Vec::new();
        let mut at = 0;
        while let Some(header) = scanner.find(at, *b"PK\x03\x04")? {
            if members.len() >= limits::ENTRIES {
                break;
            }
            at = match local(&mut scanner, header, bytes.size())? {
                Some((member, next)) => {
                    members.push(member);
                    next
                }
                None => header.saturating_add(4),
            };
        }
        Ok(members)
    });
    let members = members.map_err(|error| problem(kind_of(&error), error.to_string()))?;
    if members.is_empty() {
        let detail = "the archive's directory is missing, and no member is found without it";
        return Err(problem(ProblemKind::Truncated, detail));
    }
    let detail = "the archive's directory is missing: its members are those whose own headers are \
                  found, links and folders shown as files";
    Ok((members, vec![problem(ProblemKind::Truncated, detail)]))
}

/// A file read in blocks.
struct Scanner {
    reader: Box<dyn ReadSeek>,
    start: u64,
    block: Vec<u8>,
}

impl Scanner {
    /// The bytes from `at` in the block at hand: at least `count` but at the end of the file.
    fn bytes(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let offset = |start| usize::try_from(at.checked_sub(start)?).ok();
        let held = offset(self.start).and_then(|offset| self.block.get(offset..));
        if held.is_none_or(|held| held.len() < count) {
            self.block.clear();
            self.start = at;
            self.reader.seek(SeekFrom::Start(at))?;
            (&mut self.reader).take(BLOCK).read_to_end(&mut self.block)?;
        }
        let held = offset(self.start).and_then(|offset| self.block.get(offset..));
        Ok(held.unwrap_or_default())
    }

    /// Offset of the next `magic` at or behind `from`.
    fn find(&mut self, from: u64, magic: [u8; 4]) -> io::Result<Option<u64>> {
        let mut at = from;
        loop {
            let held = self.bytes(at, magic.len())?;
            if let Some(offset) = memchr::memmem::find(held, &magic) {
                return Ok(Some(at.saturating_add(offset as u64)));
            }
            if held.len() < magic.len() {
                return Ok(None);
            }
            // The magic may stand across two blocks.
            at = at.saturating_add(held.len() as u64).saturating_sub(3);
        }
    }
}

/// The member whose header stands at `at`, and where to look for the next.
fn local(scanner: &mut Scanner, at: u64, end: u64) -> io::Result<Option<(Member, u64)>> {
    let Some(header) = scanner.bytes(at, 30)?.first_chunk::<30>().copied() else {
        return Ok(None);
    };
    let word = |at| u16_at(&header, at).unwrap_or(0);
    let long = |at| u32_at(&header, at).unwrap_or(0);
    let (name_length, extra_length) = (usize::from(word(26)), usize::from(word(28)));
    let start = at.saturating_add(30 + name_length as u64 + extra_length as u64);
    let whole = 30_usize.saturating_add(name_length).saturating_add(extra_length);
    let rest = scanner.bytes(at, whole)?.get(30..whole).unwrap_or_default().to_vec();
    // A header that is cut off names nothing that could be read.
    let parts = rest.split_at_checked(name_length).filter(|_| name_length > 0);
    let Some((name, extra)) = parts else { return Ok(None) };
    let (size, compressed, _) = sizes(extra, [long(22), long(18), 0]);
    let mut told = Told { crc: long(14), compressed, size: Some(size), next: None };
    // Sizes that were not known when the header was written follow the data (APPNOTE 4.3.9).
    if word(6) & 8 != 0 && compressed == 0 {
        told = descriptor(scanner, start, end)?;
    }
    let (path, problems) = named(name);
    let aes = aes_method(extra).filter(|_| word(8) == 99);
    let next = told.next.unwrap_or_else(|| start.saturating_add(told.compressed));
    let folder = name.ends_with(b"/");
    let member = Member {
        path,
        problems,
        header: at,
        method: aes.unwrap_or(word(8)),
        flags: word(6),
        is_aes: aes.is_some(),
        crc: told.crc,
        compressed: told.compressed,
        size: told.size,
        modified: modified(extra, word(12), word(10)),
        kind: if folder { Type::Folder } else { Type::File },
    };
    Ok(Some((member, next.min(end))))
}

/// What is known of a member's data.
struct Told {
    crc: u32,
    compressed: u64,
    size: Option<u64>,
    next: Option<u64>,
}

/// Looks for the data descriptor whose size is its own distance from the start of the data.
fn descriptor(scanner: &mut Scanner, start: u64, end: u64) -> io::Result<Told> {
    let mut from = start;
    while let Some(at) = scanner.find(from, *b"PK\x07\x08")? {
        let record = scanner.bytes(at, 24)?;
        let compressed = at.saturating_sub(start);
        let crc = u32_at(record, 4).unwrap_or(0);
        let next = |length| Some(at.saturating_add(length));
        if u64_at(record, 8) == Some(compressed) {
            return Ok(Told { crc, compressed, size: u64_at(record, 16), next: next(24) });
        }
        // Without zip64 the sizes are cut to 32 bits.
        if u32_at(record, 8).map(u64::from) == Some(compressed & u64::from(u32::MAX)) {
            let size = u32_at(record, 12).map(u64::from);
            return Ok(Told { crc, compressed, size, next: next(16) });
        }
        from = at.saturating_add(4);
    }
    // Cut off within the member, whose bytes then run to the end.
    Ok(Told { crc: 0, compressed: end.saturating_sub(start), size: None, next: None })
}
