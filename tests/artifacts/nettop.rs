//! nettop: samples, columns, names, endpoints, days.

use super::{listings, processes, sockets};
use crate::story::{Files, Lsof, told};
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::hosts::Options;
use portolan::model::network::{Families, Protocol, SocketState};
use portolan::model::observation::{Known, ProblemKind, When};
use portolan::model::stamp;

fn read(path: &str, name: &str) -> Emitter {
    parse("nettop", path, &fixture_bytes(&format!("nettop/{name}")))
}

#[test]
fn every_sample_is_a_listing_and_its_sockets_stand_under_their_processes() {
    let out = read("nettop-n-L2.csv", "samples.csv");
    insta::assert_snapshot!(rendered(&out));
    assert_eq!(listings(&out).len(), 2);
    let listing = &listings(&out)[0];
    assert!(listing.whole && listing.listeners && listing.udp && listing.ipv6);
    assert_eq!((listing.privileged, listing.names_cut), (Known::Unknown, None));
}

#[test]
fn a_quic_row_is_a_connected_udp_socket() {
    let out = read("nettop.csv", "samples.csv");
    let quic = &sockets(&out)[4];
    assert_eq!((quic.protocol, quic.state), (Some(Protocol::Udp), SocketState::Established));
    assert_eq!((quic.bytes_in, quic.bytes_out), (Some(900), Some(800)));
}

#[test]
fn a_name_may_hold_commas_and_dots() {
    let out = read("nettop.csv", "samples.csv");
    let names: Vec<&str> =
        processes(&out).iter().map(|process| &*process.name.as_ref().unwrap().text).collect();
    assert_eq!(
        names,
        ["launchd", "com.fern.relay.h", "Fern, Inc. Sync", "launchd", "mDNSResponder"]
    );
}

#[test]
fn rows_before_midnight_are_a_day_before_the_last() {
    let out = read("nettop.csv", "samples.csv");
    let days: Vec<u32> = out
        .observations
        .iter()
        .filter_map(|observation| match &observation.when {
            When::TimeOfDay(time) => Some(time.days_back),
            _ => None,
        })
        .collect();
    assert_eq!(days, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn columns_may_leave_out_the_time_and_the_sockets() {
    let out = read("nettop-P-L1-x-J.csv", "columns.csv");
    assert!(sockets(&out).is_empty() && out.problems.is_empty());
    assert!(out.observations.iter().all(|observation| observation.when == When::Capture));
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert!(!listing.tcp && !listing.udp && !listing.whole, "-P lists no sockets");
}

#[test]
fn text_is_read_with_its_banner_and_rounded_bytes_are_not_believed() {
    let out = read("sysdiagnose_x/network-info/nettop.txt", "text.txt");
    insta::assert_snapshot!(rendered(&out));
    let [_, connection, multicast] = &sockets(&out)[..] else { panic!("three sockets") };
    assert_eq!((connection.bytes_in, connection.bytes_out), (None, Some(1386)));
    assert_eq!(multicast.families, Families::EITHER);
    assert!(listings(&out)[0].whole);
}

#[test]
fn a_process_that_is_named_like_a_row_is_a_process() {
    let out = read("nettop.csv", "damaged.csv");
    insta::assert_snapshot!(rendered(&out));
    let ports: Vec<_> = sockets(&out).iter().map(|socket| socket.local.port.number()).collect();
    assert_eq!(ports, [Some(7001)]);
    assert!(!listings(&out)[0].whole);
}

#[test]
fn nettop_is_known_by_its_header_and_prose_is_not() {
    let samples = fixture_bytes("nettop/samples.csv");
    assert_eq!(claim("net.csv", &samples).as_deref(), Some("nettop"));
    for text in
        ["time,place\n10:00,here\n", "time flies\n", ",bytes,\n1,2,\n", "nettop shows state\n"]
    {
        assert_eq!(claim("nettop-notes.txt", text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_day_is_that_of_the_capture_in_the_host_s_zone() {
    let samples = fixture_bytes("nettop/samples.csv");
    let files = Files::default()
        .with("case/date.txt", "Wed Jun  3 00:00:20 +02 2026\n")
        .with("case/nettop-n-L2.csv", samples);
    let told = files.told();
    let seen = told.binding(8790).interval.unwrap();
    assert_eq!(stamp(seen.last_seen), "2026-06-02T21:59:58.100150Z");
    assert_eq!(
        stamp(told.binding(5353).interval.unwrap().last_seen),
        "2026-06-02T22:00:01.100110Z"
    );
    assert!(told.problems(ProblemKind::AmbiguousTime).is_empty());
}

#[test]
fn rows_that_fit_no_day_of_the_capture_keep_their_distance_and_say_so() {
    let at =
        |time: &str| Options { captured_at: Some(time.parse().unwrap()), ..Options::default() };
    let files = Files::default().with("nettop-n-L2.csv", fixture_bytes("nettop/samples.csv"));
    let told = files.told_with(&at("2026-06-03T12:00:00Z"));
    assert_eq!(
        stamp(told.binding(5353).interval.unwrap().last_seen),
        "2026-06-03T12:00:00.000000Z"
    );
    let earlier = told.binding(8790).interval.unwrap().last_seen;
    assert_eq!(stamp(earlier), "2026-06-03T11:59:57.000040Z");
    let said = told.problems(ProblemKind::AmbiguousTime);
    assert!(said.iter().any(|detail| detail.contains("names no one day")), "{said:?}");
}

#[test]
fn nettop_and_lsof_of_one_minute_give_one_binding() {
    let lsof = [
        Lsof::HEAD.to_owned(),
        Lsof::tcp("com.fern.", 812, 0x10, "127.0.0.1:8790 (LISTEN)").line(),
        Lsof::tcp("com.fern.", 812, 0x11, "192.0.2.7:52429->203.0.113.9:443 (ESTABLISHED)").line(),
    ];
    let files = Files::default()
        .with("case/date.txt", "Wed Jun  3 00:00:20 +02 2026\n")
        .with("case/nettop-n-L2.csv", fixture_bytes("nettop/samples.csv"))
        .with("case/lsof_-nPi.txt", lsof.join("\n") + "\n");
    let scratch = crate::story::Scratch::new();
    files.write(scratch.path());
    let told = told(&[scratch.path().join("case")], &Options::default());
    assert_eq!(told.binding(8790).sightings, 2);
    assert_eq!(told.binding(8790).pid, Some(812));
    let connection =
        told.bindings(443).into_iter().find(|binding| binding.local_port == Some(52429));
    assert_eq!(connection.unwrap().sightings, 2);
}
