//! `date` output → the moment at which the files beside it were captured.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `date` output → the moment at which the files beside it were captured.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub DateOutput
}

impl Artifact for DateOutput {
    fn id(&self) -> &'static str {
        "date"
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
