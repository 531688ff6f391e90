//! A listener that one tool shows and another, asked at the same moment, does not → P15.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::binding::{Binding, CitationRole};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Listing, ListingTool};
use crate::model::service::Direction;

/// Seconds that "the same minute" lasts.
const MINUTE: i64 = 60;

catalog::entry! {
    /// One tool shows a listener that another, taken in the same minute with the same rights, does not.
    ///
    /// ## What it detects
    /// A listener in netstat that a privileged, whole lsof of the same minute lacks, or the reverse.
    ///
    /// ## Why it matters
    /// Something may hide a process or a socket from one of the tools (a rootkit, a replaced binary).
    ///
    /// ## When it is harmless
    /// The socket was opened or closed between the two commands; the kernel itself holds it (NFS), which
    /// lsof does not show.
    ///
    /// ## How to verify
    /// Compare the times of both captures with the process's start; look at a third source (the unified
    /// log, `nettop`).
    ///
    /// ## What it does not prove
    /// That anything was hidden on purpose.
    pub HiddenListener
}

impl Rule for HiddenListener {
    fn id(&self) -> &'static str {
        RuleId::P15.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        // The kernel hands out and takes back other ports all the time.
        let is_stable = context.is_fixed(binding) || binding.protocol == Protocol::Tcp;
        if !binding.is_seen_listener() || !is_stable {
            return None;
        }
        let [tool] = binding.tools.as_slice() else { return None };
        let seen: Vec<Window> = binding
            .citations
            .iter()
            .filter(|citation| citation.role == CitationRole::Sighting)
            .filter_map(|citation| citation.window)
            .collect();
        let (_, listing) = context.listings.iter().find(|(fact, listing)| {
            let same_minute = fact.window().is_some_and(|window| {
                let near = seen.iter().any(|seen| seen.shifted(-MINUTE, MINUTE).meets(window));
                near && was_held(binding, window)
            });
            listing.tool != *tool
                && same_minute
                && fact.boot == binding.boot
                && would_show(listing, binding)
                && !shows_port(listing.tool, binding, context)
        })?;
        let reason = format!(
            "{} shows this listener, {} of the same minute does not",
            tool.as_str(),
            listing.tool.as_str()
        );
        let mut finding = context.finding(RuleId::P15, reason);
        "both tools show the same listeners".clone_into(&mut finding.expected);
        Some(finding)
    }
}

/// Whether nothing says that it may have begun after that moment, or have ended before it.
fn was_held(binding: &Binding, moment: Window) -> bool {
    binding.interval.is_some_and(|life| {
        life.earliest_start.is_none_or(|start| start < moment.lo)
            && life.latest_end.is_none_or(|end| end > moment.hi)
    })
}

/// Whether a tool shows the port in this boot under any owner, known or not: then nothing is hidden.
fn shows_port(tool: ListingTool, binding: &Binding, context: &Context<'_>) -> bool {
    context.ports.bindings.iter().any(|other| {
        other.direction == binding.direction
            && other.protocol == binding.protocol
            && other.local_port == binding.local_port
            && other.boot == binding.boot
            && other.tools.contains(&tool)
    })
}

fn would_show(listing: &Listing, binding: &Binding) -> bool {
    listing.shows_all(Direction::Listen, binding.protocol) && !binding.only_unprivileged
}
