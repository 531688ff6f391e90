//! A tree of files → an image of an APFS container that holds it, the same bytes every time.
//!
//! One volume, case-insensitive unless it is sealed otherwise; one checkpoint; trees of as many levels as the files need; every
//! checksum right. There is no map of free blocks: the image is for reading. Used by tests and by the benchmark.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 4096;
/// The one transaction.
const XID: u64 = 2;
/// Nanoseconds of every time, plus the number of the inode.
const EPOCH: u64 = 1_750_000_000_000_000_000;
/// Largest attribute that stands in its record (`XATTR_MAX_EMBEDDED_SIZE`).
const EMBEDDED: usize = 3804;
/// `UF_COMPRESSED`.
pub(crate) const COMPRESSED: u32 = 0x20;

/// What stands in a directory, by name (ASCII).
pub(crate) type Tree = BTreeMap<String, Item>;

/// An entry of a directory.
pub(crate) enum Item {
    Directory(Tree),
    File(File),
    Link(String),
}

/// A regular file.
#[derive(Default)]
pub(crate) struct File {
    /// Its data stream; blocks of zeros become holes if it is sparse.
    pub(crate) content: Vec<u8>,
    pub(crate) is_sparse: bool,
    /// Extended attributes; long ones get streams of their own.
    pub(crate) attributes: Vec<(String, Vec<u8>)>,
    /// `bsd_flags`.
    pub(crate) flags: u32,
}

/// Adds an item at a path, with the directories above it.
pub(crate) fn insert(tree: &mut Tree, path: &str, item: Item) {
    match path.split_once('/') {
        None => drop(tree.insert(path.to_owned(), item)),
        Some((first, rest)) => {
            let directory = || Item::Directory(Tree::new());
            let Item::Directory(below) = tree.entry(first.to_owned()).or_insert_with(directory)
            else {
                panic!("{first} is no directory")
            };
            insert(below, rest, item);
        }
    }
}

/// Writes the image of a volume `Test` to a file.
pub(crate) fn write(path: &Path, tree: &Tree) -> io::Result<()> {
    std::fs::File::create(path)?.write_all(&image(tree, false))
}

/// The image of a volume `Test`. A sealed one has nodes without headers, hashes of children (not right ones) and a tree
/// of extents.
pub(crate) fn image(tree: &Tree, is_sealed: bool) -> Vec<u8> {
    let mut writer = Writer { is_sealed, next_id: 16, ..Writer::default() };
    writer.alloc(17);
    writer.inode(2, 1, "root", 0o040_755, tree.len(), &File::default(), None);
    writer.inode(3, 1, "private-dir", 0o040_755, 0, &File::default(), None);
    for (id, name) in [(2, "root"), (3, "private-dir")] {
        writer.entry(1, name, id, 4);
    }
    writer.directory(2, tree);
    writer.finish()
}

/// A key and a value, as they are stored.
type Record = (Vec<u8>, Vec<u8>);
type Records = Vec<Record>;
/// What orders records of files: identifier, type, and the rest of the key.
type Order = (u64, u64, Vec<u8>);

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Records of the file-system tree, by what orders them.
    records: BTreeMap<Order, Record>,
    /// Extents of a sealed volume.
    extents: BTreeMap<(u64, u64), (u64, u64)>,
    is_sealed: bool,
    next_id: u64,
    counts: [u64; 3],
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn nul(text: &str) -> Vec<u8> {
    joined(&[text.as_bytes(), &[0]])
}

fn le16(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}

impl Writer {
    /// Blocks of zeros; the number of the first.
    fn alloc(&mut self, count: usize) -> u64 {
        let at = self.bytes.len() / BLOCK;
        self.bytes.resize((at + count) * BLOCK, 0);
        at as u64
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn record(&mut self, id: u64, kind: u64, order: Vec<u8>, key: &[u8], value: Vec<u8>) {
        let key = joined(&[&(id | kind << 60).to_le_bytes(), key]);
        self.records.insert((id, kind, order), (key, value));
    }

    fn directory(&mut self, id: u64, tree: &Tree) {
        for (name, item) in tree {
            let child = self.id();
            let (mode, kind, count) = match item {
                Item::Directory(below) => (0o040_755, 4, below.len()),
                Item::File(_) => (0o100_644, 8, 1),
                Item::Link(_) => (0o120_755, 10, 1),
            };
            self.entry(id, name, child, kind);
            let none = File::default();
            let file = if let Item::File(file) = item { file } else { &none };
            let stream = matches!(item, Item::File(_)).then_some(child);
            self.inode(child, id, name, mode, count, file, stream);
            match item {
                Item::Directory(below) => self.directory(child, below),
                Item::Link(target) => {
                    self.attribute(child, "com.apple.fs.symlink", &nul(target), 4);
                }
                Item::File(file) => {
                    for (name, value) in &file.attributes {
                        self.attribute(child, name, value, 0);
                    }
                }
            }
            self.counts[match item {
                Item::File(_) => 0,
                Item::Directory(_) => 1,
                Item::Link(_) => 2,
            }] += 1;
        }
    }

    /// `j_drec_hashed_key_t`, `j_drec_val_t`.
    fn entry(&mut self, parent: u64, name: &str, child: u64, kind: u16) {
        assert!(name.is_ascii(), "names are hashed without tables of Unicode");
        let length = u32::try_from(name.len() + 1).unwrap();
        let hash = (crc(&name.to_ascii_lowercase()) & 0x003f_ffff) << 10 | length;
        let key = joined(&[&hash.to_le_bytes(), &nul(name)]);
        let value =
            joined(&[&child.to_le_bytes(), &(EPOCH + child).to_le_bytes(), &kind.to_le_bytes()]);
        let order = joined(&[&hash.to_be_bytes(), name.as_bytes()]);
        self.record(parent, 9, order, &key, value);
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of an inode")]
    fn inode(
        &mut self,
        id: u64,
        parent: u64,
        name: &str,
        mode: u16,
        count: usize,
        file: &File,
        stream: Option<u64>,
    ) {
        let time = (EPOCH + id).to_le_bytes();
        let internal: u64 = 0x8000 | if file.is_sparse { 0x200 } else { 0 };
        let name = nul(name);
        let mut value = joined(&[
            &parent.to_le_bytes(),
            &id.to_le_bytes(),
            &joined(&[&time, &time, &time, &time]),
            &internal.to_le_bytes(),
            &u32::try_from(count).unwrap().to_le_bytes(),
            &[0; 8],
            &file.flags.to_le_bytes(),
            &501u32.to_le_bytes(),
            &20u32.to_le_bytes(),
            &mode.to_le_bytes(),
            &[0; 10],
        ]);
        let padded = |bytes: &[u8]| joined(&[bytes, &vec![0; bytes.len().wrapping_neg() % 8]]);
        let mut fields = vec![(4u8, name)];
        if stream.is_some() && !file.content.is_empty() {
            fields.push((8, self.stream(id, &file.content, file.is_sparse)));
            self.record(id, 6, Vec::new(), &[], 1u32.to_le_bytes().to_vec());
        }
        let used: usize = fields.iter().map(|(_, bytes)| padded(bytes).len()).sum();
        value.extend(joined(&[&le16(fields.len()), &le16(used)]));
        for (kind, bytes) in &fields {
            let flags = if *kind == 4 { 2 } else { 0x20 };
            value.extend(joined(&[&[*kind, flags], &le16(bytes.len())]));
        }
        for (_, bytes) in &fields {
            value.extend(padded(bytes));
        }
        self.record(id, 3, Vec::new(), &[], value);
    }

    /// Stores content in extents under an identifier; its `j_dstream_t`.
    fn stream(&mut self, id: u64, content: &[u8], is_sparse: bool) -> Vec<u8> {
        let blocks: Vec<&[u8]> = content.chunks(BLOCK).collect();
        let is_hole = |block: &&[u8]| is_sparse && block.iter().all(|byte| *byte == 0);
        let mut at = 0;
        for run in blocks.chunk_by(|a, b| is_hole(a) == is_hole(b)) {
            let block = if is_hole(&run[0]) { 0 } else { self.alloc(run.len()) };
            if block != 0 {
                let start = usize::try_from(block).unwrap() * BLOCK;
                let bytes = run.concat();
                self.bytes[start..start + bytes.len()].copy_from_slice(&bytes);
            }
            let length = (run.len() * BLOCK) as u64;
            self.extent(id, at, length, block);
            at += length;
        }
        let size = content.len() as u64;
        let words = [size, at, 0, size, 0];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn extent(&mut self, id: u64, at: u64, length: u64, block: u64) {
        if self.is_sealed {
            self.extents.insert((id, at), (length, block));
            return;
        }
        let value = joined(&[&length.to_le_bytes(), &block.to_le_bytes(), &0u64.to_le_bytes()]);
        self.record(id, 8, at.to_be_bytes().to_vec(), &at.to_le_bytes(), value);
    }

    fn attribute(&mut self, id: u64, name: &str, value: &[u8], flags: usize) {
        let key = joined(&[&le16(name.len() + 1), &nul(name)]);
        let value = if value.len() <= EMBEDDED {
            joined(&[&le16(flags | 2), &le16(value.len()), value])
        } else {
            let stream = self.id();
            let stored = self.stream(stream, value, false);
            self.record(stream, 6, Vec::new(), &[], 1u32.to_le_bytes().to_vec());
            joined(&[&le16(flags | 1), &le16(48), &stream.to_le_bytes(), &stored])
        };
        self.record(id, 4, name.as_bytes().to_vec(), &key, value);
    }

    /// Trees, superblocks and the checkpoint.
    fn finish(mut self) -> Vec<u8> {
        let records: Records = std::mem::take(&mut self.records).into_values().collect();
        let extents = std::mem::take(&mut self.extents).into_iter();
        let words = |a: u64, b: u64| joined(&[&a.to_le_bytes(), &b.to_le_bytes()]);
        let extents: Records =
            extents.map(|(key, value)| (words(key.0, key.1), words(value.0, value.1))).collect();
        let (files, nodes) = self.tree(&records, 0x0e, Some(2000), None);
        let flags: u64 = if self.is_sealed { 8 } else { 0 };
        let mapped = |nodes: &[(u64, u64)]| -> Records {
            let value = |block: u64| {
                joined(&[&(flags | (BLOCK as u64) << 32).to_le_bytes(), &block.to_le_bytes()])
            };
            nodes.iter().map(|(oid, block)| (words(*oid, XID), value(*block))).collect()
        };
        let (map, _) = self.tree(&mapped(&nodes), 0x0b, None, Some((16, 16)));
        let map = self.map(map);
        let (references, _) = self.tree(&Vec::new(), 0x0f, None, None);
        let (snapshots, _) = self.tree(&Vec::new(), 0x10, None, None);
        let extents =
            if self.is_sealed { self.tree(&extents, 0x1f, None, Some((16, 16))).0 } else { 0 };
        let volume = self.volume([map, files, references, snapshots, extents]);
        let value = joined(&[&((BLOCK as u64) << 32).to_le_bytes(), &volume.to_le_bytes()]);
        let (map, _) = self.tree(&vec![(words(1026, XID), value)], 0x0b, None, Some((16, 16)));
        let map = self.map(map);
        self.container(map);
        self.bytes
    }

    /// Sorted records → the root of a tree and all its nodes, by identifier and block. `first` is the first identifier of a
    /// tree of virtual objects, children before parents.
    fn tree(
        &mut self,
        records: &Records,
        subtype: u32,
        first: Option<u64>,
        fixed: Option<(usize, usize)>,
    ) -> (u64, Vec<(u64, u64)>) {
        let is_headless = self.is_sealed && [0x0e, 0x1f].contains(&subtype);
        let longest = |part: fn(&Record) -> usize| records.iter().map(part).max();
        let longest = [longest(|one| one.0.len()), longest(|one| one.1.len())];
        let (mut level, mut below, mut all) = (0u16, records.clone(), Vec::new());
        loop {
            let groups = packed(&below, fixed.is_some());
            let is_root = groups.len() == 1;
            let mut above = Records::new();
            for group in groups {
                let block = self.alloc(1);
                let oid = first.map_or(block, |first| first + all.len() as u64);
                let node =
                    Node { group, level, is_root, is_headless, fixed, is_virtual: first.is_some() };
                let count = (records.len() as u64, all.len() as u64 + 1);
                let bytes = node.bytes(count, longest.map(Option::unwrap_or_default));
                let storage = if first.is_some() { 0 } else { 0x4000_0000 };
                let kind = storage | if is_root { 2 } else { 3 };
                if is_headless {
                    self.put(block, &bytes);
                } else {
                    self.object(block, oid, kind, subtype, &bytes);
                }
                all.push((oid, block));
                // A sealed volume's index has the hash of each child behind its identifier.
                let hash: &[u8] = if is_headless { &[0x5e; 32] } else { &[] };
                let key = group.first().map(|(key, _)| key.clone()).unwrap_or_default();
                above.push((key, joined(&[&oid.to_le_bytes(), hash])));
            }
            if is_root {
                return (all[all.len() - 1].0, all);
            }
            (below, level) = (above, level + 1);
        }
    }

    fn put(&mut self, block: u64, bytes: &[u8]) {
        let start = usize::try_from(block).unwrap() * BLOCK;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts an object: `body` begins behind the header's 32 bytes, which it has as zeros.
    fn object(&mut self, block: u64, oid: u64, kind: u32, subtype: u32, body: &[u8]) {
        let mut bytes = body.to_vec();
        bytes.resize(BLOCK, 0);
        set(&mut bytes, 8, &oid.to_le_bytes());
        set(&mut bytes, 16, &XID.to_le_bytes());
        set(&mut bytes, 24, &kind.to_le_bytes());
        set(&mut bytes, 28, &subtype.to_le_bytes());
        seal(&mut bytes);
        self.put(block, &bytes);
    }

    /// `omap_phys_t`.
    fn map(&mut self, tree: u64) -> u64 {
        let block = self.alloc(1);
        let mut body = vec![0; 88];
        set(&mut body, 40, &0x4000_0002u32.to_le_bytes());
        set(&mut body, 44, &0x4000_0002u32.to_le_bytes());
        set(&mut body, 48, &tree.to_le_bytes());
        self.object(block, block, 0x4000_000b, 0, &body);
        block
    }

    /// `apfs_superblock_t`.
    fn volume(&mut self, [map, files, references, snapshots, extents]: [u64; 5]) -> u64 {
        let block = self.alloc(1);
        let mut body = vec![0; 1056];
        set(&mut body, 32, b"APSB");
        let features: u64 = if self.is_sealed { 0x21 } else { 0x01 };
        set(&mut body, 56, &features.to_le_bytes());
        for (at, kind) in [(116, 0x02u32), (120, 0x4000_0002), (124, 0x4000_0002)] {
            set(&mut body, at, &kind.to_le_bytes());
        }
        for (at, oid) in [(128, map), (136, files), (144, references), (152, snapshots)] {
            set(&mut body, at, &oid.to_le_bytes());
        }
        set(&mut body, 176, &self.id().to_le_bytes());
        for (index, count) in self.counts.iter().enumerate() {
            set(&mut body, 184 + index * 8, &count.to_le_bytes());
        }
        set(&mut body, 240, b"portolan volume!");
        set(&mut body, 256, &EPOCH.to_le_bytes());
        set(&mut body, 264, &1u64.to_le_bytes());
        set(&mut body, 272, b"portolan");
        set(&mut body, 704, b"Test");
        set(&mut body, 960, &3u32.to_le_bytes());
        if self.is_sealed {
            set(&mut body, 1032, &extents.to_le_bytes());
            set(&mut body, 1040, &0x4000_0002u32.to_le_bytes());
        }
        self.object(block, 1026, 0x0d, 0, &body);
        block
    }

    /// `nx_superblock_t` and `checkpoint_map_phys_t`: in block 0 and in the descriptor area, blocks 1 to 8; what the map leads to
    /// is in the data area, blocks 9 to 16.
    fn container(&mut self, map: u64) {
        let mut body = vec![0; 1408];
        set(&mut body, 32, b"NXSB");
        set(&mut body, 36, &u32::try_from(BLOCK).unwrap().to_le_bytes());
        set(&mut body, 40, &((self.bytes.len() / BLOCK) as u64).to_le_bytes());
        set(&mut body, 64, &2u64.to_le_bytes());
        set(&mut body, 72, b"portolan images!");
        set(&mut body, 88, &1_000_000u64.to_le_bytes());
        set(&mut body, 96, &(XID + 1).to_le_bytes());
        let words: [u32; 12] = [8, 8, 1, 0, 9, 0, 2, 2, 0, 2, 0, 2];
        for (index, word) in words.iter().enumerate() {
            set(&mut body, 104 + index * 4, &word.to_le_bytes());
        }
        for (at, oid) in [(152, 1024), (160, map), (168, 1025), (184, 1026)] {
            set(&mut body, at, &oid.to_le_bytes());
        }
        set(&mut body, 180, &1u32.to_le_bytes());
        self.object(0, 1, 0x8000_0001, 0, &body);
        self.object(2, 1, 0x8000_0001, 0, &body);
        let ephemeral = [(0x8000_0005u32, 1024u64, 9u64), (0x8000_0011, 1025, 10)];
        let mut body = vec![0; 120];
        set(&mut body, 32, &1u32.to_le_bytes());
        set(&mut body, 36, &2u32.to_le_bytes());
        for (index, (kind, oid, block)) in ephemeral.into_iter().enumerate() {
            let at = 40 + index * 40;
            set(&mut body, at, &kind.to_le_bytes());
            set(&mut body, at + 8, &u32::try_from(BLOCK).unwrap().to_le_bytes());
            set(&mut body, at + 24, &oid.to_le_bytes());
            set(&mut body, at + 32, &block.to_le_bytes());
            self.object(block, oid, kind, 0, &[0; 32]);
        }
        self.object(1, 1, 0x4000_000c, 0, &body);
    }
}

/// A node of a tree.
struct Node<'a> {
    group: &'a [Record],
    level: u16,
    is_root: bool,
    is_headless: bool,
    is_virtual: bool,
    fixed: Option<(usize, usize)>,
}

/// Bytes of a node that are not for records: its header, a root's footer.
const OVERHEAD: usize = 56 + 40;

/// Records in groups that fit a node each.
fn packed(records: &Records, is_fixed: bool) -> Vec<&[Record]> {
    let mut groups = Vec::new();
    let (mut start, mut used) = (0, OVERHEAD);
    for (at, (key, value)) in records.iter().enumerate() {
        let size = key.len() + value.len() + if is_fixed { 4 } else { 8 };
        if used + size > BLOCK {
            groups.push(&records[start..at]);
            (start, used) = (at, OVERHEAD);
        }
        used += size;
    }
    groups.push(&records[start..]);
    groups
}

impl Node<'_> {
    /// `btree_node_phys_t` with its table of contents, keys and values.
    fn bytes(&self, count: (u64, u64), longest: [usize; 2]) -> Vec<u8> {
        let mut bytes = vec![0; BLOCK];
        let width = if self.fixed.is_some() { 4 } else { 8 };
        let flags = u16::from(self.is_root)
            | u16::from(self.level == 0) << 1
            | u16::from(self.fixed.is_some()) << 2
            | if self.is_headless { 0x18 } else { 0 };
        let table = self.group.len() * width;
        set(&mut bytes, 32, &flags.to_le_bytes());
        set(&mut bytes, 34, &self.level.to_le_bytes());
        set(&mut bytes, 36, &u32::try_from(self.group.len()).unwrap().to_le_bytes());
        set(&mut bytes, 42, &le16(table));
        let end = if self.is_root { BLOCK - 40 } else { BLOCK };
        let (mut key_at, mut value_at) = (56 + table, end);
        for (index, (key, value)) in self.group.iter().enumerate() {
            value_at -= value.len();
            let (k, v) = (le16(key_at - 56 - table), le16(end - value_at));
            let entry = match self.fixed {
                Some(_) => joined(&[&k, &v]),
                None => joined(&[&k, &le16(key.len()), &v, &le16(value.len())]),
            };
            set(&mut bytes, 56 + index * width, &entry);
            set(&mut bytes, key_at, key);
            set(&mut bytes, value_at, value);
            key_at += key.len();
        }
        set(&mut bytes, 44, &le16(key_at - 56 - table));
        set(&mut bytes, 46, &le16(value_at - key_at));
        for at in [48, 52] {
            set(&mut bytes, at, &[0xff, 0xff, 0, 0]);
        }
        if self.is_root {
            self.info(&mut bytes[end..], count, longest);
        }
        bytes
    }

    /// `btree_info_t`.
    fn info(&self, footer: &mut [u8], count: (u64, u64), longest: [usize; 2]) {
        let flags: u32 =
            if self.is_virtual { 0 } else { 0x10 } | if self.is_headless { 0x180 } else { 0 };
        let (key, value) = self.fixed.unwrap_or_default();
        let sizes = [BLOCK, key, value, longest[0], longest[1]];
        set(footer, 0, &flags.to_le_bytes());
        for (index, size) in sizes.iter().enumerate() {
            set(footer, 4 + index * 4, &u32::try_from(*size).unwrap().to_le_bytes());
        }
        set(footer, 24, &count.0.to_le_bytes());
        set(footer, 32, &count.1.to_le_bytes());
    }
}

fn set(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Makes the checksum of an object right.
pub(crate) fn seal(object: &mut [u8]) {
    let modulus = u64::from(u32::MAX);
    let (mut first, mut second) = (0u64, 0u64);
    for word in object[8..].chunks_exact(4) {
        first = (first + u64::from(u32::from_le_bytes(word.try_into().unwrap()))) % modulus;
        second = (second + first) % modulus;
    }
    let low = modulus - (first + second) % modulus;
    let high = modulus - (first + low) % modulus;
    set(object, 0, &(high << 32 | low).to_le_bytes());
}

/// CRC-32C of the characters of a name, each as 32 bits, without the inversion at the end.
fn crc(name: &str) -> u32 {
    let mut crc = u32::MAX;
    for byte in name.chars().flat_map(|c| u32::from(c).to_le_bytes()) {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    crc
}
