//! A Mac, its boots and the acquisitions of it.

use super::Text;
use super::interval::Window;
use super::observation::Known;

/// A Mac in the evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its name: unique in the run (`name~serial` where two Macs share one).
    pub name: String,
    /// Hardware serial number.
    pub serial: Option<Text>,
    /// `15.2`.
    pub os_version: Option<Text>,
    /// `24C101`.
    pub os_build: Option<Text>,
    /// IANA name, or a fixed offset such as `-03:00`.
    pub time_zone: Option<String>,
    /// Where that was read.
    pub time_zone_source: Option<String>,
    /// Role, for baselines.
    pub role: Option<String>,
    /// Labels of the evidence it was found in.
    pub evidence: Vec<String>,
}

impl Host {
    /// Major macOS version: 14 for `14.4`, 10 for `10.14.6`.
    pub fn os_major(&self) -> Option<(u32, u32)> {
        let mut parts = self.os_version.as_deref()?.split('.');
        let major = parts.next()?.parse().ok()?;
        Some((major, parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
    }
}

/// A boot of a host. Nothing crosses it: no pid, no socket, no binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The session's UUID, or `boot-` and its start.
    pub id: String,
    /// When it started.
    pub started: Option<Window>,
    /// When it ended, if the evidence tells.
    pub ended: Option<Window>,
    /// What told so.
    pub source: String,
}

/// One collection of evidence from one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquisition {
    /// Content-derived id.
    pub id: String,
    /// Label of the evidence it lies in.
    pub evidence: String,
    /// `uac`, `folder`, `loose captures`.
    pub collector: String,
    /// The collector's version.
    pub collector_version: Option<Text>,
    /// From its first to its last capture.
    pub captured: Option<Window>,
    /// The rule that gave those times.
    pub captured_how: String,
    /// Whether it ran with privileges.
    pub privileged: Known,
    /// Whether all launchd plist directories were collected.
    pub plists_complete: Known,
}
