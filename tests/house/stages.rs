//! The river flows one way: a stage uses only stages upstream of it, and `model`.

use super::{SourceFile, assert_none, rust_files};
use crate::support::repository;
use std::collections::BTreeSet;

/// Every part of the library: from the sources of the river to its mouth. A part may use those before it.
const ORDER: &[&str] = &[
    "model",
    "catalog",
    "evidence",
    "artifacts",
    "pipeline",
    "hosts",
    "ports",
    "baseline",
    "rules",
    "report",
    "write",
];

/// The macro of `catalog`, which the compiler puts at the top of the crate.
const CATALOG_MACRO: &str = "catalog_entry";

/// The part that a file of `src/` belongs to.
fn stage_of(file: &SourceFile) -> &str {
    let inside = file.path.strip_prefix("src/").unwrap();
    inside.split_once('/').map_or(inside.trim_end_matches(".rs"), |(folder, _)| folder)
}

/// Every first name behind `crate::`, with groups (`crate::{a, b::c}`) taken apart.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(first_names(group)),
            None => names.push(word(rest)),
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each element of a group whose brace was just opened.
fn first_names(group: &str) -> Vec<String> {
    let mut names = vec![word(group.trim_start())];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(word(group[at + 1..].trim_start())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn code_of(file: &SourceFile) -> String {
    file.code().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_stage_uses_only_stages_upstream_of_it() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let stage = stage_of(&file);
        let Some(place) = ORDER.iter().position(|one| *one == stage) else { continue };
        for name in used(&code_of(&file)) {
            let upstream = ORDER.iter().position(|one| *one == name);
            let is_macro = name == CATALOG_MACRO;
            if !is_macro && upstream.is_none_or(|upstream| upstream > place) {
                wrong.push(format!("{} uses crate::{name}", file.path));
            }
        }
    }
    assert_none("a stage is used by one upstream of it", &wrong);
}

#[test]
fn model_uses_nothing_but_itself() {
    let own = |file: &SourceFile| stage_of(file) == "model";
    for file in rust_files("src").iter().filter(|file| own(file)) {
        let others: Vec<_> = used(&code_of(file)).into_iter().filter(|n| n != "model").collect();
        assert!(others.is_empty(), "{} uses {others:?}", file.path);
    }
}

#[test]
fn every_part_of_the_library_has_its_place_in_the_river() {
    let found: BTreeSet<String> =
        rust_files("src").iter().map(|file| stage_of(file).to_owned()).collect();
    let known: BTreeSet<String> =
        ORDER.iter().chain(&["cli", "lib", "main"]).map(ToString::to_string).collect();
    assert_eq!(found, known);
    let table = std::fs::read_to_string(repository("src/lib.rs")).unwrap();
    let rows: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`'))
        .map(|(name, _)| name.trim_start_matches("mod@"))
        .collect();
    assert_eq!(rows, ORDER[2..], "the table of src/lib.rs tells the stages in their order");
}

#[test]
fn the_command_line_uses_the_library_as_anyone_would() {
    let mut wrong = Vec::new();
    for file in rust_files("src").iter().filter(|file| stage_of(file) == "cli") {
        let inner = used(&code_of(file));
        wrong.extend(inner.iter().map(|name| format!("{} uses crate::{name}", file.path)));
    }
    assert_none("cli uses `portolan::` and its own modules only", &wrong);
}

/// `super::super::x` would reach another stage without naming `crate`.
#[test]
fn no_path_climbs_out_of_its_stage() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let folders = file.path.matches('/').count() - 1;
        let depth = if file.path.ends_with("/mod.rs") { folders - 1 } else { folders };
        for (line, code) in file.code() {
            let climbs = (1..9).take_while(|n| code.contains(&"super::".repeat(*n))).count();
            if climbs > depth {
                wrong.push(format!("{}:{line}", file.path));
            }
        }
    }
    assert_none("a path climbs out of its stage; say crate::", &wrong);
}

#[test]
fn groups_are_taken_apart() {
    let code =
        "use crate::{model::Text, evidence::{self, limits}};\nlet x: crate::ports::Y = mycrate::z;";
    assert_eq!(used(code), ["model", "evidence", "ports"]);
}
