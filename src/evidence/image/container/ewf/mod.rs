//! An image in the Expert Witness Compression Format (`E01` …, SMART's `s01` …) → its disk.
//!
//! The source is libewf's "Expert Witness Compression Format" (EWF). Each part of it is named where it is read.

mod header;
mod media;
mod names;
mod section;
mod set;
mod tables;

use super::{Container, First, OpenedDisk, Parts};
use crate::evidence::problem;
use crate::model::observation::{Problem, ProblemKind};
use media::Media;
use set::Set;
use std::sync::Arc;

/// Version 1 of the format.
pub(super) struct Ewf;

impl Container for Ewf {
    fn id(&self) -> &'static str {
        "e01"
    }

    fn detect(&self, file: &First<'_>) -> bool {
        section::segment_number(file.head).is_some()
    }

    fn open(&self, first: &First<'_>, parts: &dyn Parts) -> Result<OpenedDisk, Problem> {
        if let Some(number @ 2..) = section::segment_number(first.head) {
            let detail =
                format!("segment {number} of an image in several: give the first segment (.E01)");
            return Err(problem(ProblemKind::Unsupported, detail));
        }
        let mut set = Set::read(first, parts);
        let Some(shape) = set.geometry else {
            let why = set.problems.into_iter().next().map(|why| format!(" ({})", why.detail));
            let detail =
                format!("no section of it tells the size of the disk{}", why.unwrap_or_default());
            return Err(problem(ProblemKind::MalformedFile, detail));
        };
        let tables = set.take_tables();
        let found: u64 = tables.iter().map(tables::Table::len).sum();
        if found < shape.chunks {
            let detail = format!("{found} of {} chunks of the disk are there", shape.chunks);
            set.problems.push(problem(ProblemKind::Truncated, detail));
        }
        let Set { segments, parts, mut notes, declared, problems, .. } = set;
        notes.insert(
            0,
            format!("EWF in {} segments, chunks of {} bytes", segments.len(), shape.chunk_size),
        );
        notes.extend(
            declared.iter().map(|(algorithm, hash)| format!("declared {algorithm}: {hash}")),
        );
        let disk = Arc::new(Media::new(segments, tables, shape.chunk_size, shape.size));
        Ok(OpenedDisk { disk, parts, problems, notes, declared })
    }
}
