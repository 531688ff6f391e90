//! `launchctl list` → labels and their processes.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `launchctl list` → labels and their processes.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchctlList
}

impl Artifact for LaunchctlList {
    fn id(&self) -> &'static str {
        "launchctl-list"
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
