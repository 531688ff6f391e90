//! The built program, as a shell sees it.

use crate::support::{fresh_folder, fresh_path};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(super) fn portolan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

pub(super) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(super) fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A folder with a file that names a host, and one that no parser claims.
fn evidence() -> PathBuf {
    let folder = fresh_folder("evidence");
    fs::write(folder.join("readme.txt"), "nothing to see\n").unwrap();
    fs::write(folder.join("hostname.txt"), "otter-07\n").unwrap();
    folder
}

pub(super) fn analyze(evidence: &Path, out: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["analyze", evidence.to_str().unwrap(), "--out", out.to_str().unwrap()];
    arguments.extend(more);
    portolan(&arguments)
}

#[test]
fn an_analysis_writes_a_file_for_every_table_and_ends_with_0() {
    let (evidence, out) = (evidence(), fresh_path("out"));
    let output = analyze(&evidence, &out, &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(printed(&output).contains("Written"));
    for schema in portolan::report::SCHEMA {
        let is_csv = schema.outputs == portolan::report::table::Outputs::All;
        assert_eq!(out.join(format!("{}.csv", schema.table)).exists(), is_csv, "{}", schema.table);
    }
    assert!(out.join("portolan.sqlite").exists());
    let run: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(run["tool"], "portolan");
    assert_eq!(run["outputs"].as_array().unwrap().len(), 17);
    assert_eq!(run["rows"]["sources"], 2);
}

#[test]
fn only_run_json_differs_between_two_runs_and_numbers_of_threads() {
    let (evidence, one, two) = (evidence(), fresh_path("one"), fresh_path("two"));
    let jobs = |out: &Path, jobs| analyze(&evidence, out, &["--jobs", jobs, "--quiet"]);
    assert_eq!((code(&jobs(&one, "1")), code(&jobs(&two, "8"))), (0, 0));
    let now = portolan::model::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let today = portolan::model::stamp(now)[..10].to_owned();
    for entry in fs::read_dir(&one).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (first, second) =
            (fs::read(one.join(&name)).unwrap(), fs::read(two.join(&name)).unwrap());
        if name == "run.json" {
            continue;
        }
        assert_eq!(first, second, "{name}");
        assert!(!String::from_utf8_lossy(&first).contains(&today), "{name} knows the date");
    }
}

#[test]
fn formats_are_written_as_asked() {
    let (evidence, out) = (evidence(), fresh_path("csv-only"));
    assert_eq!(code(&analyze(&evidence, &out, &["--formats", "csv"])), 0);
    assert!(!out.join("portolan.sqlite").exists());
    assert!(out.join("hosts.csv").exists());
}

#[test]
fn wrong_usage_ends_with_2() {
    let (evidence, out) = (evidence(), fresh_path("usage"));
    for wrong in [
        &["--formats", "xlsx"][..],
        &["--fail-on", "info"],
        &["--timezone", "Mars/Olympus"],
        &["--captured-at", "yesterday"],
        &["--since", "2026-13-01"],
        &["--jobs", "0"],
        &["--baseline", "x.toml"],
        &["--quiet", "--verbose"],
        &["--password-file", "/nonexistent/passwords"],
    ] {
        let output = analyze(&evidence, &out, wrong);
        assert_eq!(code(&output), 2, "{wrong:?}");
        assert!(!said(&output).is_empty());
    }
    assert_eq!(code(&portolan(&["analyze"])), 2);
    assert_eq!(code(&portolan(&[])), 2);
    assert_eq!(code(&portolan(&["artifacts", "no-such"])), 2);
    assert!(!out.exists());
}

#[test]
fn times_are_taken_as_rfc_3339_or_as_a_date() {
    let (evidence, out) = (evidence(), fresh_path("times"));
    let options = [
        "--since",
        "2026-04-15",
        "--until",
        "2026-04-15T12:00:00-03:00",
        "--timezone",
        "America/Sao_Paulo",
        "--captured-at",
        "2026-04-15T12:00:00Z",
    ];
    assert_eq!(code(&analyze(&evidence, &out, &options)), 0);
}

#[test]
fn evidence_without_a_file_or_that_is_not_there_ends_with_2_and_leaves_no_directory() {
    let out = fresh_path("unusable");
    let empty = analyze(&fresh_folder("empty"), &out, &[]);
    assert_eq!(code(&empty), 2);
    assert!(said(&empty).contains("it holds no file"), "{}", said(&empty));
    assert_eq!(code(&analyze(Path::new("/nonexistent/evidence"), &out, &[])), 2);
    assert!(!out.exists());
}

#[test]
fn evidence_of_which_no_parser_knows_a_file_ends_with_2() {
    let (folder, out) = (fresh_folder("unknown"), fresh_path("unknown-out"));
    fs::write(folder.join("readme.txt"), "nothing to see\n").unwrap();
    let output = analyze(&folder, &out, &[]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("its one file is of no kind"), "{}", said(&output));
    assert!(!out.exists());
}

#[test]
fn a_timeline_that_would_end_before_it_begins_is_refused_with_2() {
    let range = ["--since", "2026-06-01", "--until", "2026-05-01"];
    let output = analyze(&evidence(), &fresh_path("backwards"), &range);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("--until lies before --since"), "{}", said(&output));
}

#[test]
fn one_unusable_argument_among_several_is_a_problem_row_and_fires_strict() {
    let (evidence, out) = (evidence(), fresh_path("strict"));
    let out_text = out.to_str().unwrap();
    let several =
        ["analyze", evidence.to_str().unwrap(), "/nonexistent/evidence", "--out", out_text];
    let output = portolan(&several);
    assert_eq!(code(&output), 0);
    assert!(said(&output).contains("not used: \"/nonexistent/evidence\""), "{}", said(&output));
    let problems = fs::read_to_string(out.join("problems.csv")).unwrap();
    assert!(problems.contains("unreadable,error"), "{problems}");
    let strict = [&several[..], &["--strict", "--force"]].concat();
    assert_eq!(code(&portolan(&strict)), 3);
}

#[test]
fn a_directory_with_other_things_in_it_is_refused_with_2() {
    let (evidence, out) = (evidence(), fresh_folder("foreign"));
    fs::write(out.join("thesis.txt"), "mine").unwrap();
    let output = analyze(&evidence, &out, &["--force"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("is left as it is"), "{}", said(&output));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn an_earlier_output_is_replaced_only_with_force() {
    let (evidence, out) = (evidence(), fresh_path("again"));
    assert_eq!(code(&analyze(&evidence, &out, &[])), 0);
    let refused = analyze(&evidence, &out, &[]);
    assert_eq!(code(&refused), 2);
    assert!(said(&refused).contains("--force replaces it"), "{}", said(&refused));
    assert_eq!(code(&analyze(&evidence, &out, &["--force", "--formats", "csv"])), 0);
    assert!(!out.join("portolan.sqlite").exists(), "what the earlier run wrote is gone");
}

#[test]
fn the_evidence_is_never_written_to() {
    let evidence = evidence();
    assert_eq!(code(&analyze(&evidence, &evidence.join("out"), &[])), 2);
    assert_eq!(fs::read_dir(&evidence).unwrap().count(), 2);
}

#[test]
fn case_fields_stand_in_evidence_and_run_json() {
    let (evidence, out) = (evidence(), fresh_path("case"));
    let fields =
        ["--case-id", "C-7", "--evidence-id", "E-1", "--examiner", "Ana", "--notes", "a note"];
    assert_eq!(code(&analyze(&evidence, &out, &fields)), 0);
    let row = fs::read_to_string(out.join("evidence.csv")).unwrap();
    assert!(row.ends_with("C-7,E-1,Ana,a note\n"), "{row}");
    let run = fs::read_to_string(out.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["case"]["examiner"], "Ana");
}

#[test]
fn passwords_are_never_shown() {
    let (evidence, out) = (evidence(), fresh_path("secret"));
    let passwords = fresh_folder("passwords").join("list.txt");
    fs::write(&passwords, "correct-horse\n").unwrap();
    let output = analyze(&evidence, &out, &["--password-file", passwords.to_str().unwrap(), "-v"]);
    assert_eq!(code(&output), 0);
    assert!(!printed(&output).contains("correct-horse"));
    assert!(!fs::read_to_string(out.join("run.json")).unwrap().contains("correct-horse"));
}

#[test]
fn quiet_prints_nothing() {
    let (evidence, out) = (evidence(), fresh_path("quiet"));
    let output = analyze(&evidence, &out, &["-q"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn a_name_in_the_evidence_cannot_act_on_the_terminal() {
    let evidence = evidence();
    fs::write(evidence.join("a\u{1b}[2Jb\u{202e}c"), "x").unwrap();
    let output = portolan(&["list", evidence.to_str().unwrap()]);
    let listed = printed(&output);
    assert_eq!(code(&output), 0);
    assert!(listed.contains("a\\u{1b}[2Jb\\u{202e}c"), "{listed}");
    assert!(!listed.contains('\u{1b}'), "nothing is coloured when piped either");
}

#[test]
fn listing_writes_nothing_and_tells_what_is_unusable() {
    let evidence = evidence();
    let output = portolan(&["list", evidence.to_str().unwrap()]);
    assert!(printed(&output).contains("unclaimed"));
    assert_eq!(fs::read_dir(&evidence).unwrap().count(), 2);
    assert_eq!(code(&portolan(&["list", "/nonexistent/evidence"])), 2);
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portolan"))
        .args(["artifacts"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert_eq!(said(&output), "");
}

#[test]
fn pages_and_version_are_answers() {
    assert_eq!(printed(&portolan(&["--version"])), "portolan 0.1.0\n");
    assert!(printed(&portolan(&["artifacts"])).contains("lsof"));
    assert!(printed(&portolan(&["artifacts", "lsof"])).contains("## What it proves"));
    assert_eq!(code(&portolan(&["--help"])), 0);
}

#[test]
fn an_argument_of_no_known_kind_beside_others_is_a_problem_row_and_fires_strict() {
    let (evidence, scratch) = (evidence(), fresh_folder("no-kind"));
    let baseline = scratch.join("fleet.toml");
    fs::write(&baseline, "schema = 1\nname = \"fleet\"\n\n[[entry]]\nrole = \"*\"\n").unwrap();
    let notes = scratch.join("notes.txt");
    fs::write(&notes, "nothing to see\n").unwrap();
    let empty = fresh_folder("no-file");
    for (given, why) in [
        (&baseline, "it looks like a baseline; each takes its own --baseline"),
        (&notes, "its one file is of no kind that Portolan reads"),
        (&empty, "it holds no file"),
    ] {
        let out = fresh_path("no-kind-out");
        let several = [
            "analyze",
            evidence.to_str().unwrap(),
            given.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        let output = portolan(&several);
        assert_eq!(code(&output), 0);
        assert!(said(&output).contains(why), "{}", said(&output));
        let problems = fs::read_to_string(out.join("problems.csv")).unwrap();
        assert!(problems.contains("unsupported,error"), "{problems}");
        assert!(problems.contains(why), "{problems}");
        assert_eq!(code(&portolan(&[&several[..], &["--strict", "--force"]].concat())), 3);
    }
}

#[test]
fn an_acquisition_given_twice_is_counted_once_and_told() {
    let once = (crate::support::fixture("hosts/quiet-mac"), fresh_path("once"));
    assert_eq!(code(&analyze(&once.0, &once.1, &[])), 0);
    let twice = (fresh_folder("twice").join("quiet-mac"), fresh_path("twice-out"));
    crate::support::copied(&once.0, &twice.0);
    let output = analyze(&once.0, &twice.1, &[twice.0.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let rows = |out: &Path, table: &str| {
        let text = fs::read_to_string(out.join(format!("{table}.csv"))).unwrap();
        text.lines().count() - 1
    };
    for table in ["hosts", "acquisitions", "bindings", "citations", "processes"] {
        assert_eq!(rows(&once.1, table), rows(&twice.1, table), "{table}");
    }
    assert_eq!(rows(&once.1, "sources") * 2, rows(&twice.1, "sources"));
    let problems = fs::read_to_string(twice.1.join("problems.csv")).unwrap();
    assert!(problems.contains("duplicate-evidence,warning"), "{problems}");
}

#[test]
fn a_run_without_a_mac_says_that_nothing_could_have_been_seen() {
    let (folder, out) = (fresh_folder("no-mac"), fresh_path("no-mac-out"));
    fs::write(folder.join("kernel.json"), "[{\"eventMessage\" : \"\", \"traceID\" : 1}]\n")
        .unwrap();
    let output = analyze(&folder, &out, &[]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let told = printed(&output);
    assert!(told.contains("no anomaly") && told.contains("Unseen   nothing of any Mac"), "{told}");
}
