//! Keys and records of the catalog → folders and files (TN1150, "Catalog File").

use super::header::ForkData;
use super::node::Record;
use super::time;
use super::tree::Which;
use crate::evidence::image::fields::{be16, be32, be64, bytes};
use crate::model::Timestamp;
use std::cmp::Ordering;

/// `kHFSCatalogFileID`.
pub(super) const TREE: Which =
    Which { name: "the catalog", id: 4, order: |key| parent(key).map(u64::from) };

/// `kHFSRootParentID`: the parent of the root folder, which is `kHFSRootFolderID`.
pub(super) const ROOT_PARENT: u32 = 1;
pub(super) const ROOT: u32 = 2;

/// `UF_COMPRESSED` of `chflags(2)`, in the flags that the owner may set.
const COMPRESSED: u8 = 0x20;

/// `kHFSHasLinkChainMask` of the flags of a record.
const HAS_LINK_CHAIN: u16 = 0x20;

/// The parent that a key begins with.
pub(super) fn parent(key: &[u8]) -> Option<u32> {
    be32(key, 0)
}

/// Where a key lies, seen from what stands in a folder. A key that is too short for a parent lies before everything.
pub(super) fn in_folder(key: &[u8], folder: u32) -> Ordering {
    parent(key).map_or(Ordering::Less, |parent| parent.cmp(&folder))
}

/// The units of UTF-16 of a key's name, as far as they are there.
pub(super) fn name(key: &[u8]) -> impl Iterator<Item = u16> {
    let length = be16(key, 4).unwrap_or_default();
    let (units, _) = key.get(6..).unwrap_or_default().as_chunks::<2>();
    units.iter().map(|unit| u16::from_be_bytes(*unit)).take(usize::from(length))
}

/// A name as macOS shows it in a path, and whether units were replaced that are not Unicode.
///
/// The file system keeps `:` free for the paths of old: what is `:` in a path is stored as `/`. NUL becomes U+2400, as
/// macOS has it.
pub(super) fn shown(units: impl Iterator<Item = u16>) -> (String, bool) {
    let mut is_lossy = false;
    let name = char::decode_utf16(units).map(|unit| match unit {
        Ok('/') => ':',
        Ok('\0') => '\u{2400}',
        Ok(character) => character,
        Err(_) => {
            is_lossy = true;
            char::REPLACEMENT_CHARACTER
        }
    });
    (name.collect(), is_lossy)
}

/// A folder or file of the catalog.
pub(super) struct Item {
    pub is_folder: bool,
    /// Catalog node ID.
    pub id: u32,
    pub created: Option<Timestamp>,
    /// Last change of the content.
    pub modified: Option<Timestamp>,
    /// Last change of the record.
    pub changed: Option<Timestamp>,
    pub uid: u32,
    pub gid: u32,
    /// `st_mode`; 0 where it was never set.
    pub mode: u16,
    /// For a link the number of the file that it leads to, for that file how many links there are.
    pub special: u32,
    /// Whether it is one of several links, as macOS marks those of folders.
    pub has_chain: bool,
    /// Type and creator of a file.
    pub finder: u64,
    /// Whether macOS compressed the content.
    pub is_compressed: bool,
    pub data: ForkData,
    pub resources: ForkData,
}

/// What a leaf of the catalog holds.
pub(super) enum Entry {
    /// A folder or file.
    Item(Box<Item>),
    /// A thread: it leads from the number of a file to its name. Not used: see [`super::volume`].
    Thread,
}

impl Entry {
    /// The record; none if it is none that is known, or is cut off.
    pub(super) fn parse(record: &Record<'_>) -> Option<Self> {
        match be16(record.data, 0)? {
            1 => Some(Self::Item(Box::new(Item::folder(record.data)?))),
            2 => Some(Self::Item(Box::new(Item::file(record.data)?))),
            3 | 4 => Some(Self::Thread),
            _ => None,
        }
    }

    /// The folder or file, if it is one.
    pub(super) fn item(self) -> Option<Item> {
        match self {
            Self::Item(item) => Some(*item),
            Self::Thread => None,
        }
    }
}

impl Item {
    fn folder(data: &[u8]) -> Option<Self> {
        Some(Self { is_folder: true, ..Self::common(data)? })
    }

    fn file(data: &[u8]) -> Option<Self> {
        let (content, resources) = (ForkData::parse(data, 88)?, ForkData::parse(data, 168)?);
        Some(Self { data: content, resources, ..Self::common(data)? })
    }

    /// What folders and files have at the same offsets.
    fn common(data: &[u8]) -> Option<Self> {
        let [_, owner_flags]: [u8; 2] = bytes(data, 40)?;
        Some(Self {
            is_folder: false,
            id: be32(data, 8)?,
            created: time::utc(be32(data, 12)?),
            modified: time::utc(be32(data, 16)?),
            changed: time::utc(be32(data, 20)?),
            uid: be32(data, 32)?,
            gid: be32(data, 36)?,
            mode: be16(data, 42)?,
            special: be32(data, 44)?,
            has_chain: be16(data, 2)? & HAS_LINK_CHAIN != 0,
            finder: be64(data, 48)?,
            is_compressed: owner_flags & COMPRESSED != 0,
            data: ForkData::default(),
            resources: ForkData::default(),
        })
    }
}
