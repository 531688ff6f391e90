//! The files of an image in several parts → their bytes at any place, from several threads, with few files open.

use crate::evidence::image::disk::check_within;
use crate::evidence::{ReadSeek, Reopen, limits};
use std::collections::VecDeque;
use std::io::{self, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A reader and the number of the file that it reads.
type Idle = (usize, Box<dyn ReadSeek>);

/// The files, in their order. Readers that are not in use are kept for the next, [`limits::OPEN_SEGMENTS`] of them.
#[derive(Default)]
pub(super) struct Segments {
    sources: Vec<Arc<dyn Reopen>>,
    idle: Mutex<VecDeque<Idle>>,
}

impl Segments {
    /// Adds a file; its number is how many there were before.
    pub(super) fn push(&mut self, source: Arc<dyn Reopen>) {
        self.sources.push(source);
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Size of a file in bytes; 0 if there is none of that number.
    pub(super) fn size(&self, segment: usize) -> u64 {
        self.sources.get(segment).map_or(0, |source| source.size())
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader of a file: one that was kept, or a fresh one.
    fn take(&self, segment: usize) -> io::Result<Box<dyn ReadSeek>> {
        let kept = {
            let mut idle = self.idle();
            let place = idle.iter().position(|(number, _)| *number == segment);
            place.and_then(|place| idle.remove(place))
        };
        match kept {
            Some((_, reader)) => Ok(reader),
            None => self.sources.get(segment).ok_or(io::ErrorKind::NotFound)?.reopen(),
        }
    }

    /// Fills `buffer` with the bytes of a file from `offset` on; beyond its end an error of kind `UnexpectedEof`.
    pub(super) fn read_at(&self, segment: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let size = self.size(segment);
        check_within(offset, buffer.len(), size)?;
        let mut reader = self.take(segment)?;
        reader.seek(SeekFrom::Start(offset))?;
        reader.read_exact(buffer)?;
        let mut idle = self.idle();
        idle.push_back((segment, reader));
        if idle.len() > limits::OPEN_SEGMENTS {
            idle.pop_front();
        }
        Ok(())
    }

    /// `length` bytes of a file from `offset` on. The caller has bounded `length`.
    pub(super) fn read_vec(
        &self,
        segment: usize,
        offset: u64,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        check_within(offset, length, self.size(segment))?;
        let mut bytes = vec![0; length];
        self.read_at(segment, offset, &mut bytes)?;
        Ok(bytes)
    }
}
