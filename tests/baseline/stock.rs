//! What macOS itself is expected to do.

use super::{TCP, UDP, baseline, cut, listens, reaches};
use portolan::baseline::program::{Program, Use};
use portolan::baseline::stock::Stock;
use portolan::model::network::Scope;
use portolan::model::service::Direction;

/// The verdict in a word, and the first program of the row.
fn verdict(program: Program<'_>, usage: Use, os: Option<(u32, u32)>) -> String {
    let baseline = baseline();
    let (word, row) = match baseline.stock.expects(&program, usage, os) {
        Stock::Expected { row, .. } => ("expected", Some(row)),
        Stock::OutOfVersion { row } => ("out of version", Some(row)),
        Stock::Masquerade { row } => ("masquerade", Some(row)),
        Stock::AppleFloating => ("floating", None),
        Stock::AppleUnlisted => ("unlisted", None),
        Stock::No => ("no", None),
    };
    match row {
        Some(row) => format!("{word}: {}", row.names.first().map_or("any", String::as_str)),
        None => word.to_owned(),
    }
}

fn is_expected(program: Program<'_>, usage: Use) -> bool {
    verdict(program, usage, None).starts_with("expected")
}

#[test]
fn rows_of_real_listings_without_a_path_are_expected_by_name() {
    let any = Scope::Any;
    let lo = Scope::Loopback;
    let rows = [
        (cut("ControlCe"), listens(TCP, 7000, any)),
        (cut("ControlCe"), listens(TCP, 5000, any)),
        (cut("mDNSRespo"), listens(TCP, 53, any)),
        (cut("mDNSRespo"), listens(UDP, 5353, any)),
        (cut("kdc"), listens(TCP, 88, any)),
        (cut("rapportd"), listens(TCP, 51560, any)),
        (cut("replicato"), listens(UDP, 52214, any)),
        (cut("identitys"), listens(UDP, 60001, any)),
        (cut("sharingd"), listens(UDP, 60002, any)),
        (cut("launchd"), listens(TCP, 22, any)),
        (cut("launchd"), listens(TCP, 5900, any)),
        (cut("launchd"), listens(TCP, 8021, lo)),
        (cut("launchd"), listens(TCP, 631, lo)),
        (cut("ntpd"), listens(UDP, 123, any)),
        (cut("netbiosd"), listens(UDP, 137, any)),
    ];
    for (program, usage) in rows {
        assert!(is_expected(program, usage), "{program:?} {usage:?}");
    }
}

#[test]
fn every_row_is_expected_of_its_own_program_at_each_of_its_places() {
    let baseline = baseline();
    let listens = baseline.stock.listen.iter().map(|row| (Direction::Listen, row));
    let reaches = baseline.stock.outbound.iter().map(|row| (Direction::Outbound, row));
    for (direction, row) in listens.chain(reaches) {
        let protocol = if row.protocol.allows(TCP) { TCP } else { UDP };
        let port = (1..=u16::MAX).find(|port| row.ports.names(*port)).unwrap_or(50000);
        let scope = [Scope::Any, Scope::Lan, Scope::Loopback]
            .into_iter()
            .find(|scope| row.scope.allows(*scope))
            .unwrap();
        let usage = Use::new(direction, protocol, port, scope);
        let exact =
            row.paths.iter().map(|path| path.as_str().replace("**/", "x/").replace('*', ""));
        let inside = exact.map(|path| if path.ends_with('/') { format!("{path}x") } else { path });
        for path in inside {
            let program = Program::at(&path);
            let verdict = baseline.stock.expects(&program, usage, None);
            assert!(
                matches!(verdict, Stock::Expected { .. }),
                "{path} {} {verdict:?}",
                row.describe()
            );
        }
        for name in &row.names {
            let verdict = baseline.stock.expects(&Program::named(name), usage, None);
            assert!(
                matches!(verdict, Stock::Expected { .. }),
                "{name} {} {verdict:?}",
                row.describe()
            );
        }
    }
}

#[test]
fn every_listening_program_elsewhere_is_a_masquerade() {
    let baseline = baseline();
    for row in &baseline.stock.listen {
        let protocol = if row.protocol.allows(TCP) { TCP } else { UDP };
        let port = (1..=u16::MAX).find(|port| row.ports.names(*port)).unwrap_or(50000);
        for name in &row.names {
            let path = format!("/Users/ana/bin/{name}");
            let usage = listens(protocol, port, Scope::Loopback);
            let verdict = baseline.stock.expects(&Program::at(&path), usage, None);
            assert!(matches!(verdict, Stock::Masquerade { .. }), "{path} {verdict:?}");
        }
    }
}

#[test]
fn a_twin_is_a_masquerade_only_with_the_port_and_scope_of_the_real_one() {
    let twin = Program::at("/tmp/ControlCenter");
    let at = |port, scope| verdict(twin, listens(TCP, port, scope), None);
    assert_eq!(at(7000, Scope::Any), "masquerade: ControlCenter");
    assert_eq!(at(7001, Scope::Any), "no");
    let cups = |scope| verdict(Program::at("/opt/x/smbd"), listens(TCP, 445, scope), None);
    assert_eq!(cups(Scope::Any), "masquerade: smbd");
}

#[test]
fn a_program_that_only_shows_a_stock_name_is_a_masquerade() {
    let program = Program { path: Some("/tmp/.x"), ..Program::named("rapportd") };
    assert_eq!(verdict(program, listens(TCP, 50123, Scope::Any), None), "masquerade: rapportd");
}

#[test]
fn a_cut_name_of_a_known_file_accuses_nobody() {
    let program = Program { path: Some("/opt/x/rapportdump"), ..cut("rapportd") };
    assert_eq!(verdict(program, listens(TCP, 50123, Scope::Any), None), "no");
}

#[test]
fn a_stock_program_that_moved_within_apples_places_is_expected() {
    let program = Program::at("/System/Library/PrivateFrameworks/Rapport.framework/rapportd");
    assert!(is_expected(program, listens(TCP, 50123, Scope::Any)));
}

#[test]
fn a_text_that_is_no_path_counts_as_a_name() {
    let program = Program { path: Some("rapportd"), ..Program::default() };
    assert!(is_expected(program, listens(TCP, 50123, Scope::Any)));
    let titled = Program { path: Some("sshd: ana [priv]"), ..Program::default() };
    assert_eq!(verdict(titled, listens(TCP, 22, Scope::Any), None), "no");
}

#[test]
fn another_port_or_a_wider_scope_is_not_stock() {
    let cups = Program::named("cupsd");
    let timed = Program::at("/usr/libexec/timed");
    assert_eq!(verdict(cups, listens(TCP, 6310, Scope::Loopback), None), "no");
    assert_eq!(verdict(timed, listens(UDP, 1234, Scope::Any), None), "unlisted");
    let emlog = Program { label: Some("com.apple.emlog"), ..Program::named("launchd") };
    assert!(is_expected(emlog, listens(UDP, 60762, Scope::Loopback)));
    assert_eq!(verdict(emlog, listens(UDP, 60762, Scope::Any), None), "no");
}

#[test]
fn sharing_widens_the_printer_port_and_says_so() {
    let baseline = baseline();
    let at = |scope| match baseline.stock.expects(&cut("cupsd"), listens(TCP, 631, scope), None) {
        Stock::Expected { row, .. } => row.optional.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(at(Scope::Loopback), None);
    assert_eq!(at(Scope::Any).as_deref(), Some("Printer Sharing"));
}

#[test]
fn a_version_out_of_range_is_a_hint_and_an_unknown_one_is_every_one() {
    let airplay = |os| verdict(cut("ControlCe"), listens(TCP, 5000, Scope::Any), os);
    assert_eq!(airplay(Some((12, 0))), "expected: ControlCenter");
    assert_eq!(airplay(Some((26, 5))), "expected: ControlCenter");
    assert_eq!(airplay(Some((11, 7))), "out of version: ControlCenter");
    assert_eq!(airplay(None), "expected: ControlCenter");
    let ntpd = |os| verdict(Program::at("/usr/sbin/ntpd"), listens(UDP, 123, Scope::Any), os);
    assert_eq!(ntpd(Some((10, 12))), "expected: ntpd");
    assert_eq!(ntpd(Some((10, 13))), "out of version: ntpd");
    let afp = |os| verdict(cut("AppleFile"), listens(TCP, 548, Scope::Any), os);
    assert_eq!(afp(Some((15, 6))), "expected: AppleFileServer");
    assert_eq!(afp(Some((26, 0))), "out of version: AppleFileServer");
}

#[test]
fn launchd_listens_only_for_a_stock_job() {
    let launchd = Program::at("/sbin/launchd");
    let ssh = listens(TCP, 22, Scope::Any);
    assert_eq!(verdict(launchd, ssh, None), "expected: sshd");
    assert_eq!(verdict(launchd.run_by("com.openssh.sshd"), ssh, None), "expected: sshd");
    assert_eq!(verdict(launchd.run_by("com.example.sshd"), ssh, None), "no");
    assert_eq!(verdict(launchd, listens(TCP, 2222, Scope::Any), None), "no");
    assert_eq!(verdict(launchd, listens(TCP, 50022, Scope::Any), None), "no");
    assert_eq!(verdict(Program::at("/tmp/launchd"), ssh, None), "no");
}

#[test]
fn rows_held_by_launchd_explain_its_listeners() {
    let baseline = baseline();
    let labels = |port, scope| -> Vec<String> {
        let rows = baseline.stock.launchd_listener(TCP, port, scope);
        rows.iter().flat_map(|row| row.labels.iter().take(1).cloned()).collect()
    };
    assert_eq!(labels(22, Scope::Any), ["com.openssh.sshd"]);
    assert_eq!(labels(5900, Scope::Any), ["com.apple.screensharing"]);
    assert_eq!(labels(8021, Scope::Loopback), ["com.apple.ftp-proxy"]);
    assert!(labels(8021, Scope::Any).is_empty());
    assert!(labels(4444, Scope::Any).is_empty());
    assert!(
        labels(5901, Scope::Loopback).is_empty(),
        "screensharingd holds further sessions itself"
    );
}

#[test]
fn a_label_tells_where_its_job_listens() {
    let baseline = baseline();
    let ports = |label| -> Vec<String> {
        baseline.stock.label_ports(label).iter().map(|row| row.ports.to_string()).collect()
    };
    assert_eq!(ports("com.openssh.sshd"), ["22"]);
    assert_eq!(ports("com.apple.screensharing"), ["5900"]);
    assert_eq!(ports("com.apple.controlcenter"), ["5000, 7000"]);
    assert!(ports("com.example.agent").is_empty());
}

#[test]
fn unlisted_programs_of_apples_float_on_ephemeral_ports_only() {
    let program = Program::at("/System/Library/PrivateFrameworks/X.framework/xd");
    let at = |usage| verdict(program, usage, None);
    assert_eq!(at(listens(TCP, 50000, Scope::Any)), "floating");
    assert_eq!(at(listens(TCP, 4444, Scope::Any)), "unlisted");
    assert_eq!(at(reaches(TCP, 50000, Scope::Any)), "unlisted");
    let high = Use { is_ephemeral: false, ..listens(TCP, 50000, Scope::Any) };
    assert_eq!(at(high), "unlisted", "the host's own ephemeral range counts");
    assert_eq!(verdict(Program::named("xd"), listens(TCP, 50000, Scope::Any), None), "no");
}

#[test]
fn being_apples_excuses_no_instrument() {
    for path in [
        "/usr/bin/nc",
        "/bin/bash",
        "/usr/bin/python3",
        "/usr/bin/ssh",
        "/usr/bin/perl5.30",
        "/System/Library/Frameworks/Python.framework/Versions/2.7/Resources/Python.app/Contents/MacOS/Python",
    ] {
        let program = Program::at(path);
        assert!(baseline().stock.is_instrument(&program), "{path}");
        assert_eq!(verdict(program, listens(TCP, 50000, Scope::Any), None), "no", "{path}");
        assert_eq!(verdict(program, listens(TCP, 4444, Scope::Any), None), "no", "{path}");
        assert_eq!(verdict(program, reaches(TCP, 5223, Scope::Any), None), "no", "{path}");
    }
}

#[test]
fn a_program_of_apples_run_by_somebody_elses_job_is_not_stock() {
    let sshd = Program::at("/usr/sbin/sshd");
    let usage = listens(TCP, 22, Scope::Any);
    assert!(is_expected(sshd, usage));
    assert!(is_expected(sshd.run_by("com.openssh.sshd"), usage));
    assert_eq!(verdict(sshd.run_by("com.example.tunnel"), usage, None), "no");
    let high = listens(TCP, 50022, Scope::Any);
    assert_eq!(verdict(sshd.run_by("com.example.tunnel"), high, None), "no");
    let airplay = Program::named("ControlCenter").run_by("application.com.apple.controlcenter.1.2");
    assert!(is_expected(airplay, listens(TCP, 7000, Scope::Any)));
}

#[test]
fn syslogd_on_the_network_is_never_stock() {
    let program = Program::at("/usr/sbin/syslogd");
    assert_eq!(verdict(program, listens(UDP, 514, Scope::Any), None), "unlisted");
    assert_eq!(verdict(cut("syslogd"), listens(UDP, 514, Scope::Any), None), "no");
}

#[test]
fn programs_of_apples_reach_apples_ports() {
    let apsd = "/System/Library/PrivateFrameworks/ApplePushService.framework/apsd";
    assert!(is_expected(Program::at(apsd), reaches(TCP, 5223, Scope::Any)));
    assert!(is_expected(cut("apsd"), reaches(TCP, 5223, Scope::Any)));
    let any = Program::at("/usr/libexec/xd");
    assert!(is_expected(any, reaches(TCP, 2197, Scope::Any)));
    assert!(is_expected(any, reaches(TCP, 7000, Scope::Lan)));
    assert_eq!(verdict(any, reaches(TCP, 7000, Scope::Any), None), "unlisted");
    assert_eq!(verdict(any, reaches(TCP, 5228, Scope::Any), None), "unlisted");
    let other = Program::at("/Applications/X.app/Contents/MacOS/X");
    assert_eq!(verdict(other, reaches(TCP, 5223, Scope::Any), None), "no");
}

#[test]
fn a_connection_to_a_stock_listener_is_expected_from_any_peer() {
    let inbound = Use::new(Direction::Inbound, TCP, 22, Scope::Any);
    assert!(is_expected(Program::at("/usr/libexec/sshd-session"), inbound));
    let unknown = Use::new(Direction::Inbound, TCP, 631, Scope::Unknown);
    assert!(is_expected(Program::at("/usr/sbin/cupsd"), unknown));
}

#[test]
fn only_apples_places_are_apples() {
    let stock = &baseline().stock;
    for path in [
        "/System/Library/CoreServices/x",
        "/System/Applications/Music.app/Contents/MacOS/Music",
        "/System/Volumes/Preboot/Cryptexes/App/System/Applications/Safari.app/Contents/MacOS/Safari",
        "/usr/libexec/x",
        "/sbin/launchd",
        "/bin/ls",
        "/Library/Apple/System/Library/CoreServices/XProtect.app/Contents/MacOS/XProtect",
    ] {
        assert!(stock.is_apple_place(path), "{path}");
    }
    for path in [
        "/usr/local/bin/x",
        "/usr/../tmp/x",
        "/System/../private/tmp/x",
        "/System/Volumes/Data/usr/bin/x",
        "/System/Volumes/Data/Users/ana/x",
        "/Library/Apple/x",
        "/Users/ana/System/Library/x",
        "/Systems/x",
        "usr/bin/x",
        "",
    ] {
        assert!(!stock.is_apple_place(path), "{path}");
    }
}

#[test]
fn an_unknown_owner_is_held_against_all_sets_together() {
    let baseline = baseline();
    assert!(baseline.union_allows(listens(TCP, 22, Scope::Any)));
    assert!(baseline.union_allows(listens(TCP, 50000, Scope::Any)));
    assert!(baseline.union_allows(listens(UDP, 5353, Scope::Any)));
    assert!(!baseline.union_allows(listens(TCP, 4444, Scope::Any)));
    assert!(!baseline.union_allows(listens(TCP, 8021, Scope::Any)));
    assert!(baseline.union_allows(reaches(TCP, 443, Scope::Any)));
    assert!(baseline.union_allows(reaches(TCP, 5228, Scope::Any)));
    assert!(!baseline.union_allows(reaches(TCP, 1337, Scope::Any)));
}

#[test]
fn no_text_as_a_name_or_path_is_too_odd() {
    arbtest::arbtest(|u| {
        let (path, name, label): (Option<String>, Option<String>, Option<String>) =
            u.arbitrary()?;
        let program = Program {
            path: path.as_deref(),
            name: name.as_deref(),
            name_cut: u.arbitrary()?,
            label: label.as_deref(),
        };
        let usage = listens(TCP, u.arbitrary()?, Scope::Any);
        baseline().stock.expects(&program, usage, u.arbitrary()?);
        Ok(())
    })
    .budget_ms(300);
}
