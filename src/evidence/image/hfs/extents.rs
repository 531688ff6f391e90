//! The extents overflow file → the extents of a fork that its own record has no room for (TN1150, "Extents Overflow File").

use super::fork::{Fork, blocks_of, plain, used};
use super::header::{BlockRun, ForkData, Header, extents};
use super::tree::{self, Nodes, Tree};
use crate::evidence::image::Disk;
use crate::evidence::image::fields::{be32, damaged};
use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

/// `kHFSExtentsFileID`.
const OVERFLOW: tree::Which = tree::Which {
    name: "the extents overflow file",
    id: 3,
    order: |key| parts(key).map(|(file, _, _)| u64::from(file)),
};

/// Which fork of a file: `forkType` of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// The content.
    Data = 0,
    /// The resources.
    Resources = 0xff,
}

/// All that is needed to find the bytes of a fork.
pub(super) struct Forks {
    disk: Arc<dyn Disk>,
    block_size: u32,
    /// The tree, or why it cannot be read.
    overflow: io::Result<Tree>,
}

/// What a key is ordered by: file, fork, first block.
fn parts(key: &[u8]) -> Option<(u32, u8, u32)> {
    Some((be32(key, 2)?, *key.first()?, be32(key, 6)?))
}

impl Forks {
    pub(super) fn open(disk: &Arc<dyn Disk>, header: &Header, cache: &Nodes) -> Self {
        let file = plain(disk, header.block_size, &header.extents);
        let overflow = Tree::open(&OVERFLOW, file, cache);
        Self { disk: Arc::clone(disk), block_size: header.block_size, overflow }
    }

    /// A fork of the file with this catalog node ID.
    pub(super) fn fork(&self, id: u32, which: Which, data: &ForkData) -> io::Result<Fork> {
        let mut runs: Vec<BlockRun> = used(&data.extents).collect();
        if blocks_of(&runs) < u64::from(data.blocks) {
            self.add_overflow(id, which, data.blocks, &mut runs)?;
        }
        Ok(self.placed(data.size, &runs))
    }

    /// A fork whose extents are all known.
    pub(super) fn placed(&self, size: u64, runs: &[BlockRun]) -> Fork {
        Fork::new(Arc::clone(&self.disk), self.block_size, size, runs)
    }

    /// Adds the extents of the overflow file, as far as they follow on each other.
    fn add_overflow(
        &self,
        id: u32,
        which: Which,
        blocks: u32,
        runs: &mut Vec<BlockRun>,
    ) -> io::Result<()> {
        let tree = self.overflow.as_ref().map_err(|error| damaged(error.to_string()))?;
        let wanted = (id, which as u8);
        let place = |key: &[u8]| {
            parts(key).map_or(Ordering::Less, |(file, fork, _)| (file, fork).cmp(&wanted))
        };
        let mut known = blocks_of(runs);
        let mut is_whole = true;
        let errors = tree.visit(&place, &mut |_, record| {
            let first = parts(record.key).map(|(_, _, first)| u64::from(first));
            let more = extents(record.data, 0).filter(|_| is_whole && first == Some(known));
            is_whole = more.is_some() && known <= u64::from(blocks);
            for run in more.iter().flat_map(used) {
                known = known.saturating_add(u64::from(run.count));
                runs.push(run);
            }
        });
        match errors.into_iter().next() {
            Some(error) if known < u64::from(blocks) => Err(error),
            _ => Ok(()),
        }
    }
}
