//! What `exceptions check` calls over-broad, in exceptions and approvals.

use super::command::{check, policy_in};
use super::{exception, next_year};
use crate::support::Scratch;

/// What is said of an exception with this match, which holds for a year; nothing if it is fine.
fn said(keys: &str) -> String {
    let scratch = Scratch::new("breadth");
    let text = exception(&format!("match = {{ {keys} }}"))
        .replace("2026-03-31", &format!("{}-01-01", next_year()));
    let printed = check(&policy_in(&scratch, &text), &[]).1;
    let line = printed.lines().find(|line| line.contains("over-broad"));
    line.map(|line| line.replace("EX-12  over-broad     ", "")).unwrap_or_default()
}

#[test]
fn a_label_needs_two_whole_components_before_its_wildcard() {
    for label in ["com.*", "com.corp*", "*agent", "application.com.*"] {
        let said = said(&format!("label = \"{label}\", ports = [\"1\"]"));
        assert_eq!(said, format!("the label {label:?} fits jobs of many makers"));
    }
    for label in ["com.corp.*", "com.corp.agent"] {
        assert_eq!(said(&format!("label = \"{label}\", ports = [\"1\"]")), "", "{label}");
    }
}

#[test]
fn many_ports_and_all_that_the_kernel_hands_out_are_wide() {
    let asked = |ports: &str| said(&format!("label = \"com.corp.x\", ports = [{ports}]"));
    assert_eq!(asked("\"8000-9022\""), "");
    assert_eq!(asked("\"8000-8999\", \"9000-9023\""), "names 1024 ports");
    assert_eq!(asked("\"dynamic\""), "names every port that the kernel hands out");
    assert_eq!(asked("\"1-65535\""), "names no port");
}

#[test]
fn trees_that_users_write_are_wide() {
    for path in [
        "~/Downloads/",
        "/Users/ana/",
        "/Users/ana/Downloads/",
        "/Users/*/Library/",
        "/var/folders/",
        "/var/folders/zz/abc/T/",
        "/tmp/",
        "/opt/homebrew/Cellar/",
        "/opt/homebrew/opt/",
        "/Library/",
    ] {
        let said = said(&format!("path = \"{path}\", ports = [\"1\"]"));
        assert_eq!(said, format!("the path {path:?} is a tree of programs of many makers"));
    }
    for path in ["/opt/homebrew/Cellar/ttyd/", "/Users/ana/bin/ttyd", "/Library/Corp/Agent/"] {
        assert_eq!(said(&format!("path = \"{path}\", ports = [\"1\"]")), "", "{path}");
    }
}

#[test]
fn an_interpreter_without_anything_else_is_wide() {
    for keys in ["path = \"/bin/bash\"", "process = \"python3.11\"", "process = \"python*\""] {
        let said = said(keys);
        assert!(said.ends_with("runs whatever it is told to"), "{keys}: {said}");
    }
    let narrow = "process = \"python3\", label = \"com.corp.x\", ports = [\"8000\"]";
    assert_eq!(said(narrow), "");
}

#[test]
fn what_holds_for_more_than_two_years_is_wide() {
    let scratch = Scratch::new("breadth-years");
    let text = exception("match = { label = \"com.corp.x\", ports = [\"1\"] }")
        .replace("2026-03-31", "2999-12-31");
    let (_, printed, _) = check(&policy_in(&scratch, &text), &[]);
    let wanted = "EX-12  over-broad     holds for more than 2 years from today\n";
    assert!(printed.starts_with(wanted), "{printed}");
}

#[test]
fn approvals_are_reviewed_too_but_need_no_port() {
    let scratch = Scratch::new("breadth-approvals");
    let text = "[[approved]]\nname = \"Downloads\"\nmatch = { path = \"~/Downloads/\" }\n\
                [[approved]]\nname = \"Agent\"\nmatch = { path = \"/opt/vendor/agent\" }\n\
                [[approved]]\nname = \"Shell\"\nmatch = { process = \"zsh\" }\n";
    let (code, printed, _) = check(&policy_in(&scratch, text), &[]);
    let wanted = "\
approved:Downloads  over-broad     the path \"~/Downloads/\" is a tree of programs of many makers
approved:Shell      over-broad     zsh runs whatever it is told to
0 exceptions and 3 approvals checked, 2 to tidy
";
    assert_eq!((code, printed.as_str()), (1, wanted));
}
