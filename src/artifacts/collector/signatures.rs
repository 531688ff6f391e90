//! Names in the certificates of a code signature → who signed, as `services` tells it.

use crate::model::Text;
use crate::model::observation::{Code, Signer};

/// Names of leaf certificates by which Apple signs its own.
const APPLES: &[&str] = &["Software Signing", "Apple Mac OS Application Signing"];

/// Who a chain of certificates says that it is: the leaf's name first. Nothing here verifies it.
pub(super) fn of_authorities(names: &[&str]) -> Code {
    let leaf = names.first().copied().unwrap_or_default();
    let kind = match leaf {
        "" | "Unsigned" => Signer::Unsigned,
        _ if APPLES.contains(&leaf) => Signer::Apple,
        _ if ["Developer ID Application: ", "Apple Distribution: ", "3rd Party Mac Developer "]
            .iter()
            .any(|start| leaf.starts_with(start)) =>
        {
            Signer::Developer
        }
        _ => Signer::Unknown,
    };
    let team = team_in(leaf).filter(|_| kind == Signer::Developer);
    Code { signature: Some(kind), team_id: team.map(Text::from), ..Code::default() }
}

/// `ABCDE12345` in `Developer ID Application: Ferry (ABCDE12345)`.
pub(super) fn team_in(name: &str) -> Option<&str> {
    let team = name.strip_suffix(')')?.rsplit_once('(')?.1;
    is_team(team).then_some(team)
}

/// Whether a text has the shape of a team's identifier: ten capitals and digits.
pub(super) fn is_team(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
