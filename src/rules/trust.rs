//! What signatures, firewalls and extensions add to or take from a score (scoring.md 6.4).

use super::features::View;
use super::scoring::Feature;
use crate::baseline::program::Program;
use crate::model::anomaly::Factor;
use crate::model::binding::Binding;
use crate::model::network::{Address, Scope};
use crate::model::observation::{Known, Redirect, Signer};
use crate::ports::owners::is_interpreter;
use crate::ports::trust::{Redirected, Signed};

/// Who signed the program. On the volume that Apple seals the seal says more than a signature: scripts there have
/// none. Elsewhere `codesign -d` shows a name, and does not prove it.
pub(super) fn signature(view: &View<'_>) -> Option<Factor> {
    let path = view.program()?;
    let signed = view.context.ports.trust.signature(path)?;
    Some(signed_by(path, signed, view)?.citing(&signed.citations))
}

fn signed_by(path: &str, signed: &Signed, view: &View<'_>) -> Option<Factor> {
    let sealed = view.context.baseline.stock.is_apple_place(path);
    if signed.is_broken() && !sealed {
        let why = signed.objection.as_deref().unwrap_or("invalid");
        let reason = format!("the signature of {path} does not hold: {why}");
        return view.factor(Feature::SignatureMissing, reason);
    }
    let excused = !view.fired("P12");
    match signed.signer {
        Signer::AdHoc | Signer::Unsigned if !sealed => {
            let how =
                if signed.signer == Signer::AdHoc { "signed by nobody" } else { "not signed" };
            view.factor(Feature::SignatureMissing, format!("{path} is {how}"))
        }
        Signer::Apple if sealed && excused && !does_as_told(path, view) => view
            .factor(Feature::SignatureApple, format!("{path} is a part of macOS, signed by Apple")),
        Signer::Developer => developer(path, signed, excused, view),
        _ => None,
    }
}

/// Whether a program does what it is told, so that who signed it says nothing.
fn does_as_told(path: &str, view: &View<'_>) -> bool {
    let program = Program { path: Some(path), ..Program::default() };
    view.context.baseline.stock.is_instrument(&program) || is_interpreter(path)
}

fn developer(path: &str, signed: &Signed, excused: bool, view: &View<'_>) -> Option<Factor> {
    let (team, _) = signed.developer()?;
    if signed.notarised {
        let reason = format!("{path} is of the team {team} and notarised");
        let discount = excused && !does_as_told(path, view);
        return discount.then(|| view.factor(Feature::SignatureNotarisedVendor, reason)).flatten();
    }
    // Apple looks at what its store distributes; a hint or a table of people knows the vendor.
    let store = signed.authority.as_deref() == Some("Apple Mac OS Application Signing");
    let hinted = view.binding.is_some_and(|binding| view.context.hint(binding).is_some());
    if store || hinted || view.context.knows_team(team) {
        return None;
    }
    view.factor(
        Feature::SignatureUnknownTeam,
        format!("{path} is of the team {team}, not known here"),
    )
}

/// What the application firewall keeps out reaches no listener: it takes back the points of being exposed.
pub(super) fn firewall(view: &View<'_>) -> Option<Factor> {
    let binding = view.listener()?;
    let feature = match binding.scope {
        Scope::Any => Feature::FirewallBlocks,
        Scope::Lan => Feature::FirewallBlocksLan,
        Scope::Loopback | Scope::Multicast | Scope::Unknown => return None,
    };
    let path = binding.process_path.as_deref()?;
    let firewalls = view.context.firewalls(binding);
    if firewalls.is_empty() {
        return None;
    }
    let cited = || firewalls.iter().flat_map(|one| one.citations(Some(path)));
    if firewalls.iter().all(|firewall| firewall.blocks(path)) {
        let reason = format!("the application firewall is on and blocks connections to {path}");
        return Some(view.factor(feature, reason)?.citing(cited()));
    }
    // What macOS needs is let in all the same, and launchd's sockets may be its.
    let sealed = view.context.baseline.stock.is_apple_place(path);
    if !sealed && !binding.held_by_launchd && firewalls.iter().all(|one| one.blocks_all()) {
        let reason = "the application firewall blocks all connections that macOS does not need";
        return Some(view.factor(feature, reason)?.citing(cited()));
    }
    None
}

/// What the packet filter sends to the port: others may reach it through another.
pub(super) fn redirect(view: &View<'_>) -> Option<Factor> {
    let binding = view.listener()?;
    let aimed = view.context.redirects_to(binding);
    let inner = |name: &str| name.starts_with("lo");
    let outer = |one: &&Redirected| !one.redirect.interface.as_deref().is_some_and(inner);
    let (exposes, aiming) = match aimed.iter().copied().find(outer) {
        Some(aiming) => (binding.scope == Scope::Loopback, aiming),
        None => (false, aimed.first().copied()?),
    };
    let feature = if exposes { Feature::RedirectExposes } else { Feature::PortRedirected };
    let reason = format!("{} arrives here", in_words(&aiming.redirect));
    Some(view.factor(feature, reason)?.citing([&aiming.citation]))
}

/// `what is sent to tcp 80 on en0`, and how that is known.
pub(super) fn in_words(redirect: &Redirect) -> String {
    let how = if redirect.loaded { "loaded" } else { "configured, not known to be loaded" };
    format!("by a rule of the packet filter ({how}) what is sent to {}", redirect.sent_to())
}

/// Whether a redirection leads to a listener.
pub(super) fn leads_to(redirect: &Redirect, binding: &Binding) -> bool {
    let Some(port) = binding.local_port else { return false };
    let to_port = redirect.to_port == Some(port);
    let protocol = redirect.protocol.is_none_or(|protocol| protocol == binding.protocol);
    to_port && protocol && binding.local_addresses.iter().any(|local| reaches(redirect, local))
}

/// Whether the destination of a redirection is one of the addresses that a listener waits on.
fn reaches(redirect: &Redirect, local: &Address) -> bool {
    let target: Option<std::net::IpAddr> = redirect.to_address.parse().ok();
    match (local, target) {
        (Address::Any, Some(target)) => target.is_loopback(),
        (Address::Ip { ip, .. }, Some(target)) => *ip == target,
        _ => false,
    }
}

/// A network extension holds ports for what it relays.
pub(super) fn extension(view: &View<'_>) -> Option<Factor> {
    let path = view.held()?.process_path.as_deref()?;
    let (extension, citation) = view.context.ports.trust.network_extension(path)?;
    let of = extension.team_id.as_ref().map_or_else(String::new, |team| format!(" of {team}"));
    let reason = format!(
        "it is the active network extension {}{of}, which may hold ports and make connections for other programs",
        extension.bundle_id
    );
    Some(view.factor(Feature::NetworkExtension, reason)?.citing([citation]))
}

/// What the firewall was set to, for the reason of being exposed.
pub(super) fn exposed_although(view: &View<'_>) -> &'static str {
    let Some(binding) = view.listener() else { return "" };
    let firewalls = view.context.firewalls(binding);
    let all = |state| !firewalls.is_empty() && firewalls.iter().all(|one| one.is_on() == state);
    if all(Some(false)) { ", and the application firewall is off" } else { "" }
}

/// Whether a program that a job runs under Apple's label is known to be another's. What lies on the sealed volume is
/// Apple's, signed or not.
pub(super) fn is_of_another(signed: &Signed) -> Option<&'static str> {
    match signed.signer {
        Signer::Developer => Some("signed by a developer"),
        Signer::AdHoc => Some("signed by nobody"),
        Signer::Unsigned => Some("not signed"),
        Signer::Apple if signed.valid == Known::No && signed.is_broken() => {
            Some("not what Apple signed")
        }
        Signer::Apple | Signer::Unknown => None,
    }
}
