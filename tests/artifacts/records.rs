//! Records of sensors: osquery, the Elastic Common Schema, Endpoint Security.

use super::{listings, place_of, sockets};
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::interval::Window;
use portolan::model::network::SocketState;
use portolan::model::observation::{
    Fact, Flow, FlowEvent, HostClaim, Known, Life, ListingTool, ProblemKind, Signer, When,
};
use portolan::model::provenance::Locator;
use portolan::model::service::Direction;

fn read(id: &str, name: &str) -> Emitter {
    parse(id, &place_of(id, name), &fixture_bytes(&format!("{id}/{name}")))
}

fn flows(out: &Emitter) -> Vec<(String, Flow)> {
    let flow =
        |fact: &Fact| if let Fact::Flow(flow) = fact { Some((**flow).clone()) } else { None };
    let all = out.observations.iter();
    all.filter_map(|seen| Some((window(&seen.when), flow(&seen.fact)?))).collect()
}

fn lives(out: &Emitter) -> Vec<Life> {
    let life =
        |fact: &Fact| if let Fact::Life(life) = fact { Some((**life).clone()) } else { None };
    out.observations.iter().filter_map(|seen| life(&seen.fact)).collect()
}

fn window(when: &When) -> String {
    match when {
        When::Utc(window) => format!("{}..{}", window.lo, window.hi),
        other => format!("{other:?}"),
    }
}

fn skipped(out: &Emitter, what: &str) -> u64 {
    out.skipped.get(what).copied().unwrap_or_default()
}

#[test]
fn rows_of_osquery_come_and_go_between_two_runs_of_a_query() {
    let out = read("osquery", "results.log");
    let of_9001: Vec<(String, FlowEvent)> = flows(&out)
        .into_iter()
        .filter(|(_, flow)| flow.socket.local.port.number() == Some(9001))
        .map(|(at, flow)| (at, flow.event))
        .collect();
    let before = Window::at("2026-04-15T11:30:00Z".parse().unwrap()).shifted(-5, 0);
    let gone = FlowEvent::Gone { seen: Some(before) };
    let expected = [
        ("2026-04-15T09:59:55Z..2026-04-15T11:30:00Z".to_owned(), FlowEvent::Began),
        ("2026-04-15T11:29:55Z..2026-04-15T11:40:00Z".to_owned(), gone),
    ];
    assert_eq!(of_9001, expected);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn the_first_result_of_a_query_is_a_listing_that_proves_no_absence() {
    let out = read("osquery", "results.log");
    let [listing]: [_; 1] = listings(&out).try_into().unwrap();
    let told = (listing.tool, listing.listeners, listing.connections, listing.whole);
    assert_eq!(told, (ListingTool::Osquery, true, false, false));
    assert_eq!(listing.privileged, Known::Unknown);
    assert_eq!(skipped(&out, "sockets without a port"), 2, "port 0 is no port");
    assert_eq!(skipped(&out, "unix sockets"), 1);
}

#[test]
fn a_column_that_changes_is_neither_an_end_nor_a_start() {
    let out = read("osquery", "results.log");
    assert!(lives(&out).iter().all(|life| life.process.pid != 428 || life.exited.is_none()));
    assert_eq!(skipped(&out, "rows of which another column changed"), 1);
}

#[test]
fn only_a_row_with_its_state_shows_a_listener() {
    let out = read("osquery", "snapshots.log");
    let of_8742 = sockets(&out).into_iter().filter(|s| s.local.port.number() == Some(8742));
    let states: Vec<SocketState> = of_8742.map(|socket| socket.state).collect();
    assert_eq!(states, [SocketState::Unconnected, SocketState::Listen]);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn rows_of_osqueryi_tell_neither_time_nor_mac() {
    let out = read("osquery", "interactive.json");
    assert!(out.observations.iter().all(|seen| seen.when == When::Capture));
    assert!(out.observations.iter().all(|seen| seen.subject.is_none()));
    let lines: Vec<Locator> = out.observations.iter().map(|seen| seen.place.locator).collect();
    let expected = [2, 2, 3, 4].map(Locator::Line);
    assert_eq!(lines, expected, "a listing and three sockets; the fourth has no port");
    let [listing]: [_; 1] = listings(&out).try_into().unwrap();
    assert!(listing.tcp && listing.udp && listing.ipv4 && listing.ipv6);
}

#[test]
fn numbers_are_read_as_the_texts_are_and_each_row_is_of_the_mac_it_names() {
    let out = read("osquery", "fleet.json");
    let ports: Vec<u16> =
        flows(&out).iter().filter_map(|(_, flow)| flow.socket.local.port.number()).collect();
    assert_eq!(ports, [7000, 7001]);
    assert!(out.observations.iter().all(|seen| seen.subject.as_deref() == Some("kite-02")));
}

#[test]
fn a_host_whose_rows_only_linux_has_gives_no_row() {
    let out = read("osquery", "fleet-linux-too.json");
    let of_linnet = |subject: &str| subject == "linnet-03";
    let told =
        out.observations.iter().filter(|seen| seen.subject.as_deref().is_some_and(of_linnet));
    let told: Vec<&Fact> = told.map(|seen| &seen.fact).collect();
    assert!(matches!(told.as_slice(), [Fact::Host(HostClaim::NotMacOs(_))]), "{told:?}");
    assert_eq!(skipped(&out, "rows of another operating system"), 2);
    assert!(out.problems.iter().any(|problem| problem.kind == ProblemKind::ForeignFormat));
    assert!(rendered(&read("osquery", "linux.json")).contains("osquery of linux"));
}

#[test]
fn damaged_results_cost_themselves_only() {
    insta::assert_snapshot!(rendered(&read("osquery", "damaged.log")));
}

#[test]
fn the_name_of_a_query_tells_no_table() {
    let row = r#"{"name":"listening_ports","hostIdentifier":"x","unixTime":"1776247200","action":"added","columns":{"name":"a.kext","version":"1"}}"#;
    let out = parse("osquery", "osqueryd.results.log", row.as_bytes());
    assert!(sockets(&out).is_empty() && flows(&out).is_empty());
    assert_eq!(skipped(&out, "rows of other tables"), 1);
}

#[test]
fn elastic_endpoint_tells_attempts_ends_and_lives() {
    let out = read("ecs-events", "endpoint.ndjson");
    let told: Vec<(FlowEvent, Option<Direction>, Option<u64>)> =
        flows(&out).into_iter().map(|(_, f)| (f.event, f.direction, f.socket.bytes_in)).collect();
    let ended = FlowEvent::Ended { open_ms: None, connected_ms: None };
    let out_bound = Some(Direction::Outbound);
    let expected = [
        (FlowEvent::Began, out_bound, None),
        (ended, out_bound, Some(88000)),
        (FlowEvent::Began, out_bound, None),
    ];
    assert_eq!(told, expected);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn hits_of_a_search_dotted_keys_and_long_texts_of_the_console_are_read() {
    let dotted = read("ecs-events", "dotted.json");
    assert_eq!((lives(&dotted).len(), flows(&dotted).len()), (1, 2));
    let console = read("ecs-events", "kibana-console.json");
    let commands: Vec<String> =
        lives(&console).into_iter().map(|life| life.process.command.unwrap().to_string()).collect();
    assert_eq!(commands, ["sh -c exec \"beacond\" C:\\x", "beacond --to 203.0.113.9:4444"]);
    assert!(console.problems.is_empty(), "{:?}", console.problems);
}

#[test]
fn a_signature_that_the_sensor_does_not_trust_names_no_team() {
    let sign = |trusted: bool| {
        let text = format!(
            r#"{{"@timestamp":"2026-04-15T11:00:00Z","event":{{"action":"exec","category":["process"]}},"host":{{"hostname":"a","os":{{"type":"macos"}}}},"process":{{"pid":5,"executable":"/x","code_signature":{{"exists":true,"trusted":{trusted},"team_id":"EXAMPLE123"}}}}}}"#
        );
        lives(&parse("ecs-events", "x.ndjson", text.as_bytes())).remove(0).code
    };
    assert_eq!(
        (sign(true).signature, sign(false).signature),
        (Some(Signer::Developer), Some(Signer::Unknown))
    );
    assert_eq!(sign(false).team_id, None);
}

#[test]
fn events_of_other_systems_are_refused_or_counted() {
    assert!(rendered(&read("ecs-events", "windows.ndjson")).contains("events of windows"));
    let out = read("ecs-events", "damaged.json");
    assert_eq!(skipped(&out, "records of another operating system"), 1);
    assert_eq!(skipped(&out, "network events that name no process"), 1);
    assert!(out.partial);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn endpoint_security_tells_lives_and_jobs_by_the_key_of_the_event() {
    let out = read("eslogger", "events.jsonl");
    assert!(flows(&out).is_empty() && sockets(&out).is_empty());
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn jamf_protect_names_the_mac_and_its_serial_number() {
    let out = read("eslogger", "jamf.jsonl");
    assert!(out.observations.iter().all(|seen| seen.subject.as_deref() == Some("Jackdaw-07")));
    let serial = Fact::Host(HostClaim::Serial("C02INVENTED7".into()));
    assert_eq!(out.observations.iter().filter(|seen| seen.fact == serial).count(), 1);
    assert_eq!(lives(&out).len(), 3);
}

#[test]
fn damaged_events_cost_themselves_only() {
    insta::assert_snapshot!(rendered(&read("eslogger", "damaged.jsonl")));
}

#[test]
fn what_only_looks_like_a_sensor_s_record_is_unclaimed() {
    let others = [
        r#"{"name":"x","version":"1.0","dependencies":{"port":"^1"}}"#,
        r#"[{"port":80,"protocol":"http","pid":"none"}]"#,
        r#"{"event":{"exec":1},"time":"now"}"#,
        r#"{"level":"info","@timestamp":"2026-04-15T11:00:00Z","message":"started"}"#,
        "<html>\"@timestamp\" \"ecs\" \"event.action\"</html>",
    ];
    for text in others {
        assert_eq!(claim("notes/some.json", text.as_bytes()), None, "{text}");
    }
}

#[test]
fn many_broken_hits_take_no_time_beyond_their_length() {
    let text = format!("{{\"hits\":,{}", "{\"_index\":".repeat(40_000));
    let out = parse("ecs-events", "x.json", text.as_bytes());
    assert_eq!(out.problems.len(), 1, "{:?}", out.problems);
    assert!(out.partial);
}
