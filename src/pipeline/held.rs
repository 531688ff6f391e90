//! Databases of a stream and their write-ahead logs → held until the stream is at its end, then read together.
//!
//! A stream is read once, and either of the two may come first.

use super::Context;
use super::examine::{self, Plan, Tail};
use super::walk::{Opened, Place, one_file};
use crate::artifacts::{NotLookedFor, Sibling, Siblings};
use crate::evidence::{Entry, EntryKind, limits};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

/// How every SQLite database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Endings of databases.
const DATABASES: &[&str] = &[".sqlite", ".db"];

/// Ending of a write-ahead log.
const LOG: &str = "-wal";

/// What is held of a stream: [`limits::DATABASE`] bytes of databases, and as many of logs.
#[derive(Default)]
pub(super) struct Held {
    databases: Vec<(Entry, Vec<u8>, Tail)>,
    /// By path; `None` for one that could not be held.
    logs: BTreeMap<String, Option<Vec<u8>>>,
    database_bytes: u64,
    log_bytes: u64,
}

impl Held {
    /// Takes an entry of a stream, or hands it on to `go_on` with all its bytes.
    pub(super) fn take(
        &mut self,
        entry: Entry,
        reader: &mut dyn Read,
        go_on: impl FnOnce(Entry, &mut dyn Read),
    ) {
        if entry.kind != EntryKind::File {
            go_on(entry, reader);
        } else if entry.path.ends_with(LOG) {
            let (bytes, tail) = self.log(&entry, reader);
            go_on(entry, &mut Cursor::new(bytes).chain(tail).chain(reader));
        } else if DATABASES.iter().any(|ending| entry.path.to_lowercase().ends_with(ending)) {
            self.database(entry, reader, go_on);
        } else {
            go_on(entry, reader);
        }
    }

    /// Keeps a copy of a log. Of two with one path, which belongs is not known: the first is kept.
    fn log(&mut self, entry: &Entry, reader: &mut dyn Read) -> (Vec<u8>, Tail) {
        let left = limits::DATABASE.saturating_sub(self.log_bytes);
        let mut bytes = Vec::new();
        let result = reader.take(left).read_to_end(&mut bytes);
        let size = bytes.len() as u64;
        let whole = result.is_ok() && size < left;
        self.logs.entry(entry.path.clone()).or_insert_with(|| whole.then(|| bytes.clone()));
        self.log_bytes = self.log_bytes.saturating_add(size);
        (bytes, Tail::from(result))
    }

    fn database(
        &mut self,
        entry: Entry,
        reader: &mut dyn Read,
        go_on: impl FnOnce(Entry, &mut dyn Read),
    ) {
        let left = limits::DATABASE.saturating_sub(self.database_bytes);
        let mut bytes = Vec::new();
        let result = (&mut *reader).take(limits::HEAD as u64).read_to_end(&mut bytes);
        let is_read = bytes.starts_with(MAGIC)
            && matches!(examine::plan(&entry, &bytes), Plan::Parse(_))
            && entry.size < left;
        let result = match result {
            Ok(_) if is_read => (&mut *reader).take(left).read_to_end(&mut bytes),
            result => result,
        };
        let size = bytes.len() as u64;
        let tail = Tail::from(result);
        if !is_read || size >= left {
            return go_on(entry, &mut Cursor::new(bytes).chain(tail).chain(reader));
        }
        self.database_bytes = self.database_bytes.saturating_add(size);
        self.databases.push((entry, bytes, tail));
    }

    /// Reads what is held. A stream of a single file (`gzip`) has no folder in which something could lie beside it.
    pub(super) fn finish(self, entries: u64, place: &Place, context: &Context<'_>) {
        let Self { databases, logs, .. } = self;
        for (entry, bytes, tail) in databases {
            let beside = BesideHeld { logs: &logs, path: &entry.path };
            let siblings: &dyn Siblings = if entries > 1 { &beside } else { &NotLookedFor };
            let (head, rest) = bytes.split_at(bytes.len().min(limits::HEAD));
            let opened = Opened { siblings, ..Opened::streamed(&entry, head) };
            one_file(&opened, &mut Cursor::new(rest).chain(tail), place, context);
        }
    }
}

/// What lies beside a database that was held.
struct BesideHeld<'a> {
    logs: &'a BTreeMap<String, Option<Vec<u8>>>,
    path: &'a str,
}

impl Siblings for BesideHeld<'_> {
    fn read(&self, ending: &str, limit: u64) -> Sibling {
        match self.logs.get(&format!("{}{ending}", self.path)) {
            None => Sibling::Absent,
            Some(Some(bytes)) if bytes.len() as u64 <= limit => Sibling::Found(bytes.clone()),
            Some(_) => {
                let why = "it is not whole, or too large to be held until the archive is read";
                Sibling::Unreadable(io::Error::other(why))
            }
        }
    }
}
