//! A TSK bodyfile → times, owners and modes of the files that matter.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// A TSK bodyfile → times, owners and modes of the files that matter.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub Bodyfile
}

impl Artifact for Bodyfile {
    fn id(&self) -> &'static str {
        "bodyfile"
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
