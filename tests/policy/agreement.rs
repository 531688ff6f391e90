//! `exceptions check` asks what the run asked: nothing that a run names is unused, nothing that it leaves is covered.

use super::command::{check, excepted, policy_in, portolan, run_of, shown};
use super::exception;
use crate::rules::daemon;
use crate::story::{Lsof, Mac};
use crate::support::Scratch;
use portolan::write::recall::recall;

/// Whether a run of a Mac's evidence has something covered, and what `check` says after it.
fn both(name: &str, mac: &Mac, text: &str) -> (bool, String) {
    let scratch = Scratch::new(name);
    let policy = policy_in(&scratch, text);
    let (out, said) = run_of(&scratch, mac, &["--policy", shown(&policy)]);
    assert_eq!(said.0, 0, "{}", said.2);
    (!excepted(&out).is_empty(), check(&policy, &[shown(&out)]).1)
}

fn valid(asked: &str) -> String {
    exception(asked).replace("2026-03-31", "2026-12-31")
}

#[test]
fn a_long_name_that_nothing_cut_is_used_and_one_that_lsof_cut_is_not() {
    let netstat = [("tcp4", "*.6055", "*.*", "LISTEN", "lurkerlurker:901", 7)];
    let listing = crate::story::netstat_26(&netstat);
    let mac = Mac::new().file("/live_response/network/netstat_-anv.txt", &listing);
    let cut = Mac::new().lsof(Lsof::tcp("lurkerlurker", 901, 0x90, "*:6055 (LISTEN)"));
    let asked = "match = { process = \"lurkerlur*\", ports = [\"6055\"] }";
    for (name, mac) in [("agree-whole", &mac), ("agree-cut", &cut)] {
        let (covered, said) = both(name, mac, &valid(asked));
        assert_eq!(covered, !said.contains("unused"), "{said}");
    }
}

#[test]
fn the_hosts_own_ephemeral_ports_count() {
    let mac = daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:40001 (LISTEN)");
    let range = "net.inet.ip.portrange.first: 40000\nnet.inet.ip.portrange.last: 40100\n";
    let asked = "match = { label = \"com.corp.ttyd\", ports = [\"dynamic\"] }";
    for (name, mac) in [
        ("agree-stock-range", mac.clone()),
        ("agree-own-range", mac.file("/live_response/system/sysctl_-a.txt", range)),
    ] {
        let (covered, said) = both(name, &mac, &valid(asked));
        assert_eq!(covered, !said.contains("unused"), "{name}: {said}");
    }
}

#[test]
fn an_exception_that_p16_names_is_used() {
    let mac = daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)");
    let asked = "match = { label = \"com.corp.ttyd\", ports = [\"7681\"] }";
    let (covered, said) = both("agree-p16", &mac, &exception(asked));
    assert!(!covered && said.contains("expired") && !said.contains("unused"), "{said}");
}

#[test]
fn what_the_run_asked_is_what_the_check_asks_of_every_anomaly() {
    let scratch = Scratch::new("agree-all");
    let hosts = crate::support::fixture("hosts");
    let mut compared = 0;
    for entry in std::fs::read_dir(&hosts).unwrap() {
        let (evidence, out) = (entry.unwrap().path(), scratch.path().join("out"));
        let said = portolan(&["analyze", shown(&evidence), "--out", shown(&out), "--force"]);
        assert_eq!(said.0, 0, "{}", said.2);
        let run = crate::story::told(&[evidence], &portolan::hosts::Options::default());
        let mut known: Vec<_> =
            run.0.anomalies.iter().map(|one| (one.id.clone(), &one.particulars)).collect();
        let recalled = recall(&out).unwrap();
        let mut read: Vec<_> =
            recalled.anomalies.iter().map(|one| (one.id.clone(), &one.particulars)).collect();
        known.sort_by(|one, other| one.0.cmp(&other.0));
        read.sort_by(|one, other| one.0.cmp(&other.0));
        compared += known.len();
        assert_eq!(known, read);
    }
    assert!(compared > 0);
}

#[test]
fn a_run_on_exports_of_logs_is_held_against_its_last_observation() {
    let scratch = Scratch::new("agree-logs");
    let text = "2026-04-15 09:13:00.000000-0300 0x1 Default 0x0 0 0 kernel: tcp listen: \
        [<IPv4-redacted>:7681<-><IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: 5 t_state: \
        LISTEN process: ttyd:640 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n";
    let (log, out) = (scratch.write("export.log", text), scratch.path().join("out"));
    let asked = "from = 2026-05-01\nmatch = { process = \"ttyd\", ports = [\"7681\"] }";
    let policy = policy_in(&scratch, &exception(asked).replace("2026-03-31", "2026-06-01"));
    let said =
        portolan(&["analyze", shown(&log), "--out", shown(&out), "--policy", shown(&policy)]);
    assert_eq!(said.0, 0, "{}", said.2);
    let (_, printed, _) = check(&policy, &[shown(&out), "--suggest"]);
    assert!(printed.contains("not yet valid at the last observation 2026-04-15"), "{printed}");
    assert!(printed.contains("until = 2026-07-14\n"), "{printed}");
}
