//! netstat output of every macOS generation → sockets.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// netstat output of every macOS generation → sockets.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub Netstat
}

impl Artifact for Netstat {
    fn id(&self) -> &'static str {
        "netstat"
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
