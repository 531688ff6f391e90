//! `Sockets`, row by row of formats.md 4.3.

use super::{emitted, lines, only_job};
use portolan::artifacts::Emitter;
use std::fmt::Write;

/// Keys and values of one socket.
type Keys = &'static [(&'static str, &'static str)];

fn sockets(inside: &str) -> Emitter {
    emitted(&format!("<key>Sockets</key><dict><key>Listeners</key>{inside}</dict>"))
}

/// One socket with these keys, each a string unless it is markup.
fn socket(keys: &[(&str, &str)]) -> Emitter {
    sockets(&entries(keys))
}

fn entries(keys: &[(&str, &str)]) -> String {
    let mut text = "<dict>".to_owned();
    for (key, value) in keys {
        let value = if value.starts_with('<') {
            (*value).to_owned()
        } else {
            format!("<string>{value}</string>")
        };
        write!(text, "<key>{key}</key>{value}").unwrap();
    }
    text + "</dict>"
}

#[test]
fn each_key_has_its_meaning() {
    const PORT: (&str, &str) = ("SockServiceName", "8021");
    let table: &[(Keys, &[&str])] = &[
        (&[PORT], &["listen tcp 4,6 * 8021 high"]),
        (&[("SockServiceName", "<integer>8021</integer>")], &["listen tcp 4,6 * 8021 high"]),
        (&[("SockServiceName", "ssh")], &["listen tcp 4,6 * ssh high"]),
        (&[("SockServiceName", "0")], &["listen tcp 4,6 * - high"]),
        (&[("SockServiceName", "<integer>0</integer>")], &["listen tcp 4,6 * - high"]),
        (&[PORT, ("SockType", "stream")], &["listen tcp 4,6 * 8021 high"]),
        (&[PORT, ("SockType", "DGRAM")], &["listen udp 4,6 * 8021 high"]),
        (&[PORT, ("SockProtocol", "udp")], &["listen udp 4,6 * 8021 high"]),
        (&[PORT, ("SockProtocol", "TCP")], &["listen tcp 4,6 * 8021 high"]),
        (&[PORT, ("SockPassive", "<true/>")], &["listen tcp 4,6 * 8021 high"]),
        (
            &[PORT, ("SockPassive", "<false/>"), ("SockNodeName", "203.0.113.9")],
            &["outbound tcp 4 203.0.113.9 8021 high"],
        ),
        (
            &[PORT, ("SockPassive", "NO"), ("SockNodeName", "relay.example.org")],
            &["outbound tcp ? relay.example.org 8021 high"],
        ),
        (
            &[PORT, ("SockNodeName", "localhost")],
            &["listen tcp 4 127.0.0.1 8021 high", "listen tcp 6 ::1 8021 high"],
        ),
        (
            &[PORT, ("SockNodeName", "localhost"), ("SockFamily", "IPv4")],
            &["listen tcp 4 127.0.0.1 8021 high"],
        ),
        (
            &[PORT, ("SockNodeName", "LocalHost"), ("SockFamily", "ipv6")],
            &["listen tcp 6 ::1 8021 high"],
        ),
        (&[PORT, ("SockNodeName", "192.0.2.5")], &["listen tcp 4 192.0.2.5 8021 high"]),
        (&[PORT, ("SockNodeName", "2001:db8::5")], &["listen tcp 6 2001:db8::5 8021 high"]),
        (&[PORT, ("SockNodeName", "fe80::1%lo0")], &["listen tcp 6 fe80::1%lo0 8021 high"]),
        (&[PORT, ("SockNodeName", "0.0.0.0")], &["listen tcp 4 * 8021 high"]),
        (&[PORT, ("SockNodeName", "::")], &["listen tcp 6 * 8021 high"]),
        (&[PORT, ("SockNodeName", "mac.example.org")], &["listen tcp ? mac.example.org 8021 high"]),
        (&[PORT, ("SockFamily", "IPv4")], &["listen tcp 4 * 8021 high"]),
        (&[PORT, ("SockFamily", "IPV6")], &["listen tcp 6 * 8021 high"]),
        (&[PORT, ("SockFamily", "IPv4v6")], &["listen tcp 46 * 8021 high"]),
        (
            &[
                PORT,
                ("Bonjour", "<array><string>x</string></array>"),
                ("MulticastGroup", "239.0.0.1"),
                ("ReceivePacketInfo", "<true/>"),
            ],
            &["listen tcp 4,6 * 8021 high"],
        ),
        (&[("SockNodeName", "192.0.2.5")], &["listen tcp 4 192.0.2.5 - high"]),
    ];
    for (keys, expected) in table {
        let out = socket(keys);
        let job = only_job(&out);
        assert_eq!(lines(&job.declared), *expected, "{keys:?}");
        assert_eq!(out.problems, [], "{keys:?}");
        assert!(job.declared.iter().all(|port| &*port.token == "Sockets.Listeners"));
        assert!(job.has_automatic_trigger());
    }
}

#[test]
fn unix_sockets_have_no_ports_and_are_counted() {
    const PORT: (&str, &str) = ("SockServiceName", "8021");
    for key in
        [("SockPathName", "/var/run/x"), ("SecureSocketWithKey", "X"), ("SockFamily", "Unix")]
    {
        let out = socket(&[key, PORT]);
        assert!(only_job(&out).declared.is_empty());
        assert_eq!(out.skipped.get("UNIX sockets"), Some(&1));
        assert_eq!(out.problems, []);
    }
}

#[test]
fn what_launchd_cannot_open_is_a_problem() {
    let table: &[(Keys, &str)] = &[
        (&[], "Sockets.Listeners has neither SockNodeName nor SockServiceName: no socket"),
        (&[("SockServiceName", "70000")], "neither a port nor a name"),
        (&[("SockServiceName", "<integer>-1</integer>")], "neither a port nor a name"),
        (&[("SockServiceName", "<true/>")], "neither a port nor a name"),
        (&[("SockServiceName", "")], "an empty SockServiceName"),
        (
            &[("SockServiceName", "1"), ("SockNodeName", "192.0.2.5"), ("SockFamily", "IPv6")],
            "another family",
        ),
        (
            &[("SockServiceName", "1"), ("SockNodeName", "::1"), ("SockFamily", "IPv4")],
            "another family",
        ),
    ];
    for (keys, expected) in table {
        let out = socket(keys);
        assert!(only_job(&out).declared.is_empty(), "{keys:?}");
        assert!(out.problems[0].detail.contains(expected), "{:?}", out.problems);
    }
}

#[test]
fn what_is_odd_is_told_and_still_counts() {
    const PORT: (&str, &str) = ("SockServiceName", "9");
    let table: &[(Keys, &str, &str)] = &[
        (&[PORT, ("SockType", "streem")], "listen tcp 4,6 * 9 high", "unknown SockType \"streem\""),
        (&[PORT, ("SockProtocol", "sctp")], "listen tcp 4,6 * 9 high", "unknown SockProtocol"),
        (
            &[PORT, ("SockType", "dgram"), ("SockProtocol", "TCP")],
            "listen udp 4,6 * 9 high",
            "contradicts",
        ),
        (&[PORT, ("SockFamily", "IPv5")], "listen tcp 4,6 * 9 high", "unknown SockFamily"),
        (
            &[PORT, ("SockNodeName", "<true/>")],
            "listen tcp 4,6 * 9 high",
            "SockNodeName that is no text",
        ),
    ];
    for (keys, expected, problem) in table {
        let out = socket(keys);
        assert_eq!(lines(&only_job(&out).declared), [*expected], "{keys:?}");
        assert!(out.problems[0].detail.contains(problem), "{:?}", out.problems);
    }
    let packets = socket(&[PORT, ("SockType", "seqpacket")]);
    assert_eq!(packets.skipped.get("sockets of sequenced packets"), Some(&1));
}

#[test]
fn an_array_is_so_many_sockets() {
    let two = format!(
        "<array>{}{}<string>x</string></array>",
        entries(&[("SockServiceName", "631"), ("SockNodeName", "127.0.0.1")]),
        entries(&[("SockServiceName", "631"), ("SockNodeName", "::1")]),
    );
    let out = sockets(&two);
    assert_eq!(
        lines(&only_job(&out).declared),
        ["listen tcp 4 127.0.0.1 631 high", "listen tcp 6 ::1 631 high"]
    );
    assert!(out.problems[0].detail.contains("neither a dictionary nor an array"));
}

#[test]
fn sockets_that_are_no_dictionary_are_a_problem() {
    let out = emitted("<key>Sockets</key><string>8080</string>");
    assert_eq!(out.problems[0].detail, "Sockets is no dictionary");
}
