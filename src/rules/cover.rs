//! A subject of the rules → what is known of it for a policy, and what the policy says.

use super::Subject;
use super::context::{Context, port_of};
use crate::baseline::pattern::{PortSet, Reach};
use crate::baseline::policy::Verdict;
use crate::baseline::policy::matching::bundle_of;
use crate::model::binding::{Binding, CitationRole};
use crate::model::host::Acquisition;
use crate::model::interval::Window;
use crate::model::network::{Address, Scope};
use crate::model::particulars::{Particulars, Seen};
use crate::model::service::Direction;
use crate::model::{Text, Timestamp};
use crate::ports::JobRecord;
use std::net::IpAddr;

/// What the policy says of a subject at the time of its evidence.
pub fn verdict<'a>(subject: Subject<'_>, context: &Context<'a>) -> Verdict<'a> {
    let policy = context.policy;
    if policy.exceptions.is_empty() && policy.approvals.is_empty() {
        return Verdict::Silent;
    }
    policy.verdict(&particulars(subject, context))
}

/// What is known of a subject.
pub fn particulars(subject: Subject<'_>, context: &Context<'_>) -> Particulars {
    let (binding, job) = match subject {
        Subject::Binding(binding) => (Some(binding), context.job_of(binding)),
        Subject::Job(index, job) => (context.declared_row(index).map(|(_, row)| row), Some(job)),
        Subject::Expected(_) | Subject::Host => (None, None),
    };
    let program = program(binding, job);
    let signed = program.and_then(|path| context.ports.trust.signature(path)?.developer());
    let signed_as = signed.and_then(|(_, id)| id.cloned());
    let known = Particulars {
        host: context.case.host.name.clone(),
        role: context.case.host.role.clone(),
        label: label(binding, job).map(Text::from),
        team_id: signed.map(|(team, _)| Text::clone(team)),
        bundle_id: signed_as.or_else(|| bundle_id(binding, job).as_deref().map(Text::from)),
        sha256: hash(binding, job, context).cloned(),
        seen: seen(binding, job, context),
        ..Particulars::default()
    };
    match (binding, job) {
        (Some(binding), _) => with_binding(known, binding, context),
        (None, Some(job)) => Particulars { path: job.program.clone(), ..known },
        (None, None) => with_expected(known, subject),
    }
}

fn label<'s>(binding: Option<&'s Binding>, job: Option<&'s JobRecord>) -> Option<&'s str> {
    let service = binding.and_then(|binding| binding.service.as_deref());
    service.or_else(|| job.map(|job| &*job.label)).filter(|label| !label.is_empty())
}

/// The process of a binding, unless launchd holds it for a job.
fn own(binding: Option<&Binding>) -> Option<&Binding> {
    binding.filter(|binding| binding.pid != Some(1))
}

/// The program that runs, or that the job would run.
fn program<'s>(binding: Option<&'s Binding>, job: Option<&'s JobRecord>) -> Option<&'s str> {
    match own(binding) {
        Some(binding) => binding.process_path.as_deref(),
        None => job.and_then(|job| job.program.as_deref()),
    }
}

/// The bundle that a label names. A property list can only claim one.
fn bundle_id(binding: Option<&Binding>, job: Option<&JobRecord>) -> Option<String> {
    let claimed = job.is_some_and(|job| job.plist_path.is_some());
    let label = label(binding, job).filter(|_| !claimed)?;
    bundle_of(label, program(binding, job)?)
}

fn hash<'s>(
    binding: Option<&Binding>,
    job: Option<&'s JobRecord>,
    context: &'s Context<'_>,
) -> Option<&'s Text> {
    match own(binding) {
        Some(binding) => context.process_of(binding)?.code.sha256.as_ref(),
        None => job?.code.as_ref()?.sha256.as_ref(),
    }
}

fn with_binding(known: Particulars, binding: &Binding, context: &Context<'_>) -> Particulars {
    let port = port_of(binding);
    Particulars {
        path: binding.process_path.clone(),
        process: binding.process.clone().filter(|_| !binding.process_cut),
        direction: Some(binding.direction),
        protocol: Some(binding.protocol),
        ports: port.map(|port| PortSet::one(port).words()).unwrap_or_default(),
        is_ephemeral: port.is_some_and(|port| context.ephemeral.contains(&port)),
        scope: Some(binding.scope),
        remote: binding.remote_address.as_ref().and_then(ip_of),
        ..known
    }
}

/// What is known of something that a baseline expects of the host.
fn with_expected(known: Particulars, subject: Subject<'_>) -> Particulars {
    let Subject::Expected(expected) = subject else { return known };
    let identity = &expected.identity;
    let text = |text: &Option<String>| text.as_deref().map(Text::from);
    Particulars {
        label: text(&identity.label),
        path: text(&identity.path),
        process: text(&identity.process).filter(|_| !identity.is_cut()),
        team_id: text(&identity.team_id),
        bundle_id: text(&identity.bundle_id),
        direction: Some(Direction::Listen),
        protocol: Some(expected.protocol.protocol()),
        ports: expected.ports.words(),
        scope: Some(match expected.scope {
            Reach::Lo => Scope::Loopback,
            Reach::Lan => Scope::Lan,
            Reach::Any => Scope::Any,
        }),
        ..known
    }
}

fn ip_of(address: &Address) -> Option<IpAddr> {
    if let Address::Ip { ip, .. } = address { Some(*ip) } else { None }
}

/// When it was observed: the sightings of a binding; for a job or a host by itself the last of the acquisitions
/// that show it, if all of them tell when they were made.
fn seen(binding: Option<&Binding>, job: Option<&JobRecord>, context: &Context<'_>) -> Option<Seen> {
    if let Some((binding, life)) = binding.and_then(|one| Some((one, one.interval?))) {
        let last = Window::new(last_begins(binding, life.last_seen), life.last_seen);
        return Some(Seen { first: life.first_seen, last });
    }
    let all = context.case.acquisitions.iter().enumerate();
    let shows = |at: &usize| job.is_none_or(|job| job.shown_in.contains(at));
    let of = |(at, one): (usize, &Acquisition)| shows(&at).then_some(one.captured);
    let captures: Vec<Window> = all.filter_map(of).collect::<Option<_>>()?;
    let last = captures.iter().copied().max_by_key(|captured| captured.hi)?;
    let first = captures.iter().map(|captured| captured.hi).min()?;
    Some(Seen { first, last })
}

/// The last sighting is a window of which `last_seen` is the end: it was not before this.
fn last_begins(binding: &Binding, last_seen: Timestamp) -> Timestamp {
    let sightings = binding.citations.iter().filter(|one| one.role == CitationRole::Sighting);
    let begins = sightings.filter_map(|sighting| sighting.window).map(|window| window.lo);
    begins.max().map_or(last_seen, |begins| begins.min(last_seen))
}
