//! Baselines that hold for a host → what they could not have shown, as rows of `coverage`: what they lack of that
//! is not new.

use super::{LearnedBaseline, Sight};
use crate::hosts::{Coverage, HostCase, Sees};
use crate::model::network::Protocol;
use crate::model::service::Direction;

/// What the limit of a baseline is called in `blind_to`.
const BASELINE: &str = "baseline";

/// The limits of all baselines for one host, in their order.
pub fn coverage(case: &HostCase, baselines: &[LearnedBaseline]) -> Vec<Coverage> {
    let role = case.host.role.as_deref();
    let (holding, foreign): (Vec<_>, Vec<_>) =
        baselines.iter().partition(|baseline| baseline.is_for(role));
    let blind = holding.iter().flat_map(|baseline| {
        let blind = Sight::ALL.into_iter().filter(|sight| !baseline.could_show(*sight, role));
        blind.map(|sight| row(sight, &baseline.name))
    });
    let foreign = foreign.iter().map(|baseline| {
        let role = role.map_or("the host has no role".to_owned(), |role| format!("role {role}"));
        let detail = format!("baseline {} says nothing of this host ({role})", baseline.name);
        limit(Direction::Listen, None, detail)
    });
    blind.chain(foreign).collect()
}

fn row(sight: Sight, name: &str) -> Coverage {
    let (direction, protocol) = sight.parts();
    let what = if direction == Direction::Listen { "listeners" } else { "connections" };
    let detail = format!(
        "baseline {name} could not have shown {} {what}: what it lacks of them is not new",
        protocol.as_str()
    );
    limit(direction, Some(protocol), detail)
}

fn limit(direction: Direction, protocol: Option<Protocol>, detail: String) -> Coverage {
    Coverage {
        boot: None,
        source: None,
        window: None,
        direction,
        protocol,
        sees: Sees::No,
        blind_to: vec![BASELINE],
        detail,
    }
}
