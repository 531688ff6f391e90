//! What every test uses: fixtures, and a parser run on bytes.

use portolan::artifacts::{Emitter, Input, find};
use portolan::evidence::Entry;
use std::fmt::Write;
use std::path::PathBuf;

/// Path of a fixture.
pub(crate) fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// Bytes of a fixture.
pub(crate) fn fixture_bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs the artifact `id` on bytes that lie at `path`.
pub(crate) fn parse(id: &str, path: &str, bytes: &[u8]) -> Emitter {
    let artifact = find(id).unwrap_or_else(|| panic!("no artifact {id}"));
    let entry = Entry::file(path, bytes.len() as u64, 0);
    let mut out = Emitter::default();
    let mut reader = bytes;
    let result = artifact.parse(&mut Input { entry: &entry, reader: &mut reader }, &mut out);
    if let Err(error) = result {
        out.note(format!("ended with: {error}"));
    }
    out
}

/// Everything that a parser emitted, a line each: for snapshots.
pub(crate) fn rendered(out: &Emitter) -> String {
    let mut text = String::new();
    for observation in &out.observations {
        let locator = observation.place.locator;
        writeln!(text, "{locator} {:?} {:?}", observation.when, observation.fact).unwrap();
    }
    for problem in &out.problems {
        writeln!(text, "problem{} {:?}: {}", problem.locator, problem.kind, problem.detail)
            .unwrap();
    }
    for (what, count) in &out.skipped {
        writeln!(text, "skipped {count}: {what}").unwrap();
    }
    for note in &out.notes {
        writeln!(text, "note: {note}").unwrap();
    }
    text
}

/// The id of the artifact that claims a file, or the reason why it is refused.
pub(crate) fn claim(path: &str, bytes: &[u8]) -> Option<String> {
    let entry = Entry::file(path, bytes.len() as u64, 0);
    let lower = format!("/{}", path.to_lowercase());
    let head = &bytes[..bytes.len().min(portolan::evidence::limits::HEAD)];
    let text =
        if head.contains(&0) { String::new() } else { String::from_utf8_lossy(head).into_owned() };
    let name = lower.rsplit('/').next().unwrap();
    let candidate =
        portolan::artifacts::Candidate { entry: &entry, path: &lower, name, head, text: &text };
    match portolan::artifacts::claimed_by(&candidate) {
        (portolan::artifacts::Claim::Refuse(why), _) => Some(format!("refused: {why}")),
        (_, artifact) => artifact.map(|artifact| artifact.id().to_owned()),
    }
}
