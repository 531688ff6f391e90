//! A raw image, whole or in numbered parts (`.001`, `.002`, …) → its disk.

use super::{Container, First, OpenedDisk, Parts};
use crate::evidence::image::disk::Positioned;
use crate::evidence::image::partition;
use crate::model::observation::Problem;
use std::sync::Arc;

/// Raw bytes of a disk, told by the partition map or the file system at their start.
pub(super) struct Raw;

impl Container for Raw {
    fn id(&self) -> &'static str {
        "raw"
    }

    fn detect(&self, file: &First<'_>) -> bool {
        partition::detect(file.head)
    }

    fn open(&self, first: &First<'_>, _: &dyn Parts) -> Result<OpenedDisk, Problem> {
        Ok(OpenedDisk::plain(Arc::new(Positioned::new(Arc::clone(first.bytes)))))
    }
}
