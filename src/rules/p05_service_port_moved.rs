//! A stock service on another port than macOS gives it → P05.

use super::context::{Context, is_seen_listener};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::binding::Binding;

catalog::entry! {
    /// A service listens on another port than the baseline gives it.
    ///
    /// ## What it detects
    /// A launchd label that the stock baseline knows with fixed ports holds a listener on a different
    /// fixed port, while none of its usual ports is held.
    ///
    /// ## Why it matters
    /// A remote login or screen sharing service on an unusual port avoids the attention, and often the
    /// firewall rules, that its usual port has (T1571).
    ///
    /// ## When it is harmless
    /// Administrators move ssh to reduce noise in the log.
    ///
    /// ## How to verify
    /// Compare the property list with the one of the same macOS build; look for an edited
    /// `/etc/services`.
    ///
    /// ## What it does not prove
    /// Who moved it, or why.
    pub ServicePortMoved
}

impl Rule for ServicePortMoved {
    fn id(&self) -> &'static str {
        RuleId::P05.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let label = binding.service.as_deref()?;
        let port = binding.local_port?;
        let fits = is_seen_listener(binding) && context.is_fixed(binding);
        if !fits || context.is_stock(binding) {
            return None;
        }
        let rows = context.baseline.stock.label_ports(label);
        let same = |row: &&crate::baseline::stock::Row| row.protocol.allows(binding.protocol);
        let rows: Vec<_> = rows.into_iter().filter(same).collect();
        let floats = rows.iter().any(|row| row.ports.is_dynamic());
        if rows.is_empty() || floats || rows.iter().any(|row| row.ports.names(port)) {
            return None;
        }
        let stays = |other: &Binding| {
            other.service.as_deref() == Some(label)
                && is_seen_listener(other)
                && other.protocol == binding.protocol
                && other.local_port.is_some_and(|held| rows.iter().any(|row| row.ports.names(held)))
        };
        if context.ports.bindings.iter().any(stays) {
            return None;
        }
        let usual: Vec<String> = rows.iter().map(|row| row.describe()).collect();
        let reason = format!("{label} listens on {port} instead of its stock port");
        let mut finding = context.finding(RuleId::P05, reason);
        finding.expected = format!("stock macOS: {label} on {}", usual.join("; "));
        Some(finding)
    }
}
