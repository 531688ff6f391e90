//! A listener of launchd's that no property list explains → P03.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;

catalog::entry! {
    /// launchd (pid 1) holds a listener that no collected property list explains.
    ///
    /// ## What it detects
    /// A listening socket of pid 1 whose protocol, port and reach are in the `Sockets` of no job of
    /// this host, in any acquisition, unless that job is known to be disabled. Where the plist
    /// directories were not all collected, listeners that stock macOS gives launchd are left out and
    /// the rule counts less.
    ///
    /// ## Why it matters
    /// launchd listens only for jobs. A job without a property list was loaded from somewhere else, or
    /// its property list was deleted after loading: both hide a service that starts on connection.
    ///
    /// ## When it is harmless
    /// The property list lies in a place that was not collected (an application's bundle, a managed
    /// configuration profile).
    ///
    /// ## How to verify
    /// `launchctl print system` and `dumpstate` name the job and its path; the bodyfile, FSEvents and
    /// the unified log show deleted property lists.
    ///
    /// ## What it does not prove
    /// That a connection was made, or which program would have answered it.
    pub Pid1OrphanListener
}

impl Rule for Pid1OrphanListener {
    fn id(&self) -> &'static str {
        RuleId::P03.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let only_launchd = binding.pid == Some(1) && binding.held_by_launchd;
        let explained = binding.job.is_some() || !binding.job_candidates.is_empty();
        if !binding.is_seen_listener() || !only_launchd || explained {
            return None;
        }
        let port = binding.local_port?;
        let complete = context.plists_complete(binding);
        let stock = context.baseline.stock.launchd_listener(binding.protocol, port, binding.scope);
        if !complete && !stock.is_empty() {
            return None;
        }
        let coverage = if complete {
            "all plist directories were collected"
        } else {
            "not all plist directories were collected"
        };
        let reason = format!("launchd listens on {port} for no collected job; {coverage}");
        let mut finding = context.finding(RuleId::P03, reason);
        if !complete {
            finding.factor.points = context.scoring.variants.orphan_partial_coverage;
        }
        "a property list whose Sockets name this port".clone_into(&mut finding.expected);
        Some(finding)
    }
}
