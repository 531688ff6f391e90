//! The volume header of HFS+ → where the special files lie (TN1150, "Volume Header").

use crate::evidence::image::fields::{be16, be32, be64, bytes};

/// Where the header stands in a volume, and its alternate before the end, in bytes.
pub(super) const AT: u64 = 1024;

/// Bytes of a header.
pub(super) const SIZE: usize = 512;

/// Signature and version of HFS+ and of HFSX.
pub(super) const SIGNATURES: [[u8; 4]; 2] = [*b"H+\0\x04", *b"HX\0\x05"];

/// `kHFSVolumeUnmountedBit`, `kHFSBootVolumeInconsistentBit`, `kHFSVolumeJournaledBit`.
const UNMOUNTED: u32 = 1 << 8;
const INCONSISTENT: u32 = 1 << 11;
const JOURNALED: u32 = 1 << 13;

/// Sizes of an allocation block, in bytes.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 512..=1 << 20;

/// What a volume header says.
pub(super) struct Header {
    /// Whether names are told apart by case (HFSX allows it; the catalog decides).
    pub is_hfsx: bool,
    pub attributes: u32,
    /// The block that tells where the journal lies; 0 if there is none.
    pub journal_block: u32,
    /// Size of an allocation block in bytes.
    pub block_size: u32,
    /// Number of allocation blocks.
    pub blocks: u32,
    /// The last two words of the Finder's information: what identifies the volume.
    pub identifier: u64,
    pub extents: ForkData,
    pub catalog: ForkData,
    pub extended: ForkData,
}

impl Header {
    /// The header in these bytes; none if it could not be one.
    pub(super) fn parse(stored: &[u8]) -> Option<Self> {
        let signature: [u8; 4] = bytes(stored, 0)?;
        let header = Self {
            is_hfsx: signature == *SIGNATURES.last()?,
            attributes: be32(stored, 4)?,
            journal_block: be32(stored, 12)?,
            block_size: be32(stored, 40)?,
            blocks: be32(stored, 44)?,
            identifier: be64(stored, 104)?,
            extents: ForkData::parse(stored, 192)?,
            catalog: ForkData::parse(stored, 272)?,
            extended: ForkData::parse(stored, 352)?,
        };
        let is_size =
            header.block_size.is_power_of_two() && BLOCK_SIZES.contains(&header.block_size);
        (SIGNATURES.contains(&signature) && is_size && header.blocks > 0).then_some(header)
    }

    /// Size of the volume in bytes.
    pub(super) fn size(&self) -> u64 {
        u64::from(self.blocks).saturating_mul(u64::from(self.block_size))
    }

    /// Whether it has a journal.
    pub(super) fn is_journaled(&self) -> bool {
        self.attributes & JOURNALED != 0
    }

    /// Whether it was unmounted as it should be.
    pub(super) fn was_unmounted(&self) -> bool {
        self.attributes & UNMOUNTED != 0 && self.attributes & INCONSISTENT == 0
    }
}

/// Where a fork lies, as headers and records tell it (TN1150, "Fork Data Structure").
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ForkData {
    /// Its size in bytes.
    pub size: u64,
    /// The allocation blocks that it has in all.
    pub blocks: u32,
    /// Its first eight extents; those that are not used are empty.
    pub extents: [BlockRun; 8],
}

/// Bytes of a fork data structure.
pub(super) const FORK: usize = 80;

impl ForkData {
    pub(super) fn parse(stored: &[u8], at: usize) -> Option<Self> {
        let fork = stored.get(at..)?.get(..FORK)?;
        Some(Self { size: be64(fork, 0)?, blocks: be32(fork, 12)?, extents: extents(fork, 16)? })
    }
}

/// Allocation blocks in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BlockRun {
    pub start: u32,
    pub count: u32,
}

/// Eight extents as records keep them.
pub(super) fn extents(stored: &[u8], at: usize) -> Option<[BlockRun; 8]> {
    let mut runs = [BlockRun::default(); 8];
    let (pairs, _) = stored.get(at..)?.get(..64)?.as_chunks::<8>();
    for (run, pair) in runs.iter_mut().zip(pairs) {
        *run = BlockRun { start: be32(pair, 0)?, count: be32(pair, 4)? };
    }
    Some(runs)
}

/// Where an HFS+ volume lies in an HFS one (TN1150, "HFS Wrapper"; Inside Macintosh: Files, page 2-60, for the block).
pub(super) enum Wrapper {
    /// From a byte on, so many bytes.
    Around(u64, u64),
    /// It is plain HFS.
    Plain,
}

impl Wrapper {
    /// What a master directory block tells; none if it could not be one.
    pub(super) fn parse(block: &[u8]) -> Option<Self> {
        let (block_size, first) = (be32(block, 20)?, be16(block, 28)?);
        let is_name = block.get(36).is_some_and(|length| (1..=27).contains(length));
        let is_size = block_size > 0 && block_size.is_multiple_of(512);
        if !block.starts_with(b"BD") || !is_size || be16(block, 14)? != 3 || !is_name {
            return None;
        }
        if bytes(block, 124)? != *b"H+" {
            return Some(Self::Plain);
        }
        let (start, count) = (be16(block, 126)?, be16(block, 128)?);
        let blocks = |number: u16| u64::from(number).saturating_mul(u64::from(block_size));
        let offset = u64::from(first).saturating_mul(512).saturating_add(blocks(start));
        Some(Self::Around(offset, blocks(count)))
    }
}
