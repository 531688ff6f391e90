//! `SystemVersion.plist`, `sw_vers` → version and build of macOS.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `SystemVersion.plist`, `sw_vers` → version and build of macOS.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub SystemVersion
}

impl Artifact for SystemVersion {
    fn id(&self) -> &'static str {
        "system-version"
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
