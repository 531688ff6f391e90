//! Dated boot facts → the boots of a host, and which boot a time belongs to (time.md 7.3).

use super::boot_conflicts::Conflict;
use super::clock::Zone;
use super::{Dated, same_boot};
use crate::model::Timestamp;
use crate::model::host::Boot;
use crate::model::interval::{Window, add_seconds};
use crate::model::observation::{CollectionClaim, Fact, JobEventKind};
use crate::model::provenance::{Place, SourceId};
use jiff::Unit;
use std::collections::BTreeMap;

/// Boots whose starts differ by less are one: `kern.boottime` moves when the clock is stepped.
const SAME: i64 = 120;

/// Boots that may be near one another in time: nobody starts a Mac so often within [`SAME`].
const NEIGHBOURS: usize = 64;

/// What tells the starts that stand in a log.
const LOG: &str = "launchd.log";

/// Seconds by which a line of the boot itself may stand before its start.
const TICK: i64 = 2;

/// The boots of a host, with what is needed to place a time in one.
#[derive(Debug, Default)]
pub struct Boots {
    list: Vec<Boot>,
    /// For each boot, the last time known to lie in it, and what tells so.
    known_until: Vec<(Timestamp, Place)>,
    /// For each boot, until when a line that is known to lie in it may have been written.
    lines_until: Vec<Timestamp>,
    /// For each boot, from when to when a log was written in it.
    running: Vec<Option<Window>>,
    /// For each boot, the acquisition that first told it.
    told_by: Vec<usize>,
    /// For each boot, where it was first told.
    told_at: Vec<Place>,
    /// Boots that one source shows running and another says to be over.
    conflicts: Vec<Conflict>,
    /// For each acquisition, the boot it was taken in.
    current: Vec<Option<usize>>,
}

struct Claim {
    window: Window,
    uuid: Option<String>,
    source: &'static str,
    acquisition: usize,
    /// Where it stands.
    place: Place,
    /// The file, if it is a line of a log.
    log: Option<SourceId>,
    /// Whether it was only running then: its start is not told.
    running: bool,
}

impl Boots {
    /// Learns the boots from facts that are dated. `captured` is the time span of each acquisition.
    pub fn learn(facts: &[Dated], captured: &[Option<Window>], zone: &Zone) -> Self {
        let mut claims: Vec<Claim> = facts.iter().filter_map(claim).collect();
        claims.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut boots = Self { current: vec![None; captured.len()], ..Self::default() };
        let mut logs: BTreeMap<SourceId, Vec<(Timestamp, usize)>> = BTreeMap::new();
        let mut by_log: Vec<Option<usize>> = vec![None; captured.len()];
        for claim in claims {
            if claim.running {
                boots.add_running(&claim);
                continue;
            }
            let index = boots.add(&claim);
            let slots = if let Some(source) = claim.log {
                logs.entry(source).or_default().push((claim.window.lo, index));
                &mut by_log
            } else {
                &mut boots.current
            };
            // The log of an acquisition tells all boots until its capture: the last one is its own.
            let until = captured.get(claim.acquisition).copied().flatten();
            let before = claim.log.is_none() || until.is_some_and(|w| claim.window.lo <= w.hi);
            if let Some(slot) = slots.get_mut(claim.acquisition).filter(|_| before) {
                *slot = Some(index);
            }
        }
        for (slot, by_log) in boots.current.iter_mut().zip(by_log) {
            *slot = slot.or(by_log);
        }
        for (acquisition, boot) in same_boot::learn(facts, &boots.current, zone) {
            if let Some(slot) = boots.current.get_mut(acquisition) {
                *slot = Some(boot);
            }
        }
        boots.learn_until(facts, &logs);
        boots.close();
        boots.shut_down(facts);
        boots
    }

    /// What a live capture shows lies in its boot, and so do the lines of a log up to its next start.
    fn learn_until(&mut self, facts: &[Dated], logs: &BTreeMap<SourceId, Vec<(Timestamp, usize)>>) {
        for fact in facts {
            let Some(window) = fact.window() else { continue };
            let boot = match &fact.fact {
                Fact::Listing(_)
                | Fact::Process(_)
                | Fact::JobState(_)
                | Fact::Command(_)
                | Fact::Clock
                | Fact::Collection(CollectionClaim::Ended) => {
                    self.current.get(fact.acquisition).copied().flatten()
                }
                Fact::JobEvent(_) | Fact::Flow(_) | Fact::Log(_) | Fact::Shutdown => {
                    logs.get(&fact.place.source).and_then(|starts| {
                        // Starts were claimed in order.
                        let after = starts.partition_point(|(start, _)| *start <= window.lo);
                        starts.get(after.checked_sub(1)?).map(|(_, boot)| *boot)
                    })
                }
                _ => None,
            };
            if let Some(until) = boot.and_then(|boot| self.known_until.get_mut(boot)) {
                extend(until, window.lo, fact.place);
            }
            if let Some(until) = boot.and_then(|boot| self.lines_until.get_mut(boot)) {
                *until = (*until).max(window.hi);
            }
        }
    }

    /// Adds a claim to the boot it means, or as a new one.
    fn add(&mut self, claim: &Claim) -> usize {
        let same = |boot: &Boot| {
            let known = Some(&boot.id).filter(|id| !id.starts_with("boot-"));
            match (known, &claim.uuid) {
                (Some(known), Some(uuid)) => known == uuid,
                _ => boot.started.is_some_and(|started| near(started, claim.window)),
            }
        };
        // Claims come in order of time: what is near stands at the end.
        let first = match &claim.uuid {
            Some(_) => 0,
            None => self.list.len().saturating_sub(NEIGHBOURS),
        };
        let late = self.list.get(first..).unwrap_or_default();
        let found = late.iter().rposition(same).map(|at| at.saturating_add(first));
        let Some(index) = found else {
            let id = claim.uuid.clone().unwrap_or_else(|| named_after(claim.window));
            return self.push(claim, id, Some(claim.window));
        };
        if let Some(boot) = self.list.get_mut(index) {
            let known = boot.started.unwrap_or(claim.window);
            let started = match (boot.source == LOG, claim.log.is_some()) {
                (true, false) => with_log(claim.window, known),
                (false, true) => with_log(known, claim.window),
                _ => both(known, claim.window),
            };
            if started != known && started == claim.window {
                claim.source.clone_into(&mut boot.source);
            }
            boot.started = Some(started);
            match &claim.uuid {
                Some(uuid) => boot.id.clone_from(uuid),
                None if boot.id.starts_with("boot-") => boot.id = named_after(started),
                None => {}
            }
        }
        index
    }

    /// A boot that no earlier claim told; its index.
    fn push(&mut self, claim: &Claim, id: String, started: Option<Window>) -> usize {
        self.list.push(Boot { id, started, ended: None, source: claim.source.to_owned() });
        self.known_until.push((claim.window.hi, claim.place));
        self.lines_until.push(claim.window.hi);
        self.running.push(None);
        self.told_by.push(claim.acquisition);
        self.told_at.push(claim.place);
        self.list.len().saturating_sub(1)
    }

    /// Adds that a boot was running: to the boot of that UUID; else to the last one that the same
    /// acquisition tells without a UUID; else as one whose start is unknown.
    fn add_running(&mut self, claim: &Claim) {
        let uuid = claim.uuid.clone().unwrap_or_default();
        let known = self.list.iter().rposition(|boot| boot.id == uuid);
        let last = self.list.len().checked_sub(1).filter(|last| {
            let unnamed = self.list.get(*last).is_some_and(|boot| boot.id.starts_with("boot-"));
            unnamed && self.told_by.get(*last) == Some(&claim.acquisition)
        });
        let index = known.or(last).unwrap_or_else(|| self.push(claim, uuid.clone(), None));
        if let Some(boot) = self.list.get_mut(index) {
            boot.id = uuid;
        }
        if let Some(until) = self.known_until.get_mut(index) {
            extend(until, claim.window.hi, claim.place);
        }
        if let Some(running) = self.running.get_mut(index) {
            *running = Some(running.map_or(claim.window, |known| known.hull(claim.window)));
        }
    }

    /// The last shutdown that was logged in a boot narrows its end.
    fn shut_down(&mut self, facts: &[Dated]) {
        for fact in facts.iter().filter(|fact| fact.fact == Fact::Shutdown) {
            let Some(window) = fact.window() else { continue };
            let place = self.place(fact.acquisition, window);
            let Some(boot) = place.and_then(|index| self.list.get_mut(index)) else { continue };
            if boot.ended.is_some_and(|ended| ended.meets(window)) {
                boot.ended =
                    boot.ended.map(|ended| Window { lo: ended.lo.max(window.lo), ..ended });
            }
        }
    }

    /// A boot ended at the latest when the next one began, and not before it was last seen: where the one
    /// contradicts the other, its end is not known.
    fn close(&mut self) {
        let starts: Vec<Option<Window>> = self.list.iter().map(|boot| boot.started).collect();
        for (index, boot) in self.list.iter_mut().enumerate() {
            let after = index.saturating_add(1);
            let (next, told) = (starts.get(after).copied().flatten(), self.told_at.get(after));
            let until = self.known_until.get(index).copied();
            let Some(((next, told), until)) = next.zip(told).zip(until) else { continue };
            if until.0 > add_seconds(next.hi, TICK) {
                let (running, started) = (until, (next.hi, *told));
                self.conflicts.push(Conflict { boot: boot.id.clone(), running, started });
            } else {
                boot.ended = Some(Window::new(until.0.min(next.hi), next.hi));
            }
        }
    }

    /// Boots that one source shows running and another says to be over.
    pub(super) fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// The boot in which something of this acquisition happened, if the evidence places it in one:
    /// between two boots that are known there may be others.
    pub fn place(&self, acquisition: usize, window: Window) -> Option<usize> {
        let after = |index: usize| {
            let started = self.list.get(index).and_then(|boot| boot.started);
            started.is_some_and(|started| add_seconds(started.lo, -TICK) <= window.lo)
        };
        let runs = |running: &Option<Window>| {
            running.is_some_and(|running| running.lo <= window.lo && window.hi <= running.hi)
        };
        if let Some(index) = self.running.iter().position(runs) {
            return Some(index);
        }
        let current = self.current.get(acquisition).copied().flatten();
        if let Some(current) = current.filter(|current| after(*current)) {
            return Some(current);
        }
        let index = (0..self.list.len()).rev().find(|index| after(*index))?;
        let until = self.known_until.get(index).map(|(until, _)| until);
        let until = until.max(self.lines_until.get(index));
        until.is_some_and(|until| window.hi <= *until).then_some(index)
    }

    /// The boots, in order of time.
    pub fn into_boots(self) -> Vec<Boot> {
        self.list
    }
}

impl Claim {
    /// By time; of one time, the one with a UUID first, then the one that is not a log's.
    fn order(&self) -> impl Ord + '_ {
        (self.window, self.uuid.is_none(), &self.uuid, self.log, self.acquisition)
    }
}

/// What is known to lie in a boot until `known`, and now at `time` too.
fn extend(known: &mut (Timestamp, Place), time: Timestamp, place: Place) {
    if time > known.0 {
        *known = (time, place);
    }
}

/// What two claims about one start come to: what they share; else either may be right, since the
/// clock was stepped between them.
fn both(one: Window, other: Window) -> Window {
    if one.meets(other) {
        Window { lo: one.lo.max(other.lo), hi: one.hi.min(other.hi) }
    } else {
        one.hull(other)
    }
}

/// launchd begins to log some seconds after the start. A line before it shows a stepped clock.
fn with_log(clock: Window, log: Window) -> Window {
    if log.hi < clock.lo { clock.hull(log) } else { clock }
}

fn near(one: Window, other: Window) -> bool {
    one.shifted(-SAME, SAME).meets(other)
}

fn named_after(window: Window) -> String {
    let start = window.lo.round(Unit::Second).unwrap_or(window.lo);
    format!("boot-{start}")
}

fn claim(fact: &Dated) -> Option<Claim> {
    let window = fact.window()?;
    let (acquisition, place) = (fact.acquisition, fact.place);
    match &fact.fact {
        Fact::Boot { uuid, exact } => {
            let uuid = uuid.as_deref().map(str::to_owned);
            let source = if *exact { "kern.boottime" } else { "uptime" };
            Some(Claim { window, uuid, source, acquisition, place, log: None, running: false })
        }
        Fact::BootLogged { uuid, log: source } => {
            let uuid = uuid.as_deref().map(str::to_owned);
            let log = Some(fact.place.source);
            Some(Claim { window, uuid, source, acquisition, place, log, running: false })
        }
        Fact::BootRunning { uuid } => {
            let uuid = Some(uuid.as_ref().to_owned());
            let (source, log) = ("records that carry its UUID", Some(fact.place.source));
            Some(Claim { window, uuid, source, acquisition, place, log, running: true })
        }
        Fact::JobEvent(event) if event.kind == JobEventKind::LoggingStarted => {
            let log = Some(fact.place.source);
            Some(Claim { window, uuid: None, source: LOG, acquisition, place, log, running: false })
        }
        _ => None,
    }
}
