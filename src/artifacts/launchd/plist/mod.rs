//! A launchd property list → a job and the ports it declares.

pub mod arguments;
mod claim;
mod environment;
mod job;
mod sockets;

pub(in crate::artifacts) use self::job::job;

use crate::artifacts::property_list::{self, Read};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// A launchd property list: a daemon or agent, how it is started, and the ports it declares.
    ///
    /// ## What it proves
    /// That the file was there, and what launchd is told in it: the program and its arguments, the user,
    /// what starts it. `Sockets` lists the ports that launchd itself opens for the job: one row for each
    /// socket that `getaddrinfo` would give, the families of a wildcard merged. Ports in arguments and
    /// environment are inferred by the table of patterns in formats.md 4.6, with the words that say so.
    ///
    /// ## What it does not
    /// That the job was loaded, ran or bound anything: the override database decides about loading, and
    /// only a listing or a log shows a socket. `Disabled` is only a default. A service name is a number
    /// only by the host's own `/etc/services`. Ports in configuration files, in scripts and in code that
    /// the arguments name are not read. A job given to `launchctl submit` has no file.
    ///
    /// ## Format source
    /// launchd.plist(5); `launchctl.c` of launchd-842 for `Sockets`; 631 property lists of macOS 10.14.
    /// XML, binary, old-style text and JSON, UTF-8 or UTF-16; damaged files are read as far as they go.
    pub LaunchdPlist
}

impl Artifact for LaunchdPlist {
    fn id(&self) -> &'static str {
        "launchd-plist"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        claim::claim(candidate)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let Read { value, rescued, .. } = property_list::read_input(input, out)?;
        let Some(entries) = value.as_dictionary() else {
            let detail = "the property list holds no dictionary, so it is no job".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        };
        let mut job = job(entries, out);
        job.partial = rescued;
        if job.label.is_empty() {
            let detail = "the property list has no Label, so launchd does not load it";
            out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
            if job.executable().is_none() && job.declared.is_empty() {
                return Ok(());
            }
        }
        out.fact(Locator::Whole, When::Undated, Fact::Job(Box::new(job)));
        Ok(())
    }
}
