//! A setting that macOS ignores → P20, a note.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject, trust};
use crate::catalog;
use crate::model::network::Protocol;
use crate::model::observation::Fact;
use crate::model::provenance::Place;
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The port of sshd's job on stock macOS.
const SSH: u16 = 22;

catalog::entry! {
    /// `sshd_config` asks for a port that launchd's ssh job does not use, or the packet filter sends to a
    /// port that nobody holds.
    ///
    /// ## What it detects
    /// A `Port` line in `/etc/ssh/sshd_config` with another number than 22, on a Mac where nothing listens on that
    /// port for sshd. A redirection of the packet filter (`rdr`) to a port of this Mac on which nothing listens,
    /// although a whole listing would show it.
    ///
    /// ## Why it matters
    /// launchd owns the port of remote login: the line has no effect, whoever wrote it may believe the
    /// contrary, and a reader of the file would report a port that was never open. A redirection to nobody may be
    /// what is left of a proxy, or wait for one.
    ///
    /// ## When it is harmless
    /// Always: it is a note.
    ///
    /// ## How to verify
    /// `launchctl print system/com.openssh.sshd` shows the sockets that launchd holds; `pfctl -s nat` the
    /// redirections that are loaded.
    ///
    /// ## What it does not prove
    /// That ssh was reachable at all.
    pub SettingWithoutEffect
}

impl Rule for SettingWithoutEffect {
    fn id(&self) -> &'static str {
        RuleId::P20.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Host = subject else { return None };
        sshd(context).or_else(|| redirect(context))
    }
}

/// A redirection to a port that nobody holds, though a listing of the same acquisition would show it.
fn redirect(context: &Context<'_>) -> Option<Finding> {
    let held: BTreeSet<u16> = context
        .ports
        .bindings
        .iter()
        .filter(|binding| binding.is_seen_listener())
        .filter_map(|binding| binding.local_port)
        .collect();
    let (port, idle) = context.ports.trust.redirected_ports().find(|(port, one)| {
        let address: Option<IpAddr> = one.redirect.to_address.parse().ok();
        let protocol = one.redirect.protocol.unwrap_or(Protocol::Tcp);
        let shown = || {
            context.listings.iter().any(|(fact, listing)| {
                fact.acquisition == one.acquisition
                    && listing.shows_all(Direction::Listen, protocol)
            })
        };
        address.is_some_and(|address| address.is_loopback()) && !held.contains(port) && shown()
    })?;
    let to = &idle.redirect.to_address;
    let how = trust::in_words(&idle.redirect);
    let mut finding =
        context.finding(RuleId::P20, format!("{how} goes to {to}:{port}, where nothing listens"));
    finding.factor = finding.factor.citing([&idle.citation]);
    "something listens where a redirection leads".clone_into(&mut finding.expected);
    Some(finding)
}

fn sshd(context: &Context<'_>) -> Option<Finding> {
    let asked: BTreeMap<u16, Place> = context
        .case
        .facts
        .iter()
        .filter_map(|fact| match fact.fact {
            Fact::SshdPort(port) if port != SSH && !is_held(port, context) => {
                Some((port, fact.place))
            }
            _ => None,
        })
        .collect();
    let place = *asked.values().next()?;
    let asked: Vec<String> = asked.keys().map(u16::to_string).collect();
    let reason = format!(
        "sshd_config Port {} is ignored by the launchd job of remote login",
        asked.join(", ")
    );
    let mut finding = context.finding(RuleId::P20, reason);
    finding.place = Some(place);
    "the job com.openssh.sshd listens on 22, whatever sshd_config says"
        .clone_into(&mut finding.expected);
    Some(finding)
}

/// Whether sshd was seen on a port after all.
fn is_held(port: u16, context: &Context<'_>) -> bool {
    context.ports.bindings.iter().any(|binding| {
        binding.is_seen_listener()
            && binding.local_port == Some(port)
            && binding.process.as_deref().is_some_and(|name| name.starts_with("sshd"))
    })
}
