//! A listener of launchd's for a job that is not Apple's → P04.

use super::context::{Context, is_apple_plist};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;

catalog::entry! {
    /// launchd listens on behalf of a job that did not come with macOS.
    ///
    /// ## What it detects
    /// A listener of pid 1 that the `Sockets` of a third-party job explain, and that no baseline file has.
    ///
    /// ## Why it matters
    /// Tools show such a listener as `launchd`, which everybody trusts. The program that answers starts
    /// only when somebody connects, and runs as root in the system domain.
    ///
    /// ## When it is harmless
    /// Products do this legitimately (VPN helpers, print services, development databases).
    ///
    /// ## How to verify
    /// Read the property list: its program, owner, age and signature. `launchd.log` shows with
    /// "because ipc (socket)" when a connection started it.
    ///
    /// ## What it does not prove
    /// That anybody connected.
    pub SocketActivatedNew
}

impl Rule for SocketActivatedNew {
    fn id(&self) -> &'static str {
        RuleId::P04.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        if !binding.is_seen_listener() || !binding.held_by_launchd {
            return None;
        }
        if context.is_in_files(binding) {
            return None;
        }
        let indices = binding.job.iter().chain(&binding.job_candidates);
        let foreign = indices.filter_map(|index| context.ports.jobs.get(*index)).find(|job| {
            let path = job.plist_path.as_deref().unwrap_or_default();
            !path.is_empty() && !is_apple_plist(path)
        })?;
        let path = foreign.plist_path.as_deref().unwrap_or_default();
        let reason = format!("launchd listens for {}, which {path} declares", foreign.label);
        let mut finding = context.finding(RuleId::P04, reason);
        "launchd listens for jobs of macOS only".clone_into(&mut finding.expected);
        Some(finding)
    }
}
