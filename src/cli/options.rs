//! The options of `analyze`, and how their values are read.

use super::policy::PolicyOptions;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use portolan::evidence::digest::Wanted;
use portolan::evidence::files;
use portolan::model::Timestamp;
use portolan::model::anomaly::Severity;
use portolan::model::service::Confidence;
use portolan::report::CaseFields;
use portolan::write::Format;
use portolan::{hosts, pipeline, report};
use std::io;
use std::path::PathBuf;

/// Bytes of a password file.
const PASSWORDS_LIMIT: u64 = 1 << 20;

#[derive(Args, Debug)]
pub(super) struct AnalyzeOptions {
    /// Folders, archives, disk images or single files
    #[arg(required = true, value_name = "EVIDENCE")]
    pub(super) evidence: Vec<PathBuf>,

    /// Directory for the tables; made if it is not there, refused if it holds anything else
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,

    /// Baseline of what is expected, learned or written by hand; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) policy: PolicyOptions,

    /// Formats to write
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "csv,sqlite")]
    formats: Vec<FormatName>,

    /// Exit with 1 if an open anomaly is at or above this severity
    #[arg(long, value_name = "LEVEL")]
    pub(super) fail_on: Option<Level>,

    /// Let only anomalies of at least this confidence count for --fail-on
    #[arg(long, value_name = "LEVEL", default_value = "low")]
    pub(super) min_confidence: Sureness,

    /// Exit with 3 if a source is partial, unreadable or refused, or an EVIDENCE of no use
    #[arg(long)]
    pub(super) strict: bool,

    /// IANA zone for local times of hosts whose zone the evidence does not tell
    #[arg(long, value_name = "TZ", value_parser = zone)]
    timezone: Option<String>,

    /// Time of captures that tell none themselves, RFC 3339; outranks modification times
    #[arg(long, value_name = "TIME", value_parser = instant)]
    captured_at: Option<Timestamp>,

    /// Number of the case, for `evidence` and run.json
    #[arg(long, value_name = "TEXT")]
    case_id: Option<String>,

    /// Number of the piece of evidence
    #[arg(long, value_name = "TEXT")]
    evidence_id: Option<String>,

    /// Who examines
    #[arg(long, value_name = "TEXT")]
    examiner: Option<String>,

    /// Anything else about the case
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,

    /// Passwords to try on encrypted archives, one a line; never shown
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Hash unclaimed files of folders too that hold more than 1 GiB of them
    #[arg(long)]
    hash_all: bool,

    /// Hash disk images too, and check the hash that an image declares of its disk
    #[arg(long)]
    hash_images: bool,

    /// Read every directory of a disk image, not only those in which an artifact can lie
    #[arg(long)]
    full_walk: bool,

    /// Hashes of the evidence to take besides SHA-256
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    hashes: Vec<HashName>,

    /// Begin the timeline here: RFC 3339, or a date (its first instant in UTC)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,

    /// End the timeline here: RFC 3339, or a date (its last instant in UTC)
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<Timestamp>,

    /// Worker threads; as many as the machine has if not given. Never changes the output
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// Replace an earlier Portolan output in DIR; any other non-empty DIR is refused
    #[arg(long)]
    pub(super) force: bool,

    /// Print nothing but errors
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Print every problem and every anomaly
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// A severity to fail on.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Level {
    Low,
    Medium,
    High,
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

/// A confidence.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Sureness {
    Low,
    Medium,
    High,
}

impl From<Sureness> for Confidence {
    fn from(sureness: Sureness) -> Self {
        match sureness {
            Sureness::Low => Self::Low,
            Sureness::Medium => Self::Medium,
            Sureness::High => Self::High,
        }
    }
}

/// A format by its name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Csv,
    Sqlite,
}

/// A hash function by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HashName {
    Md5,
    Sha1,
}

impl AnalyzeOptions {
    /// The formats to write, each once.
    pub(super) fn formats(&self) -> Vec<Format> {
        let mut formats: Vec<Format> = self
            .formats
            .iter()
            .map(|name| match name {
                FormatName::Csv => Format::Csv,
                FormatName::Sqlite => Format::Sqlite,
            })
            .collect();
        formats.sort_unstable();
        formats.dedup();
        formats
    }

    /// Fails if the timeline would end before it begins.
    pub(super) fn check_range(&self) -> Result<(), String> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if until < since => {
                Err("--until lies before --since: no row could be in the timeline".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// How the evidence is read. Fails if the password file cannot be.
    pub(super) fn reading(&self) -> io::Result<pipeline::Options> {
        let passwords = match &self.password_file {
            Some(path) => files::read_text(path, PASSWORDS_LIMIT)?,
            None => String::new(),
        };
        Ok(pipeline::Options {
            jobs: usize::from(self.jobs.unwrap_or(0)),
            passwords: passwords.lines().filter(|line| !line.is_empty()).map(Into::into).collect(),
            hash_all: self.hash_all,
            full_walk: self.full_walk,
            hash_images: self.hash_images,
            hashes: Wanted {
                sha256: true,
                md5: self.hashes.contains(&HashName::Md5),
                sha1: self.hashes.contains(&HashName::Sha1),
            },
        })
    }

    /// What the examiner adds to the evidence.
    pub(super) fn placing(&self) -> hosts::Options {
        hosts::Options { time_zone: self.timezone.clone(), captured_at: self.captured_at }
    }

    /// What the examiner adds to the tables.
    pub(super) fn reporting(&self) -> report::Options {
        report::Options {
            case: CaseFields {
                case_id: self.case_id.clone(),
                evidence_id: self.evidence_id.clone(),
                examiner: self.examiner.clone(),
                notes: self.notes.clone(),
            },
            since: self.since,
            until: self.until,
        }
    }

    /// The password file, for an error about it.
    pub(super) fn password_file(&self) -> String {
        self.password_file.as_deref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

fn zone(name: &str) -> Result<String, String> {
    match TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err("no such zone in the IANA database (as in Europe/Berlin)".to_owned()),
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "not a time of RFC 3339 (as in 2026-04-15T12:13:09Z)".to_owned())
}

fn since(text: &str) -> Result<Timestamp, String> {
    day(text).map_or_else(|| instant(text), |day| first_instant(day).ok_or_else(out_of_range))
}

fn until(text: &str) -> Result<Timestamp, String> {
    let last = |day: Date| {
        let next = first_instant(day.tomorrow().ok()?)?;
        next.checked_sub(jiff::SignedDuration::from_micros(1)).ok()
    };
    day(text).map_or_else(|| instant(text), |day| last(day).ok_or_else(out_of_range))
}

/// The text as a date without a time, which jiff would else take from a longer text.
fn day(text: &str) -> Option<Date> {
    (text.len() == "2026-04-15".len()).then(|| text.parse().ok())?
}

fn first_instant(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

fn out_of_range() -> String {
    "a date that is out of range".to_owned()
}
