//! Bands of equal size, of which not all are there → the bytes of a disk.

use crate::evidence::image::Disk;
use crate::evidence::image::disk::{Positioned, beyond_end, is_within};
use crate::evidence::{Reopen, limits};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

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

    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        if !is_within(offset, buffer.len(), self.size) {
            return Err(beyond_end(offset, buffer.len(), self.size));
        }
        while !buffer.is_empty() {
            let number = offset.checked_div(self.band).unwrap_or_default();
            let skip = offset.checked_rem(self.band).unwrap_or_default();
            let left = usize::try_from(self.band.saturating_sub(skip)).unwrap_or(usize::MAX);
            let (here, rest) = buffer.split_at_mut(left.clamp(1, buffer.len()));
            let length = here.len() as u64;
            self.fill(number, skip, here)?;
            offset = offset.saturating_add(length);
            buffer = rest;
        }
        Ok(())
    }
}

/// The files of bands that were read last: an image has more of them than a program may have open.
#[derive(Default)]
pub(super) struct OpenFiles(Mutex<VecDeque<(u64, Arc<Positioned>)>>);

impl OpenFiles {
    /// A file that is still open, or opened anew; the one that was not asked for longest is closed.
    fn get(&self, number: u64, file: &Arc<dyn Reopen>) -> Arc<Positioned> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = open.iter().position(|(other, _)| *other == number);
        let kept = at.and_then(|at| open.remove(at)).map(|(_, disk)| disk);
        let disk = kept.unwrap_or_else(|| Arc::new(Positioned::new(Arc::clone(file))));
        open.push_front((number, Arc::clone(&disk)));
        open.truncate(limits::BANDS_OPEN);
        disk
    }
}

/// A band that is a file of its own, opened when it is read.
pub(super) struct BandFile {
    /// Its place on the disk.
    pub number: u64,
    /// The file.
    pub file: Arc<dyn Reopen>,
    /// Where its reader is kept.
    pub open: Arc<OpenFiles>,
}

impl Disk for BandFile {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.open.get(self.number, &self.file).read_at(offset, buffer)
    }
}
