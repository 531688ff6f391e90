//! `/etc/localtime`, preferences, `systemsetup` → the time zone of the host.

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;

catalog::entry! {
    /// `/etc/localtime`, preferences, `systemsetup` → the time zone of the host.
    ///
    /// ## What it proves
    /// ## What it does not
    /// ## Format source
    pub TimeZone
}

impl Artifact for TimeZone {
    fn id(&self) -> &'static str {
        "time-zone"
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
