//! The bytes of a B-tree node → its keys and values ("B-Trees", `btree_node_phys_t`).

use super::fields::{Fields, damaged};
use super::object::{Header, kind};
use super::tree::{Key, Kind};
use crate::evidence::image::cache::Weighed;
use std::io;
use std::ops::Range;

/// Where the table of contents may begin.
const DATA: usize = 56;
/// `btree_info_t` at the end of a root.
const INFO: usize = 40;
/// "B-Tree Node Flags".
const ROOT: u16 = 0x0001;
const LEAF: u16 = 0x0002;
const FIXED_SIZES: u16 = 0x0004;
/// "B-Tree Table of Contents Constants", `BTOFF_INVALID`: a key without a value.
const NO_VALUE: u16 = 0xffff;
/// Bytes of a value that leads to a child: its identifier; a hash may follow (`btn_index_node_val_t`).
const CHILD: usize = 8;

/// A node of a tree.
pub(super) struct Node {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    level: u16,
    is_leaf: bool,
}

/// A key and where it and its value lie.
struct Slot {
    key: Key,
    key_at: Range<u32>,
    value_at: Range<u32>,
}

/// Where the parts of a node lie.
struct Layout {
    flags: u16,
    table: usize,
    keys: usize,
    values_end: usize,
}

impl Node {
    /// A node whose keys are sound and in order.
    pub(super) fn read(header: Header, bytes: Vec<u8>, tree: &'static Kind) -> io::Result<Self> {
        let is_node = [kind::BTREE, kind::BTREE_NODE].contains(&header.kind);
        let is_own = is_node && header.subtype == tree.subtype;
        if !is_own && header.kind != kind::NONE {
            return Err(damaged(format!("no node of {}", tree.name)));
        }
        let layout = Layout::read(&bytes)?;
        let fields = Fields(&bytes);
        let (level, count) = (fields.u16(34)?, fields.u32(36)?);
        let is_leaf = layout.flags & LEAF != 0;
        if is_leaf != (level == 0) {
            return Err(damaged(format!("a node of level {level} that is a leaf: {is_leaf}")));
        }
        let slots = layout.slots(&bytes, count, tree)?;
        if !slots.is_sorted_by(|a, b| a.key <= b.key) {
            return Err(damaged("the keys of a node are not in order"));
        }
        Ok(Self { bytes, slots, level, is_leaf })
    }

    /// Distance from the leaves.
    pub(super) fn level(&self) -> u16 {
        self.level
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.is_leaf
    }

    /// Entries whose key is less than `key`.
    pub(super) fn below(&self, key: Key) -> usize {
        self.slots.partition_point(|slot| slot.key < key)
    }

    /// Entries whose key is at most `key`.
    pub(super) fn up_to(&self, key: Key) -> usize {
        self.slots.partition_point(|slot| slot.key <= key)
    }

    pub(super) fn key(&self, at: usize) -> Option<Key> {
        Some(self.slots.get(at)?.key)
    }

    /// The key as it is stored.
    pub(super) fn stored_key(&self, at: usize) -> &[u8] {
        self.part(self.slots.get(at).map(|slot| &slot.key_at))
    }

    pub(super) fn value(&self, at: usize) -> &[u8] {
        self.part(self.slots.get(at).map(|slot| &slot.value_at))
    }

    /// The identifier of a child.
    pub(super) fn child(&self, at: usize) -> io::Result<u64> {
        Fields(self.value(at)).u64(0)
    }

    fn part(&self, at: Option<&Range<u32>>) -> &[u8] {
        let at = at.map(|at| at.start as usize..at.end as usize);
        at.and_then(|at| self.bytes.get(at)).unwrap_or_default()
    }
}

impl Weighed for Node {
    fn memory(&self) -> usize {
        let slots = self.slots.capacity().saturating_mul(size_of::<Slot>());
        self.bytes.capacity().saturating_add(slots)
    }
}

impl Layout {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let fields = Fields(bytes);
        let flags = fields.u16(32)?;
        let table = DATA.saturating_add(usize::from(fields.u16(40)?));
        let keys = table.saturating_add(usize::from(fields.u16(42)?));
        let info = if flags & ROOT != 0 { INFO } else { 0 };
        let values_end = bytes.len().saturating_sub(info);
        if keys > values_end {
            return Err(damaged("the table of a node is longer than the node"));
        }
        Ok(Self { flags, table, keys, values_end })
    }

    fn slots(&self, bytes: &[u8], count: u32, tree: &'static Kind) -> io::Result<Vec<Slot>> {
        let width = if self.flags & FIXED_SIZES != 0 { 4 } else { 8 };
        let length = (count as usize).saturating_mul(width);
        if length > self.keys.saturating_sub(self.table) {
            return Err(damaged(format!("{count} keys do not fit a node")));
        }
        let table = Fields(bytes).bytes(self.table, length)?;
        table.chunks_exact(width).map(|entry| self.slot(bytes, entry, tree)).collect()
    }

    /// `kvloc_t`, or `kvoff_t` where all keys and all values have one size.
    fn slot(&self, bytes: &[u8], entry: &[u8], tree: &'static Kind) -> io::Result<Slot> {
        let entry = Fields(entry);
        let (key_at, key_length, value_back, value_length) = if self.flags & FIXED_SIZES != 0 {
            let value = if self.flags & LEAF != 0 { tree.fixed.1 } else { CHILD };
            (entry.u16(0)?, tree.fixed.0, entry.u16(2)?, value)
        } else {
            let lengths = (usize::from(entry.u16(2)?), usize::from(entry.u16(6)?));
            (entry.u16(0)?, lengths.0, entry.u16(4)?, lengths.1)
        };
        let key_start = self.keys.saturating_add(usize::from(key_at));
        let value = if value_back == NO_VALUE {
            0..0
        } else {
            let start = self.values_end.checked_sub(usize::from(value_back));
            let start = start.ok_or_else(|| damaged("a value lies outside its node"))?;
            start..start.saturating_add(value_length)
        };
        Fields(bytes).bytes(value.start, value.len())?;
        let key = (tree.key)(Fields(bytes).bytes(key_start, key_length)?)?;
        Ok(Slot {
            key,
            key_at: narrow(key_start..key_start.saturating_add(key_length)),
            value_at: narrow(value),
        })
    }
}

/// Places in a node, which has at most 64 KiB.
fn narrow(range: Range<usize>) -> Range<u32> {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    narrow(range.start)..narrow(range.end)
}
