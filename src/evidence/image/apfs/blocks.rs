//! Addresses of blocks → objects and nodes of trees, kept in a bounded cache.

use super::fields::{Fields, damaged};
use super::node::Node;
use super::object::{HEADER, Header, checksum_holds};
use super::tree::Kind;
use crate::evidence::image::cache::Cache;
use crate::evidence::image::{Disk, disk};
use crate::evidence::limits;
use std::io;
use std::sync::Arc;

/// Largest block and largest node (`NX_MAXIMUM_BLOCK_SIZE`).
pub(super) const LARGEST: u32 = 1 << 16;

/// Where an object lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its identifier, which its header repeats.
    pub(super) oid: u64,
    /// Number of its first block.
    pub(super) address: u64,
    /// Bytes.
    pub(super) length: u32,
    /// Whether it begins with a header that tells checksum and identifier (not so under `OBJ_NOHEADER`).
    pub(super) has_header: bool,
}

/// The blocks of a container.
pub(super) struct Blocks {
    disk: Arc<dyn Disk>,
    size: u32,
    count: u64,
    nodes: Cache<Node>,
}

impl Blocks {
    /// `count` blocks of `size` bytes, those that are there whatever the container claims.
    pub(super) fn new(disk: Arc<dyn Disk>, size: u32, count: u64) -> Self {
        Self { disk, size, count, nodes: Cache::new(limits::NODE_CACHE) }
    }

    /// Blocks that the disk has.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The block that stands at its own identifier: a physical object.
    pub(super) fn physical(&self, oid: u64) -> Place {
        Place { oid, address: oid, length: self.size, has_header: true }
    }

    /// Fills `buffer` from `offset` bytes behind the start of a block on.
    pub(super) fn read(&self, address: u64, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = address.checked_mul(u64::from(self.size));
        let start = start.and_then(|start| start.checked_add(offset));
        let start = start.ok_or_else(|| damaged(format!("block {address} is none")))?;
        self.disk.read_at(start, buffer)
    }

    /// An object whose checksum holds and whose identifier is the one that led to it.
    pub(super) fn object(&self, place: Place) -> io::Result<(Header, Vec<u8>)> {
        let Place { address, length, .. } = place;
        if length < self.size || length > LARGEST {
            return Err(damaged(format!("block {address}: an object of {length} bytes")));
        }
        let start = address.saturating_mul(u64::from(self.size));
        let bytes = disk::read_vec(&*self.disk, start, length as usize)
            .map_err(|error| io::Error::new(error.kind(), format!("block {address}: {error}")))?;
        let header = Header::read(&bytes)?;
        if !place.has_header || is_headless(&bytes) {
            return Ok((Header::default(), bytes));
        }
        if !checksum_holds(&bytes) {
            return Err(damaged(format!("block {address}: the checksum does not hold")));
        }
        if header.oid != place.oid {
            let (found, due) = (header.oid, place.oid);
            let detail = format!("block {address}: object {found} where object {due} is due");
            return Err(damaged(detail));
        }
        Ok((header, bytes))
    }

    /// A node of a tree of this kind.
    pub(super) fn node(&self, place: Place, kind: &'static Kind) -> io::Result<Arc<Node>> {
        let key = (place.address, kind.subtype);
        if let Some(node) = self.nodes.get(key) {
            return Ok(node);
        }
        let (header, bytes) = self.object(place)?;
        let node = Node::read(header, bytes, kind).map_err(|error| {
            io::Error::new(error.kind(), format!("block {}: {error}", place.address))
        })?;
        let node = Arc::new(node);
        self.nodes.put(key, Arc::clone(&node));
        Ok(node)
    }
}

/// Whether this is a node that says itself that it has no header, as those of sealed volumes do ("B-Tree Node Flags",
/// `BTNODE_NOHEADER`): where the header would be are zeros.
fn is_headless(object: &[u8]) -> bool {
    const NO_HEADER: u16 = 0x10;
    let flags = Fields(object).u16(HEADER).unwrap_or_default();
    flags & NO_HEADER != 0 && object.iter().take(HEADER).all(|byte| *byte == 0)
}
