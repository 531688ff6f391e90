//! The options of `analyze` and `exceptions check`, as a shell sees them.

use super::exception;
use crate::rules::daemon;
use crate::story::{Lsof, Mac};
use crate::support::Scratch;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Exit code, standard output, standard error.
pub(super) fn portolan(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

pub(super) fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(super) fn policy_in(scratch: &Scratch, text: &str) -> PathBuf {
    scratch.write("policy.toml", format!("schema = 1\n{text}"))
}

/// A run of a Mac's evidence with these options.
pub(super) fn run_of(
    scratch: &Scratch,
    mac: &Mac,
    options: &[&str],
) -> (PathBuf, (i32, String, String)) {
    let (evidence, out) = (scratch.path().join("evidence"), scratch.path().join("out"));
    mac.files().write(&evidence);
    let given = ["analyze", shown(&evidence), "--out", shown(&out), "--force"];
    let said = portolan(&[&given[..], options].concat());
    (out, said)
}

fn ttyd() -> Mac {
    daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)")
}

pub(super) fn check(policy: &Path, more: &[&str]) -> (i32, String, String) {
    portolan(&[&["exceptions", "check", "--policy", shown(policy)][..], more].concat())
}

const MATCH: &str = "match = { label = \"com.corp.ttyd\", ports = [\"7681\"] }";

#[test]
fn excepted_anomalies_do_not_count_for_fail_on_and_the_summary_counts_them() {
    let scratch = Scratch::new("policy-fail-on");
    let valid = exception(MATCH).replace("2026-03-31", "2999-12-31");
    let policy = policy_in(&scratch, &valid);
    let (_, plain) = run_of(&scratch, &ttyd(), &["--fail-on", "medium"]);
    assert_eq!(plain.0, 1);
    let options = ["--fail-on", "medium", "--policy", shown(&policy), "--role", "lab"];
    let (out, (code, printed, _)) = run_of(&scratch, &ttyd(), &options);
    assert_eq!(code, 0);
    assert!(printed.contains("1 anomaly: 1 medium; 1 excepted"), "{printed}");
    assert!(printed.contains("(excepted by EX-12)"), "{printed}");
    let run = std::fs::read_to_string(out.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["given"][0]["kind"], "policy");
    let bytes = std::fs::read(&policy).unwrap();
    assert_eq!(run["given"][0]["sha256"], portolan::evidence::digest::sha256(&bytes));
    let hosts = std::fs::read_to_string(out.join("hosts.csv")).unwrap();
    assert!(hosts.contains(",lab,"), "{hosts}");
}

#[test]
fn a_wrong_policy_or_inventory_ends_with_2_before_anything_is_written() {
    let scratch = Scratch::new("policy-wrong");
    let policy = policy_in(&scratch, "[[exceptoin]]\n");
    let inventory = scratch.write("inventory.csv", "name\nA\n");
    for (option, file, wanted) in [
        ("--policy", &policy, "policy.toml:2:3: exceptoin: is not a known key"),
        ("--inventory", &inventory, "inventory.csv:2:1: row: names no program"),
    ] {
        let (out, (code, _, said)) = run_of(&scratch, &ttyd(), &[option, shown(file)]);
        assert_eq!(code, 2);
        assert!(said.contains(wanted), "{said}");
        assert!(!out.exists());
    }
}

#[test]
fn without_a_run_the_day_and_the_text_alone_are_judged() {
    let (scratch, year) = (Scratch::new("check-alone"), super::next_year());
    let good = exception(MATCH).replace("2026-03-31", &format!("{year}-12-31"));
    let (code, printed, _) = check(&policy_in(&scratch, &good), &[]);
    assert_eq!((code, printed.as_str()), (0, "1 exception checked, nothing to tidy\n"));
    let bad = [
        exception(MATCH).replace("2026-03-31", "2020-03-31"),
        good.replace("EX-12", "EX-13").replace("until", &format!("from = {year}-06-01\nuntil")),
        exception("match = { path = \"/Users/\" }")
            .replace("EX-12", "EX-14")
            .replace("2026", &year.to_string()),
        good.replace("EX-12", "EX-15").replace("label = \"com.corp.ttyd\", ", ""),
        good.replace("EX-12", "EX-16"),
    ];
    let (code, printed, _) = check(&policy_in(&scratch, &bad.concat()), &[]);
    assert_eq!(code, 1);
    let wanted = format!(
        "\
EX-12  expired        expired today (valid until 2020-03-31 UTC)
EX-12  overlapping    fits only what EX-15 fits too
EX-12  overlapping    fits what EX-16 fits
EX-13  not yet valid  not yet valid today (valid from {year}-06-01 UTC until {year}-12-31 UTC)
EX-13  overlapping    fits only what EX-15 fits too
EX-13  overlapping    fits what EX-16 fits
EX-14  over-broad     names no port; the path \"/Users/\" is a tree of programs of many makers
EX-15  overlapping    fits all that EX-16 fits
EX-15  over-broad     names no program
5 exceptions checked, 9 to tidy
"
    );
    assert_eq!(printed, wanted);
}

#[test]
fn a_run_shows_what_is_unused_what_overlaps_and_both_answers_about_time() {
    let scratch = Scratch::new("check-run");
    let mac = ttyd().on("2026-03-30", "09:13").without_boot();
    let text = [
        exception(MATCH),
        exception("match = { path = \"/usr/local/bin/ttyd\", ports = [\"7000-8000\"] }")
            .replace("EX-12", "EX-13"),
        exception("match = { label = \"com.none\", ports = [\"1\"] }")
            .replace("EX-12", "EX-14")
            .replace("2026-03-31", "2999-12-31"),
    ];
    let policy = policy_in(&scratch, &text.concat());
    let (out, (code, ..)) = run_of(&scratch, &mac, &[]);
    assert_eq!(code, 0);
    let (code, printed, _) = check(&policy, &[shown(&out)]);
    assert_eq!(code, 1);
    let expired = "valid at capture 2026-03-30, expired today (valid until 2026-03-31 UTC)";
    assert!(printed.contains(&format!("EX-12  expired        {expired}")), "{printed}");
    assert!(printed.contains("EX-12  overlapping    covers a"), "{printed}");
    assert!(printed.contains(" together with EX-13"), "{printed}");
    assert!(printed.contains("EX-14  unused         no anomaly of the run fits it"), "{printed}");
    assert!(!printed.contains("EX-12  unused") && !printed.contains("EX-13  unused"));
}

#[test]
fn what_is_no_finished_run_is_refused_with_2() {
    let scratch = Scratch::new("check-refused");
    let policy = policy_in(&scratch, &exception(MATCH));
    let said = |folder: &Path| {
        let (code, _, said) = check(&policy, &[shown(folder)]);
        assert_eq!(code, 2);
        said
    };
    assert!(said(scratch.path()).contains("holds no finished Portolan output"));
    let (out, _) = run_of(&scratch, &ttyd(), &["--formats", "csv"]);
    assert!(said(&out).contains("holds no portolan.sqlite"));
    std::fs::write(out.join("portolan.sqlite"), "not a database at all").unwrap();
    assert!(said(&out).contains("portolan.sqlite: "));
    assert_eq!(check(&scratch.path().join("none.toml"), &[]).0, 2);
    assert_eq!(check(&policy, &["--suggest"]).0, 2, "--suggest needs a run");
}

/// What is suggested, with owner and reason filled in: one policy each.
pub(super) fn suggested(printed: &str) -> Vec<String> {
    let entries = printed.split("[[exception]]").skip(1);
    let filled = entries.map(|entry| {
        let entry: Vec<&str> = entry.lines().filter(|line| !line.starts_with('#')).collect();
        format!("[[exception]]{}\n", entry.join("\n")).replace("= \"\"", "= \"someone\"")
    });
    filled.collect()
}

/// Ids of excepted anomalies in the table of a run.
pub(super) fn excepted(out: &Path) -> Vec<(String, String)> {
    let mut table = csv::Reader::from_path(out.join("anomalies.csv")).unwrap();
    let columns = table.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let (id, exception) = (at("anomaly_id"), at("exception_id"));
    let rows = table.records().map(Result::unwrap);
    rows.filter(|row| !row[exception].is_empty())
        .map(|row| (row[id].to_owned(), row[exception].to_owned()))
        .collect()
}

#[test]
fn a_suggestion_is_refused_until_it_is_filled_in_and_then_covers_exactly_its_anomaly() {
    let scratch = Scratch::new("suggest");
    let mac = ttyd()
        .lsof(Lsof::tcp("lurk", 901, 0x90, "*:6055 (LISTEN)"))
        .lsof(Lsof::tcp("nc", 902, 0x91, "192.0.2.24:50001->203.0.113.7:4444 (ESTABLISHED)"))
        .ps(902, "ana", "01:00", "/usr/bin/nc 203.0.113.7 4444");
    let policy = policy_in(&scratch, "");
    let (out, _) = run_of(&scratch, &mac, &[]);
    let (code, printed, _) = check(&policy, &[shown(&out), "--suggest"]);
    assert_eq!(code, 0, "nothing is to be tidied");
    assert!(printed.contains("owner = \"\"\nreason = \"\"\nuntil = 2026-07-14\n"), "{printed}");
    assert!(printed.contains("scope = \"any\", remote = \"203.0.113.7/32\" }"), "{printed}");
    let unfilled = scratch.write("unfilled.toml", format!("schema = 1\n{printed}"));
    assert!(check(&unfilled, &[]).2.contains("exception.owner: is empty"));
    let entries = suggested(&printed);
    assert_eq!(entries.len(), 3, "{printed}");
    for entry in &entries {
        let policy = policy_in(&scratch, entry);
        let (out, _) = run_of(&scratch, &mac, &["--policy", shown(&policy)]);
        let covered = excepted(&out);
        assert_eq!(covered.len(), 1, "{entry}");
        assert_eq!(covered[0].1, format!("EX-{}", covered[0].0));
        assert!(entry.contains(&covered[0].1));
        // What is covered is not suggested again.
        let (_, printed, _) = check(&policy, &[shown(&out), "--suggest"]);
        assert_eq!(suggested(&printed).len(), 2, "{printed}");
    }
}

#[test]
fn hostile_labels_neither_end_a_string_nor_stand_for_others() {
    let scratch = Scratch::new("suggest-hostile");
    for (label, program) in [
        ("com.\" }\nowner = \"evil\"\n# x", "/opt/y/x"),
        ("com.back\\slash'''\"\"\"", "/opt/y/x"),
        ("com.\u{202e}reversed\u{7f}", "/opt/y/x"),
        ("com.*", "/opt/*/x"),
    ] {
        let mac = daemon(label, &[program], "*:7681 (LISTEN)");
        let (out, (code, ..)) = run_of(&scratch, &mac, &[]);
        assert_eq!(code, 0);
        let policy = policy_in(&scratch, "");
        let (_, printed, _) = check(&policy, &[shown(&out), "--suggest"]);
        assert!(!printed.contains(['\u{202e}', '\u{7f}']), "{printed}");
        let entries = suggested(&printed);
        assert_eq!(entries.len(), 1, "{printed}");
        assert!(!entries[0].contains('*'), "a * would stand for others: {}", entries[0]);
        let policy = policy_in(&scratch, &entries[0]);
        let (out, (_, _, said)) = run_of(&scratch, &mac, &["--policy", shown(&policy)]);
        assert_eq!(excepted(&out).len(), 1, "{} {said}", entries[0]);
    }
}
