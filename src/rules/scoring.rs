//! `scoring.toml` → points, caps, floors and places, as the rules use them.
//!
//! A rule or feature that the table lacks, or that only the table knows, is an error when it is loaded.

use crate::baseline::Table;
use crate::baseline::pattern::{PathSet, PortSet};
use crate::baseline::program::Use;
use crate::model::anomaly::Severity;
use crate::model::network::Protocol;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table as it stands.
pub const TEXT: &str = include_str!("scoring.toml");

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the table and in `factors`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// A rule (scoring.md 6.3).
    RuleId {
        /// A launchd service listens where the baseline does not have it.
        P01 = "P01",
        /// A launchd service listens on a fixed port that nothing declares.
        P02 = "P02",
        /// launchd holds a listener that no job explains.
        P03 = "P03",
        /// launchd holds a listener for a job that is not Apple's and not in the baseline.
        P04 = "P04",
        /// A known service on another port.
        P05 = "P05",
        /// A known port with another service.
        P06 = "P06",
        /// A connection to a port that is not standard for the program.
        P07 = "P07",
        /// The same by an interpreter, a shell or a relay.
        P08 = "P08",
        /// A shell whose input and output is a socket.
        P09 = "P09",
        /// A declared port without a listener.
        P10 = "P10",
        /// A label of Apple's on something that is not Apple's.
        P11 = "P11",
        /// `/etc/services` or ssh moved.
        P12 = "P12",
        /// A loopback listener that now is reachable from outside.
        P13 = "P13",
        /// A port that malware is known for: only a modifier.
        P14 = "P14",
        /// A listener that one tool shows and another does not.
        P15 = "P15",
        /// An exception that is over.
        P16 = "P16",
        /// A fixed port held by a program that launchd does not manage.
        P17 = "P17",
        /// A more specific listener in front of another.
        P18 = "P18",
        /// A baseline tuple that is not seen any more.
        P19 = "P19",
        /// A setting that has no effect.
        P20 = "P20",
    }
}

named! {
    /// A feature that adds points to a rule, or takes some (scoring.md 6.4).
    Feature {
        /// Tied to a launchd job that starts by itself.
        Persistence = "persistence",
        /// The program lies where programs are staged.
        ProgramStaged = "program-staged",
        /// Unsigned or signed ad hoc.
        SignatureMissing = "signature-missing",
        /// Validly signed by a team that is not known.
        SignatureUnknownTeam = "signature-unknown-team",
        /// A platform binary of Apple's; not for instruments.
        SignatureApple = "signature-apple",
        /// Notarised, of a known vendor.
        SignatureNotarisedVendor = "signature-notarised-vendor",
        /// A listener on every or on a public address.
        ScopeExposed = "scope-exposed",
        /// A listener on a private address only.
        ScopeLan = "scope-lan",
        /// A listener on loopback only.
        ScopeLoopback = "scope-loopback",
        /// The same, held by a tunnel tool.
        ScopeLoopbackTunnel = "scope-loopback-tunnel",
        /// A listener on every or on a public address that the application firewall lets nobody reach.
        FirewallBlocks = "firewall-blocks",
        /// The same for a listener on a private address.
        FirewallBlocksLan = "firewall-blocks-lan",
        /// A loopback listener to which the packet filter sends what comes from outside.
        RedirectExposes = "redirect-exposes",
        /// Another redirection to the port: a note.
        PortRedirected = "port-redirected",
        /// Held by a network extension: a note.
        NetworkExtension = "network-extension",
        /// A public peer.
        DestinationPublic = "destination-public",
        /// A private, link-local or CGNAT peer.
        DestinationPrivate = "destination-private",
        /// A peer on this Mac.
        DestinationLoopback = "destination-loopback",
        /// A port below 1024 that is not standard for the program.
        PortPrivileged = "port-privileged",
        /// A port from 1024 to 49151.
        PortRegistered = "port-registered",
        /// An ephemeral listener seen once.
        PortEphemeralOnce = "port-ephemeral-once",
        /// The same ephemeral number in two boots or socket instances.
        PortEphemeralAgain = "port-ephemeral-again",
        /// P14.
        KnownCallbackPort = "known-callback-port",
        /// Runs as root from a file that a user may change.
        RootFromUserWritable = "root-from-user-writable",
        /// The same below Homebrew's prefixes.
        HomebrewUserWritable = "homebrew-user-writable",
        /// Property list or program made within a week before the first sighting.
        FreshWithinWeek = "fresh-within-week",
        /// The same within a day.
        FreshWithinDay = "fresh-within-day",
        /// On one host of several only.
        Rare = "rare",
        /// On most hosts.
        Common = "common",
        /// In the baseline file with other ports.
        BaselineOtherPorts = "baseline-other-ports",
        /// Not in the baseline file at all.
        BaselineNewIdentity = "baseline-new-identity",
        /// A known product's port.
        VendorHint = "vendor-hint",
        /// A development server on loopback.
        DevServerLoopback = "dev-server-loopback",
        /// A development server that others can reach.
        DevServerExposed = "dev-server-exposed",
        /// UDP of a peer-to-peer or calling product.
        P2pOrVoipUdp = "p2p-or-voip-udp",
        /// Seen by two collectors or kinds of source.
        Corroborated = "corroborated",
        /// The job declares the port that was seen.
        DeclaredAndObserved = "declared-and-observed",
        /// Neither name nor path of the owner.
        OwnerUnknown = "owner-unknown",
        /// The name is cut.
        NameTruncated = "name-truncated",
        /// The label is one of several.
        LabelAmbiguous = "label-ambiguous",
    }
}

/// Everything that a score is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    schema: u32,
    /// Date of the table.
    pub version: String,
    rules: BTreeMap<String, i32>,
    features: BTreeMap<String, i32>,
    /// Variants of base points.
    pub variants: Variants,
    /// Upper limits.
    pub caps: Caps,
    /// Lower limits.
    pub floors: Floors,
    levels: Levels,
    /// What features speak of.
    pub thresholds: Thresholds,
    callback: Ports,
    multicast: Ports,
    /// Sets of paths.
    pub places: Places,
}

/// Variants of base points.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variants {
    /// P03 where not all launchd directories were collected.
    pub orphan_partial_coverage: i32,
    /// For each rule besides the base rule.
    pub further_rule: i32,
    /// For all of them together, at most.
    pub further_rules_most: i32,
}

/// Upper limits.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Nothing was observed, only inferred.
    pub inferred_only: i32,
    /// P09 in a job's arguments without a live socket; instead of the one above.
    pub shell_in_arguments_only: i32,
    /// The direction is unknown.
    pub direction_unknown: i32,
    /// The direction is only probable.
    pub direction_probable: i32,
    /// The owner is unknown.
    pub owner_unknown: i32,
    /// The source had no privileges, or told no state.
    pub unprivileged_or_state_unknown: i32,
    /// P14 is the only reason.
    pub callback_port_only: i32,
    /// Loopback only; not for P09, P11 and P12.
    pub loopback_only: i32,
}

/// Lower limits, for observed sockets.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floors {
    /// P09.
    pub shell_on_socket: i32,
    /// P12.
    pub service_names: i32,
    /// P03 with complete coverage.
    pub orphan_listener: i32,
}

/// From how many points on a score has a level.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    info: i32,
    low: i32,
    medium: i32,
    high: i32,
    critical: i32,
}

/// What features speak of.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// [`Feature::FreshWithinWeek`]: days before the first sighting.
    pub fresh_days: i64,
    /// [`Feature::Rare`]: hosts that there must be.
    pub rare_hosts_of_at_least: usize,
    /// [`Feature::Common`]: percent of the hosts.
    pub common_percent: usize,
    /// P06: percent of a baseline's hosts that make one holder of a port usual.
    pub usual_percent: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ports {
    ports: PortSet,
}

/// Sets of paths. Apple's own places are the stock table's
/// ([`is_apple_place`](crate::baseline::stock::StockTable::is_apple_place)).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// Where programs are staged.
    pub staged: PathSet,
    /// Where scripts are.
    pub staged_script: PathSet,
    /// Where a user can write by design.
    pub user_writable: PathSet,
    /// Homebrew's prefixes.
    pub homebrew: PathSet,
}

/// Reads the table that is built in. An error names what is wrong with it; a test keeps it from happening.
pub fn load() -> Result<Scoring, String> {
    Scoring::parse(TEXT)
}

impl Scoring {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|error| format!("scoring: {error}"))?;
        crate::baseline::check_header("scoring", table.schema, &table.version)?;
        let rules: Vec<&str> = RuleId::ALL.iter().map(|rule| rule.as_str()).collect();
        same_keys("rule", &rules, &table.rules)?;
        let features: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
        same_keys("feature", &features, &table.features)?;
        table.levels.check()?;
        Ok(table)
    }

    /// Name, version and hash of the table.
    pub fn table(&self) -> Table {
        Table::of("scoring", &self.version, TEXT)
    }

    /// Base points of a rule.
    pub fn base(&self, rule: RuleId) -> i32 {
        // Every rule is in the table: loading has checked it.
        self.rules.get(rule.as_str()).copied().unwrap_or_default()
    }

    /// Points of a feature, possibly negative.
    pub fn weight(&self, feature: Feature) -> i32 {
        // Every feature is in the table: loading has checked it.
        self.features.get(feature.as_str()).copied().unwrap_or_default()
    }

    /// Whether a use is of a port that malware is known for (P14), before the exemptions for
    /// development servers and vendor hints.
    pub fn is_callback_port(&self, usage: Use) -> bool {
        self.callback.ports.names(usage.port)
    }

    /// Whether a use is of a UDP port that many programs share by design (5353, 1900, 3702).
    pub fn is_multicast_service(&self, usage: Use) -> bool {
        usage.protocol == Protocol::Udp && self.multicast.ports.names(usage.port)
    }
}

impl Levels {
    /// The levels are printed with every run, so they must be the ones in force.
    fn check(self) -> Result<(), String> {
        let Self { info, low, medium, high, critical } = self;
        let levels = [
            (info, Severity::Info),
            (low, Severity::Low),
            (medium, Severity::Medium),
            (high, Severity::High),
            (critical, Severity::Critical),
        ];
        for (score, level) in levels {
            let below = Severity::of_score(score.saturating_sub(1));
            if Severity::of_score(score) != Some(level) || below == Some(level) {
                return Err(format!(
                    "scoring: the level {} does not begin at {score}",
                    level.as_str()
                ));
            }
        }
        Ok(())
    }
}

/// The table must have each name that the program knows, and no other.
fn same_keys(what: &str, known: &[&str], table: &BTreeMap<String, i32>) -> Result<(), String> {
    if let Some(missing) = known.iter().find(|name| !table.contains_key(**name)) {
        return Err(format!("scoring: the {what} {missing} has no points"));
    }
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(format!("scoring: there is no {what} {unknown}")),
        None => Ok(()),
    }
}
