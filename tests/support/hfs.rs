//! Folders, files and links → the bytes of an HFS+ volume (TN1150), as small as can be, and as odd as wanted.

use super::disks::put;

/// The root folder.
pub(crate) const ROOT: u32 = 2;

/// Seconds from 1904 to 2020-01-01, for every time of a volume.
pub(crate) const WRITTEN: u32 = 3_660_681_600;

/// Bytes of an allocation block, and of a node: small, so that little is in much of them.
pub(crate) const BLOCK: usize = 512;
const NODE: usize = 1024;

/// A key and its record.
type Record = (Vec<u8>, Vec<u8>);

/// Blocks in a row.
type Run = (u32, u32);

/// A volume that is written.
pub(crate) struct Image {
    /// What stands on the volume so far.
    bytes: Vec<u8>,
    is_hfsx: bool,
    catalog: Vec<Record>,
    extents: Vec<Record>,
    attributes: Vec<Record>,
    next: u32,
    /// The folders of what hard links lead to: files, folders.
    private: [Option<u32>; 2],
}

/// What a file is written with.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Flags of the record: 2 it has a thread, 4 it may have attributes, 0x20 it is one of several links.
    pub record: u8,
    pub mode: u16,
    pub flags: u8,
    /// Type and creator.
    pub finder: [u8; 8],
    /// Number of a link, or count of links.
    pub special: u32,
}

/// A regular file.
pub(crate) const PLAIN: Kind =
    Kind { record: 6, mode: 0o100_644, flags: 0, finder: [0; 8], special: 0 };

fn units(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

fn catalog_key(parent: u32, name: &[u16]) -> Vec<u8> {
    let mut key = parent.to_be_bytes().to_vec();
    key.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    key.extend(name.iter().flat_map(|unit| unit.to_be_bytes()));
    key
}

impl Image {
    /// A volume with an empty root of this name.
    pub(crate) fn new(label: &str) -> Self {
        let (catalog, extents, attributes) = (Vec::new(), Vec::new(), Vec::new());
        let bytes = vec![0; 4096];
        let mut image = Self {
            bytes,
            is_hfsx: false,
            catalog,
            extents,
            attributes,
            next: 16,
            private: [None; 2],
        };
        image.put_folder(1, ROOT, label);
        image
    }

    /// The same in the format that tells names apart by case.
    pub(crate) fn hfsx(label: &str) -> Self {
        Self { is_hfsx: true, ..Self::new(label) }
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn thread(&mut self, kind: u16, parent: u32, id: u32, name: &[u16]) {
        let mut record = kind.to_be_bytes().to_vec();
        record.extend([0; 2]);
        record.extend(catalog_key(parent, name));
        self.catalog.push((catalog_key(id, &[]), record));
    }

    fn put_folder(&mut self, parent: u32, id: u32, name: &str) {
        let mut record = vec![0; 88];
        put(&mut record, 0, &1_u16.to_be_bytes());
        common(&mut record, id, Kind { mode: 0o040_755, ..PLAIN });
        self.catalog.push((catalog_key(parent, &units(name)), record));
        self.thread(3, parent, id, &units(name));
    }

    /// A folder, with its number.
    pub(crate) fn folder(&mut self, parent: u32, name: &str) -> u32 {
        let id = self.id();
        self.put_folder(parent, id, name);
        id
    }

    /// A regular file, with its number.
    pub(crate) fn file(&mut self, parent: u32, name: &str, content: &[u8]) -> u32 {
        let runs = self.store(content);
        self.entry(parent, &units(name), PLAIN, (content.len(), &[runs]), (0, &[]))
    }

    /// A file in pieces of one block each, whose extents fill the overflow file from the ninth on.
    pub(crate) fn scattered(&mut self, parent: u32, name: &str, content: &[u8]) -> u32 {
        let pieces = content.chunks(BLOCK);
        let runs: Vec<Run> = pieces
            .map(|piece| {
                let run = self.store(piece);
                // What stands between two pieces keeps them apart.
                self.bytes.extend([0xee; BLOCK]);
                run
            })
            .collect();
        self.entry(parent, &units(name), PLAIN, (content.len(), &runs), (0, &[]))
    }

    /// A file of any kind, with content and resources.
    pub(crate) fn special(
        &mut self,
        parent: u32,
        name: &str,
        kind: Kind,
        forks: [&[u8]; 2],
    ) -> u32 {
        let runs = forks.map(|content| self.store(content));
        let [(data, data_runs), (resources, resource_runs)] =
            [(forks[0].len(), [runs[0]]), (forks[1].len(), [runs[1]])];
        self.entry(parent, &units(name), kind, (data, &data_runs), (resources, &resource_runs))
    }

    /// A file whose name is any units of UTF-16.
    pub(crate) fn named(&mut self, parent: u32, name: &[u16], content: &[u8]) -> u32 {
        let runs = self.store(content);
        self.entry(parent, name, PLAIN, (content.len(), &[runs]), (0, &[]))
    }

    /// A symbolic link.
    pub(crate) fn symlink(&mut self, parent: u32, name: &str, target: &str) -> u32 {
        let kind = Kind { mode: 0o120_755, finder: *b"slnkrhap", ..PLAIN };
        self.special(parent, name, kind, [target.as_bytes(), b""])
    }

    /// The folder of linked files (0) or folders (1).
    pub(crate) fn private(&mut self, which: usize) -> u32 {
        let name = ["\0\0\0\0HFS+ Private Data", ".HFS+ Private Directory Data\r"][which];
        if self.private[which].is_none() {
            self.private[which] = Some(self.folder(ROOT, name));
        }
        self.private[which].unwrap()
    }

    /// A file that so many hard links lead to, with its number.
    pub(crate) fn linked_file(&mut self, content: &[u8], links: u32) -> u32 {
        let parent = self.private(0);
        let name = format!("iNode{}", self.next + 1);
        self.special(parent, &name, Kind { record: 0x26, special: links, ..PLAIN }, [content, b""])
    }

    /// A folder that hard links lead to, with its number.
    pub(crate) fn linked_folder(&mut self) -> u32 {
        let parent = self.private(1);
        let name = format!("dir_{}", self.next + 1);
        self.folder(parent, &name)
    }

    /// A hard link to a file.
    pub(crate) fn hard_link(&mut self, parent: u32, name: &str, to: u32) {
        let kind = Kind { record: 0x22, finder: *b"hlnkhfs+", special: to, ..PLAIN };
        self.special(parent, name, kind, [b"", b""]);
    }

    /// A hard link to a folder.
    pub(crate) fn folder_link(&mut self, parent: u32, name: &str, to: u32) {
        let kind = Kind { record: 0x22, finder: *b"fdrpMACS", special: to, ..PLAIN };
        self.special(parent, name, kind, [b"", b""]);
    }

    /// An extended attribute in its record.
    pub(crate) fn attribute(&mut self, id: u32, name: &str, value: &[u8]) {
        let mut record = vec![0; 16];
        put(&mut record, 3, &[0x10]);
        put(&mut record, 12, &u32::try_from(value.len()).unwrap().to_be_bytes());
        record.extend(value);
        self.attributes.push((attribute_key(id, name, 0), record));
    }

    /// An extended attribute in a fork of blocks that lie apart.
    pub(crate) fn large_attribute(&mut self, id: u32, name: &str, value: &[u8]) {
        let runs: Vec<Run> = value.chunks(BLOCK).map(|piece| self.store(piece)).collect();
        let mut record = vec![0, 0, 0, 0x20, 0, 0, 0, 0];
        record.extend(fork(value.len(), &runs));
        self.attributes.push((attribute_key(id, name, 0), record));
        for (first, more) in overflow(&runs) {
            let mut record = vec![0, 0, 0, 0x30, 0, 0, 0, 0];
            record.extend(extents(more));
            self.attributes.push((attribute_key(id, name, first), record));
        }
    }

    /// Puts bytes into blocks of their own.
    fn store(&mut self, content: &[u8]) -> Run {
        let start = self.bytes.len() / BLOCK;
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0xdd);
        let count = self.bytes.len() / BLOCK - start;
        (u32::try_from(start).unwrap(), u32::try_from(count).unwrap())
    }

    fn entry(
        &mut self,
        parent: u32,
        name: &[u16],
        kind: Kind,
        data: (usize, &[Run]),
        resources: (usize, &[Run]),
    ) -> u32 {
        let id = self.id();
        let mut record = vec![0; 88];
        put(&mut record, 0, &2_u16.to_be_bytes());
        common(&mut record, id, kind);
        record.extend(fork(data.0, data.1));
        record.extend(fork(resources.0, resources.1));
        for (first, more) in overflow(data.1) {
            let key = [&[0, 0][..], &id.to_be_bytes(), &first.to_be_bytes()].concat();
            self.extents.push((key, extents(more)));
        }
        self.catalog.push((catalog_key(parent, name), record));
        self.thread(4, parent, id, name);
        id
    }

    /// The bytes of the volume.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let is_hfsx = self.is_hfsx;
        self.catalog.sort_by_key(|(key, _)| {
            let fold = |unit: u16| if is_hfsx { unit } else { folded(unit) };
            let name =
                key[6..].as_chunks::<2>().0.iter().map(|unit| fold(u16::from_be_bytes(*unit)));
            (key[..4].to_vec(), name.collect::<Vec<u16>>())
        });
        self.extents.sort();
        self.attributes
            .sort_by_key(|(key, _)| (key[2..6].to_vec(), key[12..].to_vec(), key[6..10].to_vec()));
        let mut header = vec![0; 512];
        put(&mut header, 0, if is_hfsx { b"HX\0\x05" } else { b"H+\0\x04" });
        // Unmounted as it should be.
        put(&mut header, 4, &0x100_u32.to_be_bytes());
        put(&mut header, 104, &0x1234_5678_9abc_def0_u64.to_be_bytes());
        let records = [&self.extents, &self.catalog, &self.attributes].map(Clone::clone);
        let kinds = [(10, 2, 0), (516, 6, if is_hfsx { 0xbc } else { 0xcf }), (266, 6, 0)];
        for (at, (records, kind)) in [192, 272, 352].into_iter().zip(records.into_iter().zip(kinds))
        {
            let file = tree(&records, kind);
            let run = self.store(&file);
            put(&mut header, at, &fork(file.len(), &[run]));
        }
        self.bytes.extend([0; 1024]);
        let blocks = u32::try_from(self.bytes.len() / BLOCK).unwrap();
        put(&mut header, 40, &u32::try_from(BLOCK).unwrap().to_be_bytes());
        put(&mut header, 44, &blocks.to_be_bytes());
        put(&mut header, 64, &(self.next + 1).to_be_bytes());
        let alternate = self.bytes.len() - 1024;
        put(&mut self.bytes, 1024, &header);
        put(&mut self.bytes, alternate, &header);
        self.bytes
    }
}

/// Letters without case, and NUL behind all others, as the catalog of HFS+ orders names.
fn folded(unit: u16) -> u16 {
    match unit {
        0 => 0xffff,
        0x41..=0x5a => unit + 0x20,
        _ => unit,
    }
}

fn attribute_key(id: u32, name: &str, first: u32) -> Vec<u8> {
    let mut key = [&[0, 0][..], &id.to_be_bytes(), &first.to_be_bytes()].concat();
    key.extend(&catalog_key(0, &units(name))[4..]);
    key
}

/// What records of folders and files begin with.
fn common(record: &mut [u8], id: u32, kind: Kind) {
    record[3] = kind.record;
    put(record, 8, &id.to_be_bytes());
    for at in [12, 16, 20] {
        put(record, at, &(WRITTEN + u32::try_from(at).unwrap()).to_be_bytes());
    }
    put(record, 32, &501_u32.to_be_bytes());
    put(record, 36, &20_u32.to_be_bytes());
    record[41] = kind.flags;
    put(record, 42, &kind.mode.to_be_bytes());
    put(record, 44, &kind.special.to_be_bytes());
    put(record, 48, &kind.finder);
}

fn extents(runs: &[Run]) -> Vec<u8> {
    let mut bytes: Vec<u8> = runs
        .iter()
        .flat_map(|(start, count)| [start.to_be_bytes(), count.to_be_bytes()].concat())
        .collect();
    bytes.resize(64, 0);
    bytes
}

/// Fork data with the first eight extents.
fn fork(size: usize, runs: &[Run]) -> Vec<u8> {
    let mut bytes = (size as u64).to_be_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes.extend(runs.iter().map(|run| run.1).sum::<u32>().to_be_bytes());
    bytes.extend(extents(&runs[..runs.len().min(8)]));
    bytes
}

/// The extents behind the first eight, eight by eight, each with the number of blocks before.
fn overflow(runs: &[Run]) -> impl Iterator<Item = (u32, &[Run])> {
    let before = |at: usize| runs[..at].iter().map(|run| run.1).sum();
    runs.chunks(8).enumerate().skip(1).map(move |(at, more)| (before(at * 8), more))
}

/// A B-tree of sorted records: longest key, attributes, comparison of keys.
fn tree(records: &[Record], (longest, attributes, compared): (u16, u32, u8)) -> Vec<u8> {
    let mut nodes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut level: Vec<Record> = records.to_vec();
    let mut height = 0;
    let mut first_leaf = 0;
    while !level.is_empty() && (height == 0 || level.len() > 1) {
        height += 1;
        let groups = packed(&level);
        let start = nodes.len();
        first_leaf = if height == 1 { start } else { first_leaf };
        let mut above = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let number = u32::try_from(nodes.len()).unwrap();
            above.push((group[0].0.clone(), number.to_be_bytes().to_vec()));
            let next = if at + 1 < groups.len() { number + 1 } else { 0 };
            let back = if at > 0 { number - 1 } else { 0 };
            let kind = if height == 1 { 0xff } else { 0 };
            nodes.push(node(
                kind,
                height,
                (next, back),
                &group.iter().map(joined).collect::<Vec<_>>(),
            ));
        }
        level = above;
    }
    let total = u32::try_from(nodes.len()).unwrap();
    let root = if records.is_empty() { 0 } else { total - 1 };
    let mut header = vec![0; 106];
    put(&mut header, 0, &u16::from(height).to_be_bytes());
    put(&mut header, 2, &root.to_be_bytes());
    put(&mut header, 6, &u32::try_from(records.len()).unwrap().to_be_bytes());
    put(&mut header, 10, &u32::try_from(first_leaf).unwrap().to_be_bytes());
    put(&mut header, 18, &u16::try_from(NODE).unwrap().to_be_bytes());
    put(&mut header, 20, &longest.to_be_bytes());
    put(&mut header, 22, &total.to_be_bytes());
    header[37] = compared;
    put(&mut header, 38, &attributes.to_be_bytes());
    nodes[0] = node(1, 0, (0, 0), &[header, vec![0; 128], vec![0; 700]]);
    nodes.concat()
}

/// A record with the length of its key.
fn joined((key, data): &Record) -> Vec<u8> {
    let mut bytes = u16::try_from(key.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(key);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// Records in groups of which each fits into a node.
fn packed(records: &[Record]) -> Vec<Vec<Record>> {
    let mut groups: Vec<Vec<Record>> = Vec::new();
    let mut room = 0;
    for record in records {
        let needed = joined(record).len() + 2;
        if needed > room {
            groups.push(Vec::new());
            room = NODE - 16;
        }
        room -= needed;
        groups.last_mut().unwrap().push(record.clone());
    }
    groups
}

fn node(kind: u8, height: u8, (next, back): (u32, u32), records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [next.to_be_bytes(), back.to_be_bytes()].concat();
    bytes.extend([kind, height]);
    bytes.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    bytes.extend([0; 2]);
    let mut offsets = vec![bytes.len()];
    for record in records {
        bytes.extend(record);
        offsets.push(bytes.len());
    }
    bytes.resize(NODE, 0);
    for (at, offset) in offsets.iter().enumerate() {
        put(&mut bytes, NODE - 2 * (at + 1), &u16::try_from(*offset).unwrap().to_be_bytes());
    }
    bytes
}
