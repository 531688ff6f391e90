//! Damage: every fixture cut, flipped, and with its lines dropped, doubled and swapped. A parser survives
//! it with bounded work, and one damaged file among good ones costs nothing but itself.

use crate::artifacts::place_of;
use crate::laws::assert_ordered;
use crate::support::{
    RICH_STORIES, Random, Scratch, analysis_of, claim, collected, copied, damaged, files_below,
    fixture, fixture_bytes, fixtures, tables_of,
};
use portolan::artifacts::{ARTIFACTS, Alone, Artifact, Emitter, Input, NotLookedFor, find};
use portolan::evidence::{Entry, limits};
use portolan::model::observation::{Observation, ProblemKind};
use portolan::pipeline::{Collected, Source};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Places in each fixture at which it is damaged in each way.
const PLACES: usize = 12;

/// The same in a bomb, each reading of which goes to its limit.
const PLACES_IN_BOMB: usize = 2;

/// Reads bytes, and fails where a parser does not stop at their end.
struct Ending<'a> {
    bytes: &'a [u8],
    after_end: u32,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.after_end += 1;
            assert!(self.after_end < 1000, "reads on and on behind the end");
        }
        Ok(count)
    }
}

/// What a parser makes of bytes; whatever they are, it emits no more than they can hold.
fn parsed(artifact: &dyn Artifact, path: &str, bytes: &[u8]) -> Emitter {
    let entry = Entry::file(path, bytes.len() as u64, 0);
    let mut out = Emitter::default();
    let mut reader = Ending { bytes, after_end: 0 };
    // A file that is given up is a problem of its source: nothing to do with it here.
    let mut input =
        Input { entry: &entry, reader: &mut reader, crew: &Alone, siblings: &NotLookedFor };
    let _ = artifact.parse(&mut input, &mut out);
    let skipped: u64 = out.skipped.values().sum();
    let records = out.observations.len() as u64 + out.more_problems + skipped;
    assert!(records <= bytes.len() as u64 + 64, "{records} records in {} bytes", bytes.len());
    assert!(out.problems.len() <= limits::PROBLEMS);
    out
}

/// Calls `check`, and names what it was about if it panics.
fn survives(what: &str, bytes: &[u8], check: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(check)).is_err() {
        let shown = String::from_utf8_lossy(bytes);
        panic!("{what}, damaged, is not survived:\n{shown}");
    }
}

#[test]
fn every_parser_survives_damage_to_its_fixtures() {
    for (id, name) in fixtures() {
        let artifact = find(&id).unwrap();
        let path = place_of(&id, &name);
        let what = format!("{id}/{name}");
        let places = if name.contains("without-end") { PLACES_IN_BOMB } else { PLACES };
        damaged(&fixture_bytes(&what), places, |bytes| {
            survives(&what, bytes, || {
                parsed(artifact, &path, bytes);
                claim(&path, bytes);
            });
        });
    }
}

#[test]
fn every_parser_survives_several_changes_at_once() {
    let mut random = Random::new(2026);
    for (id, name) in fixtures() {
        let artifact = find(&id).unwrap();
        let path = place_of(&id, &name);
        let what = format!("{id}/{name}");
        let sound = fixture_bytes(&what);
        for _ in 0..16 {
            let mut bytes = sound.clone();
            for _ in 0..=random.below(12) {
                let at = random.below(bytes.len());
                bytes[at] = random.next().to_le_bytes()[0];
            }
            survives(&what, &bytes, || {
                parsed(artifact, &path, &bytes);
                claim(&path, &bytes);
            });
        }
    }
}

#[test]
fn every_parser_survives_the_files_of_all_others() {
    for (id, name) in fixtures() {
        let what = format!("{id}/{name}");
        let bytes = fixture_bytes(&what);
        for artifact in ARTIFACTS {
            survives(&format!("{} given {what}", artifact.id()), &bytes, || {
                parsed(*artifact, &place_of(artifact.id(), &name), &bytes);
            });
        }
    }
}

#[test]
fn a_record_that_is_damaged_costs_no_other() {
    // Formats of one record a line, whose records say where they stand.
    for (id, name) in [("ps", "aux.txt"), ("lsof", "uac-nPli.txt"), ("bodyfile", "uac.txt")] {
        let artifact = find(id).unwrap();
        let path = place_of(id, name);
        let sound = fixture_bytes(&format!("{id}/{name}"));
        let lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
        let facts = |bytes: &[u8]| -> Vec<String> {
            let out = parsed(artifact, &path, bytes);
            out.observations.iter().map(|seen| format!("{:?}", seen.fact)).collect()
        };
        let whole = facts(&sound);
        for at in 1..lines.len() {
            let damaged = [&lines[..at].concat()[..], b"?\n", &lines[at + 1..].concat()].concat();
            let rest = facts(&damaged);
            let lost = whole.iter().filter(|fact| !rest.contains(fact)).count();
            // A row of lsof is a socket and a process; a listing counts its rows.
            assert!(lost <= 3, "{id}/{name}: line {} costs {lost} records", at + 1);
        }
    }
}

/// What a run says of every file: its row, but for when it was last written, and its observations.
fn by_path(collected: &Collected) -> BTreeMap<String, (Source, Vec<Observation>)> {
    let mut files: BTreeMap<String, (Source, Vec<Observation>)> = BTreeMap::new();
    for source in &collected.sources {
        files
            .insert(source.path.clone(), (Source { modified: None, ..source.clone() }, Vec::new()));
    }
    for observation in &collected.observations {
        let path = &collected.sources[observation.place.source.0 as usize].path;
        files.get_mut(path).unwrap().1.push(observation.clone());
    }
    files
}

/// Ways to damage a whole file.
fn damage(bytes: &[u8], way: usize, random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len());
    match way {
        0 => bytes[..at].to_vec(),
        1 => bytes.iter().map(|byte| if random.below(40) == 0 { !byte } else { *byte }).collect(),
        2 => [&bytes[..at], &[0; 300], &bytes[at..]].concat(),
        3 => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            lines.reverse();
            lines.concat()
        }
        4 => [&bytes[at..], bytes].concat(),
        _ => (0..bytes.len()).map(|_| random.next().to_le_bytes()[0]).collect(),
    }
}

#[test]
fn a_damaged_file_costs_no_other_file_and_stops_no_stage() {
    let mut random = Random::new(7);
    for (number, story) in RICH_STORIES.into_iter().enumerate() {
        let scratch = Scratch::new("damaged-story");
        copied(&fixture("hosts").join(story), scratch.path());
        let sound = collected(&[scratch.path().to_owned()]);
        let before = by_path(&sound);
        for (index, path) in files_below(scratch.path()).iter().enumerate() {
            let bytes = std::fs::read(scratch.path().join(path)).unwrap();
            let way = (index + 3 * number) % 6;
            scratch.write(path, damage(&bytes, way, &mut random));
            let run = collected(&[scratch.path().to_owned()]);
            let mut after = by_path(&run);
            let (own, _) = after.remove(path).unwrap();
            assert!(own.problems.iter().all(|problem| problem.kind != ProblemKind::Panicked));
            let mut others = before.clone();
            others.remove(path);
            assert!(others.keys().eq(after.keys()), "damage to {path} adds or hides a file");
            for (other, rows) in &others {
                assert!(*rows == after[other], "damage to {path} changes what {other} says");
            }
            let analysis = analysis_of(run);
            assert_ordered(&analysis);
            let tables = tables_of(&analysis, &portolan::report::Options::default());
            assert_eq!(tables["sources"].len(), before.len());
            scratch.write(path, bytes);
        }
    }
}
