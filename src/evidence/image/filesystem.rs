//! What every file system offers: directories by number, what stands in them, and the bytes of files.

use super::Disk;
use crate::evidence::ReadSeek;
use crate::model::Timestamp;
use crate::model::observation::Problem;
use std::io;
use std::sync::Arc;

/// A format of file systems, or of containers of them.
pub trait Format: Send + Sync {
    /// Its name, as notes show it: `APFS`, `HFS+`.
    fn name(&self) -> &'static str;

    /// Whether a partition that begins with `head` holds it.
    fn detect(&self, head: &[u8]) -> bool;

    /// The volumes in it, in the order of their numbers; why it cannot be read at all.
    fn open(&self, disk: Arc<dyn Disk>) -> Result<Vec<FoundVolume>, Problem>;
}

/// A volume of a partition.
pub struct FoundVolume {
    /// Its name as the Finder shows it, e.g. `Macintosh HD`; empty if it has none.
    pub label: String,
    /// The group of volumes that macOS shows as one (system and data), by its UUID.
    pub group: Option<String>,
    /// What macOS uses it for: `system`, `data`, `preboot`, `recovery`, `vm`, …; empty where it has no role.
    pub role: &'static str,
    /// What else it says of itself, for `sources`: UUID, snapshots, encryption.
    pub notes: Vec<String>,
    /// What is wrong with it though it can be read: an older checkpoint, missing blocks.
    pub problems: Vec<Problem>,
    /// Its files; or why they cannot be read (encrypted, damaged).
    pub files: Result<Arc<dyn FileSystem>, Problem>,
}

/// The number of a file or directory in its file system (APFS: inode number; HFS+: catalog node ID in the low 32 bits, and where its
/// record stands above them).
pub type NodeId = u64;

/// A mounted volume, read-only.
pub trait FileSystem: Send + Sync {
    /// The root directory.
    fn root(&self) -> NodeId;

    /// What stands in a directory, in the file system's own order. Entries that cannot be read are problems; those that
    /// can are returned all the same.
    fn children(&self, directory: NodeId) -> (Vec<Child>, Vec<Problem>);

    /// Size, times, owner and mode.
    fn metadata(&self, node: NodeId) -> io::Result<Metadata>;

    /// The target of a symbolic link; bytes that are not UTF-8 are replaced.
    fn link_target(&self, node: NodeId) -> io::Result<String>;

    /// The content of a regular file, decompressed where the file system compresses it, holes as zeros.
    fn open(&self, node: NodeId) -> io::Result<Box<dyn ReadSeek>>;

    /// The extended attributes, by name in the file system's own order.
    fn attributes(&self, node: NodeId) -> io::Result<Vec<Attribute>>;
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name as stored: one part of a path, whatever it holds. Bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Whether bytes were replaced.
    pub is_lossy: bool,
    /// What it leads to; hard links of one file lead to the same node.
    pub node: NodeId,
    /// What that is.
    pub kind: ChildKind,
}

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A FIFO, socket, device or whiteout.
    Special,
}

/// What a file system keeps of a file beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Bytes of the content as [`FileSystem::open`] gives it.
    pub size: u64,
    /// Names that lead to it.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// `st_mode`: type and permissions.
    pub mode: u32,
    /// Last change of the content; none where the file system has none, or one out of range.
    pub modified: Option<Timestamp>,
    /// Last change of the metadata.
    pub changed: Option<Timestamp>,
    /// Creation.
    pub created: Option<Timestamp>,
}

/// An extended attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, e.g. `com.apple.quarantine`.
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
}
