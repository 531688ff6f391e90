//! An archive beside the folder that was unpacked of it: one acquisition.

use super::bindings;
use crate::evidence::build::{gzip, tar_of};
use crate::story::{Files, Lsof, Mac, Told, told};
use crate::support::{Row, fresh_folder, tables_of};
use portolan::hosts::Options;
use portolan::model::observation::ProblemKind;
use std::path::PathBuf;

/// A Mac with a listener, in UAC's folder.
fn acquisition() -> Files {
    Mac::new()
        .lsof(Lsof::tcp("reefd", 700, 0x700, "*:9443 (LISTEN)"))
        .ps(700, "root", "01-00:00:00", "/Library/Reef/reefd")
        .files()
}

/// The files in a tar, without the folder that holds them, as UAC packs them.
fn packed(files: &Files) -> (String, Vec<u8>) {
    let folder = files.0.keys().next().unwrap().split('/').next().unwrap().to_owned();
    let inside = |path: &str| path.split_once('/').unwrap().1.to_owned();
    let members: Vec<(String, Vec<u8>)> =
        files.0.iter().map(|(path, bytes)| (inside(path), bytes.clone())).collect();
    (folder, gzip(&tar_of(&members)))
}

fn rows(told: &Told, table: &str) -> Vec<Row> {
    tables_of(&told.0, &portolan::report::Options::default()).remove(table).unwrap()
}

/// Fails unless both runs tell the same, and the second names the copy.
fn assert_once(once: &Told, twice: &Told) {
    assert_eq!(bindings(once), bindings(twice));
    for table in
        ["hosts", "acquisitions", "bindings", "processes", "anomalies", "coverage", "boots"]
    {
        assert_eq!(rows(once, table).len(), rows(twice, table).len(), "{table}");
    }
    let problems = rows(twice, "problems");
    let copies =
        problems.iter().filter(|row| row["kind"] == ProblemKind::DuplicateEvidence.as_str());
    let copies: Vec<&Row> = copies.collect();
    let [copy] = &copies[..] else { panic!("{problems:#?}") };
    assert!(copy["detail"].contains("holds the same files as"), "{copy:?}");
}

#[test]
fn an_archive_beside_its_own_unpacked_folder_is_one_set_of_rows() {
    let files = acquisition();
    let (folder, archive) = packed(&files);
    let beside = fresh_folder("beside");
    let once = files.told();
    files.write(&beside);
    std::fs::write(beside.join(format!("{folder}.tar.gz")), &archive).unwrap();
    // In one folder, and as two arguments.
    assert_once(&once, &told(std::slice::from_ref(&beside), &Options::default()));
    let two: [PathBuf; 2] = [beside.join(&folder), beside.join(format!("{folder}.tar.gz"))];
    assert_once(&once, &told(&two, &Options::default()));
}

#[test]
fn an_unpacked_folder_that_lacks_a_file_is_no_copy_of_its_archive_and_of_the_same_mac() {
    let mut files = acquisition();
    let (folder, archive) = packed(&files);
    files.0.retain(|path, _| !path.ends_with("sw_vers.txt"));
    let beside = fresh_folder("beside-less");
    files.write(&beside);
    std::fs::write(beside.join(format!("{folder}.tar.gz")), &archive).unwrap();
    let told = told(&[beside], &Options::default());
    assert_eq!(told.host_names(), ["otter-07"]);
    assert_eq!(told.bindings(9443).len(), 1);
}

#[test]
fn macs_that_are_set_up_alike_are_no_copies_of_each_other() {
    let plist = crate::story::job("org.example.reef", &["/Library/Reef/reefd"], "");
    let path = "Library/LaunchDaemons/org.example.reef.plist";
    let files =
        Files::default().with(&format!("a/{path}"), &plist).with(&format!("b/{path}"), &plist);
    let told = files.told();
    assert_eq!(told.host_names().len(), 2);
}
