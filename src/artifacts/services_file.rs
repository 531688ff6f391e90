//! `/etc/services` → names of ports.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `/etc/services` → names of ports.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub ServicesFile
}

impl Artifact for ServicesFile {
    fn id(&self) -> &'static str {
        "services-file"
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
