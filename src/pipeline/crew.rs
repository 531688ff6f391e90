//! The pool of the reading → who does pieces of a large log beside the thread that reads it.

use super::hashing::Pace;
use crate::artifacts::Crew;
use rayon::ThreadPool;
use std::cell::Cell;

/// Pieces that are on their way, a thread: one being read and one that waits.
const PIECES: usize = 2;

/// Blocks that are read by all after the hashing had nothing to do.
const SPELL: usize = 16;

/// The threads of a pool, the one that reads the file included. They help as long as the file is hashed faster than
/// it is read: what is only searched is not, and handing it from processor to processor costs more than searching it.
pub(super) struct Pooled<'a> {
    pool: &'a ThreadPool,
    pace: Pace,
    spell: Cell<usize>,
}

impl<'a> Pooled<'a> {
    /// The threads of a pool beside a file that is hashed at this pace.
    pub(super) fn new(pool: &'a ThreadPool, pace: Pace) -> Self {
        Self { pool, pace, spell: Cell::new(SPELL) }
    }
}

impl Crew for Pooled<'_> {
    fn pieces(&self) -> usize {
        let threads = self.pool.current_num_threads();
        if threads < 2 {
            return 0;
        }
        let left = if self.pace.waited() { SPELL } else { self.spell.get().saturating_sub(1) };
        self.spell.set(left);
        if left > 0 { threads.saturating_mul(PIECES) } else { 0 }
    }

    fn piece(&self) -> usize {
        // As much as is read at once.
        usize::MAX
    }

    fn offer(&self, work: Box<dyn FnOnce() + Send>) {
        self.pool.spawn(work);
    }
}
