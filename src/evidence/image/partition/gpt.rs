//! A GUID partition table → its partitions (UEFI specification 2.10, section 5.3).
//!
//! The sector size is not stored: a header stands in the second sector, so at byte 512 or at byte 4,096. Where that one
//! or its entries are damaged, the backup is taken: in the last sector of the disk, or where the protective MBR or the
//! first header says.

use super::fields::{bytes, le32, le64};
use super::{Listing, Row, Scheme, head, kinds};
use crate::evidence::image::{Disk, disk};
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::ops::Range;

pub(super) const SCHEME: Scheme = Scheme { detect, read };

/// Sizes of sectors of the disks of Macs.
const SECTORS: [u64; 2] = [512, 4096];

const SIGNATURE: &[u8] = b"EFI PART";

/// Bytes of a header that are defined (table 5-5), and of an entry (table 5-6).
const HEADER: usize = 92;
const ENTRY: usize = 128;

/// The first sector that a partition can have: behind the protective MBR and the header.
const FIRST_SECTOR: u64 = 2;

/// Bytes of an entry as no tool writes them: the specification allows any power of two.
const LARGEST_ENTRY: u32 = 4096;

fn detect(head: &[u8]) -> bool {
    SECTORS.iter().any(|sector| {
        let at = usize::try_from(*sector).unwrap_or(usize::MAX);
        head.get(at..).is_some_and(|header| header.starts_with(SIGNATURE))
    })
}

/// A header with what it says.
struct Header {
    /// Size of a sector in bytes.
    sector: u64,
    /// Sector of the other header.
    alternate: u64,
    /// Sector of the first entry.
    entries: u64,
    count: u32,
    entry_size: u32,
    /// CRC-32 of the entries.
    entries_crc: u32,
    /// Whether its own CRC-32 is right.
    is_sound: bool,
}

/// The entries of a header.
struct Entries {
    bytes: Vec<u8>,
    size: usize,
    /// Whether their CRC-32 is right, and none was left out.
    is_sound: bool,
}

fn read(disk: &dyn Disk) -> Option<Listing> {
    let primary = SECTORS.iter().find_map(|&sector| header(disk, sector, sector));
    if let Some((header, entries)) = with_entries(disk, primary.as_ref())
        && header.is_sound
        && entries.is_sound
    {
        return Some(listing(header, &entries));
    }
    let backup = backup(disk, primary.as_ref());
    if let Some((header, entries)) = with_entries(disk, backup.as_ref()) {
        let mut listing = listing(header, &entries);
        let detail = "the first header of the GPT or its entries are damaged; the backup is read";
        listing.problems.insert(0, problem(ProblemKind::MalformedFile, detail));
        return Some(listing);
    }
    let (header, entries) = with_entries(disk, primary.as_ref())?;
    let mut listing = listing(header, &entries);
    let detail = "a checksum of the GPT is wrong and it has no backup; it is read as it stands";
    listing.problems.insert(0, problem(ProblemKind::MalformedFile, detail));
    Some(listing)
}

fn with_entries<'h>(disk: &dyn Disk, header: Option<&'h Header>) -> Option<(&'h Header, Entries)> {
    let header = header?;
    Some((header, entries(disk, header)?))
}

/// The header at a byte of the disk, if one is there.
fn header(disk: &dyn Disk, at: u64, sector: u64) -> Option<Header> {
    let stored = disk::read_vec(disk, at, 512).ok()?;
    if !stored.starts_with(SIGNATURE) {
        return None;
    }
    let size = usize::try_from(le32(&stored, 12)?).ok()?;
    let is_sound = size >= HEADER && header_crc(&stored, size) == Some(le32(&stored, 16)?);
    Some(Header {
        sector,
        alternate: le64(&stored, 32)?,
        entries: le64(&stored, 72)?,
        count: le32(&stored, 80)?,
        entry_size: le32(&stored, 84)?,
        entries_crc: le32(&stored, 88)?,
        is_sound,
    })
}

/// The CRC-32 of a header, whose own field counts as zero.
fn header_crc(stored: &[u8], size: usize) -> Option<u32> {
    let parts = [stored.get(..16)?, &[0; 4], stored.get(20..size)?];
    let mut crc = flate2::Crc::new();
    for part in parts {
        crc.update(part);
    }
    Some(crc.sum())
}

/// The first backup that is whole.
fn backup(disk: &dyn Disk, primary: Option<&Header>) -> Option<Header> {
    let protected = head(disk).and_then(|head| super::mbr::protected_end(&head));
    SECTORS.iter().find_map(|&sector| {
        let told = primary.filter(|primary| primary.sector == sector).map(|p| p.alternate);
        let last = protected.map(|end| end.saturating_sub(1));
        let places = [told, last].into_iter().flatten().filter_map(|at| at.checked_mul(sector));
        let mut places = disk.size().checked_sub(sector).into_iter().chain(places);
        places.find_map(|at| {
            let header = header(disk, at, sector).filter(|header| header.is_sound)?;
            entries(disk, &header).filter(|entries| entries.is_sound).map(|_| header)
        })
    })
}

/// The entries that a header tells of, as far as they lie on the disk.
fn entries(disk: &dyn Disk, header: &Header) -> Option<Entries> {
    let size = usize::try_from(header.entry_size).ok()?;
    if size < ENTRY || header.entry_size > LARGEST_ENTRY {
        return None;
    }
    let count = usize::try_from(header.count).ok()?.min(limits::PARTITIONS);
    let at = header.entries.checked_mul(header.sector)?;
    let bytes = disk::read_vec(disk, at, count.checked_mul(size)?).ok()?;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    Some(Entries { is_sound: crc.sum() == header.entries_crc, bytes, size })
}

fn listing(header: &Header, entries: &Entries) -> Listing {
    let mut listing = Listing::default();
    if header.count as usize > limits::PARTITIONS {
        let detail = format!(
            "the GPT claims {} entries; the first {} are read",
            header.count,
            limits::PARTITIONS
        );
        listing.problems.push(problem(ProblemKind::Limit, detail));
    }
    for (number, entry) in (1_u64..).zip(entries.bytes.chunks_exact(entries.size)) {
        let Some(kind) = bytes(entry, 0).filter(|kind| *kind != UNUSED) else { continue };
        match row(entry, &kind, header.sector) {
            Some(row) => listing.rows.push(row),
            None => listing.problems.push(dropped(number, entry)),
        }
    }
    listing
}

/// What is said of an entry that is used but tells of no sectors a partition can have.
fn dropped(number: u64, entry: &[u8]) -> Problem {
    let sector = |at| le64(entry, at).unwrap_or_default();
    let (first, last) = (sector(32), sector(40));
    let detail = format!("entry {number} of the GPT has sectors {first} to {last}: it is left out");
    problem(ProblemKind::MalformedFile, detail)
}

/// The type of an entry that is not used (table 5-7).
const UNUSED: [u8; 16] = [0; 16];

/// An entry that is used (table 5-6); none if no partition can have its sectors.
fn row(entry: &[u8], kind: &[u8; 16], sector: u64) -> Option<Row> {
    let (first, last) = (le64(entry, 32)?, le64(entry, 40)?);
    // The first sectors are the map's own.
    if first < FIRST_SECTOR {
        return None;
    }
    // The last sector belongs to it.
    let sectors = last.checked_sub(first)?.saturating_add(1);
    let offset = first.checked_mul(sector);
    let (kind, name) = (kinds::of_guid(kind), name(entry.get(NAME)?));
    Some(Row { name, kind, offset, size: sectors.saturating_mul(sector) })
}

/// Where the name stands in an entry: 36 units of UTF-16.
const NAME: Range<usize> = 56..128;

fn name(stored: &[u8]) -> String {
    let units = stored.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let units = units.take_while(|&unit| unit != 0);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
