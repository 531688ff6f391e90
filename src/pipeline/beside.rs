//! The entries of a volume → the files that belong to another beside them: write-ahead logs of databases, parts of disk images.

use super::examine::contained;
use super::image::spool;
use crate::artifacts::{Sibling, Siblings};
use crate::evidence::files::OnDisk;
use crate::evidence::image::Parts;
use crate::evidence::image::container::{self, NoParts};
use crate::evidence::image::disk::{Lost, Reopened};
use crate::evidence::memory::read_all;
use crate::evidence::{Entry, EntryKind, Reopen, Volume};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, PoisonError};

/// Endings of files that belong to the one whose name stands before.
const ENDINGS: &[&str] = &["-wal"];

/// The files beside the first one of a disk image.
pub(super) trait Around: Parts {
    /// Takes note that a part was used: it is no file of its own.
    fn used(&self, part: &str);
}

impl Around for NoParts {
    fn used(&self, _: &str) {}
}

/// Those files of a volume, by path.
pub(super) struct Companions<'a> {
    volume: &'a dyn Volume,
    by_path: BTreeMap<String, Entry>,
    /// Paths of the parts of disk images.
    used: Mutex<BTreeSet<String>>,
}

impl<'a> Companions<'a> {
    /// Those among the entries of a volume. Of two with one path, which belongs is not known: the first is taken.
    pub(super) fn of<'e>(volume: &'a dyn Volume, entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut by_path = BTreeMap::new();
        let is_one = |entry: &&Entry| {
            let of_another = ENDINGS.iter().any(|end| entry.path.ends_with(end));
            entry.kind == EntryKind::File && (of_another || container::can_be_part(&entry.path))
        };
        for entry in entries.filter(is_one) {
            by_path.entry(entry.path.clone()).or_insert_with(|| entry.clone());
        }
        Self { volume, by_path, used: Mutex::new(BTreeSet::new()) }
    }

    /// Whether a file was used as a part of a disk image.
    pub(super) fn is_used(&self, entry: &Entry) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        entry.occurrence == 0 && used.contains(&entry.path)
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

impl Parts for BesideGiven<'_> {
    fn open(&self, path: &str) -> Option<Arc<dyn Reopen>> {
        // A part is named by the image: it may lie beside it or below, and nowhere else.
        let is_inside =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let found = OnDisk::if_regular(&self.0.with_file_name(path)).filter(|_| is_inside)?;
        Some(Arc::new(found))
    }
}

impl Around for BesideGiven<'_> {
    fn used(&self, _: &str) {}
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

impl Parts for Beside<'_> {
    fn open(&self, path: &str) -> Option<Arc<dyn Reopen>> {
        let path = container::beside(&self.entry.path, path);
        let found = self.companions.by_path.get(&path)?;
        let volume = self.companions.volume;
        // A part that is lost must not pass for one that is not there.
        let lost = |error: &io::Error| {
            Arc::new(Reopened(Arc::new(Lost::by(error, found.size)))) as Arc<dyn Reopen>
        };
        let inflate = || inflated(volume, found).unwrap_or_else(|error| lost(&error));
        Some(volume.reopen(found).unwrap_or_else(inflate))
    }
}

/// A part that its container does not store plainly, in memory.
fn inflated(volume: &dyn Volume, entry: &Entry) -> io::Result<Arc<dyn Reopen>> {
    let mut disk = None;
    volume.read(entry, &mut |reader| {
        disk = Some(spool(reader)?);
        Ok(())
    })?;
    let disk = disk.ok_or(io::ErrorKind::NotFound)?;
    Ok(Arc::new(Reopened(disk)))
}

impl Around for Beside<'_> {
    fn used(&self, part: &str) {
        let path = container::beside(&self.entry.path, part);
        self.companions.used.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }
}
