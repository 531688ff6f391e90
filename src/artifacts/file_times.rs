//! An entry of the Mac's own file system → its times, owner and mode, as a bodyfile would tell them.

use super::bodyfile::{mode_as_printed, relevance};
use crate::evidence::Entry;
use crate::model::observation::{Fact, FileTimes, Observation, When};
use crate::model::provenance::{Locator, Place, SourceId};
use crate::model::{Timestamp, stamp};

/// What the file system says of a file that can matter to a question about ports; nothing of others, and of entries of
/// archives and folders.
pub fn of(entry: &Entry) -> Option<Observation> {
    let metadata = entry.metadata.as_deref()?;
    let path = format!("/{}", entry.path);
    let mode = mode_as_printed(metadata.mode)?;
    relevance::of(&path, &mode)?;
    let excerpt = format!(
        "{mode} {}:{} modified {} changed {} created {}",
        metadata.uid,
        metadata.gid,
        told(metadata.modified),
        told(metadata.changed),
        told(metadata.created)
    );
    let times = FileTimes {
        path: path.as_str().into(),
        uid: Some(metadata.uid),
        gid: Some(metadata.gid),
        mode: Some(mode.as_str().into()),
        modified: metadata.modified,
        changed: metadata.changed,
        created: metadata.created,
    };
    // The source's number is known only when all files have been met: the pipeline fills it in.
    Some(Observation {
        place: Place { source: SourceId(u32::MAX), locator: Locator::Whole },
        when: When::Undated,
        fact: Fact::FileTimes(Box::new(times)),
        excerpt: Some(excerpt.as_str().into()),
        subject: None,
    })
}

fn told(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "unknown".to_owned(), stamp)
}
