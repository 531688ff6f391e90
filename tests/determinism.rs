//! The same evidence gives the same bytes: whatever the number of threads, the locale and the zone of
//! the examiner's machine, the order of a directory, and the container the evidence lies in.

use crate::support::{
    RICH_STORIES, Random, Scratch, copied, copy_file, files_below, fixture, fresh_path, stories,
};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How the program is run: threads, and the examiner's machine.
struct Machine {
    jobs: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const MACHINES: &[Machine] = &[
    Machine { jobs: "1", environment: &[("TZ", "UTC"), ("LC_ALL", "C")] },
    Machine { jobs: "2", environment: &[("TZ", "Asia/Kolkata"), ("LANG", "de_DE.UTF-8")] },
    Machine {
        jobs: "8",
        environment: &[("TZ", "America/St_Johns"), ("LC_ALL", "tr_TR.UTF-8"), ("NO_COLOR", "1")],
    },
];

/// Runs the program on evidence in a folder; gives every output by name, the database as its content.
fn outputs(folder: &Path, evidence: &[&str], machine: &Machine) -> BTreeMap<String, String> {
    let out = fresh_path("determinism");
    let output = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .arg("analyze")
        .args(evidence)
        .args(["--quiet", "--jobs", machine.jobs, "--out"])
        .arg(&out)
        .current_dir(folder)
        .env_clear()
        .envs(machine.environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut files = BTreeMap::new();
    for name in files_below(&out) {
        let path = out.join(&name);
        let content = match name.as_str() {
            "portolan.sqlite" => content(&path),
            "run.json" => outputs_of_run(&path),
            _ => std::fs::read_to_string(&path).unwrap(),
        };
        files.insert(name, content);
    }
    std::fs::remove_dir_all(&out).unwrap();
    assert!(files.len() > 16, "{:?}", files.keys());
    files
}

/// Every table and index of a database, and every row of every table in its order.
fn content(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let mut text = String::new();
    let mut names = Vec::new();
    let mut schema = database.prepare("SELECT type, name, sql FROM sqlite_schema").unwrap();
    let mut rows = schema.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (kind, name) = (row.get::<_, String>(0).unwrap(), row.get::<_, String>(1).unwrap());
        writeln!(text, "{kind} {name} {:?}", row.get::<_, Option<String>>(2).unwrap()).unwrap();
        if kind == "table" {
            names.push(name);
        }
    }
    for name in names {
        writeln!(text, "== {name}").unwrap();
        let mut query =
            database.prepare(&format!("SELECT rowid, * FROM \"{name}\" ORDER BY rowid")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<_> = (0..columns).map(|at| row.get_ref(at).unwrap()).collect();
            writeln!(text, "{cells:?}").unwrap();
        }
    }
    text
}

/// What `run.json` says of the outputs, the evidence, the counts: all but the run's own clock and place.
fn outputs_of_run(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let mut run: serde_json::Value = serde_json::from_str(&text).unwrap();
    for own in ["arguments", "durations", "milliseconds", "started"] {
        assert!(run.as_object_mut().unwrap().remove(own).is_some(), "{own}");
    }
    run.to_string()
}

/// Fails with the first line that differs.
fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>, what: &str) {
    assert!(one.keys().eq(other.keys()), "{what}: other files are written");
    for (name, text) in one {
        let mut lines = text.lines().zip(other[name].lines()).enumerate();
        if let Some((at, (a, b))) = lines.find(|(_, (a, b))| a != b) {
            panic!("{what}: {name} differs in line {}:\n  {a}\n  {b}", at + 1);
        }
        assert!(*text == other[name], "{what}: {name} is longer");
    }
}

#[test]
fn threads_locale_and_zone_of_the_machine_change_no_byte() {
    for story in stories() {
        let first = outputs(&fixture("hosts"), &[&story], &MACHINES[0]);
        for machine in &MACHINES[1..] {
            let what = format!("{story} with {} threads", machine.jobs);
            assert_same(&first, &outputs(&fixture("hosts"), &[&story], machine), &what);
        }
    }
}

#[test]
fn the_order_of_a_directory_changes_no_byte() {
    let mut random = Random::new(3);
    for story in RICH_STORIES {
        let from = fixture("hosts").join(story);
        let sorted = Scratch::new("in-order");
        let shuffled = Scratch::new("shuffled");
        let (one, other) = (sorted.path().join(story), shuffled.path().join(story));
        copied(&from, &one);
        let mut files = files_below(&from);
        for at in (1..files.len()).rev() {
            files.swap(at, random.below(at + 1));
        }
        for path in files {
            copy_file(&one.join(&path), &other.join(&path));
        }
        let one = outputs(sorted.path(), &[story], &MACHINES[0]);
        let other = outputs(shuffled.path(), &[story], &MACHINES[2]);
        assert_same(&one, &other, story);
    }
}

/// A story as a tar.gz and as a zip.
fn archives(story: &str, into: &Path) -> [String; 2] {
    let from = fixture("hosts").join(story);
    let paths = files_below(&from);
    let names = [format!("{story}.tar.gz"), format!("{story}.zip")];
    let [tgz, zip] = names.each_ref().map(|name| std::fs::File::create(into.join(name)).unwrap());
    let gzip = flate2::write::GzEncoder::new(tgz, flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let mut zip = zip::ZipWriter::new(zip);
    for path in paths {
        let bytes = std::fs::read(from.join(&path)).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_778_574_000);
        tar.append_data(&mut header, &path, bytes.as_slice()).unwrap();
        zip.start_file(&path, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    zip.finish().unwrap();
    names
}

#[test]
fn archives_change_no_byte_either() {
    for story in RICH_STORIES {
        let scratch = Scratch::new("archived-story");
        for archive in archives(story, scratch.path()) {
            let first = outputs(scratch.path(), &[&archive], &MACHINES[0]);
            for machine in &MACHINES[1..] {
                let what = format!("{archive} with {} threads", machine.jobs);
                assert_same(&first, &outputs(scratch.path(), &[&archive], machine), &what);
            }
        }
    }
}

/// Rows of a CSV by the columns that tell what was found, not where the evidence lay.
fn found(files: &BTreeMap<String, String>, table: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(files[table].as_bytes());
    let headers = reader.headers().unwrap().clone();
    let places: Vec<usize> = columns
        .iter()
        .map(|column| headers.iter().position(|header| header == *column).unwrap())
        .collect();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| places.iter().map(|at| row[*at].to_owned()).collect()).collect()
}

#[test]
fn a_folder_and_its_archives_tell_the_same() {
    let told: &[(&str, &[&str])] = &[
        (
            "bindings.csv",
            &["binding_id", "boot", "process", "earliest_start", "first_seen", "latest_end"],
        ),
        ("anomalies.csv", &["anomaly_id", "score", "rules", "title", "first_seen"]),
        ("processes.csv", &["process_id", "pid", "service", "started_from", "exited_to"]),
        ("boots.csv", &["boot", "host", "started_from", "ended_to"]),
        ("services.csv", &["label", "plist_path", "enabled"]),
    ];
    for story in RICH_STORIES {
        let scratch = Scratch::new("containers");
        let folder = outputs(&fixture("hosts"), &[story], &MACHINES[1]);
        for archive in archives(story, scratch.path()) {
            let archived = outputs(scratch.path(), &[&archive], &MACHINES[1]);
            for (table, columns) in told {
                let one = found(&folder, table, columns);
                assert_eq!(one, found(&archived, table, columns), "{archive}");
                assert!(!one.is_empty() || *table == "anomalies.csv", "{story} {table}");
            }
        }
    }
}

#[test]
fn the_order_of_the_arguments_changes_no_row() {
    let [one, other] = RICH_STORIES;
    let forth = outputs(&fixture("hosts"), &[one, other], &MACHINES[0]);
    let back = outputs(&fixture("hosts"), &[other, one], &MACHINES[2]);
    assert_same(&forth, &back, "two hosts in either order");
}
