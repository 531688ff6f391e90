//! What sensors say about the lives of processes, and about the code that ran in them.

use super::{Process, Signer};
use crate::model::Text;
use crate::model::interval::Window;

/// A process as a sensor tells it: with its start or its end in UTC, and who signed its code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Who.
    pub process: Process,
    /// When it started, if the record tells.
    pub started: Option<Window>,
    /// When it exited, if the record tells.
    pub exited: Option<Window>,
    /// Whether it put another program in the place of the one that ran before under this pid (`exec`).
    pub replaces: bool,
    /// Its code.
    pub code: Code,
}

/// Who signed a program, as a sensor tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Who signed it.
    pub signature: Option<Signer>,
    /// Team identifier.
    pub team_id: Option<Text>,
    /// Identifier in the signature.
    pub signing_id: Option<Text>,
    /// SHA-256 of the executable, in lower-case hexadecimal.
    pub sha256: Option<Text>,
}

impl Code {
    /// What a later record adds to what is known.
    pub fn or(self, other: Self) -> Self {
        Self {
            signature: self.signature.or(other.signature),
            team_id: self.team_id.or(other.team_id),
            signing_id: self.signing_id.or(other.signing_id),
            sha256: self.sha256.or(other.sha256),
        }
    }
}
