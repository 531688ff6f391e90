//! A key → the records of a B-tree from there on, read down from the root ("B-Trees").
//!
//! Nothing is held but the path from the root to where one is. A node that cannot be read costs what hangs
//! below it: the walk says so and goes on behind it.

use super::blocks::{Blocks, Place};
use super::fields::{Fields, damaged};
use super::node::Node;
use super::object::kind;
use super::object_map::ObjectMap;
use std::io;
use std::sync::Arc;

/// The part of a key that orders records: an identifier, a type, and a number (an offset, a transaction).
/// Names and their hashes are left out: records of one directory stand together without them.
pub(super) type Key = (u64, u8, u64);

/// A kind of tree.
pub(super) struct Kind {
    /// In a sentence: "no node of …".
    pub(super) name: &'static str,
    /// `o_subtype` of its nodes.
    pub(super) subtype: u32,
    /// Sizes of keys and values where a node has only one of each.
    pub(super) fixed: (usize, usize),
    /// A stored key as what orders it.
    pub(super) key: fn(&[u8]) -> io::Result<Key>,
}

/// "Object Maps", `omap_key_t`.
pub(super) static OBJECT_MAP: Kind =
    Kind { name: "an object map", subtype: kind::OBJECT_MAP, fixed: (16, 16), key: pair };
/// "File-System Objects", `j_key_t`.
pub(super) static FILES: Kind =
    Kind { name: "a file-system tree", subtype: kind::FILES, fixed: (8, 0), key: record };
/// "Snapshot Metadata", `j_snap_metadata_key_t`.
pub(super) static SNAPSHOTS: Kind =
    Kind { name: "a snapshot tree", subtype: kind::SNAPSHOTS, fixed: (8, 0), key: record };
/// "Sealed Volumes", `fext_tree_key_t`.
pub(super) static FILE_EXTENTS: Kind =
    Kind { name: "a file-extent tree", subtype: kind::FILE_EXTENTS, fixed: (16, 16), key: pair };

/// Two numbers.
fn pair(key: &[u8]) -> io::Result<Key> {
    Ok((Fields(key).u64(0)?, 0, Fields(key).u64(8)?))
}

/// An identifier of 60 bits, a type of 4, and for some types a number.
fn record(key: &[u8]) -> io::Result<Key> {
    /// `APFS_TYPE_SIBLING_LINK`, `APFS_TYPE_FILE_EXTENT`, `APFS_TYPE_FILE_INFO`.
    const NUMBERED: [u8; 3] = [5, 8, 13];
    let id_and_type = Fields(key).u64(0)?;
    let kind = u8::try_from(id_and_type >> 60).unwrap_or_default();
    let number = if NUMBERED.contains(&kind) { Fields(key).u64(8)? } else { 0 };
    Ok((id_and_type & 0x0fff_ffff_ffff_ffff, kind, number))
}

/// Most levels that a tree may have: 2^48 records of three a node fit.
const DEPTH: u16 = 32;

/// Nodes that the search for one key may visit.
const FLOOR_VISITS: usize = 4 * DEPTH as usize;

/// Nodes that a walk over a range may enter: the entries of the fullest directory take fewer.
const WALK_VISITS: u64 = 4_000_000;

/// A tree.
#[derive(Clone)]
pub(super) struct Tree {
    blocks: Arc<Blocks>,
    kind: &'static Kind,
    root: u64,
    map: Option<Arc<ObjectMap>>,
    xid: u64,
}

/// A record: a place in a leaf.
pub(super) struct Record {
    node: Arc<Node>,
    at: usize,
}

impl Record {
    /// What orders it.
    pub(super) fn key(&self) -> Key {
        self.node.key(self.at).unwrap_or_default()
    }

    /// Its key as it is stored.
    pub(super) fn stored_key(&self) -> &[u8] {
        self.node.stored_key(self.at)
    }

    /// Its value.
    pub(super) fn value(&self) -> &[u8] {
        self.node.value(self.at)
    }
}

impl Tree {
    /// A tree whose identifiers are addresses of blocks.
    pub(super) fn physical(blocks: Arc<Blocks>, kind: &'static Kind, root: u64) -> Self {
        Self { blocks, kind, root, map: None, xid: 0 }
    }

    /// A tree whose identifiers an object map resolves, as it was after the transaction `xid`.
    pub(super) fn mapped(
        blocks: Arc<Blocks>,
        kind: &'static Kind,
        root: u64,
        map: Arc<ObjectMap>,
        xid: u64,
    ) -> Self {
        Self { blocks, kind, root, map: Some(map), xid }
    }

    fn place(&self, oid: u64) -> io::Result<Place> {
        match &self.map {
            Some(map) => map.find(oid, self.xid),
            None => Ok(self.blocks.physical(oid)),
        }
    }

    /// The root; an error if it cannot be read.
    pub(super) fn root(&self) -> io::Result<Arc<Node>> {
        let node = self.blocks.node(self.place(self.root)?, self.kind)?;
        if node.level() > DEPTH {
            return Err(damaged(format!("a tree of {} levels", node.level())));
        }
        Ok(node)
    }

    fn child(&self, node: &Node, at: usize) -> io::Result<Arc<Node>> {
        let child = self.blocks.node(self.place(node.child(at)?)?, self.kind)?;
        // Levels fall by one from parent to child, so no descent runs in a circle.
        if child.level().checked_add(1) != Some(node.level()) {
            return Err(damaged("a node of a tree stands on the wrong level"));
        }
        Ok(child)
    }

    /// The last record whose key is at most `key`.
    pub(super) fn floor(&self, key: Key) -> io::Result<Option<Record>> {
        self.floor_in(self.root()?, key, &mut { FLOOR_VISITS })
    }

    /// `left` nodes may be visited: a child that leads nowhere is followed by the one before it, and whoever made the image may
    /// have made every child lead nowhere.
    fn floor_in(&self, node: Arc<Node>, key: Key, left: &mut usize) -> io::Result<Option<Record>> {
        *left = left.checked_sub(1).ok_or_else(|| damaged("a tree whose keys lead nowhere"))?;
        let Some(at) = node.up_to(key).checked_sub(1) else { return Ok(None) };
        if node.is_leaf() {
            return Ok(Some(Record { node, at }));
        }
        let found = self.floor_in(self.child(&node, at)?, key, left)?;
        // The first record of a child may be gone, and its key in the parent be left.
        match (found, at.checked_sub(1)) {
            (None, Some(before)) => self.floor_in(self.child(&node, before)?, key, left),
            (found, _) => Ok(found),
        }
    }

    /// The record with this very key.
    pub(super) fn get(&self, key: Key) -> io::Result<Option<Record>> {
        Ok(self.floor(key)?.filter(|record| record.key() == key))
    }

    /// The records from the key `from` to the key `to`, both included.
    pub(super) fn range(&self, from: Key, to: Key) -> Walk<'_> {
        Walk { tree: self, from, to, path: Vec::new(), visits: 0, state: State::Fresh }
    }
}

enum State {
    Fresh,
    Going,
    Over,
}

/// A walk over a range of records. What cannot be read is an error, behind which it goes on.
pub(super) struct Walk<'t> {
    tree: &'t Tree,
    from: Key,
    to: Key,
    /// Nodes from the root on, each with the entry that is next.
    path: Vec<(Arc<Node>, usize)>,
    /// Nodes entered; a tree has no more of them than its container has blocks.
    visits: u64,
    state: State,
}

impl Walk<'_> {
    /// Enters a node at the first entry that may lie in the range.
    fn enter(&mut self, node: Arc<Node>) -> io::Result<()> {
        self.visits = self.visits.saturating_add(1);
        if self.visits > self.tree.blocks.count().min(WALK_VISITS) {
            self.state = State::Over;
            return Err(damaged(format!("{} runs in a circle", self.tree.kind.name)));
        }
        let below = node.below(self.from);
        // Records of the range may stand in the child before the first whose key does.
        let first = if node.is_leaf() { below } else { below.saturating_sub(1) };
        self.path.push((node, first));
        Ok(())
    }

    fn start(&mut self) -> io::Result<()> {
        self.state = State::Going;
        let root = self.tree.root().inspect_err(|_| self.state = State::Over)?;
        self.enter(root)
    }

    /// One step: a record, an error, or nothing yet.
    fn step(&mut self) -> Option<io::Result<Record>> {
        let Some((node, next)) = self.path.last_mut() else {
            self.state = State::Over;
            return None;
        };
        let (node, at) = (Arc::clone(node), *next);
        let Some(key) = node.key(at) else {
            self.path.pop();
            return None;
        };
        if key > self.to {
            self.state = State::Over;
            return None;
        }
        *next = next.saturating_add(1);
        if node.is_leaf() {
            return Some(Ok(Record { node, at }));
        }
        let entered = self.tree.child(&node, at).and_then(|child| self.enter(child));
        entered.err().map(Err)
    }
}

impl Iterator for Walk<'_> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let found = match self.state {
                State::Fresh => self.start().err().map(Err),
                State::Going => self.step(),
                State::Over => return None,
            };
            if found.is_some() {
                return found;
            }
        }
    }
}
