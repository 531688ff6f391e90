//! A launchd property list → a job and the ports it declares.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// A launchd property list → a job and the ports it declares.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchdPlist
}

impl Artifact for LaunchdPlist {
    fn id(&self) -> &'static str {
        "launchd-plist"
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
