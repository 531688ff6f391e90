//! False-positive traps (scoring.md 6.5), as far as today's inputs can show them.

use super::daemon;
use crate::story::{Files, Lsof, Mac, Netstat, job, netstat_26};
use portolan::model::binding::CitationRole;
use portolan::model::service::Direction;

#[test]
fn ports_that_docker_publishes_are_docker_s() {
    let mut mac = Mac::new().ps(
        9004,
        "ana",
        "1-00:00:00",
        "/Applications/Docker.app/Contents/MacOS/com.docker.backend services",
    );
    for (index, port) in [3306_u16, 4444, 5432, 8081, 9999].into_iter().enumerate() {
        let name: &'static str = format!("*:{port} (LISTEN)").leak();
        mac = mac.lsof(Lsof::tcp6("com.docker.backend", 9004, 0x70 + index as u64, name));
    }
    mac.told().is_quiet();
}

#[test]
fn a_delegated_socket_is_told_with_both_processes() {
    let head = netstat_26(&[]);
    // `-vv` adds the process on whose behalf the socket is used.
    let head = head.trim_end().replace("process:pid   ", "process:pid           eprocess:epid  ");
    let row = "tcp4       0      0  192.0.2.24.50001       203.0.113.9.8765       ESTABLISHED            0            0  131072  131072   nsurlsessiond:410             Courier:910    00182 00000004 0000000000000007 00000080 00000800      1      0 000000";
    let told = Files::default()
        .with("20260415T090000-0300_netstat_-anvv.txt", format!("{head}\n{row}\n"))
        .told();
    let binding = told.binding(8765);
    assert_eq!(binding.pid, Some(410), "{binding:?}");
    assert!(binding.notes.iter().any(|note| note.contains("pid 910")), "{:?}", binding.notes);
}

#[test]
fn a_helper_is_judged_as_its_application() {
    let helper = "/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Versions/120.0/Helpers/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper --type=utility";
    let told = Mac::new()
        .lsof(Lsof::tcp(
            "Google\\x20Chrome",
            9005,
            0x65,
            "192.0.2.24:50111->203.0.113.20:5228 (ESTABLISHED)",
        ))
        .lsof(Lsof::tcp(
            "Google\\x20Chrome",
            9005,
            0x66,
            "192.0.2.24:50112->203.0.113.20:8443 (ESTABLISHED)",
        ))
        .ps(9005, "ana", "02:00:00", helper)
        .told();
    told.is_quiet();
}

#[test]
fn an_unconnected_udp_socket_is_never_outbound() {
    let told = Mac::new()
        .lsof(Lsof::udp("Caller", 950, 0x95, "*:50123"))
        .lsof(Lsof::udp("Caller", 950, 0x96, "*:*"))
        .udp(Netstat::bound("udp4", "*.50123"))
        .udp(Netstat::bound("udp4", "*.*"))
        .ps(950, "ana", "01:00", "/Applications/Caller.app/Contents/MacOS/Caller")
        .told();
    told.is_quiet();
    let binding = told.binding(50123);
    assert_eq!(binding.direction, Direction::Unknown, "a client's socket is no service");
}

#[test]
fn a_udp_socket_on_a_fixed_port_is_a_service() {
    let told = Mac::new()
        .lsof(Lsof::udp("beacon", 951, 0x97, "*:6969"))
        .ps(951, "ana", "01:00", "/opt/beacon/beacon")
        .told();
    assert_eq!(told.binding(6969).direction, Direction::Listen);
    assert_eq!(told.only_anomaly().rules, ["P17"]);
}

#[test]
fn ephemeral_listeners_of_macos_float() {
    let told = Mac::new()
        .lsof(Lsof::tcp("rapportd", 612, 0x61, "*:49177 (LISTEN)"))
        .lsof(Lsof::tcp6("rapportd", 612, 0x62, "*:49177 (LISTEN)"))
        .ps(612, "ana", "1-00:00:00", "/usr/libexec/rapportd")
        .told();
    told.is_quiet();
    assert_eq!(told.0.expected_by[0], ["stock"]);
}

#[test]
fn a_socket_in_time_wait_belongs_to_nobody() {
    let told = Files::default()
        .with(
            "20260415T090000-0300_netstat_-anv.txt",
            netstat_26(&[
                ("tcp4", "192.0.2.24.50001", "203.0.113.9.8765", "TIME_WAIT", ":512", 7),
                ("tcp4", "192.0.2.24.50002", "203.0.113.9.8766", "TIME_WAIT", ":0", 8),
                ("tcp4", "192.0.2.24.50003", "203.0.113.9.8767", "CLOSE_WAIT", "courier:513", 9),
            ]),
        )
        .told();
    told.is_quiet();
    for port in [8765, 8766, 8767] {
        let binding = told.binding(port);
        assert_eq!((binding.pid, binding.process.as_deref()), (None, None), "{port}");
        let roles = binding.citations.iter().map(|citation| citation.role);
        assert!(roles.into_iter().all(|role| role != CitationRole::Owner));
    }
}

#[test]
fn lsof_shows_who_holds_a_socket_that_waits_to_be_closed() {
    let told = Mac::new()
        .lsof(Lsof::tcp("Courier", 910, 0x91, "192.0.2.24:50001->203.0.113.9:8765 (CLOSE_WAIT)"))
        .told();
    assert_eq!(told.binding(8765).pid, Some(910));
    told.is_quiet();
}

#[test]
fn the_tunnel_of_an_administrator_stays_below_high() {
    let told = Mac::new()
        .lsof(Lsof::tcp("ssh", 960, 0x96, "127.0.0.1:8089 (LISTEN)"))
        .lsof(Lsof::tcp("ssh", 960, 0x97, "*:8090 (LISTEN)"))
        .lsof(Lsof::tcp("ssh", 960, 0x98, "192.0.2.24:50001->203.0.113.9:22 (ESTABLISHED)"))
        .ps(960, "ana", "10:00", "ssh -L 8089:db:5432 -L *:8090:web:80 jump.example.net")
        .told();
    assert!(told.anomalies(22).is_empty());
    let local = told.anomalies(8089);
    let found: Vec<_> = local[0].factors.iter().map(|f| (f.name, f.points)).collect();
    assert_eq!(found, [("P17", 10), ("scope-loopback-tunnel", -5), ("port-registered", 5)]);
    assert!(told.0.anomalies.iter().all(|anomaly| anomaly.score < 60));
}

#[test]
fn an_interpreter_is_known_by_its_script() {
    let told = Mac::new()
        .lsof(Lsof::tcp("Python", 930, 0x93, "*:6101 (LISTEN)"))
        .lsof(Lsof::tcp("Python", 931, 0x94, "*:6102 (LISTEN)"))
        .ps(930, "ana", "10:00", "python3 /Users/ana/src/one.py --port 6101")
        .ps(931, "ana", "10:00", "python3 -m two")
        .told();
    let identity = |port| told.binding(port).identity.clone();
    assert!(identity(6101).ends_with("script:~/src/one.py"), "{}", identity(6101));
    assert!(identity(6102).ends_with("script:-m two"), "{}", identity(6102));
}

#[test]
fn a_copy_of_apple_s_screen_sharing_job_is_shown() {
    let program = "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd";
    let sockets = "<key>Sockets</key><dict><key>Listener</key><dict><key>SockNodeName</key>\
         <string>localhost</string><key>SockServiceName</key><string>5919</string></dict></dict>";
    let told = Mac::new()
        .plist(
            "/Library/LaunchDaemons/com.apple.screensharing.plist",
            &job("com.apple.screensharing", &[program], sockets),
        )
        .lsof(super::launchd("IPv4", 0xa1, "127.0.0.1:5919 (LISTEN)"))
        .lsof(super::launchd("IPv6", 0xa2, "[::1]:5919 (LISTEN)"))
        .told();
    assert_eq!(told.only_anomaly().rules, ["P04", "P05", "P11"]);
    assert!(told.only_anomaly().score < 60);
}

#[test]
fn a_truncated_listing_accuses_nobody() {
    // `netstat -A` cuts what does not fit: the port may be any that begins so.
    let text = "Active Internet connections (including servers)\nSocket           Proto Recv-Q Send-Q  Local Address      Foreign Address    (state)    \ne3f8d1aa2b9c4d01 tcp4       0      0  192.168.100.200.52 203.0.113.240.4444 ESTABLISHED\n";
    let told = Files::default().with("20260415T090000-0300_netstat_-Aan.txt", text).told();
    told.is_quiet();
}

#[test]
fn a_homebrew_service_is_not_trusted_for_its_place() {
    let program = "/opt/homebrew/opt/sensor/bin/sensord";
    let told = daemon("homebrew.mxcl.sensor", &[program], "*:9790 (LISTEN)").told();
    assert_eq!(
        (told.only_anomaly().rules.as_slice(), told.only_anomaly().score),
        (["P02"].as_slice(), 45)
    );
}
