//! `mac_apt`: its `AutoStart` table in each of its forms.

use super::place_of;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;

fn read(name: &str) -> Emitter {
    let path = place_of("mac-apt-autostart", name);
    parse("mac-apt-autostart", &path, &fixture_bytes(&format!("mac-apt-autostart/{name}")))
}

#[test]
fn the_table_tells_jobs_and_other_items() {
    let out = read("AutoStart.csv");
    assert!(out.problems.is_empty());
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn every_form_says_the_same() {
    let facts = |name: &str| {
        let out = read(name);
        assert!(out.problems.is_empty(), "{name}: {:?}", out.problems);
        out.observations.iter().map(|seen| format!("{:?}", seen.fact)).collect::<Vec<_>>()
    };
    assert_eq!(facts("AutoStart.tsv"), facts("AutoStart.jsonl"));
    assert_eq!(facts("AutoStart.tsv").len(), 1);
}

#[test]
fn damaged_rows_are_problems_and_other_tables_are_not_taken() {
    let out = read("AutoStart-damaged.csv");
    assert_eq!((out.observations.len(), out.problems.len()), (1, 2));
    assert_eq!(claim("AutoStart.csv", b"Type,Name\r\nDaemon,x\r\n"), None);
}
