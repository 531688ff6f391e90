//! HFS+ and HFSX → folders and files (Apple, Technical Note TN1150, "HFS Plus Volume Format").
//!
//! ```text
//! volume header ─▶ extents overflow ─▶ catalog ────▶ folders, files, hard links
//!                                   └▶ attributes ─▶ extended attributes, compression
//! ```
//!
//! Read-only: a journal is not replayed, which a note says where it holds anything. An HFS volume that only wraps an HFS+ one is
//! looked through; plain HFS is refused by name.

mod attributes;
mod catalog;
mod extents;
mod fork;
mod header;
mod journal;
mod links;
mod node;
mod time;
mod tree;
mod volume;

use super::cache::Cache;
use super::disk::{self, Extent};
use super::fields::bytes;
use super::{Disk, FileSystem, Format, FoundVolume};
use crate::evidence::{kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use extents::{Forks, Which};
use header::{AT, ForkData, Header, SIGNATURES, SIZE, Wrapper};
use std::io;
use std::sync::Arc;
use tree::{Nodes, Tree};
use volume::Volume;

/// HFS+ in all its forms.
pub struct Hfs;

impl Format for Hfs {
    fn name(&self) -> &'static str {
        "HFS+"
    }

    fn detect(&self, head: &[u8]) -> bool {
        let block = usize::try_from(AT).ok().and_then(|at| head.get(at..)).unwrap_or_default();
        bytes(block, 0).is_some_and(|found| SIGNATURES.contains(&found))
            || Wrapper::parse(block).is_some()
    }

    fn open(&self, disk: Arc<dyn Disk>) -> Result<Vec<FoundVolume>, Problem> {
        let told = |error: io::Error| problem(kind_of(&error), error.to_string());
        let block = disk::read_vec(&*disk, AT, SIZE).map_err(told)?;
        match Wrapper::parse(&block) {
            Some(Wrapper::Plain) => {
                let detail = "an HFS (Mac OS Standard) volume, which is not read; HFS+ is";
                Err(problem(ProblemKind::Unsupported, detail))
            }
            Some(Wrapper::Around(offset, size)) => {
                let inner: Arc<dyn Disk> = Arc::new(Extent::new(disk, offset, size));
                let mut found = plus(&inner)?;
                found.notes.push("in an HFS wrapper".to_owned());
                Ok(vec![found])
            }
            None => Ok(vec![plus(&disk)?]),
        }
    }
}

/// The HFS+ volume that takes all of a disk.
fn plus(disk: &Arc<dyn Disk>) -> Result<FoundVolume, Problem> {
    let (header, is_alternate) = header(&**disk).ok_or_else(|| {
        let detail = "the header of the HFS+ volume and its alternate are damaged";
        problem(ProblemKind::MalformedFile, detail)
    })?;
    let notes = notes(&**disk, &header);
    let mut problems = Vec::new();
    if is_alternate {
        let detail = "the volume header is damaged; the alternate one is used";
        problems.push(problem(ProblemKind::MalformedRecord, detail));
    }
    if header.size() > disk.size() {
        let detail = format!("{} of its {} bytes are there", disk.size(), header.size());
        problems.push(problem(ProblemKind::Truncated, detail));
    }
    let volume = mounted(disk, &header);
    let label = volume.as_ref().map(|volume| volume.label.clone()).unwrap_or_default();
    let files = match volume {
        Ok(volume) => Ok(Arc::new(volume) as Arc<dyn FileSystem>),
        Err(error) => Err(problem(kind_of(&error), error.to_string())),
    };
    Ok(FoundVolume { label, group: None, role: "", notes, problems, files })
}

/// The header, or the alternate one, which stands before the end of the partition or of the volume.
fn header(disk: &dyn Disk) -> Option<(Header, bool)> {
    let parsed = |at: u64| Header::parse(&disk::read_vec(disk, at, SIZE).ok()?);
    match parsed(AT) {
        Some(header) => Some((header, false)),
        None => Some((parsed(disk.size().checked_sub(AT)?)?, true)),
    }
}

fn notes(disk: &dyn Disk, header: &Header) -> Vec<String> {
    let format = if header.is_hfsx { "HFSX" } else { "HFS+" };
    let mut notes =
        vec![format!("{format}, {} blocks of {} bytes", header.blocks, header.block_size)];
    if header.identifier != 0 {
        notes.push(format!("volume identifier {:016X}", header.identifier));
    }
    if !header.was_unmounted() {
        notes.push("it was not unmounted".to_owned());
    }
    if header.is_journaled() {
        notes.extend(journal::note(disk, header));
    }
    notes
}

/// The trees of a volume.
fn mounted(disk: &Arc<dyn Disk>, header: &Header) -> io::Result<Volume> {
    let cache = Nodes::new(Cache::new(limits::NODE_CACHE));
    let forks = Forks::open(disk, header, &cache);
    let tree = |which: &'static tree::Which, data: &ForkData| {
        Tree::open(which, forks.fork(which.id, Which::Data, data)?, &cache)
    };
    let catalog = tree(&catalog::TREE, &header.catalog)?;
    let extended = match header.extended.size {
        0 => Ok(None),
        _ => tree(&attributes::TREE, &header.extended).map(Some),
    };
    Ok(Volume::new(catalog, extended, forks))
}
