//! Rows that name a pid → lives of processes. A pid may be used again; a row joins a life only if the
//! times allow it (time.md 7.4, 7.6.3).

use super::ProcessInstance;
use super::evidence::{Epoch, cite, epoch_of};
use super::names_of::{base_name, compatible, executable_of};
use crate::hosts::{Dated, HostCase};
use crate::model::Text;
use crate::model::binding::{Citation, CitationRole};
use crate::model::interval::{Window, add_micros};
use crate::model::observation::{
    Code, Fact, JobEvent, JobEventKind, Life as Told, Process, ProcessName,
};
use std::collections::BTreeMap;

/// Seconds by which two sources may differ about one start.
const SAME_START: i64 = 2;

/// Seconds between rows beyond which different names mean different processes.
const SAME_MOMENT: i64 = 300;

/// What one row says about a process.
#[derive(Clone, Debug, Default)]
struct Sighting {
    pid: u32,
    ppid: Option<u32>,
    window: Option<Window>,
    started: Option<Window>,
    exited: Option<Window>,
    name: Option<ProcessName>,
    path: Option<Text>,
    command: Option<Text>,
    user: Option<Text>,
    label: Option<(Text, &'static str)>,
    /// Whether its program took the place of what ran before.
    replaces: bool,
    code: Code,
    citation: Option<Citation>,
    /// What tells the start or the exit; else the citation.
    evidence: Option<Citation>,
    /// What tells the exit, where something else tells the start.
    exit_evidence: Option<Citation>,
}

/// The lives of one pid in one epoch, with the windows in which each was seen.
struct Life {
    instance: ProcessInstance,
    seen: Option<Window>,
}

/// All lives of a host's processes, with the index by epoch and pid.
#[derive(Debug, Default)]
pub struct Processes {
    /// Ordered by epoch, pid and start.
    pub all: Vec<ProcessInstance>,
    index: BTreeMap<(Epoch, u32), Vec<usize>>,
}

impl Processes {
    /// Builds them from the facts of a host.
    pub fn of(case: &HostCase) -> Self {
        let mut by_pid: BTreeMap<(Epoch, u32), Vec<Sighting>> = BTreeMap::new();
        for fact in &case.facts {
            for sighting in sightings(fact, case) {
                by_pid.entry((epoch_of(fact), sighting.pid)).or_default().push(sighting);
            }
        }
        let mut processes = Self::default();
        for ((epoch, pid), sightings) in by_pid {
            for mut life in lives(sightings) {
                // Most have one citation or three, and a vector grows to four or eight.
                life.instance.citations.shrink_to_fit();
                let index = processes.all.len();
                processes.index.entry((epoch, pid)).or_default().push(index);
                let (boot, acquisition) = epoch;
                processes.all.push(ProcessInstance { boot, acquisition, pid, ..life.instance });
            }
        }
        processes.all.shrink_to_fit();
        processes.link_parents();
        processes
    }

    /// The life of a pid that a row at `window` can mean, by time and then by name.
    pub fn at(
        &self,
        epoch: Epoch,
        pid: u32,
        window: Option<Window>,
        name: Option<&ProcessName>,
    ) -> Option<usize> {
        let lives = self.index.get(&(epoch, pid))?;
        let fits = |index: &&usize| self.all.get(**index).is_some_and(|life| admits(life, window));
        let named =
            |index: &&usize| self.all.get(**index).is_some_and(|life| names_fit(life, name));
        let mut fitting: Vec<&usize> = lives.iter().filter(fits).collect();
        if fitting.iter().any(named) {
            fitting.retain(|index| named(index));
        }
        fitting.last().copied().copied()
    }

    /// The process that had the pid of this one after it, if the evidence shows one.
    pub fn next_of_pid(&self, epoch: Epoch, index: usize) -> Option<&ProcessInstance> {
        let pid = self.all.get(index)?.pid;
        let lives = self.index.get(&(epoch, pid))?;
        let next = lives.iter().skip_while(|life| **life != index).nth(1)?;
        self.all.get(*next)
    }

    fn link_parents(&mut self) {
        let parents: Vec<Option<usize>> = self
            .index
            .iter()
            .flat_map(|((epoch, _), lives)| lives.iter().map(move |life| (*epoch, *life)))
            .map(|(epoch, index)| {
                let life = self.all.get(index)?;
                let ppid = life.ppid.filter(|ppid| *ppid > 0)?;
                self.at(epoch, ppid, life.started, None)
            })
            .collect();
        // The index lists lives in the order in which they were pushed.
        for (life, parent) in self.all.iter_mut().zip(parents) {
            life.parent = parent;
        }
    }
}

/// Whether a process can have existed within a window. Collectors log whole seconds, launchd
/// microseconds: a start within the last logged second still fits.
fn admits(life: &ProcessInstance, window: Option<Window>) -> bool {
    let Some(window) = window.map(|window| window.shifted(0, 1)) else { return true };
    life.started.is_none_or(|started| started.lo <= window.hi)
        && life.exited.is_none_or(|exited| exited.hi >= window.lo)
}

fn names_fit(life: &ProcessInstance, name: Option<&ProcessName>) -> bool {
    let Some(name) = name else { return true };
    let known = known_names(life);
    known.is_empty() || known.iter().any(|known| compatible(known, name))
}

/// Every name that a life goes by.
fn known_names(life: &ProcessInstance) -> Vec<ProcessName> {
    let whole = |text: &str| ProcessName { text: Text::from(text), cut: false };
    let mut names: Vec<ProcessName> = life.name.clone().into_iter().collect();
    names.extend(life.path.as_deref().map(base_name).map(whole));
    names.extend(
        life.command.as_deref().map(|command| whole(base_name(&executable_of(command, None)))),
    );
    names
}

/// Splits the rows of one pid into lives: first by what tells a start, then the rest by time and name.
fn lives(sightings: Vec<Sighting>) -> Vec<Life> {
    let (mut anchored, mut rest): (Vec<_>, Vec<_>) =
        sightings.into_iter().partition(|sighting| sighting.started.is_some());
    // In order of time: the order of the evidence tells nothing.
    anchored.sort_by_key(|sighting| (sighting.started, sighting.window));
    rest.sort_by_key(|sighting| sighting.window);
    let mut lives: Vec<Life> = Vec::new();
    for sighting in anchored {
        match lives.iter_mut().rev().find(|life| same_start(life, &sighting)) {
            Some(life) => absorb(life, sighting),
            None => lives.push(begin(sighting)),
        }
    }
    for sighting in rest {
        match lives.iter_mut().rev().find(|life| can_be(life, &sighting)) {
            Some(life) => absorb(life, sighting),
            None => lives.push(begin(sighting)),
        }
    }
    lives.sort_by_key(|life| {
        let start = life.instance.started.or(life.seen);
        (start.is_none(), start)
    });
    lives
}

fn same_start(life: &Life, sighting: &Sighting) -> bool {
    let Some((known, fresh)) = life.instance.started.zip(sighting.started) else { return false };
    known.shifted(-SAME_START, SAME_START).meets(fresh) && !labels_differ(life, sighting)
}

/// launchd starts a process for one job only.
fn labels_differ(life: &Life, sighting: &Sighting) -> bool {
    matches!((&life.instance.label, &sighting.label),
        (Some(one), Some((other, _))) if one != other)
}

/// Whether a row that tells no start can mean this life.
fn can_be(life: &Life, sighting: &Sighting) -> bool {
    if !admits(&life.instance, sighting.window) || labels_differ(life, sighting) {
        return false;
    }
    if let Some(exited) = sighting.exited {
        // An exit belongs to the life of its label that has no exit yet, under the name that a sensor tells.
        return names_fit(&life.instance, sighting.name.as_ref())
            && life.instance.exited.is_none_or(|known| known.meets(exited));
    }
    if names_fit(&life.instance, sighting.name.as_ref()) {
        return true;
    }
    // Another name, seen at nearly the same moment, is the same process under a second name.
    match (life.seen, sighting.window) {
        (Some(seen), Some(window)) => seen.shifted(-SAME_MOMENT, SAME_MOMENT).meets(window),
        _ => false,
    }
}

fn begin(sighting: Sighting) -> Life {
    let mut life = Life { instance: ProcessInstance::default(), seen: None };
    absorb(&mut life, sighting);
    life
}

fn absorb(life: &mut Life, sighting: Sighting) {
    let known = &mut life.instance;
    let evidence = sighting.evidence.as_ref().or(sighting.citation.as_ref());
    let (started, exited) =
        (narrower(known.started, sighting.started), narrower(known.exited, sighting.exited));
    if started.map(|window| window.lo) != known.started.map(|window| window.lo) {
        known.start_evidence = evidence.cloned();
    }
    if exited.map(|window| window.hi) != known.exited.map(|window| window.hi) {
        known.exit_evidence = sighting.exit_evidence.as_ref().or(evidence).cloned();
    }
    (known.started, known.exited) = (started, exited);
    life.seen = match (life.seen, sighting.window) {
        (Some(seen), Some(window)) => Some(seen.hull(window)),
        (seen, window) => seen.or(window),
    };
    known.ppid = known.ppid.or(sighting.ppid);
    let renames = sighting.replaces || known.name.as_ref().is_none_or(|name| name.cut);
    if renames && sighting.name.is_some() {
        known.name = sighting.name.or_else(|| known.name.take());
    }
    if sighting.replaces {
        known.path = sighting.path.or_else(|| known.path.take());
        known.command = sighting.command.or_else(|| known.command.take());
        known.code = sighting.code.or(std::mem::take(&mut known.code));
    } else {
        known.path = known.path.take().or(sighting.path);
        known.command = known.command.take().or(sighting.command);
        known.code = std::mem::take(&mut known.code).or(sighting.code);
    }
    // A login name says more than a number.
    let numeric = |user: &Text| user.bytes().all(|b| b.is_ascii_digit());
    if known.user.as_ref().is_none_or(numeric) && sighting.user.is_some() {
        known.user = sighting.user;
    }
    if known.label.is_none()
        && let Some((label, basis)) = sighting.label
    {
        known.label = Some(label);
        known.label_basis = Some(basis);
    }
    known.citations.extend(sighting.citation);
}

/// What two windows have in common; the narrower one where they have nothing.
fn narrower(one: Option<Window>, other: Option<Window>) -> Option<Window> {
    let width = |window: &Window| window.hi.duration_since(window.lo);
    match (one, other) {
        (Some(a), Some(b)) if a.meets(b) => Some(Window { lo: a.lo.max(b.lo), hi: a.hi.min(b.hi) }),
        (Some(a), Some(b)) => [a, b].into_iter().min_by_key(width),
        (one, other) => one.or(other),
    }
}

/// The rows of a fact that say something about a process.
fn sightings(fact: &Dated, case: &HostCase) -> Vec<Sighting> {
    let window = fact.window();
    let citation = || Some(cite(fact, CitationRole::Owner));
    match &fact.fact {
        Fact::Process(row) => vec![Sighting {
            pid: row.pid,
            ppid: row.ppid,
            window,
            started: super::evidence::start_of(fact, row, case),
            evidence: super::evidence::cite_start(fact, row, case),
            name: row.name.clone(),
            path: row.path.clone(),
            command: row.command.clone(),
            user: row.user.clone(),
            citation: citation(),
            ..Sighting::default()
        }],
        Fact::Life(life) => vec![of_life(life, fact)],
        Fact::Socket(socket) => socket
            .pid
            .map(|pid| Sighting {
                pid,
                window,
                name: socket.name.clone(),
                user: socket.user.clone(),
                ..Sighting::default()
            })
            .into_iter()
            .collect(),
        Fact::Flow(flow) => flow
            .socket
            .pid
            .map(|pid| Sighting {
                pid,
                window,
                name: flow.socket.name.clone(),
                path: flow.process_path.clone(),
                user: flow.socket.user.clone(),
                ..Sighting::default()
            })
            .into_iter()
            .collect(),
        Fact::JobState(state) => state
            .pid
            .map(|pid| Sighting {
                pid,
                window,
                label: (!state.label.is_empty()).then(|| (Text::clone(&state.label), "launchctl")),
                citation: citation(),
                ..Sighting::default()
            })
            .into_iter()
            .collect(),
        Fact::JobEvent(event) => of_event(event, window, citation()).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_life(life: &Told, fact: &Dated) -> Sighting {
    let Process { pid, ppid, user, name, path, command, .. } = life.process.clone();
    let (started, exited) = (life.started, life.exited);
    let told =
        |window: Option<Window>| window.map(|window| super::evidence::cite_told(fact, window));
    let (code, citation) = (life.code.clone(), Some(cite(fact, CitationRole::Owner)));
    let (evidence, exit_evidence) = (told(started), told(exited));
    let who = Sighting { pid, ppid, name, path, command, user, ..Sighting::default() };
    let when = Sighting { window: fact.window(), started, exited, ..who };
    Sighting { evidence, exit_evidence, replaces: life.replaces, code, citation, ..when }
}

fn of_event(event: &JobEvent, at: Option<Window>, citation: Option<Citation>) -> Option<Sighting> {
    let label = event.label.clone().map(|label| (label, "launchd's log"));
    let base = Sighting { window: at, label, citation, ..Sighting::default() };
    match &event.kind {
        JobEventKind::Spawned { pid } => Some(Sighting { pid: *pid, started: at, ..base }),
        JobEventKind::Launched { name, pid, .. } => {
            let name = Some(ProcessName { text: Text::clone(name), cut: false });
            // launchd writes this line within a moment of the spawn.
            let started = at.map(|at| at.shifted(-SAME_START, 0));
            Some(Sighting { pid: *pid, started, name, ..base })
        }
        JobEventKind::Exited { ran_ms, .. } => {
            let ran = ran_ms.and_then(|ms| ms.checked_mul(1000)).and_then(i64::checked_neg);
            let started = at.zip(ran).map(|(at, ran)| {
                let start = Window { lo: add_micros(at.lo, ran), hi: add_micros(at.hi, ran) };
                start.shifted(-SAME_START, SAME_START)
            });
            Some(Sighting { pid: event.pid?, started, exited: at, ..base })
        }
        JobEventKind::Removed { .. }
        | JobEventKind::Bootstrap { .. }
        | JobEventKind::Enabled(_)
        | JobEventKind::Registered { .. }
        | JobEventKind::Persisted { .. }
        | JobEventKind::LoggingStarted => None,
    }
}
