//! A data stream → its bytes from any place, holes as zeros ("Data Streams").

use super::blocks::Blocks;
use super::fields::damaged;
use super::records::Extent;
use super::tree::{Key, Tree};
use crate::evidence::image::disk::read_ahead;
use crate::evidence::sought;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Where the extents of all streams of a volume are kept.
#[derive(Clone)]
pub(super) struct Extents {
    /// The file-system tree; on a sealed volume a tree of its own ("Sealed Volumes").
    pub(super) tree: Tree,
    /// The type of their records there.
    pub(super) kind: u8,
}

/// A stretch of a stream.
struct Run {
    start: u64,
    end: u64,
    block: Option<u64>,
}

/// A data stream.
pub(super) struct Stream {
    blocks: Arc<Blocks>,
    extents: Extents,
    id: u64,
    size: u64,
    /// Whether what no extent covers is a hole.
    is_sparse: bool,
    at: u64,
    run: Option<Run>,
}

impl Stream {
    pub(super) fn new(
        blocks: Arc<Blocks>,
        extents: Extents,
        id: u64,
        size: u64,
        is_sparse: bool,
    ) -> Self {
        Self { blocks, extents, id, size, is_sparse, at: 0, run: None }
    }

    /// The same, read in pieces that are worth a trip to the disk.
    pub(super) fn buffered(self) -> BufReader<Self> {
        let size = self.size;
        read_ahead(self, size)
    }

    /// The stretch that covers `at`.
    fn find(&self, at: u64) -> io::Result<Run> {
        let Extents { tree, kind } = &self.extents;
        let key = |offset: u64| -> Key { (self.id, *kind, offset) };
        let own = |key: Key| key.0 == self.id && key.1 == *kind;
        if let Some(record) = tree.floor(key(at))?.filter(|record| own(record.key())) {
            let start = record.key().2;
            let Extent { length, block } = Extent::read(record.value())?;
            let end = start.saturating_add(length);
            if at < end {
                return Ok(Run { start, end, block });
            }
        }
        if !self.is_sparse {
            return Err(damaged(format!("no extent holds the bytes from {at} on")));
        }
        let next = tree.range(key(at), key(u64::MAX)).next().transpose()?;
        let end = next.map_or(self.size, |record| record.key().2);
        Ok(Run { start: at, end: end.max(at.saturating_add(1)), block: None })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        if left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let run = match self.run.take().filter(|run| (run.start..run.end).contains(&self.at)) {
            Some(run) => run,
            None => self.find(self.at)?,
        };
        let left = left.min(run.end.saturating_sub(self.at));
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let wanted = buffer.get_mut(..length).unwrap_or_default();
        match run.block {
            Some(block) => {
                self.blocks.read(block, self.at.saturating_sub(run.start), wanted)?;
            }
            None => wanted.fill(0),
        }
        self.at = self.at.saturating_add(length as u64);
        self.run = Some(run);
        Ok(length)
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = sought(to, self.at, self.size)?;
        Ok(self.at)
    }
}
