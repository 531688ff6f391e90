//! Disk images as evidence: their volumes, the walk, what belongs to an image, what is not opened.

use super::build::{gzip, tar_of, tree};
use super::{gather, gather_with, problems, row};
use crate::support::{
    Scratch, analysis_of, apfs_image, collected, disks, fixture_bytes, repository, tables_of,
};
use portolan::artifacts::places::leads_to_artifacts;
use portolan::evidence::archive::{ArchiveKind, open_stream};
use portolan::pipeline::{Collected, Options, Status};
use portolan::report;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Tables = BTreeMap<&'static str, Vec<BTreeMap<&'static str, String>>>;

/// The disk of `fixtures/images/mac.gpt.raw.xz`.
pub(crate) fn made_disk() -> Vec<u8> {
    let packed = fixture_bytes("images/mac.gpt.raw.xz");
    let mut disk = Vec::new();
    let mut stream = open_stream(ArchiveKind::Xz, "mac.gpt.raw.xz", Box::new(&*packed)).unwrap();
    let problems = stream.for_each(&mut |_, reader| {
        reader.read_to_end(&mut disk).unwrap();
    });
    assert!(problems.is_empty());
    disk
}

/// Where the APFS container begins in it.
const CONTAINER: usize = 4136 * 512;

/// Its size.
const CONTAINER_SIZE: usize = 25_165_824;

fn tables(path: &Path) -> Tables {
    tables_of(&analysis_of(collected(&[path.to_owned()])), &report::Options::default())
}

/// The rows of a table without the columns that name the evidence.
fn rows(tables: &Tables, table: &str, without: &[&str]) -> BTreeSet<Vec<(&'static str, String)>> {
    let kept = |row: &BTreeMap<&'static str, String>| {
        let cells = row.iter().filter(|(column, _)| !without.contains(column));
        cells.map(|(column, cell)| (*column, cell.clone())).collect()
    };
    tables[table].iter().map(kept).collect()
}

/// A regular file.
fn file(content: &[u8]) -> apfs_image::Item {
    apfs_image::Item::File(apfs_image::File { content: content.to_owned(), ..Default::default() })
}

/// What an examiner is told of the Mac, whatever held its files.
fn told(path: &Path) -> Vec<BTreeSet<Vec<(&'static str, String)>>> {
    let tables = tables(path);
    let own = [
        ("hosts", &["evidence", "time_zone_source"][..]),
        ("boots", &["source"]),
        ("services", &["evidence"]),
        ("declared_ports", &[]),
        ("bindings", &["sources"]),
        ("anomalies", &["sources"]),
        ("factors", &[]),
    ];
    own.iter().map(|(table, without)| rows(&tables, table, without)).collect()
}

#[test]
fn every_way_to_store_a_disk_gives_the_same_services_bindings_and_anomalies() {
    let scratch = Scratch::new("stored_disks");
    let disk = made_disk();
    let whole = told(&scratch.write("mac.raw", &disk));
    assert_eq!(whole[4].len(), 32, "bindings");
    assert_eq!(whole[5].len(), 5, "anomalies");
    let bare = &disk[CONTAINER..CONTAINER + CONTAINER_SIZE];
    assert_eq!(told(&scratch.write("bare.raw", bare)), whole);
    assert_eq!(told(&scratch.write("mac.raw.xz", fixture_bytes("images/mac.gpt.raw.xz"))), whole);
    assert_eq!(told(&scratch.write("mac.tar", tar_of(&[("case/mac.raw", disk.clone())]))), whole);
}

#[test]
fn a_volume_is_a_row_and_names_what_was_not_walked() {
    let scratch = Scratch::new("volume_rows");
    let path = scratch.write("mac.raw", made_disk());
    let gathered = gather(&path);
    let image = row(&gathered, "mac.raw");
    assert_eq!((image.artifact, image.status), (Some("image"), Status::Parsed));
    assert_eq!(image.sha256, None);
    let volume = row(&gathered, "Macintosh HD - Data");
    assert_eq!((volume.artifact, volume.status), (Some("volume"), Status::Parsed));
    let files = gathered.sources.len() - 2;
    assert_eq!(volume.records, files as u64);
    let walk = volume.volume.unwrap();
    assert!(walk.unwalked > 0);
    let coverage = &tables(&path)["coverage"];
    let gap = coverage.iter().find(|row| row["blind_to"] == "not walked").unwrap();
    assert_eq!(gap["source"], "mac.raw!/Macintosh HD - Data");

    let options = Options { full_walk: true, ..Options::default() };
    let everything = gather_with(&path, &options);
    let walk = row(&everything, "Macintosh HD - Data").volume.unwrap();
    assert_eq!(walk.unwalked, 0);
    let is_claimed = |gathered: &Collected| -> BTreeSet<String> {
        let claimed = gathered.sources.iter().filter(|source| source.artifact.is_some());
        claimed.map(|source| source.path.clone()).collect()
    };
    let (walked, all) = (is_claimed(&gathered), is_claimed(&everything));
    assert!(all.is_superset(&walked));
    // A copy of an application's property list under `Users/juniper/src` is what the route leaves out, if anything.
    assert!(all.len() - walked.len() <= 2, "{:?}", all.difference(&walked));
}

#[test]
fn the_times_of_a_property_list_come_from_its_volume() {
    let scratch = Scratch::new("volume_times");
    let tables = tables(&scratch.write("mac.raw", made_disk()));
    let is_one = |row: &&BTreeMap<&str, String>| row["label"] == "com.net.printhelper";
    let service = tables["services"].iter().find(is_one).unwrap();
    assert_eq!(service["plist_created"], "2026-05-13T07:58:30.048000Z");
    assert_eq!(tables["acquisitions"][0]["collector"], "disk image");
}

#[test]
fn a_disk_that_holds_nothing_of_a_mac_makes_no_host() {
    let mut tree = apfs_image::Tree::default();
    for path in ["Users/Shared/run.sh", "private/tmp/x"] {
        apfs_image::insert(&mut tree, path, file(b"#!/bin/sh\n"));
    }
    let scratch = Scratch::new("empty_disk");
    let path = scratch.write("stick.raw", apfs_image::image(&tree, false));
    assert!(tables(&path)["hosts"].is_empty());
    assert!(gather(&path).evidence[0].unusable.is_some());
}

#[test]
fn jobs_inside_application_bundles_are_of_the_mac_around_them() {
    for folder in [
        "Applications/Utilities/Relay.app",
        "Users/ana/Applications/Relay.app",
        "Library/Application Support/Relay/Relay.app",
    ] {
        assert!(leads_to_artifacts(&format!("{folder}/Contents/Library/LaunchAgents")), "{folder}");
        let mut tree = apfs_image::Tree::default();
        let job = fixture_bytes("launchd-plist/array-of-sockets.plist");
        let path = format!("{folder}/Contents/Library/LaunchAgents/org.example.relay.plist");
        apfs_image::insert(&mut tree, &path, file(&job));
        let version = fixture_bytes("system-version/macos-15.plist");
        let place = "System/Library/CoreServices/SystemVersion.plist";
        apfs_image::insert(&mut tree, place, file(&version));
        let scratch = Scratch::new("bundled_jobs");
        let tables = tables(&scratch.write("mac.raw", apfs_image::image(&tree, false)));
        assert_eq!(tables["hosts"].len(), 1, "{folder}");
        assert_eq!(tables["services"].len(), 1, "{folder}");
    }
}

#[test]
fn an_archive_under_the_name_of_an_image_is_an_archive() {
    let scratch = Scratch::new("archives_named_as_images");
    for (name, bytes) in [("case.dmg", gzip(&tar_of(&tree()))), ("case.img", tar_of(&tree()))] {
        let path = scratch.write(name, &bytes);
        assert_eq!(row(&gather(&path), "case/notes.txt").status, Status::Unclaimed, "{name}");
        let outer = scratch.write("outer.tar", tar_of(&[(name, bytes)]));
        let inside = format!("{name}!/case/notes.txt");
        assert_eq!(row(&gather(&outer), &inside).status, Status::Unclaimed, "{name}");
    }
}

#[test]
fn an_image_that_the_mac_keeps_as_its_own_is_not_opened() {
    let scratch = Scratch::new("own_images");
    let disk = apfs_image::image(&apfs_image::Tree::default(), false);
    scratch.write("root/Users/ana/Downloads/Installer.dmg", &disk);
    scratch.write("root/evidence.dmg", &disk);
    let gathered = gather(&scratch.path().join("root"));
    let own = row(&gathered, "Users/ana/Downloads/Installer.dmg");
    assert_eq!((own.artifact, own.status), (None, Status::Unclaimed));
    assert!(own.note.contains("not opened"), "{}", own.note);
    assert_eq!(row(&gathered, "evidence.dmg").artifact, Some("image"));
}

/// The blocks of the disk that are superblocks of the container.
fn superblocks(disk: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    disk[CONTAINER..].chunks_exact_mut(4096).filter(|block| block[32..36] == *b"NXSB")
}

#[test]
fn a_container_whose_first_superblock_is_damaged_is_read_and_the_damage_told() {
    let mut disk = made_disk();
    superblocks(&mut disk).take(1).for_each(|block| block[2000] ^= 0xff);
    let scratch = Scratch::new("unsound_superblock");
    let gathered = gather(&scratch.write("mac.raw", &disk));
    let volume = row(&gathered, "Macintosh HD - Data");
    assert_eq!(volume.status, Status::Partial);
    assert!(problems(volume).contains("checksum of block 0"), "{}", problems(volume));
    assert_eq!(row(&gathered, "mac.raw").status, Status::Partial);
}

#[test]
fn a_disk_without_a_file_system_that_is_read_is_refused_and_says_what_it_holds() {
    let mut disk = made_disk();
    superblocks(&mut disk).for_each(|block| block.fill(0));
    let scratch = Scratch::new("no_file_system");
    let gathered = gather(&scratch.write("mac.raw", &disk));
    let image = row(&gathered, "mac.raw");
    assert_eq!(image.status, Status::Refused);
    assert!(image.note.contains("EFI system partition"), "{}", image.note);
    assert!(gathered.evidence[0].unusable.is_some());
}

#[test]
fn nothing_that_a_parser_claims_lies_off_the_route() {
    let stories = repository("fixtures/hosts");
    for story in crate::support::stories() {
        let gathered = collected(&[stories.join(&story)]);
        for source in gathered.sources.iter().filter(|source| source.is_read()) {
            // What collectors write lies where they are told to put it; the rest lies where it lay on the Mac.
            let path = source.path.to_lowercase();
            let folders = ["library/", "private/", "users/", "system/", "applications/"];
            let Some(folder) = folders.iter().find(|folder| path.starts_with(*folder)) else {
                continue;
            };
            let (directory, _) = path.rsplit_once('/').unwrap();
            assert!(leads_to_artifacts(directory), "{story}: {path} below {folder}");
        }
    }
}

/// An APFS container of one volume with that role (`APFS_VOL_ROLE_SYSTEM` is 1, `APFS_VOL_ROLE_DATA` 0x40) in a group.
fn of_role(tree: &apfs_image::Tree, role: u16) -> Vec<u8> {
    let mut image = apfs_image::image(tree, false);
    for block in image.chunks_exact_mut(4096).filter(|block| block[32..36] == *b"APSB") {
        block[964..966].copy_from_slice(&role.to_le_bytes());
        block[1008..1024].copy_from_slice(b"one group of two");
        apfs_image::seal(block);
    }
    image
}

/// A GPT disk with these two APFS containers.
fn two_partitions(first: &[u8], second: &[u8]) -> Vec<u8> {
    let (from, then) = (64, 64 + first.len() / 512);
    let end = then + second.len() / 512;
    let mut disk = vec![0; (end + 64) * 512];
    let part = |first: usize, end: usize| disks::Wanted {
        kind: disks::APFS,
        name: "",
        first: first as u64,
        last: end as u64 - 1,
    };
    disks::put_gpt(&mut disk, 512, &[part(from, then), part(then, end)]);
    disks::put(&mut disk, from * 512, first);
    disks::put(&mut disk, then * 512, second);
    disk
}

#[test]
fn the_data_volume_stands_where_macos_shows_it() {
    let mut system = apfs_image::Tree::default();
    let version = fixture_bytes("system-version/macos-15.plist");
    let place = "System/Library/CoreServices/SystemVersion.plist";
    apfs_image::insert(&mut system, place, file(&version));
    let mut data = apfs_image::Tree::default();
    let job = fixture_bytes("launchd-plist/array-of-sockets.plist");
    let place = "Library/LaunchDaemons/org.example.plist";
    apfs_image::insert(&mut data, place, file(&job));
    let disk = two_partitions(&of_role(&system, 1), &of_role(&data, 0x40));
    let scratch = Scratch::new("volume_group");
    let path = scratch.write("mac.raw", &disk);
    let gathered = gather(&path);
    let places: Vec<&str> = gathered.sources.iter().map(|source| source.path.as_str()).collect();
    let label = row(&gathered, "mac.raw").problems.len();
    assert_eq!(label, 0, "{places:?}");
    let inside = places.iter().find(|path| path.ends_with("org.example.plist")).unwrap();
    assert!(inside.contains("!/System/Volumes/Data/Library/LaunchDaemons/"), "{inside}");
    let tables = tables(&path);
    assert_eq!(tables["hosts"].len(), 1);
    assert_eq!(tables["services"][0]["plist_path"], "/Library/LaunchDaemons/org.example.plist");
}

/// The columns of `evidence` that tell a declared hash, and the problems, of an E01 run with `--hash-images`.
fn checked(scratch: &Scratch) -> (String, String, Vec<String>) {
    let options = Options { hash_images: true, ..Options::default() };
    let gathered = gather_with(&scratch.path().join("mac.E01"), &options);
    let problems = row(&gathered, "mac.E01").problems.iter();
    let problems = problems.map(|found| found.kind.as_str().to_owned()).collect();
    assert_ne!(row(&gathered, "mac.E01").sha256, None);
    let tables = tables_of(&analysis_of(gathered), &report::Options::default());
    let evidence = &tables["evidence"][0];
    (evidence["declared_hash"].clone(), evidence["hash_match"].clone(), problems)
}

#[test]
fn the_hash_that_an_image_declares_is_checked_where_that_is_asked_for() {
    let scratch = Scratch::new("declared_hash");
    let mut first = fixture_bytes("images/mac.E01");
    scratch.write("mac.E01", &first);
    scratch.write("mac.E02", fixture_bytes("images/mac.E02"));
    let (declared, holds, problems) = checked(&scratch);
    assert!(declared.starts_with("md5:") || declared.starts_with("sha1:"), "{declared}");
    assert_eq!((holds.as_str(), problems.len()), ("yes", 0));

    let unchecked = &tables(&scratch.path().join("mac.E01"))["evidence"][0];
    assert_eq!(
        (unchecked["declared_hash"].as_str(), unchecked["hash_match"].as_str()),
        (&*declared, "")
    );
    assert_eq!(unchecked["sha256"], "");

    // A byte of a chunk: its own checksum tells it already.
    let middle = first.len() / 2;
    first[middle] ^= 1;
    scratch.write("mac.E01", &first);
    let (_, holds, problems) = checked(&scratch);
    assert_eq!(holds, "");
    assert!(problems.iter().any(|kind| kind == "malformed-file"), "{problems:?}");
}

#[test]
fn the_segments_of_an_image_may_stand_in_an_archive_in_any_order() {
    let scratch = Scratch::new("segments_in_any_order");
    let part = |name: &str| (format!("case/{name}"), fixture_bytes(&format!("images/{name}")));
    let path = scratch.write("case.tar", tar_of(&[part("mac.E02"), part("mac.E01")]));
    let gathered = gather(&path);
    let own: Vec<_> = gathered.sources.iter().filter(|one| one.path == "case/mac.E02").collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].status, own[0].note.as_str()), (Status::Parsed, "part of case/mac.E01"));
    assert_eq!(row(&gathered, "case/mac.E01").status, Status::Parsed);
}

#[test]
fn an_image_on_a_volume_is_told_and_not_opened() {
    let inner = apfs_image::image(&apfs_image::Tree::default(), false);
    let mut tree = apfs_image::Tree::default();
    apfs_image::insert(&mut tree, "inner.raw", file(&inner));
    let scratch = Scratch::new("image_on_a_volume");
    let path = scratch.write("outer.raw", apfs_image::image(&tree, false));
    let gathered = gather_with(&path, &Options { full_walk: true, ..Options::default() });
    let own = row(&gathered, "Test!/inner.raw");
    assert_eq!((own.artifact, own.status), (None, Status::Unclaimed));
    assert!(own.note.contains("not opened"), "{}", own.note);
}

#[test]
fn a_file_marked_as_compressed_whose_header_is_lost_is_no_empty_file() {
    let mut tree = apfs_image::Tree::default();
    let flags = apfs_image::COMPRESSED;
    let lost = apfs_image::File { flags, ..Default::default() };
    apfs_image::insert(&mut tree, "private/etc/hosts", apfs_image::Item::File(lost));
    let scratch = Scratch::new("lost_header");
    let gathered = gather(&scratch.write("mac.raw", apfs_image::image(&tree, false)));
    let own = row(&gathered, "Test!/private/etc/hosts");
    assert_eq!(own.status, Status::Unreadable);
    assert!(problems(own).contains("com.apple.decmpfs"), "{}", problems(own));
}
