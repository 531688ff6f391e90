//! What a `match` asks for, held against what is known of an anomaly.

use super::network::Network;
use crate::baseline::pattern::{PathPattern, PortSet, Reach, part_fits};
use crate::model::network::{Protocol, Scope};
use crate::model::particulars::Particulars;
use crate::model::service::Direction;
use crate::ports::identity::{normalise_label, outermost_bundle, without_versions};
use crate::ports::place::canonical;
use std::net::IpAddr;

/// What is known of an anomaly. What is not known never fits.
#[derive(Clone, Debug, Default)]
pub struct Candidate<'a> {
    /// Name of its host.
    pub host: &'a str,
    /// Role of its host.
    pub role: Option<&'a str>,
    /// Label of the job.
    pub label: Option<&'a str>,
    /// Path of the program.
    pub path: Option<&'a str>,
    /// Whole name of the process: one that a tool cut is not known.
    pub process: Option<&'a str>,
    /// Team that signed the program.
    pub team_id: Option<&'a str>,
    /// Bundle identifier of the program.
    pub bundle_id: Option<&'a str>,
    /// SHA-256 of the program.
    pub sha256: Option<&'a str>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Transport.
    pub protocol: Option<Protocol>,
    /// The listener's port, or the peer's; several where a baseline expects several.
    pub ports: Option<PortSet>,
    /// Whether the kernel hands out that port by itself.
    pub is_ephemeral: bool,
    /// Reach of the listener, or of the peer.
    pub scope: Option<Scope>,
    /// The peer.
    pub remote: Option<IpAddr>,
}

impl<'a> Candidate<'a> {
    /// The same, as matches ask for it.
    pub fn of(known: &'a Particulars) -> Self {
        Self {
            host: &known.host,
            role: known.role.as_deref(),
            label: known.label.as_deref(),
            path: known.path.as_deref(),
            process: known.process.as_deref(),
            team_id: known.team_id.as_deref(),
            bundle_id: known.bundle_id.as_deref(),
            sha256: known.sha256.as_deref(),
            direction: known.direction,
            protocol: known.protocol,
            ports: PortSet::try_from(known.ports.clone()).ok(),
            is_ephemeral: known.is_ephemeral,
            scope: known.scope,
            remote: known.remote,
        }
    }

    /// Whether its port is known and lies in one of these sets; where there are several, all of them. No set at all
    /// asks for nothing.
    pub(super) fn is_on(&self, sets: &[PortSet]) -> bool {
        let Some(known) = &self.ports else { return sets.is_empty() };
        match known.only() {
            Some(port) => {
                sets.is_empty() || sets.iter().any(|set| set.has(port, self.is_ephemeral))
            }
            None => include(sets, std::slice::from_ref(known)),
        }
    }
}

/// The bundle identifier in the label that launchd gives an application when it starts it
/// (`application.com.foo.123.456` → `com.foo`): with the numbers of that start, and for a program in a bundle. Whoever
/// submits a job may give it any other label.
pub fn bundle_of(label: &str, program: &str) -> Option<String> {
    let id = normalise_label(label);
    let numbers = label.strip_prefix(&*id).map_or(0, |numbers| numbers.matches('.').count());
    let id = id.strip_prefix("application.").filter(|id| !id.is_empty())?;
    (numbers >= 2 && outermost_bundle(&canonical(program)).is_some()).then(|| id.to_owned())
}

/// What an entry of a policy asks for. All that it names must be known and fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Name of the host, whatever the case; `*` stands for any characters.
    pub host: Option<String>,
    /// Role of the host, likewise.
    pub role: Option<String>,
    /// Label of the job, without what changes between launches; `*` stands for any characters.
    pub label: Option<String>,
    /// Path of the program.
    pub path: Option<ProgramPath>,
    /// Name of the process; `*` stands for any characters.
    pub process: Option<String>,
    /// Team that signed it.
    pub team_id: Option<String>,
    /// Its bundle identifier.
    pub bundle_id: Option<String>,
    /// Its SHA-256, in lower case.
    pub sha256: Option<String>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Transport.
    pub protocol: Option<Protocol>,
    /// Ports, any of which will do; none asks for nothing.
    pub ports: Vec<PortSet>,
    /// The widest reach; a narrower one is within.
    pub scope: Option<Reach>,
    /// Where the peer lies.
    pub remote: Option<Network>,
}

impl Match {
    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everything it asks for is known and fits.
    pub fn fits(&self, candidate: &Candidate<'_>) -> bool {
        self.fits_program(candidate) && self.fits_use(candidate)
    }

    fn fits_program(&self, candidate: &Candidate<'_>) -> bool {
        let same = |asked: Option<&String>, known: Option<&str>| {
            asked.is_none_or(|asked| known == Some(asked.as_str()))
        };
        asks(self.label.as_ref(), candidate.label, |asked, label| {
            wild_fits(asked, &normalise_label(label))
        }) && asks(self.path.as_ref(), candidate.path, |asked, path| {
            path.starts_with('/') && asked.matches(path)
        }) && asks(self.process.as_ref(), candidate.process, |asked, name| wild_fits(asked, name))
            && same(self.team_id.as_ref(), candidate.team_id)
            && same(self.bundle_id.as_ref(), candidate.bundle_id)
            && asks(self.sha256.as_ref(), candidate.sha256, |asked, hash| {
                asked.eq_ignore_ascii_case(hash)
            })
    }

    fn fits_use(&self, candidate: &Candidate<'_>) -> bool {
        // A lone `*` asks for nothing: hosts without a role are among any role.
        let host = self.host.as_deref().filter(|host| *host != "*");
        let role = self.role.as_deref().filter(|role| *role != "*");
        host.is_none_or(|host| host_fits(host, candidate.host))
            && role.is_none_or(|role| candidate.role.is_some_and(|known| wild_fits(role, known)))
            && candidate.is_on(&self.ports)
            && asks(self.direction.as_ref(), candidate.direction, |asked, way| *asked == way)
            && asks(self.protocol.as_ref(), candidate.protocol, |asked, one| *asked == one)
            && asks(self.scope.as_ref(), candidate.scope, |asked, scope| {
                !matches!(scope, Scope::Unknown | Scope::Multicast) && asked.allows(scope)
            })
            && asks(self.remote.as_ref(), candidate.remote, Network::contains)
    }

    /// Whether whatever fits `other` fits this too, by what is written alone.
    pub fn includes(&self, other: &Self) -> bool {
        let wild = |wide: Option<&String>, narrow: Option<&String>| {
            asks(wide, narrow, |wide, narrow| wild_fits(wide, narrow))
        };
        let lower = |text: Option<&String>| text.map(|text| text.to_lowercase());
        let any = |wide: Option<&String>| wide.is_some_and(|wide| wide == "*");
        let (host, other_host) = (lower(self.host.as_ref()), lower(other.host.as_ref()));
        (any(self.host.as_ref()) || wild(host.as_ref(), other_host.as_ref()))
            && (any(self.role.as_ref()) || wild(self.role.as_ref(), other.role.as_ref()))
            && wild(self.label.as_ref(), other.label.as_ref())
            && wild(self.process.as_ref(), other.process.as_ref())
            && asks(self.path.as_ref(), other.path.as_ref(), |wide, one| {
                wide.written.includes(&one.written)
            })
            && same_or_any(self.team_id.as_ref(), other.team_id.as_ref())
            && same_or_any(self.bundle_id.as_ref(), other.bundle_id.as_ref())
            && same_or_any(self.sha256.as_ref(), other.sha256.as_ref())
            && same_or_any(self.direction.as_ref(), other.direction.as_ref())
            && same_or_any(self.protocol.as_ref(), other.protocol.as_ref())
            && include(&self.ports, &other.ports)
            && asks(self.scope.as_ref(), other.scope.as_ref(), |wide, one| wide >= one)
            && asks(self.remote.as_ref(), other.remote.as_ref(), Network::includes)
    }

    /// Whether it says which program is meant: by something that not just any program has.
    pub fn names_a_program(&self) -> bool {
        // A pattern that fits a name that nothing has fits any name.
        let says = |asked: &Option<String>| {
            asked.as_deref().is_some_and(|asked| !wild_fits(asked, "\u{1}no.such.program"))
        };
        let path = self.path.as_ref();
        says(&self.label)
            || says(&self.process)
            || path.is_some_and(|path| !path.matches("/\u{1}/no/such/program"))
            || self.team_id.is_some()
            || self.bundle_id.is_some()
            || self.sha256.is_some()
    }
}

/// A path as a policy names it. A later version of the program, or the place to which macOS moves what was
/// downloaded (`/<translocated>/X.app/…`), is the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramPath {
    written: PathPattern,
    any_version: Option<PathPattern>,
}

impl ProgramPath {
    /// Whether a program's path fits.
    pub fn matches(&self, path: &str) -> bool {
        self.written.matches(path)
            || self.any_version.as_ref().is_some_and(|any| any.matches(&any_version(path)))
    }

    /// As it stands in the policy.
    pub fn as_str(&self) -> &str {
        self.written.as_str()
    }
}

impl TryFrom<String> for ProgramPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let full = if text.ends_with('/') { format!("{text}**") } else { text.clone() };
        let any_version = PathPattern::try_from(any_version(&full)).ok();
        Ok(Self { written: PathPattern::try_from(text)?, any_version })
    }
}

/// A path with a mark that only another version's has too: no wildcard, which anything would fit.
fn any_version(path: &str) -> String {
    let path = without_versions(path, "<version>");
    if path.starts_with('<') { format!("/{path}") } else { path }
}

/// Whether every port of the others is in some set; no set at all holds every port.
fn include(sets: &[PortSet], others: &[PortSet]) -> bool {
    let has = |sets: &[PortSet], port, floats| sets.iter().any(|set| set.has(port, floats));
    let within = |port, floats| !has(others, port, floats) || has(sets, port, floats);
    let all = || (1..=u16::MAX).all(|port| within(port, false) && within(port, true));
    sets.is_empty() || (!others.is_empty() && all())
}

/// Whether nothing is asked, or what is asked for is known and fits.
fn asks<A, K>(asked: Option<&A>, known: Option<K>, fits: impl Fn(&A, K) -> bool) -> bool {
    asked.is_none_or(|asked| known.is_some_and(|known| fits(asked, known)))
}

fn same_or_any<T: PartialEq>(asked: Option<&T>, other: Option<&T>) -> bool {
    asked.is_none() || asked == other
}

/// Whether a text fits, where `*` is any characters.
fn wild_fits(pattern: &str, text: &str) -> bool {
    pattern == "*" || part_fits(pattern, text)
}

/// Whether a host's name fits, whatever the case.
pub(super) fn host_fits(pattern: &str, host: &str) -> bool {
    wild_fits(&pattern.to_lowercase(), &host.to_lowercase())
}
