//! Bytes → a disk, and every question that can be asked of a file system on it.

use portolan::evidence::image::{ChildKind, Disk, FileSystem, Format, NodeId, Positioned};
use portolan::evidence::memory::InMemory;
use std::io::{Read, copy, sink};
use std::sync::Arc;

/// Directories that are entered, and bytes of one file that are read: fuzzing wants many short runs.
const DIRECTORIES: usize = 200;
const BYTES: u64 = 1 << 20;

/// Bytes as a disk.
pub fn disk(bytes: &[u8]) -> Arc<dyn Disk> {
    Arc::new(Positioned::new(Arc::new(InMemory(bytes.into()))))
}

/// Opens every volume of a format and asks everything of it.
pub fn everything(format: &dyn Format, bytes: &[u8]) {
    format.detect(&bytes[..bytes.len().min(4096)]);
    for volume in format.open(disk(bytes)).into_iter().flatten() {
        if let Ok(files) = volume.files {
            walk(&*files);
        }
    }
}

fn walk(files: &dyn FileSystem) {
    let mut directories = vec![files.root()];
    let mut entered = 0;
    while let Some(directory) = directories.pop() {
        entered += 1;
        if entered > DIRECTORIES {
            return;
        }
        let (children, _) = files.children(directory);
        for child in children.into_iter().take(DIRECTORIES) {
            node(files, child.node, child.kind);
            if child.kind == ChildKind::Directory {
                directories.push(child.node);
            }
        }
    }
}

fn node(files: &dyn FileSystem, node: NodeId, kind: ChildKind) {
    let _ = files.metadata(node);
    let _ = files.attributes(node);
    match kind {
        ChildKind::File => {
            let _ = files.open(node).and_then(|reader| copy(&mut reader.take(BYTES), &mut sink()));
        }
        ChildKind::Link => {
            let _ = files.link_target(node);
        }
        ChildKind::Directory | ChildKind::Special => {}
    }
}
