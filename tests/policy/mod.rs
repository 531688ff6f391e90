//! What people decided: files that say so, what fits them, when they hold, what they change.

mod agreement;
mod breadth;
mod command;
mod covering;
mod files;
mod matching;
mod suggesting;
mod when;

use crate::story::{Files, Mac, Scratch, Told, told_against};
use crate::support::expectations;
use portolan::baseline::policy::Policy;
use portolan::rules::Expectations;

/// A policy of these lines.
pub(crate) fn policy(text: &str) -> Policy {
    let mut policy = Policy::default();
    policy.add_policy("policy.toml", &format!("schema = 1\n{text}")).unwrap();
    policy
}

/// An exception of these lines, by the name EX-12, until the end of March 2026.
pub(crate) fn exception(lines: &str) -> String {
    format!(
        "[[exception]]\nid = \"EX-12\"\nowner = \"sec\"\nreason = \"lab web console\"\n\
         until = 2026-03-31\n{lines}\n"
    )
}

/// What is expected, with a policy.
pub(crate) fn with(policy: Policy) -> Expectations {
    Expectations { policy, ..expectations().clone() }
}

/// Files as one folder of evidence, judged with a policy.
pub(crate) fn judged(files: &Files, policy: Policy) -> Told {
    let scratch = Scratch::new();
    let folder = scratch.path().join("evidence");
    files.write(&folder);
    told_against(&[folder], &portolan::hosts::Options::default(), &with(policy))
}

/// A Mac, judged with a policy of these lines.
pub(crate) fn told_with(mac: &Mac, text: &str) -> Told {
    judged(&mac.files(), policy(text))
}

/// The year after that of the clock: what holds until then is neither over nor held for long.
pub(crate) fn next_year() -> i16 {
    let today = portolan::model::stamp(portolan::write::run::now());
    today[..4].parse::<i16>().unwrap() + 1
}
