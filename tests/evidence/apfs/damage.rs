//! Images with bytes changed, cut off, and with claims that cannot be true → problems, never a panic or a hang.

use super::{
    Tree, assert_sample, block_of, changed, disk, few, files, image, made, opened, sample, unpacked,
};
use crate::support::Random;
use crate::support::apfs_image::{File, Item, insert, seal};
use portolan::evidence::image::apfs::{self, Apfs};
use portolan::evidence::image::{Format, disk::read_vec};
use portolan::model::observation::ProblemKind;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

const BLOCK: usize = 4096;

/// Blocks of leaves of the file-system tree.
fn leaves(bytes: &[u8]) -> Vec<usize> {
    let is_leaf = |block: &[u8]| block[24..32] == [3, 0, 0, 0, 14, 0, 0, 0] && block[34] == 0;
    let blocks = bytes.chunks_exact(BLOCK).enumerate();
    blocks.filter(|(_, block)| is_leaf(block)).map(|(at, _)| at).collect()
}

#[test]
fn a_damaged_node_costs_what_hangs_below_it_and_is_named() {
    let sound = image(&sample(), false);
    let all = Tree::of(&*files(&sound));
    let leaves = leaves(&sound);
    assert!(leaves.len() > 20);
    let mut costly = 0;
    for leaf in &leaves {
        let mut bytes = sound.clone();
        bytes[leaf * BLOCK + 2000] ^= 1;
        let rest = Tree::of(&*files(&bytes));
        let lost = all.files.len() - rest.files.len();
        costly += usize::from(lost > 60);
        let named = format!("block {leaf}: the checksum does not hold");
        let is_named = rest.problems.iter().any(|problem| problem.contains(&named));
        assert!(is_named || lost == 0, "block {leaf}: {:?}", rest.problems);
        for (path, found) in &rest.files {
            assert!(found == &all.files[path], "block {leaf} changes {path}");
        }
    }
    // Below the leaf with the entries of the root directory hangs everything.
    assert_eq!(costly, 1);
}

#[test]
fn an_older_checkpoint_is_read_where_the_newest_is_damaged() {
    let mac = made();
    let mut bytes = read_vec(&*mac, 0, usize::try_from(mac.size()).unwrap()).unwrap();
    let whole = Tree::of(&*files(&bytes));
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let superblocks = (0..bytes.len() / BLOCK)
        .filter(|block| bytes[block * BLOCK + 32..][..4] == *b"NXSB" && *block != 0);
    let newest = superblocks.max_by_key(|block| number(block * BLOCK + 16)).unwrap();
    let xid = number(newest * BLOCK + 16);
    // Its object map: what it leads to is lost, the superblock itself is sound.
    let map = usize::try_from(number(newest * BLOCK + 160)).unwrap();
    bytes[map * BLOCK + 50] ^= 1;
    let volume = opened(&bytes).unwrap().remove(0);
    let said = format!("checkpoint {xid} is damaged");
    let problems = &volume.problems;
    assert!(problems.iter().any(|problem| problem.detail.starts_with(&said)), "{problems:?}");
    let older = Tree::of(&*volume.files.unwrap());
    assert!(older.files.len() > whole.files.len() / 2);
}

#[test]
fn the_copy_of_the_superblock_in_block_0_is_not_needed() {
    let mut bytes = image(&sample(), false);
    bytes[500] ^= 1;
    let volume = opened(&bytes).unwrap().remove(0);
    assert_eq!(volume.problems[0].detail, "the checksum of block 0 does not hold");
    assert_sample(&Tree::of(&*volume.files.unwrap()));
}

#[test]
fn a_container_without_any_sound_superblock_is_read_by_the_one_in_block_0() {
    let mut bytes = image(&sample(), false);
    for block in [0, 2] {
        bytes[block * BLOCK + 500] ^= 1;
    }
    let volume = opened(&bytes).unwrap().remove(0);
    assert_eq!(volume.problems[0].detail, "the checksum of block 0 does not hold");
    assert_sample(&Tree::of(&*volume.files.unwrap()));
}

#[test]
fn an_image_that_ends_early_is_read_as_far_as_it_goes() {
    let sound = image(&sample(), false);
    for at in 0..40 {
        let bytes = &sound[..sound.len() * at / 40];
        match opened(bytes) {
            // The trees stand at the end.
            Err(problem) => assert_eq!(problem.kind, ProblemKind::Truncated, "{}", problem.detail),
            Ok(volumes) => {
                for volume in volumes {
                    let first = &volume.problems[0].detail;
                    assert!(first.contains("blocks are there"), "{first}");
                    let _ = volume.files.map(|files| Tree::of(&*files));
                }
            }
        }
    }
}

#[test]
fn claims_that_cannot_be_true_are_errors() {
    let sound = image(&sample(), false);
    let root = sound.chunks_exact(BLOCK).position(|one| one[24..32] == [2, 0, 0, 0, 14, 0, 0, 0]);
    let (root, leaf) = (root.unwrap(), leaves(&sound)[3]);
    let volume = block_of(&sound, 0x0d);
    let most = u64::MAX.to_le_bytes();
    let claims: &[(usize, usize, &[u8])] = &[
        (leaf, 36, &most[..4]),
        (leaf, 40, &most[..4]),
        (leaf, 34, &[9, 0]),
        (root, 36, &most[..4]),
        (root, 34, &[200, 0]),
        (volume, 136, &most),
        (volume, 128, &most),
        (volume, 152, &most),
        (volume, 216, &most),
    ];
    for (block, at, claim) in claims {
        let mut bytes = sound.clone();
        changed(&mut bytes, *block, *at, claim);
        for volume in opened(&bytes).unwrap() {
            let _ = volume.files.map(|files| Tree::of(&*files));
        }
    }
    for (at, claim) in
        [(36, &most[..4]), (36, &[0, 0, 0, 0]), (104, &most[..4]), (40, &most), (112, &most)]
    {
        let mut bytes = sound.clone();
        changed(&mut bytes, 0, at, claim);
        let _ = opened(&bytes);
    }
}

#[test]
fn attributes_without_end_are_a_limit() {
    let mut tree = BTreeMap::new();
    let attributes = (0..5000).map(|at| (format!("com.example.{at:04}"), Vec::new())).collect();
    insert(&mut tree, "x", Item::File(File { attributes, ..File::default() }));
    let volume = files(&image(&tree, false));
    let node = volume.children(volume.root()).0[0].node;
    assert_eq!(volume.attributes(node).unwrap_err().kind(), ErrorKind::QuotaExceeded);
    assert!(volume.open(node).is_ok());
}

#[test]
fn a_tree_that_leads_back_to_itself_ends() {
    let mut bytes = image(&sample(), false);
    let root = bytes.chunks_exact(BLOCK).position(|one| one[24..32] == [2, 0, 0, 0, 14, 0, 0, 0]);
    let root = root.unwrap();
    let node = &bytes[root * BLOCK..(root + 1) * BLOCK];
    let own: [u8; 8] = node[8..16].try_into().unwrap();
    let word = |at: usize| usize::from(u16::from_le_bytes([node[at], node[at + 1]]));
    let values: Vec<usize> =
        (0..word(36)).map(|entry| BLOCK - 40 - word(56 + entry * 8 + 4)).collect();
    let first: [u8; 8] = node[values[0]..][..8].try_into().unwrap();
    // To itself, and all children the same one.
    for target in [own, first] {
        for value in &values {
            changed(&mut bytes, root, *value, &target);
        }
        let tree = Tree::of(&*files(&bytes));
        assert!(tree.files.len() < 500);
    }
}

/// Changes some bytes of objects, mostly of their headers; three times of four their checksums are made right.
fn mutated(sound: &[u8], objects: &[usize], random: &mut Random) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    let is_repaired = random.below(4) != 0;
    for _ in 0..=random.below(3) {
        let start = objects[random.below(objects.len())] * BLOCK;
        let object = &mut bytes[start..start + BLOCK];
        let at =
            8 + if random.below(2) == 0 { random.below(200) } else { random.below(BLOCK - 16) };
        let length = 1 << random.below(4);
        for byte in &mut object[at..(at + length).min(BLOCK)] {
            *byte = match random.below(4) {
                0 => 0,
                1 => 0xff,
                2 => *byte ^ 1 << random.below(8),
                _ => random.next().to_le_bytes()[0],
            };
        }
        if is_repaired {
            seal(object);
        }
    }
    if random.below(20) == 0 {
        bytes.truncate(random.below(sound.len()));
    }
    bytes
}

/// Blocks with a right checksum.
fn objects(bytes: &[u8]) -> Vec<usize> {
    let is_object = |block: &[u8]| {
        let mut sealed = block.to_vec();
        seal(&mut sealed);
        sealed[..8] == block[..8] && block[8..32].iter().any(|byte| *byte != 0)
    };
    let blocks = bytes.chunks_exact(BLOCK).enumerate();
    blocks.filter(|(_, block)| is_object(block)).map(|(at, _)| at).collect()
}

fn survives(sound: &[u8], times: usize, seed: u64) {
    let objects = objects(sound);
    let mut random = Random::new(seed);
    for _ in 0..times {
        let container = disk(&mutated(sound, &objects, &mut random));
        for (at, volume) in Apfs.open(Arc::clone(&container)).unwrap_or_default().iter().enumerate()
        {
            if let Ok(files) = &volume.files {
                Tree::of(&**files);
            }
            for (_, files) in apfs::snapshots(&container, at).into_iter().flatten().take(2) {
                let _ = files.map(|files| files.children(files.root()));
            }
        }
    }
}

#[test]
fn changes_to_a_written_volume_are_survived() {
    survives(&image(&few(), false), 150, 5);
}

#[test]
fn changes_to_a_sealed_volume_are_survived() {
    survives(&image(&few(), true), 150, 6);
}

#[test]
fn changes_to_the_made_mac_are_survived() {
    let start = usize::try_from(super::PARTITION).unwrap();
    survives(&unpacked("mac.gpt.raw.xz")[start..start + (24 << 20)], 6, 7);
}
