//! Bindings, jobs and hosts, held against what is expected → anomalies with their factors.
//!
//! A rule looks at one subject and says at most one thing. Its points come from the scoring table; the
//! features that add to or take from them stand in [`features`], the sum with its floors and caps in [`score`].

pub mod comparison;
pub mod context;
pub mod cover;
pub mod features;
pub mod judge;
pub mod p01_listener_off_baseline;
pub mod p02_listener_not_declared;
pub mod p03_pid1_orphan_listener;
pub mod p04_socket_activated_new;
pub mod p05_service_port_moved;
pub mod p06_port_takeover;
pub mod p07_outbound_nonstandard;
pub mod p08_tool_outbound;
pub mod p09_shell_on_socket;
pub mod p10_declared_not_observed;
pub mod p11_label_masquerade;
pub mod p12_services_file;
pub mod p13_exposure_change;
pub mod p14_known_callback_port;
pub mod p15_hidden_listener;
pub mod p16_exception_expired;
pub mod p17_unmanaged_listener;
pub mod p18_port_shadowing;
pub mod p19_no_longer_seen;
pub mod p20_setting_without_effect;
pub mod population;
pub mod score;
pub mod scoring;
mod trust;
pub mod wording;

use crate::baseline::book::Known;
use crate::baseline::learned::LearnedBaseline;
use crate::baseline::policy::Policy;
use crate::baseline::{self, Baseline};
use crate::model::anomaly::Factor;
use crate::model::binding::Binding;
use crate::model::provenance::Place;
use crate::ports::JobRecord;
use context::Context;
use scoring::Scoring;

pub use judge::{Judged, judge};

/// Every rule, sorted by id.
pub const RULES: &[&dyn Rule] = &[
    &p01_listener_off_baseline::ListenerOffBaseline,
    &p02_listener_not_declared::ListenerNotDeclared,
    &p03_pid1_orphan_listener::Pid1OrphanListener,
    &p04_socket_activated_new::SocketActivatedNew,
    &p05_service_port_moved::ServicePortMoved,
    &p06_port_takeover::PortTakeover,
    &p07_outbound_nonstandard::OutboundNonstandard,
    &p08_tool_outbound::ToolOutbound,
    &p09_shell_on_socket::ShellOnSocket,
    &p10_declared_not_observed::DeclaredNotObserved,
    &p11_label_masquerade::LabelMasquerade,
    &p12_services_file::ServicesFile,
    &p13_exposure_change::ExposureChange,
    &p14_known_callback_port::KnownCallbackPort,
    &p15_hidden_listener::HiddenListener,
    &p16_exception_expired::ExceptionExpired,
    &p17_unmanaged_listener::UnmanagedListener,
    &p18_port_shadowing::PortShadowing,
    &p19_no_longer_seen::NoLongerSeen,
    &p20_setting_without_effect::SettingWithoutEffect,
];

/// What the hosts of a run are held against.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// What macOS and its programs do.
    pub baseline: Baseline,
    /// Points.
    pub scoring: Scoring,
    /// What hosts that are known to be good do (`--baseline`).
    pub learned: Vec<LearnedBaseline>,
    /// What people decided.
    pub policy: Policy,
}

impl Expectations {
    /// The tables that are built in. An error names the table and the row; a test keeps it from happening.
    pub fn load() -> Result<Self, String> {
        let (baseline, scoring) = (baseline::load()?, scoring::load()?);
        Ok(Self { baseline, scoring, learned: Vec::new(), policy: Policy::default() })
    }

    /// Name, version and hash of each table, for `run.json`.
    pub fn tables(&self) -> Vec<baseline::Table> {
        self.baseline.tables().into_iter().chain([self.scoring.table()]).collect()
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A binding that something saw.
    Binding(&'a Binding),
    /// A job, by itself.
    Job(usize, &'a JobRecord),
    /// Something that a baseline file expects of the host.
    Expected(&'a Known<'a>),
    /// The host as a whole.
    Host,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's summand.
    pub factor: Factor,
    /// What was expected instead; empty where the rule cannot say.
    pub expected: String,
    /// Where it stands, for what no binding and no job cites.
    pub place: Option<Place>,
}

/// One way in which a subject can deviate.
pub trait Rule: Send + Sync {
    /// `P02`, …
    fn id(&self) -> &'static str;
    /// Its manual page, with the headings *What it detects*, *Why it matters*, *When it is harmless*,
    /// *How to verify*, *What it does not prove*.
    fn manual(&self) -> &'static str;
    /// What it says of a subject.
    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding>;
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.id().eq_ignore_ascii_case(id))
}
