//! What sources could not have shown.

use crate::story::{Files, Lsof, Mac, Netstat, Told, time};
use crate::support::fixture_bytes;
use portolan::hosts::{Coverage, Sees};
use portolan::model::network::Protocol;
use portolan::model::service::Direction;

/// The rows of a direction and protocol, of a source or of none.
fn rows(told: &Told, direction: Direction, protocol: Protocol, of_source: bool) -> Vec<&Coverage> {
    let all = told.host().coverage.iter();
    all.filter(|row| (row.direction, row.protocol) == (direction, Some(protocol)))
        .filter(|row| row.source.is_some() == of_source)
        .collect()
}

/// A unified log of one line that says nothing of sockets.
fn log() -> String {
    "Timestamp                       Thread     Type        Activity             PID    TTL  \n\
     2026-04-15 09:12:50.000001-0300 0x1        Default     0x0                  0      0    kernel: hello\n\
     2026-04-15 09:12:51.000001-0300 0x1        Default     0x0                  0      0    kernel: bye\n"
        .to_owned()
}

fn version(version: &str) -> String {
    format!("ProductName:\t\tmacOS\nProductVersion:\t\t{version}\nBuildVersion:\t\t24A1\n")
}

#[test]
fn a_log_without_lines_of_the_kernel_is_told_apart_by_the_version_of_macos() {
    for (number, word) in [
        ("14.4", "unlogged-by-this-macos-version"),
        ("15.4.1", "unlogged-by-this-macos-version"),
        ("15.5", "not logged"),
        ("26.0", "not logged"),
    ] {
        let told = Mac::new()
            .file("live_response/system/sw_vers.txt", version(number))
            .file("logs/log_show.txt", log())
            .told();
        let found = rows(&told, Direction::Outbound, Protocol::Tcp, true);
        let words: Vec<_> = found.iter().map(|row| row.blind_to.clone()).collect();
        assert!(words.contains(&vec![word]), "{number}: {words:?}");
    }
}

#[test]
fn a_log_that_begins_after_its_boot_says_so() {
    let export = String::from_utf8(fixture_bytes("unified-log-text/default.txt")).unwrap();
    let line = export.lines().find(|line| line.contains("tcp connect outgoing")).unwrap();
    let at = line.split_at(26).0;
    let told = Mac::new()
        .booted("2026-04-01T00:00:00Z")
        .file("logs/log_show.txt", export.replace(at.split(' ').next().unwrap(), "2026-04-15"))
        .told();
    let found = rows(&told, Direction::Outbound, Protocol::Tcp, true);
    let late = found.iter().find(|row| row.blind_to.contains(&"retention"));
    let late = late.unwrap_or_else(|| panic!("{found:#?}"));
    assert!(late.detail.contains("the boot at 2026-04-01T00:00:00"), "{}", late.detail);
}

#[test]
fn a_boot_of_which_no_source_shows_something_has_a_row_that_says_so() {
    let told = Mac::new()
        .tcp(Netstat::listens("tcp4", "*.8080"))
        .launchd_log(&["2026-04-01 08:00:00.000000 <Notice>: launchd logging initialized"])
        .told();
    let host = told.host();
    assert_eq!(host.boots.len(), 2);
    let of = |boot: usize, direction, protocol| {
        let found = rows(&told, direction, protocol, false);
        found.into_iter().find(|row| row.boot == Some(boot))
    };
    let earlier = of(0, Direction::Listen, Protocol::Tcp).unwrap();
    assert_eq!(
        (earlier.sees, earlier.blind_to.as_slice()),
        (Sees::No, ["not-collected"].as_slice())
    );
    assert_eq!(earlier.window.unwrap().lo, time("2026-04-01T11:00:00Z"));
    assert!(of(1, Direction::Listen, Protocol::Tcp).is_none(), "netstat shows it");
    assert!(of(1, Direction::Outbound, Protocol::Udp).is_some(), "{:#?}", host.coverage);
}

#[test]
fn sockets_of_other_users_are_unseen_where_one_user_ran_lsof() {
    let told = Files::default()
        .with(
            "case/lsof.txt",
            format!("{}\n{}\n", Lsof::HEAD, Lsof::tcp("node", 9, 1, "*:3000 (LISTEN)").line()),
        )
        .told();
    let found = rows(&told, Direction::Listen, Protocol::Tcp, true);
    assert!(found.iter().all(|row| row.blind_to.contains(&"other users' sockets")), "{found:#?}");
}
