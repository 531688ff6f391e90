//! HFS+ volumes, damaged → what is left of them, and never a panic, a hang or memory without bound.

use super::{mounted, rich, walked};
use crate::evidence::build::noise;
use crate::support::Random;
use crate::support::disks::{disk, put};
use crate::support::hfs::{BLOCK, Image, ROOT};
use portolan::evidence::image::hfs::Hfs;
use portolan::evidence::image::{ChildKind, Format};
use portolan::model::observation::ProblemKind;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of a node, as they are written.
const NODE: usize = 1024;

/// Where a special file of a volume begins, by the place of its fork in the header.
fn special(bytes: &[u8], fork: usize) -> usize {
    let at = 1024 + fork + 16;
    let block = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    usize::try_from(block).unwrap() * BLOCK
}

/// Places of the extents overflow, catalog and attributes files in the header.
const EXTENTS: usize = 192;
const CATALOG: usize = 272;
const ATTRIBUTES: usize = 352;

/// Where the nodes of a kind begin in a special file (0xff leaf, 0 index).
fn nodes(bytes: &[u8], fork: usize, kind: u8) -> Vec<usize> {
    let start = special(bytes, fork);
    let size = u64::from_be_bytes(bytes[1024 + fork..1024 + fork + 8].try_into().unwrap());
    let all = (start..start + usize::try_from(size).unwrap()).step_by(NODE);
    all.skip(1).filter(|node| bytes[node + 8] == kind && bytes[node + 9] > 0).collect()
}

/// Everything that can be asked of a volume.
fn asked(bytes: &[u8]) {
    let head = &bytes[..bytes.len().min(4096)];
    Hfs.detect(head);
    for volume in Hfs.open(disk(bytes)).into_iter().flatten() {
        let Ok(files) = volume.files else { continue };
        let (found, _) = walked(&*files);
        for found in found.values() {
            let _ = files.metadata(found.child.node);
            let _ = files.attributes(found.child.node);
        }
    }
}

fn survives(what: &str, bytes: &[u8]) {
    let survived = catch_unwind(AssertUnwindSafe(|| asked(bytes)));
    assert!(survived.is_ok(), "{what} is not survived");
}

#[test]
fn a_volume_with_changed_bytes_is_survived() {
    let sound = rich().finish();
    let mut random = Random::new(1150);
    let trees = special(&sound, EXTENTS);
    for round in 0..400 {
        let mut bytes = sound.clone();
        for _ in 0..=random.below(3) {
            // Where the header and the trees are; what files hold can be anything.
            let at = match random.below(4) {
                0 => 1024 + random.below(512),
                _ => trees + random.below(sound.len() - trees),
            };
            bytes[at] = match random.below(3) {
                0 => 0xff,
                1 => bytes[at] ^ (1 << random.below(8)),
                _ => random.next().to_le_bytes()[0],
            };
        }
        survives(&format!("round {round}"), &bytes);
    }
}

#[test]
fn a_volume_that_is_cut_off_is_survived() {
    let sound = rich().finish();
    for end in (0..sound.len()).step_by(sound.len() / 150) {
        survives(&format!("an end at {end}"), &sound[..end]);
    }
}

#[test]
fn a_damaged_leaf_costs_what_stands_in_it_and_no_more() {
    let sound = rich().finish();
    let whole = walked(&*mounted(&sound)).0;
    let leaves = nodes(&sound, CATALOG, 0xff);
    assert!(leaves.len() > 10, "{}", leaves.len());
    for leaf in leaves {
        let mut bytes = sound.clone();
        bytes[leaf + 8] = 7;
        let (found, problems) = walked(&*mounted(&bytes));
        let number = (leaf - special(&sound, CATALOG)) / NODE;
        for problem in &problems {
            assert_eq!(problem.detail, format!("node {number} of the catalog is damaged"));
        }
        for (path, left) in &found {
            let before = &whole[path];
            // A link is all the same a link if what it leads to is lost.
            if left.content.is_ok() {
                assert_eq!(left.content, before.content, "{path}");
            }
        }
        // The leaf with the record of a folder costs what is in the folder too.
        let is_below =
            |path: &str| !found.contains_key("/Library") && path.starts_with("/Library/");
        let lost = whole.keys().filter(|path| !found.contains_key(*path) && !is_below(path));
        assert!(lost.count() < NODE / 88, "{number}");
    }
}

#[test]
fn a_damaged_key_costs_only_its_record() {
    let sound = rich().finish();
    let whole = walked(&*mounted(&sound)).0;
    let leaves = nodes(&sound, CATALOG, 0xff);
    let mut bytes = sound.clone();
    // The length of the second key of a leaf in the middle.
    let leaf = leaves[leaves.len() / 2];
    let second = u16::from_be_bytes(bytes[leaf + NODE - 4..leaf + NODE - 2].try_into().unwrap());
    put(&mut bytes, leaf + usize::from(second), &[0xff, 0xff]);
    let (found, problems) = walked(&*mounted(&bytes));
    assert!(found.len() + 1 >= whole.len());
    assert!(
        problems.iter().all(|found| found.detail.starts_with("1 records in node")),
        "{problems:?}"
    );
}

#[test]
fn circles_of_nodes_end() {
    let sound = rich().finish();
    let start = special(&sound, CATALOG);
    for index in nodes(&sound, CATALOG, 0) {
        for target in [(index - start) / NODE, 0, 1, usize::from(u16::MAX)] {
            let mut bytes = sound.clone();
            // The pointers of all records of the node.
            for record in 0..usize::from(bytes[index + 11]) {
                let at = index + NODE - 2 * (record + 2);
                let end = u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap());
                let pointer = index + usize::from(end) - 4;
                put(&mut bytes, pointer, &u32::try_from(target).unwrap().to_be_bytes());
            }
            let (found, problems) = walked(&*mounted(&bytes));
            assert!(!problems.is_empty() || found.is_empty(), "{target}");
            survives("a circle", &bytes);
        }
    }
}

#[test]
fn a_folder_in_itself_is_a_folder_that_was_met_before() {
    let mut image = Image::new("x");
    let folder = image.linked_folder();
    image.folder_link(folder, "again", folder);
    image.folder_link(ROOT, "begin", folder);
    let files = mounted(&image.finish());
    let mut begin = files.children(files.root()).0;
    begin.retain(|child| child.name == "begin");
    let (again, problems) = files.children(begin[0].node);
    assert_eq!(problems, []);
    assert_eq!((again[0].node, again[0].kind), (begin[0].node, ChildKind::Directory));
}

#[test]
fn claims_of_a_fork_are_bounded_by_what_its_extents_hold() {
    let mut image = Image::new("x");
    image.file(ROOT, "large", &noise(BLOCK * 2));
    image.scattered(ROOT, "many", &noise(BLOCK * 30));
    let sound = image.finish();
    let whole = walked(&*mounted(&sound)).0;
    for claim in [u64::MAX, 1 << 40, (BLOCK * 31) as u64] {
        let mut bytes = sound.clone();
        for size in [BLOCK * 2, BLOCK * 30] {
            let stored = (size as u64).to_be_bytes();
            let catalog = special(&sound, CATALOG);
            let in_catalog = bytes[catalog..].windows(8).position(|bytes| bytes == stored);
            let at = catalog + in_catalog.unwrap();
            put(&mut bytes, at, &claim.to_be_bytes());
        }
        let files = mounted(&bytes);
        let (found, _) = walked(&*files);
        for path in ["/large", "/many"] {
            let error = found[path].content.as_ref().unwrap_err();
            assert!(error.contains("its extents end before byte"), "{path}: {error}");
            let node = whole[path].child.node;
            assert_eq!(files.metadata(node).unwrap().size, claim, "{path}");
        }
    }
}

#[test]
fn claims_of_special_files_are_bounded() {
    let sound = rich().finish();
    for fork in [EXTENTS, CATALOG, ATTRIBUTES] {
        for field in [0, 12, 16, 20] {
            let mut bytes = sound.clone();
            put(&mut bytes, 1024 + fork + field, &[0xff; 4]);
            survives(&format!("field {field} of {fork}"), &bytes);
        }
        // Size of nodes, root, length of keys, attributes of the tree.
        for (at, value) in [
            (32, [0x80, 0]),
            (32, [0, 0]),
            (16, [0xff; 2]),
            (18, [0xff; 2]),
            (34, [0xff; 2]),
            (54, [0; 2]),
        ] {
            let mut bytes = sound.clone();
            let tree = special(&sound, fork);
            put(&mut bytes, tree + at, &value);
            survives(&format!("byte {at} of {fork}"), &bytes);
        }
    }
}

#[test]
fn an_attribute_of_an_absurd_size_is_refused() {
    let sound = rich().finish();
    let stored = ((BLOCK * 20 + 3) as u64).to_be_bytes();
    let at = sound.windows(8).rposition(|bytes| bytes == stored).unwrap();
    let mut bytes = sound.clone();
    put(&mut bytes, at, &(1_u64 << 50).to_be_bytes());
    let files = mounted(&bytes);
    let node = walked(&*files).0["/attributed"].child.node;
    let error = files.attributes(node).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{error}");
}

#[test]
fn a_volume_whose_catalog_is_lost_says_so() {
    let mut bytes = rich().finish();
    let catalog = special(&bytes, CATALOG);
    put(&mut bytes, catalog, &[0; NODE]);
    let volumes = Hfs.open(disk(&bytes)).unwrap();
    let problem = volumes[0].files.as_ref().err().unwrap();
    assert_eq!(problem.kind, ProblemKind::MalformedFile);
    assert_eq!(problem.detail, "the header of the catalog is damaged");
}

#[test]
fn lost_attributes_or_extents_cost_what_needs_them_and_no_more() {
    let sound = rich().finish();
    let all: BTreeSet<String> = walked(&*mounted(&sound)).0.into_keys().collect();
    for (fork, needs) in [(EXTENTS, "/in pieces"), (ATTRIBUTES, "/compressed")] {
        let mut bytes = sound.clone();
        let start = special(&sound, fork);
        put(&mut bytes, start, &[0; NODE]);
        let (found, problems) = walked(&*mounted(&bytes));
        assert_eq!(problems, []);
        assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), all);
        let failed: Vec<_> = found.iter().filter(|(_, found)| found.content.is_err()).collect();
        let failed: Vec<&str> = failed.into_iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(failed, [needs]);
    }
}
