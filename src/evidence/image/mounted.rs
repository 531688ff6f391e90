//! A file system and what a walk met in it → a [`Volume`], which reads each file when it is asked for.

use super::filesystem::{FileSystem, NodeId};
use super::tree::Tree;
use crate::evidence::{Entry, ReadSeek, Reopen, Use, Volume};
use crate::model::observation::Problem;
use std::io::{self, Read};
use std::sync::Arc;

/// A volume of an image.
pub struct Mounted {
    files: Arc<dyn FileSystem>,
    tree: Tree,
    /// Bytes that a file may have: a hole, or what is compressed, costs a disk nothing.
    most: u64,
}

impl Mounted {
    /// The volume whose `files` were walked; none is read beyond `most` bytes.
    pub fn new(files: Arc<dyn FileSystem>, tree: Tree, most: u64) -> Self {
        Self { files, tree, most }
    }

    fn node(&self, entry: &Entry) -> io::Result<NodeId> {
        self.tree.nodes.get(entry.index).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Volume for Mounted {
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>> {
        self.tree.entries.clone()
    }

    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()> {
        let reader = self.files.open(self.node(entry)?)?;
        then(&mut Capped { reader, left: self.most })
    }

    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>> {
        // What claims more than its disk has is read, if at all, from front to back, as far as it may be.
        let node = self.node(entry).ok().filter(|_| entry.size <= self.most)?;
        Some(Arc::new(File { files: Arc::clone(&self.files), node, size: entry.size }))
    }
}

/// A file of a volume, opened again and again.
struct File {
    files: Arc<dyn FileSystem>,
    node: NodeId,
    size: u64,
}

impl Reopen for File {
    fn reopen(&self) -> io::Result<Box<dyn ReadSeek>> {
        self.files.open(self.node)
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// A reader that gives so many bytes and then an error of kind `QuotaExceeded`.
struct Capped {
    reader: Box<dyn ReadSeek>,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            let detail = "the file has more bytes than its disk; the rest is not read";
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
        };
        self.left = left;
        Ok(count)
    }
}
