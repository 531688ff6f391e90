//! Anomalies in words.

use super::context::Context;
use super::p07_outbound_nonstandard::in_words;
use super::score::Sum;
use crate::baseline::policy::Verdict;
use crate::model::binding::{Binding, BindingState};
use crate::model::service::Direction;
use crate::ports::JobRecord;

/// The sum in words, and what the policy says: `P11 30 (why); persistence +10 (why) = 95. Excepted by …`.
pub fn explanation(sum: &Sum, verdict: &Verdict<'_>) -> String {
    let mut text = String::new();
    for (index, factor) in sum.factors.iter().enumerate() {
        let points = match index {
            0 => factor.points.to_string(),
            _ if factor.points == 0 => "note".to_owned(),
            _ => format!("{:+}", factor.points),
        };
        let separator = if index == 0 { "" } else { "; " };
        text.extend([separator, factor.name, " ", &points, " (", &factor.reason, ")"]);
    }
    let total: i32 = sum.factors.iter().map(|factor| factor.points).sum();
    let end = match &sum.decided_by {
        Some(why) => format!(", {} by {why}", sum.score),
        None if total != sum.score => format!(", {} within 0 to 100", sum.score),
        None => String::new(),
    };
    // What P16 says is not said twice.
    let by_rule = matches!(verdict, Verdict::Expired(..)) && sum.rules.contains(&"P16");
    let said = if by_rule { String::new() } else { verdict.in_words() };
    let space = if said.is_empty() { "" } else { " " };
    format!("{text} = {total}{end}.{space}{said}")
}

/// A line for an anomaly of a binding.
pub fn binding_title(binding: &Binding, context: &Context<'_>) -> String {
    let who = binding.process.as_deref().unwrap_or("An unknown program");
    let service = match (&binding.service, binding.held_by_launchd) {
        (Some(label), true) if binding.pid == Some(1) => format!(" for {label}"),
        (Some(label), _) => format!(" ({label})"),
        (None, true) if binding.pid == Some(1) && binding.job_candidates.is_empty() => {
            " for no known job".to_owned()
        }
        (None, _) => String::new(),
    };
    let port = super::context::port_of(binding).map_or_else(String::new, |port| port.to_string());
    let protocol = binding.protocol.as_str();
    match binding.direction {
        Direction::Listen => {
            let verb = match binding.state {
                BindingState::Failed => "failed to listen",
                BindingState::Attempted => "tried to listen",
                _ => "listens",
            };
            let local = binding.local_addresses.first().map(crate::model::network::Address::text);
            let local = local.filter(|text| !text.is_empty()).unwrap_or_default();
            format!("{who}{service} {verb} on {local}:{port}/{protocol}")
        }
        Direction::Outbound => format!("{who}{service} {}", in_words(binding)),
        Direction::Inbound => {
            let peer = binding.remote_address.as_ref().map(crate::model::network::Address::text);
            format!(
                "{who}{service} was reached on {port}/{protocol} from {}",
                peer.unwrap_or_default()
            )
        }
        Direction::Unknown => {
            let host = &context.case.host.name;
            format!("{who}{service} uses {port}/{protocol} on {host}")
        }
    }
}

/// A line for an anomaly of a job.
pub fn job_title(job: &JobRecord, sum: &Sum) -> String {
    let reason = sum.factors.first().map_or("", |factor| factor.reason.as_str());
    format!("Job {}: {reason}", job.label)
}
