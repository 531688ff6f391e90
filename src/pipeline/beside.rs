//! The entries of a volume → the files that belong to another beside them: write-ahead logs of databases.

use super::examine::contained;
use crate::artifacts::{Sibling, Siblings};
use crate::evidence::memory::read_all;
use crate::evidence::{Entry, EntryKind, Volume};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Endings of files that belong to the one whose name stands before.
const ENDINGS: &[&str] = &["-wal"];

/// Those files of a volume, by path.
pub(super) struct Companions<'a> {
    volume: &'a dyn Volume,
    by_path: BTreeMap<String, Entry>,
}

impl<'a> Companions<'a> {
    /// Those among the entries of a volume. Of two with one path, which belongs is not known: the first is taken.
    pub(super) fn of<'e>(volume: &'a dyn Volume, entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut by_path = BTreeMap::new();
        let is_one = |entry: &&Entry| {
            entry.kind == EntryKind::File && ENDINGS.iter().any(|end| entry.path.ends_with(end))
        };
        for entry in entries.filter(is_one) {
            by_path.entry(entry.path.clone()).or_insert_with(|| entry.clone());
        }
        Self { volume, by_path }
    }

    /// Those beside one entry.
    pub(super) fn beside(&'a self, entry: &'a Entry) -> Beside<'a> {
        Beside { companions: self, entry }
    }
}

/// The files beside one that was given alone: they are no evidence, but that they are there must be said.
pub(super) struct BesideGiven<'a>(pub(super) &'a Path);

impl Siblings for BesideGiven<'_> {
    fn read(&self, ending: &str, _: u64) -> Sibling {
        let mut path = self.0.as_os_str().to_owned();
        path.push(ending);
        match Path::new(&path).metadata() {
            Ok(found) if found.is_file() && found.len() > 0 => {
                let why = "it lies beside the file that was given alone: give the folder of both";
                Sibling::Unreadable(io::Error::other(why))
            }
            _ => Sibling::Unknown,
        }
    }
}

/// The files beside one entry.
pub(super) struct Beside<'a> {
    companions: &'a Companions<'a>,
    entry: &'a Entry,
}

impl Siblings for Beside<'_> {
    fn read(&self, ending: &str, limit: u64) -> Sibling {
        let path = format!("{}{ending}", self.entry.path);
        let Some(found) = self.companions.by_path.get(&path) else { return Sibling::Absent };
        let mut bytes = Vec::new();
        let read = contained(|| {
            self.companions.volume.read(found, &mut |reader| {
                bytes = read_all(reader, limit)?;
                Ok(())
            })
        });
        match read {
            Ok(Ok(())) => Sibling::Found(bytes),
            Ok(Err(error)) => Sibling::Unreadable(error),
            Err(panicked) => Sibling::Unreadable(io::Error::other(panicked.detail)),
        }
    }
}
