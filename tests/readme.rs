//! The console blocks of the README and of docs/: each command is run and must print what the page shows.
//!
//! `$ portolan …` runs the built program in a folder with a copy of `fixtures/`; `$ echo $?` shows the
//! exit code of the command before it. A line `…` stands for any lines. `make docs` writes the blocks
//! without one again.

use crate::support::fixture;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn console_blocks_show_what_is_printed() {
    let mut pages = vec![Path::new(ROOT).join("README.md")];
    pages
        .extend(fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|one| one.unwrap().path()));
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let fresh = with_blocks_run(&text, &folder_of_fixtures(&page));
        if std::env::var_os("PORTOLAN_BLESS").is_some() {
            fs::write(&page, &fresh).unwrap();
        } else {
            assert_eq!(text, fresh, "{}: `make docs` writes its blocks again", page.display());
        }
    }
}

/// The page with what its commands print now; a block with `…` that fits stays as it is.
fn with_blocks_run(text: &str, folder: &Path) -> String {
    let mut parts = text.split("```console\n");
    let mut page = parts.next().unwrap().to_owned();
    for part in parts {
        let (block, rest) = part.split_once("```").expect("a console block ends");
        let printed = run(block, folder);
        let shown = if fits(block, &printed) { block } else { &printed };
        write!(page, "```console\n{shown}```{rest}").unwrap();
    }
    page
}

/// The commands of a block, each with what it prints.
fn run(block: &str, folder: &Path) -> String {
    let (mut printed, mut code) = (String::new(), None);
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        writeln!(printed, "$ {command}").unwrap();
        if command == "echo $?" {
            writeln!(printed, "{}", code.expect("a command before it")).unwrap();
            continue;
        }
        let mut program = Command::new(env!("CARGO_BIN_EXE_portolan"));
        let arguments = command.strip_prefix("portolan ").expect("a command of portolan");
        program.args(arguments.split(' ')).current_dir(folder).stdin(Stdio::null());
        let output = program.env_remove("COLUMNS").output().unwrap();
        printed.push_str(&String::from_utf8(output.stdout).unwrap());
        printed.push_str(&String::from_utf8(output.stderr).unwrap());
        code = output.status.code();
    }
    printed
}

/// Whether the text consists of the pieces between the lines `…` of the pattern, in order.
fn fits(pattern: &str, text: &str) -> bool {
    let pieces: Vec<&str> = pattern.split("…\n").collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    let mut rest = text.strip_prefix(first);
    for piece in pieces.iter().skip(1) {
        rest = rest.and_then(|rest| rest.find(piece).map(|at| &rest[at + piece.len()..]));
    }
    rest.is_some() && text.ends_with(last) && (pieces.len() > 1 || pattern == text)
}

/// A folder of the page's own with a copy of `fixtures/hosts` and of the policies.
fn folder_of_fixtures(page: &Path) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme").join(page.file_stem().unwrap());
    let _ = fs::remove_dir_all(&folder);
    copy(&fixture("hosts"), &folder.join("fixtures/hosts"));
    for policy in ["policy.toml", "developers-policy.toml", "developers-renewed.toml"] {
        fs::copy(fixture(policy), folder.join("fixtures").join(policy)).unwrap();
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
