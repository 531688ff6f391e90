//! The name of a file of AutoMacTC → the run that wrote it, and what it holds.

use crate::model::Timestamp;

/// A file of a run: `automactc-output,lab-mac,192.0.2.7,2026-04-15T12_13_02Z,netstat.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFile<'a> {
    /// What all files of the run begin with, the last comma included. The prefix before the host is free text.
    pub run: &'a str,
    /// What `hostname` printed; `None` where it failed.
    pub host: Option<&'a str>,
    /// When the run began.
    pub started: Timestamp,
    /// What it holds (`netstat`, `runtime`).
    pub module: &'a str,
}

impl<'a> RunFile<'a> {
    /// Reads the base name of a file.
    pub fn of(name: &'a str) -> Option<Self> {
        let (front, file) = name.rsplit_once(',')?;
        let (front, stamp) = front.rsplit_once(',')?;
        let (front, _address) = front.rsplit_once(',')?;
        let (_, host) = front.rsplit_once(',')?;
        let (module, ending) = file.split_once('.')?;
        let is_known =
            ["csv", "json", "log"].iter().any(|known| ending.eq_ignore_ascii_case(known));
        if !is_known {
            return None;
        }
        let started = started(stamp)?;
        let run = name.get(..name.len().saturating_sub(file.len()))?;
        let host = Some(host.trim()).filter(|host| !host.is_empty() && *host != "HNERROR");
        Some(Self { run, host, started, module })
    }
}

/// `2026-04-15T12_13_02Z`: the tool writes `_` for the colons that a file's name cannot have.
fn started(stamp: &str) -> Option<Timestamp> {
    let is_utc = stamp.ends_with(['Z', 'z']);
    let time = stamp.replace('_', ":");
    time.parse().ok().filter(|_| is_utc)
}
