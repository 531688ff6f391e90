//! A binding: who held or reached which port on which host and boot, from when to when.

use super::interval::{Interval, Window};
use super::network::{Address, Families, Protocol, Scope};
use super::provenance::Place;
use super::service::{Confidence, Direction};
use super::{Text, Timestamp};

/// State of a binding, as the contract names it. Ordered by how much it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BindingState {
    /// On its way out.
    Closing,
    /// A failed attempt.
    Failed,
    /// An attempt (`SYN_SENT`).
    Attempted,
    /// Bound, not listening: UDP.
    Bound,
    /// Connected.
    Established,
    /// Listening.
    Listening,
}

impl BindingState {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closing => "closing",
            Self::Failed => "failed",
            Self::Attempted => "attempted",
            Self::Bound => "bound",
            Self::Established => "established",
            Self::Listening => "listening",
        }
    }
}

impl BindingState {
    /// Whether it was only tried: then it holds no port.
    pub fn was_only_tried(self) -> bool {
        matches!(self, Self::Failed | Self::Attempted)
    }
}

/// How a binding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Only a job declares it.
    Declared,
    /// Only its effects were seen.
    Inferred,
    /// A source saw the socket.
    Observed,
}

impl Certainty {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Inferred => "inferred",
            Self::Observed => "observed",
        }
    }
}

/// What an empty `latest_end` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndState {
    /// Still held when last looked at.
    Open,
    /// It ended; `latest_end` says by when.
    Ended,
    /// Later evidence could not have shown it.
    Unknown,
}

impl EndState {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}

/// What a citation supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CitationRole {
    /// The socket was seen there.
    Sighting,
    /// It set `earliest_start`.
    StartBound,
    /// It set `latest_end`.
    EndBound,
    /// It tells who held it.
    Owner,
    /// A job declares it.
    Declared,
}

impl CitationRole {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sighting => "sighting",
            Self::StartBound => "start_bound",
            Self::EndBound => "end_bound",
            Self::Owner => "owner",
            Self::Declared => "declared",
        }
    }
}

/// A place in the evidence that supports part of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// What it supports.
    pub role: CitationRole,
    /// Where it stands.
    pub place: Place,
    /// When, in UTC.
    pub window: Option<Window>,
    /// The time as it stood in the evidence.
    pub raw_time: Text,
    /// The rule that turned the one into the other.
    pub time_rule: Text,
    /// The row as it stood.
    pub excerpt: Option<Text>,
}

/// A stretch in which a binding was held without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// The same socket (`continuous`), or only the same process (`assumed`).
    pub continuous: bool,
}

/// A binding or connection with its life and its owner.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Content-derived id.
    pub id: String,
    /// Id of its baseline tuple.
    pub tuple_id: String,
    /// Index of the boot in the host's list.
    pub boot: Option<usize>,
    /// Which way.
    pub direction: Direction,
    /// Whether the direction is only probable (ports.md 5.3 rule 5).
    pub direction_probable: bool,
    /// Transport.
    pub protocol: Protocol,
    /// Families seen.
    pub families: Families,
    /// Best state seen.
    pub state: BindingState,
    /// Local addresses seen, sorted; `*` first.
    pub local_addresses: Vec<Address>,
    /// Local port; `None` if unknown, or if it varies between the sockets of a connection.
    pub local_port: Option<u16>,
    /// Peer of a connection.
    pub remote_address: Option<Address>,
    /// Its port.
    pub remote_port: Option<u16>,
    /// Reach of the local end for listeners, of the remote end otherwise.
    pub scope: Scope,
    /// Indices into the host's processes: every holder, the primary one first.
    pub holders: Vec<usize>,
    /// Name of the owner as shown (`launchd` for a socket that launchd holds).
    pub process: Option<Text>,
    /// Whether the tool cut that name and nothing completed it.
    pub process_cut: bool,
    /// Path of the owner's executable.
    pub process_path: Option<Text>,
    /// Process id of the primary holder.
    pub pid: Option<u32>,
    /// User of it.
    pub user: Option<Text>,
    /// Index of the launchd job in the host's list.
    pub job: Option<usize>,
    /// Other jobs that would explain it as well.
    pub job_candidates: Vec<usize>,
    /// Label of the job, also where its property list was not collected.
    pub service: Option<Text>,
    /// Strongest identity known, as text.
    pub identity: String,
    /// How the owner is known, as text for the `attribution` column.
    pub attribution: String,
    /// Whether launchd (pid 1) holds it.
    pub held_by_launchd: bool,
    /// Its life.
    pub interval: Option<Interval>,
    /// What an empty `latest_end` means.
    pub end_state: EndState,
    /// How it is known.
    pub certainty: Certainty,
    /// How sure (for anomalies).
    pub confidence: Confidence,
    /// Rows that saw it, exact duplicates counted once.
    pub sightings: usize,
    /// Greatest byte counts seen.
    pub bytes_in: Option<u64>,
    /// Likewise, sent.
    pub bytes_out: Option<u64>,
    /// Stretches of holding.
    pub spans: Vec<Span>,
    /// What supports it.
    pub citations: Vec<Citation>,
    /// lsof descriptors of the holders (`0u`, `12u`), sorted.
    pub descriptors: Vec<Text>,
    /// Whether a job's declaration equals it (the "agreement" feature).
    pub declared_by_job: bool,
    /// Which tools saw it.
    pub tools: Vec<super::observation::ListingTool>,
    /// Whether every source that saw it was known to be unprivileged.
    pub only_unprivileged: bool,
    /// Notes for the explanation (pid reuse, delegated socket, ambiguous label).
    pub notes: Vec<String>,
}

impl Binding {
    /// Whether it is a listener that something saw.
    pub fn is_seen_listener(&self) -> bool {
        self.direction == Direction::Listen
            && self.certainty != Certainty::Declared
            && !self.state.was_only_tried()
    }
}
