//! A managed process listening where its job says nothing of it → P02.

use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;

catalog::entry! {
    /// A launchd service listens on a fixed port that neither stock macOS nor its own job expects.
    ///
    /// ## What it detects
    /// A process whose launchd label is known holds a listening port below the ephemeral range that is
    /// not in the stock baseline, not in the job's `Sockets`, and not in its arguments or environment.
    /// Ports of known products (vendor hints) are left out. Where a baseline file or an earlier acquisition
    /// of the host could have shown it, P01 decides instead.
    ///
    /// ## Why it matters
    /// A service that begins to listen where nothing announces it was changed, replaced, or does
    /// something that its owner does not know of (AN0635: "launchd services bound to ports inconsistent
    /// with system baselines").
    ///
    /// ## When it is harmless
    /// Many services take their port from a configuration file that is not part of the acquisition.
    ///
    /// ## How to verify
    /// Read the program's configuration; compare the binary's signature and hash with the vendor's;
    /// look at earlier acquisitions of the host.
    ///
    /// ## What it does not prove
    /// That anything connected to the port, or that the service is malicious.
    pub ListenerNotDeclared
}

impl Rule for ListenerNotDeclared {
    fn id(&self) -> &'static str {
        RuleId::P02.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let label = binding.service.as_deref()?;
        let fits = binding.is_seen_listener()
            && !binding.held_by_launchd
            && context.is_fixed(binding)
            && !is_multicast_service(binding)
            && !label.starts_with("application.")
            && !binding.declared_by_job;
        let is_standard = context.is_expected(binding)
            || context.is_of_class(binding)
            || context.hint(binding).is_some();
        if !fits || is_standard || context.has_base(binding) {
            return None;
        }
        let port = binding.local_port?;
        let reason =
            format!("{label} listens on {port}, which neither its job nor stock macOS declares");
        let mut finding = context.finding(RuleId::P02, reason);
        finding.expected = match context.job_of(binding).map(|job| job.sockets().count()) {
            Some(0) | None => "the job declares no socket".to_owned(),
            Some(_) => "only the ports that the job declares".to_owned(),
        };
        Some(finding)
    }
}
