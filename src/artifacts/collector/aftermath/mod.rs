//! The files of an Aftermath archive (Jamf) → when it ran, whose Mac it is, its processes, and where its
//! flat copies of property lists lay.
//!
//! Its listing of sockets is read as lsof, its exports of the unified log as such.

pub mod launch_items;
pub mod log;
pub mod metadata;
pub mod process_dump;
pub mod process_tree;
pub mod system_information;

use crate::model::observation::Started;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A time as Aftermath prints it: `2026-04-15 09:13:01`, in the host's zone, or with ` +0000` behind it.
fn started(text: &str) -> Option<Started> {
    let text = text.trim();
    match text.strip_suffix(" +0000") {
        Some(utc) => {
            let civil = utc.parse::<DateTime>().ok()?;
            Offset::UTC.to_timestamp(civil).ok().map(Started::Utc)
        }
        None => text.parse::<DateTime>().ok().map(Started::Local),
    }
}
