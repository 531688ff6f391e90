//! A B-tree of HFS+ → the records whose keys lie in a range, in their order (TN1150, "B-Trees").
//!
//! Only nodes on the way to the range are read. A node that is damaged costs what it leads to and is an error beside what
//! was found; no node is visited twice by one search, so that a circle ends.

use super::fork::Fork;
use super::node::{DESCRIPTOR, Kind, Node, Record, pointer};
use crate::evidence::image::cache::Cache;
use crate::evidence::image::disk;
use crate::evidence::image::fields::{be16, be32, damaged};
use crate::evidence::limits;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// `kBTVariableIndexKeysMask`: keys of an index take only the bytes that they need.
const VARIABLE_KEYS: u32 = 1 << 2;

/// Which tree of a volume it is.
pub(super) struct Which {
    /// Its name, for errors.
    pub name: &'static str,
    /// Catalog node ID of its file.
    pub id: u32,
    /// What its keys are ordered by first.
    pub order: fn(&[u8]) -> Option<u64>,
}

/// The nodes of a volume that were read last, by number and file.
pub(super) type Nodes = Arc<Cache<Node>>;

/// A B-tree file.
pub(super) struct Tree {
    which: &'static Which,
    file: Fork,
    node_size: u16,
    /// Its first node; 0 if it is empty.
    root: u32,
    /// Bytes that keys of an index take, if that is fixed.
    key_room: Option<u16>,
    cache: Nodes,
}

/// Where a key lies, seen from the range that is looked for.
pub(super) type Place<'p> = dyn Fn(&[u8]) -> Ordering + 'p;

/// What is done with a record: the number of its leaf, and the record.
pub(super) type Each<'e> = dyn FnMut(u32, &Record<'_>) + 'e;

impl Tree {
    /// The tree in a file.
    pub(super) fn open(which: &'static Which, file: Fork, cache: &Nodes) -> io::Result<Self> {
        // The header record stands behind the descriptor of node 0.
        let header = disk::read_vec(&file, 0, 512)?;
        let header = header.get(DESCRIPTOR..).unwrap_or_default();
        let wrong = || damaged(format!("the header of {} is damaged", which.name));
        let node_size = be16(header, 18).filter(|size| size.is_power_of_two() && *size >= 512);
        let node_size = node_size.ok_or_else(wrong)?;
        let (longest, attributes) = be16(header, 20).zip(be32(header, 38)).ok_or_else(wrong)?;
        let key_room = (attributes & VARIABLE_KEYS == 0).then_some(longest);
        let root = be32(header, 2).ok_or_else(wrong)?;
        Ok(Self { which, file, node_size, root, key_room, cache: Arc::clone(cache) })
    }

    /// A node by its number.
    pub(super) fn node(&self, number: u32) -> io::Result<Arc<Node>> {
        if let Some(node) = self.cache.get((u64::from(number), self.which.id)) {
            return Ok(node);
        }
        let at = u64::from(number).saturating_mul(u64::from(self.node_size));
        let bytes = disk::read_vec(&self.file, at, usize::from(self.node_size));
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("node {number} of {}: {error}", self.which.name))
        };
        let node = Node::parse(bytes.map_err(named)?)
            .ok_or_else(|| damaged(format!("node {number} of {} is damaged", self.which.name)))?;
        let node = Arc::new(node);
        self.cache.put((u64::from(number), self.which.id), Arc::clone(&node));
        Ok(node)
    }

    /// Calls `each` with every record of the range; returns what could not be read on the way.
    pub(super) fn visit(&self, place: &Place<'_>, each: &mut Each<'_>) -> Vec<io::Error> {
        let mut errors = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = Vec::new();
        if self.root != 0 {
            next.push((self.root, None));
        }
        while let Some((number, height)) = next.pop() {
            let visited = self.enter(number, height, &mut seen).and_then(|node| match node.kind {
                Kind::Leaf => self.leaf(number, &node, place, each),
                Kind::Index => self.index(number, &node, place, &mut next),
            });
            if let Err(error) = visited {
                errors.push(error);
                if errors.len() >= limits::PROBLEMS {
                    break;
                }
            }
        }
        errors
    }

    /// A node that a search comes to for the first time, at the height at which it must stand.
    fn enter(
        &self,
        number: u32,
        height: Option<u8>,
        seen: &mut BTreeSet<u32>,
    ) -> io::Result<Arc<Node>> {
        let is_new = seen.insert(number);
        let node = self.node(number)?;
        let is_leaf = node.kind == Kind::Leaf;
        if !is_new
            || height.is_some_and(|height| height != node.height)
            || is_leaf != (node.height == 1)
        {
            let detail =
                format!("node {number} of {} stands where it does not belong", self.which.name);
            return Err(damaged(detail));
        }
        Ok(node)
    }

    /// The records of a leaf that lie in the range. Each is looked at, so that a damaged key costs only its own.
    fn leaf(
        &self,
        number: u32,
        node: &Node,
        place: &Place<'_>,
        each: &mut Each<'_>,
    ) -> io::Result<()> {
        let mut lost = 0_usize;
        for record in node.records(None) {
            match record {
                Some(record) if place(record.key) == Ordering::Equal => each(number, &record),
                Some(_) => {}
                None => lost = lost.saturating_add(1),
            }
        }
        if lost == 0 {
            return Ok(());
        }
        Err(damaged(format!("{lost} records in node {number} of {} are damaged", self.which.name)))
    }

    /// Puts the nodes that an index leads to on the way to the range in front of what is to be visited.
    fn index(
        &self,
        number: u32,
        node: &Node,
        place: &Place<'_>,
        next: &mut Vec<(u32, Option<u8>)>,
    ) -> io::Result<()> {
        let wrong = || damaged(format!("node {number} of {} is damaged", self.which.name));
        let records: Option<Vec<Record<'_>>> = node.records(self.key_room).collect();
        let records = records.filter(|records| records.len() == node.len()).ok_or_else(wrong)?;
        if !records.is_sorted_by_key(|record| (self.which.order)(record.key)) {
            return Err(wrong());
        }
        let height = node.height.checked_sub(1);
        // A node holds the keys from its own up to that of the node behind it.
        let behind = records.iter().skip(1).map(|record| place(record.key));
        let ends = behind.chain([Ordering::Greater]);
        let on_way = records.iter().zip(ends).filter(|(record, end)| {
            place(record.key) != Ordering::Greater && *end != Ordering::Less
        });
        let nodes: Option<Vec<u32>> = on_way.map(|(record, _)| pointer(record)).collect();
        let nodes = nodes.ok_or_else(wrong)?;
        next.extend(nodes.into_iter().rev().map(|node| (node, height)));
        Ok(())
    }
}
