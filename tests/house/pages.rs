//! The pages name only what is there.

use super::{assert_none, is_a, rust_files};
use crate::support::{files_below, repository};

/// Everything between single backticks of a page, outside its blocks of code.
fn quoted(page: &str) -> Vec<&str> {
    let mut inside = false;
    let mut words = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            words.extend(line.split('`').skip(1).step_by(2));
        }
    }
    words
}

#[test]
fn the_pages_name_only_files_that_are_there() {
    let pages = files_below(&repository("docs"));
    let pages = pages.iter().filter(|path| is_a(path, "md")).map(|path| format!("docs/{path}"));
    let sources = [rust_files("src"), rust_files("tests")].concat();
    let mut wrong = Vec::new();
    for page in pages.chain(["README.md".to_owned(), "CHANGELOG.md".to_owned()]) {
        let text = std::fs::read_to_string(repository(&page)).unwrap();
        for word in quoted(&text) {
            // A path of this repository, or the end of one (`model/interval.rs`).
            let path = word.split([':', ' ']).next().unwrap();
            let is_source =
                is_a(path, "rs") && path.contains('/') && !path.contains(['<', '*', '{']);
            let is_folder = ["src/", "tests/", "fixtures/"].iter().any(|top| path.starts_with(top));
            let is_plain = !path.contains(['<', '*', '{', '…']);
            let behind = format!("/{path}");
            let there = repository(path).exists()
                || sources.iter().any(|source| source.path.ends_with(&behind));
            if (is_source || is_folder && is_plain) && !there {
                wrong.push(format!("{page}: {word}"));
            }
        }
    }
    assert_none("a page names a file that is not there", &wrong);
}
