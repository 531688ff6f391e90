//! Where a row came from, so that a person can find it again by hand.

use std::fmt;

/// A file of the evidence: an index into the run's `sources`, in output order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// The place inside a file. Ordered by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Locator {
    /// The whole file.
    Whole,
    /// A line, counted from 1.
    Line(u64),
    /// A byte offset, counted from 0.
    Offset(u64),
    /// A row of a table, counted from 1.
    Row(u64),
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line) => write!(f, ":{line}"),
            Self::Offset(offset) => write!(f, "@0x{offset:x}"),
            Self::Row(row) => write!(f, "#{row}"),
        }
    }
}

/// A place in the evidence that supports a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub source: SourceId,
    /// The place in it.
    pub locator: Locator,
}
