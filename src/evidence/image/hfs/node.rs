//! The bytes of a node of a B-tree → its records (TN1150, "B-Trees").

use crate::evidence::image::cache::Weighed;
use crate::evidence::image::fields::{be16, be32};

/// Bytes of the node descriptor, before the first record.
pub(super) const DESCRIPTOR: usize = 14;

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `kBTLeafNode`: the records of the tree.
    Leaf,
    /// `kBTIndexNode`: the first keys of other nodes.
    Index,
}

/// A node in memory.
pub(super) struct Node {
    pub kind: Kind,
    /// Its distance from the leaves, which have 1.
    pub height: u8,
    bytes: Vec<u8>,
    /// Where records begin, and where the last one ends.
    offsets: Vec<u16>,
}

/// A record of a node.
pub(super) struct Record<'n> {
    /// The key without its length.
    pub key: &'n [u8],
    /// What stands behind the key.
    pub data: &'n [u8],
}

impl Weighed for Node {
    fn memory(&self) -> usize {
        let offsets = self.offsets.capacity().saturating_mul(size_of::<u16>());
        self.bytes.capacity().saturating_add(offsets)
    }
}

impl Node {
    /// The node in these bytes, all of them.
    pub(super) fn parse(bytes: Vec<u8>) -> Option<Self> {
        let kind = match bytes.get(8)? {
            0xff => Kind::Leaf,
            0 => Kind::Index,
            _ => return None,
        };
        let (height, count) = (*bytes.get(9)?, usize::from(be16(&bytes, 10)?));
        // One offset a record and one of the free space, from the end on backwards.
        let table = bytes.len().checked_sub(count.checked_add(1)?.checked_mul(2)?)?;
        let stored = bytes.get(table..)?.as_chunks::<2>().0.iter().rev();
        let offsets: Vec<u16> = stored.map(|offset| u16::from_be_bytes(*offset)).collect();
        let is_within = offsets.first().is_some_and(|first| usize::from(*first) >= DESCRIPTOR)
            && offsets.last().is_some_and(|end| usize::from(*end) <= table);
        (is_within && offsets.is_sorted()).then_some(Self { kind, height, bytes, offsets })
    }

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The records in their order, `None` for one that is damaged; in an index, keys take `room` bytes where that is told.
    pub(super) fn records(
        &self,
        room: Option<u16>,
    ) -> impl DoubleEndedIterator<Item = Option<Record<'_>>> {
        let ends = self.offsets.iter().skip(1);
        let ranges = self.offsets.iter().zip(ends);
        ranges.map(move |(from, to)| self.record(usize::from(*from)..usize::from(*to), room))
    }

    fn record(&self, range: std::ops::Range<usize>, room: Option<u16>) -> Option<Record<'_>> {
        let bytes = self.bytes.get(range)?;
        let length = be16(bytes, 0)?;
        let (_, behind) = bytes.split_at_checked(2)?;
        let key = behind.get(..usize::from(length))?;
        // Data begins at an even offset.
        let taken = usize::from(room.unwrap_or(length));
        let data = behind.get(taken.checked_next_multiple_of(2)?..)?;
        Some(Record { key, data })
    }
}

/// The node that a record of an index leads to.
pub(super) fn pointer(record: &Record<'_>) -> Option<u32> {
    be32(record.data, 0)
}
