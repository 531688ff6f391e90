//! netstat: generations, cut endpoints, sections, several runs in a file, foreign output.

/// Claims, refusals, size and damage.
mod claims;

use super::{listings, sockets};
use crate::support::{fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use portolan::model::observation::{Fact, ProblemKind, Socket};
use portolan::model::provenance::Locator;

/// Every fixture of a Mac's netstat.
const FIXTURES: &[&str] = &[
    "g0-10.9.txt",
    "g1-10.10.txt",
    "g2-10.14.txt",
    "g3-13.txt",
    "g4a-15.0.txt",
    "g4b-15.2.txt",
    "g5-26.0.txt",
    "g6-26.3.txt",
    "g6-26.3-l.txt",
    "vv-26.0.txt",
    "bytes-13.txt",
    "pcb-ports-cut-10.14.txt",
    "pcb-long-15.2.txt",
    "no-a-15.2.txt",
    "names-10.14.txt",
    "grepped-listen.txt",
    "grepped-rows-13.txt",
    "grepped-rows-26.0.txt",
    "queues.txt",
    "sections.txt",
    "untitled-26.4.txt",
    "sysdiagnose-banners.txt",
    "sysdiagnose-rules.txt",
    "broken.txt",
    "crlf-not-utf8.txt",
];

fn read(name: &str) -> Emitter {
    read_as("netstat.txt", name)
}

fn read_as(path: &str, name: &str) -> Emitter {
    parse("netstat", path, &fixture_bytes(&format!("netstat/{name}")))
}

fn socket_at(out: &Emitter, port: u16) -> Socket {
    let here = |socket: &Socket| socket.local.port == Port::Number(port);
    sockets(out).into_iter().find(here).unwrap_or_else(|| panic!("no socket on {port}"))
}

fn name_of(socket: &Socket) -> Option<(&str, bool)> {
    socket.name.as_ref().map(|name| (&*name.text, name.cut))
}

#[test]
fn every_generation_tells_the_same_sockets() {
    let plain = |socket: Socket| {
        (socket.protocol, socket.families, socket.local, socket.remote, socket.state)
    };
    let expected: Vec<_> = sockets(&read("g0-10.9.txt")).into_iter().map(plain).collect();
    assert_eq!(expected.len(), 11);
    for (file, layout) in [
        ("g1-10.10.txt", "G1"),
        ("g2-10.14.txt", "G2"),
        ("g3-13.txt", "G3"),
        ("g4a-15.0.txt", "G4a"),
        ("g4b-15.2.txt", "G4b"),
        ("g5-26.0.txt", "G5"),
        ("g6-26.3.txt", "G6"),
        ("vv-26.0.txt", "G5"),
        ("bytes-13.txt", "plain"),
        ("untitled-26.4.txt", "G6"),
    ] {
        let out = read(file);
        let found: Vec<_> = sockets(&out).into_iter().map(plain).collect();
        assert_eq!(found, expected, "{file}");
        assert_eq!(out.problems, [], "{file}");
        let [listing] = &listings(&out)[..] else { panic!("{file}: one listing") };
        assert_eq!(&*listing.layout, layout, "{file}");
        assert!(listing.listeners && listing.connections && listing.whole, "{file}");
        assert!(listing.tcp && listing.udp && listing.ipv4 && listing.ipv6, "{file}");
        assert_eq!(out.skipped["sockets without a port"], 1, "{file}");
    }
}

#[test]
fn the_listing_stands_at_its_title_before_its_sockets() {
    let out = read("g3-13.txt");
    assert!(matches!(out.observations[0].fact, Fact::Listing(_)));
    assert_eq!(out.observations[0].place.locator, Locator::Line(1));
    assert_eq!(out.observations[1].place.locator, Locator::Line(3));
    let excerpt = out.observations[1].excerpt.as_deref().unwrap();
    assert!(excerpt.starts_with("tcp4       0      0  198.51.100.20.50211"), "{excerpt}");
}

#[test]
fn a_pid_is_read_by_its_header_not_by_its_index() {
    for file in ["g1-10.10.txt", "g2-10.14.txt", "g3-13.txt", "g4a-15.0.txt", "g4b-15.2.txt"] {
        let out = read(file);
        let socket = socket_at(&out, 50211);
        assert_eq!((socket.pid, socket.effective_pid), (Some(641), None), "{file}");
        let delegated = socket_at(&out, 50301);
        assert_eq!((delegated.pid, delegated.effective_pid), (Some(334), Some(901)), "{file}");
        assert!(listings(&out)[0].owners, "{file}");
    }
    assert!(!listings(&read("g0-10.9.txt"))[0].owners);
}

#[test]
fn byte_counts_and_serial_numbers_are_read_where_they_stand() {
    for file in ["g4a-15.0.txt", "g4b-15.2.txt", "g5-26.0.txt", "vv-26.0.txt"] {
        let socket = socket_at(&read(file), 50211);
        assert_eq!((socket.bytes_in, socket.bytes_out), (Some(51200), Some(7300)), "{file}");
        assert_eq!(socket.gencnt, Some(0x1f00a), "{file}");
    }
    let socket = socket_at(&read("bytes-13.txt"), 50211);
    assert_eq!((socket.bytes_in, socket.gencnt, socket.pid), (Some(51200), None, None));
}

#[test]
fn a_process_name_may_hold_blanks_and_colons_or_be_empty() {
    for file in ["g5-26.0.txt", "g6-26.3.txt", "vv-26.0.txt", "grepped-rows-26.0.txt"] {
        let out = read(file);
        assert_eq!(name_of(&socket_at(&out, 9443)), Some(("quay:web c:17", false)), "{file}");
        assert_eq!(socket_at(&out, 9443).pid, Some(815), "{file}");
        let gone = socket_at(&out, 50230);
        assert_eq!((name_of(&gone), gone.pid), (None, Some(702)), "{file}");
    }
    assert_eq!(socket_at(&read("vv-26.0.txt"), 50301).effective_pid, Some(901));
}

#[test]
fn a_name_of_sixteen_characters_may_be_cut() {
    let out = read("g5-26.0.txt");
    assert_eq!(name_of(&socket_at(&out, 50211)), Some(("Ferry Sync Agent", true)));
    assert_eq!(listings(&out)[0].names_cut, Some(16));
    let text = String::from_utf8(fixture_bytes("netstat/g5-26.0.txt")).unwrap();
    let longer = text.replace("Mooring:", "Mooring Helper Agent:");
    let out = parse("netstat", "netstat.txt", longer.as_bytes());
    assert_eq!(name_of(&socket_at(&out, 50211)), Some(("Ferry Sync Agent", false)));
    assert_eq!(listings(&out)[0].names_cut, None);
}

#[test]
fn a_row_without_a_state_is_udp() {
    let out = read("g2-10.14.txt");
    let bound = socket_at(&out, 41234);
    assert_eq!((bound.protocol, bound.state), (Some(Protocol::Udp), SocketState::Bound));
    assert_eq!((bound.families, bound.remote), (Families::DUAL, Endpoint::NONE));
    assert_eq!(socket_at(&out, 60123).state, SocketState::Established);
}

#[test]
fn states_are_mapped_by_what_they_say_about_the_port() {
    let out = read("g0-10.9.txt");
    assert_eq!(socket_at(&out, 2022).state, SocketState::Listen);
    assert_eq!(socket_at(&out, 54009).state, SocketState::Bound);
    assert_eq!(socket_at(&out, 50230).state, SocketState::Closing);
    let out = read("sections.txt");
    assert_eq!(socket_at(&out, 50999).state, SocketState::Established);
    assert_eq!(socket_at(&out, 50998).state, SocketState::Unknown);
}

#[test]
fn ipv6_addresses_are_prefixes_without_l_and_whole_with_it() {
    let short = socket_at(&read("g4b-15.2.txt"), 50300);
    assert_eq!(short.local.address, Address::Cut("fe80::7a3b:19ff:".into()));
    assert!(listings(&read("g4b-15.2.txt"))[0].endpoints_cut);
    for file in ["pcb-long-15.2.txt", "g6-26.3-l.txt"] {
        let out = read(file);
        let long = socket_at(&out, 50300);
        let ip = "fe80::7a3b:19ff:fe02:44c1".parse().unwrap();
        assert_eq!(long.local.address, Address::Ip { ip, zone: Some("en0".into()) }, "{file}");
        assert!(!listings(&out)[0].endpoints_cut, "{file}");
    }
    assert_eq!(&*listings(&read("g6-26.3-l.txt"))[0].layout, "G6");
}

#[test]
fn ports_cut_by_a_narrow_column_are_first_digits_only() {
    let out = read("pcb-ports-cut-10.14.txt");
    let all = sockets(&out);
    assert_eq!(all[0].local.port, Port::Cut("5021".into()));
    assert_eq!(all[0].remote.port, Port::Number(443));
    assert_eq!(all[0].pcb, Some(0x8a3b_e0c0_d000_1138));
    assert_eq!(all[7].local.port, Port::Cut("5".into()));
    assert_eq!(
        all[7].remote,
        Endpoint {
            address: Address::ip("2001:db8:99::25".parse::<std::net::Ipv6Addr>().unwrap()),
            port: Port::Cut("99".into()),
        }
    );
    assert!(listings(&out)[0].endpoints_cut);
    assert!(all.iter().all(|socket| socket.local.port != Port::Number(5021)));
}

#[test]
fn five_digits_fill_the_narrow_column_without_being_cut() {
    let row = "8a3be0c0d0001138        1 tcp4       0      0  192.0.2.101.55555  192.0.2.1.443      ESTABLISHED";
    let wide = row
        .replace("192.0.2.101.55555 ", "192.0.2.101.55555")
        .replace("192.0.2.101", "198.51.100.1");
    let out = parse("netstat", "x.txt", wide.as_bytes());
    assert_eq!(sockets(&out)[0].local.port, Port::Number(55555));
}

#[test]
fn names_of_hosts_and_services_stay_names() {
    let out = read("names-10.14.txt");
    let all = sockets(&out);
    let end = |host: &str, port| Endpoint { address: Address::Name(host.into()), port };
    assert_eq!(all[0].local, end("ketch.harbour.ex", Port::Number(50411)));
    assert_eq!(all[0].remote.port, Port::Name("https".into()));
    assert_eq!(all[1].remote, end("77.113.0.203.in-", Port::Cut("rockw".into())));
    assert_eq!(all[3].local, end("localhost", Port::Name("ipp".into())));
    assert_eq!(all[4].local.port, Port::Name("mdns".into()));
    assert_eq!(all[5].local.port, Port::Name("netbios-ns".into()));
    assert!(!listings(&out)[0].listeners);
}

#[test]
fn embedded_scopes_become_zones() {
    let row = "tcp6       0      0  fe80:b::454.500        fe80:4::1%en1.600      ESTABLISHED";
    let socket = &sockets(&parse("netstat", "x.txt", row.as_bytes()))[0];
    let zone =
        |ip: &str, zone: &str| Address::Ip { ip: ip.parse().unwrap(), zone: Some(zone.into()) };
    assert_eq!(socket.local.address, zone("fe80::454", "if11"));
    assert_eq!(socket.remote.address, zone("fe80::1", "en1"));
}

#[test]
fn a_run_without_a_does_not_claim_to_show_listeners() {
    let [listing] = &listings(&read("no-a-15.2.txt"))[..] else { panic!() };
    assert!(!listing.listeners && listing.connections && listing.whole && listing.udp);
}

#[test]
fn rows_without_title_and_header_are_part_of_a_listing() {
    let out = read("grepped-listen.txt");
    let [listing] = &listings(&out)[..] else { panic!() };
    assert!(listing.listeners && listing.tcp && !listing.udp);
    assert!(!listing.connections && !listing.whole && !listing.owners);
    assert_eq!(sockets(&out).len(), 3);
    let out = read("grepped-rows-13.txt");
    assert_eq!(socket_at(&out, 50211).pid, Some(641));
    assert_eq!(socket_at(&out, 50211).gencnt, Some(0x1f00a));
    assert!(listings(&out)[0].owners && out.problems.is_empty());
    assert_eq!(name_of(&socket_at(&read("grepped-rows-26.0.txt"), 2022)), Some(("launchd", false)));
}

#[test]
fn every_layout_is_recognised_without_its_header() {
    for file in FIXTURES.iter().take(11) {
        let text = String::from_utf8(fixture_bytes(&format!("netstat/{file}"))).unwrap();
        let rows: Vec<&str> = text.lines().skip(2).collect();
        let bare = parse("netstat", "rows.txt", rows.join("\n").as_bytes());
        assert_eq!(sockets(&bare), sockets(&read(file)), "{file}");
        assert_eq!(bare.problems, [], "{file}");
    }
}

#[test]
fn the_name_of_the_file_tells_what_was_asked_for() {
    let only = |path: &str, name: &str| {
        let listing = listings(&read_as(path, name)).remove(0);
        (listing.tcp, listing.udp, listing.ipv4, listing.ipv6)
    };
    let rows = "grepped-listen.txt";
    assert_eq!(only("grep/netstat-an_grep_LISTEN.txt", rows), (true, false, true, true));
    let titled = "Active Internet connections (including servers)\n\
         Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    \n\
         tcp4       0      0  *.2022                 *.*                    LISTEN     \n";
    for (path, expected) in [
        ("live_response/network/netstat_-anp_tcp.txt", (true, false, true, true)),
        ("netstat-anv-p-tcp.txt", (true, false, true, true)),
        ("20260415T090000-0300_netstat_-an.txt", (true, true, true, true)),
        ("netstat_-f_inet.txt", (true, true, true, false)),
        ("netstat_-an.macos14.txt", (true, true, true, true)),
        ("netstat.txt", (true, false, true, false)),
        ("netstat-PRE.txt", (true, false, true, false)),
        ("netstat-notes.txt", (true, false, true, false)),
    ] {
        let listing = listings(&parse("netstat", path, titled.as_bytes())).remove(0);
        let shown = (listing.tcp, listing.udp, listing.ipv4, listing.ipv6);
        assert_eq!(shown, expected, "{path}");
        assert!(listing.whole, "{path}");
    }
    let grepped = parse("netstat", "netstat_-an_grep_-v_x.txt", titled.as_bytes());
    assert!(!listings(&grepped)[0].whole);
}

#[test]
fn other_tables_are_counted_and_a_glued_remark_does_not_hide_a_title() {
    let out = read("sections.txt");
    assert_eq!(sockets(&out).len(), 5);
    assert_eq!(listings(&out).len(), 1);
    assert_eq!(out.skipped["multipath connections"], 3);
    assert_eq!(out.skipped["unix sockets"], 3);
    assert_eq!(out.skipped["QUIC sockets"], 1);
    assert_eq!(out.skipped["sockets of other protocols"], 3);
    assert_eq!(out.skipped["lines of unknown tables"], 1);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn untitled_tables_below_the_sockets_are_passed_over() {
    assert_eq!(read("untitled-26.4.txt").skipped["lines of untitled tables"], 2);
}

#[test]
fn every_run_of_a_sysdiagnose_file_is_a_listing_of_its_own() {
    let out = read("sysdiagnose-banners.txt");
    let [full, tcp] = &listings(&out)[..] else { panic!("two listings") };
    assert!(full.listeners && full.udp && full.ipv6 && full.whole);
    assert!(!tcp.listeners && !tcp.udp && tcp.tcp && tcp.ipv6 && !tcp.owners);
    assert_eq!(sockets(&out).len(), 12);
    assert_eq!(socket_at(&out, 2022).pcb, Some(0x8a3b_e0c0_d000_13a8));
    assert_eq!(out.skipped["statistics"], 2);

    let out = read("sysdiagnose-rules.txt");
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert!(listing.tcp && listing.udp && !listing.listeners);
    assert_eq!(sockets(&out).len(), 2);
}

#[test]
fn listen_queues_are_listeners_of_unknown_owner() {
    let out = read("queues.txt");
    let all = sockets(&out);
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|socket| socket.state == SocketState::Listen && socket.pid.is_none()));
    assert_eq!(all[0].families, Families::UNKNOWN);
    assert_eq!(all[2].local.address, Address::Cut("2001:db8:51:7::1".into()));
    let listing = &listings(&out)[0];
    assert!(listing.listeners && listing.tcp && !listing.udp && !listing.connections);
}

#[test]
fn broken_rows_are_problems_and_cost_no_others() {
    let out = read("broken.txt");
    let ports: Vec<_> = sockets(&out).iter().filter_map(|s| s.local.port.number()).collect();
    assert_eq!(ports, [50211, 2023, 2024, 5353]);
    assert!(out.problems.iter().all(|p| p.kind == ProblemKind::MalformedRecord));
    assert!(!listings(&out)[0].whole, "the last row is cut");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn line_ends_and_bytes_of_another_system_do_not_matter() {
    let out = read("crlf-not-utf8.txt");
    assert_eq!(sockets(&out).len(), 11);
    assert_eq!(name_of(&socket_at(&out, 41234)), Some(("bu\u{fffd}y", false)));
    assert_eq!(out.problems, []);
}
