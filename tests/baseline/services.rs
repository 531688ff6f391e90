//! Service names.

use super::{TCP, UDP, baseline};
use portolan::baseline::services::ServiceTable;

#[test]
fn names_and_aliases_have_ports() {
    let services = &baseline().services;
    for (name, port) in [
        ("ssh", 22),
        ("vnc-server", 5900),
        ("rfb", 5900),
        ("eppc", 3031),
        ("microsoft-ds", 445),
        ("afpovertcp", 548),
        ("printer", 515),
        ("irdmi", 8000),
        ("menandmice-dns", 1337),
        ("commplex-main", 5000),
        ("http-alt", 8080),
    ] {
        assert_eq!(services.service_port(name, TCP), Some(port), "{name}");
    }
    assert_eq!(services.service_port("tftp", UDP), Some(69));
    assert_eq!(services.service_port("no-such-name", TCP), None);
    assert_eq!(services.service_port("", TCP), None);
}

#[test]
fn protocols_have_their_own_names() {
    let services = &baseline().services;
    assert_eq!(services.service_name(512, TCP), Some("exec"));
    assert_eq!(services.service_name(512, UDP), Some("comsat"));
    assert_eq!(services.service_name(514, UDP), Some("syslog"));
    assert_eq!(services.service_port("login", UDP), None);
    assert_eq!(services.service_name(8888, UDP), Some("ddi-udp-1"));
}

#[test]
fn names_that_mislead_are_those_that_macos_shows() {
    let services = &baseline().services;
    for (port, name) in [
        (555, "dsf"),
        (1234, "search-agent"),
        (1337, "menandmice-dns"),
        (2222, "rockwell-csp2"),
        (3722, "xserveraid"),
        (4444, "krb524"),
        (5000, "commplex-main"),
        (5555, "personal-agent"),
        (7000, "afs3-fileserver"),
        (8000, "irdmi"),
        (8021, "intu-ec-client"),
        (8081, "sunproxyadmin"),
        (8443, "pcsync-https"),
        (8770, "dpap"),
        (8888, "ddi-tcp-1"),
        (500, "isakmp"),
        (9418, "git"),
    ] {
        assert_eq!(services.service_name(port, TCP), Some(name));
    }
    assert_eq!(services.service_name(27017, TCP), None, "macOS has no name for it");
}

#[test]
fn a_name_cut_at_fifteen_characters_is_read_if_it_is_the_only_one() {
    let text = |names: &str| {
        format!(
            "schema = 1\nversion = \"2026-01-01\"\n[[group]]\nbasis = \"K\"\nsource = \"x\"\nnames = [{names}]"
        )
    };
    let one = ServiceTable::parse(&text("\"abcdefghijklmnopq 7\", \"abc 8\"")).unwrap();
    assert_eq!(one.service_port("abcdefghijklmno", TCP), Some(7));
    assert_eq!(one.service_port("abcdefghijklmn", TCP), None, "netstat would show one more");
    let two =
        ServiceTable::parse(&text("\"abcdefghijklmnopq 7\", \"abcdefghijklmnoxy 8\"")).unwrap();
    assert_eq!(two.service_port("abcdefghijklmno", TCP), None);
}

#[test]
fn the_first_name_of_a_port_wins() {
    let services = &baseline().services;
    assert_eq!(services.service_name(80, TCP), Some("http"));
    assert_eq!(services.service_port("www", TCP), Some(80));
}
