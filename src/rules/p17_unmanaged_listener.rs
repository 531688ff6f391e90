//! A listener that no launchd job manages → P17.

use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;

catalog::entry! {
    /// A process that launchd does not manage listens on a fixed port.
    ///
    /// ## What it detects
    /// A listener below the ephemeral range whose process has no launchd job (it was started from a
    /// terminal, by ssh, or by an application), and that neither stock macOS nor a baseline file has.
    ///
    /// ## Why it matters
    /// A bind shell or an ad-hoc server started by hand leaves no property list; this is where it shows.
    ///
    /// ## When it is harmless
    /// Development servers, databases, chat and music programs: known ones are discounted.
    ///
    /// ## How to verify
    /// The process's path, command line and parent; whether the port is reachable from outside.
    ///
    /// ## What it does not prove
    /// That the listener persists, or that anybody reached it.
    pub UnmanagedListener
}

impl Rule for UnmanagedListener {
    fn id(&self) -> &'static str {
        RuleId::P17.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let managed =
            binding.service.as_deref().is_some_and(|label| !label.starts_with("application."));
        let ambiguous = !binding.job_candidates.is_empty();
        if managed || ambiguous || binding.pid == Some(1) || !binding.is_seen_listener() {
            return None;
        }
        let is_standard = context.is_stock(binding) || context.is_of_class(binding);
        let is_standard = is_standard || context.is_in_files(binding);
        if !context.is_fixed(binding) || is_multicast_service(binding) || is_standard {
            return None;
        }
        if !context.owner_is_known(binding) {
            let usage = context.use_of(binding)?;
            if context.baseline.union_allows(usage) {
                return None;
            }
        }
        let who = binding.process.as_deref().unwrap_or("an unknown program");
        let port = binding.local_port?;
        let reason = format!("{who}, which no launchd job is known to manage, listens on {port}");
        let mut finding = context.finding(RuleId::P17, reason);
        "no such listener in stock macOS".clone_into(&mut finding.expected);
        Some(finding)
    }
}
