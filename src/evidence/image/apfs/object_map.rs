//! A virtual identifier and a transaction → where that version of the object lies ("Object Maps").

use super::blocks::{Blocks, Place};
use super::fields::{Fields, damaged, unsupported};
use super::object::kind;
use super::tree::{OBJECT_MAP, Tree};
use std::io;
use std::sync::Arc;

/// "Object Map Value Flags".
const DELETED: u32 = 0x01;
const ENCRYPTED: u32 = 0x04;
const NO_HEADER: u32 = 0x08;

/// An object map.
pub(super) struct ObjectMap {
    tree: Tree,
}

impl ObjectMap {
    /// The map whose `omap_phys_t` stands in the block `oid`; an error if it or its root cannot be read.
    pub(super) fn open(blocks: &Arc<Blocks>, oid: u64) -> io::Result<Self> {
        let (header, bytes) = blocks.object(blocks.physical(oid))?;
        header.is(kind::OBJECT_MAP, "an object map")?;
        let root = Fields(&bytes).u64(48)?;
        let tree = Tree::physical(Arc::clone(blocks), &OBJECT_MAP, root);
        tree.root()?;
        Ok(Self { tree })
    }

    /// Where the newest version of an object lies that is not newer than `xid` (`omap_key_t`, `omap_val_t`).
    pub(super) fn find(&self, oid: u64, xid: u64) -> io::Result<Place> {
        let found = self.tree.floor((oid, 0, xid))?.filter(|record| record.key().0 == oid);
        let lost = || damaged(format!("object {oid} is not in the object map"));
        let record = found.ok_or_else(lost)?;
        let value = Fields(record.value());
        let (flags, length, address) = (value.u32(0)?, value.u32(4)?, value.u64(8)?);
        if flags & DELETED != 0 {
            return Err(damaged(format!("object {oid} is deleted")));
        }
        if flags & ENCRYPTED != 0 {
            return Err(unsupported(format!("object {oid} is encrypted")));
        }
        Ok(Place { oid, address, length, has_header: flags & NO_HEADER == 0 })
    }
}
