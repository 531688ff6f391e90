//! The bytes of a disk → its partitions: GPT, APM, MBR, or one file system that takes all of it.

mod apm;
mod gpt;
mod kinds;
mod mbr;

use super::{Disk, FORMATS, disk, fields};
use crate::evidence::problem;
use crate::model::observation::{Problem, ProblemKind};
use disk::Extent;
use std::sync::Arc;

/// A part of a disk.
#[derive(Clone)]
pub struct Partition {
    /// Its name in the map (GPT partition name, APM name); empty if it has none.
    pub name: String,
    /// What the map says it holds, in words: `APFS`, `EFI system partition`, `Apple_HFS`; a type that is not known as it is stored.
    pub kind: String,
    /// Its bytes.
    pub disk: Arc<dyn Disk>,
}

/// A partition as a map tells it.
struct Row {
    /// Its name; empty if the map has none for it.
    name: String,
    /// What it holds.
    kind: String,
    /// Where it begins, in bytes; none if that is beyond what 64 bits can tell.
    offset: Option<u64>,
    /// How long it is, in bytes.
    size: u64,
}

/// What a map holds.
#[derive(Default)]
struct Listing {
    /// The partitions, in the order of the map.
    rows: Vec<Row>,
    /// What is wrong with the map.
    problems: Vec<Problem>,
}

/// A kind of partition map.
struct Scheme {
    /// Whether a disk that begins with these bytes has one.
    detect: fn(&[u8]) -> bool,
    /// What is in it; none if there is no such map after all.
    read: fn(&dyn Disk) -> Option<Listing>,
}

/// The maps that are known. A GPT stands behind an MBR that only protects it, or that repeats a part of it (hybrid).
const SCHEMES: &[Scheme] = &[gpt::SCHEME, apm::SCHEME, mbr::SCHEME];

/// Bytes at the start of a disk by which its map or its file system is told.
const HEAD: usize = 4096;

/// Whether a disk that begins with `head` (at least 4,096 bytes of it, or all) has a partition map or a file system that is known.
pub fn detect(head: &[u8]) -> bool {
    SCHEMES.iter().any(|scheme| (scheme.detect)(head))
        || FORMATS.iter().any(|format| format.detect(head))
}

/// The partitions, in the order of the map; one without name or kind where the disk has no map.
///
/// Partitions that reach beyond the end of the disk are cut, and those that begin beyond it are left out; both are problems.
pub fn list(disk: &Arc<dyn Disk>) -> (Vec<Partition>, Vec<Problem>) {
    match SCHEMES.iter().find_map(|scheme| (scheme.read)(&**disk)) {
        Some(listing) => placed(disk, listing),
        None => (vec![whole(disk)], Vec::new()),
    }
}

/// All of a disk as one partition.
fn whole(disk: &Arc<dyn Disk>) -> Partition {
    Partition { name: String::new(), kind: String::new(), disk: Arc::clone(disk) }
}

/// The partitions of a map with their bytes.
fn placed(disk: &Arc<dyn Disk>, listing: Listing) -> (Vec<Partition>, Vec<Problem>) {
    let Listing { rows, mut problems } = listing;
    let mut partitions = Vec::new();
    for row in rows {
        let there = row.offset.map_or(0, |offset| disk.size().saturating_sub(offset).min(row.size));
        if there < row.size {
            problems.push(beyond(&row, there));
        }
        if let Some(offset) = row.offset.filter(|_| there > 0) {
            let part: Arc<dyn Disk> = Arc::new(Extent::new(Arc::clone(disk), offset, there));
            partitions.push(Partition { name: row.name, kind: row.kind, disk: part });
        }
    }
    (partitions, problems)
}

/// A partition of which only the first bytes are in the image, or none.
fn beyond(row: &Row, there: u64) -> Problem {
    let what = if row.name.is_empty() { &row.kind } else { &row.name };
    let detail = format!(
        "the partition {what:?} has {} bytes of which the image holds the first {there}",
        row.size
    );
    problem(ProblemKind::Truncated, detail)
}

/// The first bytes of a disk, or all of a short one.
fn head(disk: &dyn Disk) -> Option<Vec<u8>> {
    let length = usize::try_from(disk.size()).unwrap_or(usize::MAX).min(HEAD);
    disk::read_vec(disk, 0, length).ok()
}

/// Text up to its first NUL; bytes that are not UTF-8 are replaced.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

impl Partition {
    /// Its name and kind, for notes.
    pub fn described(&self) -> String {
        match (self.name.as_str(), self.kind.as_str()) {
            ("", "") => "(whole disk)".to_owned(),
            ("", kind) => kind.to_owned(),
            (name, "") => format!("{name:?}"),
            (name, kind) => format!("{name:?}, {kind}"),
        }
    }
}
