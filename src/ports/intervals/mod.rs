//! Sightings of a binding → its four edges, each with the evidence that set it (time.md 7.5).

pub mod listings;
mod single;
mod spans;

use super::ProcessInstance;
use super::evidence::cite;
use super::owners::{Owners, Part};
use super::sockets::Row;
use crate::evidence::problem;
use crate::hosts::{Dated, HostCase};
use crate::model::binding::{Binding, BindingState, Citation, CitationRole, EndState};
use crate::model::interval::{Interval, Window, add_seconds};
use crate::model::observation::{Fact, JobEventKind, Problem, ProblemKind};
use crate::model::provenance::{Place, SourceId};
use crate::model::{Timestamp, stamp};
use listings::Listings;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds by which a bound may miss a sighting: collectors log whole seconds.
const TICK: i64 = 1;

/// Seconds after the last sighting in which another listing belongs to the same look at the host.
const SAME_LOOK: i64 = 300;

/// What bounds the lives of a host's bindings besides its processes and listings.
pub struct Events<'a> {
    /// For each boot, what tells its start; the earlier and the later edge.
    boots: Vec<(Option<Citation>, Option<Citation>)>,
    /// Loads of property lists, by path.
    loads: BTreeMap<&'a str, Vec<&'a Dated>>,
    /// Removals of jobs, by whether they are the system's, and by label.
    removals: BTreeMap<(bool, &'a str), Vec<&'a Dated>>,
}

impl<'a> Events<'a> {
    /// The events of a host.
    pub fn of(case: &'a HostCase) -> Self {
        let mut events =
            Self { boots: Vec::new(), loads: BTreeMap::new(), removals: BTreeMap::new() };
        let mut starts: Vec<&Dated> = Vec::new();
        for fact in &case.facts {
            let Fact::JobEvent(event) = &fact.fact else {
                if let Fact::Boot { .. } = fact.fact {
                    starts.push(fact);
                }
                continue;
            };
            match &event.kind {
                JobEventKind::LoggingStarted => starts.push(fact),
                JobEventKind::Bootstrap { path: Some(path), succeeded: true, .. } => {
                    events.loads.entry(path).or_default().push(fact);
                }
                JobEventKind::Removed { .. } => {
                    let is_system = event.domain.as_deref() == Some("system");
                    let label = event.label.as_deref().unwrap_or_default();
                    events.removals.entry((is_system, label)).or_default().push(fact);
                }
                _ => {}
            }
        }
        for started in case.boots.iter().map(|boot| boot.started) {
            let edge = |edge: fn(Window) -> Timestamp, role| {
                let wanted = started.map(edge);
                let mut facts = starts.iter();
                facts.find(|fact| fact.window().map(edge) == wanted).map(|fact| cite(fact, role))
            };
            events.boots.push((
                edge(|window| window.lo, CitationRole::StartBound),
                edge(|window| window.hi, CitationRole::EndBound),
            ));
        }
        events
    }
}

/// What the life of a binding is told by.
pub struct Witnesses<'a> {
    /// The host.
    pub case: &'a HostCase,
    /// Processes and jobs.
    pub owners: &'a Owners<'a>,
    /// Listings of sockets.
    pub listings: &'a Listings<'a>,
    /// Other events.
    pub events: &'a Events<'a>,
}

/// Gives a binding its life. `flow` are the places of all rows of its flow, whoever owns them.
/// Returns bounds that a sighting contradicts: they are dropped.
pub fn life_of(
    binding: &mut Binding,
    part: &Part<'_>,
    flow: &BTreeSet<Place>,
    witnesses: &Witnesses<'_>,
) -> Vec<(SourceId, Problem)> {
    let mut windows: Vec<Window> = part.rows.iter().flat_map(Row::sightings).collect();
    if windows.is_empty() {
        windows = part.rows.iter().flat_map(Row::lived).collect();
    }
    let Some(interval) = windows.iter().map(|w| Interval::sighted(*w)).reduce(Interval::join)
    else {
        return Vec::new();
    };
    // A sighting is somewhere in its window: bounds are held against the edges that are sure.
    let sure = Window {
        lo: interval.first_seen,
        hi: windows.iter().map(|window| window.lo).max().unwrap_or(interval.last_seen),
    };
    let mut life = Life { binding, interval, sure, problems: Vec::new() };
    life.bound_by_boot(witnesses.case, witnesses.events);
    life.bound_by_processes(witnesses);
    life.bound_by_job(witnesses);
    life.bound_by_sockets(part);
    let first = windows.iter().map(|window| window.lo).min().unwrap_or(sure.lo);
    let last = windows.iter().map(|window| window.hi).max().unwrap_or(sure.hi);
    let absent = part
        .rows
        .first()
        .map(|row| row.key.epoch)
        .map_or_else(Vec::new, |epoch| witnesses.listings.without(life.binding, flow, epoch));
    life.bound_by_absence(&absent, Window::new(first, last));
    let Life { interval, problems, .. } = life;
    let logged = part.rows.iter().all(|row| row.flow.is_some());
    binding.end_state = match end_state(binding, &interval, last, witnesses.listings) {
        // A log that goes on without a word of it does not show that it was still held.
        EndState::Open if logged => EndState::Unknown,
        state => state,
    };
    let breaks: Vec<Window> = absent.iter().filter_map(|fact| fact.window()).collect();
    binding.spans = spans::spans(part, &breaks, interval.latest_end);
    binding.interval = Some(interval);
    problems
}

/// Bounds a binding of which only effects were seen: it lies within their boot. Returns bounds that
/// an effect contradicts.
pub fn life_within_boot(
    binding: &mut Binding,
    case: &HostCase,
    events: &Events<'_>,
) -> Vec<(SourceId, Problem)> {
    let Some(interval) = binding.interval else { return Vec::new() };
    let sure = Window { lo: interval.first_seen, hi: interval.last_seen };
    let mut life = Life { binding, interval, sure, problems: Vec::new() };
    life.bound_by_boot(case, events);
    let Life { interval, problems, .. } = life;
    if interval.latest_end.is_some() {
        binding.end_state = EndState::Ended;
    }
    binding.interval = Some(interval);
    problems
}

/// A binding whose life is being bounded.
struct Life<'a> {
    binding: &'a mut Binding,
    interval: Interval,
    /// From the first instant by which it was surely seen to the last from which on it was.
    sure: Window,
    problems: Vec<(SourceId, Problem)>,
}

impl Life<'_> {
    /// It cannot have begun before `time`, says `evidence`. A bound without evidence is none.
    fn not_before(&mut self, time: Timestamp, evidence: Option<Citation>) {
        let Some(evidence) = evidence else { return };
        if time > add_seconds(self.sure.lo, TICK) {
            let what = format!("it cannot have begun before {}", stamp(time));
            return self.contradicted(&what, self.sure.lo, &evidence);
        }
        let time = time.min(self.sure.lo);
        let is_tighter = self.interval.earliest_start.is_none_or(|known| time > known);
        if is_tighter && self.interval.not_before(time) {
            self.cite(CitationRole::StartBound, evidence);
        }
    }

    /// It cannot have lasted beyond `time`, says `evidence`.
    fn not_after(&mut self, time: Timestamp, evidence: Option<Citation>) {
        let Some(evidence) = evidence else { return };
        let begun = self.interval.earliest_start.is_some_and(|start| start > time);
        if add_seconds(time, TICK) < self.sure.hi || begun {
            let what = format!("it cannot have lasted beyond {}", stamp(time));
            return self.contradicted(&what, self.sure.hi, &evidence);
        }
        let time = time.max(self.sure.hi);
        if self.interval.latest_end.is_none_or(|known| time < known) {
            // Seen in a window that reaches beyond the end: the sighting lies before it.
            self.interval.first_seen = self.interval.first_seen.min(time);
            self.interval.last_seen = self.interval.last_seen.min(time);
            if self.interval.not_after(time) {
                self.cite(CitationRole::EndBound, evidence);
            }
        }
    }

    fn cite(&mut self, role: CitationRole, evidence: Citation) {
        self.binding.citations.retain(|known| known.role != role);
        self.binding.citations.push(Citation { role, ..evidence });
    }

    fn contradicted(&mut self, what: &str, seen: Timestamp, evidence: &Citation) {
        let port = self.binding.local_port.or(self.binding.remote_port).unwrap_or_default();
        let protocol = self.binding.protocol.as_str();
        let detail = format!(
            "of the binding of port {port}/{protocol} this says that {what}, but it was seen at {}: \
             the bound is dropped",
            stamp(seen)
        );
        let mut found = problem(ProblemKind::BoundConflict, detail);
        found.locator = evidence.place.locator;
        self.problems.push((evidence.place.source, found));
        let note = format!("a bound is contradicted by a sighting and dropped: {what}");
        self.binding.notes.push(note);
    }

    fn bound_by_boot(&mut self, case: &HostCase, events: &Events<'_>) {
        let Some(index) = self.binding.boot else { return };
        let started = |index: usize| case.boots.get(index).and_then(|boot| boot.started);
        let evidence = |index: usize| events.boots.get(index).cloned();
        if let Some(window) = started(index) {
            self.not_before(window.lo, evidence(index).and_then(|(start, _)| start));
        }
        let next = index.saturating_add(1);
        // Where the next start contradicts what shows this boot running, that is told once and bounds nothing.
        let ends = case.boots.get(index).is_some_and(|boot| boot.ended.is_some());
        if let Some(window) = started(next).filter(|_| ends) {
            self.not_after(window.hi, evidence(next).and_then(|(_, end)| end));
        }
    }

    /// A process holds its sockets no longer than it lives; of several holders the first to start
    /// and the last to exit count. A socket of launchd's is older than the service it was handed to.
    fn bound_by_processes(&mut self, witnesses: &Witnesses<'_>) {
        if self.binding.held_by_launchd {
            return;
        }
        let all = &witnesses.owners.processes.all;
        let lives: Vec<&ProcessInstance> =
            self.binding.holders.iter().filter_map(|index| all.get(*index)).collect();
        let first = lives.iter().min_by_key(|life| life.started.map(|window| window.lo)).copied();
        if let Some((life, window)) = first.and_then(|life| life.started.map(|w| (life, w))) {
            self.not_before(window.lo, life.start_evidence.clone());
        }
        let end = |life: &&&ProcessInstance| life.exited.map_or(Timestamp::MAX, |window| window.hi);
        let last = lives.iter().max_by_key(end).copied();
        if let Some((life, window)) = last.and_then(|life| life.exited.map(|w| (life, w))) {
            self.not_after(window.hi, life.exit_evidence.clone());
        }
    }

    /// launchd opens the sockets of a job when it is loaded, and closes them when it is removed.
    fn bound_by_job(&mut self, witnesses: &Witnesses<'_>) {
        let job = self.binding.job.filter(|_| self.binding.held_by_launchd);
        let Some(job) = job.and_then(|index| witnesses.owners.jobs.get(index)) else { return };
        let of_boot = |facts: &Vec<&Dated>| {
            let same = facts.iter().filter(|fact| fact.boot == self.binding.boot);
            let mut dated: Vec<(Window, Citation)> = same
                .filter_map(|fact| Some((fact.window()?, cite(fact, CitationRole::Owner))))
                .collect();
            dated.sort_by_key(|(window, _)| *window);
            dated
        };
        let path = job.plist_path.as_deref().unwrap_or_default();
        let loads = witnesses.events.loads.get(path).map(of_boot).unwrap_or_default();
        let key = (job.domain == "system", &*job.label);
        let removals = witnesses.events.removals.get(&key).map(of_boot).unwrap_or_default();
        let sure = self.sure;
        let load = loads.into_iter().rev().find(|(window, _)| window.lo <= sure.lo);
        if let Some((window, citation)) = load {
            self.not_before(window.lo, Some(citation));
        }
        let removal = removals.into_iter().find(|(window, _)| window.hi >= sure.hi);
        if let Some((window, citation)) = removal {
            self.not_after(window.hi, Some(citation));
        }
    }

    /// Where a log follows each socket: the beginning of the first, and the end of the last.
    fn bound_by_sockets(&mut self, part: &Part<'_>) {
        let bounds = single::bounds(part);
        if let Some((window, citation)) = bounds.start {
            self.not_before(window.lo, Some(citation));
        }
        if let Some((window, citation)) = bounds.end {
            self.not_after(window.hi, Some(citation));
        }
    }

    /// The last listing without it before the first sighting, and the first one after the last.
    fn bound_by_absence(&mut self, absent: &[&Dated], seen: Window) {
        let dated = || absent.iter().filter_map(|fact| Some((*fact, fact.window()?)));
        let before = dated().filter(|(_, window)| window.hi < seen.lo).max_by_key(|(_, w)| w.lo);
        let after = dated().filter(|(_, window)| window.lo > seen.hi).min_by_key(|(_, w)| w.hi);
        if let Some((fact, window)) = before {
            self.not_before(window.lo, Some(cite(fact, CitationRole::StartBound)));
        }
        if let Some((fact, window)) = after {
            self.not_after(window.hi, Some(cite(fact, CitationRole::EndBound)));
        }
    }
}

/// Ended if something bounds the end; open if nothing looked at sockets later; else unknown.
fn end_state(
    binding: &Binding,
    interval: &Interval,
    last: Timestamp,
    listings: &Listings<'_>,
) -> EndState {
    if interval.latest_end.is_some() {
        return EndState::Ended;
    }
    let later = |(fact, _): &(&Dated, _)| {
        fact.window().is_some_and(|window| window.lo > add_seconds(last, SAME_LOOK))
    };
    let is_last = !listings.all().iter().any(later);
    let closing = binding.state == BindingState::Closing;
    if is_last && !closing { EndState::Open } else { EndState::Unknown }
}

/// The places of rows.
pub fn places(rows: &[Row<'_>]) -> BTreeSet<Place> {
    rows.iter().map(|row| row.fact.place).collect()
}
