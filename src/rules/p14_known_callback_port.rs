//! A port that malware is known for → P14, a modifier.

use super::context::{Context, is_multicast_service};
use super::scoring::{Feature, RuleId};
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::service::Direction;

catalog::entry! {
    /// The port is one that malware and attack frameworks are known to use. A modifier: it only adds to
    /// other rules.
    ///
    /// ## What it detects
    /// The local port of a listener or the remote port of a connection is on the list of callback ports of
    /// public detection rules, or in a report of macOS malware (`scoring.toml`), and neither a vendor hint nor a
    /// development server explains it.
    ///
    /// ## Why it matters
    /// Defaults are seldom changed: 4444 is Metasploit's, 5633 was DazzleSpy's.
    ///
    /// ## When it is harmless
    /// Every number is used by something legitimate.
    ///
    /// ## How to verify
    /// See the rules that it adds to.
    ///
    /// ## What it does not prove
    /// Anything by itself. It never makes an anomaly.
    pub KnownCallbackPort
}

impl Rule for KnownCallbackPort {
    fn id(&self) -> &'static str {
        RuleId::P14.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let usage = context.use_of(binding)?;
        let port = usage.port;
        let about = matches!(binding.direction, Direction::Listen | Direction::Outbound);
        if !about || is_multicast_service(binding) || !context.scoring.is_callback_port(usage) {
            return None;
        }
        let program = context.program_of(binding);
        let explained = context.hint(binding).is_some()
            || context.baseline.classes.dev_server_port(&program, usage).is_some();
        (!explained).then(|| {
            let reason = format!("{port} is a port that malware is known to use");
            let mut finding = context.finding(RuleId::P14, reason);
            finding.factor.points = context.scoring.weight(Feature::KnownCallbackPort);
            finding
        })
    }
}
