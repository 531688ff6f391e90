//! netusage.sqlite: its rows, its write-ahead log, and what a hostile database cannot do.

use super::place_of;
use crate::evidence::build::{gzip, tar_of};
use crate::support::{
    Scratch, analysis_of, claim, collected, fixture, fixture_bytes, parse, rendered, tables_of,
};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, NetworkUse};
use portolan::report::Options;
use rusqlite::Connection;
use std::path::Path;

fn read(name: &str) -> Emitter {
    let path = place_of("network-usage", name);
    parse("network-usage", &path, &fixture_bytes(&format!("network-usage/{name}")))
}

fn used(out: &Emitter) -> Vec<NetworkUse> {
    let used =
        |fact: &Fact| if let Fact::NetworkUse(it) = fact { Some((**it).clone()) } else { None };
    out.observations.iter().filter_map(|observation| used(&observation.fact)).collect()
}

#[test]
fn programs_have_their_first_and_last_use_and_their_bytes() {
    let out = read("netusage.sqlite");
    assert!(out.problems.is_empty());
    let knot = used(&out).into_iter().find(|it| it.process.as_deref() == Some("knotd")).unwrap();
    assert_eq!((knot.bytes_in, knot.bytes_out), (Some(1000), Some(120_001)));
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn times_that_cannot_be_are_problems_and_the_program_is_kept() {
    let out = read("impossible-times.sqlite");
    assert_eq!(used(&out).len(), 3);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_database_that_is_cut_off_is_partial() {
    let out = read("cut.sqlite");
    assert!(out.partial);
}

/// A database at `path` with a write-ahead log beside it: one program in the pages, one in the log.
fn with_log(path: &Path) {
    let made = path.with_extension("made");
    std::fs::copy(fixture("network-usage/netusage.sqlite"), &made).unwrap();
    let writer = Connection::open(&made).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").unwrap();
    let row = "INSERT INTO ZPROCESS VALUES (9, 15, 1, 797946000, 797946060, NULL, 'lately')";
    writer.execute_batch(row).unwrap();
    std::fs::copy(&made, path).unwrap();
    let log = |path: &Path| format!("{}-wal", path.display());
    std::fs::copy(log(&made), log(path)).unwrap();
    drop(writer);
    std::fs::remove_file(&made).unwrap();
}

fn names(folder: &Path) -> (Vec<String>, String) {
    let run = collected(&[folder.to_owned()]);
    let used = run.observations.iter().filter_map(|seen| match &seen.fact {
        Fact::NetworkUse(it) => it.process.as_deref().map(str::to_owned),
        _ => None,
    });
    let source = run.sources.iter().find(|source| source.artifact == Some("network-usage"));
    (used.collect(), source.unwrap().note.clone())
}

#[test]
fn what_stands_only_in_the_write_ahead_log_is_read() {
    let scratch = Scratch::new("network-usage-log");
    let path = scratch.path().join("netusage.sqlite");
    with_log(&path);
    let (found, note) = names(scratch.path());
    assert!(found.contains(&"lately".to_owned()), "{found:?}");
    assert!(note.contains("0 left out"), "{note}");
    let files = std::fs::read_dir(scratch.path()).unwrap().count();
    assert_eq!(files, 2, "nothing is written beside the evidence");
    let log = format!("{}-wal", path.display());
    let mut bytes = std::fs::read(&log).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let (found, note) = names(scratch.path());
    assert!(
        !found.contains(&"lately".to_owned()),
        "a frame whose checksum is wrong does not count"
    );
    assert!(note.contains("left out"), "{note}");
    bytes[20] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let run = collected(&[scratch.path().to_owned()]);
    let detail = &run.sources[0].problems[0].detail;
    assert!(detail.contains("of another database"), "{detail}");
}

#[test]
fn a_log_that_nobody_looked_for_is_mentioned() {
    let out = read("netusage.sqlite");
    assert!(out.notes.iter().any(|note| note.contains("write-ahead log")), "{:?}", out.notes);
}

#[test]
fn in_a_tar_the_write_ahead_log_is_read_whichever_comes_first() {
    let scratch = Scratch::new("network-usage-tar");
    let path = scratch.path().join("netusage.sqlite");
    with_log(&path);
    let database = ("db/netusage.sqlite", std::fs::read(&path).unwrap());
    let log = std::fs::read(format!("{}-wal", path.display())).unwrap();
    let log = ("db/netusage.sqlite-wal", log);
    for files in [[database.clone(), log.clone()], [log, database]] {
        let folder = Scratch::new("network-usage-tar-of");
        folder.write("case.tar.gz", gzip(&tar_of(&files)));
        let (found, note) = names(folder.path());
        assert!(found.contains(&"lately".to_owned()), "{found:?}");
        assert!(note.contains("0 left out"), "{note}");
        let run = collected(&[folder.path().to_owned()]);
        let mut of_log = run.sources.iter().filter(|source| source.path.ends_with("-wal"));
        assert!(of_log.next().unwrap().sha256.is_some());
        assert!(of_log.next().is_none());
    }
}

#[test]
fn a_log_beside_a_database_that_is_given_alone_is_missed_aloud() {
    let scratch = Scratch::new("network-usage-alone");
    let path = scratch.path().join("netusage.sqlite");
    with_log(&path);
    let run = collected(&[path]);
    let [source] = &run.sources[..] else { panic!("{:?}", run.sources) };
    assert_eq!(source.status.as_str(), "partial");
    let detail = &source.problems[0].detail;
    assert!(detail.contains("give the folder"), "{detail}");
}

#[test]
fn a_view_of_the_name_is_not_run() {
    let scratch = Scratch::new("network-usage-view");
    let path = scratch.path().join("netusage.sqlite");
    let endless = "CREATE VIEW ZPROCESS AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT i AS Z_PK FROM n";
    Connection::open(&path).unwrap().execute_batch(endless).unwrap();
    let out = parse("network-usage", "netusage.sqlite", &std::fs::read(&path).unwrap());
    assert!(used(&out).is_empty());
    assert!(out.notes.iter().any(|note| note.contains("no table ZPROCESS")), "{:?}", out.notes);
}

#[test]
fn another_database_is_not_taken() {
    let scratch = Scratch::new("network-usage-other");
    let path = scratch.path().join("other.sqlite");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE ZPROCESS (x)").unwrap();
    assert_eq!(claim("db/other.sqlite", &std::fs::read(&path).unwrap()), None);
    let renamed = fixture_bytes("network-usage/netusage.sqlite");
    assert_eq!(claim("export/usage.db", &renamed).as_deref(), Some("network-usage"));
}

#[test]
fn a_row_with_times_that_cannot_be_is_told_and_never_placed_in_time() {
    let scratch = Scratch::new("network-usage-times");
    let path = scratch.path().join("netusage.sqlite");
    std::fs::copy(fixture("network-usage/netusage.sqlite"), &path).unwrap();
    let database = Connection::open(&path).unwrap();
    database.execute_batch("DELETE FROM ZPROCESS").unwrap();
    let times = [
        ("backwards", "797946060", "797946000"),
        ("before", "-1", "797946000"),
        ("never", "0", "0"),
        ("huge", "1e300", "1e300"),
        ("endless", "797946000", "9e999"),
        ("least", "-9223372036854775808", "9223372036854775807"),
        ("words", "'yesterday'", "'today'"),
        ("bytes", "x'00'", "x'ff'"),
        ("missing", "NULL", "NULL"),
        ("sound", "797946000", "797946060"),
    ];
    for (index, (name, first, last)) in times.into_iter().enumerate() {
        let row = format!(
            "INSERT INTO ZPROCESS VALUES ({index}, 15, 1, {first}, {last}, NULL, '{name}')"
        );
        database.execute_batch(&row).unwrap();
    }
    drop(database);
    let out = parse("network-usage", "netusage.sqlite", &std::fs::read(&path).unwrap());
    assert_eq!(used(&out).len(), times.len(), "{out:?}");
    let details: Vec<&str> = out.problems.iter().map(|one| one.detail.as_str()).collect();
    for (name, ..) in times {
        let told = details.iter().any(|detail| detail.contains(&format!("; {name} ")));
        assert_eq!(told, name != "sound", "{name}: {details:#?}");
    }
    let analysis = analysis_of(collected(&[scratch.path().to_owned()]));
    let timeline = tables_of(&analysis, &Options::default()).remove("timeline").unwrap();
    let placed: Vec<&str> = timeline.iter().map(|row| row["process"].as_str()).collect();
    assert_eq!(placed, ["sound", "sound"]);
}
