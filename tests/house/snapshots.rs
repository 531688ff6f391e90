//! No snapshot outlives its test.

use super::{assert_none, is_a};
use crate::support::{files_below, repository};

/// The name of the snapshot in a file name (`it__artifacts__ps__ps_aux_is_read.snap`) and which one of
/// its test it is.
fn name_of(file: &str) -> (&str, usize) {
    let stem = file.trim_end_matches(".snap");
    let name = stem.rsplit("__").next().unwrap_or(stem);
    match name.rsplit_once('-') {
        Some((name, number)) => (name, number.parse().unwrap_or(1)),
        None => (name, 1),
    }
}

/// How many snapshots the test of that name takes.
fn taken(source: &str, test: &str) -> usize {
    // Some tests are made by a macro that is given their name.
    if source.split_whitespace().collect::<String>().contains(&format!("!({test},")) {
        return 1;
    }
    let Some(at) = source.find(&format!("\nfn {test}()")) else { return 0 };
    let body = &source[at..];
    let body = body.find("\n}").map_or(body, |end| &body[..end]);
    body.matches("assert_snapshot!").count()
}

#[test]
fn every_snapshot_has_its_test() {
    let mut wrong = Vec::new();
    for path in files_below(&repository("tests")) {
        let file = path.rsplit('/').next().unwrap();
        if file.ends_with(".snap.new") {
            wrong.push(format!("{path} waits to be accepted or thrown away"));
        }
        if !is_a(file, "snap") {
            continue;
        }
        let text = std::fs::read_to_string(repository("tests").join(&path)).unwrap();
        let source = text.lines().find_map(|line| line.strip_prefix("source: ")).unwrap();
        let source = std::fs::read_to_string(repository(source)).unwrap_or_default();
        let (name, number) = name_of(file);
        if taken(&source, name) < number {
            wrong.push(format!("{path} has no test"));
        }
    }
    assert_none("a snapshot is left over", &wrong);
}

#[test]
fn a_second_snapshot_of_a_test_is_counted() {
    assert_eq!(name_of("it__a__b__rows_are_read-2.snap"), ("rows_are_read", 2));
    let source = "\nfn rows_are_read() {\n    assert_snapshot!(1);\n}\nfn x() {\n    assert_snapshot!(2);\n}";
    assert_eq!(taken(source, "rows_are_read"), 1);
    assert_eq!(taken(source, "nothing"), 0);
}
