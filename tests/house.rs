//! The rules that the house keeps for itself, each as a test: who may use whom, what every file has,
//! what is listed where. There are no exceptions to list.

/// Every fixture has a page entry, a use, and a bad sibling.
mod fixtures;
/// Every manual says what it must.
mod manuals;
/// The pages name only what is there.
mod pages;
/// No snapshot outlives its test.
mod snapshots;
/// Comments, lengths, files and printing.
mod sources;
/// The river flows one way.
mod stages;

use crate::support::{files_below, repository};
use std::path::Path;

/// A file of the repository with its text.
#[derive(Clone)]
struct SourceFile {
    /// Path from the top of the repository.
    path: String,
    /// What it holds.
    text: String,
}

impl SourceFile {
    /// Its lines that are no comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every Rust file below a folder of the repository.
fn rust_files(folder: &str) -> Vec<SourceFile> {
    let names = files_below(&repository(folder));
    let rust = names.iter().filter(|name| is_a(name, "rs"));
    rust.map(|name| {
        let path = format!("{folder}/{name}");
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        SourceFile { path, text }
    })
    .collect()
}

/// Whether a path has this extension.
fn is_a(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Fails with everything that is wrong, a line each.
fn assert_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}
