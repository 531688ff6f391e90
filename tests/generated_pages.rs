//! The pages of docs/ that the code writes: compared here, written again by `make docs`.

use portolan::artifacts::ARTIFACTS;
use portolan::hosts::blind::BLIND;
use portolan::report::SCHEMA;
use portolan::report::table::{Kind, Outputs};
use portolan::rules::RULES;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The commands, in the order of `portolan --help`.
const COMMANDS: &[&str] = &[
    "analyze",
    "baseline",
    "baseline learn",
    "baseline show",
    "baseline diff",
    "baseline merge",
    "baseline check",
    "list",
    "exceptions",
    "exceptions check",
    "rules",
    "artifacts",
];

/// Compares a page with what the code makes of it, or writes it where `PORTOLAN_BLESS` is set.
fn check(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("PORTOLAN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/{name} is not what the code says: `make docs` writes it again");
}

#[test]
fn the_page_of_coverage_is_what_the_vocabulary_says() {
    let mut page = "\
# Coverage

Written by `make docs` from `src/hosts/blind.rs`.

Nothing seen is not the same as nothing there. `coverage` has, for each host, boot, direction and protocol, every source
that could have shown something, from when to when, and what it is blind to; and, with an empty `source`, what no
source could have shown. `sees` is `yes` (all of it), `partly` or `no`. A row for a log spans its first to its last record; a row
for a listing of sockets is a moment. The summary on the screen says the same in short, beside \"no anomaly\".

The words of `blind_to`:

| word | what is not seen |
|---|---|
"
    .to_owned();
    assert!(BLIND.is_sorted(), "the vocabulary is looked up by halves");
    for (word, meaning) in BLIND {
        writeln!(page, "| `{word}` | {meaning} |").unwrap();
    }
    check("coverage.md", &page);
}

#[test]
fn the_page_of_columns_is_what_the_tables_say() {
    let mut page = "\
# Tables and columns

Written by `make docs` from `src/report`.

Schema 1. Each table is a CSV file of its name and a table of `portolan.sqlite`, with these columns in this
order. Times are RFC 3339 in UTC with microseconds. What is unknown is empty (NULL in SQLite).

SQLite holds text exactly as the evidence has it. CSV is made safe to open in a spreadsheet and to print:

- a value that a spreadsheet would run as a formula (after leading blanks and invisible characters it begins
  with `=`, `+`, `-` or `@`, or the value begins with a tab or a line break) gets a leading `'`, and so does one
  that begins with `'` itself: to get the value back, take away one leading `'`. A lone `-` stays;
- line breaks become ` ⏎ `;
- other control characters but tabs, and characters that reorder or hide text, become `\\u{1b}`.
"
    .to_owned();
    for schema in SCHEMA {
        write!(page, "\n## {}\n\n{}\n\n", schema.table, schema.meaning).unwrap();
        page.push_str("| column | type | meaning |\n|---|---|---|\n");
        for column in schema.columns {
            let kind = if column.kind == Kind::Integer { "integer" } else { "text" };
            let meaning = column.meaning.replace('|', "\\|");
            writeln!(page, "| `{}` | {kind} | {meaning} |", column.name).unwrap();
        }
    }
    assert!(SCHEMA.iter().any(|schema| schema.outputs == Outputs::Database));
    page.push_str(
        "\n## anomaly_timeline\n\nA view in SQLite: the rows of `timeline` that belong to an anomaly, in order, \
         with `score` and `title` of it.\n",
    );
    check("columns.md", &page);
}

#[test]
fn the_page_of_commands_is_what_help_says() {
    let mut page =
        "# Commands\n\nWritten by `make docs` from the help of each command.\n".to_owned();
    write!(page, "\n## portolan\n\n```text\n{}```\n", help(None)).unwrap();
    for command in COMMANDS {
        write!(page, "\n## portolan {command}\n\n```text\n{}```\n", help(Some(command))).unwrap();
    }
    check("cli.md", &page);
}

/// The help of a command at a width of 100.
fn help(command: Option<&str>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(command.iter().flat_map(|command| command.split(' ')))
        .arg("--help")
        .stdin(Stdio::null())
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_of_artifacts_is_what_their_comments_say() {
    let mut page =
        "# Artifacts\n\nWhat Portolan reads. Written by `make docs` from the comments in \
                    `src/artifacts`; `portolan artifacts ID` shows a page.\n"
            .to_owned();
    for artifact in ARTIFACTS {
        write!(page, "\n## {}\n\n{}", artifact.id(), nested(artifact.manual())).unwrap();
    }
    check("artifacts.md", &page);
}

#[test]
fn the_page_of_rules_is_what_their_comments_say() {
    let mut page =
        "# Rules\n\nWhat can deviate. Written by `make docs` from the comments in `src/rules`; \
                    `portolan rules ID` shows a page. Points stand in `src/rules/scoring.toml`.\n"
            .to_owned();
    for rule in RULES {
        write!(page, "\n## {}\n\n{}", rule.id(), nested(rule.manual())).unwrap();
    }
    check("rules.md", &page);
}

#[test]
fn rules_are_sorted_by_id() {
    assert!(RULES.is_sorted_by_key(|rule| rule.id()));
}

/// A doc comment as a section below a heading: its blank margin gone, its own headings one deeper.
fn nested(manual: &str) -> String {
    let mut text = String::new();
    for line in manual.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let deeper = if line.starts_with("## ") { "#" } else { "" };
        writeln!(text, "{deeper}{line}").unwrap();
    }
    text
}

#[test]
fn artifacts_are_sorted_by_id() {
    assert!(ARTIFACTS.is_sorted_by_key(|artifact| artifact.id()));
}
