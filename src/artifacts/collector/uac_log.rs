//! `uac.log` → when each command ran.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `uac.log` → when each command ran.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub UacLog
}

impl Artifact for UacLog {
    fn id(&self) -> &'static str {
        "uac-log"
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
