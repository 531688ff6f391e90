//! ps output → processes.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// ps output → processes.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub Ps
}

impl Artifact for Ps {
    fn id(&self) -> &'static str {
        "ps"
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
