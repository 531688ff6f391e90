//! Dated boot facts → the boots of a host, and which boot a time belongs to (time.md 7.3).

use super::Dated;
use crate::model::Timestamp;
use crate::model::host::Boot;
use crate::model::interval::{Window, add_seconds};
use crate::model::observation::{Fact, JobEventKind};
use jiff::Unit;

/// Boots whose starts differ by less are one: `kern.boottime` moves when the clock is stepped.
const SAME: i64 = 120;

/// The boots of a host, with what is needed to place a time in one.
#[derive(Debug, Default)]
pub struct Boots {
    list: Vec<Boot>,
    /// For each boot, the last time known to lie in it.
    known_until: Vec<Timestamp>,
    /// For each acquisition, the boot it was taken in.
    current: Vec<Option<usize>>,
}

struct Claim {
    window: Window,
    uuid: Option<String>,
    exact: bool,
    source: &'static str,
    acquisition: Option<usize>,
}

impl Boots {
    /// Learns the boots from facts that are dated. `captured` is the time span of each acquisition.
    pub fn learn(facts: &[Dated], captured: &[Option<Window>]) -> Self {
        let mut claims: Vec<Claim> = facts.iter().filter_map(claim).collect();
        claims.sort_by_key(|claim| (claim.window, !claim.exact));
        let mut boots = Self { current: vec![None; captured.len()], ..Self::default() };
        for claim in claims {
            let index = boots.add(&claim);
            let Some(acquisition) = claim.acquisition else { continue };
            if let Some(slot) = boots.current.get_mut(acquisition) {
                *slot = Some(index);
            }
            let captured = captured.get(acquisition).copied().flatten();
            if let (Some(until), Some(window)) = (boots.known_until.get_mut(index), captured) {
                *until = (*until).max(window.hi);
            }
        }
        boots.close();
        boots
    }

    /// Adds a claim to the boot it means, or as a new one.
    fn add(&mut self, claim: &Claim) -> usize {
        let last = self.list.len().checked_sub(1);
        if let Some((index, boot)) = last.zip(self.list.last_mut())
            && boot.started.is_some_and(|started| near(started, claim.window))
        {
            let uuid_known = !boot.id.starts_with("boot-");
            match &claim.uuid {
                Some(uuid) if !uuid_known => boot.id.clone_from(uuid),
                _ => {}
            }
            // The exact claim sorts first only among equals: prefer the narrower window.
            let width = |window: Window| window.hi.duration_since(window.lo);
            if boot.started.is_some_and(|started| width(claim.window) < width(started)) {
                boot.started = Some(claim.window);
                claim.source.clone_into(&mut boot.source);
                if !uuid_known && claim.uuid.is_none() {
                    boot.id = named_after(claim.window);
                }
            }
            return index;
        }
        self.list.push(Boot {
            id: claim.uuid.clone().unwrap_or_else(|| named_after(claim.window)),
            started: Some(claim.window),
            ended: None,
            source: claim.source.to_owned(),
        });
        self.known_until.push(claim.window.hi);
        self.list.len().saturating_sub(1)
    }

    /// A boot ended at the latest when the next one began, and not before it was last seen.
    fn close(&mut self) {
        let starts: Vec<Option<Window>> = self.list.iter().map(|boot| boot.started).collect();
        for (index, boot) in self.list.iter_mut().enumerate() {
            let next = starts.get(index.saturating_add(1)).copied().flatten();
            let until = self.known_until.get(index).copied();
            boot.ended =
                next.zip(until).map(|(next, until)| Window::new(until.min(next.hi), next.hi));
        }
    }

    /// The boot in which something of this acquisition happened, if the evidence places it in one.
    pub fn place(&self, acquisition: usize, window: Window) -> Option<usize> {
        let started = |index: usize| self.list.get(index).and_then(|boot| boot.started);
        let after = |index: usize| {
            started(index).is_some_and(|started| add_seconds(started.lo, -SAME) <= window.lo)
        };
        let current = self.current.get(acquisition).copied().flatten();
        if let Some(current) = current.filter(|current| after(*current)) {
            return Some(current);
        }
        let index = (0..self.list.len()).rev().find(|index| after(*index))?;
        let next = started(index.saturating_add(1));
        let within = self.known_until.get(index).is_some_and(|until| window.hi <= *until);
        (within || next.is_some_and(|next| window.hi <= next.hi)).then_some(index)
    }

    /// The boots, in order of time.
    pub fn into_boots(self) -> Vec<Boot> {
        self.list
    }
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
    match &fact.fact {
        Fact::Boot { uuid, exact } => Some(Claim {
            window,
            uuid: uuid.as_deref().map(str::to_owned),
            exact: *exact,
            source: if *exact { "kern.boottime" } else { "uptime" },
            acquisition: Some(fact.acquisition),
        }),
        Fact::JobEvent(event) if event.kind == JobEventKind::LoggingStarted => Some(Claim {
            window,
            uuid: None,
            exact: true,
            source: "launchd.log",
            acquisition: None,
        }),
        _ => None,
    }
}
