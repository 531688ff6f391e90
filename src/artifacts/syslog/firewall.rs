//! `appfirewall.log` → what the application firewall let through and denied.

use super::{bsd, claim_of};
use crate::artifacts::reading::most;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::LogKind;

catalog::entry! {
    /// `appfirewall.log` → connections and datagrams that the application firewall let through or denied.
    ///
    /// ## What it proves
    /// That something from an address reached for a port of this Mac, over which protocol, and what the firewall
    /// decided; of most decisions, for which program.
    ///
    /// ## What it does not
    /// That a program listened: a denied datagram needs none. The pid or the path of the program: it is a name
    /// only. Most lines name no port at all (`Allow TCP LISTEN`, `Stealth Mode … 3 time`); these are counted as
    /// skipped. Nothing is written while logging is off, which is the default, and from macOS 12 on the file
    /// stays empty. Times are local and have no year.
    ///
    /// ## Format source
    /// Lines of OS X 10.5 to 10.15 in public reports; xnu prints the attempts in stealth mode.
    /// `/private/var/log/appfirewall.log` and its rotated siblings; unified-log.md C.4, D.
    pub AppFirewallLog
}

impl Artifact for AppFirewallLog {
    fn id(&self) -> &'static str {
        "appfirewall-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let own = |line: &str| {
            let process = bsd::record(line).map(|(_, head)| head.process);
            process.is_some_and(|process| ["socketfilterfw", "Firewall"].contains(&process))
        };
        let fits = most(candidate.lines().take(40), own);
        claim_of(candidate, candidate.is_log(&["appfirewall.log"]), fits)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        bsd::read(input, out, LogKind::Firewall, "appfirewall.log")
    }
}
