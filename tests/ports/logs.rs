//! What the unified log says of sockets, alone and beside listings.

use crate::story::{Files, Told, netstat_26, time};
use crate::support::fixture_bytes;
use portolan::hosts::{Options, Sees};
use portolan::model::binding::{BindingState, Certainty, EndState};
use portolan::model::network::{Address, Protocol};
use portolan::model::observation::ProblemKind;
use portolan::model::service::Direction;
use portolan::model::stamp;

const HEADER: &str =
    "Timestamp                       Thread     Type        Activity             PID    TTL  \n";

/// A kernel record in the default style: `event` with its ends, and what follows `so_gencnt`.
fn kernel(clock: &str, event: &str, rest: &str) -> String {
    format!(
        "2026-04-15 {clock}-0300 0x1a2b     Default     0x0                  0      0    kernel: \
         {event} interface: en0 (skipped: 0)\n{rest}\n"
    )
}

fn listens(clock: &str, port: u16, gencnt: u64, process: &str) -> String {
    let event = format!("tcp listen: [<IPv4-redacted>:{port}<-><IPv4-redacted>:0]");
    let rest = format!(
        "so_gencnt: {gencnt} t_state: LISTEN process: {process} so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0"
    );
    kernel(clock, &event, &rest)
}

fn connects(clock: &str, ends: (u16, u16), gencnt: u64, process: &str) -> String {
    let (local, remote) = ends;
    let event =
        format!("tcp connect outgoing: [<IPv4-redacted>:{local}<-><IPv4-redacted>:{remote}]");
    let rest = format!(
        "so_gencnt: {gencnt} t_state: SYN_SENT process: {process} SYN in/out: 0/1 bytes in/out: 0/0 \
         pkts in/out: 0/0 rtt: 0.0 ms rttvar: 250.0 ms base_rtt: 0 ms error: 0 so_error: 0 svc/tc: 0 flow: 0x9002dda3"
    );
    kernel(clock, &event, &rest)
}

fn closes(clock: &str, ends: (u16, u16), gencnt: u64, process: &str, seconds: &str) -> String {
    let (local, remote) = ends;
    let event = format!(
        "tcp_connection_summary (tcp_close:1797)[<IPv4-redacted>:{local}<-><IPv4-redacted>:{remote}]"
    );
    let state = if remote == 0 { "LISTEN" } else { "CLOSED" };
    let rest = format!(
        "so_gencnt: {gencnt} t_state: {state} process: {process} Duration: {seconds} sec Conn_Time: 0.012 sec \
         bytes in/out: 4693/941 pkts in/out: 6/4 pkt rxmit: 0 ooo pkts: 0 dup bytes in: 0 ACKs delayed: 0 delayed ACKs sent: 0\n\
         rtt: 20.000 ms rttvar: 1.500 ms base_rtt: 18 ms so_error: 0 svc/tc: 0 flow: 0x9002dda3"
    );
    kernel(clock, &event, &rest)
}

/// The line of a UDP socket that is given its peer, and that of its end.
fn udp(clock: &str, event: &str, remote: u16, rest: &str) -> String {
    let event = format!("{event} [<IPv4-redacted>:52308<-><IPv4-redacted>:{remote}]");
    kernel(clock, &event, &format!("so_gencnt: 61 so_state: 0x0002 process: dovecote:640 {rest}"))
}

fn udp_connects(clock: &str, remote: u16) -> String {
    let rest = "bytes in/out: 0/0 pkts in/out: 0/0 error: 0 so_error: 0 svc/tc: 0 flow: 0x51aa03c8";
    udp(clock, "udp connect:", remote, rest)
}

fn udp_ends(clock: &str, remote: u16, counts: &str) -> String {
    let rest = format!(
        "Duration: 1.000 sec Conn_Time: 1.000 sec {counts} rxnospace pkts/bytes: 0/0 so_error: 0 svc/tc: 0"
    );
    udp(clock, "udp_connection_summary", remote, &rest)
}

#[test]
fn a_udp_socket_that_sent_nothing_reached_nobody() {
    let told = told(&[
        udp_connects("09:00:00.000000", 50051),
        udp_ends("09:00:01.000000", 50051, "bytes in/out: 0/0 pkts in/out: 0/0"),
    ]);
    let binding = told.binding(50051);
    assert_eq!((binding.direction, binding.state), (Direction::Outbound, BindingState::Attempted));
    told.is_quiet();
}

#[test]
fn a_udp_socket_of_which_only_its_beginning_is_told_is_an_attempt() {
    let told = told(&[udp_connects("09:00:00.000000", 50051)]);
    assert_eq!(told.binding(50051).state, BindingState::Attempted);
    told.is_quiet();
}

#[test]
fn a_udp_socket_reached_its_peer_with_the_first_packet() {
    for counts in ["bytes in/out: 0/96 pkts in/out: 0/2", "bytes in/out: 0/0 pkts in/out: 0/2"] {
        let told = told(&[
            udp_connects("09:00:00.000000", 50051),
            udp_ends("09:00:01.000000", 50051, counts),
        ]);
        assert_eq!(told.binding(50051).state, BindingState::Established, "{counts}");
        assert_eq!(told.only_anomaly().rules, ["P07"], "{counts}");
        assert!(told.only_anomaly().title.contains("reached"), "{counts}");
    }
}

#[test]
fn a_udp_socket_whose_last_line_is_cut_is_no_connection() {
    let cut = udp_ends("09:00:01.000000", 50051, "bytes in/out: 18659");
    let cut = cut.split(" rxnospace").next().unwrap().to_owned();
    let told = told(&[udp_connects("09:00:00.000000", 50051), cut]);
    assert_eq!(told.binding(50051).state, BindingState::Attempted);
    told.is_quiet();
}

fn log(records: &[String]) -> String {
    HEADER.to_owned() + &records.concat()
}

fn told(records: &[String]) -> Told {
    Files::default().with("case/kernel.txt", log(records)).told()
}

/// The four edges and how it ended.
fn life(told: &Told, port: u16) -> (String, String, String, String, EndState) {
    let binding = told.binding(port);
    let life = binding.interval.unwrap();
    let edge = |time: Option<_>| time.map_or_else(String::new, stamp);
    let (first, last) = (stamp(life.first_seen), stamp(life.last_seen));
    (edge(life.earliest_start), first, last, edge(life.latest_end), binding.end_state)
}

#[test]
fn a_listener_that_only_the_log_shows_begins_and_ends_there() {
    let told = told(&[
        listens("09:00:00.100000", 8443, 77, "acmed:640"),
        closes("09:10:00.200000", (8443, 0), 77, "acmed:640", "600.100"),
    ]);
    let (start, first, last, end, state) = life(&told, 8443);
    assert_eq!((&*start, &*first), ("2026-04-15T12:00:00.100000Z", "2026-04-15T12:00:00.100000Z"));
    assert_eq!((&*last, &*end), ("2026-04-15T12:10:00.200000Z", "2026-04-15T12:10:00.200000Z"));
    assert_eq!(state, EndState::Ended);
    let binding = told.binding(8443);
    assert_eq!(binding.direction, Direction::Listen);
    assert_eq!((binding.process.as_deref(), binding.pid), (Some("acmed"), Some(640)));
    assert_eq!(binding.local_addresses, [Address::Unknown], "a redacted address is unknown");
}

#[test]
fn a_listener_whose_end_no_line_tells_is_not_said_to_be_open() {
    let told = told(&[listens("09:00:00.100000", 8443, 77, "acmed:640")]);
    let (start, _, _, end, state) = life(&told, 8443);
    assert_eq!(start, "2026-04-15T12:00:00.100000Z");
    assert_eq!((&*end, state), ("", EndState::Unknown));
}

#[test]
fn a_closing_line_alone_tells_when_the_connection_began() {
    let told = told(&[closes("09:10:00.000000", (50123, 4444), 91, "beacon:700", "78.889")]);
    let (start, first, last, end, _) = life(&told, 4444);
    assert_eq!(start, "2026-04-15T12:08:41.110000Z");
    assert_eq!(first, "2026-04-15T12:08:41.112000Z");
    assert_eq!((&*last, &*end), ("2026-04-15T12:10:00.000000Z", "2026-04-15T12:10:00.000000Z"));
    let binding = told.binding(4444);
    assert_eq!(
        (binding.direction, binding.state),
        (Direction::Outbound, BindingState::Established)
    );
    assert_eq!(binding.bytes_in, Some(4693));
}

#[test]
fn a_log_and_a_listing_agree_by_the_number_of_the_socket() {
    let listing = netstat_26(&[
        ("tcp4", "192.168.1.20.50123", "203.0.113.7.4444", "ESTABLISHED", "beacon:700", 91),
        ("tcp4", "192.168.1.20.50124", "203.0.113.9.4444", "ESTABLISHED", "beacon:700", 92),
    ]);
    let records = [
        connects("09:00:00.000000", (50123, 4444), 91, "beacon:700"),
        closes("09:30:00.000000", (50123, 4444), 91, "beacon:700", "1800.0"),
    ];
    let told = Files::default()
        .with("case/20260415T091300-0300_netstat_-anv.txt", listing)
        .with("case/kernel.txt", log(&records))
        .told();
    let bindings = told.bindings(4444);
    assert_eq!(bindings.len(), 2, "the redacted peer is the listed one");
    let one = bindings
        .iter()
        .find(|b| b.remote_address.as_ref().is_some_and(|address| address.text() == "203.0.113.7"));
    let life = one.unwrap().interval.unwrap();
    assert_eq!(stamp(life.earliest_start.unwrap()), "2026-04-15T12:00:00.000000Z");
    assert_eq!(stamp(life.latest_end.unwrap()), "2026-04-15T12:30:00.000000Z");
}

#[test]
fn a_redacted_peer_is_not_that_of_another_connection() {
    let listing = netstat_26(&[(
        "tcp4",
        "192.168.1.20.50123",
        "203.0.113.7.4444",
        "ESTABLISHED",
        "beacon:700",
        91,
    )]);
    let told = Files::default()
        .with("case/20260415T091300-0300_netstat_-anv.txt", listing)
        .with(
            "case/kernel.txt",
            log(&[connects("09:00:00.000000", (50999, 4444), 12, "beacon:700")]),
        )
        .told();
    let peers: Vec<String> = told
        .bindings(4444)
        .iter()
        .filter_map(|binding| binding.remote_address.as_ref())
        .map(Address::text)
        .collect();
    assert_eq!(peers.len(), 2, "{peers:?}");
    assert!(peers.contains(&String::new()) && peers.contains(&"203.0.113.7".to_owned()));
}

#[test]
fn the_same_record_in_two_exports_is_one_sighting() {
    let records = [listens("09:00:00.100000", 8443, 77, "acmed:640")];
    let twice = Files::default()
        .with("case/one.txt", log(&records))
        .with("case/two.txt", log(&records))
        .told();
    assert_eq!(twice.binding(8443).sightings, 1);
}

#[test]
fn a_failed_attempt_to_listen_holds_no_port_and_accuses_nobody() {
    let failed =
        listens("09:00:00.100000", 8443, 77, "acmed:640").replace("error: 0 so", "error: 48 so");
    let told = told(&[failed]);
    assert_eq!(told.binding(8443).state, BindingState::Failed);
    assert!(told.anomalies(8443).is_empty());
}

#[test]
fn a_console_copy_is_dated_by_the_examiner_only() {
    let text = "default\t23:59:59.000000-0300\tkernel\ttcp listen: [<IPv4-redacted>:8443<-><IPv4-redacted>:0] interface:  (skipped: 0)\n\
                so_gencnt: 5 t_state: LISTEN process: acmed:640 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n\
                default\t00:00:01.000000-0300\tkernel\ttcp listen: [<IPv4-redacted>:8444<-><IPv4-redacted>:0] interface:  (skipped: 0)\n\
                so_gencnt: 6 t_state: LISTEN process: acmed:640 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n";
    let files = Files::default().with("case/console.txt", text);
    let undated = files.told();
    assert_eq!(undated.binding(8443).interval, None);
    assert_eq!(undated.problems(ProblemKind::AmbiguousTime).len(), 1);
    let captured_at = Some(time("2026-04-16T12:00:00Z"));
    let dated = files.told_with(&Options { captured_at, ..Options::default() });
    let seen = |port| stamp(dated.binding(port).interval.unwrap().first_seen);
    assert_eq!(seen(8443), "2026-04-16T02:59:59.000000Z", "the evening before");
    assert_eq!(seen(8444), "2026-04-16T03:00:01.000000Z");
}

#[test]
fn records_that_carry_a_boot_are_placed_in_it_and_coverage_tells_the_loss() {
    let uuid = "7B1A66C2-0D5E-4F0B-9C55-2B5B1F4AA101";
    let told = Files::default()
        .with("case/log.ndjson", fixture_bytes("unified-log-json/lines.ndjson"))
        .told();
    let boots: Vec<(&str, bool)> =
        told.host().boots.iter().map(|boot| (&*boot.id, boot.started.is_some())).collect();
    assert_eq!(boots, [(uuid, false)], "its start is told by nothing");
    assert_eq!(told.binding(4444).boot, Some(0));
    let rows = &told.host().coverage;
    let of = |direction, protocol| {
        let found = rows.iter().find(|row| {
            row.source.is_some() && (row.direction, row.protocol) == (direction, Some(protocol))
        });
        found.unwrap()
    };
    let tcp = of(Direction::Listen, Protocol::Tcp);
    assert_eq!(tcp.sees, Sees::Partly);
    assert!(tcp.blind_to.contains(&"loopback") && tcp.blind_to.contains(&"suppressed"));
    assert!(tcp.detail.contains("6 lines of the kernel; at least 9 suppressed"), "{}", tcp.detail);
    assert_eq!(of(Direction::Listen, Protocol::Udp).sees, Sees::No, "UDP binds are not logged");
}

#[test]
fn a_log_and_lsof_agree_by_process_and_port() {
    let lsof = "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n\
                acmed   640 root 5u IPv4 0xc1a0ffee00000001 0t0 TCP *:8443 (LISTEN)\n";
    let told = Files::default()
        .with("case/20260415T091300-0300_lsof_-nPli.txt", lsof)
        .with("case/kernel.txt", log(&[listens("09:00:00.100000", 8443, 77, "acmed:640")]))
        .told();
    let binding = told.binding(8443);
    assert_eq!(binding.sightings, 2);
    assert_eq!(
        stamp(binding.interval.unwrap().earliest_start.unwrap()),
        "2026-04-15T12:00:00.100000Z"
    );
}

/// A record of Network.framework in the default style, by the process with that pid.
fn framework(clock: &str, process: &str, pid: u32, message: &str) -> String {
    format!(
        "2026-04-15 {clock}-0300 0x1a2b     Default     0x0                  {pid:<6} 0    {process}: (Network) \
         [com.apple.network:connection] {message}\n"
    )
}

fn cancelled(local: u16, remote: &str) -> String {
    format!(
        "[C4 37BD558C-3A5B-4C5E-9D6E-1F2A3B4C5D6E {remote} tcp, definite, attribution: developer] cancelled\n\
         \t[C4 D935AE40-3A5B-4C5E-9D6E-1F2A3B4C5D6E 127.0.0.1:{local}<->{remote}]\n\
         \tConnected Path: satisfied (Path is satisfied), viable, interface: lo0\n\
         \tDuration: 60.000s, TCP @0.000s took 0.001s\n\
         \tbytes in/out: 111/85518, packets in/out: 3/7, rtt: 0.001s"
    )
}

#[test]
fn a_connection_on_loopback_is_told_by_network_framework_from_its_beginning_to_its_end() {
    let records = [
        framework("09:00:00.000000", "harbor", 640, "[C4 127.0.0.1:8000 tcp, definite] start"),
        framework("09:01:00.000000", "harbor", 640, &cancelled(49281, "127.0.0.1:8000")),
    ];
    let told = told(&records);
    let (start, first, last, end, state) = life(&told, 8000);
    assert_eq!((&*start, &*first), ("2026-04-15T12:00:00.000000Z", "2026-04-15T12:00:00.000000Z"));
    assert_eq!((&*last, &*end), ("2026-04-15T12:01:00.000000Z", "2026-04-15T12:01:00.000000Z"));
    assert_eq!(state, EndState::Ended);
    let coverage = told.host().coverage.iter().find(|row| {
        (row.direction, row.protocol) == (Direction::Outbound, Some(Protocol::Tcp))
            && row.source.is_some()
    });
    assert!(coverage.unwrap().blind_to.contains(&"other programs"));
}

#[test]
fn the_kernel_and_network_framework_tell_of_one_connection_by_its_process_and_ports() {
    let block = cancelled(50123, "192.0.2.7:4444");
    let records = [
        connects("09:00:00.500000", (50123, 4444), 91, "harbor:640"),
        framework("09:01:00.000000", "harbor", 640, &block),
    ];
    let told = told(&records);
    let bindings = told.bindings(4444);
    assert_eq!(bindings.len(), 1, "the redacted peer is the one that the framework tells");
    assert_eq!(bindings[0].remote_address.as_ref().unwrap().text(), "192.0.2.7");
    assert_eq!(bindings[0].sightings, 2);
}

#[test]
fn a_copy_without_pids_gets_the_pid_from_the_kernels_line_about_the_same_ports() {
    let rest = "so_gencnt: 91 t_state: SYN_SENT process: harbor:640 SYN in/out: 0/1 bytes in/out: 0/0 pkts in/out: 0/0 \
                rtt: 0.0 ms rttvar: 250.0 ms base_rtt: 0 ms error: 0 so_error: 0 svc/tc: 0 flow: 0x1";
    let text = format!(
        "default\t09:00:00.500000-0300\tkernel\ttcp connect outgoing: [<IPv4-redacted>:50123<-><IPv4-redacted>:4444] interface: en0 (skipped: 0)\n{rest}\n\
         default\t09:01:00.000000-0300\tharbor\t{}\n",
        cancelled(50123, "192.0.2.7:4444")
    );
    let captured_at = Some(time("2026-04-16T12:00:00Z"));
    let options = Options { captured_at, ..Options::default() };
    let told = Files::default().with("case/console.txt", text).told_with(&options);
    let bindings = told.bindings(4444);
    assert_eq!(bindings.len(), 1);
    assert_eq!((bindings[0].pid, bindings[0].sightings), (Some(640), 2));
}

#[test]
fn a_registration_alone_is_inferred_and_a_masked_one_counts_for_the_listener_that_was_seen() {
    let mdns = |clock: &str, message: &str| {
        format!(
            "2026-04-15 {clock}-0300 0x1a2b     Default     0x0                  200    0    mDNSResponder: \
             [com.apple.mDNSResponder:Default] {message}\n"
        )
    };
    let old = "[R5] DNSServiceRegister(0, 0, \"mac\", \"_http._tcp.\", \"\", \"\", 8080) START PID[641](python3)";
    let masked = "[R12] DNSServiceRegister START -- service type: <mask.hash: 'Q1r+Zg=='> 1, domain: <mask.hash: '(null)'> 0, port: 8443, flags: 0x0, interface index: 0, client pid: 640 (acmed), name hash: 1a2b3c4d";
    let told = told(&[
        mdns("08:00:00.000000", old),
        mdns("08:00:01.000000", masked),
        listens("09:00:00.100000", 8443, 77, "acmed:640"),
    ]);
    assert_eq!(told.binding(8080).certainty, Certainty::Inferred);
    let seen = told.binding(8443);
    assert_eq!((seen.certainty, seen.sightings), (Certainty::Observed, 2));
}

#[test]
fn logs_alone_listings_alone_and_both_tell_of_the_same_bindings() {
    let listing = netstat_26(&[
        ("tcp4", "*.8443", "*.*", "LISTEN", "acmed:640", 77),
        ("tcp4", "192.168.1.20.50123", "203.0.113.7.4444", "ESTABLISHED", "beacon:700", 91),
    ]);
    let records = [
        listens("09:00:00.000000", 8443, 77, "acmed:640"),
        connects("09:05:00.000000", (50123, 4444), 91, "beacon:700"),
        closes("09:30:00.000000", (50123, 4444), 91, "beacon:700", "1500.0"),
        closes("09:40:00.000000", (8443, 0), 77, "acmed:640", "2400.0"),
    ];
    let name = "case/20260415T091300-0300_netstat_-anv.txt";
    let of_log = told(&records);
    let of_listing = Files::default().with(name, listing.clone()).told();
    let of_both =
        Files::default().with(name, listing).with("case/kernel.txt", log(&records)).told();
    for port in [8443, 4444] {
        let what = |told: &Told| {
            let binding = told.binding(port);
            let process = (binding.process.clone(), binding.pid);
            (binding.direction, binding.protocol, process, binding.identity.clone(), binding.state)
        };
        assert_eq!(what(&of_log), what(&of_listing), "port {port}");
        assert_eq!(what(&of_both), what(&of_listing), "port {port}");
        let life = |told: &Told| told.binding(port).interval.unwrap();
        let (one, other, both) = (life(&of_log), life(&of_listing), life(&of_both));
        assert_eq!(both.first_seen, one.first_seen.min(other.first_seen), "port {port}");
        assert_eq!(both.last_seen, one.last_seen.max(other.last_seen), "port {port}");
        assert_eq!((both.earliest_start, both.latest_end), (one.earliest_start, one.latest_end));
    }
}

#[test]
fn a_program_that_fails_to_listen_is_not_said_to_listen() {
    let start = "[L1 tcp, local: ::.9120, definite, attribution: developer, server] start";
    let failed = "nw_listener_socket_inbox_create_socket bind(409, ::.9120) tcp, local: ::.9120, definite, server failed [48: Address already in use]";
    let records = [
        framework("09:00:00.000000", "harbor", 640, start),
        framework("09:00:00.100000", "harbor", 640, failed),
    ];
    let told = told(&records);
    assert_eq!(told.binding(9120).state, BindingState::Failed);
    assert!(told.anomalies(9120).is_empty());
}

#[test]
fn records_of_two_exports_that_overlap_are_counted_once() {
    let logins: Vec<String> = (0..8)
        .map(|n| {
            format!(
                "2026-04-15 09:00:0{n}.000000-0300 0x1a2b     Default     0x0                  90     0    sshd: \
                 Accepted password for x from 192.0.2.9 port 5000{n} ssh2\n"
            )
        })
        .collect();
    let one = Files::default().with("case/one.txt", log(&logins)).told();
    let two = Files::default()
        .with("case/one.txt", log(&logins))
        .with("case/two.txt", log(&logins))
        .told();
    assert_eq!(two.binding(22).sightings, one.binding(22).sightings);
}

#[test]
fn connections_of_several_processes_of_one_name_have_no_one_pid() {
    let records: Vec<String> = (0..5)
        .map(|n| {
            let clock = format!("09:00:0{n}.000000");
            connects(&clock, (50001 + n, 4444), 90 + u64::from(n), &format!("beacon:{}", 7000 + n))
        })
        .collect();
    let told = told(&records);
    let binding = told.binding(4444);
    assert_eq!((binding.pid, binding.process.as_deref()), (None, Some("beacon")));
    assert_eq!(binding.holders.len(), 5);
    assert_eq!(binding.attribution, "5 processes: pids 7000, 7001, 7002, 7003, 7004");
}

#[test]
fn a_screen_sharing_login_tells_who_came_without_a_port_of_theirs() {
    let record = "2026-04-15 09:00:00.000000-0300 0x1a2b     Default     0x0                  90     0    screensharingd: \
                  Authentication: SUCCEEDED :: User Name: bob :: Viewer Address: 198.51.100.9 :: Type: DH\n";
    let told = told(&[record.to_owned()]);
    let binding = told.binding(5900);
    assert_eq!(binding.direction, Direction::Inbound);
    assert_eq!(binding.remote_address.as_ref().unwrap().text(), "198.51.100.9");
    assert_eq!(binding.remote_port, None);
}

#[test]
fn a_connection_in_the_log_a_second_before_the_listing_is_the_listed_one_unless_it_ended() {
    let lsof = "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n\
                beacon  700 root 5u IPv4 0xc1a0ffee00000001 0t0 TCP 10.0.0.5:50123->203.0.113.9:4444 (ESTABLISHED)\n";
    let name = "case/20260415T090001-0300_lsof_-nPi.txt";
    let of = |records: &[String]| {
        Files::default().with(name, lsof).with("case/kernel.txt", log(records)).told()
    };
    let began = connects("09:00:00.000000", (50123, 4444), 91, "beacon:700");
    assert_eq!(of(std::slice::from_ref(&began)).bindings(4444).len(), 1);
    let ended = closes("09:00:00.500000", (50123, 4444), 91, "beacon:700", "0.500");
    assert_eq!(of(&[ended]).bindings(4444).len(), 2);
}

#[test]
fn an_sshd_of_its_own_tells_the_port_it_listens_on() {
    let record = "2026-04-15 09:00:00.000000-0300 0x1a2b     Default     0x0                  90     0    sshd: \
                  Server listening on 0.0.0.0 port 2222.\n";
    let told = told(&[record.to_owned()]);
    assert_eq!(
        (told.binding(2222).direction, told.binding(2222).pid),
        (Direction::Listen, Some(90))
    );
}
