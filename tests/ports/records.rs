//! What sensors say, joined with what captures of the same Mac show: one set of bindings.

use crate::story::{Files, Told, told};
use crate::support::fixture;
use portolan::hosts::{Options, Sees};
use portolan::model::binding::{Binding, BindingState, CitationRole, EndState};
use portolan::model::network::Protocol;
use portolan::model::observation::{Fact, ListingTool, ProblemKind, Signer};
use portolan::model::service::Direction;
use portolan::model::stamp;

fn story(name: &str) -> Told {
    told(&[fixture("hosts").join(name)], &Options::default())
}

/// First and last sighting, and the bounds.
fn life(binding: &Binding) -> [String; 4] {
    let life = binding.interval.unwrap();
    let edge = |time: Option<portolan::model::Timestamp>| time.map_or_else(String::new, stamp);
    [
        edge(life.earliest_start),
        stamp(life.first_seen),
        stamp(life.last_seen),
        edge(life.latest_end),
    ]
}

#[test]
fn osquery_and_captures_of_one_mac_give_one_set_of_bindings() {
    let told = story("osquery-and-captures");
    assert_eq!(told.host_names(), ["heron-11"]);
    for (port, name) in [(8742, "reefd"), (51820, "wgd"), (4444, "beacond")] {
        let binding = told.binding(port);
        assert_eq!(binding.process.as_deref(), Some(name));
        assert!(binding.tools.contains(&ListingTool::Osquery), "{port}");
        assert!(binding.tools.contains(&ListingTool::Lsof), "{port}");
        assert!(binding.tools.contains(&ListingTool::Netstat), "{port}");
        assert!(!binding.direction_probable, "{port}");
    }
    let reefd = told.binding(8742);
    assert_eq!((reefd.direction, reefd.state), (Direction::Listen, BindingState::Listening));
    assert_eq!(reefd.process_path.as_deref(), Some("/opt/reef/reefd"));
    assert!(stamp(reefd.interval.unwrap().first_seen).starts_with("2026-04-15T10:00:00"));
}

#[test]
fn a_row_that_came_and_went_bounds_its_binding() {
    let told = story("osquery-and-captures");
    let nc = told.binding(9001);
    assert_eq!(nc.process.as_deref(), Some("nc"));
    assert!(nc.direction_probable, "only listening_ports shows it");
    assert_eq!((nc.state, nc.end_state), (BindingState::Bound, EndState::Ended));
    assert_eq!(
        life(nc),
        [
            "2026-04-15T09:59:55.000000Z",
            "2026-04-15T11:30:00.000000Z",
            "2026-04-15T11:30:00.000000Z",
            "2026-04-15T11:40:00.000000Z"
        ]
    );
}

#[test]
fn a_job_that_osquery_read_from_disk_is_not_loaded() {
    let told = story("osquery-and-captures");
    let job = told.job("com.reef.reefd");
    assert!(!job.loaded && !job.running);
    assert_eq!(job.plist_path.as_deref(), Some("/Library/LaunchDaemons/com.reef.reefd.plist"));
}

#[test]
fn coverage_says_what_rows_of_osquery_could_not_show() {
    let told = story("osquery-and-captures");
    let rows = &told.host().coverage;
    let listings: Vec<_> = rows.iter().filter(|row| row.detail.starts_with("osquery (")).collect();
    assert!(!listings.is_empty());
    assert!(listings.iter().all(|row| row.sees != Sees::Yes));
    let partly = listings.iter().filter(|row| row.sees == Sees::Partly);
    assert!(partly.clone().count() > 0);
    assert!(partly.into_iter().all(|row| row.blind_to.contains(&"filtered")));
}

#[test]
fn each_mac_of_a_fleet_s_export_has_its_own_events() {
    let told = story("elastic-fleet");
    assert_eq!(told.host_names(), ["Egret-05", "Plover-06"], "and none of the Windows host");
    let of_4444 = told.binding(4444);
    assert_eq!(of_4444.state, BindingState::Established, "bytes came in");
    assert_eq!(of_4444.process.as_deref(), Some("beacond"));
    assert_eq!(of_4444.end_state, EndState::Ended);
    let tried = told.binding(8443);
    assert_eq!((tried.direction, tried.state), (Direction::Outbound, BindingState::Attempted));
    assert_eq!(told.binding(22).process.as_deref(), Some("ssh"));
}

#[test]
fn the_last_program_of_a_process_is_the_one_that_connects() {
    let told = story("elastic-fleet");
    let processes = &told.0.ports[0].processes;
    let beacond: Vec<_> = processes.iter().filter(|process| process.pid == 902).collect();
    let [only] = beacond[..] else { panic!("{beacond:?}") };
    assert_eq!(only.path.as_deref(), Some("/Users/mira/.local/beacond"));
    assert_eq!(only.command.as_deref(), Some("beacond --to 203.0.113.9:4444"));
    assert_eq!(
        (only.code.signature, only.code.team_id.as_deref()),
        (Some(Signer::Developer), Some("EXAMPLE123"))
    );
    assert_eq!(stamp(only.exited.unwrap().hi), "2026-04-15T11:30:00.000000Z");
}

#[test]
fn elastic_endpoint_shows_no_listener_and_coverage_says_so() {
    let told = story("elastic-fleet");
    let rows = &told.0.hosts[0].coverage;
    let of = |direction, protocol| {
        let mut own = rows.iter().filter(|row| row.detail.starts_with("ECS events"));
        let row = own.find(|row| (row.direction, row.protocol) == (direction, Some(protocol)));
        row.map(|row| (row.sees, row.blind_to.clone())).unwrap()
    };
    assert_eq!(of(Direction::Listen, Protocol::Tcp), (Sees::No, vec!["listeners"]));
    assert_eq!(of(Direction::Inbound, Protocol::Tcp), (Sees::No, vec!["connections"]));
    assert_eq!(of(Direction::Outbound, Protocol::Tcp).0, Sees::Partly);
    assert_eq!(of(Direction::Outbound, Protocol::Udp), (Sees::No, vec!["not logged"]));
}

#[test]
fn elastic_and_captures_of_one_mac_give_one_set_of_bindings() {
    let told = story("elastic-beside-captures");
    assert_eq!(told.host_names(), ["Egret-05"], "names differ in case only");
    let beacond = told.binding(4444);
    assert_eq!(beacond.state, BindingState::Established, "lsof saw what was attempted");
    assert_eq!(beacond.process_path.as_deref(), Some("/Users/mira/.local/beacond"));
    let [start, first, ..] = life(beacond);
    assert_eq!((&*start, &*first), ("2026-04-15T11:00:01.000000Z", "2026-04-15T11:00:01.000000Z"));
    assert_ne!(beacond.end_state, EndState::Ended);
}

#[test]
fn lives_of_endpoint_security_bound_what_lsof_saw() {
    let told = story("eslogger-beside-captures");
    assert_eq!(told.host_names(), ["jackdaw-07"]);
    let webd = told.binding(8081);
    let [start, .., end] = life(webd);
    assert_eq!(start, "2026-04-15T12:05:00.120000Z");
    assert_eq!(end, "2026-04-15T12:18:00.000000Z");
    assert_eq!(webd.process_path.as_deref(), Some("/usr/local/bin/webd"));
    let sensors: Vec<_> = told
        .host()
        .coverage
        .iter()
        .filter(|row| row.detail.starts_with("Endpoint Security events"))
        .collect();
    assert_eq!(sensors.len(), 6);
    assert!(sensors.iter().all(|row| row.sees == Sees::No));
}

#[test]
fn a_socket_that_osquery_saw_go_was_last_seen_in_the_result_before() {
    let row = |time: &str, counter: u8, action: &str| {
        format!(
            r#"{{"name":"lp","hostIdentifier":"oh","unixTime":"{time}","epoch":0,"counter":{counter},"columns":{{"pid":"50","port":"9001","protocol":"6","family":"2","address":"0.0.0.0"}},"action":"{action}"}}"#
        )
    };
    let log = [row("1776250800", 1, "added"), row("1776254400", 2, "removed")].join("\n");
    let told = Files::default().with("osqueryd.results.log", log).told();
    let binding = told.binding(9001);
    assert_eq!(binding.end_state, EndState::Ended);
    let [_, first, last, end] = life(binding);
    assert_eq!(first, "2026-04-15T11:00:00.000000Z");
    assert_eq!(last, "2026-04-15T11:00:00.000000Z");
    assert_eq!(end, "2026-04-15T12:00:00.000000Z");
}

#[test]
fn a_socket_that_osquery_only_saw_go_has_an_end() {
    let log = r#"{"name":"lp","hostIdentifier":"oh","unixTime":"1776254400","epoch":0,"counter":7,"diffResults":{"added":"","removed":[{"pid":"50","port":"4445","protocol":"6","family":"2","address":"0.0.0.0"}]}}"#;
    let told = Files::default().with("osqueryd.results.log", log).told();
    let binding = told.binding(4445);
    assert_eq!(binding.end_state, EndState::Ended);
    let [_, first, last, end] = life(binding);
    let gone = "2026-04-15T12:00:00.000000Z";
    assert_eq!([first.as_str(), &last, &end], [gone; 3]);
    let bounds = binding.citations.iter().filter(|cited| cited.role == CitationRole::EndBound);
    assert_eq!(bounds.count(), 1);
    assert!(binding.citations.iter().all(|cited| cited.window.is_some()));
}

#[test]
fn a_linux_host_that_osquery_tells_of_is_no_mac_in_any_of_its_logs() {
    let row = |host: &str, columns: &str| {
        format!(
            r#"{{"name":"q","hostIdentifier":"{host}","unixTime":"1776247200","epoch":0,"counter":0,"columns":{columns},"action":"added"}}"#
        )
    };
    let socket = r#"{"pid":"44","port":"4444","protocol":"6","family":"2","address":"0.0.0.0"}"#;
    let system = r#"{"name":"Ubuntu","platform":"ubuntu","version":"22.04"}"#;
    let like = r#"{"name":"Mint","platform_like":"debian","version":"21"}"#;
    for system in [system, like] {
        let told = Files::default()
            .with(
                "a/osqueryd.results.log",
                [row("linnet", system), row("linnet", socket)].join("\n"),
            )
            .told();
        assert!(told.0.hosts.is_empty(), "{system}");
        let told = Files::default()
            .with("osqueryd.results.log", [row("linnet", system), row("kite", socket)].join("\n"))
            .with("osqueryd.results.log.1", row("linnet", socket))
            .told();
        assert_eq!(told.host_names(), ["kite"]);
    }
}

#[test]
fn the_results_of_a_hunt_are_of_the_macs_that_their_rows_name() {
    let row = |client: &str, more: &str| {
        format!(
            r#"{{"Fd":0,"Family":2,"Type":"TCP","Laddr":"0.0.0.0","Lport":4444,"Raddr":"0.0.0.0","Rport":0,"Status":"LISTEN","Pid":5,"ClientId":"{client}"{more},"FlowId":"F.1"}}"#
        )
    };
    let rows =
        [row("C.1", r#","Fqdn":"egret-01""#), row("C.2", r#","Fqdn":"egret-02""#), row("C.3", "")];
    let path = "results/MacOS.Network.Netstat.json";
    let told = Files::default().with(path, rows.join("\n")).told();
    assert_eq!(told.host_names(), ["C.3", "egret-01", "egret-02"]);
    assert!(
        told.0
            .hosts
            .iter()
            .all(|case| { case.facts.iter().any(|fact| matches!(fact.fact, Fact::Listing(_))) })
    );
}

#[test]
fn hits_of_a_search_that_hold_fields_are_read_as_those_that_hold_their_source() {
    let fields = r#"{"@timestamp":["2026-04-15T11:00:00Z"],"event.action":["connection_attempted"],"event.dataset":["endpoint.events.network"],"host.name":["macflat"],"host.os.type":["macos"],"process.pid":[10],"process.executable":["/tmp/a"],"process.name":["a"],"source.ip":["10.0.0.2"],"source.port":[50001],"destination.ip":["203.0.113.9"],"destination.port":[4444],"network.transport":["tcp"]}"#;
    let hit = format!(r#"{{"_index":"x","fields":{fields}}}"#);
    let told = Files::default().with("export.ndjson", hit).told();
    assert_eq!(told.host_names(), ["macflat"]);
    assert_eq!(told.binding(4444).process.as_deref(), Some("a"));
}

#[test]
fn times_that_lie_after_the_acquisition_are_told_once_a_file() {
    let row = |pid: u32| {
        format!(
            r#"{{"name":"lp","hostIdentifier":"kite","unixTime":4099766400,"epoch":0,"counter":{pid},"columns":{{"pid":"{pid}","port":"4646","protocol":"6","family":"2","address":"0.0.0.0"}},"action":"added"}}"#
        )
    };
    let log = [row(1), row(2)].join("\n");
    let told = Files::default().with("osqueryd.results.log", log).told();
    let doubts = told.problems(ProblemKind::AmbiguousTime);
    let late = doubts.iter().filter(|detail| detail.contains("after its acquisition was made"));
    assert_eq!(late.count(), 1, "{doubts:?}");
}

#[test]
fn files_that_only_bear_a_collector_s_name_make_no_host() {
    let told = Files::default()
        .with("automactc-output,h,192.0.2.7,2026-04-15T12_13_02Z,netstat.csv", "a,b,c\n1,2,3\n")
        .with(
            "Collection-foo-2026-04-15T12_13_02Z/client_info.json",
            r#"{"client": "acme", "id": 3}"#,
        )
        .with("uac-x/uac.log", "random log\n2026-04-15 CMD netstat\n")
        .told();
    assert!(told.host_names().is_empty(), "{:?}", told.host_names());
}

#[test]
fn a_collection_of_velociraptor_without_its_log_is_dated_by_its_start() {
    let folder = "Collection-kite-2026-06-03T14_05_11Z";
    let row = r#"{"Fd":0,"Family":2,"Type":"TCP","Laddr":"0.0.0.0","Lport":4444,"Raddr":"0.0.0.0","Rport":0,"Status":"LISTEN","Pid":5}"#;
    let osquery = r#"{"pid":"77","port":"4445","protocol":"6","family":"2","address":"0.0.0.0","fd":"3","socket":"1","path":""}"#;
    let told = Files::default()
        .with(&format!("{folder}/client_info.json"), r#"{"Hostname":"kite","OS":"darwin"}"#)
        .with(
            &format!("{folder}/collection_context.json"),
            r#"{"session_id":"F.1","create_time":1780495511000000000}"#,
        )
        .with(&format!("{folder}/results/MacOS.Network.Netstat.json"), row)
        .with(&format!("{folder}/results/MacOS.OSQuery.Generic.json"), osquery)
        .told();
    assert_eq!(told.host_names(), ["kite"]);
    let made = &told.host().acquisitions[0];
    let captured = made.captured.unwrap();
    assert_eq!(stamp(captured.lo), "2026-06-03T14:05:11.000000Z");
    assert_eq!(stamp(captured.hi), "2026-06-03T15:05:11.000000Z");
    assert_eq!(made.captured_how, "the start of the collection, and the hour after");
    for port in [4444, 4445] {
        let [_, first, ..] = life(told.binding(port));
        assert_eq!(first, "2026-06-03T15:05:11.000000Z", "{port}");
    }
}

#[test]
fn telemetry_of_jamf_protect_beside_captures_is_of_their_boot() {
    let told = story("jamf-protect-beside-captures");
    let [start, .., end] = life(told.binding(8081));
    assert_eq!(start, "2026-04-15T12:05:00.120000Z");
    assert_eq!(end, "2026-04-15T12:18:00.000000Z", "its exit is told after the last capture");
}
