//! The snapshot metadata tree → the snapshots of a volume ("Snapshot Metadata").

use super::blocks::Blocks;
use super::fields::{Fields, text};
use super::records::{of, time};
use super::tree::{Record, SNAPSHOTS, Tree};
use crate::evidence::limits;
use crate::model::{Timestamp, stamp};
use std::fmt;
use std::io;
use std::sync::Arc;

/// A snapshot: `j_snap_metadata_val_t`.
pub(super) struct Snapshot {
    /// The transaction whose state it keeps.
    pub(super) xid: u64,
    /// The block of the volume's superblock as of then.
    pub(super) superblock: u64,
    /// Its name, e.g. `com.apple.TimeMachine.2026-05-13-000311.local`.
    pub(super) name: String,
    created: Option<Timestamp>,
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot {}", self.name)?;
        match self.created {
            Some(created) => write!(f, " of {}", stamp(created)),
            None => Ok(()),
        }
    }
}

impl Snapshot {
    fn read(record: &Record) -> io::Result<Self> {
        let value = Fields(record.value());
        let name = value.bytes(50, usize::from(value.u16(48)?))?;
        Ok(Self {
            xid: record.key().0,
            superblock: value.u64(8)?,
            name: text(name).0,
            created: time(value.u64(16)?),
        })
    }
}

/// The snapshots in the tree whose root is the block `root`, oldest first.
pub(super) fn list(blocks: &Arc<Blocks>, root: u64) -> Vec<io::Result<Snapshot>> {
    let tree = Tree::physical(Arc::clone(blocks), &SNAPSHOTS, root);
    let records = tree.range((0, 0, 0), (u64::MAX, u8::MAX, u64::MAX));
    let is_metadata = |record: &io::Result<Record>| {
        record.as_ref().map_or(true, |one| one.key().1 == of::SNAPSHOT)
    };
    let snapshots = records.filter(is_metadata).take(limits::SNAPSHOTS);
    snapshots.map(|record| record.and_then(|record| Snapshot::read(&record))).collect()
}
