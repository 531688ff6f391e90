//! A sparse image (`.sparseimage`) → its disk.
//!
//! Apple has published no specification; the layout is told in libmodi's "Mac OS sparse image (.sparseimage) format". The first
//! 4,096 bytes are a header of 64 bytes (`sprs`, the version, sectors of a band at 8, sectors of the disk at 16) and numbers: the
//! band that is stored at that place, counted from 1, or 0. All are big-endian, sectors have 512 bytes.

use super::bands::Bands;
use super::{Container, First, OpenedDisk, Parts};
use crate::evidence::image::Disk;
use crate::evidence::image::disk::{Extent, Positioned};
use crate::evidence::image::fields::be32;
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAGIC: &[u8] = b"sprs";
/// The version that is known.
const VERSION: u32 = 3;
/// Bytes before the numbers of bands.
const HEADER: usize = 64;
/// Bytes before the first band.
const FIRST_BAND: u64 = 4096;
/// Bytes of a sector.
const SECTOR: u64 = 512;

/// Bands in the order in which they were written.
pub(super) struct SparseImage;

impl Container for SparseImage {
    fn id(&self) -> &'static str {
        "sparseimage"
    }

    fn detect(&self, file: &First<'_>) -> bool {
        file.head.starts_with(MAGIC) && be32(file.head, 4).is_some_and(|version| version < 0x100)
    }

    fn open(&self, first: &First<'_>, _: &dyn Parts) -> Result<OpenedDisk, Problem> {
        let head = first.head;
        let cut = || problem(ProblemKind::Truncated, "a sparse image without its whole header");
        let field = |at| be32(head, at).map(u64::from).ok_or_else(cut);
        let version = be32(head, 4).ok_or_else(cut)?;
        if version != VERSION {
            let detail = format!("a sparse image of version {version}; {VERSION} is read");
            return Err(problem(ProblemKind::Unsupported, detail));
        }
        let (band, size) = (field(8)?.saturating_mul(SECTOR), field(16)?.saturating_mul(SECTOR));
        if band == 0 {
            let detail = "a sparse image whose bands have no sectors";
            return Err(problem(ProblemKind::MalformedFile, detail));
        }
        let numbers = head.get(HEADER..limits::HEAD).ok_or_else(cut)?;
        let count = (numbers.len() / 4) as u64;
        let file: Arc<dyn Disk> = Arc::new(Positioned::new(Arc::clone(first.bytes)));
        if file.size() > FIRST_BAND.saturating_add(count.saturating_mul(band)) {
            let detail = format!("a sparse image of more than {count} bands");
            return Err(problem(ProblemKind::Unsupported, detail));
        }
        let mut problems = Vec::new();
        let there = bands(numbers, (band, size), &file, &mut problems);
        let bands = Bands { size, band, there, zeros_behind: false };
        Ok(OpenedDisk { problems, ..OpenedDisk::plain(Arc::new(bands)) })
    }
}

/// The bands by their place on the disk.
fn bands(
    numbers: &[u8],
    (band, size): (u64, u64),
    file: &Arc<dyn Disk>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<u64, Arc<dyn Disk>> {
    let mut there: BTreeMap<u64, Arc<dyn Disk>> = BTreeMap::new();
    let (mut cut, mut wrong) = (0_u32, 0_u32);
    for (place, number) in (0_u64..).zip(numbers.chunks_exact(4)) {
        let number = be32(number, 0).map(u64::from).unwrap_or_default();
        let Some(number) = number.checked_sub(1) else { continue };
        let start = FIRST_BAND.saturating_add(place.saturating_mul(band));
        let wanted = size.saturating_sub(number.saturating_mul(band)).min(band);
        let stored = Extent::new(Arc::clone(file), start, wanted);
        cut = cut.saturating_add(u32::from(stored.size() < wanted));
        let again = there.insert(number, Arc::new(stored)).is_some();
        wrong = wrong.saturating_add(u32::from(again || wanted == 0));
    }
    if cut > 0 {
        let detail = format!("bands of the sparse image that the file is too short for: {cut}");
        problems.push(problem(ProblemKind::Truncated, detail));
    }
    if wrong > 0 {
        let detail = format!("bands of the sparse image twice or beyond the disk: {wrong}");
        problems.push(problem(ProblemKind::MalformedFile, detail));
    }
    there
}
