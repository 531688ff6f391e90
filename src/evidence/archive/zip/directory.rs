//! The central directory of a zip, zip64 included → its members (APPNOTE 6.3.10, 4.3.12 to 4.3.16).

use super::member::{Member, Type, extra_fields, modified, named, u16_at, u32_at, u64_at};
use super::recovery;
use crate::evidence::{ReadSeek, Reopen, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::io::{self, BufReader, Read, SeekFrom};

/// The end record without its comment.
const END: u64 = 22;
/// The zip64 end record, and the locator that points to it.
const END64: u64 = 56;
const LOCATOR: u64 = 20;

/// Members, with what is wrong with the directory as a whole.
pub(super) type Listing = (Vec<Member>, Vec<Problem>);

/// Lists an archive from its directory, or from what is found without it.
pub(super) fn list(bytes: &dyn Reopen) -> Result<Listing, Problem> {
    let listed = bytes.reopen().and_then(|mut reader| {
        let Some(end) = find_end(&mut *reader, bytes.size())? else { return Ok(None) };
        members(&mut *reader, &end).map(Some)
    });
    match listed {
        Ok(Some(listing)) => Ok(listing),
        Ok(None) => recovery::scan(bytes),
        Err(error) => Err(problem(kind_of(&error), error.to_string())),
    }
}

/// Where the directory lies.
struct End {
    /// Its first byte in the file.
    start: u64,
    /// The byte behind it.
    stop: u64,
    /// Bytes in front of the archive, by which all its offsets are short.
    shift: u64,
    /// Members that it should have; below `wraps` if that is a count that wraps.
    count: u64,
    /// Whether `count` is kept in 16 bits: writers without zip64, as macOS's, let it wrap.
    wraps: bool,
}

fn find_end(reader: &mut dyn ReadSeek, size: u64) -> io::Result<Option<End>> {
    let tail_start = size.saturating_sub(END + 0xffff + END64 + LOCATOR);
    reader.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    (&mut *reader).take(size.saturating_sub(tail_start)).read_to_end(&mut tail)?;
    let found: Vec<_> = memchr::memmem::rfind_iter(&tail, b"PK\x05\x06").collect();
    // The last one that fits; a comment may hold the bytes too.
    for at in found {
        let record = tail.get(at..).unwrap_or_default();
        let position = tail_start.saturating_add(at as u64);
        let before = tail.get(..at).unwrap_or_default();
        if let Some(end) = read_end(reader, record, before, position)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

fn read_end(
    reader: &mut dyn ReadSeek,
    record: &[u8],
    before: &[u8],
    position: u64,
) -> io::Result<Option<End>> {
    let fields = || Some((u16_at(record, 10)?, u32_at(record, 12)?, u32_at(record, 16)?));
    let (Some((count, size, start)), true) = (fields(), record.len() as u64 >= END) else {
        return Ok(None);
    };
    let locator = before.len().checked_sub(20).and_then(|at| before.get(at..));
    if let Some(locator) = locator.filter(|bytes| bytes.starts_with(b"PK\x06\x07")) {
        let told = u64_at(locator, 8).unwrap_or(0);
        let usual = position.saturating_sub(LOCATOR + END64);
        for place in [told, usual] {
            if let Some((count, size, start)) = read_end64(reader, place)? {
                return settle(reader, (start, size), place, (count, false));
            }
        }
    }
    settle(reader, (start.into(), size.into()), position, (count.into(), true))
}

fn read_end64(reader: &mut dyn ReadSeek, at: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let mut record = Vec::new();
    reader.seek(SeekFrom::Start(at))?;
    (&mut *reader).take(END64).read_to_end(&mut record)?;
    let fields = || Some((u64_at(&record, 32)?, u64_at(&record, 40)?, u64_at(&record, 48)?));
    Ok(fields().filter(|_| record.starts_with(b"PK\x06\x06")))
}

/// The directory stands right before its end record, or where it says; something may stand before the
/// archive, and writers without zip64 cut sizes and offsets to 32 bits.
fn settle(
    reader: &mut dyn ReadSeek,
    (start, size): (u64, u64),
    stop: u64,
    (count, wraps): (u64, bool),
) -> io::Result<Option<End>> {
    if count == 0 && size == 0 {
        // An empty directory behind something else would hide what is there.
        let end = End { start: stop, stop, shift: 0, count, wraps };
        return Ok((stop == 0).then_some(end));
    }
    let adjacent = stop.checked_sub(size);
    for place in [adjacent, Some(start)].into_iter().flatten() {
        let mut magic = Vec::new();
        reader.seek(SeekFrom::Start(place))?;
        (&mut *reader).take(4).read_to_end(&mut magic)?;
        if magic == b"PK\x01\x02" && place < stop {
            let shift = place.saturating_sub(start);
            return Ok(Some(End { start: place, stop, shift, count, wraps }));
        }
    }
    Ok(None)
}

fn members(reader: &mut dyn ReadSeek, end: &End) -> io::Result<Listing> {
    reader.seek(SeekFrom::Start(end.start))?;
    let directory = reader.take(end.stop.saturating_sub(end.start));
    let mut directory = BufReader::with_capacity(1 << 16, directory);
    let (mut members, mut problems) = (Vec::new(), Vec::new());
    loop {
        if members.len() >= limits::ENTRIES {
            let detail = format!("more than {} members: the rest is not read", limits::ENTRIES);
            problems.push(problem(ProblemKind::Limit, detail));
            return Ok((members, problems));
        }
        match next_member(&mut directory, end.shift) {
            Ok(Some(member)) => members.push(member),
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    let found = members.len() as u64;
    let modulus = if end.wraps { 0x1_0000 } else { u64::MAX };
    if found % modulus != end.count % modulus {
        let count = end.count;
        let detail = format!("its directory should have {count} members; {found} can be read");
        problems.push(problem(ProblemKind::MalformedFile, detail));
    }
    Ok((members, problems))
}

/// Reads a header of the directory; none where something else stands.
fn next_member(directory: &mut dyn Read, shift: u64) -> io::Result<Option<Member>> {
    let mut header = [0; 46];
    directory.read_exact(&mut header)?;
    if !header.starts_with(b"PK\x01\x02") {
        return Ok(None);
    }
    let mut part = |at| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::from(u16_at(&header, at).unwrap_or(0))];
        directory.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    let (name, extra, _comment) = (part(28)?, part(30)?, part(32)?);
    let word = |at| u16_at(&header, at).unwrap_or(0);
    let long = |at| u32_at(&header, at).unwrap_or(0);
    let (size, compressed, offset) = sizes(&extra, [long(24), long(20), long(42)]);
    let (path, problems) = named(&name);
    let aes = aes_method(&extra).filter(|_| word(10) == 99);
    let member = Member {
        path,
        problems,
        header: offset.saturating_add(shift),
        method: aes.unwrap_or(word(10)),
        flags: word(8),
        is_aes: aes.is_some(),
        crc: long(16),
        compressed,
        size: Some(size),
        modified: modified(&extra, word(14), word(12)),
        kind: kind(&name, word(4), long(38)),
    };
    Ok(Some(member))
}

/// Sizes and offset; those that do not fit into 32 bits stand in the zip64 field, in this order.
pub(super) fn sizes(extra: &[u8], [size, compressed, offset]: [u32; 3]) -> (u64, u64, u64) {
    let field = extra_fields(extra).find(|(id, _)| *id == 1).map_or(&[][..], |(_, field)| field);
    let mut long = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0).unwrap_or(0));
    let mut full =
        |short: u32| if short == u32::MAX { long.next() } else { None }.unwrap_or(short.into());
    (full(size), full(compressed), full(offset))
}

/// The method behind AES encryption (the AE-x field).
pub(super) fn aes_method(extra: &[u8]) -> Option<u16> {
    extra_fields(extra).find(|(id, _)| *id == 0x9901).and_then(|(_, field)| u16_at(field, 5))
}

/// The mode of Unix stands in the upper half of the attributes if a Unix (3) or macOS (19) wrote them.
fn kind(name: &[u8], made_by: u16, attributes: u32) -> Type {
    let is_unix = matches!(made_by >> 8, 3 | 19);
    let mode = if is_unix { attributes >> 28 } else { 0 };
    match mode {
        0o12 => Type::Link,
        0o4 => Type::Folder,
        0o1 | 0o2 | 0o6 | 0o14 => Type::Special,
        _ if name.ends_with(b"/") => Type::Folder,
        _ => Type::File,
    }
}
