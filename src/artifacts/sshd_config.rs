//! `sshd_config` → the ports it asks for.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `sshd_config` → the ports it asks for.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub SshdConfig
}

impl Artifact for SshdConfig {
    fn id(&self) -> &'static str {
        "sshd-config"
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
