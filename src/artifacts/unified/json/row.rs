//! An object of an export → the cells that are used, whichever tool wrote it.

use super::super::iterator::LogData;
use serde::Deserialize;
use std::borrow::Cow;

/// The keys of a record that are used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "message")]
    pub(super) event_message: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "event_type")]
    pub(super) event_type: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "process")]
    pub(super) process_image_path: Option<Cow<'a, str>>,
    #[serde(borrow, alias = "library")]
    pub(super) sender_image_path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) subsystem: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) category: Option<Cow<'a, str>>,
    #[serde(rename = "processID", alias = "pid")]
    pub(super) process_id: Option<u64>,
    #[serde(rename = "bootUUID", alias = "boot_uuid", borrow)]
    pub(super) boot_uuid: Option<Cow<'a, str>>,
    pub(super) finished: Option<u64>,
    /// Only `unifiedlog_iterator` writes it.
    #[serde(rename = "log_type", borrow)]
    pub(super) log_type: Option<Cow<'a, str>>,
}

impl Row<'_> {
    /// As a record of `unifiedlog_iterator`.
    pub(super) fn log_data(&self) -> LogData<'_> {
        LogData {
            time: text(self.timestamp.as_ref()),
            event_type: text(self.event_type.as_ref()),
            process: text(self.process_image_path.as_ref()),
            pid: self.process_id,
            library: text(self.sender_image_path.as_ref()),
            subsystem: text(self.subsystem.as_ref()),
            category: text(self.category.as_ref()),
            message: text(self.event_message.as_ref()),
            boot: text(self.boot_uuid.as_ref()),
            row: text(self.event_message.as_ref()),
        }
    }
}

/// The text of a cell; empty if there is none.
pub(super) fn text<'r>(cell: Option<&'r Cow<'_, str>>) -> &'r str {
    cell.map_or("", AsRef::as_ref)
}
