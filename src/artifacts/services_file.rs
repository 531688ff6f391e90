//! `/etc/services` → service names and ports.

use super::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::network::Protocol;
use crate::model::observation::{Fact, ProblemKind, ServiceNames, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `/etc/services` → service names and ports.
    ///
    /// ## What it proves
    /// Which port each service name meant on this Mac: for tools that printed names instead of numbers,
    /// and for launchd, which looks up `SockServiceName` here. A changed line moves a service without
    /// touching its property list; the line is cited.
    ///
    /// ## What it does not
    /// That a port's name says what runs on it: 4444 is `krb524`, 2222 `rockwell-csp2`. Only the file as
    /// collected is read; when it was changed, the bodyfile may tell.
    ///
    /// ## Format source
    /// `services(5)`: `name  port/protocol  [alias …]  [# comment]`; the first line that has a name
    /// wins. Apple's file (`files`, private/etc/services) has 13,926 lines. Only TCP and UDP are kept.
    /// ports.md 5.1.
    pub ServicesFile
}

/// Names and aliases that are kept.
const NAMES: usize = 200_000;

/// Folders whose `etc/services` is not the one that the system uses.
const ELSEWHERE: &[&str] = &["/usr/local/etc/", "/homebrew/etc/", "/drivers/etc/"];

impl Artifact for ServicesFile {
    fn id(&self) -> &'static str {
        "services-file"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let elsewhere = ELSEWHERE.iter().any(|folder| candidate.path.contains(folder));
        if candidate.ends_with("/etc/services") && !elsewhere { Claim::Sure } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut names = ServiceNames::default();
        let result = for_each_line(input, out, |number, line, out| {
            let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
            if !line.is_empty() {
                read_entry(number, line, &mut names, out);
            }
        });
        if !names.ports.is_empty() {
            out.fact(Locator::Whole, When::Undated, Fact::ServiceNames(Box::new(names)));
        }
        result
    }
}

fn read_entry(number: u64, line: &str, names: &mut ServiceNames, out: &mut Emitter) {
    let mut words = line.split_whitespace();
    let (name, place) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if place.is_empty() && port_and_protocol(name).is_some() {
        // Apple's file reserves a few ports: `24/udp  # any private mail system`.
        return out.skip("ports without a name");
    }
    let Some((port, protocol)) = port_and_protocol(place) else {
        let detail = format!("an entry without port and protocol: {:?}", cut(line, 80));
        return out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    };
    let protocol = match protocol.as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return out.skip("services that are neither TCP nor UDP"),
    };
    for name in std::iter::once(name).chain(words) {
        if names.ports.len() >= NAMES {
            out.partial = true;
            let detail = format!("more than {NAMES} service names; the rest is not read");
            if !out.problems.iter().any(|problem| problem.kind == ProblemKind::Limit) {
                out.problem(Locator::Line(number), ProblemKind::Limit, detail);
            }
            return out.skip("service names beyond the limit");
        }
        let name = out.text(name);
        // getservbyname takes the first line that has the name.
        names.ports.entry((name, protocol)).or_insert((port, number));
    }
}

/// `22/tcp`.
fn port_and_protocol(place: &str) -> Option<(u16, String)> {
    let (port, protocol) = place.split_once('/')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((port, protocol.to_ascii_lowercase()))
}
