//! Folders and single files as evidence.

use super::build::{tree, zip_of};
use super::{Scratch, contents, gather, gather_with, row, sha};
use portolan::evidence::limits;
use portolan::pipeline::{Options, Progress, Status, run};
use std::process::Command;
use zip::write::SimpleFileOptions;

#[test]
fn every_file_met_has_one_row() {
    let scratch = Scratch::new("conservation");
    for (path, bytes) in tree() {
        scratch.write(path, bytes);
    }
    scratch.write("triage.zip", zip_of(&tree(), SimpleFileOptions::default()));
    std::os::unix::fs::symlink("case/notes.txt", scratch.path().join("link")).unwrap();
    std::os::unix::fs::symlink("../../outside", scratch.path().join("outside")).unwrap();
    let collected = gather(scratch.path());
    assert_eq!(collected.sources.len(), 2 * tree().len() + 1 + 2);
    let paths: std::collections::BTreeSet<_> = collected.sources.iter().map(|s| &s.path).collect();
    assert_eq!(paths.len(), collected.sources.len());
    assert_eq!(row(&collected, "link").link.as_deref(), Some("case/notes.txt"));
    assert_eq!(row(&collected, "outside").problem_count, 1);
}

#[test]
fn a_fifo_is_a_row_and_does_not_hang_the_run() {
    let scratch = Scratch::new("fifo");
    let fifo = scratch.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let collected = gather(scratch.path());
    assert_eq!(row(&collected, "pipe").status, Status::Unclaimed);
    assert_eq!(row(&collected, "pipe").sha256, None);
    let itself = gather(&fifo);
    assert_eq!(row(&itself, "pipe").status, Status::Refused);
    assert!(itself.evidence[0].unusable.is_some());
}

#[test]
fn arguments_of_one_name_are_told_apart() {
    let scratch = Scratch::new("one_name");
    let first = scratch.write("a/host.txt", "one");
    let second = scratch.write("b/host.txt", "two");
    let collected = run(&[first, second], &Options::default(), &Progress::default()).unwrap();
    let labels: Vec<_> = collected.evidence.iter().map(|e| e.label.as_str()).collect();
    assert_eq!(labels, ["host.txt", "host.txt#2"]);
    assert_eq!(collected.sources[1].evidence, 1);
    assert_eq!(collected.sources[1].sha256, Some(sha(b"two")));
}

#[test]
fn a_path_that_is_not_there_is_unusable() {
    let collected = gather(std::path::Path::new("/nonexistent/evidence.zip"));
    assert!(collected.evidence[0].unusable.is_some());
    assert_eq!(collected.sources.len(), 1);
}

#[test]
fn large_folders_are_hashed_only_where_something_claims_them() {
    let scratch = Scratch::new("large_folder");
    let large = scratch.write("movie.mov", "");
    let file = std::fs::OpenOptions::new().write(true).open(large).unwrap();
    // Holes take no room on the disk, and nothing reads them.
    file.set_len(limits::HASH_UNCLAIMED + 1).unwrap();
    scratch.write("notes.txt", "text");
    scratch.write("inner.zip", zip_of(&tree(), SimpleFileOptions::default()));
    let collected = gather(scratch.path());
    assert_eq!(row(&collected, "movie.mov").sha256, None);
    assert!(row(&collected, "movie.mov").note.contains("--hash-all"));
    assert_eq!(row(&collected, "notes.txt").sha256, None);
    assert_ne!(contents(&collected)["inner.zip!/case/notes.txt"], "");
}

#[test]
fn what_no_artifact_claims_is_hashed() {
    let scratch = Scratch::new("unclaimed");
    scratch.write("notes.txt", "text");
    let collected = gather_with(scratch.path(), &Options::default());
    assert_eq!(row(&collected, "notes.txt").sha256, Some(sha(b"text")));
    assert_eq!(row(&collected, "notes.txt").status, Status::Unclaimed);
}
