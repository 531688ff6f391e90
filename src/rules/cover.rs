//! A subject of the rules → what is known of it for a policy, and what the policy says.

use super::Subject;
use super::context::{Context, port_of};
use crate::baseline::policy::Verdict;
use crate::baseline::policy::matching::{Candidate, bundle_of};
use crate::model::binding::Binding;
use crate::model::host::Acquisition;
use crate::model::network::Address;
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
    let (binding, job) = match subject {
        Subject::Binding(binding) => (Some(binding), context.job_of(binding)),
        Subject::Job(index, job) => (context.declared_row(index).map(|(_, row)| row), Some(job)),
        Subject::Expected(_) | Subject::Host => (None, None),
    };
    let bundle = bundle_id(binding, job);
    let signed = developer(binding, job, context);
    let known = Candidate {
        host: &context.case.host.name,
        role: context.case.host.role.as_deref(),
        label: label(binding, job),
        team_id: signed.map(|(team, _)| &**team),
        bundle_id: bundle.as_deref().or_else(|| Some(&**signed?.1?)),
        ..Candidate::default()
    };
    let known = match (binding, job) {
        (Some(binding), _) => with_binding(known, binding, context),
        (None, Some(job)) => Candidate { path: job.program.as_deref(), ..known },
        (None, None) => with_expected(known, subject),
    };
    policy.verdict(&known, time_of(binding, job, context))
}

fn label<'s>(binding: Option<&'s Binding>, job: Option<&'s JobRecord>) -> Option<&'s str> {
    let service = binding.and_then(|binding| binding.service.as_deref());
    service.or_else(|| job.map(|job| &*job.label)).filter(|label| !label.is_empty())
}

/// The bundle that a label names: only launchd gives such labels, a property list can only claim one.
fn bundle_id(binding: Option<&Binding>, job: Option<&JobRecord>) -> Option<String> {
    let claimed = job.is_some_and(|job| job.plist_path.is_some());
    label(binding, job).filter(|_| !claimed).and_then(bundle_of)
}

/// Team and identifier in the signature of the program that runs, or that the job would run.
fn developer<'s>(
    binding: Option<&'s Binding>,
    job: Option<&'s JobRecord>,
    context: &Context<'s>,
) -> Option<(&'s Text, Option<&'s Text>)> {
    let program = match binding.filter(|binding| binding.pid != Some(1)) {
        Some(binding) => binding.process_path.as_deref(),
        None => job.and_then(|job| job.program.as_deref()),
    };
    context.ports.trust.signature(program?)?.developer()
}

/// The hash of the program that runs, as a sensor tells it. What launchd holds for another has none.
fn hash<'s>(binding: &Binding, context: &Context<'s>) -> Option<&'s str> {
    let process = context.process_of(binding).filter(|_| binding.pid != Some(1))?;
    process.code.sha256.as_deref()
}

fn with_binding<'s>(
    known: Candidate<'s>,
    binding: &'s Binding,
    context: &Context<'s>,
) -> Candidate<'s> {
    let port = port_of(binding);
    Candidate {
        path: binding.process_path.as_deref(),
        sha256: hash(binding, context),
        process: binding.process.as_deref().filter(|_| !binding.process_cut),
        direction: Some(binding.direction),
        protocol: Some(binding.protocol),
        port,
        is_ephemeral: port.is_some_and(|port| context.ephemeral.contains(&port)),
        scope: Some(binding.scope),
        remote: binding.remote_address.as_ref().and_then(ip_of),
        ..known
    }
}

/// What is known of something that a baseline expects of the host.
fn with_expected<'s>(known: Candidate<'s>, subject: Subject<'s>) -> Candidate<'s> {
    let Subject::Expected(expected) = subject else { return known };
    Candidate {
        label: expected.identity.label.as_deref(),
        path: expected.identity.path.as_deref(),
        process: expected.identity.process.as_deref().filter(|_| !expected.identity.is_cut()),
        direction: Some(Direction::Listen),
        protocol: Some(expected.protocol.protocol()),
        port: expected.ports.only(),
        ..known
    }
}

fn ip_of(address: &Address) -> Option<IpAddr> {
    if let Address::Ip { ip, .. } = address { Some(*ip) } else { None }
}

/// When it was last observed: the last sighting of a binding; for a job or a host by itself the last
/// capture of the acquisitions it was read from, if all of them tell when they were made.
fn time_of(
    binding: Option<&Binding>,
    job: Option<&JobRecord>,
    context: &Context<'_>,
) -> Option<Timestamp> {
    if let Some(life) = binding.and_then(|binding| binding.interval) {
        return Some(life.last_seen);
    }
    let from = |one: &&Acquisition| job.is_none_or(|job| job.evidence == one.evidence);
    let captures = || context.case.acquisitions.iter().filter(from).map(|one| one.captured);
    let is_known = captures().all(|captured| captured.is_some());
    captures().flatten().map(|captured| captured.hi).max().filter(|_| is_known)
}
