//! `netusage.sqlite` → which program used the network, first and last, and how many bytes.

mod rows;
mod wal;

use crate::artifacts::reading::whole_bytes;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, Sibling};
use crate::catalog;
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use wal::Applied;

catalog::entry! {
    /// `netusage.sqlite` of `symptomsd` → which program used the network, first and last, and how many bytes.
    ///
    /// The database is read in memory, with its write-ahead log (`-wal`) where that lies beside it in a folder, zip or tar:
    /// nothing is written beside the evidence.
    ///
    /// ## What it proves
    /// That a program of that name, or of that bundle, used the network at the first and at the last of the two times, and
    /// how many bytes the system counted for it in between. It can show a program that is long gone.
    ///
    /// ## What it does not
    /// Ports, addresses, direction, process ids: it makes no binding. Between the two times there may have been no
    /// use at all. Names are as short as the kernel keeps them, and any program can bear any name. The counters start anew
    /// when the system drops old rows, and traffic of programs that never waited for an answer may be missing. The
    /// database tells neither the Mac nor the system: that of an iPhone looks the same, and is read the same. Given
    /// alone, it is read without the write-ahead log beside it, and says so: the newest use may be missing.
    ///
    /// ## Format source
    /// `/private/var/networkd/db/netusage.sqlite` (macOS 11 and later), `/private/var/networkd/netusage.sqlite` (before);
    /// Core Data tables `ZPROCESS` and `ZLIVEUSAGE`, times in seconds since 2001-01-01 UTC. unified-log.md D, and a
    /// database of iOS 14.
    pub NetworkUsage
}

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Words of its schema, of which the first page may hold some.
const WORDS: &[&[u8]] = &[b"ZLIVEUSAGE", b"ZNETWORKATTACHMENT", b"ZLIVEROUTEPERF"];

impl Artifact for NetworkUsage {
    fn id(&self) -> &'static str {
        "network-usage"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.name.contains("netusage") && candidate.ends_with(".sqlite");
        if !candidate.head.starts_with(MAGIC) {
            let damaged = candidate.name == "netusage.sqlite" && !candidate.head.is_empty();
            return if damaged { Claim::ByName } else { Claim::No };
        }
        let looks = WORDS.iter().any(|word| memchr::memmem::find(candidate.head, word).is_some());
        match (named, looks) {
            (true, _) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut bytes = whole_bytes(input, limits::DATABASE)?;
        let Some(page) = wal::page_size(&bytes).filter(|_| bytes.starts_with(MAGIC)) else {
            let (locator, detail) = (Locator::Offset(0), "no SQLite database".to_owned());
            return Err(ParseError::Malformed { locator, detail });
        };
        if bytes.len() % page != 0 {
            let detail = "the database ends within a page";
            out.problem(Locator::Offset(bytes.len() as u64), ProblemKind::Truncated, detail);
            out.partial = true;
        }
        add_log(&mut bytes, input, out);
        // The log is in the pages now: the database must not ask for it.
        for at in [18, 19] {
            if let Some(version) = bytes.get_mut(at) {
                *version = 1;
            }
        }
        out.note("it tells neither the Mac nor its system: that of an iPhone looks the same");
        rows::read(&bytes, out)
    }
}

/// Puts what stands in the write-ahead log into the pages.
fn add_log(bytes: &mut Vec<u8>, input: &Input<'_>, out: &mut Emitter) {
    let log = match input.siblings.read("-wal", limits::DATABASE) {
        Sibling::Found(log) => log,
        Sibling::Absent => return,
        Sibling::Unknown => {
            return out.note("a write-ahead log beside it, if there is one, is not read here");
        }
        Sibling::Unreadable(error) => {
            let detail = format!("its write-ahead log cannot be read: {error}");
            out.partial = true;
            return out.problem(Locator::Whole, ProblemKind::Unreadable, detail);
        }
    };
    match wal::apply(bytes, &log) {
        // After a checkpoint the log is empty, or old.
        Applied::Foreign if log.is_empty() => {}
        Applied::Foreign => {
            let detail = "the write-ahead log beside it is damaged, or of another database: it is not read";
            out.partial = true;
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
        Applied::Frames { used, left } => out.note(format!(
            "of its write-ahead log {used} pages are read, {left} left out (old, unfinished or damaged)"
        )),
    }
}
