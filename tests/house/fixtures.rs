//! Every fixture has an entry in `fixtures/README.md`, a test that reads it, and a bad sibling.

use super::{assert_none, is_a, rust_files};
use crate::artifacts::place_of;
use crate::support::{
    claim, files_below, fixture, fixture_bytes, fixtures, image_fixtures, parse, repository,
    stories,
};
use portolan::artifacts::ARTIFACTS;
use portolan::evidence::digest::sha256;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is written by hand about a fixture.
#[derive(Clone, Debug, Default)]
struct Entry {
    origin: String,
    licence: String,
    special: String,
}

const HEAD: &str =
    "| fixture | origin | licence | what is special | SHA-256 |\n|---|---|---|---|---|\n";

/// The page without its tables, and its entries by section and fixture.
fn read_page(page: &str) -> (String, BTreeMap<(String, String), Entry>) {
    let opening = page.split("\n## ").next().unwrap().trim_end().to_owned();
    let mut entries = BTreeMap::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut section);
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [name, origin, licence, special, _] = cells[..]
            && name.starts_with('`')
        {
            let own = |text: &str| text.to_owned();
            let entry = Entry { origin: own(origin), licence: own(licence), special: own(special) };
            entries.insert((section.clone(), own(name.trim_matches('`'))), entry);
        }
    }
    (opening, entries)
}

/// What `find . -type f | LC_ALL=C sort | sed 's,^./,,' | xargs -d '\n' sha256sum | sha256sum` prints
/// in the folder of a story.
fn hash_of_story(name: &str) -> String {
    let folder = fixture("hosts").join(name);
    let mut listing = String::new();
    for path in files_below(&folder) {
        writeln!(listing, "{}  {path}", sha256(&std::fs::read(folder.join(&path)).unwrap()))
            .unwrap();
    }
    sha256(listing.as_bytes())
}

/// Every fixture by section, with its hash.
fn present() -> BTreeMap<(String, String), String> {
    let hash = |path: &str| sha256(&fixture_bytes(path));
    let files = fixtures().into_iter().map(|(artifact, name)| {
        let hash = hash(&format!("{artifact}/{name}"));
        ((artifact, name), hash)
    });
    let hosts = stories().into_iter().map(|name| {
        let hash = hash_of_story(&name);
        (("hosts".to_owned(), format!("{name}/")), hash)
    });
    let images = image_fixtures().into_iter().map(|name| {
        let hash = hash(&format!("images/{name}"));
        (("images".to_owned(), name), hash)
    });
    files.chain(hosts).chain(images).collect()
}

#[test]
fn the_page_of_fixtures_lists_what_lies_there() {
    let path = repository("fixtures/README.md");
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let (opening, entries) = read_page(&found);
    let mut page = opening;
    let mut section = "";
    let present = present();
    for ((artifact, name), hash) in &present {
        if section != artifact {
            section = artifact;
            write!(page, "\n\n## {section}\n\n{HEAD}").unwrap();
        }
        let key = (artifact.clone(), name.clone());
        let Entry { origin, licence, special } = entries.get(&key).cloned().unwrap_or_default();
        writeln!(page, "| `{name}` | {origin} | {licence} | {special} | `{hash}` |").unwrap();
        page.truncate(page.trim_end().len());
        page.push('\n');
    }
    // A blank line between sections, none at the end.
    let page = page.replace("\n\n\n", "\n\n");
    if std::env::var_os("PORTOLAN_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "fixtures/README.md is not what lies there: `make docs` corrects it");
    let (_, entries) = read_page(&page);
    let untold = entries.iter().filter(|(_, entry)| {
        entry.origin.is_empty() || entry.licence.is_empty() || entry.special.is_empty()
    });
    let untold: Vec<_> = untold.map(|((folder, name), _)| format!("{folder}/{name}")).collect();
    assert_none("a fixture has no origin, licence or description", &untold);
}

#[test]
fn fixtures_lie_in_a_folder_named_after_their_artifact() {
    let known: Vec<&str> = ARTIFACTS.iter().map(|one| one.id()).collect();
    let strays: Vec<String> = fixtures()
        .into_iter()
        .map(|(artifact, name)| format!("{artifact}/{name}"))
        .filter(|path| !known.contains(&path.split('/').next().unwrap()))
        .collect();
    assert_none("a fixture belongs to no artifact", &strays);
}

/// Whether everything in a fixture is read, and there is something.
fn is_good(artifact: &str, name: &str) -> bool {
    let (path, bytes) = (place_of(artifact, name), fixture_bytes(&format!("{artifact}/{name}")));
    let out = parse(artifact, &path, &bytes);
    claim(&path, &bytes).as_deref() == Some(artifact)
        && !out.observations.is_empty()
        && out.problems.is_empty()
        && !out.partial
        && !out.notes.iter().any(|note| note.starts_with("ended with"))
}

/// Whether a fixture is refused, or something in it cannot be read.
fn is_bad(artifact: &str, name: &str) -> bool {
    let (path, bytes) = (place_of(artifact, name), fixture_bytes(&format!("{artifact}/{name}")));
    let out = parse(artifact, &path, &bytes);
    claim(&path, &bytes).is_some_and(|claimed| claimed.starts_with("refused"))
        || !out.problems.is_empty()
        || out.partial
        || out.notes.iter().any(|note| note.starts_with("ended with"))
}

#[test]
fn every_artifact_has_a_good_and_a_bad_fixture() {
    let fixtures = fixtures();
    let mut wrong = Vec::new();
    for artifact in ARTIFACTS {
        let id = artifact.id();
        let own: Vec<&str> =
            fixtures.iter().filter(|(of, _)| of == id).map(|(_, name)| name.as_str()).collect();
        if !own.iter().any(|name| is_good(id, name)) {
            wrong.push(format!("{id} has no good fixture among {own:?}"));
        }
        if !own.iter().any(|name| is_bad(id, name)) {
            wrong.push(format!("{id} has no bad fixture among {own:?}"));
        }
    }
    assert_none("an artifact lacks a fixture", &wrong);
}

#[test]
fn no_fixture_is_unused() {
    let own = ["tests/house", "tests/mutation", "tests/conservation", "tests/determinism"];
    let tests = rust_files("tests");
    let tests = tests.iter().filter(|file| !own.iter().any(|path| file.path.starts_with(path)));
    let mut text: String = tests.map(|file| file.text.as_str()).collect();
    // A test that reads a whole folder shows the names in its snapshot.
    for path in files_below(&repository("tests")) {
        if is_a(&path, "snap") {
            text.push_str(&std::fs::read_to_string(repository("tests").join(path)).unwrap());
        }
    }
    let mut unused = Vec::new();
    for (artifact, name) in fixtures() {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        if !text.contains(&name) && !text.contains(&format!("\"{stem}\"")) {
            unused.push(format!("{artifact}/{name}"));
        }
    }
    for name in image_fixtures() {
        if !text.contains(&name) {
            unused.push(format!("images/{name}"));
        }
    }
    for story in stories() {
        if !text.contains(&story) {
            unused.push(format!("hosts/{story}"));
        }
    }
    assert_none("a fixture is read by no test of its own", &unused);
}
