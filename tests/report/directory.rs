//! The output directory: whose it is, and what is left of an interrupted run.

use crate::support::{fresh_folder, fresh_path};
use portolan::write::directory::{DirectoryError, Earlier, OutputDirectory};
use std::fs;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn publish(path: &Path, earlier: Earlier, files: &[&str]) -> Result<(), DirectoryError> {
    let directory = OutputDirectory::prepare(path, &[], earlier)?;
    for file in files {
        let text = if *file == "run.json" { r#"{"tool":"portolan"}"# } else { "x" };
        fs::write(directory.staging().join(file), text).unwrap();
    }
    directory.publish().unwrap();
    Ok(())
}

#[test]
fn a_new_directory_is_made_and_holds_only_what_was_written() {
    let path = fresh_path("out").join("deep");
    publish(&path, Earlier::Keep, &["hosts.csv", "run.json"]).unwrap();
    assert_eq!(names(&path), ["hosts.csv", "run.json"]);
}

#[test]
fn a_directory_with_other_things_in_it_is_refused_even_with_force() {
    let path = fresh_folder("foreign");
    fs::write(path.join("thesis.txt"), "mine").unwrap();
    for earlier in [Earlier::Keep, Earlier::Replace] {
        let refused = publish(&path, earlier, &["run.json"]);
        assert!(matches!(refused, Err(DirectoryError::Foreign(_))), "{refused:?}");
    }
    fs::write(path.join("run.json"), r#"{"tool":"another"}"#).unwrap();
    let refused = publish(&path, Earlier::Replace, &["run.json"]);
    assert!(matches!(refused, Err(DirectoryError::Foreign(_))), "{refused:?}");
    assert_eq!(names(&path), ["run.json", "thesis.txt"]);
}

#[test]
fn force_replaces_an_earlier_output_and_leaves_other_files() {
    let path = fresh_path("earlier");
    publish(&path, Earlier::Keep, &["hosts.csv", "boots.csv", "portolan.sqlite", "run.json"])
        .unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let refused = publish(&path, Earlier::Keep, &["run.json"]);
    assert!(matches!(refused, Err(DirectoryError::Earlier(_))), "{refused:?}");
    publish(&path, Earlier::Replace, &["hosts.csv", "run.json"]).unwrap();
    assert_eq!(names(&path), ["hosts.csv", "notes.txt", "run.json"]);
}

#[test]
fn a_run_that_fails_leaves_nothing_behind() {
    let path = fresh_path("failed");
    let directory = OutputDirectory::prepare(&path, &[], Earlier::Keep).unwrap();
    fs::write(directory.staging().join("hosts.csv"), "half").unwrap();
    drop(directory);
    assert!(!path.exists());
}

#[test]
fn a_run_that_is_killed_leaves_nothing_that_looks_finished_and_can_be_replaced() {
    let path = fresh_path("killed");
    let directory = OutputDirectory::prepare(&path, &[], Earlier::Keep).unwrap();
    fs::write(directory.staging().join("hosts.csv"), "half").unwrap();
    std::mem::forget(directory);
    assert_eq!(names(&path), [".portolan-partial"]);
    let refused = publish(&path, Earlier::Keep, &["run.json"]);
    assert!(matches!(refused, Err(DirectoryError::Interrupted(_))), "{refused:?}");
    publish(&path, Earlier::Replace, &["run.json"]).unwrap();
    assert_eq!(names(&path), ["run.json"]);
}

#[test]
fn an_earlier_output_stays_whole_until_the_next_one_is_complete() {
    let path = fresh_path("until");
    publish(&path, Earlier::Keep, &["hosts.csv", "run.json"]).unwrap();
    drop(OutputDirectory::prepare(&path, &[], Earlier::Replace).unwrap());
    assert_eq!(names(&path), ["hosts.csv", "run.json"]);
}

#[test]
fn evidence_is_never_written_into_also_through_a_link() {
    let evidence = fresh_folder("evidence");
    let link = fresh_path("link");
    std::os::unix::fs::symlink(&evidence, &link).unwrap();
    for out in [evidence.clone(), evidence.join("out"), link.join("a/b"), evidence.join("x/../out")]
    {
        let given = [evidence.clone()];
        let refused = OutputDirectory::prepare(&out, &given, Earlier::Replace);
        assert!(matches!(refused, Err(DirectoryError::InsideEvidence { .. })), "{refused:?}");
    }
    assert!(names(&evidence).is_empty());
}

#[test]
fn a_directory_around_the_evidence_is_refused() {
    let folder = fresh_folder("around");
    fs::write(folder.join("capture.txt"), "x").unwrap();
    let given = [folder.join("capture.txt")];
    let refused = OutputDirectory::prepare(&folder, &given, Earlier::Replace);
    assert!(matches!(refused, Err(DirectoryError::AroundEvidence { .. })), "{refused:?}");
}

#[test]
fn a_path_below_a_file_is_not_writable() {
    let folder = fresh_folder("below");
    fs::write(folder.join("file"), "x").unwrap();
    let refused = OutputDirectory::prepare(&folder.join("file/out"), &[], Earlier::Keep);
    assert!(matches!(refused, Err(DirectoryError::NotWritable { .. })), "{refused:?}");
}
