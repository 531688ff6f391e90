//! What rules may ask about a host: its jobs and bindings, the tables, and what follows from both.

use super::p12_services_file::{self, Moved};
use super::population::{self, Listeners, Population};
use super::scoring::{RuleId, Scoring};
use super::{Expectations, Finding, trust};
use crate::baseline::Baseline;
use crate::baseline::book::{Book, Programs};
use crate::baseline::learned::LearnedBaseline;
use crate::baseline::learned::identity::ProgramKey;
use crate::baseline::past::Past;
use crate::baseline::policy::Policy;
use crate::baseline::program::{Program, Use};
use crate::baseline::stock::{Stock, StockTable};
use crate::baseline::vendors::Hint;
use crate::hosts::{Dated, HostCase};
use crate::model::anomaly::Factor;
use crate::model::binding::{Binding, BindingState, Certainty, CitationRole};
use crate::model::network::Scope;
use crate::model::observation::{Fact, FileTimes, Known, Listing, Socket};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::{Direction, Job};
use crate::ports::trust::{Firewall, Redirected};
use crate::ports::{HostPorts, JobRecord, ProcessInstance, jobs};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// One host with the tables to judge it by.
pub struct Context<'a> {
    /// The host.
    pub case: &'a HostCase,
    /// What its sockets come to.
    pub ports: &'a HostPorts,
    /// What is expected.
    pub baseline: &'a Baseline,
    /// Points.
    pub scoring: &'a Scoring,
    /// Baseline files.
    pub learned: &'a [LearnedBaseline],
    /// What they say of this host.
    pub files: Book<'a>,
    /// Its earlier acquisitions.
    pub past: Past,
    /// What was seen without a peer, with whom it belongs to; nothing where there is nothing to compare with.
    pub waiting: Waiting<'a>,
    /// What people decided.
    pub policy: &'a Policy,
    /// Bodyfile rows by path.
    pub times: BTreeMap<&'a str, &'a FileTimes>,
    /// Listings of sockets whose silence proves something.
    pub listings: Vec<(&'a Dated, &'a Listing)>,
    /// Rows of sockets that tell a descriptor, by place.
    pub descriptors: BTreeMap<Place, &'a Socket>,
    /// Index of the acquisition of each source that has sockets.
    pub acquisition_of: BTreeMap<SourceId, usize>,
    /// Lines of `/etc/services` that move a stock service.
    pub moved: Vec<Moved>,
    /// Ephemeral ports.
    pub ephemeral: RangeInclusive<u16>,
    /// The hosts of the run.
    pub population: &'a Population,
    /// What listens on this one.
    pub listeners: Listeners<'a>,
}

/// What was seen without a peer, by program and by port.
#[derive(Default)]
pub struct Waiting<'a> {
    all: Vec<(&'a Binding, ProgramKey)>,
    programs: Programs,
    by_port: BTreeMap<u16, Vec<usize>>,
}

impl<'a> Waiting<'a> {
    fn of(ports: &'a HostPorts) -> Self {
        let bound = ports.bindings.iter().filter(|binding| is_bound(binding));
        let all: Vec<_> = bound.map(|binding| (binding, ProgramKey::of(binding, ports))).collect();
        let programs = Programs::of(all.iter().map(|(_, key)| key));
        let mut by_port: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (index, (binding, _)) in all.iter().enumerate() {
            if let Some(port) = binding.local_port {
                by_port.entry(port).or_default().push(index);
            }
        }
        Self { all, programs, by_port }
    }

    /// What is on a port.
    pub fn on(&self, port: u16) -> impl Iterator<Item = &'a Binding> {
        let indices = self.by_port.get(&port).map_or([].as_slice(), Vec::as_slice);
        indices.iter().filter_map(|index| self.all.get(*index)).map(|(binding, _)| *binding)
    }

    /// What belongs to a program, or to a later version of it.
    pub fn of_program(&self, key: &ProgramKey, stock: &StockTable) -> Vec<&'a Binding> {
        let like = self.programs.like(key).into_iter().filter_map(|index| self.all.get(index));
        like.filter(|(_, owner)| owner.is(key, stock)).map(|(binding, _)| *binding).collect()
    }
}

impl<'a> Context<'a> {
    /// A context for one host.
    pub fn new(
        case: &'a HostCase,
        ports: &'a HostPorts,
        expectations: &'a Expectations,
        population: &'a Population,
    ) -> Self {
        let ephemeral = crate::ports::sockets::ephemeral_ports(case);
        let host = &case.host;
        let mut context = Self {
            case,
            ports,
            baseline: &expectations.baseline,
            scoring: &expectations.scoring,
            learned: &expectations.learned,
            files: Book::of_files(&expectations.learned, &host.name, host.role.as_deref()),
            past: Past::of(case, ports, &ephemeral),
            waiting: Waiting::default(),
            policy: &expectations.policy,
            times: jobs::file_times(case),
            listings: Vec::new(),
            descriptors: BTreeMap::new(),
            acquisition_of: BTreeMap::new(),
            moved: Vec::new(),
            ephemeral,
            population,
            listeners: population::listeners(ports),
        };
        for fact in &case.facts {
            context.take(fact);
        }
        if !context.learned.is_empty() || !context.past.looks.is_empty() {
            context.waiting = Waiting::of(ports);
        }
        context
    }

    fn take(&mut self, fact: &'a Dated) {
        match &fact.fact {
            Fact::Listing(listing) => {
                if !self.ports.lossy_listings.contains(&fact.place) {
                    self.listings.push((fact, listing));
                }
                self.acquisition_of.insert(fact.place.source, fact.acquisition);
            }
            Fact::Socket(socket) if socket.descriptor.is_some() => {
                self.descriptors.insert(fact.place, socket);
            }
            Fact::ServiceNames(table) => {
                let moved = p12_services_file::moved(table, fact.place, self.baseline);
                self.moved.extend(moved);
            }
            _ => {}
        }
    }

    /// Whether an acquisition that shows a binding holds all property lists of launchd: those of another
    /// day tell nothing of it.
    pub fn plists_complete(&self, binding: &Binding) -> bool {
        let sightings = binding.citations.iter().filter(|c| c.role == CitationRole::Sighting);
        sightings
            .filter_map(|citation| self.acquisition_of.get(&citation.place.source))
            .filter_map(|index| self.case.acquisitions.get(*index))
            .any(|acquisition| acquisition.plists_complete == Known::Yes)
    }

    /// The job of a binding.
    pub fn job_of(&self, binding: &Binding) -> Option<&'a JobRecord> {
        binding.job.and_then(|index| self.ports.jobs.get(index))
    }

    /// What the application firewall was set to at the acquisitions that show a binding.
    pub fn firewalls(&self, binding: &Binding) -> Vec<&'a Firewall> {
        let of = self.acquisitions_of(binding).into_iter();
        of.filter_map(|index| self.ports.trust.firewall(index)).collect()
    }

    /// The redirections of the packet filter that lead to a listener, at the acquisitions that show it.
    pub fn redirects_to(&self, binding: &Binding) -> Vec<&'a Redirected> {
        let of = self.acquisitions_of(binding);
        let to_port = binding.local_port.into_iter();
        let all = to_port.flat_map(|port| self.ports.trust.redirects_to(port));
        all.filter(|one| of.contains(&one.acquisition))
            .filter(|one| trust::leads_to(&one.redirect, binding))
            .collect()
    }

    /// The acquisitions that show a binding; all, where only logs do.
    fn acquisitions_of(&self, binding: &Binding) -> BTreeSet<usize> {
        let sightings = binding.citations.iter().filter(|c| c.role == CitationRole::Sighting);
        let of: BTreeSet<usize> = sightings
            .filter_map(|citation| self.acquisition_of.get(&citation.place.source).copied())
            .collect();
        if of.is_empty() { (0..self.case.acquisitions.len()).collect() } else { of }
    }

    /// Whether a baseline file or the policy knows a team.
    pub fn knows_team(&self, team: &str) -> bool {
        let is = |known: &Option<String>| known.as_deref() == Some(team);
        let mut learned = self.learned.iter().flat_map(|file| &file.entries);
        learned.any(|entry| is(&entry.identity.team_id))
            || self.policy.approvals.iter().any(|one| is(&one.matcher.team_id))
            || self.policy.exceptions.iter().any(|one| is(&one.matcher.team_id))
    }

    /// The property list of a binding's job.
    pub fn plist_of(&self, binding: &Binding) -> Option<&'a Job> {
        self.job_of(binding).and_then(|job| job.job.as_ref())
    }

    /// The row of `bindings` that stands for a job by itself: the one that it declares, if it is one.
    pub fn declared_row(&self, job: usize) -> Option<(usize, &'a Binding)> {
        let declared = |(_, binding): &(usize, &Binding)| {
            binding.job == Some(job) && binding.certainty == Certainty::Declared
        };
        let mut rows = self.ports.bindings.iter().enumerate().filter(declared);
        rows.next().filter(|_| rows.next().is_none())
    }

    /// The process that answers for a binding.
    pub fn process_of(&self, binding: &Binding) -> Option<&'a ProcessInstance> {
        binding.holders.first().and_then(|index| self.ports.processes.get(*index))
    }

    /// The program of a binding, as the tables know programs.
    pub fn program_of<'b>(&self, binding: &'b Binding) -> Program<'b> {
        Program {
            path: binding.process_path.as_deref(),
            name: binding.process.as_deref(),
            name_cut: binding.process_cut,
            label: binding.service.as_deref(),
        }
    }

    /// The use of a binding, if it has a port that means something.
    pub fn use_of(&self, binding: &Binding) -> Option<Use> {
        let port = port_of(binding)?;
        let is_ephemeral = self.ephemeral.contains(&port);
        let (direction, protocol, scope) = (binding.direction, binding.protocol, binding.scope);
        Some(Use { direction, protocol, port, scope, is_ephemeral })
    }

    /// What stock macOS says of a binding.
    pub fn stock(&self, binding: &Binding) -> Stock<'a> {
        match self.use_of(binding) {
            Some(usage) => {
                let os = self.case.host.os_major();
                self.baseline.stock.expects(&self.program_of(binding), usage, os)
            }
            None => Stock::No,
        }
    }

    /// Whether stock macOS does so, in this version or another: then it is no deviation.
    pub fn is_stock(&self, binding: &Binding) -> bool {
        matches!(
            self.stock(binding),
            Stock::Expected { .. } | Stock::OutOfVersion { .. } | Stock::AppleFloating
        )
    }

    /// Whether a class of programs makes a binding standard for its program.
    pub fn is_of_class(&self, binding: &Binding) -> bool {
        self.use_of(binding).is_some_and(|usage| {
            self.baseline.classes.standard_listen(&self.program_of(binding), usage).is_some()
        })
    }

    /// The vendor hint that fits a binding in program, port and scope.
    pub fn hint(&self, binding: &Binding) -> Option<Hint<'a>> {
        let usage = self.use_of(binding)?;
        self.baseline.vendors.hint(&self.program_of(binding), usage)
    }

    /// Whether the owner of a binding is known at all. A pid without a name (netstat before macOS 26,
    /// with no ps beside it) tells nothing of what its program may do.
    pub fn owner_is_known(&self, binding: &Binding) -> bool {
        binding.process.is_some() || binding.process_path.is_some() || binding.service.is_some()
    }

    /// Whether the port of a listener was chosen rather than handed out by the kernel.
    pub fn is_fixed(&self, binding: &Binding) -> bool {
        binding.local_port.is_some_and(|port| !self.ephemeral.contains(&port))
    }

    /// A finding with the points that the table gives the rule.
    pub fn finding(&self, rule: RuleId, reason: String) -> Finding {
        let (name, points) = (rule.as_str(), self.scoring.base(rule));
        let factor = Factor { name, points, reason, cited: Vec::new() };
        Finding { factor, expected: String::new(), place: None }
    }
}

/// The port that a binding is about: of the listener, or of the peer that was reached.
pub fn port_of(binding: &Binding) -> Option<u16> {
    match binding.direction {
        Direction::Outbound => binding.remote_port,
        Direction::Listen | Direction::Inbound | Direction::Unknown => binding.local_port,
    }
}

/// Whether a binding was seen without a peer: a listener, or a UDP socket that may be a client's.
pub fn is_bound(binding: &Binding) -> bool {
    let waits = matches!(binding.direction, Direction::Listen | Direction::Unknown);
    let seen = binding.certainty != Certainty::Declared && !binding.state.was_only_tried();
    waits && seen && binding.remote_port.is_none()
}

/// Whether a binding is a connection, or an attempt at one, that this Mac began and that something
/// saw. What is on its way out tells nothing about its owner (scoring.md 6.5), and a UDP socket through which nothing
/// went reached nobody: programs connect one only to learn which of their own addresses would be used.
pub fn is_seen_outbound(binding: &Binding) -> bool {
    let nothing_went = binding.protocol == crate::model::network::Protocol::Udp
        && binding.state == BindingState::Attempted
        && (binding.bytes_in, binding.bytes_out) == (Some(0), Some(0));
    binding.direction == Direction::Outbound
        && binding.certainty != Certainty::Declared
        && binding.state != BindingState::Closing
        && !nothing_went
}

/// Whether the peer may lie outside: public, or redacted and not known to be otherwise.
pub fn may_be_public(binding: &Binding) -> bool {
    matches!(binding.scope, Scope::Any | Scope::Unknown)
}

/// The UDP service ports of multicast protocols, which any program may join.
pub fn is_multicast_service(binding: &Binding) -> bool {
    binding.protocol == crate::model::network::Protocol::Udp
        && matches!(binding.local_port, Some(5353 | 1900 | 3702))
}

/// Whether a property list came with macOS: on the sealed volume or from Apple's own updates.
pub fn is_apple_plist(path: &str) -> bool {
    path.starts_with("/System/Library/") || path.starts_with("/Library/Apple/System/")
}
