//! Sightings of a binding → its four edges, each with the evidence that set it (time.md 7.5).

use super::evidence::{Epoch, cite, epoch_of};
use super::owners::{Owners, Part};
use super::sockets::Row;
use crate::hosts::{Dated, HostCase};
use crate::model::Timestamp;
use crate::model::binding::{Binding, CitationRole, EndState, Span};
use crate::model::interval::{Interval, Window};
use crate::model::network::Protocol;
use crate::model::observation::{Fact, JobEventKind, Known, Listing, ListingTool};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// The listings of a host, by source.
pub struct Listings<'a> {
    all: Vec<(&'a Dated, &'a Listing)>,
    by_source: BTreeMap<SourceId, Vec<usize>>,
}

impl<'a> Listings<'a> {
    /// All listings of a host.
    pub fn of(case: &'a HostCase) -> Self {
        let mut listings = Self { all: Vec::new(), by_source: BTreeMap::new() };
        for fact in &case.facts {
            if let Fact::Listing(listing) = &fact.fact {
                listings.by_source.entry(fact.place.source).or_default().push(listings.all.len());
                listings.all.push((fact, listing));
            }
        }
        listings
    }

    /// The listing that a row at `place` belongs to: the last one that began before it.
    fn at(&self, place: Place) -> Option<&(&'a Dated, &'a Listing)> {
        let indices = self.by_source.get(&place.source)?;
        let before = |index: &&usize| {
            self.all.get(**index).is_some_and(|(fact, _)| fact.place.locator <= place.locator)
        };
        let index = indices.iter().rev().find(before).or_else(|| indices.first())?;
        self.all.get(*index)
    }

    /// The tool that printed a row.
    pub fn tool_of(&self, place: Place) -> Option<ListingTool> {
        self.at(place).map(|(_, listing)| listing.tool)
    }

    /// Whether the tool that printed a row ran with privileges.
    pub fn privilege_of(&self, place: Place) -> Known {
        self.at(place).map_or(Known::Unknown, |(_, listing)| listing.privileged)
    }

    /// Whether every row comes from a listing known to be unprivileged.
    pub fn only_unprivileged(&self, rows: &[Row<'_>]) -> bool {
        !rows.is_empty() && rows.iter().all(|row| self.privilege_of(row.fact.place) == Known::No)
    }
}

/// Whether a listing would have shown this binding, had it been there.
fn comparable(listing: &Listing, binding: &Binding) -> bool {
    let protocol = match binding.protocol {
        Protocol::Tcp => listing.tcp,
        Protocol::Udp => listing.udp,
    };
    let direction = match binding.direction {
        Direction::Listen | Direction::Unknown => {
            listing.listeners || binding.protocol == Protocol::Udp
        }
        Direction::Outbound | Direction::Inbound => listing.connections,
    };
    let family = match binding.families.as_str() {
        "4" => listing.ipv4,
        "6" | "6|46" => listing.ipv6,
        _ => listing.ipv4 && listing.ipv6,
    };
    let shows = listing.whole && listing.privileged == Known::Yes && !listing.endpoints_cut;
    protocol && direction && family && shows && binding.tools.contains(&listing.tool)
}

/// Gives a binding its life.
pub fn life_of(
    binding: &mut Binding,
    part: &Part<'_>,
    case: &HostCase,
    owners: &Owners<'_>,
    listings: &Listings<'_>,
) {
    let windows: Vec<Window> = part.rows.iter().filter_map(|row| row.fact.window()).collect();
    let Some(mut interval) = windows.iter().map(|w| Interval::sighted(*w)).reduce(Interval::join)
    else {
        return;
    };
    // A sighting is somewhere in its window: bounds are held against the edges that are sure.
    let seen = Window {
        lo: windows.iter().map(|window| window.hi).min().unwrap_or(interval.first_seen),
        hi: windows.iter().map(|window| window.lo).max().unwrap_or(interval.last_seen),
    };
    bound_by_boot(binding, &mut interval, case);
    bound_by_processes(binding, &mut interval, seen, owners);
    let epoch = part.rows.first().map(|row| epoch_of(row.fact));
    bound_by_absence(binding, &mut interval, part, listings, epoch);
    binding.end_state = end_state(binding, &interval, part, listings);
    // Seen in a window that reaches beyond the end: the sighting lies before it.
    if let Some(end) = interval.latest_end {
        interval.first_seen = interval.first_seen.min(end);
        interval.last_seen = interval.last_seen.min(end);
    }
    binding.spans = spans(part, interval.latest_end);
    binding.interval = Some(interval);
}

fn bound_by_boot(binding: &mut Binding, interval: &mut Interval, case: &HostCase) {
    let Some(index) = binding.boot else { return };
    let started = case.boots.get(index).and_then(|boot| boot.started);
    if let Some(started) = started
        && interval.not_before(started.lo)
    {
        cite_bound(binding, CitationRole::StartBound, boot_fact(case, index, started));
    }
    let next = case.boots.get(index.saturating_add(1)).and_then(|boot| boot.started);
    if let Some(next) = next
        && interval.not_after(next.hi)
    {
        cite_bound(binding, CitationRole::EndBound, boot_fact(case, index.saturating_add(1), next));
    }
}

/// The fact that told when a boot began.
fn boot_fact(case: &HostCase, boot: usize, started: Window) -> Option<&Dated> {
    case.facts.iter().find(|fact| {
        let about_boots = match &fact.fact {
            Fact::Boot { .. } => true,
            Fact::JobEvent(event) => event.kind == JobEventKind::LoggingStarted,
            _ => false,
        };
        about_boots && fact.boot == Some(boot) && fact.window() == Some(started)
    })
}

fn cite_bound(binding: &mut Binding, role: CitationRole, fact: Option<&Dated>) {
    let Some(fact) = fact else { return };
    binding.citations.retain(|citation| citation.role != role);
    binding.citations.push(cite(fact, role));
}

/// A process holds its sockets no longer than it lives. A socket of launchd's is older than the
/// service that it was handed to.
fn bound_by_processes(
    binding: &mut Binding,
    interval: &mut Interval,
    seen: Window,
    owners: &Owners<'_>,
) {
    if binding.held_by_launchd {
        return;
    }
    let lives: Vec<_> =
        binding.holders.iter().filter_map(|index| owners.processes.all.get(*index)).collect();
    let start = lives.iter().map(|life| life.started.map(|window| window.lo)).min().flatten();
    let end = lives
        .iter()
        .map(|life| life.exited.map_or((true, Timestamp::MAX), |w| (false, w.hi)))
        .max();
    let evidence = |edge: &dyn Fn(Window) -> Timestamp, at: Timestamp| {
        lives
            .iter()
            .flat_map(|life| &life.citations)
            .find(|citation| citation.window.is_some_and(|window| edge(window) == at))
    };
    if let Some(start) = start
        && start <= seen.lo
        && interval.not_before(start)
    {
        let citation = evidence(&|window| window.lo, start)
            .or_else(|| lives.iter().flat_map(|life| &life.citations).next())
            .cloned();
        replace_bound(binding, CitationRole::StartBound, citation);
    }
    if let Some((false, end)) = end
        && end >= seen.hi
    {
        interval.last_seen = interval.last_seen.min(end);
        interval.first_seen = interval.first_seen.min(end);
        if interval.not_after(end) {
            let citation = evidence(&|window| window.hi, end).cloned();
            replace_bound(binding, CitationRole::EndBound, citation);
        }
    }
}

fn replace_bound(
    binding: &mut Binding,
    role: CitationRole,
    citation: Option<crate::model::binding::Citation>,
) {
    if let Some(mut citation) = citation {
        binding.citations.retain(|known| known.role != role);
        citation.role = role;
        binding.citations.push(citation);
    }
}

/// The last comparable listing without it before the first sighting, and the first one after the last.
fn bound_by_absence(
    binding: &mut Binding,
    interval: &mut Interval,
    part: &Part<'_>,
    listings: &Listings<'_>,
    epoch: Option<Epoch>,
) {
    let seen_in: BTreeSet<SourceId> = part.rows.iter().map(|row| row.fact.place.source).collect();
    let first = part.rows.iter().filter_map(|row| row.fact.window()).map(|window| window.lo).min();
    let last = part.rows.iter().filter_map(|row| row.fact.window()).map(|window| window.hi).max();
    let absent = |(fact, listing): &&(&Dated, &Listing)| {
        !seen_in.contains(&fact.place.source)
            && Some(epoch_of(fact)) == epoch
            && comparable(listing, binding)
    };
    let before = listings
        .all
        .iter()
        .filter(absent)
        .filter(|(fact, _)| {
            fact.window().is_some_and(|window| first.is_some_and(|f| window.hi < f))
        })
        .max_by_key(|(fact, _)| fact.window().map(|window| window.lo));
    let after = listings
        .all
        .iter()
        .filter(absent)
        .filter(|(fact, _)| fact.window().is_some_and(|window| last.is_some_and(|l| window.lo > l)))
        .min_by_key(|(fact, _)| fact.window().map(|window| window.hi));
    let (before, after) = (before.map(|(fact, _)| *fact), after.map(|(fact, _)| *fact));
    if let Some((fact, window)) = before.and_then(|fact| Some((fact, fact.window()?)))
        && interval.earliest_start.is_none_or(|known| window.lo > known)
        && interval.not_before(window.lo)
    {
        cite_bound(binding, CitationRole::StartBound, Some(fact));
    }
    if let Some((fact, window)) = after.and_then(|fact| Some((fact, fact.window()?)))
        && interval.latest_end.is_none_or(|known| window.hi < known)
        && interval.not_after(window.hi)
    {
        cite_bound(binding, CitationRole::EndBound, Some(fact));
    }
}

/// Ended if something bounds the end; open if no comparable listing is later; else unknown.
fn end_state(
    binding: &Binding,
    interval: &Interval,
    part: &Part<'_>,
    listings: &Listings<'_>,
) -> EndState {
    if interval.latest_end.is_some() {
        return EndState::Ended;
    }
    let acquisition = part.rows.iter().map(|row| row.fact.acquisition).max();
    let last = listings.all.iter().map(|(fact, _)| fact.acquisition).max();
    let closing = binding.state == crate::model::binding::BindingState::Closing;
    if acquisition == last && !closing { EndState::Open } else { EndState::Unknown }
}

/// Stretches without a break: between two sightings of one socket, or of sockets of one process.
fn spans(part: &Part<'_>, end: Option<Timestamp>) -> Vec<Span> {
    let mut by_socket: BTreeMap<(u8, u64), Vec<Window>> = BTreeMap::new();
    for row in &part.rows {
        let key = match (row.socket.pcb, row.socket.gencnt, row.socket.pid) {
            (Some(pcb), ..) => (0, pcb),
            (None, Some(gencnt), _) => (1, gencnt),
            (None, None, pid) => (2, pid.map_or(0, u64::from)),
        };
        by_socket.entry(key).or_default().extend(row.fact.window());
    }
    let mut spans: BTreeSet<Span> = BTreeSet::new();
    for ((kind, _), windows) in by_socket {
        let Some(first) = windows.iter().map(|window| window.hi).min() else { continue };
        let last = windows.iter().map(|window| window.lo).max().unwrap_or(first);
        let cut = |time: Timestamp| end.map_or(time, |end| time.min(end));
        spans.insert(Span { from: cut(first), to: cut(last.max(first)), continuous: kind < 2 });
    }
    spans.into_iter().collect()
}
