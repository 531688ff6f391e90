//! launchd on disk: property lists, overrides, its log.

pub mod log;
pub mod overrides;
pub mod plist;
