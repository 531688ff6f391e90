//! A raw image, whole or in numbered parts (`.001`, `.002`, …) → its disk.

use super::segments::Segments;
use super::{Container, First, OpenedDisk, Parts};
use crate::evidence::image::disk::{Disk, Positioned, fill_by_pieces};
use crate::evidence::image::partition;
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::io;
use std::sync::Arc;

/// Parts that may be missing in a row before the image is held to be at its end.
const MISSING: usize = 16;

/// Raw bytes of a disk, told by the partition map or the file system at their start.
pub(super) struct Raw;

impl Container for Raw {
    fn id(&self) -> &'static str {
        "raw"
    }

    fn detect(&self, file: &First<'_>) -> bool {
        partition::detect(file.head)
    }

    fn open(&self, first: &First<'_>, parts: &dyn Parts) -> Result<OpenedDisk, Problem> {
        let Some(numbered) = Numbered::of(first.path) else {
            return Ok(OpenedDisk::plain(Arc::new(Positioned::new(Arc::clone(first.bytes)))));
        };
        let mut split = Split::default();
        split.push(Arc::clone(first.bytes));
        let problems = split.add_parts(&numbered, parts);
        let names = std::mem::take(&mut split.names);
        let notes = vec![format!("split raw, {} parts", names.len().saturating_add(1))];
        Ok(OpenedDisk { parts: names, problems, notes, ..OpenedDisk::plain(Arc::new(split)) })
    }
}

/// The name of a first part: what is before its number, the number, and how many digits that has.
struct Numbered<'a> {
    stem: &'a str,
    number: u32,
    width: usize,
}

impl<'a> Numbered<'a> {
    /// Only `.000` and `.001` (and `.0001`) are names of a first part.
    fn of(path: &'a str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let (stem, ending) = name.rsplit_once('.')?;
        let is_numbered =
            (3..=4).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_digit());
        let number = ending.parse().ok().filter(|number| is_numbered && *number <= 1)?;
        Some(Self { stem, number, width: ending.len() })
    }

    /// The name of the part that comes `later` parts after the first.
    fn later(&self, later: usize) -> Option<String> {
        let number = self.number.checked_add(u32::try_from(later).ok()?)?;
        let Self { stem, width, .. } = self;
        let digits = format!("{number:0width$}");
        (digits.len() == *width).then(|| format!("{stem}.{digits}"))
    }
}

/// A part: where it starts on the disk, its size, and its file if that is there.
struct Piece {
    start: u64,
    size: u64,
    segment: Option<usize>,
}

/// A disk in parts, one after the other.
#[derive(Default)]
struct Split {
    segments: Segments,
    pieces: Vec<Piece>,
    size: u64,
    /// Names of the parts beside the first.
    names: Vec<String>,
}

impl Split {
    fn push(&mut self, source: Arc<dyn crate::evidence::Reopen>) {
        let (segment, size) = (self.segments.len(), source.size());
        self.segments.push(source);
        self.piece(size, Some(segment));
    }

    fn piece(&mut self, size: u64, segment: Option<usize>) {
        self.pieces.push(Piece { start: self.size, size, segment });
        self.size = self.size.saturating_add(size);
    }

    /// Adds the parts that are there. All but the last of a set have one size: that is the size of one that is missing.
    fn add_parts(&mut self, numbered: &Numbered<'_>, parts: &dyn Parts) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut missing: Vec<String> = Vec::new();
        let usual = self.size;
        let mut before = usual;
        for later in 1..limits::SEGMENTS {
            let Some(name) = numbered.later(later) else { break };
            if let Some(source) = parts.open(&name) {
                problems.extend(self.inner(before, usual));
                for lost in missing.drain(..) {
                    self.piece(usual, None);
                    let detail = format!(
                        "{lost} is missing: its {usual} bytes, the size of the first part, are lost"
                    );
                    problems.push(problem(ProblemKind::Truncated, detail));
                }
                before = source.size();
                self.push(source);
                self.names.push(name);
            } else if missing.len() < MISSING {
                missing.push(name);
            } else {
                break;
            }
        }
        problems
    }

    /// Checks the part pushed last, which has `size` bytes, once another is known to follow: what it lacks of `usual` is lost, and
    /// what follows keeps its place.
    fn inner(&mut self, size: u64, usual: u64) -> Option<Problem> {
        let name = self.names.last()?;
        let sizes = format!("{name} has {size} bytes, the first part has {usual}");
        if size > usual {
            let detail = format!("{sizes}: where the parts behind it belong is not sure");
            return Some(problem(ProblemKind::MalformedFile, detail));
        }
        let lost = usual.checked_sub(size).filter(|lost| *lost > 0)?;
        self.piece(lost, None);
        Some(problem(ProblemKind::Truncated, format!("{sizes}: {lost} bytes are lost")))
    }

    /// Reads from one piece, as much as it has; how much that was.
    fn read_piece(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let place = self.pieces.partition_point(|piece| piece.start <= at).checked_sub(1);
        let piece =
            place.and_then(|place| self.pieces.get(place)).ok_or(io::ErrorKind::UnexpectedEof)?;
        let skipped = at.saturating_sub(piece.start);
        let left = usize::try_from(piece.size.saturating_sub(skipped)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let wanted = buffer.get_mut(..length).unwrap_or_default();
        let Some(segment) = piece.segment else {
            let detail = format!(
                "offset {at} of the disk lies in a part, or an end of one, that is missing"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        };
        self.segments.read_at(segment, skipped, wanted)?;
        Ok(length)
    }
}

impl Disk for Split {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        fill_by_pieces(self.size, offset, buffer, |at, left| self.read_piece(at, left))
    }
}
