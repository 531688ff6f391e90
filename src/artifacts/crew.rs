//! A file that is too large for one thread → work that others may do. A parser owns no threads: it offers work to
//! a [`Crew`], and goes on as well if nobody takes it.

use std::fmt;

/// Who may do work for a parser.
pub trait Crew {
    /// How many pieces of a file may be on their way now; 0 if the parser is alone, or would do better so.
    fn pieces(&self) -> usize;

    /// Bytes of a piece, about: pieces end with a line, and none is larger than a block that is read at once.
    fn piece(&self) -> usize;

    /// Takes work on. It is done on some thread, sooner or later; nobody may wait for that.
    fn offer(&self, work: Box<dyn FnOnce() + Send>);
}

impl fmt::Debug for dyn Crew + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Crew of {} pieces", self.pieces())
    }
}

/// No crew.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Crew for Alone {
    fn pieces(&self) -> usize {
        0
    }

    fn piece(&self) -> usize {
        usize::MAX
    }

    fn offer(&self, _: Box<dyn FnOnce() + Send>) {}
}
