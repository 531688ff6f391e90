//! Which files are netstat's, which are refused, and what hostile ones cost.

use super::{FIXTURES, listings, sockets};
use crate::support::{claim, fixture_bytes, parse};
use portolan::model::observation::ProblemKind;
use std::fmt::Write;

#[test]
fn output_of_other_systems_is_refused_by_name() {
    let linux = "Linux netstat output; portolan analyses macOS acquisitions – file skipped";
    for (file, reason) in [
        ("linux.txt", linux.to_owned()),
        ("linux-headerless.txt", linux.to_owned()),
        ("ss.txt", linux.replace("netstat", "ss")),
        ("windows.txt", linux.replace("Linux", "Windows")),
    ] {
        let bytes = fixture_bytes(&format!("netstat/{file}"));
        let claimed = claim("case/output.txt", &bytes);
        assert_eq!(claimed, Some(format!("refused: {reason}")), "{file}");
        let out = parse("netstat", "netstat.txt", &bytes);
        assert_eq!(out.notes, [format!("ended with: {reason}")], "{file}");
        assert!(out.observations.is_empty(), "{file}");
    }
    let ios = claim("sysdiagnose_2024_iPhone-OS_21A/WiFi/netstat-PRE.txt", b"x\n");
    assert_eq!(ios, Some(format!("refused: {}", linux.replace("Linux", "iOS"))));
}

#[test]
fn another_system_below_a_mac_costs_only_its_own_rows() {
    let mut bytes = fixture_bytes("netstat/g0-10.9.txt");
    bytes.extend(fixture_bytes("netstat/linux.txt"));
    let out = parse("netstat", "netstat.txt", &bytes);
    assert_eq!(sockets(&out).len(), 11);
    assert_eq!(out.problems[0].kind, ProblemKind::ForeignFormat);
    assert_eq!(listings(&out).len(), 1);
}

#[test]
fn captures_are_claimed_by_content_whatever_their_name() {
    for file in FIXTURES {
        let bytes = fixture_bytes(&format!("netstat/{file}"));
        let plain = claim("case/one.txt", &bytes);
        assert_eq!(plain.as_deref(), Some("netstat"), "{file}");
        let named = claim("uac-x/live_response/network/netstat_-anp_tcp.txt", &bytes);
        assert_eq!(named.as_deref(), Some("netstat"), "{file}");
    }
}

#[test]
fn prose_is_not_claimed_and_routes_only_by_name() {
    let prose = fixture_bytes("netstat/prose.txt");
    assert_eq!(claim("case/notes.txt", &prose), None);
    assert_eq!(claim("case/netstat-notes.txt", &prose), None);
    let routes = fixture_bytes("netstat/routes.txt");
    assert_eq!(claim("case/routes.txt", &routes), None);
    assert_eq!(claim("case/netstat_-rn.txt", &routes).as_deref(), Some("netstat"));
    let out = parse("netstat", "netstat_-rn.txt", &routes);
    assert!(out.observations.is_empty());
    assert_eq!(out.skipped["routes"], 2);
    assert_eq!(claim("bin/netstat", b"\xcf\xfa\xed\xfe\0\0"), None);
    assert_eq!(claim("netstat_-an.txt", b"tcp4\0\0").as_deref(), Some("netstat"));
}

#[test]
fn two_hundred_thousand_rows_are_read() {
    let mut text = String::from("Active Internet connections (including servers)\n");
    text.push_str(
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    \n",
    );
    for n in 0..200_000_u32 {
        let (a, b, port) = (n >> 8 & 255, n & 255, 1024 + n % 60_000);
        writeln!(text, "tcp4 0 0  10.0.{a}.{b}.{port}  *.*  LISTEN").unwrap();
    }
    assert_eq!(sockets(&parse("netstat", "netstat.txt", text.as_bytes())).len(), 200_000);
}
