//! Values of the file-system tree → inodes, directory entries, attributes, extents ("File-System Objects").

use super::fields::{Fields, text};
use crate::evidence::image::{Child, ChildKind, Metadata};
use crate::model::Timestamp;
use std::io;

/// "File-System Constants", `j_obj_types`.
pub(super) mod of {
    pub(in super::super) const SNAPSHOT: u8 = 1;
    pub(in super::super) const INODE: u8 = 3;
    pub(in super::super) const ATTRIBUTE: u8 = 4;
    pub(in super::super) const EXTENT: u8 = 8;
    pub(in super::super) const ENTRY: u8 = 9;
}

/// `st_mode`: the type, and its values.
const TYPE: u16 = 0o170_000;
const DIRECTORY: u16 = 0o040_000;
const FILE: u16 = 0o100_000;
/// `INODE_IS_SPARSE` ("File-System Constants", `j_inode_flags`).
const SPARSE: u64 = 0x200;
/// `UF_COMPRESSED` of `bsd_flags`: what `com.apple.decmpfs` says is the content.
const COMPRESSED: u32 = 0x20;
/// `SF_DATALESS` of `bsd_flags`: the content was left to a server (iCloud Drive, say).
const DATALESS: u32 = 0x4000_0000;
/// `INO_EXT_TYPE_DSTREAM` ("Extended Fields").
const DATA_STREAM: u8 = 8;

/// `j_inode_val_t`.
pub(super) struct Inode {
    /// The identifier under which its extents are kept.
    pub(super) stream: u64,
    /// Size of its data stream; none if it has none.
    pub(super) size: Option<u64>,
    /// Whether what no extent covers is a hole.
    pub(super) is_sparse: bool,
    /// Whether its content is compressed.
    pub(super) is_compressed: bool,
    /// Whether its content is not on the disk.
    pub(super) is_dataless: bool,
    flags: Flags,
}

/// Owner, times and mode.
struct Flags {
    links: u32,
    uid: u32,
    gid: u32,
    mode: u16,
    created: u64,
    modified: u64,
    changed: u64,
}

impl Inode {
    pub(super) fn read(value: &[u8]) -> io::Result<Self> {
        let fields = Fields(value);
        let flags = Flags {
            links: fields.u32(56)?,
            uid: fields.u32(72)?,
            gid: fields.u32(76)?,
            mode: fields.u16(80)?,
            created: fields.u64(16)?,
            modified: fields.u64(24)?,
            changed: fields.u64(32)?,
        };
        let stream = extended_field(fields.rest(92), DATA_STREAM)?;
        Ok(Self {
            stream: fields.u64(8)?,
            size: stream.map(|stream| Fields(stream).u64(0)).transpose()?,
            is_sparse: fields.u64(48)? & SPARSE != 0,
            is_compressed: fields.u32(68)? & COMPRESSED != 0,
            is_dataless: fields.u32(68)? & DATALESS != 0,
            flags,
        })
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.flags.mode & TYPE == FILE
    }

    /// What is kept of it beside its content, which has `size` bytes.
    pub(super) fn metadata(&self, size: u64) -> Metadata {
        let flags = &self.flags;
        // For a directory the field counts what stands in it.
        let links = if flags.mode & TYPE == DIRECTORY { 1 } else { flags.links };
        Metadata {
            size,
            links,
            uid: flags.uid,
            gid: flags.gid,
            mode: u32::from(flags.mode),
            modified: time(flags.modified),
            changed: time(flags.changed),
            created: time(flags.created),
        }
    }
}

/// Nanoseconds since 1970 as a time; none if there are none.
pub(super) fn time(nanoseconds: u64) -> Option<Timestamp> {
    let signed = nanoseconds.cast_signed();
    if signed == 0 { None } else { Timestamp::from_nanosecond(i128::from(signed)).ok() }
}

/// The value of an extended field ("Extended Fields", `xf_blob_t`): the fields' headers stand first, then their values,
/// each filled up to 8 bytes.
///
/// A field that is cut is an error: without its data stream a file would be empty.
fn extended_field(blob: &[u8], wanted: u8) -> io::Result<Option<&[u8]>> {
    if blob.is_empty() {
        return Ok(None);
    }
    let fields = Fields(blob);
    let count = usize::from(fields.u16(0)?);
    let mut value_at = count.saturating_mul(4).saturating_add(4);
    for at in 0..count {
        let header = at.saturating_mul(4).saturating_add(4);
        let size = usize::from(fields.u16(header.saturating_add(2))?);
        if fields.u8(header)? == wanted {
            return fields.bytes(value_at, size).map(Some);
        }
        value_at = value_at.saturating_add(size.next_multiple_of(8));
    }
    Ok(None)
}

/// A record of a directory: `j_drec_key_t`, or `j_drec_hashed_key_t` on volumes that compare names without their case or
/// normalisation; and `j_drec_val_t`.
pub(super) fn entry(key: &[u8], value: &[u8], is_hashed: bool) -> io::Result<Child> {
    /// `J_DREC_LEN_MASK`.
    const LENGTH: u32 = 0x3ff;
    let (key, value) = (Fields(key), Fields(value));
    let name = if is_hashed {
        key.bytes(12, (key.u32(8)? & LENGTH) as usize)?
    } else {
        key.bytes(10, usize::from(key.u16(8)?))?
    };
    let (name, is_lossy) = text(name);
    Ok(Child { name, is_lossy, node: value.u64(0)?, kind: kind_of(value.u16(16)?) })
}

/// "Directory Entry File Types".
fn kind_of(flags: u16) -> ChildKind {
    match flags & 0xf {
        4 => ChildKind::Directory,
        8 => ChildKind::File,
        10 => ChildKind::Link,
        _ => ChildKind::Special,
    }
}

/// The value of an attribute.
pub(super) enum Value {
    /// It stands in the record.
    Embedded(Vec<u8>),
    /// It has a data stream of its own: identifier and size.
    Stream(u64, u64),
}

/// An attribute: `j_xattr_key_t`, `j_xattr_val_t`.
pub(super) struct Attribute {
    pub(super) name: String,
    /// Whether it is the file system's own, as the target of a link is.
    pub(super) is_internal: bool,
    pub(super) value: Value,
}

impl Attribute {
    pub(super) fn read(key: &[u8], value: &[u8]) -> io::Result<Self> {
        /// `j_xattr_flags`.
        const STREAM: u16 = 0x01;
        const OWNED_BY_FILE_SYSTEM: u16 = 0x04;
        let (name, _) = attribute_name(key)?;
        let value = Fields(value);
        let (flags, length) = (value.u16(0)?, usize::from(value.u16(2)?));
        let data = value.bytes(4, length)?;
        let value = if flags & STREAM != 0 {
            // `j_xattr_dstream_t`
            Value::Stream(Fields(data).u64(0)?, Fields(data).u64(8)?)
        } else {
            Value::Embedded(data.to_vec())
        };
        Ok(Self { name, is_internal: flags & OWNED_BY_FILE_SYSTEM != 0, value })
    }
}

/// The name in the key of an attribute.
pub(super) fn attribute_name(key: &[u8]) -> io::Result<(String, bool)> {
    let key = Fields(key);
    Ok(text(key.bytes(10, usize::from(key.u16(8)?))?))
}

/// Bytes of a stream that lie together.
pub(super) struct Extent {
    /// Bytes.
    pub(super) length: u64,
    /// Its first block; none for a hole.
    pub(super) block: Option<u64>,
}

impl Extent {
    /// `j_file_extent_val_t`, `fext_tree_val_t`: both begin alike.
    pub(super) fn read(value: &[u8]) -> io::Result<Self> {
        /// `J_FILE_EXTENT_LEN_MASK`.
        const LENGTH: u64 = 0x00ff_ffff_ffff_ffff;
        let fields = Fields(value);
        let block = Some(fields.u64(8)?).filter(|block| *block != 0);
        Ok(Self { length: fields.u64(0)? & LENGTH, block })
    }
}
