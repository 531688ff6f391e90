//! What sensors say, joined with what captures of the same Mac show: one set of bindings.

use crate::story::{Told, told};
use crate::support::fixture;
use portolan::hosts::{Options, Sees};
use portolan::model::binding::{Binding, BindingState, EndState};
use portolan::model::network::Protocol;
use portolan::model::observation::{ListingTool, Signer};
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
            "2026-04-15T11:40:00.000000Z",
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
fn telemetry_of_jamf_protect_beside_captures_is_of_their_boot() {
    let told = story("jamf-protect-beside-captures");
    let [start, .., end] = life(told.binding(8081));
    assert_eq!(start, "2026-04-15T12:05:00.120000Z");
    assert_eq!(end, "2026-04-15T12:18:00.000000Z", "its exit is told after the last capture");
}
