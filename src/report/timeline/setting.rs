//! What captures say of firewalls, redirections, extensions and background items → events of the timeline.
//!
//! Since when something was set so is not told: the time of such an event is that of the capture. What a file
//! tells that was only copied stands at the end of its acquisition, unless a capture of it tells the same.

use super::event::Event;
use crate::hosts::{Dated, HostCase};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{
    BackgroundItem, Fact, FirewallSetting, ItemKind, Known, Redirect, SystemExtension,
};
use crate::model::{Text, Timestamp};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Something that was set when the evidence was collected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    what: What<'a>,
    /// Whether only a file says so: nothing tells that it was in force.
    in_file: bool,
}

#[derive(Clone, Copy, Debug)]
enum What<'a> {
    Firewall(&'a FirewallSetting),
    PacketFilter(bool),
    Redirect(&'a Redirect),
    Extension(&'a SystemExtension),
    Item(&'a BackgroundItem),
}

/// The settings of a host, with when they stood so and the facts that tell them.
pub(super) fn settings(case: &HostCase) -> Vec<(Timestamp, Setting<'_>, &Dated)> {
    let all = || case.facts.iter().filter_map(|fact| Some((Setting::of(fact)?, fact)));
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for (setting, fact) in all() {
        if let Some(window) = fact.window() {
            told.insert((fact.acquisition, setting.statement()));
            found.push((window.hi, setting, fact));
        }
    }
    for (setting, fact) in all().filter(|(_, fact)| fact.time.is_none()) {
        let acquisition = case.acquisitions.get(fact.acquisition);
        let captured: Option<Window> = acquisition.and_then(|acquisition| acquisition.captured);
        let Some(captured) = captured else { continue };
        if told.insert((fact.acquisition, setting.statement())) {
            found.push((captured.hi, setting, fact));
        }
    }
    found
}

impl<'a> Setting<'a> {
    fn of(fact: &'a Dated) -> Option<Self> {
        let what = match &fact.fact {
            Fact::Firewall(setting) => What::Firewall(setting),
            Fact::PacketFilter(on) => What::PacketFilter(*on),
            Fact::Redirect(redirect) => What::Redirect(redirect),
            Fact::SystemExtension(extension) => What::Extension(extension),
            Fact::BackgroundItem(item) => What::Item(item),
            _ => return None,
        };
        Some(Self { what, in_file: fact.time.is_none() })
    }

    pub(super) fn event(&self) -> Event {
        match self.what {
            What::Firewall(_) | What::PacketFilter(_) => Event::FirewallSeen,
            What::Redirect(_) => Event::RedirectSeen,
            What::Extension(_) => Event::ExtensionSeen,
            What::Item(_) => Event::BackgroundItemSeen,
        }
    }

    /// A sentence, with how it is known.
    pub(super) fn message(&self) -> String {
        let how = if self.in_file { "A file of the acquisition says" } else { "At the capture" };
        format!("{how}: {}.", self.statement())
    }

    fn statement(&self) -> String {
        match self.what {
            What::Firewall(setting) => of_firewall(setting),
            What::PacketFilter(true) => "the packet filter is on".to_owned(),
            What::PacketFilter(false) => "the packet filter is off".to_owned(),
            What::Redirect(redirect) => of_redirect(redirect),
            What::Extension(extension) => of_extension(extension),
            What::Item(item) => of_item(item),
        }
    }

    /// What orders settings of one kind, time and place.
    pub(super) fn key(&self) -> &'a str {
        match self.what {
            What::Firewall(FirewallSetting::Application { program, .. }) => program,
            What::Firewall(_) | What::PacketFilter(_) => "",
            What::Redirect(redirect) => &redirect.to_address,
            What::Extension(extension) => &extension.bundle_id,
            What::Item(item) => &item.identifier,
        }
    }

    /// The path of a program, where the setting is of one and tells it whole.
    pub(super) fn program(&self) -> Option<&'a Text> {
        let program = match self.what {
            What::Firewall(FirewallSetting::Application { program, .. }) => Some(program),
            What::Item(item) => item.program.as_ref(),
            _ => None,
        };
        program.filter(|program| program.starts_with('/'))
    }

    /// The label of the job that a background item is.
    pub(super) fn service(&self) -> Option<&'a Text> {
        let What::Item(item) = self.what else { return None };
        let is_job = matches!(item.kind, ItemKind::Agent | ItemKind::Daemon);
        Some(&item.label).filter(|label| is_job && !label.is_empty())
    }

    fn redirect(&self) -> Option<&'a Redirect> {
        if let What::Redirect(redirect) = self.what { Some(redirect) } else { None }
    }

    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.redirect()?.protocol
    }

    /// The port that is redirected, if it is one.
    pub(super) fn local_port(&self) -> Option<u16> {
        let (first, last) = self.redirect()?.from_ports?;
        (first == last).then_some(first)
    }

    /// Where a redirection leads, if it is an address.
    pub(super) fn remote_address(&self) -> Option<String> {
        let address = &self.redirect()?.to_address;
        address.parse::<IpAddr>().is_ok().then(|| address.to_string())
    }

    /// The port where a redirection leads.
    pub(super) fn remote_port(&self) -> Option<u16> {
        let redirect = self.redirect()?;
        redirect.to_port.or_else(|| self.local_port())
    }
}

fn of_firewall(setting: &FirewallSetting) -> String {
    let told = match setting {
        FirewallSetting::State(true) => "is on",
        FirewallSetting::State(false) => "is off",
        FirewallSetting::BlockAll(true) => "blocks all connections that macOS does not need",
        FirewallSetting::BlockAll(false) => "does not block all connections",
        FirewallSetting::Stealth(true) => "does not let the Mac answer probes",
        FirewallSetting::Stealth(false) => "lets the Mac answer probes",
        FirewallSetting::Application { program, allowed } => {
            let verb = match allowed {
                Some(true) => "lets in",
                Some(false) => "blocks",
                None => "has a setting, which is not understood, for",
            };
            return format!("the application firewall {verb} connections to {program}");
        }
    };
    format!("the application firewall {told}")
}

fn of_redirect(redirect: &Redirect) -> String {
    let how = if redirect.loaded { "loaded" } else { "configured, not known to be loaded" };
    let port = redirect.to_port.map_or_else(String::new, |port| format!(" port {port}"));
    let (from, to) = (redirect.sent_to(), &redirect.to_address);
    format!("a rule of the packet filter ({how}) sends {from} to {to}{port}")
}

fn of_extension(extension: &SystemExtension) -> String {
    let SystemExtension { category, bundle_id, state, .. } = extension;
    let team = extension.team_id.as_ref();
    let team = team.map_or_else(String::new, |team| format!(" of the team {team}"));
    let active = if extension.active { "active" } else { "not active" };
    format!("the system extension {bundle_id}{team} ({category}) is {active} [{state}]")
}

fn of_item(item: &BackgroundItem) -> String {
    let told = |known: Known, yes: &'static str, no: &'static str| match known {
        Known::Yes => Some(yes.to_owned()),
        Known::No => Some(no.to_owned()),
        Known::Unknown => None,
    };
    let named = |what: &str, value: &Option<Text>| Some(format!("{what} {}", value.as_ref()?));
    let more: Vec<String> = [
        told(item.enabled, "enabled", "disabled"),
        told(item.allowed, "allowed", "not allowed"),
        named("at", &item.path),
        named("program", &item.program),
        named("team", &item.team_id),
    ]
    .into_iter()
    .flatten()
    .collect();
    let more = if more.is_empty() { String::new() } else { format!(": {}", more.join(", ")) };
    let kind = match item.kind {
        ItemKind::App => "application",
        ItemKind::LoginItem => "login item",
        ItemKind::Agent => "agent",
        ItemKind::Daemon => "daemon",
        ItemKind::Developer => "developer",
        ItemKind::Other => "item",
    };
    let whose = match &*item.owner {
        "-2" => "of all users".to_owned(),
        owner => format!("of the user {owner}"),
    };
    format!("Background Task Management knows the {kind} {} {whose}{more}", item.identifier)
}
