//! Nothing is lost: every file met is a row of `sources`, every record of a capture is an observation, a
//! counted skip or a problem.

use crate::artifacts::place_of;
use crate::support::{
    Row, analysis_of, collected, files_below, fixture, fixture_bytes, fixtures, parse, stories,
    tables_of,
};
use portolan::artifacts::Emitter;
use portolan::model::observation::Fact;
use portolan::model::provenance::Locator;
use portolan::report::Options;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn folders() -> Vec<std::path::PathBuf> {
    let artifacts: BTreeSet<String> = fixtures().into_iter().map(|(id, _)| id).collect();
    let artifacts = artifacts.iter().map(|id| fixture(id));
    artifacts.chain(stories().iter().map(|story| fixture("hosts").join(story))).collect()
}

fn tables(folder: &Path) -> BTreeMap<&'static str, Vec<Row>> {
    tables_of(&analysis_of(collected(&[folder.to_owned()])), &Options::default())
}

fn number(row: &Row, column: &str) -> usize {
    row[column].parse().unwrap()
}

#[test]
fn every_file_met_is_a_row_of_sources() {
    for folder in folders() {
        let met = files_below(&folder);
        let rows: Vec<String> =
            tables(&folder)["sources"].iter().map(|row| row["path"].clone()).collect();
        assert_eq!(met, rows, "{}", folder.display());
    }
}

#[test]
fn every_row_of_sources_counts_what_was_read_from_it() {
    for folder in folders() {
        let run = collected(std::slice::from_ref(&folder));
        let mut read = vec![0_u64; run.sources.len()];
        for observation in &run.observations {
            read[observation.place.source.0 as usize] += 1;
        }
        let told: Vec<u64> = run.sources.iter().map(|source| source.records).collect();
        assert_eq!(read, told, "{}", folder.display());
        let tables = tables(&folder);
        let sources = &tables["sources"];
        let problems: usize = sources.iter().map(|row| number(row, "problems")).sum();
        // Placing facts in time may add problems of a host.
        assert!(tables["problems"].len() >= problems, "{}", folder.display());
        for row in sources {
            assert!(!row["sha256"].is_empty(), "{} is not hashed", row["path"]);
            let is_lost = ["partial", "unreadable", "refused"].contains(&row["status"].as_str());
            let explained = number(row, "problems") > 0;
            assert!(!is_lost || explained, "{} is {} without a reason", row["path"], row["status"]);
        }
    }
}

#[test]
fn every_row_that_cites_a_place_cites_a_file_met() {
    for story in stories() {
        let tables = tables(&fixture("hosts").join(story));
        let met: BTreeSet<(&str, &str)> =
            tables["sources"].iter().map(|row| (&*row["path"], &*row["sha256"])).collect();
        for row in &tables["citations"] {
            assert!(met.contains(&(&row["path"], &row["sha256"])), "{row:?}");
        }
        let paths: BTreeSet<&str> = met.iter().map(|(path, _)| *path).collect();
        for row in &tables["problems"] {
            assert!(paths.contains(&*row["path"]), "{row:?}");
        }
    }
}

/// A format of one record a line.
struct OfLines {
    artifact: &'static str,
    /// How lines begin that are no records: titles, headers, separators.
    furniture: &'static [&'static str],
    /// Fixtures that are refused, and those with other tables or with records of several lines.
    other: &'static [&'static str],
}

const OF_LINES: &[OfLines] = &[
    OfLines { artifact: "bodyfile", furniture: &[], other: &[] },
    OfLines {
        artifact: "launchctl-list",
        furniture: &["PID"],
        other: &["one-label.txt", "broken.txt"],
    },
    OfLines { artifact: "launchd-log", furniture: &[], other: &["forged-lines.log"] },
    OfLines {
        artifact: "lsof",
        furniture: &["COMMAND ", "====="],
        other: &[
            "linux.txt",
            "fields.txt",
            "fields-broken.txt",
            "fields-no-protocol.txt",
            "fields-nul.txt",
            "fields-old.txt",
        ],
    },
    OfLines {
        artifact: "netstat",
        furniture: &["Active Internet", "Current listen", "Proto", "Socket ", "Listen ", "#"],
        other: &[
            "linux.txt",
            "linux-headerless.txt",
            "ss.txt",
            "windows.txt",
            "prose.txt",
            "routes.txt",
            "sections.txt",
            "sysdiagnose-banners.txt",
            "sysdiagnose-rules.txt",
        ],
    },
    OfLines { artifact: "nettop", furniture: &["time", ",bytes_in", "#"], other: &[] },
    OfLines {
        artifact: "ps",
        furniture: &["USER ", "  PID", "  UID", "UID"],
        other: &["linux.txt"],
    },
];

/// Lines that something was read from, or that a problem is about.
fn spoken_for(out: &Emitter) -> BTreeSet<u64> {
    let line = |locator: Locator| if let Locator::Line(line) = locator { Some(line) } else { None };
    // A listing is about all its rows.
    let read = out.observations.iter().filter(|seen| !matches!(seen.fact, Fact::Listing(_)));
    let read = read.filter_map(|seen| line(seen.place.locator));
    read.chain(out.problems.iter().filter_map(|problem| line(problem.locator))).collect()
}

#[test]
fn every_line_of_a_capture_is_read_skipped_or_a_problem() {
    for OfLines { artifact, furniture, other } in OF_LINES {
        let own = fixtures().into_iter().filter(|(id, _)| id == artifact).map(|(_, name)| name);
        for name in own.filter(|name| !other.contains(&name.as_str())) {
            let bytes = fixture_bytes(&format!("{artifact}/{name}"));
            let out = parse(artifact, &place_of(artifact, &name), &bytes);
            let spoken = spoken_for(&out);
            let text = String::from_utf8_lossy(&bytes);
            let silent: Vec<&str> = (1..)
                .zip(text.lines())
                .filter(|(number, line)| !spoken.contains(number) && !line.trim().is_empty())
                .map(|(_, line)| line)
                .filter(|line| !furniture.iter().any(|start| line.starts_with(start)))
                .collect();
            let skipped: u64 = out.skipped.values().sum();
            let lost = format!("{artifact}/{name}: {silent:#?} against {:?}", out.skipped);
            assert_eq!(silent.len() as u64, skipped, "{lost}");
        }
    }
}
