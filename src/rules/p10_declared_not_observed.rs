//! A running job whose declared port nobody holds → P10.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::network::Protocol;
use crate::model::service::{Confidence, Direction};

catalog::entry! {
    /// A running job declares a listening port, but no listing that would show it does.
    ///
    /// ## What it detects
    /// A third-party job that ran at the capture and declares a listening port, of which a listing with
    /// listeners, taken with privileges, shows nothing on this host.
    ///
    /// ## Why it matters
    /// The port may have been taken by another program before (launchd does not report a failed bind), or
    /// the service was told to use another one.
    ///
    /// ## When it is harmless
    /// The service had not yet opened the port, or opens it on demand.
    ///
    /// ## How to verify
    /// Look for another holder of the port, and for the job's log.
    ///
    /// ## What it does not prove
    /// That the service does not work. It is a note, not a suspicion.
    pub DeclaredNotObserved
}

impl Rule for DeclaredNotObserved {
    fn id(&self) -> &'static str {
        RuleId::P10.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Job(_, job) = subject else { return None };
        let path = job.plist_path.as_deref().unwrap_or_default();
        if !job.running || job.job.is_none() || super::context::is_apple_plist(path) {
            return None;
        }
        let (declared, port) = job.declared.iter().find_map(|(declared, number)| {
            let certain = declared.direction == Direction::Listen
                && declared.confidence >= Confidence::Medium;
            number.filter(|_| certain).map(|number| (declared, number))
        })?;
        let protocol = declared.protocol.unwrap_or(Protocol::Tcp);
        let held = context.ports.bindings.iter().any(|binding| {
            binding.is_seen_listener()
                && binding.protocol == protocol
                && binding.local_port == Some(port)
        });
        if held || !would_show(protocol, context) {
            return None;
        }
        let reason = format!(
            "{} runs and declares {port} ({}), which nobody holds",
            job.label, declared.token
        );
        Some(context.finding(RuleId::P10, reason))
    }
}

/// Whether some listing of the host would have shown a listener of that protocol.
fn would_show(protocol: Protocol, context: &Context<'_>) -> bool {
    context.listings.iter().any(|(_, listing)| listing.shows_all(Direction::Listen, protocol))
}
