//! A specific listener beside a wildcard one → P18, a note.

use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::binding::Binding;
use crate::model::interval::Window;
use crate::model::network::{Address, Families, Protocol};

/// Seconds within which two sightings belong to one look at the host.
const SAME_LOOK: i64 = 900;

catalog::entry! {
    /// A listener on one address takes traffic from another program's listener on all addresses.
    ///
    /// ## What it detects
    /// On one boot, one program listens on `127.0.0.1:5000` (or another single address) while another listens
    /// on `*:5000`.
    ///
    /// ## Why it matters
    /// Both may exist; connections to the specific address reach the specific listener, so that it can
    /// stand in for the other one.
    ///
    /// ## When it is harmless
    /// Since macOS 12 the AirPlay receiver holds 5000 and 7000, and development servers like 5000.
    ///
    /// ## How to verify
    /// Which of the two does a client of the service mean?
    ///
    /// ## What it does not prove
    /// That traffic was taken. It is a note, not a suspicion.
    pub PortShadowing
}

impl Rule for PortShadowing {
    fn id(&self) -> &'static str {
        RuleId::P18.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let is_listener = binding.is_seen_listener() && binding.protocol == Protocol::Tcp;
        if !is_listener || is_multicast_service(binding) || is_wildcard(binding) {
            return None;
        }
        let wide = context.ports.bindings.iter().find(|other| {
            other.is_seen_listener()
                && is_wildcard(other)
                && other.protocol == binding.protocol
                && other.local_port == binding.local_port
                && other.boot == binding.boot
                && other.identity != binding.identity
                && share_a_family(other.families, binding.families)
                && were_together(other, binding)
        })?;
        let name = |binding: &Binding| binding.process.as_deref().unwrap_or("a program").to_owned();
        let reason = format!(
            "{} on a single address takes its traffic from {} on all addresses",
            name(binding),
            name(wide)
        );
        Some(context.finding(RuleId::P18, reason))
    }
}

/// Whether a peer of one family could mean either.
fn share_a_family(one: Families, other: Families) -> bool {
    let four = |set: Families| set.v4 || set.dual || set.either;
    let six = |set: Families| set.v6 || set.dual || set.either;
    (four(one) && four(other)) || (six(one) && six(other))
}

/// Whether both were seen at about the same time.
fn were_together(one: &Binding, other: &Binding) -> bool {
    let seen = |binding: &Binding| {
        binding.interval.map(|life| Window::new(life.first_seen, life.last_seen))
    };
    let near = |window: Window| window.shifted(-SAME_LOOK, SAME_LOOK);
    seen(one).zip(seen(other)).is_none_or(|(one, other)| near(one).meets(other))
}

fn is_wildcard(binding: &Binding) -> bool {
    binding.local_addresses.iter().any(|address| match address {
        Address::Any => true,
        Address::Ip { ip, .. } => ip.is_unspecified(),
        Address::Cut(_) | Address::Name(_) | Address::Unknown => false,
    })
}
