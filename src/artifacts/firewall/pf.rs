//! Rules of the packet filter, loaded or configured → redirections of ports.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::network::Protocol;
use crate::model::observation::{Fact, ProblemKind, Redirect, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// Rules of the packet filter, loaded or configured → redirections of ports.
    ///
    /// ## What it proves
    /// What the packet filter sends from one port to another (`rdr`): whoever listens on the second answers for
    /// the first. `pfctl -s nat` and `pfctl -s all` show what the kernel had loaded, `pfctl -s info` whether the
    /// filter was on.
    ///
    /// ## What it does not
    /// That a packet was redirected. `/etc/pf.conf`, the files of `/etc/pf.anchors` and a loose `pf.conf` beside
    /// captures say what would be loaded: macOS does not switch the filter on by itself. A rule whose port lacks the
    /// `=` that pfctl prints counts as configured too, unless the file is named after pfctl. Macros and tables are not expanded. Rules that pass or block
    /// are counted and not read: which of them wins depends on all the others.
    ///
    /// ## Format source
    /// pf.conf(5) and the output of pfctl(8), macOS 10.7 to 26.
    pub PacketFilter
}

impl Artifact for PacketFilter {
    fn id(&self) -> &'static str {
        "packet-filter"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = is_in_force(candidate.path) || candidate.is_output_of("pfctl");
        let is_text = !candidate.text.is_empty();
        // A word that begins a line is no proof: the whole of a redirection is, or the head of `-s all`.
        let is_all = candidate.lines().any(|line| line.trim_end() == "TRANSLATION RULES:");
        let rules = candidate.lines().any(|line| matches!(redirect(line), Some(Ok(_))));
        let fits = is_all || rules;
        // Whoever writes of a redirection writes other lines around it.
        let is_capture =
            candidate.is_output_of("") && (is_all || candidate.lines().all(is_printed));
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) if is_capture || is_loose(candidate.path) => Claim::ByContent,
            (true, false) if is_text => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let path = format!("/{}", input.entry.path.to_lowercase());
        let name = path.rsplit('/').next().unwrap_or_default();
        let configured = name == CONFIGURATION || is_in_force(&path);
        let printed = !configured && name.contains("pfctl");
        for_each_line(input, out, |number, line, out| {
            // pfctl prints `port = 80` for what is written `port 80`.
            let loaded = printed || (!configured && !as_written(line));
            read(number, line, loaded, out);
        })
    }
}

/// The name of the file that the packet filter is configured by.
const CONFIGURATION: &str = "pf.conf";

/// Folders of a Mac below which a `pf.conf` of somebody's own lies, which no Mac loads by itself.
const ELSEWHERE: &[&str] =
    &["/users/", "/applications/", "/library/", "/opt/", "/usr/", "/private/", "/var/", "/system/"];

/// How lines begin that `pfctl -s nat` and `-s rules` print, and those of a file of rules.
const BEGINNINGS: &[&str] = &[
    "rdr", "nat", "binat", "no ", "scrub", "anchor", "pass", "block", "dummynet", "set ", "table ",
    "load ", "#", "No ALTQ", "ALTQ ",
];

/// Whether pfctl prints such a line, or a file of rules has one.
fn is_printed(line: &str) -> bool {
    line.trim().is_empty() || BEGINNINGS.iter().any(|begin| line.starts_with(begin))
}

/// Whether a path in lower case is that of a file that macOS loads its rules from.
fn is_in_force(path: &str) -> bool {
    path.ends_with("/etc/pf.conf") || path.contains("/etc/pf.anchors/") || path == "/pf.conf"
}

/// Whether a path in lower case is that of a configuration file that somebody put beside captures. One that
/// lies elsewhere on a Mac says nothing of what it redirects.
fn is_loose(path: &str) -> bool {
    path.ends_with("/pf.conf") && !ELSEWHERE.iter().any(|folder| path.contains(folder))
}

/// Whether a rule names a port as people do. Ranges are printed as they are written.
fn as_written(line: &str) -> bool {
    let mut rule = line.split("->").next().unwrap_or_default().split_whitespace();
    let port = rule.find(|word| *word == "port").and_then(|_| rule.next());
    port.is_some_and(|first| first.starts_with('{') || number(first).is_some())
}

fn read(number: u64, line: &str, loaded: bool, out: &mut Emitter) {
    let text = line.split('#').next().unwrap_or_default().trim();
    let locator = Locator::Line(number);
    let when = if loaded { When::Capture } else { When::Undated };
    if let Some(state) = text.strip_prefix("Status: ").filter(|_| loaded) {
        match state.split_whitespace().next() {
            Some("Enabled") => out.cite(locator, when, line, Fact::PacketFilter(true)),
            Some("Disabled") => out.cite(locator, when, line, Fact::PacketFilter(false)),
            _ => out.skip("other lines"),
        }
        return;
    }
    match redirect(text) {
        Some(Ok(found)) => {
            for found in found {
                let fact = Fact::Redirect(Box::new(Redirect { loaded, ..found }));
                out.cite(locator, when.clone(), line, fact);
            }
        }
        Some(Err(detail)) => out.problem(locator, ProblemKind::MalformedRecord, detail),
        None if text.is_empty() => {}
        None if text.starts_with("rdr-anchor") => out.skip("anchors of redirections"),
        None => out.skip("other rules and lines"),
    }
}

/// The redirections of a line; `None` if it is none, an error if it is one that is not understood.
fn redirect(line: &str) -> Option<Result<Vec<Redirect>, &'static str>> {
    let rest = line.trim_start().strip_prefix("rdr ")?;
    let Some((from, to)) = rest.split_once("->") else {
        // `rdr` without an arrow is a pass rule of another pf, or is cut off.
        return Some(Err("a redirection without a destination"));
    };
    Some(parts(from, to))
}

fn parts(from: &str, to: &str) -> Result<Vec<Redirect>, &'static str> {
    let from = spaced(from);
    let words: Vec<&str> = from.split_whitespace().collect();
    let after = |key: &str, behind: usize| {
        let at = words.iter().skip(behind).position(|word| *word == key)?;
        let at = at.saturating_add(behind).saturating_add(1);
        Some(list(words.get(at..).unwrap_or_default()))
    };
    let target = words.iter().position(|word| *word == "to").unwrap_or(0);
    let interface = after("on", 0).and_then(|names| names.first().copied());
    let protocols = protocols(after("proto", 0).unwrap_or_default())?;
    let mut ports = Vec::new();
    for text in after("port", target).unwrap_or_default() {
        ports.push(Some(range(text).ok_or("a redirection of a port that is not a number")?));
    }
    ports.sort();
    ports.dedup();
    if ports.is_empty() {
        ports.push(None);
    }
    let mut to_words = to.split_whitespace();
    let to_address = to_words.next().ok_or("a redirection without a destination")?;
    let to_port = match (to_words.next(), to_words.next()) {
        (Some("port"), Some(text)) => {
            let first = text.split(':').next().unwrap_or_default();
            Some(number(first).ok_or("a redirection to a port that is not a number")?)
        }
        _ => None,
    };
    let one = |protocol: &Option<Protocol>, from_ports: &Option<(u16, u16)>| Redirect {
        interface: interface.map(Into::into),
        protocol: *protocol,
        from_ports: *from_ports,
        to_address: to_address.into(),
        to_port,
        loaded: false,
    };
    Ok(protocols
        .iter()
        .flat_map(|protocol| ports.iter().map(move |ports| one(protocol, ports)))
        .collect())
}

/// Braces, commas and signs of equality as words of their own.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '{' | '}' => out.extend([' ', character, ' ']),
            ',' | '=' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// The first word, or all words between braces. Lists of more are not read.
fn list<'a>(words: &[&'a str]) -> Vec<&'a str> {
    match words {
        ["{", rest @ ..] => rest.iter().take_while(|word| **word != "}").copied().collect(),
        [first, ..] => vec![*first],
        [] => Vec::new(),
    }
}

fn protocols(words: Vec<&str>) -> Result<Vec<Option<Protocol>>, &'static str> {
    let mut found = Vec::new();
    for word in words {
        found.push(match word {
            "tcp" | "6" => Some(Protocol::Tcp),
            "udp" | "17" => Some(Protocol::Udp),
            _ => return Err("a redirection of another protocol than TCP and UDP"),
        });
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        found.push(None);
    }
    Ok(found)
}

/// `80`, `8000:8010`.
fn range(text: &str) -> Option<(u16, u16)> {
    match text.split_once(':') {
        Some((first, last)) => Some((number(first)?, number(last)?)),
        None => number(text).map(|port| (port, port)),
    }
}

/// A port; the few names that pfctl prints for what every Mac knows.
fn number(text: &str) -> Option<u16> {
    match text {
        "http" | "www" => Some(80),
        "https" => Some(443),
        "ssh" => Some(22),
        "domain" => Some(53),
        "http-alt" => Some(8080),
        text => text.parse().ok().filter(|port| *port != 0),
    }
}
