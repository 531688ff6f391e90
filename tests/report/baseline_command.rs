//! `portolan baseline`, as a shell sees it.

use super::command::{code, portolan, printed, said};
use crate::support::{fixture, fresh_path};
use std::fs;
use std::path::Path;

fn learn(out: &Path, more: &[&str]) -> std::process::Output {
    let evidence = fixture("hosts/quiet-mac");
    let mut arguments =
        vec!["baseline", "learn", evidence.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    portolan(&arguments)
}

#[test]
fn a_baseline_is_learned_shown_and_used() {
    let (file, out) = (fresh_path("laptops.toml"), fresh_path("against"));
    let output = learn(&file, &["--role", "*"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(printed(&output).contains("Learned"), "{}", printed(&output));
    assert!(printed(&output).contains("Left out"), "{}", printed(&output));
    let file = file.to_str().unwrap();
    let shown = portolan(&["baseline", "show", file]);
    assert!(printed(&shown).contains("homebrew.mxcl.redis listens on tcp 6379"));
    let evidence = fixture("hosts/quiet-mac");
    let output = portolan(&[
        "analyze",
        evidence.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--baseline",
        file,
    ]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let tuples = fs::read_to_string(out.join("tuples.csv")).unwrap();
    assert!(tuples.contains("fleet"), "{tuples}");
}

#[test]
fn learning_writes_over_nothing_and_not_into_the_evidence() {
    let file = fresh_path("there.toml");
    fs::write(&file, "mine").unwrap();
    let output = learn(&file, &["--role", "*"]);
    assert_eq!(code(&output), 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let inside = fixture("hosts/quiet-mac/new.toml");
    assert_eq!(code(&learn(&inside, &["--role", "*"])), 2);
    assert!(!inside.exists());
    assert_eq!(code(&learn(&fresh_path("no-role.toml"), &[])), 2);
    assert_eq!(code(&learn(&fresh_path("blank.toml"), &["--role", " "])), 2);
}

#[test]
fn comparing_and_checking_end_with_1_where_they_find_something() {
    let (one, two) = (fresh_path("one.toml"), fresh_path("two.toml"));
    assert_eq!(code(&learn(&one, &["--role", "*"])), 0);
    let text = fs::read_to_string(&one).unwrap();
    fs::write(&two, text.replace("6379", "6380")).unwrap();
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    assert_eq!(code(&portolan(&["baseline", "diff", one, one])), 0);
    let output = portolan(&["baseline", "diff", one, two]);
    assert_eq!(code(&output), 1);
    assert!(printed(&output).contains("+ role *: homebrew.mxcl.redis listens on tcp 6380"));
    assert_eq!(code(&portolan(&["baseline", "check", one])), 0);
    fs::write(two, text.replace("\"6379\"", "\"any\"")).unwrap();
    let output = portolan(&["baseline", "check", one, two]);
    assert_eq!(code(&output), 1);
    assert!(printed(&output).contains("allows every port"), "{}", printed(&output));
    fs::write(two, "schema = 1\nname = \"x\"\nentrys = 1\n").unwrap();
    let output = portolan(&["baseline", "check", two]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains(":3:1: entrys: unknown key `entrys`"), "{}", said(&output));
    assert_eq!(code(&portolan(&["baseline", "show", "/nonexistent.toml"])), 2);
}

#[test]
fn merged_baselines_are_printed_or_written() {
    let (one, out) = (fresh_path("m1.toml"), fresh_path("merged.toml"));
    assert_eq!(code(&learn(&one, &["--role", "*"])), 0);
    let one = one.to_str().unwrap();
    let printed_text = printed(&portolan(&["baseline", "merge", one, one]));
    assert_eq!(printed_text, fs::read_to_string(one).unwrap());
    let written = portolan(&["baseline", "merge", one, one, "--out", out.to_str().unwrap()]);
    assert_eq!(code(&written), 0, "{}", said(&written));
    assert_eq!(fs::read_to_string(&out).unwrap(), printed_text);
}

#[test]
fn what_is_learned_although_it_raises_an_anomaly_is_named_with_its_rules() {
    let (evidence, file) = (fixture("hosts/planted-case"), fresh_path("planted.toml"));
    let (evidence, file) = (evidence.to_str().unwrap(), file.to_str().unwrap());
    let more = ["--role", "*", "--include-anomalies", "--out", file];
    let output = portolan(&[&["baseline", "learn", evidence][..], &more].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    let told = printed(&output);
    assert!(told.contains("although it raises P"), "{told}");
}

#[test]
fn a_baseline_given_twice_is_used_once_and_a_file_that_is_there_is_kept() {
    let (file, there) = (fresh_path("twice.toml"), fresh_path("merged-there.toml"));
    assert_eq!(code(&learn(&file, &["--role", "*"])), 0);
    let file = file.to_str().unwrap();
    let output = portolan(&["baseline", "merge", file, file]);
    assert_eq!(code(&output), 0);
    assert!(said(&output).contains("is given twice"), "{}", said(&output));
    fs::write(&there, "mine").unwrap();
    let output = portolan(&["baseline", "merge", file, "--out", there.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("is there already"), "{}", said(&output));
}
