//! An Apple partition map → its partitions (Inside Macintosh: Devices, chapter 3, "SCSI Manager", pages 22 to 28).

use super::fields::{be16, be32};
use super::{Listing, Row, Scheme, head, text};
use crate::evidence::image::{Disk, disk};
use crate::evidence::{limits, problem};
use crate::model::observation::ProblemKind;

pub(super) const SCHEME: Scheme = Scheme { detect, read };

/// Signature of the driver descriptor in block 0 (`sbSIGWord`), and of an entry (`pmPartSigWord`).
const DRIVER: &[u8] = b"ER";
const ENTRY: &[u8] = b"PM";

/// Sizes of blocks, in the order in which they are tried behind the one that the driver descriptor tells.
const BLOCKS: [u16; 3] = [512, 1024, 2048];

/// Entries that are the map itself or what is left between partitions.
const NO_PARTITIONS: [&str; 4] =
    ["Apple_partition_map", "Apple_Free", "Apple_Void", "Apple_Scratch"];

fn detect(head: &[u8]) -> bool {
    block_size(head).is_some()
}

/// The size of a block in bytes, if the first entry of a map stands in the second block.
fn block_size(head: &[u8]) -> Option<u16> {
    if !head.starts_with(DRIVER) {
        return None;
    }
    let told = be16(head, 2).filter(|size| BLOCKS.contains(size));
    // Discs bear maps of 512-byte blocks behind a descriptor that tells 2,048.
    told.into_iter().chain(BLOCKS).find(|&size| {
        let entry = head.get(usize::from(size)..).unwrap_or_default();
        entry.starts_with(ENTRY) && be32(entry, 4).is_some_and(|count| count > 0)
    })
}

fn read(disk: &dyn Disk) -> Option<Listing> {
    let head = head(disk)?;
    let block = u64::from(block_size(&head)?);
    let first = disk::read_vec(disk, block, ENTRY_SIZE).ok()?;
    let claimed = be32(&first, 4)?;
    let mut listing = Listing::default();
    let count = u32::try_from(limits::PARTITIONS).unwrap_or(u32::MAX).min(claimed);
    if count < claimed {
        let detail = format!("the partition map claims {claimed} entries; {count} are read");
        listing.problems.push(problem(ProblemKind::Limit, detail));
    }
    for number in 1..=u64::from(count) {
        let stored = disk::read_vec(disk, number.saturating_mul(block), ENTRY_SIZE);
        let Some(entry) = stored.ok().filter(|entry| entry.starts_with(ENTRY)) else {
            let detail = format!("entry {number} of {claimed} of the partition map is damaged");
            listing.problems.push(problem(ProblemKind::MalformedFile, detail));
            break;
        };
        listing.rows.extend(row(&entry, block));
    }
    Some(listing)
}

/// Bytes of an entry that are looked at.
const ENTRY_SIZE: usize = 512;

/// An entry; none if it is no partition.
fn row(entry: &[u8], block: u64) -> Option<Row> {
    let kind = text(entry.get(48..80)?);
    if NO_PARTITIONS.contains(&kind.as_str()) {
        return None;
    }
    let (start, count) = (be32(entry, 8)?, be32(entry, 12)?);
    Some(Row {
        name: text(entry.get(16..48)?),
        kind,
        offset: u64::from(start).checked_mul(block),
        size: u64::from(count).saturating_mul(block),
    })
}
