//! When an exception holds: by the acquisition that shows it, at the edges of its days, and what is said of it.

use super::{exception, policy, told_with, with};
use crate::rules::daemon;
use crate::story::{Mac, Told, job, told_against};
use crate::support::Scratch;
use portolan::hosts::Options;
use portolan::model::interval::Window;
use portolan::model::particulars::{Particulars, Seen};
use std::path::PathBuf;

const PLIST: &str = "/Library/LaunchDaemons/com.apple.fake.plist";

/// The anomaly of the job that only one of two acquisitions shows, in one folder of evidence and in two.
fn of_two_acquisitions(march: &Mac, april: &Mac, text: &str) -> [Told; 2] {
    let scratch = Scratch::new("two-acquisitions");
    let folder = scratch.path().join("case");
    march.files().and(april.files()).write(&folder);
    let mut apart: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    apart.sort();
    let expectations = with(policy(text));
    let told = |evidence: &[PathBuf]| told_against(evidence, &Options::default(), &expectations);
    [told(&[folder]), told(&apart)]
}

#[test]
fn a_job_is_held_against_the_acquisition_that_shows_it_however_the_evidence_was_given() {
    let bare = Mac::new().without_boot();
    let march = bare.clone().on("2026-03-02", "09:13");
    let with_job = march.clone().plist(PLIST, &job("com.apple.fake", &["/opt/x/x"], ""));
    let text = exception("match = { label = \"com.apple.fake\" }");
    for told in of_two_acquisitions(&with_job, &bare, &text) {
        assert_eq!(told.host().acquisitions.len(), 2);
        let covered = told.only_anomaly().exception.as_deref();
        assert_eq!(covered, Some("EX-12"), "{}", told.only_anomaly().explanation);
    }
    let late = bare.clone().plist(PLIST, &job("com.apple.fake", &["/opt/x/x"], ""));
    for told in of_two_acquisitions(&march, &late, &text) {
        assert_eq!(told.only_anomaly().rules, ["P11", "P16"]);
    }
}

#[test]
fn p16_names_the_exception_that_ended_last() {
    let asked = "match = { label = \"com.corp.ttyd\" }";
    let old = exception(asked).replace("EX-12", "EX-1").replace("2026-03-31", "2024-12-31");
    let mac = daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)");
    let told = told_with(&mac, &format!("{old}{}", exception(asked)));
    let reason = &told.only_anomaly().factors[1].reason;
    assert!(reason.starts_with("EX-12 expired 15 days before"), "{reason}");
}

#[test]
fn what_was_there_before_an_exception_held_is_said() {
    let mac = daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)")
        .booted("2026-03-01T08:00:00Z");
    let early = mac.clone().on("2026-03-10", "09:13");
    let asked = "from = 2026-04-01\nmatch = { label = \"com.corp.ttyd\" }";
    let text = exception(asked).replace("2026-03-31", "2026-12-31");
    let expectations = with(policy(&text));
    let told = crate::story::several_against(&[early, mac], &expectations);
    let of = told.anomalies(7681);
    let covered: Vec<_> = of.iter().filter(|one| !one.is_open()).collect();
    assert!(!covered.is_empty());
    for anomaly in of {
        let first = told.ports().bindings[anomaly.binding.unwrap()].interval.unwrap().first_seen;
        let is_early = first < crate::story::time("2026-04-01T00:00:00Z");
        let said = anomaly.explanation.contains("It was seen before that held: from 2026-03-10");
        assert_eq!(said, is_early && !anomaly.is_open(), "{}", anomaly.explanation);
    }
}

#[test]
fn a_note_says_that_its_exception_expired_though_p16_makes_nothing_of_it() {
    let config = "Port 2222\n";
    let mac = Mac::new().file("/etc/ssh/sshd_config", config);
    let told = told_with(&mac, &exception("match = { host = \"otter-*\" }"));
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P20"]);
    let said = "EX-12 expired 15 days before capture (valid until 2026-03-31 UTC).";
    assert!(anomaly.explanation.ends_with(said), "{}", anomaly.explanation);
}

/// What the exception EX-12 is for something that was last seen at some time between these.
fn last_seen_between(lo: &str, hi: &str) -> String {
    let (lo, hi) = (crate::story::time(lo), crate::story::time(hi));
    let known = Particulars {
        label: Some("com.corp.ttyd".into()),
        seen: Some(Seen { first: hi, last: Window::new(lo, hi) }),
        ..Particulars::default()
    };
    let asked = exception("from = 2026-03-01\nmatch = { label = \"com.corp.ttyd\" }");
    let policy = policy(&asked);
    let verdict = policy.verdict(&known);
    format!("{verdict:?}").split(['(', '{']).next().unwrap().to_owned()
}

#[test]
fn what_may_have_been_last_seen_while_an_exception_held_is_neither_covered_nor_accused() {
    for (lo, hi, wanted) in [
        ("2026-03-31T23:00:00Z", "2026-03-31T23:59:59Z", "Excepted"),
        ("2026-03-31T23:59:00Z", "2026-04-01T00:01:00Z", "Unsettled"),
        ("2026-04-01T00:00:00Z", "2026-04-01T00:01:00Z", "Expired"),
        ("2026-02-28T23:59:00Z", "2026-03-01T00:01:00Z", "Unsettled"),
        ("2026-02-28T23:58:00Z", "2026-02-28T23:59:00Z", "NotYet"),
    ] {
        assert_eq!(last_seen_between(lo, hi), wanted, "{lo} {hi}");
    }
}
