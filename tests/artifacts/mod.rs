//! Parsers: one module an artifact.

mod host;
mod launchctl;
mod launchd_log;
mod launchd_plist;
mod lsof;
mod netstat;
mod property_list;
mod ps;
mod uac;
