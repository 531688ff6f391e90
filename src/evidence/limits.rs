//! Every limit on hostile input, in one place. Reaching one is a problem row that names it.

/// Containers inside containers.
pub const NESTING: usize = 5;

/// Directories of a disk inside one another.
pub const DIRECTORY_DEPTH: usize = 1024;

/// Bytes of a path on a disk; macOS takes 1,024.
pub const PATH: usize = 16 << 10;

/// Entries of one container.
pub const ENTRIES: usize = 4_000_000;

/// Bytes of a nested container or a claimed entry that must lie in memory as a whole.
pub const IN_MEMORY: u64 = 1 << 30;

/// Bytes of an image that can be read once only, zeros, which take no memory, among them.
pub const SPOOLED: u64 = 1 << 40;

/// Bytes that entries on their way from a stream to its parsers may take at once, for each job.
pub const IN_FLIGHT: u64 = 8 << 20;

/// A compressed entry may grow to this many times its stored size …
pub const RATIO: u64 = 250;

/// … beyond this many bytes, which any entry may have.
pub const RATIO_FREE: u64 = 256 << 20;

/// Bytes that all entries of one archive may have together, uncompressed.
pub const ARCHIVE_TOTAL: u64 = 4 << 40;

/// Bytes that a decompressor may take for its dictionary.
pub const DICTIONARY: u64 = 256 << 20;

/// Bytes of headers (long names, extended attributes) before one entry of a tar.
pub const TAR_HEADERS: u64 = 16 << 20;

/// Bytes that are looked at to tell what a file is.
pub const HEAD: usize = 4096;

/// Bytes of a line; what is longer is cut and said so.
pub const LINE: usize = 1 << 20;

/// Bytes of one JSON record of a sensor: a snapshot of all processes takes a few.
pub const RECORD: usize = 16 << 20;

/// Macs that the records of one file name, and queries of a Mac whose runs are remembered.
pub const SUBJECTS: usize = 10_000;

/// Rows of runs of queries that are held back until the run is over.
pub const PENDING: usize = 200_000;

/// Bytes of a property list.
pub const PLIST: u64 = 32 << 20;

/// Bytes of a database that is read, and of its write-ahead log.
pub const DATABASE: u64 = 256 << 20;

/// Rows that are read of one table of a database.
pub const DATABASE_ROWS: usize = 1_000_000;

/// Bytes of a report in JSON (crash reports, lists of what starts by itself).
pub const REPORT: u64 = 32 << 20;

/// Nesting of a property list.
pub const PLIST_DEPTH: usize = 128;

/// Objects of a property list, references followed.
pub const PLIST_NODES: usize = 500_000;

/// Problem rows of one file; what comes after is counted in one last row.
pub const PROBLEMS: usize = 1000;

/// Characters of an excerpt in `citations`.
pub const EXCERPT: usize = 300;

/// Unclaimed bytes of a folder that are hashed without `--hash-all`.
pub const HASH_UNCLAIMED: u64 = 1 << 30;

/// Entries of a partition map.
pub const PARTITIONS: usize = 1024;

/// Bytes of the target of a symbolic link; macOS takes 1,023.
pub const LINK_TARGET: u64 = 64 << 10;

/// Bytes of nodes of one APFS container or HFS+ volume that are kept in memory.
pub const NODE_CACHE: usize = 32 << 20;

/// Blocks of the area of checkpoints that are looked at.
pub const CHECKPOINT_BLOCKS: u32 = 65_536;

/// Checkpoints that are tried, newest first.
pub const CHECKPOINTS: usize = 64;

/// Snapshots of one volume.
pub const SNAPSHOTS: usize = 10_000;

/// Extended attributes of one file.
pub const ATTRIBUTES: usize = 4096;

/// Bytes that the extended attributes of one file may have together.
pub const ATTRIBUTE: u64 = 32 << 20;

/// Bytes of content that a file may have compressed in an attribute: there it is one chunk.
pub const COMPRESSED_INLINE: u64 = 16 << 20;

/// Stored bytes of a chunk of 64 KiB of a compressed file.
pub const COMPRESSED_CHUNK: u64 = 1 << 20;

/// Files of one disk image.
pub const SEGMENTS: usize = 10_000;

/// Files of one disk image that are held open at once.
pub const OPEN_SEGMENTS: usize = 32;

/// Bytes of inflated chunks of one disk image that are kept in memory.
pub const CHUNK_CACHE: usize = 32 << 20;

/// Chunks of an EWF image: each takes 4 bytes of memory.
pub const EWF_CHUNKS: u64 = 1 << 27;

/// Bytes of a chunk of an EWF image.
pub const EWF_CHUNK: usize = 16 << 20;

/// Sections of one segment file of an EWF image.
pub const EWF_SECTIONS: usize = 100_000;

/// Bytes of a header of an EWF image, inflated or not.
pub const EWF_HEADER: u64 = 1 << 20;

/// Bytes of the disk of an image.
pub const DISK: u64 = 64 << 40;

/// Bytes of the property list of a UDIF image, which has 54 bytes for each chunk.
pub const UDIF_PLIST: u64 = 64 << 20;

/// Tags that open and close dictionaries and arrays in the property list of an image: a partition takes two.
pub const IMAGE_PLIST_COLLECTIONS: usize = 512;

/// Chunks of a UDIF image.
pub const UDIF_CHUNKS: usize = 2_000_000;

/// Bytes of disk in a compressed chunk of a UDIF image; `hdiutil` makes them of 256 KiB or 1 MiB.
pub const UDIF_CHUNK: u64 = 16 << 20;

/// Stored bytes of such a chunk.
pub const UDIF_STORED: u64 = 20 << 20;

/// Bytes that the decompressor of one LZMA chunk may take.
pub const UDIF_DICTIONARY: u64 = 96 << 20;

/// Bytes of `Info.plist` of a sparse bundle.
pub const BUNDLE_PLIST: u64 = 1 << 20;

/// Bands that a sparse bundle may have: 8 TiB in those of 8 MiB, which are usual.
pub const BANDS: u64 = 1 << 20;
