//! A disk image → the volumes in it, each a tree of files.
//!
//! ```text
//!  file(s)        Disk             Disk, one a partition      FileSystem            Volume
//! container ───▶ partition ───▶ apfs, hfs ───▶ tree
//! ```
//!
//! A *container* ([`container`]) is how the bytes of a disk are stored in files (raw, split, E01, DMG, sparse); a *partition
//! map* ([`partition`]) divides the disk; a *file system* ([`FileSystem`]) is what stands in a partition. Each step is a list
//! of formats that are recognised by content. Nothing here writes, and no file is read as a whole.

pub mod apfs;
pub mod cache;
pub mod container;
pub mod decmpfs;
pub mod disk;
pub mod fields;
pub mod filesystem;
pub mod hfs;
pub mod mounted;
pub mod partition;
pub mod tree;

pub use container::{Container, OpenedDisk, Parts};
pub use disk::{Disk, DiskReader, Extent, Positioned};
pub use filesystem::{
    Attribute, Child, ChildKind, FileSystem, Format, FoundVolume, Metadata, NodeId,
};

/// The file systems that are read.
pub const FORMATS: &[&dyn Format] = &[&apfs::Apfs, &hfs::Hfs];
