//! The extents of a fork → its bytes.

use super::header::{BlockRun, ForkData};
use crate::evidence::ReadSeek;
use crate::evidence::image::Disk;
use crate::evidence::image::disk::{DiskReader, check_within, read_ahead};
use std::io;
use std::sync::Arc;

/// Bytes in a row, on the disk as in the fork.
struct Run {
    /// Where they begin in the fork.
    logical: u64,
    /// Where they begin on the disk.
    physical: u64,
    length: u64,
}

/// A fork: the content of a file, its resources, a B-tree, or a large attribute.
pub(super) struct Fork {
    disk: Arc<dyn Disk>,
    runs: Vec<Run>,
    size: u64,
}

impl Fork {
    /// The fork of `size` bytes that lies in these blocks of `block_size` bytes.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        block_size: u32,
        size: u64,
        blocks: &[BlockRun],
    ) -> Self {
        let mut runs = Vec::with_capacity(blocks.len());
        let mut logical = 0_u64;
        let bytes = |count: u32| u64::from(count).saturating_mul(u64::from(block_size));
        for run in blocks {
            let length = bytes(run.count);
            runs.push(Run { logical, physical: bytes(run.start), length });
            logical = logical.saturating_add(length);
        }
        Self { disk, runs, size }
    }

    /// A reader that reads ahead.
    pub(super) fn reader(self) -> Box<dyn ReadSeek> {
        let size = self.size;
        Box::new(read_ahead(self.direct(), size))
    }

    /// A reader that reads what it is asked for.
    pub(super) fn direct(self) -> DiskReader {
        DiskReader::new(Arc::new(self))
    }

    /// The run that holds a byte of the fork.
    fn run_at(&self, at: u64) -> io::Result<&Run> {
        let after = self.runs.partition_point(|run| run.logical <= at);
        let run = after.checked_sub(1).and_then(|before| self.runs.get(before));
        run.filter(|run| at.saturating_sub(run.logical) < run.length).ok_or_else(|| {
            let detail = format!("its extents end before byte {at} of {}", self.size);
            io::Error::new(io::ErrorKind::InvalidData, detail)
        })
    }
}

impl Disk for Fork {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_within(offset, buffer.len(), self.size)?;
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let run = self.run_at(at)?;
            let into = at.saturating_sub(run.logical);
            let left = usize::try_from(run.length.saturating_sub(into)).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at_mut(left.min(rest.len()));
            self.disk.read_at(run.physical.saturating_add(into), now)?;
            at = at.saturating_add(now.len() as u64);
            rest = later;
        }
        Ok(())
    }
}

/// The extents that a structure tells by itself, up to the first that is empty.
pub(super) fn used(extents: &[BlockRun; 8]) -> impl Iterator<Item = BlockRun> {
    extents.iter().copied().take_while(|run| run.count > 0)
}

/// The allocation blocks of extents.
pub(super) fn blocks_of(runs: &[BlockRun]) -> u64 {
    runs.iter().map(|run| u64::from(run.count)).sum()
}

/// A fork whose extents are all in its own structure.
pub(super) fn plain(disk: &Arc<dyn Disk>, block_size: u32, data: &ForkData) -> Fork {
    let runs: Vec<BlockRun> = used(&data.extents).collect();
    Fork::new(Arc::clone(disk), block_size, data.size, &runs)
}
