//! What a compressed file keeps in its attributes → its content, chunk by chunk (decmpfs).
//!
//! A file whose `UF_COMPRESSED` flag is set has an empty data stream. Its attribute `com.apple.decmpfs` begins with a header
//! of 16 bytes (`fpmc`, a type, the size of the content); the content follows there, or stands in the resource fork in chunks of
//! 64 KiB. Apple publishes the header and the first types (XNU, `bsd/sys/decmpfs.h` and `bsd/kern/decmpfs.c`); the layouts of the
//! others are known by observation alone. HFS+ and APFS share them.

mod chunks;
pub(super) mod codec;
mod layout;

use super::super::ReadSeek;
use super::fields::damaged;
use crate::evidence::limits;
use chunks::Chunks;
use codec::Decode;
use layout::Layout;
use std::io;

/// The attribute that says how a file is compressed.
pub const ATTRIBUTE: &str = "com.apple.decmpfs";
/// The attribute that is the resource fork.
pub const FORK: &str = "com.apple.ResourceFork";

/// What a file that is marked as compressed is without its attribute: what its data stream of `size` bytes holds, if anything.
/// An empty one is an error: its content is lost.
pub fn without_header(size: u64) -> io::Result<()> {
    if size > 0 { Ok(()) } else { Err(damaged("a compressed file without com.apple.decmpfs")) }
}

/// Bytes of content in each chunk but the last.
const CHUNK: u64 = 64 << 10;
/// `decmpfs_disk_header`: magic, type, size, all little-endian.
const HEADER: usize = 16;
const MAGIC: &[u8] = b"fpmc";

/// A way to keep content.
struct Kind {
    number: u32,
    decode: Decode,
    /// Where its chunks are; none where the content follows the header, as one chunk.
    layout: Option<&'static Layout>,
}

const fn inline(number: u32, decode: Decode) -> Kind {
    Kind { number, decode, layout: None }
}

const fn fork(number: u32, decode: Decode, layout: &'static Layout) -> Kind {
    Kind { number, decode, layout: Some(layout) }
}

/// The types that are read.
const KINDS: &[Kind] = &[
    inline(1, codec::whole),
    inline(3, codec::zlib),
    fork(4, codec::zlib, &layout::RESOURCE),
    inline(7, codec::lzvn),
    fork(8, codec::lzvn, &layout::TABLE),
    inline(9, codec::plain),
    fork(10, codec::plain, &layout::TABLE),
    inline(11, codec::lzfse),
    fork(12, codec::lzfse, &layout::TABLE),
    inline(13, codec::lzbitmap),
    fork(14, codec::lzbitmap, &layout::TABLE),
];

/// What types that are not read are called.
const UNREAD: &[(u32, &str)] = &[
    (5, "content in a store of generations"),
    (0x8000_0001, "content that is not on the disk"),
    (0x8000_0002, "a package whose content is not on the disk"),
];

/// The value of `com.apple.decmpfs`.
pub struct Compressed {
    number: u32,
    size: u64,
    value: Vec<u8>,
}

impl Compressed {
    /// Reads the header; an error of kind `InvalidData` if there is none.
    pub fn read(value: Vec<u8>) -> io::Result<Self> {
        let (header, _) = value
            .split_first_chunk::<HEADER>()
            .ok_or_else(|| damaged(format!("an attribute {ATTRIBUTE} of {} bytes", value.len())))?;
        let [m0, m1, m2, m3, t0, t1, t2, t3, size @ ..] = *header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(damaged(format!("an attribute {ATTRIBUTE} without its mark")));
        }
        let number = u32::from_le_bytes([t0, t1, t2, t3]);
        Ok(Self { number, size: u64::from_le_bytes(size), value })
    }

    /// Bytes of the content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The content. `open_fork` is called for types that keep it in the resource fork, whose reader it gives: unbuffered, since
    /// each chunk is read at once. A type that is not read is an error of kind `Unsupported` that names it.
    pub fn open(
        self,
        open_fork: impl FnOnce() -> io::Result<Box<dyn ReadSeek>>,
    ) -> io::Result<Box<dyn ReadSeek>> {
        let kind = KINDS.iter().find(|kind| kind.number == self.number);
        let kind = kind.ok_or_else(|| unsupported(self.number))?;
        let chunks = match kind.layout {
            Some(layout) => {
                let mut reader = open_fork()?;
                let base = (layout.base)(&mut *reader)?;
                Chunks::of_fork(kind.decode, self.size, layout.find, base, reader)
            }
            None if self.size > limits::COMPRESSED_INLINE => {
                let detail = format!("{} bytes compressed in an attribute", self.size);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
            }
            None => {
                let content = self.value.get(HEADER..).unwrap_or_default();
                let size = usize::try_from(self.size).unwrap_or(usize::MAX);
                Chunks::of_one((kind.decode)(content, size)?)
            }
        };
        Ok(Box::new(chunks))
    }
}

fn unsupported(number: u32) -> io::Error {
    let name =
        UNREAD.iter().find(|(known, _)| *known == number).map_or("unknown", |(_, name)| name);
    let detail =
        format!("the file is compressed in a way that is not read: type {number} ({name})");
    io::Error::new(io::ErrorKind::Unsupported, detail)
}
