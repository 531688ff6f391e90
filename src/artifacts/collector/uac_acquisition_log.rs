//! The log that UAC writes beside its archive → host, times, case fields, hashes.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// The log that UAC writes beside its archive → host, times, case fields, hashes.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub UacAcquisitionLog
}

impl Artifact for UacAcquisitionLog {
    fn id(&self) -> &'static str {
        "uac-acquisition-log"
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
