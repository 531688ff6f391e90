//! What people decided: which role a host has, which deviations are accepted until when, which software is
//! approved. Policy files → answers about an anomaly at the time of its evidence.
//!
//! An exception is held against the time of the observation, never against the clock. It takes nothing
//! away: the anomaly stays as it is, and says what covers it.

mod breadth;
mod fields;
mod file;
mod inventory;
pub mod matching;
pub mod network;
pub mod review;
pub mod validity;

use super::pattern::PortSet;
use crate::evidence::{digest, files};
use crate::model::interval::Window;
use crate::model::particulars::Particulars;
use crate::model::{Timestamp, stamp};
pub use fields::FileError;
use matching::{Candidate, Match};
use std::io;
use std::path::Path;
use validity::{Standing, Validity};

/// Bytes of a policy or inventory file.
const LIMIT: u64 = 16 << 20;

/// The role of hosts whose name fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Name of the host, whatever the case; `*` stands for any characters.
    pub host: String,
    /// Its role.
    pub role: String,
}

/// A deviation that somebody answers for, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// When it holds.
    pub validity: Validity,
    /// What it is about.
    pub matcher: Match,
}

/// Approved software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its name.
    pub name: String,
    /// What it is.
    pub matcher: Match,
    /// The ports on which it is approved; none means any.
    pub ports: Vec<PortSet>,
}

impl Approval {
    /// As the column `exception_id` names it.
    pub fn id(&self) -> String {
        format!("approved:{}", self.name)
    }

    fn fits(&self, candidate: &Candidate<'_>) -> bool {
        self.matcher.fits(candidate) && candidate.is_on(&self.ports)
    }
}

/// A file that was taken in, for `run.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenFile {
    /// `policy`, `inventory` or `baseline`.
    pub kind: &'static str,
    /// As it was given.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl GivenFile {
    /// Reads a file of at most so many bytes, with its text.
    pub fn read(kind: &'static str, path: &Path, limit: u64) -> io::Result<(Self, String)> {
        let text = files::read_text(path, limit)?;
        let name = path.display().to_string();
        Ok((Self { kind, name, sha256: digest::sha256(text.as_bytes()) }, text))
    }
}

/// What people decided.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Roles, in the order of the file.
    pub roles: Vec<Role>,
    /// The role of all other hosts.
    pub other_role: Option<String>,
    /// Exceptions, in the order of the file.
    pub exceptions: Vec<Exception>,
    /// Approved software: of the policy file first, then of the inventory.
    pub approvals: Vec<Approval>,
    /// The files it was read from.
    pub files: Vec<GivenFile>,
}

impl Policy {
    /// Reads a policy file, an inventory, both or none.
    pub fn load(policy: Option<&Path>, inventory: Option<&Path>) -> Result<Self, FileError> {
        let mut loaded = Self::default();
        if let Some(path) = policy {
            let (name, text) = loaded.take("policy", path)?;
            loaded.add_policy(&name, &text)?;
        }
        if let Some(path) = inventory {
            let (name, text) = loaded.take("inventory", path)?;
            loaded.add_inventory(&name, &text)?;
        }
        Ok(loaded)
    }

    /// Adds what a policy file says. `file` names it in errors.
    pub fn add_policy(&mut self, file: &str, text: &str) -> Result<(), FileError> {
        let read = file::parse(file, text)?;
        self.roles.extend(read.roles);
        self.exceptions.extend(read.exceptions);
        self.approvals.extend(read.approvals);
        Ok(())
    }

    /// Adds what an inventory says. `file` names it in errors.
    pub fn add_inventory(&mut self, file: &str, text: &str) -> Result<(), FileError> {
        self.approvals.extend(inventory::parse(file, text)?);
        Ok(())
    }

    fn take(&mut self, kind: &'static str, path: &Path) -> Result<(String, String), FileError> {
        let unreadable = |error: io::Error| FileError::Unreadable {
            file: path.display().to_string(),
            why: error.to_string(),
        };
        let (given, text) = GivenFile::read(kind, path, LIMIT).map_err(unreadable)?;
        let name = given.name.clone();
        self.files.push(given);
        Ok((name, text))
    }

    /// The role of a host.
    pub fn role_of(&self, host: &str) -> Option<&str> {
        let mut fitting = self.roles.iter().filter(|role| matching::host_fits(&role.host, host));
        fitting.next().map(|role| role.role.as_str()).or(self.other_role.as_deref())
    }

    /// What it says of an anomaly, at the time of its last observation.
    pub fn verdict(&self, known: &Particulars) -> Verdict<'_> {
        let (candidate, seen) = (Candidate::of(known), known.seen);
        let fitting: Vec<&Exception> =
            self.exceptions.iter().filter(|one| one.matcher.fits(&candidate)).collect();
        let stands = |one: &Exception| seen.map(|seen| one.validity.within(seen.last));
        let of = |wanted: Option<Standing>| {
            fitting.iter().copied().filter(move |one| stands(one) == Some(wanted))
        };
        if let Some(exception) = of(Some(Standing::Valid)).next() {
            let too_early = |first: &Timestamp| exception.validity.at(*first) == Standing::NotYet;
            return Verdict::Excepted(exception, seen.map(|seen| seen.first).filter(too_early));
        }
        if let Some(approval) = self.approvals.iter().find(|one| one.fits(&candidate)) {
            return Verdict::Approved(approval);
        }
        let (Some(first), Some(seen)) = (fitting.first(), seen) else {
            return fitting.first().map_or(Verdict::Silent, |first| Verdict::Undated(first));
        };
        if let Some(exception) = of(None).next() {
            return Verdict::Unsettled(exception, seen.last);
        }
        // Of those that end at the same time, the first.
        let forever = |one: &&Exception| one.validity.end().unwrap_or(Timestamp::MAX);
        let expired: Vec<&Exception> = of(Some(Standing::Expired)).collect();
        match expired.into_iter().rev().max_by_key(forever) {
            Some(exception) => Verdict::Expired(exception, seen.last.lo),
            None => Verdict::NotYet(first),
        }
    }
}

/// What a policy says of an anomaly. An explicit exception wins over an approval, the first over the next.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'p> {
    /// Nothing.
    Silent,
    /// An exception covers it. It was first seen at that time, if the exception did not yet hold then.
    Excepted(&'p Exception, Option<Timestamp>),
    /// It is approved software.
    Approved(&'p Approval),
    /// An exception that was over when it was observed, at that time, would cover it.
    Expired(&'p Exception, Timestamp),
    /// An exception fits that held during a part only of the time in which it was last observed.
    Unsettled(&'p Exception, Window),
    /// An exception that did not yet hold would cover it.
    NotYet(&'p Exception),
    /// An exception would, but nothing tells when it was observed.
    Undated(&'p Exception),
}

impl Verdict<'_> {
    /// What covers it, as the column `exception_id` names it.
    pub fn covered_by(&self) -> Option<String> {
        match self {
            Self::Excepted(exception, _) => Some(exception.id.clone()),
            Self::Approved(approval) => Some(approval.id()),
            _ => None,
        }
    }

    /// In a sentence; empty where there is nothing to say.
    pub fn in_words(&self) -> String {
        match self {
            Self::Silent => String::new(),
            Self::Expired(exception, time) => format!("{}.", expired(exception, *time)),
            Self::Excepted(exception, too_early) => excepted(exception, *too_early),
            Self::Approved(approval) => format!("Approved software: {}.", approval.name),
            Self::Unsettled(Exception { id, validity, .. }, Window { lo, hi }) => {
                let (lo, hi) = (stamp(*lo), stamp(*hi));
                format!(
                    "{id} fits, but covers nothing: this was last observed at some time from {lo} to \
                     {hi}, of which only a part is within its days (until {validity})."
                )
            }
            Self::NotYet(Exception { id, validity, .. }) => {
                let from = validity.beginning();
                format!("{id} fits, but was not yet valid at capture (valid from {from}).")
            }
            Self::Undated(Exception { id, .. }) => {
                format!("{id} fits, but covers nothing: when this was observed is not known.")
            }
        }
    }
}

/// `Excepted by EX-12 of sec, valid until 2026-03-31 UTC: lab web console.`, and since when it was there before.
fn excepted(exception: &Exception, too_early: Option<Timestamp>) -> String {
    let Exception { id, owner, reason, validity, .. } = exception;
    let said = format!("Excepted by {id} of {owner}, valid until {validity}: {reason}.");
    too_early.map(stamp).map_or(said.clone(), |first| {
        let from = validity.beginning();
        format!("{said} It was seen before that held: from {first}, and {id} is valid from {from}.")
    })
}

/// `EX-12 expired 15 days before capture (valid until 2026-03-31 UTC)`.
pub fn expired(exception: &Exception, time: Timestamp) -> String {
    let Exception { id, validity, .. } = exception;
    let days = validity.days_over(time);
    let plural = if days == 1 { "" } else { "s" };
    format!("{id} expired {days} day{plural} before capture (valid until {validity})")
}

/// A day of UTC, for reading.
pub(super) fn day(time: Timestamp) -> String {
    stamp(time).chars().take("2026-03-31".len()).collect()
}
