//! A file that belongs to the one being read, beside it in its folder (`db.sqlite-wal`) → its bytes, if they can be had.

use std::fmt;
use std::io;

/// What lies beside a file under a longer name.
#[derive(Debug)]
pub enum Sibling {
    /// Its bytes.
    Found(Vec<u8>),
    /// There is no such file.
    Absent,
    /// There is one, and it cannot be read.
    Unreadable(io::Error),
    /// Nobody looked: the file was given alone, or is the only one of a compressed stream.
    Unknown,
}

/// Where the files beside the one being read are had.
pub trait Siblings {
    /// The file whose path is that of the one being read with `ending` behind it, up to `limit` bytes.
    fn read(&self, ending: &str, limit: u64) -> Sibling;
}

impl fmt::Debug for dyn Siblings + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Siblings")
    }
}

/// Nothing is known of the files beside this one.
#[derive(Clone, Copy, Debug)]
pub struct NotLookedFor;

impl Siblings for NotLookedFor {
    fn read(&self, _: &str, _: u64) -> Sibling {
        Sibling::Unknown
    }
}
