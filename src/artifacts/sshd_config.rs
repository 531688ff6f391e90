//! `sshd_config` → the ports it asks for.

use super::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `sshd_config` → the ports it asks for.
    ///
    /// ## What it proves
    /// Which ports an `sshd` that opens its own sockets would listen on: `Port` and the port of
    /// `ListenAddress`.
    ///
    /// ## What it does not
    /// That anything listens there. launchd holds the socket of Apple's own `com.openssh.sshd` and never
    /// reads this file, so that its `Port` is ignored; it counts only for a stand-alone `sshd -D`.
    /// `Match` blocks cannot set ports and are passed over; `Include` is not followed, but files of
    /// `sshd_config.d` are read by themselves.
    ///
    /// ## Format source
    /// `sshd_config(5)`, `/etc/ssh/sshd_config` (`/etc/sshd_config` up to 10.10). formats.md 4.5.
    pub SshdConfig
}

impl Artifact for SshdConfig {
    fn id(&self) -> &'static str {
        "sshd-config"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let elsewhere = ["/usr/local/etc/", "/homebrew/etc/"];
        let main =
            candidate.ends_with("/etc/ssh/sshd_config") || candidate.ends_with("/etc/sshd_config");
        let part =
            candidate.path.contains("/etc/ssh/sshd_config.d/") && candidate.ends_with(".conf");
        let ours = !elsewhere.iter().any(|folder| candidate.path.contains(folder));
        if ours && (main || part) { Claim::Sure } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut in_match = false;
        for_each_line(input, out, |number, line, out| {
            let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
            // `Port 22`, `Port=22`, `Port = "22"`.
            let (key, rest) = line
                .split_once(|char: char| char.is_whitespace() || char == '=')
                .unwrap_or((line, ""));
            let value = rest.trim_start_matches(|char: char| char.is_whitespace() || char == '=');
            let value = value.trim_matches('"').trim();
            in_match = in_match || key.eq_ignore_ascii_case("match");
            let port = if key.eq_ignore_ascii_case("port") {
                Some(value)
            } else if key.eq_ignore_ascii_case("listenaddress") {
                listen_port(value)
            } else {
                None
            };
            match port {
                Some(_) if in_match => out.skip("ports inside a Match block, which sshd refuses"),
                Some(port) => emit(number, line, port, out),
                None => {}
            }
        })
    }
}

fn emit(number: u64, line: &str, port: &str, out: &mut Emitter) {
    let locator = Locator::Line(number);
    match port.parse::<u16>() {
        Ok(port) if port != 0 => out.cite(locator, When::Undated, line, Fact::SshdPort(port)),
        _ => {
            let detail = format!("a port that is no number from 1 to 65535: {:?}", cut(port, 40));
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
    }
}

/// The port of `192.0.2.1:2222`, `[2001:db8::1]:2222`, `host:2222`; none in `2001:db8::1` and `host`.
fn listen_port(value: &str) -> Option<&str> {
    let value = value.split_whitespace().next()?;
    if let Some((_, port)) = value.split_once("]:") {
        return Some(port);
    }
    let (host, port) = value.split_once(':')?;
    (!host.starts_with('[') && !port.contains(':')).then_some(port)
}
