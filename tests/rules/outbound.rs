//! Rules about connections: P07, P08, P09, P14.

use super::{launchd, ssh_plist};
use crate::story::{Lsof, Mac, scores};

/// A Mac whose lsof ran as root: it shows launchd's sockets too.
fn seen_by_root() -> Mac {
    Mac::new().plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist()).lsof(launchd(
        "IPv4",
        2,
        "*:22 (LISTEN)",
    ))
}

fn courier(name: &'static str) -> Mac {
    Mac::new().lsof(Lsof::tcp("Courier", 910, 0x91, name)).ps(
        910,
        "ana",
        "02:00:00",
        "/Applications/Courier.app/Contents/MacOS/Courier",
    )
}

#[test]
fn p07_fires_for_a_public_peer_on_a_port_that_is_not_standard() {
    let told = courier("192.0.2.24:50001->203.0.113.9:8765 (ESTABLISHED)").told();
    told.scores(&["P07"], &[("P07", 15), ("destination-public", 10), ("port-registered", 5)], 30);
    assert!(told.only_anomaly().title.contains("reached 203.0.113.9 port 8765/tcp"));
}

#[test]
fn p07_is_silent_on_a_standard_port() {
    courier("192.0.2.24:50001->203.0.113.9:443 (ESTABLISHED)").told().is_quiet();
}

#[test]
fn p07_is_silent_for_a_peer_on_the_local_network() {
    courier("10.0.0.24:50001->10.0.0.9:8765 (ESTABLISHED)").told().is_quiet();
}

#[test]
fn p07_is_silent_for_a_socket_on_its_way_out() {
    courier("192.0.2.24:50001->203.0.113.9:8765 (CLOSE_WAIT)").told().is_quiet();
}

#[test]
fn an_attempt_is_told_as_one() {
    let told = courier("192.0.2.24:50001->203.0.113.9:8765 (SYN_SENT)").told();
    assert!(told.only_anomaly().title.contains("attempted to reach"), "{:?}", told.only_anomaly());
}

fn script(peer: &'static str) -> Mac {
    Mac::new().lsof(Lsof::tcp("Python", 911, 0x92, peer)).ps(
        911,
        "ana",
        "00:30",
        "python3 /Users/ana/src/pull.py",
    )
}

#[test]
fn p08_fires_for_an_interpreter_and_absorbs_p07() {
    let told = script("192.0.2.24:50001->203.0.113.9:8765 (ESTABLISHED)").told();
    told.scores(&["P08"], &[("P08", 30), ("destination-public", 10), ("port-registered", 5)], 45);
}

#[test]
fn p08_is_silent_on_a_standard_port() {
    script("192.0.2.24:50001->203.0.113.9:443 (ESTABLISHED)").told().is_quiet();
}

fn shell(fd: &'static str) -> Mac {
    seen_by_root()
        .lsof(
            Lsof::tcp("bash", 912, 0x93, "192.0.2.24:50001->203.0.113.9:9002 (ESTABLISHED)").fd(fd),
        )
        .ps(912, "ana", "00:30", "/bin/bash")
}

#[test]
fn p09_fires_for_a_shell_with_a_socket_as_its_input() {
    let factors = [("P09", 60), ("P08", 5), ("destination-public", 10), ("port-registered", 5)];
    shell("0u").told().scores(&["P09", "P08"], &factors, 80);
}

#[test]
fn p09_is_silent_for_another_descriptor() {
    assert_eq!(shell("13u").told().only_anomaly().rules, ["P08"]);
}

#[test]
fn p09_fires_for_the_shell_that_a_script_gave_its_socket_to() {
    let peer = "192.0.2.24:50001->203.0.113.9:443 (ESTABLISHED)";
    let told = seen_by_root()
        .lsof(Lsof::tcp("Python", 911, 0x92, peer).fd("3u"))
        .lsof(Lsof::tcp("sh", 915, 0x92, peer).fd("0u"))
        .lsof(Lsof::tcp("sh", 915, 0x92, peer).fd("1u"))
        .file("live_response/process/ps_-ef.txt", "  UID   PID  PPID   C STIME   TTY           TIME CMD\n  501   911   640   0  9:12AM ttys000    0:00.10 python3 -c pass\n  501   915   911   0  9:12AM ttys000    0:00.10 /bin/sh -i\n")
        .told();
    let binding = told.binding(443);
    assert_eq!(binding.pid, Some(911), "the parent answers for the binding");
    assert_eq!(binding.holders.len(), 2);
    told.scores(&["P09"], &[("P09", 60), ("destination-public", 10)], 70);
}

#[test]
fn p14_adds_to_another_rule_and_is_not_one() {
    let told = courier("192.0.2.24:50001->203.0.113.9:4444 (ESTABLISHED)").told();
    let factors = [("P07", 15), ("destination-public", 10), ("port-registered", 5), ("P14", 10)];
    told.scores(&["P07"], &factors, 40);
}

#[test]
fn p14_alone_is_no_anomaly() {
    courier("10.0.0.24:50001->10.0.0.9:4444 (ESTABLISHED)").told().is_quiet();
}

#[test]
fn p14_is_exempt_where_a_development_server_uses_the_port() {
    let node = |port: &'static str| {
        let mac = Mac::new().lsof(Lsof::tcp6("node", 920, 0x94, port));
        mac.ps(920, "ana", "10:00", "node /Users/ana/src/web/server.js").told()
    };
    let factors =
        [("P17", 10), ("scope-exposed", 10), ("port-registered", 5), ("dev-server-exposed", -10)];
    node("*:4000 (LISTEN)").scores(&["P17"], &factors, 15);
    let factors = [("P17", 10), ("scope-exposed", 10), ("port-registered", 5), ("P14", 10)];
    node("*:4040 (LISTEN)").scores(&["P17"], &factors, 35);
}

#[test]
fn p14_is_exempt_where_a_vendor_hint_fits_the_port_and_the_scope() {
    // Chrome's driver is a development server on 4444; 3360 is no hint of anybody's.
    let wireguard = |name: &'static str| {
        let row = Lsof::udp("wireguard-go", 921, 0x95, name);
        Mac::new().lsof(row).ps(921, "root", "10:00", "/usr/local/bin/wireguard-go").told()
    };
    let told = wireguard("*:51820");
    assert!(told.0.anomalies.is_empty(), "{:?}", told.0.anomalies);
    let other = wireguard("*:2222");
    let factors = &other.only_anomaly().factors;
    assert!(factors.iter().any(|factor| factor.name == "P14"), "{factors:?}");
}

#[test]
fn a_hint_needs_port_and_scope() {
    let postgres = |name: &'static str| {
        let mac = Mac::new().lsof(Lsof::tcp("postgres", 922, 0x96, name));
        mac.ps(922, "ana", "10:00", "/opt/homebrew/opt/postgresql@16/bin/postgres").told()
    };
    postgres("127.0.0.1:5432 (LISTEN)").is_quiet();
    let factors = [("P17", 10), ("scope-exposed", 10), ("port-registered", 5)];
    postgres("*:5432 (LISTEN)").scores(&["P17"], &factors, 25);
    let factors = [("P17", 10), ("scope-exposed", 10), ("port-registered", 5)];
    postgres("*:5439 (LISTEN)").scores(&["P17"], &factors, 25);
}

#[test]
fn a_redacted_peer_counts_as_public_without_the_points() {
    // What a tool cut is not known to be private.
    let text = "COMMAND     PID       USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME\nCourier     910        501   7u  IPv4 0x6949610a00000091      0t0  TCP 192.0.2.24:50001->relay.example.net:8765 (ESTABLISHED)\nlaunchd       1          0   9u  IPv4 0x6949610a00000092      0t0  TCP *:22 (LISTEN)\n";
    let mac = Mac::new().file("live_response/network/lsof_-nPli.txt", text);
    let told = mac.told();
    let about = told.anomalies(8765);
    scores(about[0], &["P07"], &[("P07", 15), ("port-registered", 5)], 20);
}
