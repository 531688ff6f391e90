//! Every subject of every host, through every rule → anomalies in the order of their table.

use super::comparison::layers_of;
use super::context::Context;
use super::features::{self, View};
use super::population::Population;
use super::score::{self, Sum};
use super::{Expectations, Finding, RULES, Subject, cover, wording};
use crate::baseline::book::Known;
use crate::hosts::HostCase;
use crate::model::anomaly::{Anomaly, Factor, Severity};
use crate::model::binding::{Binding, Certainty};
use crate::model::content_id;
use crate::model::service::{Confidence, Direction};
use crate::ports::{HostPorts, JobRecord};
use std::collections::BTreeSet;

/// Rules that say all that another does, and more (scoring.md 6.3).
const ABSORBED: &[(&str, &str)] = &[("P04", "P01"), ("P05", "P01"), ("P08", "P07"), ("P13", "P01")];

/// What the rules and the layers of what is expected say of all hosts.
#[derive(Debug, Default)]
pub struct Judged {
    /// The anomalies, in the order of their table.
    pub anomalies: Vec<Anomaly>,
    /// For each host and binding, the baseline layers that allow it, comma-separated; empty where none does,
    /// `not-comparable` where none that holds could have shown it.
    pub expected_by: Vec<Vec<String>>,
}

/// Judges all hosts of a run.
pub fn judge(cases: &[HostCase], ports: &[HostPorts], expectations: &Expectations) -> Judged {
    let population = Population::of(cases, ports);
    let mut judged = Judged::default();
    for (index, (case, ports)) in cases.iter().zip(ports).enumerate() {
        let context = Context::new(case, ports, expectations, &population);
        let found = of_host(&context).into_iter();
        judged.anomalies.extend(found.map(|anomaly| Anomaly { host: index, ..anomaly }));
        let layers = |binding| layers_of(binding, &context).join(",");
        judged.expected_by.push(ports.bindings.iter().map(layers).collect());
    }
    let first_seen = |anomaly: &Anomaly| {
        let ports = ports.get(anomaly.host)?;
        let binding = ports.bindings.get(anomaly.binding?)?;
        binding.interval.map(|interval| interval.first_seen)
    };
    judged.anomalies.sort_by_key(|anomaly| {
        let first = first_seen(anomaly);
        (first.is_none(), first, std::cmp::Reverse(anomaly.severity), anomaly.id.clone())
    });
    judged
}

fn of_host(context: &Context<'_>) -> Vec<Anomaly> {
    let mut anomalies: Vec<Anomaly> = Vec::new();
    for (index, binding) in context.ports.bindings.iter().enumerate() {
        // A listener that never came to be holds no port.
        let failed = binding.direction == Direction::Listen && binding.state.was_only_tried();
        if binding.certainty != Certainty::Declared && !failed {
            anomalies.extend(of_binding(index, binding, context));
        }
    }
    for (index, job) in context.ports.jobs.iter().enumerate() {
        anomalies.extend(of_job(index, job, &anomalies, context));
    }
    for known in context.files.all() {
        anomalies.extend(of_expected(known, context));
    }
    anomalies.extend(of_the_host(context));
    anomalies
}

/// What all rules say of a subject.
fn findings(subject: Subject<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        RULES.iter().filter_map(|rule| rule.check(subject, context)).collect();
    let fired: BTreeSet<&str> = found.iter().map(|finding| finding.factor.name).collect();
    let absorbed =
        |rule: &str| ABSORBED.iter().any(|(more, less)| *less == rule && fired.contains(more));
    found.retain(|finding| !absorbed(finding.factor.name));
    found
}

fn of_binding(index: usize, binding: &Binding, context: &Context<'_>) -> Option<Anomaly> {
    let subject = Subject::Binding(binding);
    let found = findings(subject, context);
    let sum = add_up(&found, Some(binding), context.job_of(binding), context)?;
    let id = content_id('a', [binding.id.as_str()]);
    let title = wording::binding_title(binding, context);
    let anomaly = anomaly_of(subject, (id, title), &found, sum, context)?;
    Some(Anomaly {
        confidence: binding.confidence,
        expected: with_others(anomaly.expected, binding, context),
        binding: Some(index),
        job: binding.job,
        ..anomaly
    })
}

/// An anomaly of a subject, about no binding and no job yet. `None` where nothing is left of the score.
fn anomaly_of(
    subject: Subject<'_>,
    (id, title): (String, String),
    found: &[Finding],
    sum: Sum,
    context: &Context<'_>,
) -> Option<Anomaly> {
    let particulars = cover::particulars(subject, context);
    let verdict = context.policy.verdict(&particulars);
    Some(Anomaly {
        id,
        score: sum.score,
        severity: Severity::of_score(sum.score)?,
        confidence: Confidence::Medium,
        title,
        explanation: wording::explanation(&sum, &verdict),
        expected: expected(found, &sum),
        rules: sum.rules,
        factors: sum.factors,
        binding: None,
        job: None,
        host: 0,
        places: Vec::new(),
        exception: verdict.covered_by(),
        particulars,
    })
}

fn add_up(
    found: &[Finding],
    binding: Option<&Binding>,
    job: Option<&JobRecord>,
    context: &Context<'_>,
) -> Option<Sum> {
    let all = || found.iter().map(|finding| finding.factor.clone());
    let is_further = |factor: &Factor| score::FURTHER.contains(&factor.name);
    if !all().any(|factor| is_further(&factor)) {
        return sum_of(all().collect(), binding, job, context);
    }
    // Such a rule makes nothing an anomaly that is none without it.
    let without = sum_of(all().filter(|one| !is_further(one)).collect(), binding, job, context)?;
    if without.score == 0 || without.rules.iter().all(|rule| score::NOTES.contains(rule)) {
        return Some(without);
    }
    sum_of(all().collect(), binding, job, context)
}

fn sum_of(
    fired: Vec<Factor>,
    binding: Option<&Binding>,
    job: Option<&JobRecord>,
    context: &Context<'_>,
) -> Option<Sum> {
    if fired.is_empty() {
        return None;
    }
    let rules: Vec<&'static str> = fired.iter().map(|factor| factor.name).collect();
    let view = View { binding, job, rules: &rules, context };
    let features = features::of(&view);
    score::sum(fired, features, binding, context)
}

/// What the base rule expected; where it cannot say, what the next one did.
fn expected(found: &[Finding], sum: &Sum) -> String {
    let of = |rule: &&'static str| {
        let finding = found.iter().find(|finding| finding.factor.name == *rule);
        finding.map(|finding| finding.expected.clone()).filter(|text| !text.is_empty())
    };
    sum.rules.iter().find_map(of).unwrap_or_default()
}

/// What was expected, and what the other hosts of the run do.
fn with_others(expected: String, binding: &Binding, context: &Context<'_>) -> String {
    let role = context.case.host.role.as_deref();
    let listens = binding.is_seen_listener() && context.is_fixed(binding);
    let others =
        context.population.elsewhere(binding, role, &context.listeners).filter(|_| listens);
    let parts = [Some(expected).filter(|text| !text.is_empty()), others];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A job by itself: what its bindings have not already said.
fn of_job(
    index: usize,
    job: &JobRecord,
    known: &[Anomaly],
    context: &Context<'_>,
) -> Option<Anomaly> {
    let said: BTreeSet<&str> = known
        .iter()
        .filter(|anomaly| anomaly.job == Some(index))
        .flat_map(|anomaly| anomaly.rules.iter().copied())
        .collect();
    let subject = Subject::Job(index, job);
    let mut found = findings(subject, context);
    found.retain(|finding| !said.contains(finding.factor.name));
    let row = context.declared_row(index);
    let sum = add_up(&found, row.map(|(_, binding)| binding), Some(job), context)?;
    let path = job.plist_path.as_deref().unwrap_or_default();
    let parts = [context.case.host.name.as_str(), "job", &job.domain, &job.label, path];
    let title = wording::job_title(job, &sum);
    let anomaly = anomaly_of(subject, (content_id('a', parts), title), &found, sum, context)?;
    Some(Anomaly {
        confidence: Confidence::Low,
        binding: row.map(|(index, _)| index),
        job: Some(index),
        ..anomaly
    })
}

/// What a baseline file expects and the host does not show.
fn of_expected(known: &Known<'_>, context: &Context<'_>) -> Option<Anomaly> {
    let host = context.case.host.name.as_str();
    let named = |_: &[Finding]| {
        let what = known.describe();
        (content_id('a', [host, "expected", &what]), format!("No longer seen: {what}"))
    };
    of_no_binding(Subject::Expected(known), named, context)
}

fn of_the_host(context: &Context<'_>) -> Option<Anomaly> {
    let named = |found: &[Finding]| {
        let title = found.first().map(|finding| finding.factor.reason.clone());
        let id = content_id('a', [context.case.host.name.as_str(), "host"]);
        (id, title.unwrap_or_default())
    };
    of_no_binding(Subject::Host, named, context)
}

/// An anomaly that stands where its findings do. `named` gives it its id and title.
fn of_no_binding(
    subject: Subject<'_>,
    named: impl FnOnce(&[Finding]) -> (String, String),
    context: &Context<'_>,
) -> Option<Anomaly> {
    let found = findings(subject, context);
    let sum = add_up(&found, None, None, context)?;
    let anomaly = anomaly_of(subject, named(&found), &found, sum, context)?;
    let places = found.iter().filter_map(|finding| finding.place).collect();
    Some(Anomaly { places, ..anomaly })
}
