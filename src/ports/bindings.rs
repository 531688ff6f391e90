//! Parts of flows → bindings: owner, families, state, life, citations.

use super::JobRecord;
use super::evidence::cite;
use super::holders;
use super::intervals::listings::Listings;
use super::intervals::{Events, Witnesses, life_of, places};
use super::owners::{Owners, Part, identity_of};
use super::sockets::{FlowKey, Row};
use crate::hosts::HostCase;
use crate::model::binding::{Binding, BindingState, Certainty, Citation, CitationRole, EndState};
use crate::model::network::{Address, Families, Port};
use crate::model::observation::{Known, ListingTool, Problem};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::{Confidence, Direction};
use crate::model::{Text, content_id};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// What the bindings of one host are made with.
pub struct Maker<'a> {
    /// The host.
    pub case: &'a HostCase,
    /// Processes and jobs.
    pub owners: Owners<'a>,
    /// Listings of sockets.
    pub listings: &'a Listings<'a>,
    /// What else bounds lives.
    pub events: &'a Events<'a>,
    /// Ephemeral ports.
    pub ephemeral: RangeInclusive<u16>,
}

impl Maker<'_> {
    /// All bindings that rows show, and where the evidence of their lives contradicts itself.
    pub fn bindings(&self, rows: Vec<Row<'_>>) -> (Vec<Binding>, Vec<(SourceId, Problem)>) {
        let mut flows: BTreeMap<FlowKey, Vec<Row<'_>>> = BTreeMap::new();
        for row in rows {
            flows.entry(row.key.clone()).or_default().push(row);
        }
        let (mut bindings, mut problems) = (Vec::new(), Vec::new());
        for (key, rows) in flows {
            let flow = places(&rows);
            let parts = self.owners.split(&key, rows);
            let unknown: BTreeSet<Place> =
                parts.iter().filter(|part| part.owners.is_empty()).flat_map(own_places).collect();
            for part in &parts {
                let mut binding = self.binding(&key, part);
                // A row of unknown owner may be this one: its listing is not without it.
                let rows = if part.owners.is_empty() {
                    flow.clone()
                } else {
                    unknown.iter().copied().chain(own_places(part)).collect()
                };
                problems.extend(life_of(&mut binding, part, &rows, &self.witnesses()));
                self.finish(&mut binding, &key);
                bindings.push(binding);
            }
        }
        bindings.shrink_to_fit();
        (bindings, problems)
    }

    fn witnesses(&self) -> Witnesses<'_> {
        let Self { case, owners, listings, events, .. } = self;
        Witnesses { case, owners, listings, events }
    }

    fn binding(&self, key: &FlowKey, part: &Part<'_>) -> Binding {
        let holders = holders::ordered(part, self.owners.processes);
        let primary = holders.first().and_then(|index| self.owners.processes.all.get(*index));
        let by_launchd = part.launchd && primary.is_none_or(|life| life.pid == 1);
        let mut binding = blank(key, by_launchd);
        binding.held_by_launchd = part.launchd;
        if by_launchd {
            self.owned_by_job(&mut binding, part);
        } else if let Some(index) = holders.first() {
            self.owned_by_process(&mut binding, key, *index);
            self.activated_by_launchd(&mut binding, part);
        } else {
            unidentified(&mut binding, part);
        }
        if let Some(life) = primary {
            binding.process = life.name.as_ref().map(|name| Text::clone(&name.text));
            binding.process_cut = life.name.as_ref().is_some_and(|name| name.cut);
            binding.process_path.clone_from(&life.path);
            binding.pid = Some(life.pid);
            binding.user.clone_from(&life.user);
        }
        if by_launchd {
            binding.process = Some(Text::from("launchd"));
            binding.process_path = Some(Text::from("/sbin/launchd"));
        }
        if key.direction == Direction::Outbound
            && !holders::are_one_family(&holders, self.owners.processes)
        {
            holders::of_several(&mut binding, &holders, self.owners.processes);
        }
        binding.holders = holders;
        self.add_rows(&mut binding, part);
        binding
    }

    fn finish(&self, binding: &mut Binding, key: &FlowKey) {
        self.cite_owner(binding);
        // Most bindings have one or two of each, and a vector's first growth makes room for four.
        binding.citations.shrink_to_fit();
        binding.spans.shrink_to_fit();
        binding.confidence = self.confidence(binding);
        self.identify(binding, key);
    }

    fn owned_by_process(&self, binding: &mut Binding, key: &FlowKey, index: usize) {
        let processes = self.owners.processes;
        let Some(life) = processes.all.get(index) else { return };
        binding.identity = identity_of(life, self.owners.jobs);
        binding.service.clone_from(&life.label);
        let basis = life.label_basis.map(|basis| format!("; job by {basis}")).unwrap_or_default();
        binding.attribution = format!("pid {}{basis}", life.pid);
        binding.job = life.label.as_ref().and_then(|label| job_of(self.owners.jobs, label));
        if let Some(next) = processes.next_of_pid(key.epoch, index) {
            let name = next.name.as_ref().map_or("another process", |name| &name.text);
            let note = format!("pid {} was used again later, by {name}: no connection", life.pid);
            binding.notes.push(note);
        }
    }

    /// A service that launchd handed its socket to.
    fn activated_by_launchd(&self, binding: &mut Binding, part: &Part<'_>) {
        if !part.launchd {
            return;
        }
        binding.attribution.push_str("; activated by launchd");
        let mut explaining = part.explained_by.iter();
        if let (None, Some(only), None) = (&binding.service, explaining.next(), explaining.next())
            && let Some(job) = self.owners.jobs.get(*only)
        {
            binding.job = Some(*only);
            binding.service = Some(Text::clone(&job.label));
            binding.identity = identity_of_job(job);
            binding.attribution.push_str(" for the job whose Sockets explain it");
        }
    }

    fn owned_by_job(&self, binding: &mut Binding, part: &Part<'_>) {
        let candidates: Vec<usize> = part.explained_by.iter().copied().collect();
        let record = |index: &usize| self.owners.jobs.get(*index);
        match candidates.as_slice() {
            [] => {
                "name:launchd".clone_into(&mut binding.identity);
                "held by launchd; no property list explains it"
                    .clone_into(&mut binding.attribution);
            }
            [only] => {
                binding.job = Some(*only);
                if let Some(job) = record(only) {
                    binding.service = Some(Text::clone(&job.label));
                    binding.identity = identity_of_job(job);
                    "held by launchd; the job's Sockets".clone_into(&mut binding.attribution);
                }
            }
            several => {
                let labels: Vec<&str> =
                    several.iter().filter_map(record).map(|job| &*job.label).collect();
                binding.identity = format!("label:{}", labels.join("|"));
                binding.attribution =
                    format!("held by launchd; ambiguous: the Sockets of {}", labels.join(", "));
                binding.job_candidates = several.to_vec();
            }
        }
    }

    fn add_rows(&self, binding: &mut Binding, part: &Part<'_>) {
        let mut addresses: BTreeSet<Address> = BTreeSet::new();
        let mut ports: BTreeSet<u16> = BTreeSet::new();
        let mut distinct: BTreeSet<(SourceId, Option<&str>)> = BTreeSet::new();
        let mut descriptors: BTreeSet<Text> = BTreeSet::new();
        let mut tools: BTreeSet<ListingTool> = BTreeSet::new();
        let mut families = Families::UNKNOWN;
        for row in &part.rows {
            families = families.union(row.socket.families);
            addresses.insert(row.socket.local.address.clone());
            ports.extend(row.local_port);
            descriptors.extend(row.socket.descriptor.clone());
            tools.extend(self.listings.tool_of(row.fact.place));
            binding.state = binding.state.max(row.state);
            binding.direction_probable |= row.probable;
            binding.bytes_in = binding.bytes_in.max(row.socket.bytes_in);
            binding.bytes_out = binding.bytes_out.max(row.socket.bytes_out);
            if distinct.insert((row.fact.place.source, row.fact.excerpt.as_deref())) {
                let window = row.lived().pop();
                let sighting = cite(row.fact, CitationRole::Sighting);
                binding.citations.push(Citation { window, ..sighting });
            }
            if let Some(effective) = row.socket.effective_pid {
                binding.notes.push(format!("used on behalf of pid {effective} (delegated socket)"));
            }
        }
        // One source that is sure is enough.
        if binding.direction == Direction::Listen {
            binding.direction_probable &= part.rows.iter().all(|row| row.probable);
        }
        if part.rows.iter().all(Row::is_only_advertised) {
            binding.certainty = Certainty::Inferred;
            binding.notes.push("registered with mDNSResponder; not seen to be open".to_owned());
        }
        binding.notes.extend(part.notes.iter().cloned());
        binding.notes.sort();
        binding.notes.dedup();
        let failed = part.rows.iter().any(|row| row.state == BindingState::Failed);
        if failed && binding.state == BindingState::Attempted {
            binding.state = BindingState::Failed;
        }
        // netstat tells tcp6 from tcp46, lsof does not.
        families.either &= !families.v6 && !families.dual;
        binding.families = families;
        binding.sightings = distinct.len();
        // What a log redacts is one of the others.
        if addresses.len() > 1 {
            addresses.remove(&Address::Unknown);
        }
        binding.local_addresses = addresses.into_iter().collect();
        if binding.local_port.is_none() && ports.len() == 1 {
            binding.local_port = ports.first().copied();
        }
        binding.descriptors = descriptors.into_iter().collect();
        binding.only_unprivileged = self.listings.only_unprivileged(&part.rows);
        binding.tools = tools.into_iter().collect();
    }

    fn cite_owner(&self, binding: &mut Binding) {
        for holder in &binding.holders {
            if let Some(life) = self.owners.processes.all.get(*holder) {
                binding.citations.extend(life.citations.iter().cloned());
            }
        }
    }

    fn confidence(&self, binding: &Binding) -> Confidence {
        let known = binding.pid.is_some() || binding.holders.len() > 1;
        let path_known = binding.process_path.is_some() && known;
        let seen_by_root = binding.citations.iter().any(|citation| {
            citation.role == CitationRole::Sighting
                && self.listings.privilege_of(citation.place) == Known::Yes
        });
        if path_known && seen_by_root { Confidence::High } else { Confidence::Medium }
    }

    /// Ids are hashes of what a binding is, not of how it was seen.
    fn identify(&self, binding: &mut Binding, key: &FlowKey) {
        let boot = match key.epoch {
            (Some(boot), _) => self.case.boots.get(boot).map(|boot| boot.id.clone()),
            (None, acquisition) => {
                self.case.acquisitions.get(acquisition).map(|made| made.id.clone())
            }
        };
        name_ids(binding, &self.case.host.name, &boot.unwrap_or_default(), &self.ephemeral);
    }
}

fn own_places<'a>(part: &'a Part<'_>) -> impl Iterator<Item = Place> + 'a {
    part.rows.iter().map(|row| row.fact.place)
}

/// A pid about which nothing else fits in time: only what the row itself names.
fn unidentified(binding: &mut Binding, part: &Part<'_>) {
    let Some(row) = part.rows.iter().find(|row| row.pid.is_some() || row.socket.name.is_some())
    else {
        return;
    };
    if part.owners.is_empty() {
        return;
    }
    binding.pid = row.pid;
    binding.user.clone_from(&row.socket.user);
    if let Some(name) = &row.socket.name {
        binding.process = Some(Text::clone(&name.text));
        binding.process_cut = name.cut;
        binding.identity = format!("name:{}", name.text);
    }
    binding.attribution = match binding.pid {
        Some(pid) => format!("pid {pid}; no process that fits in time is known"),
        None => "the log names its process without a pid".to_owned(),
    };
}

/// Gives a binding and its tuple their ids.
pub fn name_ids(binding: &mut Binding, host: &str, boot: &str, ephemeral: &RangeInclusive<u16>) {
    let port = match binding.direction {
        Direction::Outbound => binding.remote_port,
        _ => binding.local_port,
    };
    let text = |port: Option<u16>| port.map_or_else(String::new, |port| port.to_string());
    let dynamic =
        binding.direction == Direction::Listen && port.is_some_and(|p| ephemeral.contains(&p));
    let tuple_port = if dynamic { "dynamic".to_owned() } else { text(port) };
    let (direction, protocol) = (binding.direction.as_str(), binding.protocol.as_str());
    let scope = binding.scope.as_str();
    let peer = binding.remote_address.as_ref().map_or_else(String::new, Address::text);
    let parts = [
        host,
        boot,
        direction,
        protocol,
        &text(port),
        scope,
        &binding.identity,
        &peer,
        &text(binding.remote_port),
    ];
    binding.id = content_id('b', parts);
    binding.tuple_id =
        content_id('t', [direction, protocol, &tuple_port, scope, &binding.identity]);
}

/// The job of a label; one whose property list lies in its place before one that lies elsewhere.
pub fn job_of(jobs: &[JobRecord], label: &str) -> Option<usize> {
    let with_plist = |job: &JobRecord| &*job.label == label && job.job.is_some();
    let index = jobs.iter().position(|job| with_plist(job) && job.is_placed());
    let index = index.or_else(|| jobs.iter().position(with_plist));
    index.or_else(|| jobs.iter().position(|job| &*job.label == label))
}

/// Identity of a job: its label and its program.
pub fn identity_of_job(job: &JobRecord) -> String {
    let label = super::identity::normalise_label(&job.label);
    match &job.program {
        Some(program) => format!("label:{label} path:{}", super::identity::normalise_path(program)),
        None => format!("label:{label}"),
    }
}

/// A binding of a flow about which nothing else is known yet.
pub fn blank(key: &FlowKey, by_launchd: bool) -> Binding {
    let (remote_address, remote_port) = match &key.remote {
        Some((address, port)) => (Some(address.clone()), Some(*port).filter(|port| *port != 0)),
        None => (None, None),
    };
    Binding {
        id: String::new(),
        tuple_id: String::new(),
        boot: key.epoch.0,
        direction: key.direction,
        direction_probable: false,
        protocol: key.protocol,
        families: Families::UNKNOWN,
        state: BindingState::Closing,
        local_addresses: Vec::new(),
        local_port: key.local_port.or(key.service_port),
        remote_address,
        remote_port,
        scope: key.scope,
        holders: Vec::new(),
        process: None,
        process_cut: false,
        process_path: None,
        pid: None,
        user: None,
        job: None,
        job_candidates: Vec::new(),
        service: None,
        identity: String::new(),
        attribution: String::new(),
        held_by_launchd: by_launchd,
        interval: None,
        end_state: EndState::Unknown,
        certainty: Certainty::Observed,
        confidence: Confidence::Medium,
        sightings: 0,
        bytes_in: None,
        bytes_out: None,
        spans: Vec::new(),
        citations: Vec::new(),
        descriptors: Vec::new(),
        declared_by_job: false,
        tools: Vec::new(),
        only_unprivileged: false,
        notes: Vec::new(),
    }
}

/// Whether a port is one that means something: not 0, not unknown.
pub fn is_port(port: &Port) -> bool {
    matches!(port, Port::Number(_) | Port::Name(_))
}
