//! A listener that the baseline has and that the host would show, but does not → P19.

use super::context::{Context, is_bound, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::book::Known;
use crate::baseline::learned::Sight;
use crate::baseline::learned::identity::ProgramKey;
use crate::baseline::pattern::Way;
use crate::baseline::program::{FIRST_EPHEMERAL, Program, Use};
use crate::baseline::stock::Stock;
use crate::catalog;
use crate::model::binding::{Binding, CitationRole};
use crate::model::network::{Protocol, Scope};
use crate::model::provenance::Place;
use crate::model::service::Direction;

catalog::entry! {
    /// A listener of the baseline is not there any more.
    ///
    /// ## What it detects
    /// A listener that an earlier acquisition of this host shows and the last one does not, although it could
    /// have; or one that a baseline file has for this very host, or for most hosts of its role, and that
    /// no acquisition of it shows. Not if the program listens elsewhere now (P05, P13) or another holds
    /// the port (P06), not for programs of macOS itself, and not for what one log saw come and go.
    ///
    /// ## Why it matters
    /// A security agent or a backup service that fell silent may have been stopped.
    ///
    /// ## When it is harmless
    /// Applications are quit, software is removed.
    ///
    /// ## How to verify
    /// `launchd.log` and the unified log tell how its process ended; the property list may still be there.
    ///
    /// ## What it does not prove
    /// That anything was stopped on purpose. It is a note, not a suspicion.
    pub NoLongerSeen
}

impl Rule for NoLongerSeen {
    fn id(&self) -> &'static str {
        RuleId::P19.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        match subject {
            Subject::Binding(binding) => gone(binding, context),
            Subject::Expected(known) => missing(known, context),
            Subject::Job(..) | Subject::Host => None,
        }
    }
}

/// A listener of an earlier acquisition that the last one would show.
fn gone(binding: &Binding, context: &Context<'_>) -> Option<Finding> {
    if !is_service(binding, context)
        || is_multicast_service(binding)
        || context.is_stock(binding)
        || came_and_went(binding)
    {
        return None;
    }
    let last_seen = binding.interval?.last_seen;
    let sight = Sight::of(Direction::Listen, binding.protocol);
    let look = context.past.after(last_seen, sight)?;
    let key = ProgramKey::of(binding, context.ports);
    let later = |other: &&Binding| other.interval.is_some_and(|life| life.last_seen > last_seen);
    if !key.is_known()
        || is_told_otherwise(&key, binding.protocol, binding.local_port, context, later)
    {
        return None;
    }
    let port = binding.local_port?;
    let reason = format!(
        "{} {}/{port} no longer seen: the capture of {} does not show it",
        key.describe(),
        binding.protocol.as_str(),
        crate::model::stamp(look.captured.lo)
    );
    let mut finding = context.finding(RuleId::P19, reason);
    finding.expected = format!("{} on {} as before", key.describe(), port);
    Some(finding)
}

/// Whether the file that shows it tells its beginning and its end too, as a log that follows sockets does: nobody expects
/// such a one to be there for good.
fn came_and_went(binding: &Binding) -> bool {
    let place = |role| {
        binding.citations.iter().find(|citation| citation.role == role).map(|known| known.place)
    };
    let own = |place: Place| {
        let mut rows = binding.citations.iter();
        rows.any(|row| row.role == CitationRole::Sighting && row.place.source == place.source)
    };
    [CitationRole::StartBound, CitationRole::EndBound]
        .into_iter()
        .all(|role| place(role).is_some_and(own))
}

/// Whether a binding waits for peers. An unconnected UDP socket on a port that the kernel may have handed
/// out does only where the port is its product's own.
fn is_service(binding: &Binding, context: &Context<'_>) -> bool {
    let is_udp = binding.protocol == Protocol::Udp;
    if !is_udp || context.is_fixed(binding) {
        return binding.is_seen_listener();
    }
    is_bound(binding) && context.hint(binding).is_some()
}

/// A listener of a baseline file that no acquisition of the host shows.
fn missing(known: &Known<'_>, context: &Context<'_>) -> Option<Finding> {
    if known.direction != Way::Listen || !known.identity.is_known() || !is_due(known, context) {
        return None;
    }
    let protocol = known.protocol.protocol();
    let sight = Sight::of(Direction::Listen, protocol);
    let place = *context.past.looks.iter().rev().find_map(|look| look.sees.get(&sight))?;
    let port = known.ports.only();
    let anything = |_: &&Binding| true;
    if is_stock(known, protocol, context)
        || is_told_otherwise(&known.identity, protocol, port, context, anything)
    {
        return None;
    }
    let mut finding = context.finding(RuleId::P19, format!("{} not seen", known.describe()));
    finding.expected = known.describe();
    finding.place = Some(place);
    Some(finding)
}

/// Whether this host should have it: it had it before, or most of its kind have it.
fn is_due(known: &Known<'_>, context: &Context<'_>) -> bool {
    let limits = context.scoring.thresholds;
    let common = known.hosts.is_some_and(|(on, of)| {
        of >= limits.rare_hosts_of_at_least
            && on.saturating_mul(100) >= of.saturating_mul(limits.common_percent)
    });
    known.entry.is_some() && (known.is_own || common)
}

/// Whether it is macOS's own: its features come and go.
fn is_stock(known: &Known<'_>, protocol: Protocol, context: &Context<'_>) -> bool {
    let key = &known.identity;
    let program = Program {
        path: key.path.as_deref(),
        name: key.process.as_deref(),
        name_cut: key.is_cut(),
        label: key.label.as_deref(),
    };
    let held = Program { path: Some("/sbin/launchd"), ..program };
    let port = known.ports.only().unwrap_or(FIRST_EPHEMERAL);
    let usage = Use::new(Direction::Listen, protocol, port, Scope::Loopback);
    let stock = &context.baseline.stock;
    [program, held].iter().any(|program| {
        !matches!(stock.expects(program, usage, None), Stock::No | Stock::Masquerade { .. })
    })
}

/// Whether the program still listens, or somebody holds the port: other rules tell that.
fn is_told_otherwise(
    key: &ProgramKey,
    protocol: Protocol,
    port: Option<u16>,
    context: &Context<'_>,
    counts: impl Fn(&&Binding) -> bool,
) -> bool {
    let fits = |other: &&Binding| other.protocol == protocol && counts(other);
    let there = port.is_some_and(|port| context.waiting.on(port).any(|other| fits(&other)));
    let of_program = || context.waiting.of_program(key, &context.baseline.stock);
    there || of_program().iter().any(fits)
}
