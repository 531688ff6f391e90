//! A known listener that reaches farther than it did → P13.

use super::comparison::Comparison;
use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::book::Known;
use crate::baseline::pattern::Reach;
use crate::catalog;

catalog::entry! {
    /// A listener that the baseline has on this Mac only, or on the local network, can be reached from farther.
    ///
    /// ## What it detects
    /// The same program on the same port as in an earlier acquisition of this host or in a baseline file,
    /// with a wider reach than any of them has: loopback became the local network or every address, or the
    /// local network every address.
    ///
    /// ## Why it matters
    /// A database or a console that is safe on loopback is open to everybody on the network now.
    ///
    /// ## When it is harmless
    /// The service was meant to be shared, and its configuration was changed for that.
    ///
    /// ## How to verify
    /// Compare its configuration and arguments with a backup; look for what changed them, and when.
    ///
    /// ## What it does not prove
    /// That anybody reached it: a firewall may stand before it.
    pub ExposureChange
}

impl Rule for ExposureChange {
    fn id(&self) -> &'static str {
        RuleId::P13.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        if !binding.is_seen_listener() || is_multicast_service(binding) || context.is_stock(binding)
        {
            return None;
        }
        let reach = Reach::of(binding.scope)?;
        let compared = Comparison::of(binding, context).filter(Comparison::deviates)?;
        let same = compared.same_kind().filter(|known| known.is_about(compared.usage));
        // A port that the kernel hands out says nothing about which listener it is.
        let same: Vec<&Known<'_>> =
            same.filter(|known| known.ports.names(compared.usage.port)).collect();
        let widest = same.iter().max_by_key(|known| known.scope)?;
        if widest.scope >= reach {
            return None;
        }
        let reason = format!(
            "{} on {}/{} reached as far as {}, now {}",
            compared.key.describe(),
            compared.usage.port,
            binding.protocol.as_str(),
            widest.scope.in_words(),
            reach.in_words()
        );
        let mut finding = context.finding(RuleId::P13, reason);
        finding.expected = widest.describe();
        Some(finding)
    }
}
