//! Volumes of the Apple File System: what is read is what was written, and damage costs no more than it must.

/// Bytes changed anywhere.
mod damage;

use crate::evidence::decmpfs::{header, table, text, zlib};
use crate::evidence::sha;
use crate::support::apfs_image::{self, COMPRESSED, File, Item, image, insert};
use crate::support::disks::disk;
use crate::support::{Scratch, fixture_bytes};
use portolan::evidence::image::apfs::{self, Apfs};
use portolan::evidence::image::{
    Attribute, ChildKind, Disk, Extent, FileSystem, Format, FoundVolume, Metadata, NodeId,
};
use portolan::model::observation::{Problem, ProblemKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// What is kept of a file.
#[derive(Debug, PartialEq)]
struct Found {
    kind: ChildKind,
    node: NodeId,
    metadata: Metadata,
    sha256: Option<String>,
    target: Option<String>,
    attributes: Vec<Attribute>,
}

/// Everything on a volume by its path, and what could not be read.
#[derive(Debug, Default, PartialEq)]
struct Tree {
    files: BTreeMap<String, Found>,
    problems: Vec<String>,
}

impl Tree {
    fn of(volume: &dyn FileSystem) -> Self {
        let mut tree = Self::default();
        tree.enter(volume, volume.root(), "", 0);
        tree
    }

    fn enter(&mut self, volume: &dyn FileSystem, node: NodeId, path: &str, depth: u32) {
        let (children, problems) = volume.children(node);
        self.problems.extend(problems.into_iter().map(|problem| problem.detail));
        for child in children {
            let path = format!("{path}/{}", child.name);
            match found(volume, child.node, child.kind) {
                Ok(found) => drop(self.files.insert(path.clone(), found)),
                Err(error) => self.problems.push(format!("{path}: {error}")),
            }
            if child.kind == ChildKind::Directory && depth < 100 && self.files.len() < 10_000 {
                self.enter(volume, child.node, &path, depth + 1);
            }
        }
    }
}

fn found(volume: &dyn FileSystem, node: NodeId, kind: ChildKind) -> io::Result<Found> {
    let mut sha256 = None;
    if kind == ChildKind::File {
        sha256 = Some(sha(&content(volume, node)?));
    }
    let target = (kind == ChildKind::Link).then(|| volume.link_target(node)).transpose()?;
    let (metadata, attributes) = (volume.metadata(node)?, volume.attributes(node)?);
    Ok(Found { kind, node, metadata, sha256, target, attributes })
}

/// Bytes of a file; as many as its metadata says, or 16 MiB.
fn content(volume: &dyn FileSystem, node: NodeId) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    volume.open(node)?.take(16 << 20).read_to_end(&mut bytes)?;
    let size = volume.metadata(node)?.size;
    assert!(bytes.len() as u64 == size || size > 16 << 20, "node {node} has {size} bytes");
    Ok(bytes)
}

fn opened(bytes: &[u8]) -> Result<Vec<FoundVolume>, Problem> {
    Apfs.open(disk(bytes))
}

/// The files of the one volume of an image.
fn files(bytes: &[u8]) -> Arc<dyn FileSystem> {
    opened(bytes).unwrap().remove(0).files.unwrap()
}

/// Where the APFS partition of the made Mac begins.
const PARTITION: u64 = 4136 * 512;

/// What an `.xz` holds.
fn unpacked(name: &str) -> Vec<u8> {
    let mut all = Vec::new();
    let packed = fixture_bytes(&format!("images/{name}"));
    lzma_rust2::XzReader::new(&packed[..], true).read_to_end(&mut all).unwrap();
    all
}

/// The container of the made Mac.
fn made() -> Arc<dyn Disk> {
    Arc::new(Extent::new(disk(&unpacked("mac.gpt.raw.xz")), PARTITION, 24 << 20))
}

/// Compares a volume with what was put in; times, owners and modes too.
fn assert_true(name: &str, tree: &Tree, truth: &Value) {
    assert_eq!(tree.problems, Vec::<String>::new(), "{name}");
    let of_kind = |kind| tree.files.values().filter(move |found| found.kind == kind).count();
    let (wanted, links) =
        (truth["files"].as_array().unwrap(), truth["symlinks"].as_object().unwrap());
    assert_eq!(of_kind(ChildKind::File), wanted.len(), "{name}");
    assert_eq!(of_kind(ChildKind::Link), links.len(), "{name}");
    for file in wanted {
        let path = file["path"].as_str().unwrap();
        let found = &tree.files[path];
        let told = &found.metadata;
        assert_eq!(found.sha256.as_deref(), file["sha256"].as_str(), "{name}: {path}");
        assert_eq!(Some(told.size), file["size"].as_u64(), "{name}: {path}");
        let mode = u32::from_str_radix(&file["mode"].as_str().unwrap()[2..], 8).unwrap();
        assert_eq!(told.mode & 0o7777, mode, "{name}: {path}");
        assert_eq!(Some(u64::from(told.uid)), file["uid"].as_u64(), "{name}: {path}");
        let modified = told.modified.unwrap().as_nanosecond();
        assert_eq!(Some(modified), file["mtime_ns"].as_i64().map(i128::from), "{name}: {path}");
        let attributes = file["xattrs"].as_object().cloned().unwrap_or_default();
        assert_eq!(found.attributes.len(), attributes.len(), "{name}: {path}");
        for one in &found.attributes {
            let wanted = attributes[&one.name]["sha256"].as_str();
            assert_eq!(Some(sha(&one.value).as_str()), wanted, "{name}: {path}: {}", one.name);
        }
    }
    for (path, target) in links {
        assert_eq!(tree.files[path].target.as_deref(), target.as_str(), "{name}: {path}");
    }
}

#[test]
fn every_file_of_the_made_mac_and_of_its_snapshots_is_what_was_put_in() {
    let truth: Value = serde_json::from_slice(&fixture_bytes("images/mac.truth.json")).unwrap();
    let mac = made();
    let volume = Apfs.open(Arc::clone(&mac)).unwrap().remove(0);
    assert_eq!(volume.label, "Macintosh HD - Data");
    let tree = Tree::of(&*volume.files.unwrap());
    assert_true("live", &tree, &truth["volumes"]["live"]);
    let past = apfs::snapshots(&mac, 0).unwrap();
    assert_eq!(past.len(), 2);
    for (name, files) in past {
        assert!(
            volume.notes.iter().any(|note| note.starts_with(&format!("snapshot {name} of 2026")))
        );
        assert_true(&name, &Tree::of(&*files.unwrap()), &truth["volumes"][&name]);
    }
}

#[test]
fn hard_links_lead_to_one_node_with_as_many_links() {
    let volume = Apfs.open(made()).unwrap().remove(0);
    let tree = Tree::of(&*volume.files.unwrap());
    let mut names: BTreeMap<NodeId, u32> = BTreeMap::new();
    for found in tree.files.values().filter(|found| found.kind == ChildKind::File) {
        *names.entry(found.node).or_default() += 1;
    }
    assert!(names.values().any(|count| *count == 2));
    for found in tree.files.values().filter(|found| found.kind == ChildKind::File) {
        assert_eq!(found.metadata.links, names[&found.node]);
    }
}

/// A volume with something of everything.
fn sample() -> BTreeMap<String, Item> {
    let mut tree = BTreeMap::new();
    let mut file = |path: &str, file: File| insert(&mut tree, path, Item::File(file));
    for at in 0..400 {
        let path = format!("Library/LaunchDaemons/com.example.daemon-{at:03}.plist");
        file(&path, File { content: text(at * 40), ..File::default() });
    }
    let mut holes = vec![0; 1 << 20];
    holes[600_000] = 7;
    holes.extend([1; 10]);
    file("sparse", File { content: holes, is_sparse: true, ..File::default() });
    file("hole", File { content: vec![0; 50_000], is_sparse: true, ..File::default() });
    let attributes =
        vec![("long".to_owned(), text(9000)), ("short".to_owned(), b"quarantine".to_vec())];
    file("marked", File { content: text(10), attributes, ..File::default() });
    let compressed = |value: Vec<u8>, fork: Option<Vec<u8>>| {
        let fork = fork.map(|fork| ("com.apple.ResourceFork".to_owned(), fork));
        let attributes = [("com.apple.decmpfs".to_owned(), value)].into_iter().chain(fork);
        File { attributes: attributes.collect(), flags: COMPRESSED, ..File::default() }
    };
    file("inline", compressed(header(3, 3000, &zlib(&text(3000))), None));
    // So long that the attribute has a stream of its own.
    let long = [&[0xff], &text(20_000)[..]].concat();
    file("stream", compressed(header(3, 20_000, &long), None));
    let chunks: Vec<Vec<u8>> =
        text(200_000).chunks(65536).map(|chunk| [&[6], chunk].concat()).collect();
    file("fork", compressed(header(8, 200_000, &[]), Some(table(&chunks, 0))));
    insert(&mut tree, "link", Item::Link("Library/LaunchDaemons".to_owned()));
    tree
}

/// A smaller one, for many damaged copies.
pub(crate) fn few() -> BTreeMap<String, Item> {
    let mut tree = sample();
    tree.retain(|name, _| name != "Library");
    for at in 0..60 {
        let file = File { content: text(at), ..File::default() };
        insert(&mut tree, &format!("Library/LaunchAgents/{at:02}.plist"), Item::File(file));
    }
    tree
}

/// What `sample` holds, by path.
fn assert_sample(tree: &Tree) {
    assert_eq!(tree.problems, Vec::<String>::new());
    let has = |path: &str, content: &[u8]| {
        assert_eq!(tree.files[path].sha256.as_deref(), Some(sha(content).as_str()), "{path}");
        assert_eq!(tree.files[path].metadata.size, content.len() as u64, "{path}");
    };
    for at in 0..400 {
        let path = format!("/Library/LaunchDaemons/com.example.daemon-{at:03}.plist");
        has(&path, &text(at * 40));
    }
    let mut holes = vec![0; 1 << 20];
    holes[600_000] = 7;
    holes.extend([1; 10]);
    has("/sparse", &holes);
    has("/hole", &vec![0; 50_000]);
    has("/inline", &text(3000));
    has("/stream", &text(20_000));
    has("/fork", &text(200_000));
    assert_eq!(tree.files["/fork"].attributes, []);
    let attributes = &tree.files["/marked"].attributes;
    let shown: Vec<_> = attributes.iter().map(|one| (one.name.as_str(), one.value.len())).collect();
    assert_eq!(shown, [("long", 9000), ("short", 10)]);
    assert_eq!(tree.files["/link"].target.as_deref(), Some("Library/LaunchDaemons"));
    assert_eq!(tree.files.len(), 400 + 2 + 7);
}

#[test]
fn a_written_volume_is_read_back_whole() {
    assert_sample(&Tree::of(&*files(&image(&sample(), false))));
}

#[test]
fn a_volume_of_twenty_thousand_files_is_read_to_its_end() {
    let mut tree = BTreeMap::new();
    for at in 0..20_000 {
        let path = format!("Users/juniper/{}/file-{at:06}.txt", at % 7);
        insert(&mut tree, &path, Item::File(File::default()));
    }
    let scratch = Scratch::new("large-apfs");
    let path = scratch.path().join("large.apfs");
    apfs_image::write(&path, &tree).unwrap();
    let volume = files(&std::fs::read(&path).unwrap());
    let mut found = Vec::new();
    let mut folders = vec![volume.root()];
    while let Some(folder) = folders.pop() {
        let (children, problems) = volume.children(folder);
        assert_eq!(problems, []);
        for child in children {
            assert!(volume.metadata(child.node).is_ok());
            match child.kind {
                ChildKind::Directory => folders.push(child.node),
                _ => found.push(child.name),
            }
        }
    }
    found.sort();
    assert_eq!(found.len(), 20_000);
    assert_eq!(found.last().unwrap(), "file-019999.txt");
}

#[test]
fn a_sealed_volume_keeps_nodes_without_headers_and_extents_in_a_tree_of_their_own() {
    let bytes = image(&sample(), true);
    let volume = opened(&bytes).unwrap().remove(0);
    assert!(volume.notes.iter().any(|note| note.starts_with("sealed")), "{:?}", volume.notes);
    assert_sample(&Tree::of(&*volume.files.unwrap()));
}

#[test]
fn a_file_is_read_from_any_place() {
    let volume = files(&image(&sample(), false));
    let (children, _) = volume.children(volume.root());
    let sparse = children.iter().find(|child| child.name == "sparse").unwrap();
    let mut reader = volume.open(sparse.node).unwrap();
    for (at, expected) in [(599_999, [0, 7, 0]), (0, [0; 3]), ((1 << 20) - 1, [0, 1, 1])] {
        let mut bytes = [9; 3];
        reader.seek(SeekFrom::Start(at)).unwrap();
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, expected, "at {at}");
    }
    assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), (1 << 20) + 10);
    assert_eq!(reader.read(&mut [0; 3]).unwrap(), 0);
}

#[test]
fn a_volume_is_read_by_several_threads_at_once() {
    let volume = files(&image(&sample(), false));
    let first = Tree::of(&*volume);
    let trees: Vec<Tree> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(|| Tree::of(&*volume))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert!(trees.iter().all(|tree| *tree == first));
}

/// Changes an object and makes its checksum right again.
fn changed(bytes: &mut [u8], block: usize, at: usize, value: &[u8]) {
    let object = &mut bytes[block * 4096..(block + 1) * 4096];
    object[at..at + value.len()].copy_from_slice(value);
    apfs_image::seal(object);
}

/// The first block that holds an object of this type.
fn block_of(bytes: &[u8], kind: u32) -> usize {
    let kind_of = |block: &[u8]| u32::from_le_bytes(block[24..28].try_into().unwrap());
    bytes.chunks_exact(4096).position(|block| kind_of(block) == kind).unwrap()
}

#[test]
fn an_encrypted_volume_is_told_and_not_read() {
    let mut bytes = image(&sample(), false);
    let block = block_of(&bytes, 0x0d);
    changed(&mut bytes, block, 264, &[0]);
    changed(&mut bytes, block, 964, &[0x40, 0]);
    changed(&mut bytes, block, 1008, &[0xab; 16]);
    let volume = opened(&bytes).unwrap().remove(0);
    assert_eq!((volume.label.as_str(), volume.role), ("Test", "data"));
    assert_eq!(volume.group.as_deref(), Some("ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB"));
    assert_eq!(volume.files.err().unwrap().kind, ProblemKind::Encrypted);
}

#[test]
fn a_fusion_container_is_refused_by_name() {
    let mut bytes = image(&sample(), false);
    changed(&mut bytes, 0, 65, &[1]);
    let problem = opened(&bytes).err().unwrap();
    assert_eq!(problem.kind, ProblemKind::Unsupported);
    assert!(problem.detail.contains("Fusion"), "{}", problem.detail);
}

#[test]
fn every_volume_of_a_container_is_found() {
    let mut bytes = image(&sample(), false);
    for block in [0, 2] {
        changed(&mut bytes, block, 180, &[4]);
        // A free slot, the same volume again, and one that is not there.
        let oids = [0, 1026, 4711].map(u64::to_le_bytes).concat();
        changed(&mut bytes, block, 192, &oids);
    }
    let volumes = opened(&bytes).unwrap();
    let labels: Vec<_> =
        volumes.iter().map(|one| (one.label.as_str(), one.files.is_ok())).collect();
    assert_eq!(labels, [("Test", true), ("Test", true), ("", false)]);
}

#[test]
fn content_that_was_left_to_a_server_is_no_content() {
    let mut tree = BTreeMap::new();
    let file = File { content: text(9), flags: 0x4000_0000, ..File::default() };
    insert(&mut tree, "x", Item::File(file));
    let volume = files(&image(&tree, false));
    let node = volume.children(volume.root()).0[0].node;
    assert_eq!(volume.open(node).err().unwrap().kind(), io::ErrorKind::Unsupported);
}
