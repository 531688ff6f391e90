//! lsof text and field output → sockets and processes.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// lsof text and field output → sockets and processes.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub Lsof
}

impl Artifact for Lsof {
    fn id(&self) -> &'static str {
        "lsof"
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
