//! The analysis → tables: the contract, order, what is unknown.

use super::sample::{analysis, time};
use crate::support::{Row, analysis_of, collected, fresh_folder, tables_of};
use portolan::evidence::digest::Hashes;
use portolan::hosts::EvidenceClaim;
use portolan::model::interval::Window;
use portolan::report::table::Outputs;
use portolan::report::{Analysis, CaseFields, Options, SCHEMA, View, tables};
use std::fmt::Write;

/// The contract, letter by letter.
const CONTRACT: &str = "\
evidence: evidence, given, kind, size, sha256, md5, sha1, declared_hash, hash_match, case_id, evidence_id, examiner, notes
hosts: host, serial, os_version, os_build, time_zone, time_zone_source, role, evidence
acquisitions: acquisition_id, host, evidence, collector, collector_version, captured_from, captured_to, captured_how, privileged
boots: boot, host, started_from, started_to, ended_from, ended_to, source
sources: evidence, path, size, sha256, artifact, status, host, records, problems, note
problems: evidence, path, locator, kind, severity, host, detail
processes: process_id, host, boot, pid, ppid, parent, process, process_path, arguments, user, started_from, started_to, exited_from, exited_to, service, signature, team_id, signing_id, sha256
services: host, domain, label, plist_path, program, arguments, user, run_at_load, keep_alive, inetd_wait, enabled, enabled_source, plist_created, plist_modified, signature, team_id, evidence
declared_ports: host, label, plist_path, origin, direction, protocol, families, address, port, service_name, confidence
bindings: binding_id, tuple_id, host, boot, direction, protocol, families, state, local_address, local_port, remote_address, remote_port, scope, process, process_path, pid, user, service, identity, attribution, earliest_start, first_seen, last_seen, latest_end, end_state, certainty, sightings, bytes_in, bytes_out, sources
tuples: tuple_id, identity, direction, protocol, port, scope, role, hosts, hosts_comparable, hosts_total, bindings, first_seen, last_seen, expected_by
anomalies: anomaly_id, tuple_id, first_seen, last_seen, earliest_start, latest_end, severity, score, confidence, status, exception_id, rules, title, explanation, expected, host, role, direction, protocol, local_address, local_port, remote_address, remote_port, scope, process, process_path, pid, user, service, service_plist, binding_id, technique, analytic, disposition, sources
factors: anomaly_id, position, rule_or_feature, points, reason
citations: binding_id, anomaly_id, role, evidence, path, locator, sha256, raw_time, time_from, time_to, time_rule, excerpt
timeline: datetime, timestamp_desc, message, timestamp, host, event, direction, protocol, local_address, local_port, remote_address, remote_port, process, process_path, pid, service, severity, binding_id, anomaly_id, source
coverage: host, boot, source, from_time, to_time, direction, protocol, sees, blind_to, detail
meta: key, value
spans: binding_id, from_time, to_time, kind
holders: binding_id, process_id
particulars: anomaly_id, label, path, process, team_id, bundle_id, sha256, direction, protocol, ports, ephemeral, scope, remote, first_observed, last_observed_from, last_observed_to
";

/// The rows of a table.
fn rows(analysis: &Analysis, options: &Options, name: &str) -> Vec<Row> {
    tables_of(analysis, options).remove(name).unwrap()
}

/// One column of all rows.
fn column(rows: &[Row], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

fn of(name: &str) -> Vec<Row> {
    rows(&analysis(), &Options::default(), name)
}

#[test]
fn tables_and_columns_are_those_of_the_contract_in_its_order() {
    let mut listed = String::new();
    for schema in SCHEMA {
        let columns: Vec<_> = schema.columns.iter().map(|column| column.name).collect();
        writeln!(listed, "{}: {}", schema.table, columns.join(", ")).unwrap();
    }
    assert_eq!(listed, CONTRACT);
}

#[test]
fn tables_come_in_the_order_of_the_schema_with_a_cell_for_each_column() {
    let (analysis, options) = (analysis(), Options::default());
    let view = View::new(&analysis, &options);
    let tables: Vec<_> = tables(&view).collect();
    let names: Vec<_> = tables.iter().map(|table| table.schema().table).collect();
    assert_eq!(names, SCHEMA.iter().map(|schema| schema.table).collect::<Vec<_>>());
    for table in &tables {
        assert!(!table.is_empty(), "the sample fills {}", table.schema().table);
        assert_eq!(table.rows().count(), table.len());
        assert!(table.rows().all(|row| row.len() == table.schema().columns.len()));
    }
}

#[test]
fn only_databases_get_meta_spans_holders_and_particulars() {
    let only: Vec<_> = SCHEMA
        .iter()
        .filter(|schema| schema.outputs == Outputs::Database)
        .map(|schema| schema.table)
        .collect();
    assert_eq!(only, ["meta", "spans", "holders", "particulars"]);
}

#[test]
fn every_column_says_what_it_means() {
    for schema in SCHEMA {
        for column in schema.columns {
            let (table, name, meaning) = (schema.table, column.name, column.meaning);
            assert!(
                meaning.len() > 8 && meaning.ends_with(['.', '…']),
                "{table}.{name}: {meaning}"
            );
        }
    }
}

#[test]
fn every_file_is_a_source_with_its_host() {
    let sources = of("sources");
    assert_eq!(column(&sources, "host"), ["mb-lab01", "mb-lab01", "mb-lab01", ""]);
    assert_eq!(column(&sources, "status"), ["parsed", "parsed", "parsed", "unclaimed"]);
}

#[test]
fn problems_of_placing_stand_beside_those_of_reading() {
    let problems = of("problems");
    assert_eq!(problems[0]["path"], "live_response/ps.txt");
    assert_eq!(problems[0]["locator"], "line 5");
    assert_eq!(problems[0]["severity"], "warning");
}

#[test]
fn a_binding_tells_who_held_what_from_when_to_when() {
    let bindings = of("bindings");
    let listener = &bindings[0];
    assert_eq!(listener["local_address"], "*");
    assert_eq!(listener["families"], "4,6");
    assert_eq!(listener["service"], "com.example.netcheck");
    assert_eq!(listener["earliest_start"], "2026-04-10T11:00:00.000000Z");
    assert_eq!(listener["latest_end"], "");
    assert_eq!(
        listener["sources"],
        "uac-mb-lab01!/live_response/lsof.txt:4; uac-mb-lab01!/live_response/ps.txt:9"
    );
    assert_eq!(bindings[1]["remote_address"], "203.0.113.7");
    assert_eq!(bindings[1]["local_port"], "", "it differs between the sockets");
}

#[test]
fn a_sources_cell_names_a_few_places_and_counts_the_rest() {
    let mut analysis = analysis();
    let citation = analysis.ports[0].bindings[0].citations[0].clone();
    analysis.ports[0].bindings[0].citations = (0..20)
        .map(|line| {
            let mut one = citation.clone();
            one.place = super::sample::place(1, line / 2);
            one
        })
        .collect();
    let cell = &rows(&analysis, &Options::default(), "bindings")[0]["sources"];
    assert_eq!(cell.split("; ").count(), 9);
    assert!(cell.ends_with("lsof.txt:7; … and 2 more"), "{cell}");
}

#[test]
fn anomalies_go_by_first_sighting_then_severity_and_undated_ones_come_last() {
    let anomalies = of("anomalies");
    let ids = column(&anomalies, "anomaly_id");
    assert_eq!(ids, ["a0000000000000001", "a0000000000000002", "a0000000000000003"]);
    assert_eq!(anomalies[0]["rules"], "P09,P04");
    assert_eq!(anomalies[0]["analytic"], "AN0635");
    assert_eq!(anomalies[0]["status"], "open");
    assert_eq!(anomalies[2]["service"], "com.example.netcheck");
    assert_eq!(anomalies[2]["process_path"], "/bin/bash");
    assert_eq!(
        anomalies[2]["sources"],
        "uac-mb-lab01!/Library/LaunchDaemons/com.example.netcheck.plist"
    );
    let factors = of("factors");
    assert_eq!(column(&factors, "position"), ["1", "2", "1", "2", "1", "2"]);
}

#[test]
fn an_anomaly_without_a_binding_is_cited_too() {
    let citations = of("citations");
    let last = citations.last().unwrap();
    assert_eq!(last["binding_id"], "");
    assert_eq!(last["anomaly_id"], "a0000000000000003");
    assert_eq!(last["role"], "declared");
    assert_eq!(last["sha256"], "ab".repeat(32));
    assert_eq!(citations[0]["role"], "sighting");
    assert_eq!(citations[0]["time_from"], "2026-04-15T12:13:03.000000Z");
    assert_eq!(citations[0]["raw_time"], "2026-04-15 09:13:09 -0300");
}

#[test]
fn a_tuple_counts_the_hosts_that_could_have_shown_it() {
    let tuples = of("tuples");
    let listener = tuples.iter().find(|row| row["direction"] == "listen").unwrap();
    assert_eq!(listener["port"], "2222");
    assert_eq!(
        [&listener["hosts"], &listener["hosts_comparable"], &listener["hosts_total"]],
        ["1", "2", "2"]
    );
    let connection = tuples.iter().find(|row| row["direction"] == "outbound").unwrap();
    assert_eq!(connection["port"], "4444");
    assert_eq!(connection["expected_by"], "stock");
    assert_eq!(connection["last_seen"], "2026-04-15T12:20:00.000000Z");
}

#[test]
fn a_host_whose_sources_show_no_udp_is_not_comparable_for_udp() {
    let mut analysis = analysis();
    analysis.ports[0].bindings[0].protocol = portolan::model::network::Protocol::Udp;
    analysis.ports[0].bindings[0].local_port = Some(61234);
    let tuples = rows(&analysis, &Options::default(), "tuples");
    let listener = tuples.iter().find(|row| row["direction"] == "listen").unwrap();
    assert_eq!(listener["hosts_comparable"], "0");
    assert_eq!(listener["port"], "dynamic");
}

#[test]
fn the_timeline_tells_everything_datable_in_order() {
    let timeline = of("timeline");
    let stamps = column(&timeline, "timestamp");
    let numbers: Vec<i64> = stamps.iter().map(|stamp| stamp.parse().unwrap()).collect();
    assert!(numbers.is_sorted());
    let lines: Vec<String> = timeline
        .iter()
        .filter(|row| row["host"] == "mb-lab01")
        .map(|row| {
            format!("{} {} {} {}", row["datetime"], row["event"], row["severity"], row["message"])
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn since_and_until_limit_the_timeline_only() {
    let options = Options {
        since: Some(time("2026-04-14T00:00:00Z")),
        until: Some(time("2026-04-14T23:59:59Z")),
        ..Options::default()
    };
    let timeline = rows(&analysis(), &options, "timeline");
    assert!(timeline.iter().all(|row| row["event"] == "job_exited"), "{timeline:?}");
    assert_eq!(timeline.len(), 2);
    assert_eq!(rows(&analysis(), &options, "bindings").len(), 2);
}

#[test]
fn a_process_names_its_parent_and_the_edges_of_its_start() {
    let processes = of("processes");
    assert_eq!(processes[1]["parent"], "p1");
    assert_eq!(processes[1]["started_from"], "2026-04-10T11:00:00.000000Z");
    assert_eq!(processes[1]["started_to"], "2026-04-10T11:00:02.000000Z");
}

#[test]
fn a_service_shows_its_arguments_as_json_and_its_port_as_a_number() {
    assert_eq!(of("services")[0]["arguments"], r#"["/bin/bash","-i"]"#);
    assert_eq!(of("services")[0]["inetd_wait"], "no");
    let declared = &of("declared_ports")[0];
    assert_eq!([&declared["port"], &declared["service_name"]], ["2222", "rockwell-csp2"]);
}

#[test]
fn the_examiners_case_fields_outrank_the_collectors() {
    let mut analysis = analysis();
    let field = |name, value: &str| (0, EvidenceClaim::CaseField(name, value.into()));
    analysis.evidence_claims = vec![field("case_id", "from the log"), field("examiner", "Ana")];
    let case = CaseFields { case_id: Some("C-7".to_owned()), ..CaseFields::default() };
    let row = &rows(&analysis, &Options { case, ..Options::default() }, "evidence")[0];
    assert_eq!([&row["case_id"], &row["examiner"], &row["notes"]], ["C-7", "Ana", ""]);
}

#[test]
fn a_declared_hash_is_held_against_the_files_own() {
    let mut analysis = analysis();
    let hashes = Hashes { sha256: "aa".to_owned(), md5: Some("bb".to_owned()), sha1: None };
    analysis.collected.evidence[0].hashes = Some(hashes);
    let declared = |algorithm, value: &str| {
        (0, EvidenceClaim::DeclaredHash("uac-mb-lab01".into(), algorithm, value.into()))
    };
    analysis.evidence_claims = vec![declared("md5", "BB")];
    let row = &rows(&analysis, &Options::default(), "evidence")[0];
    assert_eq!([&row["declared_hash"], &row["hash_match"]], ["md5:BB", "yes"]);
    analysis.evidence_claims = vec![declared("sha256", "cc"), declared("md5", "bb")];
    let row = &rows(&analysis, &Options::default(), "evidence")[0];
    assert_eq!([&row["declared_hash"], &row["hash_match"]], ["sha256:cc", "no"]);
    analysis.evidence_claims = vec![declared("sha1", "dd")];
    let row = &rows(&analysis, &Options::default(), "evidence")[0];
    assert_eq!([&row["declared_hash"], &row["hash_match"]], ["sha1:dd", ""]);
}

#[test]
fn what_is_unknown_is_empty_and_never_1970() {
    let mut analysis = analysis();
    analysis.ports[0].bindings[0].interval = None;
    analysis.hosts[0].acquisitions[0].captured = None;
    analysis.hosts[0].boots[0].started = None;
    analysis.ports[0].processes[0].started = Some(Window::at(time("2026-04-10T11:00:00Z")));
    for schema in SCHEMA {
        for row in rows(&analysis, &Options::default(), schema.table) {
            assert!(!row.values().any(|cell| cell.contains("1970")), "{row:?}");
        }
    }
}

#[test]
fn an_event_of_a_job_that_two_exports_tell_is_one_row_of_the_timeline() {
    let line = "2026-04-15 09:00:00.000000-0300 0x1a2b     Default     0x0                  1      0    launchd: \
                [system/com.acme.d [640]:] Successfully spawned acmed[640] because ipc (socket)\n";
    let folder = fresh_folder("two-exports");
    std::fs::write(folder.join("one.txt"), line).unwrap();
    std::fs::write(folder.join("two.txt"), format!("{line}{line}")).unwrap();
    let timeline = rows(&analysis_of(collected(&[folder])), &Options::default(), "timeline");
    let launched = timeline.iter().filter(|row| row["event"] == "job_launched");
    assert_eq!(launched.count(), 1, "{timeline:?}");
}
