//! What every source file has, and what only some may do.

use super::{assert_none, rust_files};
use crate::support::repository;

/// Lines of a file of `src/`; what grows beyond becomes a folder of the same name.
const LONGEST: usize = 400;

/// Something that only some places may do.
struct Reserved {
    /// What it is, in a sentence.
    rule: &'static str,
    /// How it looks in code.
    signs: &'static [&'static str],
    /// Where it may stand.
    only_in: &'static [&'static str],
}

const RESERVED: &[Reserved] = &[
    Reserved {
        rule: "only src/evidence opens files, and only src/write creates them",
        signs: &[
            "std::fs",
            "fs::",
            "File::open",
            "File::create",
            "OpenOptions",
            "read_dir",
            "WalkDir",
        ],
        only_in: &["src/evidence/", "src/write/"],
    },
    Reserved {
        rule: "only the command line prints",
        signs: &["println!", "eprintln!", "print!(", "eprint!(", "stdout()", "stderr()", "dbg!("],
        only_in: &["src/cli/"],
    },
    Reserved {
        rule: "only the pipeline owns threads (and the progress bar one)",
        signs: &["rayon::", "thread::", "par_iter", "spawn("],
        only_in: &["src/pipeline/", "src/cli/progress.rs"],
    },
    Reserved {
        rule: "the clock, the locale and the zone of the examiner's machine reach no result",
        signs: &["::now()", "env::var", "TimeZone::system", "Zoned::now"],
        only_in: &["src/write/run.rs", "src/cli/"],
    },
    Reserved {
        rule: "nothing is iterated in the order of a hash",
        signs: &["HashMap", "HashSet", "RandomState", "DefaultHasher"],
        only_in: &[],
    },
    Reserved { rule: "no program is started", signs: &["process::Command"], only_in: &[] },
];

#[test]
fn what_is_reserved_is_done_where_it_is_reserved() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        for Reserved { rule, signs, only_in } in RESERVED {
            if only_in.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            let has = |code: &str| signs.iter().any(|sign| stands_in(code, sign));
            let lines = file.code().filter(|(_, code)| has(code));
            wrong.extend(
                lines.map(|(line, code)| format!("{}:{line}: {} ({rule})", file.path, code.trim())),
            );
        }
    }
    assert_none("something is done where it must not be", &wrong);
}

/// Whether code holds a sign that is not the end of a longer name (`Regexfs::`).
fn stands_in(code: &str, sign: &str) -> bool {
    code.match_indices(sign).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let mut wrong = Vec::new();
    for file in [rust_files("src"), rust_files("tests")].concat() {
        let first = file.text.lines().next().unwrap_or_default();
        let said = first.strip_prefix("//! ").is_some_and(|sentence| sentence.len() > 10);
        if !said {
            wrong.push(format!("{} begins with {first:?}", file.path));
        }
    }
    assert_none("a file does not open with //! and what it turns into what", &wrong);
}

#[test]
fn no_file_of_the_program_is_too_long_to_read() {
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{}: {lines} lines", file.path));
        }
    }
    assert_none("a file is longer than 400 lines: make it a folder of the same name", &wrong);
}

#[test]
fn nothing_is_left_undone_in_a_comment() {
    let marks = ["TODO", "FIXME", "XXX:", "todo!(", "unimplemented!("];
    let mut wrong = Vec::new();
    for file in rust_files("src") {
        let lines = file.text.lines().enumerate();
        let left = lines.filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        wrong.extend(left.map(|(at, line)| format!("{}:{}: {line}", file.path, at + 1)));
    }
    assert_none("a comment puts something off", &wrong);
}

#[test]
fn a_lint_is_allowed_only_with_a_reason() {
    let mut wrong = Vec::new();
    for file in [rust_files("src"), rust_files("tests")].concat() {
        for (at, _) in file.text.match_indices("[allow(") {
            let end = file.text[at..].find(")]").map_or(file.text.len(), |end| at + end);
            if !file.text[at..end].contains("reason = ") {
                wrong.push(format!("{}: {}", file.path, &file.text[at..end]));
            }
        }
    }
    // The line above that looks for them is one of them.
    wrong.retain(|line| !line.starts_with("tests/house/sources.rs"));
    assert_none("a lint is allowed without a reason", &wrong);
}

#[test]
fn no_dependency_takes_just_any_version_and_no_unsafe_code_is_written() {
    let manifest: toml::Table =
        std::fs::read_to_string(repository("Cargo.toml")).unwrap().parse().unwrap();
    for section in ["dependencies", "dev-dependencies"] {
        for (name, wanted) in manifest[section].as_table().unwrap() {
            let version = wanted.as_str().or_else(|| wanted.get("version")?.as_str());
            let version = version.unwrap_or_else(|| panic!("{name} has no version"));
            assert!(!version.contains('*') && !version.is_empty(), "{name} = {version:?}");
            let from_elsewhere = ["git", "path"].iter().any(|key| wanted.get(key).is_some());
            assert!(!from_elsewhere, "{name} does not come from crates.io");
        }
    }
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let profiles = manifest["profile"].as_table().unwrap();
    let aborts = |profile: &toml::Value| {
        profile.get("panic").and_then(toml::Value::as_str).is_some_and(|panic| panic != "unwind")
    };
    assert!(!profiles.values().any(aborts), "a panic of a parser is contained: unwinding stays");
    assert!(repository("Cargo.lock").exists(), "versions are locked");
}
