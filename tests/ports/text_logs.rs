//! What the plain-text logs of `/var/log` say of boots, logins and the firewall, once they are dated.

use crate::story::{Files, Told, time};
use portolan::hosts::{Coverage, Options, Sees};
use portolan::model::binding::BindingState;
use portolan::model::network::Protocol;
use portolan::model::observation::ProblemKind;
use portolan::model::service::Direction;
use portolan::model::stamp;

fn told(path: &str, text: &str, captured_at: &str) -> Told {
    let captured_at = Some(time(captured_at));
    Files::default().with(path, text).told_with(&Options { captured_at, ..Options::default() })
}

fn row(told: &Told, direction: Direction, protocol: Protocol) -> &Coverage {
    let mut rows = told.host().coverage.iter().filter(|row| row.source.is_some());
    rows.find(|row| (row.direction, row.protocol) == (direction, Some(protocol))).unwrap()
}

const SYSTEM: &str = "\
    Dec 30 08:00:00 localhost bootlog[0]: BOOT_TIME 1577692800 0\n\
    Dec 31 23:50:00 otter-07 sshd[655]: Accepted password for x from 192.0.2.9 port 50001 ssh2\n\
    Dec 31 23:58:30 otter-07 shutdown[700]: SHUTDOWN_TIME: 1577836710 0\n\
    Jan  1 00:00:10 localhost bootlog[0]: BOOT_TIME 1577836810 0\n\
    Jan  1 00:05:00 otter-07 sshd[300]: Accepted password for x from 192.0.2.9 port 50002 ssh2\n";

#[test]
fn a_system_log_tells_boots_and_when_they_ended() {
    let told = told("case/private/var/log/system.log", SYSTEM, "2020-02-01T00:00:00Z");
    let boots = &told.host().boots;
    let starts: Vec<(String, &str)> =
        boots.iter().map(|boot| (stamp(boot.started.unwrap().lo), &*boot.source)).collect();
    assert_eq!(
        starts,
        [
            ("2019-12-30T08:00:00.000000Z".to_owned(), "system.log"),
            ("2020-01-01T00:00:10.000000Z".to_owned(), "system.log")
        ]
    );
    let ended = boots[0].ended.unwrap();
    assert_eq!(stamp(ended.lo), "2019-12-31T23:58:30.000000Z", "not before the shutdown");
    assert_eq!(stamp(ended.hi), "2020-01-01T00:00:10.999999Z", "not after the next start");
}

#[test]
fn logins_on_both_sides_of_new_year_have_their_own_years_and_boots() {
    let told = told("case/private/var/log/system.log", SYSTEM, "2020-02-01T00:00:00Z");
    let mut seen: Vec<(String, Option<usize>)> = told
        .bindings(22)
        .iter()
        .map(|binding| (stamp(binding.interval.unwrap().first_seen), binding.boot))
        .collect();
    seen.sort();
    let expected = [("2019-12-31T23:50:00", 0), ("2020-01-01T00:05:00", 1)];
    assert_eq!(seen.len(), 2);
    for ((seen, boot), (expected, index)) in seen.iter().zip(expected) {
        assert!(seen.starts_with(expected), "{seen}");
        assert_eq!(*boot, Some(index));
    }
}

#[test]
fn a_shutdown_of_which_no_line_tells_the_boot_does_not_end_one() {
    let told = Files::default()
        .with("case/private/var/log/system.log", SYSTEM.replace("SHUTDOWN_TIME: 1577836710", "x"))
        .with("case/Extra/shutdown.log", "SIGTERM: [1577836400] All buffers flushed\n")
        .told_with(&Options {
            captured_at: Some(time("2020-02-01T00:00:00Z")),
            ..Options::default()
        });
    let ended = told.host().boots[0].ended.unwrap();
    assert_eq!(
        stamp(ended.lo),
        "2019-12-31T23:50:00.000000Z",
        "there may be boots between the two"
    );
}

#[test]
fn a_login_shows_who_came_and_nothing_of_what_was_held() {
    let told = told("case/private/var/log/system.log", SYSTEM, "2020-02-01T00:00:00Z");
    assert_eq!(row(&told, Direction::Inbound, Protocol::Tcp).sees, Sees::Partly);
    assert_eq!(row(&told, Direction::Inbound, Protocol::Udp).sees, Sees::No);
    assert_eq!(row(&told, Direction::Listen, Protocol::Tcp).sees, Sees::No);
    assert_eq!(row(&told, Direction::Outbound, Protocol::Tcp).sees, Sees::No);
    let general = told.host().coverage.iter().filter(|row| row.boot.is_none());
    let general = general.filter(|row| row.blind_to == ["not-collected"]);
    assert_eq!(general.count(), 1, "there is still no listing of sockets");
}

#[test]
fn the_day_of_the_week_narrows_the_year() {
    let text = "Tue Dec 31 23:59:38.165 ***Starting Up***\n\
                Wed Jan  1 01:12:17.311 <airportd[88]> _handleLinkEvent: en0\n";
    let told = told("case/private/var/log/wifi.log", text, "2022-06-01T00:00:00Z");
    let window = row(&told, Direction::Listen, Protocol::Tcp).window.unwrap();
    assert_eq!(stamp(window.lo), "2019-12-31T23:59:38.165000Z");
    assert_eq!(stamp(window.hi), "2020-01-01T01:12:17.311999Z");
}

#[test]
fn what_the_firewall_denied_held_no_port_and_accuses_nobody() {
    let text = "\
        Nov  2 04:07:39 otter socketfilterfw[112] <Info>: Stealth Mode connection attempt to UDP 192.0.2.1:137 from 192.0.2.9:137\n\
        Nov  2 04:07:40 otter socketfilterfw[112] <Info>: Deny harbord connecting from 192.0.2.9:50124 to port 8444 proto=6\n\
        Nov  2 04:07:41 otter socketfilterfw[112] <Info>: Allow harbord connecting from 192.0.2.9:50123 to port 8443 proto=6\n";
    let told = told("case/private/var/log/appfirewall.log", text, "2020-02-01T00:00:00Z");
    assert_eq!(told.binding(8444).state, BindingState::Failed);
    assert!(told.anomalies(8444).is_empty() && told.anomalies(137).is_empty());
    let allowed = told.binding(8443);
    assert_eq!((allowed.state, allowed.direction), (BindingState::Established, Direction::Inbound));
    assert_eq!((allowed.process.as_deref(), allowed.pid), (Some("harbord"), None));
    assert_eq!(row(&told, Direction::Inbound, Protocol::Tcp).sees, Sees::Partly);
    assert_eq!(row(&told, Direction::Listen, Protocol::Tcp).sees, Sees::No);
}

/// What is doubtful about the times of a file that lies there, with nothing to date it but its modification time.
fn doubts(path: &str, text: &str) -> Vec<String> {
    let told = Files::default().with(path, text).told();
    told.problems(ProblemKind::AmbiguousTime).iter().map(ToString::to_string).collect()
}

#[test]
fn a_guessed_year_and_an_assumed_zone_are_told_once_a_file() {
    const FIREWALL: &str = "\
        Mar  7 11:21:26 otter-07 socketfilterfw[200] <Info>: Deny dovecote data in from 192.0.2.9:50001 to port 80 proto=6\n\
        Mar  7 11:22:26 otter-07 socketfilterfw[200] <Info>: Deny dovecote data in from 192.0.2.9:50002 to port 80 proto=6\n";
    const WIFI: &str = "\
        Sat Mar  7 11:21:26.001 ***Starting Up***\n\
        Sat Mar  7 11:22:26.001 <kernel> Setting BTCoex Config: enable_2G:1\n";
    for (path, text) in [
        ("case/private/var/log/system.log", SYSTEM),
        ("case/private/var/log/appfirewall.log", FIREWALL),
        ("case/private/var/log/wifi.log", WIFI),
    ] {
        let doubts = doubts(path, text);
        let told = |what: &str| doubts.iter().filter(|doubt| doubt.contains(what)).count();
        assert_eq!(told("no year"), 1, "{path}: {doubts:?}");
        assert_eq!(told("UTC is assumed"), 1, "{path}: {doubts:?}");
    }
}

#[test]
fn the_zone_that_a_log_in_text_lacks_is_told() {
    let compact = "\
        Timestamp               Ty Process[PID:TID]\n\
        2026-05-04 08:00:01.000 Df kernel[0:1f2e3] tcp listen: [<IPv4-redacted>:8443<-><IPv4-redacted>:0] interface:  (skipped: 0)\n\
        so_gencnt: 501 t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n";
    let doubts = doubts("case/log.txt", compact);
    assert_eq!(doubts.len(), 1, "{doubts:?}");
    assert!(doubts[0].contains("UTC is assumed"), "{doubts:?}");
}

#[test]
fn the_year_of_an_examiner_s_time_is_not_a_guess() {
    let told = told("case/private/var/log/system.log", SYSTEM, "2020-02-01T00:00:00Z");
    let doubts = told.problems(ProblemKind::AmbiguousTime);
    assert!(!doubts.iter().any(|doubt| doubt.contains("no year")), "{doubts:?}");
}
