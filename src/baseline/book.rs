//! Entries of baselines that hold for a host → what is expected there, looked up by port and by program.

use super::learned::identity::ProgramKey;
use super::learned::{EVERY_ROLE, Entry, LearnedBaseline, Sight, is_of_role};
use super::pattern::{PortSet, Reach, Transport, Way};
use super::program::Use;
use super::stock::StockTable;
use crate::hosts::grouping::UNNAMED;
use crate::model::Timestamp;
use crate::model::network::Scope;
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// A layer of what is expected, the most general one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// macOS itself.
    Stock,
    /// A baseline of the host's role.
    Role,
    /// A baseline of every role.
    Fleet,
    /// Earlier acquisitions of the host in the run.
    Past,
}

impl Layer {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Stock, Self::Role, Self::Fleet, Self::Past];

    /// As `expected_by` and `expected` name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Role => "role",
            Self::Fleet => "fleet",
            Self::Past => "past",
        }
    }
}

/// A use of ports that some layer expects.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The layer.
    pub layer: Layer,
    /// Its name: of the file, or when the past was captured.
    pub source: String,
    /// Who.
    pub identity: ProgramKey,
    /// Which way.
    pub direction: Way,
    /// Transport.
    pub protocol: Transport,
    /// Ports.
    pub ports: PortSet,
    /// Widest reach.
    pub scope: Reach,
    /// On how many of how many hosts of the file that could show it; `None` for the past and for what was
    /// written by hand.
    pub hosts: Option<(usize, usize)>,
    /// Whether this very host had it.
    pub is_own: bool,
    /// For the past: when it was first seen.
    pub since: Option<Timestamp>,
    /// The entry, for what a file says.
    pub entry: Option<&'a Entry>,
}

impl Known<'_> {
    /// Whether it is said of such uses: direction, protocol and port, whatever the reach.
    pub fn is_about(&self, usage: Use) -> bool {
        self.direction.allows(usage.direction)
            && usage.direction != Direction::Unknown
            && self.protocol.allows(usage.protocol)
            && self.ports.covers(usage)
    }

    /// Whether it allows the reach, too. An inbound connection's reach is its peer's.
    pub fn reaches(&self, scope: Scope, direction: Direction) -> bool {
        direction == Direction::Inbound || self.scope.allows(scope)
    }

    /// Whether it is usual: this host's own, said by hand, or on at least so many percent of the hosts.
    pub fn is_usual(&self, percent: usize) -> bool {
        match self.hosts {
            Some((on, of)) if !self.is_own => {
                on.saturating_mul(100) >= of.saturating_mul(percent) && on > 0
            }
            _ => true,
        }
    }

    /// For people: `com.example.agentd on tcp 9190 (loopback), role developer in laptops, 3 of 3 hosts`.
    pub fn describe(&self) -> String {
        let hosts = self.hosts.map(|(on, of)| format!(", on {on} of {of} hosts"));
        format!(
            "{} on {} {} ({}), {}{}",
            self.identity.describe(),
            self.protocol.as_str(),
            self.ports,
            self.scope.in_words(),
            self.where_from(),
            hosts.unwrap_or_default()
        )
    }

    /// The layer with its name: `role developer in laptops-2026q1`.
    pub fn where_from(&self) -> String {
        match (self.layer, self.entry) {
            (Layer::Role, Some(entry)) => format!("role {} in {}", entry.role, self.source),
            (Layer::Fleet, _) => format!("fleet in {}", self.source),
            (Layer::Past, _) => format!("this host's past ({})", self.source),
            (layer, _) => format!("{} {}", layer.as_str(), self.source),
        }
    }
}

/// What is expected of one host.
#[derive(Clone, Debug, Default)]
pub struct Book<'a> {
    all: Vec<Known<'a>>,
    by_port: BTreeMap<u16, Vec<usize>>,
    ranges: Vec<usize>,
    /// Those whose ports say nothing: any, and whatever the kernel hands out.
    floating: Vec<usize>,
    programs: Programs,
}

impl<'a> Book<'a> {
    /// A book of these uses.
    pub fn of(all: Vec<Known<'a>>) -> Self {
        let mut book = Self::default();
        for (index, known) in all.iter().enumerate() {
            match known.ports.only() {
                Some(port) => book.by_port.entry(port).or_default().push(index),
                None if known.ports.is_dynamic() || known.ports.is_any() => {
                    book.floating.push(index);
                }
                None => book.ranges.push(index),
            }
        }
        book.programs = Programs::of(all.iter().map(|known| &known.identity));
        book.all = all;
        book
    }

    /// What files say of a host of that name and role.
    pub fn of_files(files: &'a [LearnedBaseline], host: &str, role: Option<&str>) -> Self {
        let known = files.iter().flat_map(|file| {
            let shown = Shown::of(file, role);
            let entries = file.entries.iter().filter(|entry| is_of_role(&entry.role, role));
            entries.map(move |entry| known(file, entry, host, &shown)).collect::<Vec<_>>()
        });
        Self::of(known.collect())
    }

    /// Everything in it, in the order in which it was given.
    pub fn all(&self) -> &[Known<'a>] {
        &self.all
    }

    /// What is said of such uses by anybody, whatever the reach; where the ports say nothing, only by
    /// programs that may be this one, since a fleet has tens of thousands of these.
    pub fn at(&self, usage: Use, key: &ProgramKey) -> impl Iterator<Item = &Known<'a>> {
        let by_number = self.by_port.get(&usage.port).map_or([].as_slice(), Vec::as_slice);
        let mut indices: BTreeSet<usize> = by_number.iter().chain(&self.ranges).copied().collect();
        if !self.floating.is_empty() && key.is_known() {
            let like = self.programs.like(key).into_iter();
            indices.extend(like.filter(|index| self.floating.binary_search(index).is_ok()));
        } else {
            indices.extend(&self.floating);
        }
        let known = indices.into_iter().filter_map(|index| self.all.get(index));
        known.filter(move |known| known.is_about(usage))
    }

    /// What is said of a program, whatever the ports.
    pub fn of_program(&self, key: &ProgramKey, stock: &StockTable) -> Vec<&Known<'a>> {
        let known = self.programs.like(key).into_iter().filter_map(|index| self.all.get(index));
        known.filter(|known| known.identity.is(key, stock)).collect()
    }
}

/// Programs by the words under which they can be looked up.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    by_handle: BTreeMap<String, Vec<usize>>,
    is_cut: Vec<bool>,
}

impl Programs {
    /// An index of these, by their place in the list.
    pub fn of<'k>(keys: impl Iterator<Item = &'k ProgramKey>) -> Self {
        let mut programs = Self::default();
        for (index, key) in keys.enumerate() {
            for handle in key.handles() {
                programs.by_handle.entry(handle).or_default().push(index);
            }
            programs.is_cut.push(key.is_cut());
        }
        programs
    }

    /// Places of all that may be the same program: none that is is left out.
    pub fn like(&self, key: &ProgramKey) -> BTreeSet<usize> {
        let mut indices = BTreeSet::new();
        for handle in key.handles() {
            let found = self.by_handle.range(handle.clone()..);
            let fits = |name: &str| name == handle || (key.is_cut() && name.starts_with(&handle));
            let found = found.take_while(|(name, _)| fits(name));
            indices.extend(found.flat_map(|(_, indices)| indices.iter().copied()));
            indices.extend(self.cut_before(&handle));
        }
        indices
    }

    /// Programs whose cut name may be the beginning of that one.
    fn cut_before(&self, handle: &str) -> Vec<usize> {
        let ends = handle.char_indices().map(|(at, _)| at).skip(1);
        let shorter = ends.filter_map(|end| self.by_handle.get(handle.get(..end)?));
        let is_cut = |index: &&usize| self.is_cut.get(**index).copied().unwrap_or(false);
        shorter.flatten().filter(is_cut).copied().collect()
    }
}

/// How many hosts of a file could have shown each kind of use, by the role under which they were learned.
struct Shown(BTreeMap<(String, Sight), BTreeSet<String>>);

impl Shown {
    fn of(file: &LearnedBaseline, role: Option<&str>) -> Self {
        let roles: BTreeSet<&str> = [EVERY_ROLE].into_iter().chain(role).collect();
        let each = roles.iter().flat_map(|role| Sight::ALL.map(|sight| (*role, sight)));
        let hosts = each.map(|(learned_as, sight)| {
            let own = file.hosts_learned_as(sight, learned_as).map(str::to_owned);
            let mut hosts: BTreeSet<String> = own.collect();
            if hosts.is_empty() {
                // Written by hand, or learned by a version that told no role.
                hosts = file.hosts_showing(sight, role).map(str::to_owned).collect();
            }
            ((learned_as.to_owned(), sight), hosts)
        });
        Self(hosts.collect())
    }

    /// Hosts that could show an entry.
    fn hosts(&self, entry: &Entry) -> Option<&BTreeSet<String>> {
        let direction = match entry.direction {
            Way::Listen => Direction::Listen,
            Way::Outbound => Direction::Outbound,
        };
        let sight = Sight::of(direction, entry.protocol.protocol());
        self.0.get(&(entry.role.clone(), sight))
    }
}

fn known<'a>(file: &LearnedBaseline, entry: &'a Entry, host: &str, shown: &Shown) -> Known<'a> {
    let able = shown.hosts(entry);
    let of = able.map_or(0, BTreeSet::len);
    let on = match able {
        // Only what could be shown is counted, above and below.
        Some(able) if !entry.seen.is_empty() => {
            entry.seen.keys().filter(|host| able.contains(*host)).count()
        }
        _ => usize::try_from(entry.hosts).unwrap_or(usize::MAX).min(of),
    };
    let is_learned = entry.hosts > 0 && !file.coverage.is_empty();
    Known {
        layer: if entry.role == EVERY_ROLE { Layer::Fleet } else { Layer::Role },
        source: file.name.clone(),
        identity: entry.identity.clone(),
        direction: entry.direction,
        protocol: entry.protocol,
        ports: entry.ports.clone(),
        scope: entry.scope,
        hosts: is_learned.then_some((on, of)),
        // A host that nothing names is called after its folder, as others may be.
        is_own: entry.seen.contains_key(host) && !host.starts_with(UNNAMED),
        since: None,
        entry: Some(entry),
    }
}
