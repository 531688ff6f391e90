//! Bands of equal size, of which not all are there → the bytes of a disk.

use super::segments::Segments;
use crate::evidence::image::Disk;
use crate::evidence::image::disk::fill_by_equal_pieces;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// A disk of bands. One that is not there is zeros.
pub(super) struct Bands {
    /// Bytes of the disk.
    pub size: u64,
    /// Bytes of a band, at least one.
    pub band: u64,
    /// The bands that are there, by their place on the disk.
    pub there: BTreeMap<u64, Arc<dyn Disk>>,
    /// Whether the bytes that a band is too short for are zeros; else they are lost.
    pub zeros_behind: bool,
}

impl Bands {
    fn fill(&self, number: u64, skip: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Some(band) = self.there.get(&number) else {
            buffer.fill(0);
            return Ok(());
        };
        let stored = usize::try_from(band.size().saturating_sub(skip)).unwrap_or(usize::MAX);
        let Some((stored, behind)) = buffer.split_at_mut_checked(stored) else {
            return band.read_at(skip, buffer);
        };
        if !self.zeros_behind && !behind.is_empty() {
            let detail = format!("band {number} ends after {} bytes", band.size());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, detail));
        }
        behind.fill(0);
        if stored.is_empty() { Ok(()) } else { band.read_at(skip, stored) }
    }
}

impl Disk for Bands {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        fill_by_equal_pieces((self.size, self.band), offset, buffer, |number, skip, here| {
            self.fill(number, skip as u64, here)
        })
    }
}

/// A band that is a file of its own, opened when it is read.
pub(super) struct BandFile {
    /// All that are there: an image has more of them than a program may have open.
    pub files: Arc<Segments>,
    /// Its number among them.
    pub segment: usize,
}

impl Disk for BandFile {
    fn size(&self) -> u64 {
        self.files.size(self.segment)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.files.read_at(self.segment, offset, buffer)
    }
}
