//! `hostname`, `uname`, preferences → names and serial of the host.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `hostname`, `uname`, preferences → names and serial of the host.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub HostName
}

impl Artifact for HostName {
    fn id(&self) -> &'static str {
        "host-name"
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
