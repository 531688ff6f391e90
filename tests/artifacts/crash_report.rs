//! Crash reports: both forms, what ended and what went on, what is not of a Mac.

use super::place_of;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Crash, Fact, Started};

fn read(name: &str) -> Emitter {
    let path = place_of("crash-report", name);
    parse("crash-report", &path, &fixture_bytes(&format!("crash-report/{name}")))
}

fn crash(out: &Emitter) -> &Crash {
    let found = out.observations.iter().find_map(|observation| match &observation.fact {
        Fact::Crash(crash) => Some(&**crash),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_crash_tells_both_ends_of_a_pid() {
    let out = read("crash.ips");
    let crash = crash(&out);
    let Some(Started::Within(launched)) = crash.process.started else { panic!("a start") };
    assert_eq!(launched.lo.to_string(), "2026-04-10T11:01:12.4432Z");
    assert_eq!(launched.hi.to_string(), "2026-04-10T11:01:12.443299Z", "as wide as its last digit");
    assert_eq!(crash.ended.unwrap().lo.to_string(), "2026-04-15T01:10:08.719Z");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_report_of_what_went_on_tells_no_end_and_a_redacted_path_no_path() {
    let out = read("guard.ips");
    assert!(out.problems.is_empty());
    assert_eq!((crash(&out).ended, &crash(&out).process.path), (None, &None));
    let hang = read("hang.spin");
    assert!(hang.problems.is_empty());
    assert_eq!(crash(&hang).ended, None);
    assert_eq!((crash(&hang).process.pid, crash(&hang).process.ppid), (815, Some(1)));
    insta::assert_snapshot!(rendered(&hang));
}

#[test]
fn a_crash_in_text_says_the_same() {
    let out = read("quayd.crash");
    assert!(out.problems.is_empty());
    assert!(crash(&out).ended.is_some());
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_report_of_an_iphone_is_refused() {
    let text = fixture_bytes("crash-report/iphone.ips");
    let claimed = claim("Library/Logs/DiagnosticReports/Ferry.ips", &text).unwrap();
    assert!(claimed.starts_with("refused: a report of another system"), "{claimed}");
    let whole = String::from_utf8(fixture_bytes("crash-report/quayd.crash")).unwrap();
    let other = whole.replace("Mac OS X 10.14.6 (18G103)", "iPhone OS 12.4 (16G77)");
    let out = parse("crash-report", "x.crash", other.as_bytes());
    assert!(out.observations.is_empty() && out.notes[0].contains("another system"));
}

#[test]
fn a_report_of_the_whole_system_is_counted_and_a_damaged_one_is_told() {
    assert_eq!(read("memory.ips").skipped["reports that are not of one process"], 1);
    let cut = read("cut.ips");
    assert!(cut.observations.is_empty() && cut.notes[0].contains("cut off or damaged"), "{cut:?}");
    let damaged = read("damaged.crash");
    assert!(damaged.observations.is_empty());
    assert_eq!(damaged.problems.len(), 1);
}

#[test]
fn other_json_and_other_text_is_no_report() {
    for text in [
        "{\"bug_type\":\"309\"}\n{}\n",
        "{\"name\":\"x\",\"incident_id\":\"1\"}\n",
        "Process: a text about crashes\nDate/Time: today\n",
    ] {
        assert_eq!(claim("notes/report.txt", text.as_bytes()), None, "{text}");
    }
}
