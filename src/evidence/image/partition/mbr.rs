//! A master boot record → its partitions, those in extended ones too (UEFI specification 2.10, section 5.2, for the record;
//! Microsoft, "Disk Concepts and Troubleshooting", for extended partitions).

use super::fields::{bytes, le16, le32};
use super::{Listing, Row, Scheme, head, kinds};
use crate::evidence::image::{Disk, disk};
use crate::evidence::{limits, problem};
use crate::model::observation::ProblemKind;

pub(super) const SCHEME: Scheme = Scheme { detect, read };

/// Bytes of a sector: a disk with larger ones that bears only an MBR is not known of Macs.
const SECTOR: u64 = 512;

/// Types of partitions that hold others: CHS, LBA, Linux.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];

/// The type of the one that protects a GPT.
const PROTECTIVE: u8 = 0xee;

/// An entry of a record.
#[derive(Clone, Copy)]
struct Entry {
    boot: u8,
    kind: u8,
    /// First sector, counted from a place that depends on the entry.
    start: u32,
    /// Sectors.
    count: u32,
}

impl Entry {
    fn is_used(self) -> bool {
        self.kind != 0 && self.count != 0
    }

    fn is_extended(self) -> bool {
        EXTENDED.contains(&self.kind)
    }

    /// Whether a tool could have written it.
    fn is_plausible(self) -> bool {
        let is_flag = matches!(self.boot, 0 | 0x80);
        let is_empty = self.kind == 0 && self.start == 0 && self.count == 0;
        let end = u64::from(self.start).saturating_add(u64::from(self.count));
        let is_placed = self.start > 0 && self.count > 0 && end <= 1 << 32;
        is_flag && (is_empty || (self.kind != 0 && is_placed))
    }

    fn overlaps(self, other: Self) -> bool {
        let end = |entry: Self| u64::from(entry.start).saturating_add(u64::from(entry.count));
        u64::from(self.start) < end(other) && u64::from(other.start) < end(self)
    }
}

/// The four entries of a record; none without its signature.
fn entries(sector: &[u8]) -> Option<[Entry; 4]> {
    if bytes(sector, 510) != Some([0x55, 0xaa]) {
        return None;
    }
    let entry = |at: usize| {
        let [boot, _, _, _, kind, ..]: [u8; 16] = bytes(sector, at)?;
        let (start, count) =
            (le32(sector, at.checked_add(8)?)?, le32(sector, at.checked_add(12)?)?);
        Some(Entry { boot, kind, start, count })
    };
    Some([entry(446)?, entry(462)?, entry(478)?, entry(494)?])
}

/// Whether there is a record whose every entry could be one: boot sectors of file systems bear the same signature, and code or text where the entries would be.
fn detect(head: &[u8]) -> bool {
    !is_boot_sector(head) && plausible(head).is_some()
}

fn plausible(head: &[u8]) -> Option<[Entry; 4]> {
    let entries = entries(head)?;
    let used: Vec<Entry> = entries.into_iter().filter(|entry| entry.is_used()).collect();
    let mut pairs = used.iter().enumerate().flat_map(|(at, one)| {
        used.iter().skip(at.saturating_add(1)).map(move |other| (one, other))
    });
    let is_apart = pairs.all(|(one, other)| !one.overlaps(*other));
    let are_plausible = entries.iter().all(|entry| entry.is_plausible());
    (are_plausible && is_apart && !used.is_empty()).then_some(entries)
}

/// Whether a sector is the first of a FAT, NTFS or exFAT volume (Microsoft, "FAT: General Overview of On-Disk Format", page 9):
/// a jump, and a parameter block of sizes that are possible.
fn is_boot_sector(sector: &[u8]) -> bool {
    if !matches!(sector.first(), Some(0xeb | 0xe9)) {
        return false;
    }
    let is_named = |name: &[u8]| sector.get(3..).is_some_and(|rest| rest.starts_with(name));
    let sizes = [512, 1024, 2048, 4096];
    let is_fat = le16(sector, 11).is_some_and(|size| sizes.contains(&size))
        && sector.get(13).is_some_and(|count| count.is_power_of_two())
        && matches!(sector.get(16), Some(1 | 2))
        && sector.get(21).is_some_and(|media| *media >= 0xf0);
    is_named(b"NTFS    ") || is_named(b"EXFAT   ") || is_fat
}

/// The sector behind the last one that a protective record covers.
pub(super) fn protected_end(head: &[u8]) -> Option<u64> {
    let protective = entries(head)?.into_iter().find(|entry| entry.kind == PROTECTIVE)?;
    u64::from(protective.start).checked_add(u64::from(protective.count))
}

fn read(disk: &dyn Disk) -> Option<Listing> {
    let head = head(disk).filter(|head| detect(head))?;
    let mut listing = Listing::default();
    for entry in plausible(&head)?.into_iter().filter(|entry| entry.is_used()) {
        match entry.kind {
            PROTECTIVE => {
                let detail = "the disk has a protective MBR, but no GPT that can be read";
                listing.problems.push(problem(ProblemKind::MalformedFile, detail));
            }
            _ if entry.is_extended() => extended(disk, entry.start, &mut listing),
            _ => listing.rows.push(row(entry, 0)),
        }
    }
    Some(listing)
}

/// The partitions in an extended one: a chain of records, each with one partition, counted from the record, and the place of the next
/// record, counted from the first.
fn extended(disk: &dyn Disk, first: u32, listing: &mut Listing) {
    let mut at = u64::from(first);
    let mut seen = Vec::new();
    while !seen.contains(&at) && seen.len() < limits::PARTITIONS {
        seen.push(at);
        let sector = disk::read_vec(disk, at.saturating_mul(SECTOR), 512).ok();
        let Some(entries) = sector.as_deref().and_then(entries) else {
            let detail = format!("the record of an extended partition in sector {at} is damaged");
            listing.problems.push(problem(ProblemKind::MalformedFile, detail));
            return;
        };
        let used = entries.into_iter().filter(|entry| entry.is_used());
        let (links, partitions): (Vec<Entry>, Vec<Entry>) = used.partition(|e| e.is_extended());
        listing.rows.extend(partitions.into_iter().map(|entry| row(entry, at)));
        let Some(next) = links.first() else { return };
        at = u64::from(first).saturating_add(u64::from(next.start));
    }
    let detail = "the records of an extended partition lead in a circle, or are too many";
    listing.problems.push(problem(ProblemKind::Limit, detail));
}

fn row(entry: Entry, base: u64) -> Row {
    Row {
        name: String::new(),
        kind: kinds::of_byte(entry.kind),
        offset: base.saturating_add(u64::from(entry.start)).checked_mul(SECTOR),
        size: u64::from(entry.count).saturating_mul(SECTOR),
    }
}
