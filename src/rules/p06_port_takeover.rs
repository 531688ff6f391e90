//! A port that another program used to hold → P06.

use super::comparison::Comparison;
use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::book::{Known, Layer};
use crate::catalog;
use crate::model::binding::Binding;
use crate::model::stamp;

catalog::entry! {
    /// A port that the baseline gives to one program is held by another.
    ///
    /// ## What it detects
    /// A listener on a fixed port that, in an earlier acquisition of this host or in a baseline file, a
    /// different program holds with a reach that overlaps, while that program no longer holds it. Of a file
    /// counts what this host itself had, what was written by hand, and what at least half of its hosts have.
    /// An upgrade is no other program: the same team, the same path without its version, or the same label
    /// in the same vendor's folder. Never against stock macOS, never for mDNS, SSDP and WS-Discovery.
    ///
    /// ## Why it matters
    /// Whoever takes a known port inherits its firewall rules, its clients and its good name.
    ///
    /// ## When it is harmless
    /// A product was replaced by another of the same kind.
    ///
    /// ## How to verify
    /// Look at the gap between both holders, at what ended the first (`launchd.log`: "exited due to …",
    /// "sent by"), and at the age of the second's program and property list.
    ///
    /// ## What it does not prove
    /// That the second ended the first, or that clients were deceived.
    pub PortTakeover
}

impl Rule for PortTakeover {
    fn id(&self) -> &'static str {
        RuleId::P06.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let fits = binding.is_seen_listener()
            && context.is_fixed(binding)
            && !is_multicast_service(binding)
            && context.owner_is_known(binding);
        if !fits || context.is_stock(binding) {
            return None;
        }
        let compared = Comparison::of(binding, context).filter(Comparison::deviates)?;
        if compared.key.is_bare_launchd() || holds_it_elsewhere(&compared) {
            return None;
        }
        let usual = context.scoring.thresholds.usual_percent;
        let others = compared.others(context);
        let gone =
            |known: &&&Known<'_>| known.is_usual(usual) && !context.still_holds(known, binding);
        // The host's own past says more than a file.
        let earlier = others.iter().filter(gone).max_by_key(|known| known.layer == Layer::Past)?;
        let port = binding.local_port?;
        let reason = format!(
            "{port}/{} was held by {}{}",
            binding.protocol.as_str(),
            earlier.identity.describe(),
            gap(earlier, binding, context)
        );
        let mut finding = context.finding(RuleId::P06, reason);
        finding.expected = earlier.describe();
        Some(finding)
    }
}

/// Whether a base has the very program on that port with another reach: then it was widened, not taken.
fn holds_it_elsewhere(compared: &Comparison<'_>) -> bool {
    compared.same_kind().any(|known| known.is_about(compared.usage))
}

/// From when to when nobody is known to have held the port, where this host shows both.
fn gap(earlier: &Known<'_>, binding: &Binding, context: &Context<'_>) -> String {
    let Some(life) = binding.interval else { return String::new() };
    let theirs = context.waiting.of_program(&earlier.identity, &context.baseline.stock);
    let before = theirs.into_iter().filter(|other| {
        other.is_seen_listener()
            && other.protocol == binding.protocol
            && other.local_port == binding.local_port
            && other.interval.is_some_and(|other| other.last_seen < life.first_seen)
    });
    let Some(other) = before.filter_map(|other| other.interval).max_by_key(|one| one.last_seen)
    else {
        return format!(" in {}", earlier.where_from());
    };
    let ended = other.latest_end.map_or_else(
        || format!(" when last seen at {}", stamp(other.last_seen)),
        |end| format!(" until {} at the latest", stamp(end)),
    );
    let began = life.earliest_start.map_or_else(
        || format!("; by this program when first seen at {}", stamp(life.first_seen)),
        |start| format!("; by this program from {} at the earliest", stamp(start)),
    );
    let apart = other.latest_end.zip(life.earliest_start).filter(|(end, start)| start > end);
    let apart = apart.map_or_else(String::new, |(end, start)| {
        let seconds = start.duration_since(end).as_secs_f64();
        format!("; {seconds:.1} s between them are unknown")
    });
    format!("{ended}{began}{apart}")
}
