//! The log that UAC writes beside its archive → host, times, case fields, hashes.

use super::uac_log::collector_version;
use crate::artifacts::date::{Zone, read_stamp};
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// The log that UAC writes beside its archive → host, times, case fields, hashes.
    ///
    /// ## What it proves
    /// Which host was acquired, from when to when, with its offset from UTC; whether the running system
    /// (`Mount Point: /`) or a mounted volume was read; case and evidence numbers, examiner and notes as
    /// typed; and the hashes of the archive when it was made.
    ///
    /// ## What it does not
    /// That the archive beside it is the one it speaks of: only a hash that matches shows that. The log
    /// is plain text without a signature. The archive's password, which UAC writes into it, is never
    /// shown.
    ///
    /// ## Format source
    /// UAC (tclahr/uac), `uac-<host>-<os>-<time>.log`: sections `[Case Information]` … with
    /// `Key: value` lines; `Acquisition Started: Wed Apr 15 09:12:44 2026 -0300` (3.x),
    /// `Acquisition started at:` (2.x); `MD5 checksum: …`. formats.md 3.1, conventions.md.
    pub UacAcquisitionLog
}

impl Artifact for UacAcquisitionLog {
    fn id(&self) -> &'static str {
        "uac-acquisition-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let looks = candidate.text.starts_with("Created by UAC (");
        let named = candidate.name.starts_with("uac-") && candidate.ends_with(".log");
        match (named, looks) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if candidate.text.contains("[System Information]") => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let name = input.entry.path.rsplit('/').next().unwrap_or_default();
        // Version 2 names no archive: it has the log's name with another ending.
        let archive = name.strip_suffix(".log").unwrap_or(name).to_owned();
        let mut log = Log { archive, section: String::new() };
        for_each_line(input, out, |number, line, out| log.read(number, line.trim(), out))
    }
}

struct Log {
    archive: String,
    section: String,
}

impl Log {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let locator = Locator::Line(number);
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            self.section = section.to_lowercase();
        } else if let Some(version) = collector_version(line) {
            let version = (!version.is_empty()).then(|| out.text(version));
            let claim = CollectionClaim::Collector { name: out.text("uac"), version };
            out.cite(locator, When::Undated, line, Fact::Collection(claim));
        } else if self.section.contains("hash") {
            self.read_hash(locator, line, out);
        } else if let Some((key, value)) = line.split_once(':') {
            self.read_field(locator, line, (key, value.trim()), out);
        } else if !line.is_empty() {
            out.skip("lines that are no field (a note of several lines)");
        }
    }

    fn read_field(
        &mut self,
        locator: Locator,
        line: &str,
        (key, value): (&str, &str),
        out: &mut Emitter,
    ) {
        if value.is_empty() {
            return;
        }
        let key = key.to_lowercase();
        let field =
            |field| Fact::Collection(CollectionClaim::CaseField { field, value: value.into() });
        let fact = match key.as_str() {
            "case number" => field("case_id"),
            "evidence number" => field("evidence_id"),
            "examiner" => field("examiner"),
            "notes" | "description" => field("notes"),
            "hostname" => Fact::Host(HostClaim::Name { rank: 0, name: value.into() }),
            "operating system" if value != "macos" => Fact::Host(HostClaim::NotMacOs(value.into())),
            "mount point" => Fact::Collection(CollectionClaim::MountPoint(value.into())),
            "acquisition started" | "acquisition started at" => {
                return read_time(locator, line, value, CollectionClaim::Started, out);
            }
            "acquisition finished" | "acquisition finished at" => {
                return read_time(locator, line, value, CollectionClaim::Ended, out);
            }
            "file" => {
                value.clone_into(&mut self.archive);
                return;
            }
            "password" => return out.skip("the archive's password, which is not shown"),
            _ => return out.skip("fields that say nothing of the evidence"),
        };
        out.cite(locator, When::Undated, line, fact);
    }

    /// `MD5 checksum: 9e10…`, or the hash alone.
    fn read_hash(&self, locator: Locator, line: &str, out: &mut Emitter) {
        let is_hex = |word: &&str| word.len() >= 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(value) = line.split_whitespace().find(is_hex) else {
            if !line.is_empty() && line != "-" {
                let detail = "a line of the hash section without a hash";
                out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
            return;
        };
        let algorithm = match value.len() {
            32 => "md5",
            40 => "sha1",
            64 => "sha256",
            _ => {
                let detail = format!("a hash of {} digits, which is no known kind", value.len());
                return out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
        };
        let (file, value) = (self.archive.as_str().into(), value.to_lowercase().as_str().into());
        let claim = CollectionClaim::DeclaredHash { file, algorithm, value };
        out.cite(locator, When::Undated, line, Fact::Collection(claim));
    }
}

fn read_time(locator: Locator, line: &str, value: &str, claim: CollectionClaim, out: &mut Emitter) {
    let stamp = match read_stamp(value) {
        Ok(stamp) => stamp,
        Err(why) => return out.problem(locator, ProblemKind::MalformedRecord, why),
    };
    let when = match stamp.utc() {
        Some(time) => When::Utc(Window::at(time)),
        None => When::Local(stamp.civil, stamp.civil),
    };
    if let Zone::Offset(seconds) = stamp.zone {
        let claim = HostClaim::Offset { rank: 0, seconds };
        out.cite(locator, when.clone(), line, Fact::Host(claim));
    }
    out.cite(locator, when, line, Fact::Collection(claim));
}
