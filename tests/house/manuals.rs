//! Registries are complete and in order; every page of a manual says what it must.

use super::{assert_none, rust_files};
use portolan::artifacts::ARTIFACTS;
use portolan::rules::RULES;

const OF_ARTIFACTS: &[&str] = &["What it proves", "What it does not", "Format source"];

const OF_RULES: &[&str] = &[
    "What it detects",
    "Why it matters",
    "When it is harmless",
    "How to verify",
    "What it does not prove",
];

/// What is wrong with a page: its first line a sentence, then these headings in order, none empty.
fn faults(id: &str, page: &str, headings: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sections = page.split("\n ## ");
    let opening = sections.next().unwrap_or_default().trim();
    let first = opening.lines().next().unwrap_or_default().trim();
    let ends_with_stop = opening.lines().take_while(|l| !l.trim().is_empty()).last();
    if first.is_empty() || !ends_with_stop.is_some_and(|line| line.trim_end().ends_with('.')) {
        wrong.push(format!("{id} does not begin with a sentence: {first:?}"));
    }
    let found: Vec<(&str, &str)> =
        sections.map(|section| section.split_once('\n').unwrap_or((section, ""))).collect();
    let names: Vec<&str> = found.iter().map(|(heading, _)| heading.trim()).collect();
    if names != headings {
        wrong.push(format!("{id} has the headings {names:?}"));
    }
    let thin = found.iter().filter(|(_, body)| body.trim().len() < 20);
    wrong.extend(thin.map(|(heading, _)| format!("{id} says nothing under {heading:?}")));
    wrong
}

#[test]
fn the_manual_of_every_artifact_is_whole() {
    let pages = ARTIFACTS.iter().map(|one| faults(one.id(), one.manual(), OF_ARTIFACTS));
    assert_none("a manual lacks something", &pages.flatten().collect::<Vec<_>>());
}

#[test]
fn the_manual_of_every_rule_is_whole() {
    let pages = RULES.iter().map(|one| faults(one.id(), one.manual(), OF_RULES));
    assert_none("a manual lacks something", &pages.flatten().collect::<Vec<_>>());
}

#[test]
fn a_page_without_its_headings_is_noticed() {
    let whole = " One sentence.\n\n ## What it proves\n That a socket was open.\n\n ## What it does not\n \
                 Who opened it, and why.\n\n ## Format source\n network_cmds, macOS 15.";
    assert_eq!(faults("x", whole, OF_ARTIFACTS), Vec::<String>::new());
    for damage in ["One sentence.", "That a socket was open.", " ## What it does not\n"] {
        assert_ne!(faults("x", &whole.replace(damage, ""), OF_ARTIFACTS), Vec::<String>::new());
    }
}

#[test]
fn registries_are_sorted_by_id_and_no_id_stands_twice() {
    let artifacts: Vec<_> = ARTIFACTS.iter().map(|one| one.id()).collect();
    assert!(artifacts.is_sorted_by(|a, b| a < b), "{artifacts:?}");
    let rules: Vec<_> = RULES.iter().map(|one| one.id()).collect();
    assert!(rules.is_sorted_by(|a, b| a < b), "{rules:?}");
}

#[test]
fn every_artifact_that_is_written_is_registered() {
    let written = rust_files("src/artifacts")
        .iter()
        .map(|file| file.code().filter(|(_, line)| line.starts_with("impl Artifact for")).count())
        .sum::<usize>();
    assert_eq!(written, ARTIFACTS.len(), "an artifact is not in ARTIFACTS");
}

#[test]
fn every_rule_that_is_written_is_registered_under_the_number_of_its_file() {
    let files: Vec<String> = rust_files("src/rules")
        .iter()
        .filter_map(|file| file.path.strip_prefix("src/rules/p")?.get(..2).map(str::to_owned))
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|number| format!("P{number}"))
        .collect();
    let rules: Vec<_> = RULES.iter().map(|rule| rule.id()).collect();
    assert_eq!(files, rules, "a rule is not in RULES, or not in a file of its number");
}
