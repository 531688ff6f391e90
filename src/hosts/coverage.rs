//! Listings and acquisitions → what could and could not be seen: "no anomaly" is worth only as much.
//! The words of `blind_to` are those of [`super::blind`].

use super::dating::in_words;
use super::{Coverage, Dated, HostCase, Sees, log_coverage, walk_coverage};
use crate::model::Timestamp;
use crate::model::host::Boot;
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Fact, Known, Listing};
use crate::model::service::Direction;
use crate::pipeline::Collected;

/// What the sources of a host could see.
pub fn of(case: &HostCase, collected: &Collected) -> Vec<Coverage> {
    let mut rows: Vec<Coverage> = case
        .facts
        .iter()
        .filter_map(|fact| {
            if let Fact::Listing(listing) = &fact.fact { Some((fact, listing)) } else { None }
        })
        .flat_map(|(fact, listing)| of_listing(fact, listing))
        .collect();
    let logs = log_coverage::of(case);
    rows.extend(of_acquisitions(case, &rows, &logs));
    rows.extend(logs);
    rows.extend(walk_coverage::of(case, collected));
    let last = last_of_boots(case);
    let boots = case.boots.iter().zip(last).enumerate();
    let unseen: Vec<Coverage> = boots
        .flat_map(|(boot, (told, last))| unseen_in(boot, span_of(told, last), &rows))
        .collect();
    rows.extend(unseen);
    rows.sort_by(|a, b| {
        let path = |row: &Coverage| {
            row.source
                .and_then(|id| collected.sources.get(id.0 as usize))
                .map(|s| (s.evidence, &s.path))
        };
        (path(a), a.direction, a.protocol).cmp(&(path(b), b.direction, b.protocol))
    });
    rows
}

/// What no source shows in a boot.
fn unseen_in(boot: usize, window: Option<Window>, rows: &[Coverage]) -> Vec<Coverage> {
    let of_boot = |row: &&Coverage| row.boot == Some(boot) && row.sees != Sees::No;
    let seen: Vec<&Coverage> = rows.iter().filter(of_boot).collect();
    let is_seen = |direction: Direction, protocol: Protocol| {
        seen.iter().any(|row| {
            row.direction == direction && row.protocol.is_none_or(|known| known == protocol)
        })
    };
    let unseen = PAIRS.iter().filter(|(direction, protocol)| !is_seen(*direction, *protocol));
    unseen
        .map(|(direction, protocol)| Coverage {
            boot: Some(boot),
            source: None,
            window,
            direction: *direction,
            protocol: Some(*protocol),
            sees: Sees::No,
            blind_to: vec!["not-collected"],
            detail: format!(
                "no source shows {} {} of this boot",
                protocol.as_str(),
                if *direction == Direction::Listen { "listeners" } else { "connections" }
            ),
        })
        .collect()
}

/// From the start of a boot to its end, or to the last moment that is known to lie in it.
fn span_of(boot: &Boot, last: Option<Timestamp>) -> Option<Window> {
    let started = boot.started?;
    let end = boot.ended.map(|ended| ended.hi).or(last).unwrap_or(started.hi);
    Some(Window::new(started.lo, end.max(started.hi)))
}

/// For each boot, the last moment that is known to lie in it.
fn last_of_boots(case: &HostCase) -> Vec<Option<Timestamp>> {
    let mut last = vec![None; case.boots.len()];
    for fact in &case.facts {
        let slot = fact.boot.and_then(|boot| last.get_mut(boot));
        if let (Some(slot), Some(window)) = (slot, fact.window()) {
            *slot = (*slot).max(Some(window.hi));
        }
    }
    last
}

/// What a source of sockets may show.
const PAIRS: [(Direction, Protocol); 4] = [
    (Direction::Listen, Protocol::Tcp),
    (Direction::Listen, Protocol::Udp),
    (Direction::Outbound, Protocol::Tcp),
    (Direction::Outbound, Protocol::Udp),
];

/// Four rows a listing: listeners and connections of either protocol.
fn of_listing(fact: &Dated, listing: &Listing) -> Vec<Coverage> {
    PAIRS
        .into_iter()
        .map(|(direction, protocol)| {
            let missing = missing(listing, direction, protocol);
            let blind_to = if missing.is_empty() { limits(listing) } else { missing.clone() };
            let sees = match (missing.is_empty(), blind_to.is_empty()) {
                (false, _) => Sees::No,
                (true, false) => Sees::Partly,
                (true, true) => Sees::Yes,
            };
            Coverage {
                boot: fact.boot,
                source: Some(fact.place.source),
                window: fact.window(),
                direction,
                protocol: Some(protocol),
                sees,
                blind_to,
                detail: format!("{} ({})", listing.tool.as_str(), listing.layout),
            }
        })
        .collect()
}

/// Why a listing shows nothing of a direction and protocol.
fn missing(listing: &Listing, direction: Direction, protocol: Protocol) -> Vec<&'static str> {
    let mut missing = Vec::new();
    // Sockets of some family, and of neither protocol: the tool does not tell which.
    let untold = !listing.tcp && !listing.udp && (listing.ipv4 || listing.ipv6);
    match protocol {
        _ if untold => missing.push("protocol"),
        Protocol::Tcp if !listing.tcp => missing.push("tcp"),
        Protocol::Udp if !listing.udp => missing.push("udp"),
        _ => {}
    }
    match direction {
        // netstat without -a still lists UDP.
        Direction::Listen if !listing.listeners && protocol == Protocol::Tcp => {
            missing.push("listeners");
        }
        Direction::Outbound if !listing.connections => missing.push("connections"),
        _ => {}
    }
    missing
}

/// What a listing that shows something does not show of it.
fn limits(listing: &Listing) -> Vec<&'static str> {
    let limits = [
        (!listing.ipv4, "ipv4"),
        (!listing.ipv6, "ipv6"),
        (listing.privileged == Known::No, "other users' sockets"),
        (!listing.owners, "process name"),
        (listing.owners && listing.names_cut.is_some(), "full process name"),
        (listing.endpoints_cut, "full address"),
        (!listing.whole, "filtered"),
    ];
    limits.iter().filter(|(holds, _)| *holds).map(|(_, what)| *what).collect()
}

/// Plist directories that were not all collected, and acquisitions without any listing of sockets.
fn of_acquisitions(case: &HostCase, listings: &[Coverage], logs: &[Coverage]) -> Vec<Coverage> {
    let mut rows = Vec::new();
    let row = |window, blind_to, sees, detail| Coverage {
        boot: None,
        source: None,
        window,
        direction: Direction::Listen,
        protocol: None,
        sees,
        blind_to: vec![blind_to],
        detail,
    };
    if !case.plists_complete() {
        let detail = "not all directories of launchd property lists were collected: a listener of \
                      launchd may belong to a job that is not here";
        rows.push(row(None, "plist directories", Sees::Partly, detail.to_owned()));
    }
    let seen = listings.iter().filter(|row| row.sees != Sees::No).filter_map(|row| row.window);
    if let Some(window) = seen.reduce(Window::hull) {
        let moments = in_words(window);
        let detail = format!(
            "sockets were listed at the captures only ({moments}): what was held before, between \
             and after them is not seen"
        );
        rows.push(row(Some(window), "between captures", Sees::Partly, detail));
    }
    // A login or a decision of the firewall shows who came, not which ports were held.
    let mut held = logs.iter().filter(|row| row.direction != Direction::Inbound);
    if listings.is_empty() && held.all(|row| row.sees == Sees::No) {
        let detail = "no listing of sockets (netstat, lsof) was collected: nothing shows which ports \
                      were held or reached";
        rows.push(row(None, "not-collected", Sees::No, detail.to_owned()));
    }
    rows
}
