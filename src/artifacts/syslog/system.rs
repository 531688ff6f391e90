//! `system.log` → starts and shutdowns of the host, ends of jobs, logins, decisions of the firewall.

use super::{bsd, claim_of};
use crate::artifacts::reading::most;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::LogKind;

catalog::entry! {
    /// `system.log`, `secure.log`, `kernel.log` → starts and shutdowns of the host, ends of jobs, logins.
    ///
    /// ## What it proves
    /// When the host started (`BOOT_TIME`) and was shut down (`SHUTDOWN_TIME`), to the second and in UTC, as far
    /// back as the file goes. Before macOS 11: when and how the process of a launchd job ended. Who reached
    /// sshd or Screen Sharing from which address. What the application firewall decided, where it logs here.
    ///
    /// ## What it does not
    /// Which ports were held: nothing writes that here. Its times are local and have no year: the year comes from
    /// the date of the collection or of the file. Any program can log under any name, with its own pid: a
    /// shutdown or a login can be claimed by whoever runs as `shutdown` or `sshd`; launchd is believed only as
    /// process 1, the kernel only as process 0. A line that holds the text of another is a problem row if it
    /// matters, and gives no event. A message that was repeated is counted once.
    ///
    /// ## Format source
    /// `syslogd(8)`, `asl.conf(5)`; lines of OS X 10.7 to macOS 14 in public reports.
    /// `/private/var/log/system.log` and its rotated siblings; unified-log.md C.3, D.
    pub SystemLog
}

/// Programs of which only macOS has one.
const OWN: &[&str] = &[
    "bootlog",
    "socketfilterfw",
    "screensharingd",
    "sandboxd",
    "WindowServer",
    "loginwindow",
    "UserEventAgent",
    "opendirectoryd",
    "SecurityAgent",
    "mds",
    "configd",
    "authd",
    "launchd",
    "securityd",
    "coreaudiod",
    "fseventsd",
    "mDNSResponder",
    "airportd",
    "Installer",
    "diskarbitrationd",
];

impl Artifact for SystemLog {
    fn id(&self) -> &'static str {
        "system-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_log(&["system.log", "secure.log", "kernel.log"]);
        // Anybody can log one line that looks like another system's.
        let foreign = candidate.lines().any(bsd::is_linux);
        if foreign && (!named || most(candidate.lines(), bsd::is_linux)) {
            return Claim::No;
        }
        let head = candidate.lines().take(40);
        let written = |line: &str| line.starts_with(['\t', ' ']) || bsd::record(line).is_some();
        let own =
            |line: &str| bsd::record(line).is_some_and(|(_, head)| is_own(head.process, head.pid));
        let fits = most(head.clone(), written)
            && head.into_iter().any(|line| bsd::record(line).is_some())
            && (named || candidate.lines().any(own));
        claim_of(candidate, named, fits)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        bsd::read(input, out, LogKind::System, "system.log")
    }
}

fn is_own(process: &str, pid: u32) -> bool {
    OWN.contains(&process) || process.starts_with("com.apple.") || (process, pid) == ("kernel", 0)
}
