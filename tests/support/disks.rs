//! Partitions → the bytes of a disk with their map: GPT, APM or MBR.

use portolan::evidence::image::disk::{Positioned, read_vec};
use portolan::evidence::image::{Disk, partition};
use portolan::evidence::memory::InMemory;
use std::sync::Arc;

/// GUIDs of types, as they are stored.
pub(crate) const APFS: [u8; 16] =
    [0xef, 0x57, 0x34, 0x7c, 0, 0, 0xaa, 0x11, 0xaa, 0x11, 0, 0x30, 0x65, 0x43, 0xec, 0xac];
pub(crate) const HFS: [u8; 16] =
    [0, 0x53, 0x46, 0x48, 0, 0, 0xaa, 0x11, 0xaa, 0x11, 0, 0x30, 0x65, 0x43, 0xec, 0xac];

/// A partition to be written: its type (for APM a name), its name, first sector and last.
pub(crate) struct Wanted<'a, T> {
    pub kind: T,
    pub name: &'a str,
    pub first: u64,
    pub last: u64,
}

/// A disk in memory.
pub(crate) fn disk(bytes: &[u8]) -> Arc<dyn Disk> {
    Arc::new(Positioned::new(Arc::new(InMemory(bytes.into()))))
}

/// Writes bytes at a place.
pub(crate) fn put(disk: &mut [u8], at: usize, bytes: &[u8]) {
    disk[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Sets a sector's worth of bytes to its own number, so that it can be told which ones a partition has.
pub(crate) fn numbered(sectors: usize, sector: usize) -> Vec<u8> {
    (0..sectors).flat_map(|number| vec![u8::try_from(number % 251).unwrap(); sector]).collect()
}

/// Name, kind, first byte and size of a partition.
pub(crate) type Shown = (String, String, u8, u64);

/// Every partition, and the problems.
pub(crate) fn listed(bytes: &[u8]) -> (Vec<Shown>, Vec<String>) {
    let (partitions, problems) = partition::list(&disk(bytes));
    let shown = partitions.into_iter().map(|part| {
        let first = read_vec(&*part.disk, 0, 1).map_or(0, |bytes| bytes[0]);
        (part.name, part.kind, first, part.disk.size())
    });
    let problems =
        problems.into_iter().map(|found| format!("{}: {}", found.kind.as_str(), found.detail));
    (shown.collect(), problems.collect())
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Puts a GPT of 128 entries and its backup on a disk, with a protective MBR.
pub(crate) fn put_gpt(disk: &mut [u8], sector: usize, wanted: &[Wanted<'_, [u8; 16]>]) {
    let sectors = disk.len() / sector;
    let mut entries = vec![0; 128 * 128];
    for (number, part) in wanted.iter().enumerate() {
        let at = number * 128;
        put(&mut entries, at, &part.kind);
        entries[at + 16] = 1;
        put(&mut entries, at + 32, &part.first.to_le_bytes());
        put(&mut entries, at + 40, &part.last.to_le_bytes());
        let name: Vec<u8> = part.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        put(&mut entries, at + 56, &name);
    }
    let table = entries.len().div_ceil(sector);
    for (here, other, first) in [(1, sectors - 1, 2), (sectors - 1, 1, sectors - 1 - table)] {
        put(disk, here * sector, &gpt_header(here, other, first, &entries));
        put(disk, first * sector, &entries);
    }
    let count = u32::try_from(sectors - 1).unwrap();
    put_mbr(disk, 0, &[(0xee, 1, count)]);
}

fn gpt_header(here: usize, other: usize, first: usize, entries: &[u8]) -> Vec<u8> {
    let mut header = b"EFI PART\0\0\x01\0".to_vec();
    header.extend(92_u32.to_le_bytes());
    header.extend([0; 8]);
    for place in [here, other, 0, 0] {
        header.extend((place as u64).to_le_bytes());
    }
    header.extend([7; 16]);
    header.extend((first as u64).to_le_bytes());
    for number in [128, 128, crc(entries)] {
        header.extend(number.to_le_bytes());
    }
    let sum = crc(&header).to_le_bytes();
    put(&mut header, 16, &sum);
    header
}

/// Puts a master boot record in a sector: types, starts and counts.
pub(crate) fn put_mbr(disk: &mut [u8], sector: usize, entries: &[(u8, u32, u32)]) {
    let at = sector * 512;
    disk[at..at + 512].fill(0);
    for (number, (kind, start, count)) in entries.iter().enumerate() {
        let entry = at + 446 + number * 16;
        disk[entry + 4] = *kind;
        put(disk, entry + 8, &start.to_le_bytes());
        put(disk, entry + 12, &count.to_le_bytes());
    }
    put(disk, at + 510, &[0x55, 0xaa]);
}

/// Puts an Apple partition map on a disk, in blocks of `block` bytes.
pub(crate) fn put_apm(disk: &mut [u8], block: u16, wanted: &[Wanted<'_, &str>]) {
    disk[..512].fill(0);
    put(disk, 0, b"ER");
    put(disk, 2, &block.to_be_bytes());
    for (number, part) in wanted.iter().enumerate() {
        let at = (number + 1) * usize::from(block);
        disk[at..at + 512].fill(0);
        put(disk, at, b"PM");
        put(disk, at + 4, &u32::try_from(wanted.len()).unwrap().to_be_bytes());
        put(disk, at + 8, &u32::try_from(part.first).unwrap().to_be_bytes());
        let count = u32::try_from(part.last + 1 - part.first).unwrap();
        put(disk, at + 12, &count.to_be_bytes());
        put(disk, at + 16, part.name.as_bytes());
        put(disk, at + 48, part.kind.as_bytes());
    }
}
