//! `disabled.plist`, `overrides.plist` → overrides.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `disabled.plist`, `overrides.plist` → overrides.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub LaunchdOverrides
}

impl Artifact for LaunchdOverrides {
    fn id(&self) -> &'static str {
        "launchd-overrides"
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
