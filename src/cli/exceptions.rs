//! A policy, a run and today → what of the policy should be tidied, and what could be excepted.

use super::screen::Screen;
use super::{Exit, Failure};
use clap::{Args, Subcommand};
use portolan::baseline::policy::review::{self, RunRows};
use portolan::baseline::{self, policy::Policy};
use portolan::write::recall::{self, Recalled, RecalledAnomaly};
use portolan::write::{run, suggestion};
use std::path::PathBuf;

/// Exit codes of `check`.
const EXIT_CODES: &str = "\
Exit codes:
  0    nothing found
  1    something is expired, not yet valid, unused, overlapping or over-broad
  2    wrong usage, or the policy or RUN is not readable";

#[derive(Debug, Subcommand)]
pub(super) enum ExceptionsCommand {
    /// Find exceptions that are expired, not yet valid, unused, overlapping or over-broad
    #[command(after_help = EXIT_CODES)]
    Check(CheckOptions),
}

#[derive(Args, Debug)]
pub(super) struct CheckOptions {
    /// The policy, TOML
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// Output directory of a run to hold it against
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// Print the narrowest exception for each open anomaly of RUN, for a person to complete
    #[arg(long, requires = "run")]
    suggest: bool,
}

/// Runs a command about exceptions.
pub(super) fn exceptions(
    command: &ExceptionsCommand,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let ExceptionsCommand::Check(options) = command;
    let policy = Policy::load(Some(&options.policy), None);
    let policy = policy.map_err(|error| Failure::Said(error.to_string()))?;
    let recalled = options.run.as_deref().map(recall::recall).transpose();
    let recalled = recalled.map_err(Failure::Said)?.map(|recalled| with_roles(recalled, &policy));
    let rows = recalled.as_ref().map(|recalled| RunRows {
        last: recalled.last,
        rows: recalled.anomalies.iter().map(RecalledAnomaly::row).collect(),
    });
    let (today, classes) = (run::now(), baseline::load().map_err(Failure::Said)?.classes);
    let remarks = review::review(&policy, rows.as_ref(), today, &classes);
    // What is suggested is TOML; all else is a comment in it.
    let comment = if options.suggest { "# " } else { "" };
    let width = remarks.iter().map(|one| one.id.chars().count()).max().unwrap_or(0);
    for remark in &remarks {
        let (id, fault, text) = (&remark.id, remark.fault.as_str(), &remark.text);
        screen.line(&format!("{comment}{id:width$}  {fault:<13}  {text}"))?;
    }
    let of = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let mut checked = of(policy.exceptions.len(), "exception");
    if !policy.approvals.is_empty() {
        checked = format!("{checked} and {}", of(policy.approvals.len(), "approval"));
    }
    let found = if remarks.is_empty() { "nothing".into() } else { remarks.len().to_string() };
    screen.line(&format!("{comment}{checked} checked, {found} to tidy"))?;
    if let Some(recalled) = recalled.filter(|_| options.suggest) {
        for line in suggestion::suggestions(&policy, &recalled, today) {
            screen.line(&line)?;
        }
    }
    screen.flush()?;
    Ok(if remarks.is_empty() { Exit::Done } else { Exit::AnomalyFound })
}

/// The anomalies with the roles that this policy gives their hosts; the run may have had another.
fn with_roles(mut recalled: Recalled, policy: &Policy) -> Recalled {
    for anomaly in &mut recalled.anomalies {
        let known = &mut anomaly.particulars;
        known.role = policy.role_of(&known.host).map(str::to_owned).or(known.role.take());
    }
    recalled
}
