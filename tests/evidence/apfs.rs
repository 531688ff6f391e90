//! Volumes of the Apple File System: what is read is what was written, and damage costs no more than it must.

/// Images of $PORTOLAN_IMAGES → their files, for a look at images that are not in the repository.
mod survey;

use crate::evidence::sha;
use portolan::evidence::image::{
    Attribute, ChildKind, Disk, FileSystem, Metadata, NodeId, Positioned,
};
use portolan::evidence::memory::InMemory;
use portolan::model::observation::Problem;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// Bytes as a disk.
fn disk(bytes: Vec<u8>) -> Arc<dyn Disk> {
    Arc::new(Positioned::new(Arc::new(InMemory(bytes.into()))))
}

/// What an `.xz` holds.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    lzma_rust2::XzReader::new(bytes, true).read_to_end(&mut all).unwrap();
    all
}

/// What is kept of a file.
#[derive(Debug, Default)]
struct Found {
    kind: Option<ChildKind>,
    node: NodeId,
    metadata: Metadata,
    sha256: Option<String>,
    target: Option<String>,
    attributes: Vec<Attribute>,
    problems: Vec<String>,
}

/// Everything on a volume by its path.
#[derive(Debug, Default)]
struct Tree {
    files: BTreeMap<String, Found>,
    problems: Vec<Problem>,
}

impl Tree {
    fn of(volume: &dyn FileSystem) -> Self {
        let mut tree = Self::default();
        tree.enter(volume, volume.root(), "", 0);
        tree
    }

    fn enter(&mut self, volume: &dyn FileSystem, node: NodeId, path: &str, depth: u32) {
        let (children, problems) = volume.children(node);
        self.problems.extend(problems);
        for child in children {
            let path = format!("{path}/{}", child.name);
            let found = found(volume, child.node, child.kind);
            self.files.insert(path.clone(), found);
            if child.kind == ChildKind::Directory && depth < 100 {
                self.enter(volume, child.node, &path, depth + 1);
            }
        }
    }
}

fn found(volume: &dyn FileSystem, node: NodeId, kind: ChildKind) -> Found {
    let mut found = Found { kind: Some(kind), node, ..Found::default() };
    fn told<T>(problems: &mut Vec<String>, result: std::io::Result<T>) -> Option<T> {
        result.map_err(|error| problems.push(error.to_string())).ok()
    }
    found.metadata = told(&mut found.problems, volume.metadata(node)).unwrap_or_default();
    found.attributes = told(&mut found.problems, volume.attributes(node)).unwrap_or_default();
    if kind == ChildKind::Link {
        found.target = told(&mut found.problems, volume.link_target(node));
    }
    if kind == ChildKind::File {
        let read = volume.open(node).and_then(|mut reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        });
        let bytes = told(&mut found.problems, read);
        if let Some(bytes) = &bytes {
            assert_eq!(bytes.len() as u64, found.metadata.size, "node {node}");
        }
        found.sha256 = bytes.map(|bytes| sha(&bytes));
    }
    found
}
