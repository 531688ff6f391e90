//! What adds to or takes from a score besides the rules (scoring.md 6.4): each with its reason.

use super::comparison::Comparison;
use super::context::{Context, port_of};
use super::scoring::Feature;
use super::trust;
use crate::baseline::book::Layer;
use crate::baseline::learned::Sight;
use crate::baseline::vendors::Kind;
use crate::model::anomaly::Factor;
use crate::model::binding::{Binding, Certainty, Span};
use crate::model::interval::add_seconds;
use crate::model::network::{Protocol, Scope};
use crate::model::service::Direction;
use crate::model::{Timestamp, stamp};
use crate::ports::{JobRecord, jobs, names_of};
use std::collections::BTreeSet;

/// Seconds within which two stretches are one look at the host.
const SAME_LOOK: i64 = 900;

/// The group of every user.
const STAFF: u32 = 20;

/// What a feature looks at.
pub struct View<'a> {
    /// The binding, if the anomaly is about one.
    pub binding: Option<&'a Binding>,
    /// The job, if there is one.
    pub job: Option<&'a JobRecord>,
    /// Ids of the rules that fired.
    pub rules: &'a [&'static str],
    /// The host.
    pub context: &'a Context<'a>,
}

impl View<'_> {
    #[allow(clippy::unnecessary_wraps, reason = "it is what every feature returns")]
    pub(super) fn factor(&self, feature: Feature, reason: impl Into<String>) -> Option<Factor> {
        let points = self.context.scoring.weight(feature);
        Some(Factor { name: feature.as_str(), points, reason: reason.into(), cited: Vec::new() })
    }

    pub(super) fn fired(&self, rule: &str) -> bool {
        self.rules.contains(&rule)
    }

    /// The binding, if anything shows that it was there: what a job only declares exposes nothing.
    pub(super) fn held(&self) -> Option<&Binding> {
        self.binding.filter(|binding| binding.certainty != Certainty::Declared)
    }

    /// The binding, if it is a listener that was there.
    pub(super) fn listener(&self) -> Option<&Binding> {
        self.held().filter(|binding| binding.direction == Direction::Listen)
    }

    /// The program that runs or would run.
    pub(super) fn program(&self) -> Option<&str> {
        let by_binding =
            self.binding.filter(|binding| !binding.held_by_launchd || binding.pid != Some(1));
        let path = by_binding.and_then(|binding| binding.process_path.as_deref());
        path.or_else(|| self.job.and_then(|job| job.program.as_deref()))
    }
}

type Measure = fn(&View<'_>) -> Option<Factor>;

/// Every feature, in the order in which factors are listed.
const FEATURES: &[Measure] = &[
    persistence,
    staging,
    trust::signature,
    listener_scope,
    trust::firewall,
    trust::redirect,
    destination,
    port_class,
    ephemeral_listener,
    user_writable,
    young,
    rarity,
    baseline,
    hint,
    dev_server,
    peer_to_peer,
    corroboration,
    agreement,
    trust::extension,
    nameless,
    cut_name,
    ambiguous_label,
];

/// Features that say something whatever their points.
const NOTES: &[&str] = &[Feature::NetworkExtension.as_str(), Feature::PortRedirected.as_str()];

/// The features of an anomaly.
pub fn of(view: &View<'_>) -> Vec<Factor> {
    FEATURES
        .iter()
        .filter_map(|feature| feature(view))
        .filter(|factor| factor.points != 0 || NOTES.contains(&factor.name))
        .collect()
}

fn persistence(view: &View<'_>) -> Option<Factor> {
    let job = view.job?;
    let path = job.plist_path.as_deref()?;
    let starts = job.job.as_ref().is_some_and(crate::model::service::Job::has_automatic_trigger);
    if !starts || super::context::is_apple_plist(path) {
        return None;
    }
    view.factor(Feature::Persistence, format!("{path} starts it without a person"))
}

fn staging(view: &View<'_>) -> Option<Factor> {
    let scoring = view.context.scoring;
    let program = view.program().unwrap_or_default();
    let script = view.job.and_then(|job| job.job.as_ref()).and_then(|job| job.script.as_deref());
    let place = if scoring.places.staged.contains(program) {
        program
    } else {
        script.filter(|script| scoring.places.staged_script.contains(script))?
    };
    view.factor(Feature::ProgramStaged, format!("{place} lies where anybody can put a program"))
}

fn listener_scope(view: &View<'_>) -> Option<Factor> {
    let binding = view.listener()?;
    match binding.scope {
        Scope::Any => {
            let although = trust::exposed_although(view);
            let reason = format!("it listens on all or public addresses{although}");
            let factor = view.factor(Feature::ScopeExposed, reason)?;
            let settings = view.context.firewalls(binding);
            let settings = settings.iter().filter(|_| !although.is_empty());
            Some(factor.citing(settings.flat_map(|one| one.citations(None))))
        }
        Scope::Lan => view.factor(Feature::ScopeLan, "it listens on the local network"),
        Scope::Loopback if view.fired("P09") || view.fired("P12") => None,
        Scope::Loopback => {
            let program = view.context.program_of(binding);
            let feature = if view.context.baseline.classes.is_tunnel_tool(&program) {
                Feature::ScopeLoopbackTunnel
            } else {
                Feature::ScopeLoopback
            };
            view.factor(feature, "only this Mac itself can reach it")
        }
        Scope::Multicast | Scope::Unknown => None,
    }
}

fn destination(view: &View<'_>) -> Option<Factor> {
    let binding = view.held().filter(|binding| binding.direction == Direction::Outbound)?;
    match binding.scope {
        Scope::Any => view.factor(Feature::DestinationPublic, "the peer's address is public"),
        Scope::Lan => view.factor(Feature::DestinationPrivate, "the peer is on the local network"),
        Scope::Loopback => view.factor(Feature::DestinationLoopback, "the peer is this Mac"),
        Scope::Multicast | Scope::Unknown => None,
    }
}

fn port_class(view: &View<'_>) -> Option<Factor> {
    let binding = view.held()?;
    let port = port_of(binding)?;
    let reached = binding.direction == Direction::Outbound
        && view.context.baseline.stock.reaches(binding.protocol, port);
    match port {
        // What macOS itself reaches, any program may.
        ..1024 if reached => None,
        ..1024 => view.factor(
            Feature::PortPrivileged,
            format!("{port} is a well-known port, and not of this program"),
        ),
        1024..=49151 => view.factor(
            Feature::PortRegistered,
            format!("{port} was chosen, not handed out by the kernel"),
        ),
        _ => None,
    }
}

/// A port in the ephemeral range is the kernel's choice, unless it comes back: in another boot, or
/// with another process after the first one's time.
fn ephemeral_listener(view: &View<'_>) -> Option<Factor> {
    let binding = view.listener()?;
    let port = binding.local_port.filter(|port| view.context.ephemeral.contains(port))?;
    let same = |other: &&Binding| {
        other.direction == Direction::Listen
            && other.certainty == Certainty::Observed
            && other.local_port == Some(port)
            && other.identity == binding.identity
            && !other.identity.is_empty()
    };
    let boots: BTreeSet<Option<usize>> =
        view.context.ports.bindings.iter().filter(same).map(|other| other.boot).collect();
    if boots.len() > 1 {
        let reason = format!("{port} came back in {} boots: it was chosen", boots.len());
        return view.factor(Feature::PortEphemeralAgain, reason);
    }
    let apart = |(one, next): (&Span, &Span)| next.from > add_seconds(one.to, SAME_LOOK);
    let again = binding.spans.iter().zip(binding.spans.iter().skip(1)).any(apart);
    if again && binding.holders.len() > 1 {
        let reason = format!("{port} came back with another process: it was chosen");
        return view.factor(Feature::PortEphemeralAgain, reason);
    }
    view.factor(Feature::PortEphemeralOnce, "the kernel may have handed the port out")
}

/// Runs as root while somebody else owns its file: only what a bodyfile tells counts.
fn user_writable(view: &View<'_>) -> Option<Factor> {
    let is_root = |user: &str| user == "root" || user == "0";
    let by_binding = view.binding.and_then(|binding| binding.user.as_deref()).is_some_and(is_root);
    let by_job = view.job.is_some_and(|job| {
        job.domain == "system" && job.job.as_ref().is_some_and(|job| job.user.is_none())
    });
    if !by_binding && !by_job {
        return None;
    }
    let plist = view.job.and_then(|job| job.plist_path.as_deref());
    let path = [view.program(), plist].into_iter().flatten().find(|path| {
        view.context.times.get(path).is_some_and(|row| {
            let writes = |at: usize| {
                row.mode.as_deref().is_some_and(|mode| mode.as_bytes().get(at) == Some(&b'w'))
            };
            let by_group = writes(5) && row.gid == Some(STAFF);
            row.uid.is_some_and(|uid| uid != 0) || by_group || writes(8)
        }) && !view.context.scoring.places.homebrew.contains(path)
    })?;
    view.factor(
        Feature::RootFromUserWritable,
        format!("it runs as root, and others than root can write {path}"),
    )
}

/// Young when first seen, by a bodyfile.
fn young(view: &View<'_>) -> Option<Factor> {
    let first =
        view.binding.and_then(|binding| binding.interval).map(|interval| interval.first_seen)?;
    let plist = view.job.and_then(|job| job.plist_path.as_deref());
    let born = |path: &str| -> Option<(Timestamp, String)> {
        Some((jobs::birth_of(&view.context.times, path)?, path.to_owned()))
    };
    let births = [plist, view.program()].into_iter().flatten().filter_map(born);
    let (birth, path) = births.filter(|(birth, _)| *birth <= first).max()?;
    let within = |days: i64| add_seconds(birth, days.saturating_mul(86_400)) >= first;
    let reason = format!("{path} was made at {}, shortly before", stamp(birth));
    if within(1) {
        view.factor(Feature::FreshWithinDay, reason)
    } else if within(view.context.scoring.thresholds.fresh_days) {
        view.factor(Feature::FreshWithinWeek, reason)
    } else {
        None
    }
}

fn rarity(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding?;
    let (seen, hosts) = view.context.population.around(binding);
    let limits = view.context.scoring.thresholds;
    if hosts < limits.rare_hosts_of_at_least {
        return None;
    }
    if seen == 1 {
        return view.factor(Feature::Rare, format!("on 1 of {hosts} hosts that could show it"));
    }
    let common = seen.saturating_mul(100) >= hosts.saturating_mul(limits.common_percent);
    if common {
        view.factor(Feature::Common, format!("on {seen} of {hosts} hosts that could show it"))
    } else {
        None
    }
}

/// What a baseline file knows of a program whose use it does not have.
fn baseline(view: &View<'_>) -> Option<Factor> {
    let binding = view.held()?;
    let compared = Comparison::of(binding, view.context)?;
    let allowed = compared.allowed.iter().any(|layer| *layer != Layer::Past);
    if !compared.by_file || allowed || !compared.key.is_known() || compared.key.is_bare_launchd() {
        return None;
    }
    let mut of_files = compared.of_program.iter().filter(|known| known.layer != Layer::Past);
    let names = view.context.applying(Sight::of(binding.direction, binding.protocol)).join(" and ");
    let Some(known) = of_files.clone().next() else {
        let reason = format!("{names} knows nothing of this program");
        return view.factor(Feature::BaselineNewIdentity, reason);
    };
    if of_files.any(|known| known.is_about(compared.usage)) {
        return None;
    }
    let reason = format!("{names} knows this program elsewhere: {}", known.describe());
    view.factor(Feature::BaselineOtherPorts, reason)
}

fn hint(view: &View<'_>) -> Option<Factor> {
    if view.fired("P12") {
        return None;
    }
    let hint = view.context.hint(view.binding?)?;
    view.factor(Feature::VendorHint, hint.describe())
}

fn dev_server(view: &View<'_>) -> Option<Factor> {
    let binding = view.listener()?;
    let usage = view.context.use_of(binding)?;
    let server =
        view.context.baseline.classes.dev_server_port(&view.context.program_of(binding), usage)?;
    let feature = if binding.scope == Scope::Loopback {
        Feature::DevServerLoopback
    } else {
        Feature::DevServerExposed
    };
    view.factor(feature, format!("usual for {}", server.name))
}

fn peer_to_peer(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding.filter(|binding| binding.protocol == Protocol::Udp)?;
    let program = view.context.program_of(binding);
    let vendors = &view.context.baseline.vendors;
    let is = vendors.is_of_kind(&program, Kind::P2p) || vendors.is_of_kind(&program, Kind::Voip);
    if is {
        view.factor(Feature::P2pOrVoipUdp, "telephony and file sharing use many UDP ports")
    } else {
        None
    }
}

/// Different collectors that saw it; netstat and lsof of one collector count as one.
fn corroboration(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding?;
    let collectors: BTreeSet<&str> = binding
        .citations
        .iter()
        .filter(|citation| citation.role == crate::model::binding::CitationRole::Sighting)
        .filter_map(|citation| view.context.acquisition_of.get(&citation.place.source))
        .filter_map(|index| view.context.case.acquisitions.get(*index))
        .map(|made| made.collector.as_str())
        .collect();
    if collectors.len() < 2 {
        return None;
    }
    let names: Vec<&str> = collectors.into_iter().collect();
    view.factor(Feature::Corroborated, format!("seen by {}", names.join(" and ")))
}

fn agreement(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding.filter(|binding| binding.certainty != Certainty::Declared)?;
    if !binding.declared_by_job {
        return None;
    }
    view.factor(Feature::DeclaredAndObserved, "the job declares this very port")
}

fn nameless(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding?;
    if binding.process.is_some() || binding.process_path.is_some() {
        return None;
    }
    view.factor(Feature::OwnerUnknown, "neither name nor path of the owner is known")
}

fn cut_name(view: &View<'_>) -> Option<Factor> {
    let name = view.binding.filter(|binding| binding.process_cut)?.process.as_deref()?;
    if !names_of::fills_its_column(name) {
        return None;
    }
    view.factor(Feature::NameTruncated, format!("the tool may have cut the name {name}"))
}

fn ambiguous_label(view: &View<'_>) -> Option<Factor> {
    let binding = view.binding.filter(|binding| !binding.job_candidates.is_empty())?;
    let reason = format!("{} jobs would explain it", binding.job_candidates.len());
    view.factor(Feature::LabelAmbiguous, reason)
}
