//! A disk and the hashes that its image declares → the hashes that it has, and where they differ.

use super::OpenedDisk;
use crate::evidence::digest::{Hashers, Hashes, Wanted};
use crate::evidence::image::disk::Disk;
use crate::evidence::problem;
use crate::model::observation::{Problem, ProblemKind};
use std::io;

/// Bytes that are read at once.
const STEP: usize = 1 << 20;

/// Reads the disk once from front to back: its SHA-256 and what the image declares, and a problem for each hash that differs.
///
/// An error is the first read that failed: a disk with lost bytes has no hash.
pub fn verify(opened: &OpenedDisk) -> io::Result<(Hashes, Vec<Problem>)> {
    let declares = |algorithm| opened.declared.iter().any(|(name, _)| *name == algorithm);
    let wanted = Wanted { sha256: true, md5: declares("md5"), sha1: declares("sha1") };
    let hashes = hashes(opened.disk.as_ref(), wanted)?;
    let differing = opened.declared.iter().filter_map(|(name, declared)| {
        let found = hashes.by(name)?;
        let detail = format!("the image declares the {name} {declared}, its disk has {found}");
        (found != declared).then(|| problem(ProblemKind::HashMismatch, detail))
    });
    let problems = differing.collect();
    Ok((hashes, problems))
}

/// The hashes of all bytes of a disk, or of a file as one.
pub fn hashes(disk: &dyn Disk, wanted: Wanted) -> io::Result<Hashes> {
    let mut hashers = Hashers::new(wanted);
    let mut buffer = vec![0; STEP];
    let mut at = 0_u64;
    while at < disk.size() {
        let left = usize::try_from(disk.size().saturating_sub(at)).unwrap_or(usize::MAX);
        let step = buffer.get_mut(..left.min(STEP)).unwrap_or_default();
        disk.read_at(at, step)?;
        hashers.update(step);
        at = at.saturating_add(step.len() as u64);
    }
    Ok(hashers.finish())
}
