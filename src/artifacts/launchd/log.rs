//! `launchd.log` → starts and ends of jobs.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `launchd.log` → starts and ends of jobs.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchdLog
}

impl Artifact for LaunchdLog {
    fn id(&self) -> &'static str {
        "launchd-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, _candidate: &Candidate<'_>) -> Claim {
        Claim::No
    }

    fn parse(&self, _input: &mut Input<'_>, _out: &mut Emitter) -> Result<(), ParseError> {
        Ok(())
    }
}
