//! The table of points.

use super::{TCP, UDP, listens, reaches};
use portolan::model::anomaly::Severity;
use portolan::model::network::Scope;
use portolan::rules::scoring::{Feature, RuleId, Scoring, TEXT, load};

#[test]
fn points_are_those_of_the_design() {
    let scoring = load().unwrap();
    let base: Vec<i32> = RuleId::ALL.iter().map(|rule| scoring.base(*rule)).collect();
    assert_eq!(base, [30, 20, 45, 35, 35, 40, 15, 30, 60, 5, 30, 50, 25, 0, 30, 5, 10, 5, 5, 5]);
    assert_eq!(scoring.variants.orphan_partial_coverage, 20);
    assert_eq!(scoring.weight(Feature::Persistence), 10);
    assert_eq!(scoring.weight(Feature::SignatureApple), -25);
    assert_eq!(scoring.weight(Feature::HomebrewUserWritable), 0);
    assert_eq!(scoring.caps.shell_in_arguments_only, 59);
    assert_eq!(scoring.floors.orphan_listener, 40);
    assert_eq!((scoring.variants.further_rule, scoring.variants.further_rules_most), (5, 15));
}

#[test]
fn names_of_rules_and_features_are_unique() {
    let mut names: Vec<&str> = RuleId::ALL.iter().map(|rule| rule.as_str()).collect();
    names.extend(Feature::ALL.iter().map(|feature| feature.as_str()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// The complaint about the table with one text replaced by another.
fn complaint(old: &str, new: &str) -> String {
    assert!(TEXT.contains(old), "{old}");
    Scoring::parse(&TEXT.replacen(old, new, 1)).unwrap_err()
}

#[test]
fn missing_and_unknown_keys_are_errors_that_name_them() {
    assert_eq!(complaint("P07 = 15", ""), "scoring: the rule P07 has no points");
    assert_eq!(complaint("P07 = 15", "P07 = 15\nP99 = 1"), "scoring: there is no rule P99");
    let missing = complaint("persistence = 10", "");
    assert_eq!(missing, "scoring: the feature persistence has no points");
    let unknown = complaint("persistence = 10", "persistence = 10\nluck = 3");
    assert_eq!(unknown, "scoring: there is no feature luck");
    assert!(complaint("direction_unknown = 39", "").contains("direction_unknown"));
    assert!(complaint("direction_unknown = 39", "direction_unknown = 39\nx = 1").contains('x'));
    assert!(complaint("P07 = 15", "P07 = \"15\"").contains("P07"));
}

#[test]
fn levels_are_those_in_force() {
    assert_eq!(complaint("low = 20", "low = 25"), "scoring: the level low does not begin at 25");
    assert_eq!(Severity::of_score(20), Some(Severity::Low));
}

#[test]
fn callback_ports_are_the_lists_of_sigma_and_two_of_malware() {
    let scoring = load().unwrap();
    let is = |port| scoring.is_callback_port(reaches(TCP, port, Scope::Any));
    for port in [100, 888, 1337, 2222, 4443, 4444, 5633, 7777, 8531, 13505, 65535] {
        assert!(is(port), "{port}");
    }
    for port in [80, 443, 8080, 8888, 4445, 9991, 22] {
        assert!(!is(port), "{port}");
    }
    assert!(scoring.is_callback_port(listens(TCP, 4444, Scope::Any)));
}

#[test]
fn multicast_services_are_shared_over_udp_only() {
    let scoring = load().unwrap();
    assert!(scoring.is_multicast_service(listens(UDP, 5353, Scope::Any)));
    assert!(!scoring.is_multicast_service(listens(TCP, 5353, Scope::Any)));
}

#[test]
fn staged_programs_lie_where_anybody_can_write() {
    let places = load().unwrap().places;
    for path in [
        "/tmp/x",
        "/private/tmp/a/x",
        "/private/var/tmp/x",
        "/Users/Shared/x",
        "/Users/ana/Library/x",
        "/Users/ana/.local/x",
        "/Users/ana/.x",
        "/Users/ana/.Trash/x",
        "/Volumes/Disk/x",
        "/usr/local/.x/y",
        "/opt/homebrew/.cache/y",
        "/System/Volumes/Data/Users/ana/Library/x",
        "/usr/bin/../../tmp/x",
    ] {
        assert!(places.staged.contains(path), "{path}");
    }
    for path in [
        "/Applications/X.app/Contents/MacOS/X",
        "/Library/Application Support/x",
        "/Users/ana/bin/x",
        "/Users/ana/bin/.x",
        "/usr/local/bin/x",
        "/tmpx/y",
        "x",
    ] {
        assert!(!places.staged.contains(path), "{path}");
    }
    assert!(places.staged_script.contains("/private/tmp/x.py"));
    assert!(!places.staged_script.contains("/Users/ana/Library/x.py"));
    assert!(places.homebrew.contains("/opt/homebrew/bin/x"));
    assert!(places.user_writable.contains("/Users/ana/x"));
    assert!(!places.user_writable.contains("/Library/x"));
}
