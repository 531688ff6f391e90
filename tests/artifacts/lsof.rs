//! lsof: columns, names, families, privileges, field output.

use super::{listings, processes, sockets};
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use portolan::model::observation::{Fact, Known, ProblemKind, Socket};
use portolan::model::provenance::Locator;
use std::fmt::Write;

/// Every fixture of a Mac's lsof.
const FIXTURES: &[&str] = &[
    "uac-nPli.txt",
    "grepped.txt",
    "not-root.txt",
    "names.txt",
    "tabs.txt",
    "extra-columns.txt",
    "repeat.txt",
    "queue-sizes.txt",
    "all-files.txt",
    "broken.txt",
    "fields.txt",
    "fields-nul.txt",
    "fields-old.txt",
    "fields-no-protocol.txt",
    "fields-broken.txt",
];

fn read(name: &str) -> Emitter {
    read_as("lsof.txt", name)
}

fn read_as(path: &str, name: &str) -> Emitter {
    parse("lsof", path, &fixture_bytes(&format!("lsof/{name}")))
}

fn name_of(socket: &Socket) -> (&str, bool) {
    let name = socket.name.as_ref().unwrap();
    (&*name.text, name.cut)
}

/// The sockets of one row.
fn row(name: &str, kind: &str) -> Socket {
    let text = format!("quay 815 501 5u {kind} 0x8a3be0c0d0001610 0t0 {name}\n");
    let out = parse("lsof", "lsof.txt", text.as_bytes());
    assert_eq!(out.problems, [], "{name}");
    sockets(&out).remove(0)
}

#[test]
fn a_listing_taken_by_root_tells_every_socket_and_its_holder() {
    let out = read_as("uac-x/live_response/network/lsof_-nPli.txt", "uac-nPli.txt");
    assert_eq!(sockets(&out).len(), 8);
    assert_eq!(out.skipped["sockets without a port"], 1);
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert!(listing.whole && listing.owners && listing.listeners && listing.connections);
    assert_eq!((listing.privileged, listing.names_cut), (Known::Yes, Some(9)));
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn the_listing_stands_at_its_header_and_a_process_at_its_first_socket() {
    let out = read("uac-nPli.txt");
    assert_eq!(out.observations[0].place.locator, Locator::Line(1));
    assert!(matches!(out.observations[1].fact, Fact::Process(_)));
    assert_eq!(out.observations[1].place.locator, Locator::Line(2));
    let pids: Vec<u32> = processes(&out).iter().map(|process| process.pid).collect();
    assert_eq!(pids, [1, 210, 815, 641, 642, 301, 820]);
    assert!(processes(&out).iter().all(|process| !process.from_ps && process.path.is_none()));
}

#[test]
fn device_and_descriptor_are_kept() {
    let socket = &sockets(&read("uac-nPli.txt"))[0];
    assert_eq!(socket.pcb, Some(0x8a3b_e0c0_d000_1270));
    assert_eq!(socket.descriptor.as_deref(), Some("9u"));
    assert_eq!((socket.pid, socket.user.as_deref()), (Some(1), Some("0")));
}

#[test]
fn a_wildcard_of_type_ipv6_may_be_either_family() {
    assert_eq!(row("TCP *:22 (LISTEN)", "IPv6").families, Families::EITHER);
    assert_eq!(row("TCP *:22 (LISTEN)", "IPv4").families, Families::V4);
    assert_eq!(row("TCP [::1]:22 (LISTEN)", "IPv6").families, Families::V6);
    let dual = row("TCP 192.0.2.1:22->192.0.2.2:50000 (ESTABLISHED)", "IPv6");
    assert_eq!(dual.families, Families::DUAL);
    assert_eq!(row("UDP localhost:9000", "IPv6").families, Families::EITHER);
}

#[test]
fn names_of_sockets_are_read_from_every_shape() {
    let scoped = row("TCP [fe80:b::454]:50300->[fe80::1%en0]:49200 (CLOSE_WAIT)", "IPv6");
    let zone =
        |ip: &str, zone: &str| Address::Ip { ip: ip.parse().unwrap(), zone: Some(zone.into()) };
    assert_eq!(scoped.local.address, zone("fe80::454", "if11"));
    assert_eq!(scoped.remote.address, zone("fe80::1", "en0"));
    assert_eq!(scoped.state, SocketState::Closing);
    assert_eq!(row("UDP *:5353", "IPv4").state, SocketState::Bound);
    assert_eq!(row("UDP 192.0.2.1:1->192.0.2.2:2", "IPv4").state, SocketState::Established);
    assert_eq!(row("TCP 127.0.0.1:9 (CLOSED)", "IPv4").state, SocketState::Bound);
    assert_eq!(row("TCP *:22", "IPv4").state, SocketState::Unknown);
    assert_eq!(row("TCP *:22", "IPv4").remote, Endpoint::NONE);
}

#[test]
fn states_may_have_queue_sizes_beside_them() {
    let out = read("queue-sizes.txt");
    let states: Vec<_> = sockets(&out).iter().map(|socket| socket.state).collect();
    assert_eq!(states, [SocketState::Listen, SocketState::Established, SocketState::Bound]);
}

#[test]
fn names_longer_than_nine_prove_that_none_is_cut() {
    let out = read("queue-sizes.txt");
    assert_eq!(name_of(&sockets(&out)[2]), ("Google", false));
    assert_eq!(listings(&out)[0].names_cut, None);
    assert!(processes(&out).iter().all(|process| !process.name.as_ref().unwrap().cut));
}

#[test]
fn a_name_short_of_nine_may_be_cut_before_an_escape() {
    let out = read("uac-nPli.txt");
    let all = sockets(&out);
    assert_eq!(name_of(&all[0]), ("launchd", true));
    assert_eq!(name_of(&all[2]), ("mDNSRespo", true));
    assert_eq!(name_of(&all[3]), ("quay", false));
    assert_eq!(name_of(&all[4]), ("Ferry ", true));
    let full = read_as("lsof_+c_0_-i.txt", "uac-nPli.txt");
    assert_eq!(name_of(&sockets(&full)[0]), ("launchd", false));
}

#[test]
fn ports_and_hosts_may_be_names() {
    let all = sockets(&read("names.txt"));
    let end = |host: &str, port: &str| Endpoint {
        address: Address::Name(host.into()),
        port: Port::Name(port.into()),
    };
    assert_eq!(all[0].local, end("localhost", "rockwell-csp2"));
    assert_eq!(all[1].remote.port, Port::Number(50004));
    assert_eq!(all[2].remote.port, Port::Name("https".into()));
    assert_eq!(all[2].state, SocketState::SynSent);
    assert_eq!(all[3].local.port, Port::Name("ntp".into()));
}

#[test]
fn a_listing_without_root_says_so() {
    let out = read("not-root.txt");
    assert_eq!(listings(&out)[0].privileged, Known::No);
    assert_eq!(out.skipped["remarks of lsof"], 1);
    assert_eq!(listings(&read("tabs.txt"))[0].privileged, Known::No);
    assert_eq!(listings(&read("names.txt"))[0].privileged, Known::Yes);
    assert_eq!(listings(&read("fields-old.txt"))[0].privileged, Known::Unknown);
}

#[test]
fn rows_without_a_header_are_part_of_a_listing() {
    let out = read("grepped.txt");
    let [listing] = &listings(&out)[..] else { panic!() };
    assert!(!listing.whole && listing.listeners && !listing.connections && !listing.udp);
    assert_eq!(sockets(&out).len(), 3);
}

#[test]
fn tabs_and_further_columns_do_not_move_the_others() {
    let tabs = sockets(&read("tabs.txt"));
    assert_eq!(tabs[0].pcb, Some(0x8a3b_e0c0_d000_1610));
    assert_eq!(tabs[1].descriptor.as_deref(), Some("107u"));
    let out = read("extra-columns.txt");
    let all = sockets(&out);
    assert_eq!(all.len(), 3);
    assert!(all.iter().take(2).all(|socket| socket.user.as_deref() == Some("anna")));
    assert_eq!(all[2].user.as_deref(), Some("root"));
    let parents: Vec<_> = processes(&out).iter().map(|process| process.ppid).collect();
    assert_eq!(parents, [Some(1), Some(815)]);
}

#[test]
fn every_pass_of_a_repeated_listing_stands_alone() {
    let out = read("repeat.txt");
    assert_eq!(listings(&out).len(), 3);
    let pids: Vec<u32> = processes(&out).iter().map(|process| process.pid).collect();
    assert_eq!(pids, [1, 210, 1, 210, 641]);
}

#[test]
fn the_first_text_file_of_a_process_is_its_executable() {
    let out = read("all-files.txt");
    let paths: Vec<_> =
        processes(&out).into_iter().filter_map(|process| process.path.clone()).collect();
    let quay = "/Applications/Quayé Web.app/Contents/MacOS/quay web";
    assert_eq!(paths.iter().map(|path| &**path).collect::<Vec<_>>(), ["/sbin/launchd", quay]);
    assert_eq!(sockets(&out).len(), 2);
    assert_eq!(out.skipped["files that are no sockets"], 4);
    assert_eq!(out.skipped["sockets of other protocols"], 1);
    assert_eq!(out.skipped["sockets whose addresses lsof could not tell"], 1);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn the_name_of_the_file_tells_what_was_asked_for() {
    let text = "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n\
        quay 815 0 5u IPv4 0x8a3be0c0d0001610 0t0 TCP *:9443 (LISTEN)\n";
    let text =
        format!("{text}quay 815 0 6u IPv4 0x1 0t0 TCP 192.0.2.1:1->192.0.2.2:2 (ESTABLISHED)\n");
    for (path, tcp, udp, v4, v6, connections) in [
        ("live_response/network/lsof_-nPli.txt", true, true, true, true, true),
        ("live_response/process/lsof_-nPl.txt", true, true, true, true, true),
        ("lsof-i-n-P.txt", true, true, true, true, true),
        ("lsof_-iTCP.txt", true, false, true, true, true),
        ("lsof_-i4_-nP.txt", true, true, true, false, true),
        ("lsof-P-i-TCP-s-LISTEN.txt", true, false, true, true, true),
        ("lsof_output.txt", true, false, true, false, true),
    ] {
        let listing = listings(&parse("lsof", path, text.as_bytes())).remove(0);
        let shown = (listing.tcp, listing.udp, listing.ipv4, listing.ipv6, listing.connections);
        assert_eq!(shown, (tcp, udp, v4, v6, connections), "{path}");
    }
    let listeners = listings(&read_as("lsof-iTCP-sTCP-LISTEN-P-n.txt", "tabs.txt")).remove(0);
    assert!(listeners.listeners && !listeners.connections && listeners.whole);
    let peers = listings(&read_as("lsof_-i_-sTCP_ESTABLISHED.txt", "not-root.txt")).remove(0);
    assert!(!peers.listeners && peers.connections);
    assert!(!listings(&read_as("lsof-i_grep_5000.txt", "uac-nPli.txt"))[0].whole);
}

#[test]
fn field_output_tells_the_same_with_line_feeds_and_with_nul() {
    let (lines, nul) = (read("fields.txt"), read("fields-nul.txt"));
    assert_eq!(sockets(&lines), sockets(&nul));
    assert_eq!(processes(&lines), processes(&nul));
    assert_eq!(listings(&lines), listings(&nul));
    let all = sockets(&lines);
    assert_eq!(all.len(), 3);
    assert_eq!(name_of(&all[0]), ("Quay Web Helper", false));
    assert_eq!(all[0].state, SocketState::Established);
    assert_eq!(all[0].pcb, Some(0x8a3b_e0c0_d000_1610));
    assert_eq!((all[1].families, all[1].state), (Families::EITHER, SocketState::Listen));
    insta::assert_snapshot!(rendered(&lines));
}

#[test]
fn field_output_without_descriptors_is_split_where_a_field_repeats() {
    let out = read("fields-old.txt");
    assert_eq!(listings(&out).len(), 2, "an m field repeats the listing");
    let all = sockets(&out);
    assert_eq!(all.len(), 3);
    assert_eq!((all[1].protocol, all[1].state), (Some(Protocol::Udp), SocketState::Bound));
    assert_eq!(all[1].local.port, Port::Number(41234));
}

#[test]
fn field_output_without_protocols_leaves_protocol_and_state_unknown() {
    let all = sockets(&read("fields-no-protocol.txt"));
    assert_eq!((all[0].protocol, all[0].state), (None, SocketState::Unknown));
    assert_eq!(all[1].families, Families::V6);
    assert_eq!(all[1].descriptor.as_deref(), Some("6"));
}

#[test]
fn broken_rows_are_problems_and_cost_no_others() {
    let out = read("broken.txt");
    let ports: Vec<_> = sockets(&out).iter().filter_map(|s| s.local.port.number()).collect();
    assert_eq!(ports, [2022, 5353]);
    assert_eq!(out.problems.len(), 4);
    assert!(out.problems.iter().all(|p| p.kind == ProblemKind::MalformedRecord));
    assert!(!listings(&out)[0].whole, "the last row has lost its state");
    insta::assert_snapshot!(rendered(&out));
    let out = read("fields-broken.txt");
    assert_eq!(sockets(&out).len(), 1);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn captures_are_claimed_by_content_whatever_their_name() {
    for file in FIXTURES.iter().filter(|file| !file.contains("broken")) {
        let bytes = fixture_bytes(&format!("lsof/{file}"));
        assert_eq!(claim("case/one.txt", &bytes).as_deref(), Some("lsof"), "{file}");
    }
    let header = b"COMMAND   PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME\n";
    assert_eq!(claim("case/one.txt", header).as_deref(), Some("lsof"));
    let damaged = claim("uac-x/live_response/network/lsof_-nPli.txt", b"what is this\n");
    assert_eq!(damaged.as_deref(), Some("lsof"));
    assert_eq!(claim("case/notes.txt", &fixture_bytes("lsof/prose.txt")), None);
    assert_eq!(claim("usr/sbin/lsof", b"\xcf\xfa\xed\xfe\0\0"), None);
}

#[test]
fn linux_is_refused_by_name() {
    let why = "refused: Linux lsof output; portolan analyses macOS acquisitions – file skipped";
    assert_eq!(claim("case/lsof.txt", &fixture_bytes("lsof/linux.txt")).as_deref(), Some(why));
}

#[test]
fn two_hundred_thousand_rows_are_read() {
    let mut text = String::from("COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n");
    for n in 0..200_000_u32 {
        let (pid, port) = (2 + n / 50, 1024 + n % 60_000);
        writeln!(text, "quay {pid} 501 5u IPv4 0x{n:x} 0t0 TCP *:{port} (LISTEN)").unwrap();
    }
    assert_eq!(sockets(&parse("lsof", "lsof.txt", text.as_bytes())).len(), 200_000);
}
