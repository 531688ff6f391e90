//! `exceptions check` asks what the run asked: nothing that a run names is unused, nothing that it leaves is covered.

use super::command::{check, excepted, policy_in, run_of, shown};
use super::exception;
use crate::rules::daemon;
use crate::story::{Lsof, Mac};
use crate::support::Scratch;

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
