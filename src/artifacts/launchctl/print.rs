//! `launchctl print`, `dumpstate` → jobs as launchd held them.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `launchctl print`, `dumpstate` → jobs as launchd held them.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchctlPrint
}

impl Artifact for LaunchctlPrint {
    fn id(&self) -> &'static str {
        "launchctl-print"
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
