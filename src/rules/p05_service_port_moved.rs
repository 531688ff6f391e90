//! A service on another port than stock macOS, a baseline or its own past gives it → P05.

use super::comparison::Comparison;
use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::book::Known;
use crate::catalog;
use crate::model::binding::Binding;
use std::collections::BTreeSet;

catalog::entry! {
    /// A service listens on another port than the baseline gives it.
    ///
    /// ## What it detects
    /// A launchd service that the stock baseline, a baseline file or an earlier acquisition of this host
    /// knows with fixed ports holds a listener on a different fixed port, while none of its usual ports is
    /// held by it. If one still is, the other is new: P01.
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
        let fits = binding.is_seen_listener()
            && context.is_fixed(binding)
            && !label.starts_with("application.");
        if !fits || context.is_stock(binding) {
            return None;
        }
        let compared = Comparison::of(binding, context);
        if compared.as_ref().is_some_and(|compared| !compared.allowed.is_empty()) {
            return None;
        }
        from_stock(label, binding, context)
            .or_else(|| from_baseline(label, &compared?, binding, context))
    }
}

/// Away from the ports that stock macOS gives a label.
fn from_stock(label: &str, binding: &Binding, context: &Context<'_>) -> Option<Finding> {
    let port = binding.local_port?;
    let rows = context.baseline.stock.label_ports(label);
    let same = |row: &&crate::baseline::stock::Row| row.protocol.allows(binding.protocol);
    let rows: Vec<_> = rows.into_iter().filter(same).collect();
    let floats = rows.iter().any(|row| row.ports.is_dynamic());
    if rows.is_empty() || floats || rows.iter().any(|row| row.ports.names(port)) {
        return None;
    }
    let stays = |other: &Binding| {
        other.service.as_deref() == Some(label)
            && other.is_seen_listener()
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

/// Away from the ports where a baseline file or the host's own past has the program.
fn from_baseline(
    label: &str,
    compared: &Comparison<'_>,
    binding: &Binding,
    context: &Context<'_>,
) -> Option<Finding> {
    if !compared.deviates() {
        return None;
    }
    let port = binding.local_port?;
    let known: Vec<&Known<'_>> = compared.same_kind().collect();
    let floats = known.iter().any(|known| known.ports.is_dynamic() || known.ports.is_any());
    if known.is_empty() || floats || known.iter().any(|known| known.ports.names(port)) {
        return None;
    }
    // What stays where it was has not moved: then this one is new (P01).
    if known.iter().any(|known| context.still_holds(known, binding)) {
        return None;
    }
    let usual: Vec<String> = known.iter().map(|known| known.describe()).collect();
    let reason = format!("{label} listens on {port} instead of {}", ports(&known));
    let mut finding = context.finding(RuleId::P05, reason);
    finding.expected = format!("{}; here {port}", usual.join("; "));
    Some(finding)
}

/// The ports of what is known, each once.
fn ports(known: &[&Known<'_>]) -> String {
    let ports: BTreeSet<String> = known.iter().map(|known| known.ports.to_string()).collect();
    ports.into_iter().collect::<Vec<_>>().join(", ")
}
