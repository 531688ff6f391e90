//! A partition with the Apple File System → its volumes, read-only (Apple File System Reference of 22 June 2020).
//!
//! ```text
//! disk ─▶ blocks ─▶ container (checkpoint, object map) ─▶ volume (object map, trees) ─▶ files
//! ```
//!
//! Trees are read downwards from the root for what is asked, through a bounded cache of nodes that all threads share. No
//! index is built and no tree is held. Every object's checksum is checked; a node that does not hold costs what hangs below it.
//! The sections that comments name are those of the reference.

mod blocks;
mod container;
mod fields;
mod files;
mod node;
mod object;
mod object_map;
mod records;
mod snapshots;
mod stream;
mod tree;
mod volume;

use super::{Disk, FileSystem, Format, FoundVolume};
use crate::evidence::{kind_of, problem};
use crate::model::observation::Problem;
use container::Container;
use std::io;
use std::sync::Arc;
use volume::Volume;

/// The Apple File System.
pub struct Apfs;

impl Format for Apfs {
    fn name(&self) -> &'static str {
        "APFS"
    }

    fn detect(&self, head: &[u8]) -> bool {
        head.get(object::HEADER..).is_some_and(|behind| behind.starts_with(container::MAGIC))
    }

    fn open(&self, disk: Arc<dyn Disk>) -> Result<Vec<FoundVolume>, Problem> {
        let container = Container::open(&disk).map_err(|error| told(&error))?;
        let volume = |oid: &u64| match volume(&container, *oid) {
            Ok(volume) => volume.found(&container),
            Err(error) => unread(*oid, &error, &container),
        };
        Ok(container.volumes.iter().map(volume).collect())
    }
}

fn told(error: &io::Error) -> Problem {
    problem(kind_of(error), error.to_string())
}

fn volume(container: &Container, oid: u64) -> io::Result<Volume> {
    Volume::read(&container.volume(oid)?)
}

/// A volume whose superblock cannot be read.
fn unread(oid: u64, error: &io::Error, container: &Container) -> FoundVolume {
    let detail = format!("the volume that is object {oid} cannot be read: {error}");
    FoundVolume {
        label: String::new(),
        group: None,
        role: "",
        notes: vec!["APFS".to_owned()],
        problems: container.problems.clone(),
        files: Err(problem(kind_of(error), detail)),
    }
}

/// A snapshot: its name, and the volume's files as it keeps them; or why they cannot be read.
pub type PastFiles = (String, Result<Arc<dyn FileSystem>, Problem>);

/// The snapshots of the volume at `position` among those that [`Format::open`] finds, oldest first ("Snapshot Metadata").
pub fn snapshots(disk: &Arc<dyn Disk>, position: usize) -> Result<Vec<PastFiles>, Problem> {
    let container = Container::open(disk).map_err(|error| told(&error))?;
    let Some(oid) = container.volumes.get(position) else { return Ok(Vec::new()) };
    let volume = volume(&container, *oid).map_err(|error| told(&error))?;
    let past = volume.past(&container).into_iter().map(|found| match found {
        Ok((name, files)) => (name, Ok(Arc::new(files) as Arc<dyn FileSystem>)),
        Err(error) => (String::new(), Err(told(&error))),
    });
    Ok(past.collect())
}
