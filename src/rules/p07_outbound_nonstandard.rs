//! A connection to a port that is not standard for its program → P07.

use super::context::{Context, is_seen_outbound, may_be_public};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::binding::Binding;

catalog::entry! {
    /// A program connects to a public address on a port that is not standard for it.
    ///
    /// ## What it detects
    /// An outbound connection, or an attempt at one, to a public or undisclosed address whose remote
    /// port is in none of: the stock baseline, the baseline files, the set of the program's class (browsers, mail, ssh, git,
    /// …), the default set for programs of no class (tcp 53, 80, 443, 853; udp 53, 123, 443, 853, 5353).
    /// Where the owner is unknown, the union of all these sets counts. That a job declares the peer
    /// explains the connection but does not make its port standard.
    /// A UDP socket that was given a peer and through which, as its log says, nothing went is no attempt.
    ///
    /// ## Why it matters
    /// AN0635: "Applications making outbound connections on non-standard ports." Command and control
    /// often uses a port that its operator chose rather than one of a protocol.
    ///
    /// ## When it is harmless
    /// Games, telephony, file sharing, VPNs and many vendors use their own ports: vendor hints lower
    /// the score of those that are known.
    ///
    /// ## How to verify
    /// Identify the peer and what the program is; look for earlier connections to it; compare with
    /// other hosts.
    ///
    /// ## What it does not prove
    /// What was transferred. A port number alone is weak evidence.
    pub OutboundNonstandard
}

/// Whether a connection is to a port outside everything that is standard for its program.
pub fn is_nonstandard(binding: &Binding, context: &Context<'_>) -> bool {
    if !is_seen_outbound(binding)
        || !may_be_public(binding)
        || context.is_stock(binding)
        || context.is_in_files(binding)
    {
        return false;
    }
    let Some(usage) = context.use_of(binding) else { return false };
    if context.owner_is_known(binding) {
        let program = context.program_of(binding);
        context.baseline.classes.standard_outbound(&program, usage).is_none()
    } else {
        !context.baseline.union_allows(usage)
    }
}

/// The connection in words: `outbound to 203.0.113.7:4444`.
pub fn in_words(binding: &Binding) -> String {
    let address = binding.remote_address.as_ref().map(crate::model::network::Address::text);
    let address =
        address.filter(|text| !text.is_empty()).unwrap_or_else(|| "an address not told".to_owned());
    let port = binding.remote_port.map_or_else(String::new, |port| format!(" port {port}"));
    let verb = match binding.state {
        crate::model::binding::BindingState::Attempted => "attempted to reach",
        crate::model::binding::BindingState::Failed => "failed to reach",
        _ => "reached",
    };
    format!("{verb} {address}{port}/{}", binding.protocol.as_str())
}

impl Rule for OutboundNonstandard {
    fn id(&self) -> &'static str {
        RuleId::P07.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        if !is_nonstandard(binding, context) {
            return None;
        }
        let who = binding.process.as_deref().unwrap_or("an unknown program");
        let reason = format!("{who} {}, which is not standard for it", in_words(binding));
        let mut finding = context.finding(RuleId::P07, reason);
        "outbound to the ports that are standard for the program's class"
            .clone_into(&mut finding.expected);
        Some(finding)
    }
}
