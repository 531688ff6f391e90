//! `launchctl print-disabled` → overrides.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `launchctl print-disabled` → overrides.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchctlPrintDisabled
}

impl Artifact for LaunchctlPrintDisabled {
    fn id(&self) -> &'static str {
        "launchctl-print-disabled"
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
