//! Disk images of a stream and what may be their parts → held until the stream is at its end, then read as a volume.
//!
//! A stream is read once; an image is read at many places, and its parts may come in any order.

use super::image::{self, spool};
use super::walk::{Place, volume};
use super::{Context, examine};
use crate::evidence::image::Disk;
use crate::evidence::image::container::can_be_part;
use crate::evidence::image::disk::{Lost, Reopened};
use crate::evidence::{Entry, EntryKind, Reopen, Use, Volume, limits};
use crate::model::observation::Problem;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// Why a file is not held.
const FULL: &str = "the archive holds more of disk images than is kept in memory: unpack it first";

/// What is held: [`limits::IN_MEMORY`] bytes and one file more.
pub(super) struct Aside {
    files: Vec<(Entry, Arc<dyn Disk>)>,
    left: u64,
}

impl Default for Aside {
    fn default() -> Self {
        Self { files: Vec::new(), left: limits::IN_MEMORY }
    }
}

impl Aside {
    /// Takes an entry of a stream, or hands it on to `go_on` with all its bytes.
    pub(super) fn take(
        &mut self,
        entry: Entry,
        reader: &mut dyn Read,
        (place, context): (&Place, &Context<'_>),
        go_on: impl FnOnce(Entry, &mut dyn Read),
    ) {
        if entry.kind != EntryKind::File {
            return go_on(entry, reader);
        }
        let (head, tail) = match examine::read_head(reader) {
            Ok(read) => read,
            Err(error) => {
                let shown = place.shown(&entry);
                return context.add(examine::lost(&shown, &entry, &error, context));
            }
        };
        if !(can_be_part(&entry.path) || image::may_be(&entry, &head)) {
            return go_on(entry, &mut Cursor::new(head).chain(tail).chain(reader));
        }
        let spooled = match self.left {
            0 => Err(io::Error::new(io::ErrorKind::QuotaExceeded, FULL)),
            _ => spool(&mut Cursor::new(head).chain(tail).chain(reader)),
        };
        // A part that is lost must not pass for one that is not there: that would be zeros.
        let disk = spooled.unwrap_or_else(|error| Arc::new(Lost::by(&error, entry.size)));
        self.left = self.left.saturating_sub(disk.size());
        self.files.push((entry, disk));
    }

    /// Reads what is held.
    pub(super) fn finish(mut self, place: &Place, context: &Context<'_>) {
        for (index, (entry, disk)) in self.files.iter_mut().enumerate() {
            entry.index = index;
            entry.size = disk.size();
        }
        let entries = self.entries();
        volume(&self, entries, place, context);
    }
}

impl Volume for Aside {
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>> {
        self.files.iter().map(|(entry, _)| Ok(entry.clone())).collect()
    }

    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()> {
        let bytes = self.reopen(entry).ok_or(io::ErrorKind::NotFound)?;
        then(&mut bytes.reopen()?)
    }

    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>> {
        let (_, disk) = self.files.get(entry.index)?;
        Some(Arc::new(Reopened(Arc::clone(disk))))
    }
}
