//! What parsers say: a [`Fact`] with its place and its time, or a [`Problem`], its failed sibling.

mod claim;
mod flow;
mod job;
mod life;
mod listing;
mod problem;
mod trust;

pub use self::claim::{CollectionClaim, HostClaim};
pub use self::flow::{Flow, FlowEvent, LogKind, LogSpan, Witness};
pub use self::job::{JobEvent, JobEventKind, JobState};
pub use self::life::{Code, Life};
pub use self::listing::{Listing, ListingTool, Process, ProcessName, Socket, Started};
pub use self::problem::{Problem, ProblemKind};
pub use self::trust::{
    BackgroundItem, FirewallSetting, ItemKind, Redirect, Signature, Signer, SystemExtension,
};

use super::interval::Window;
use super::network::Protocol;
use super::provenance::Place;
use super::service::{Domain, Job};
use super::{Text, Timestamp};
use jiff::civil::{DateTime, Time, Weekday};
use std::collections::BTreeMap;

/// One statement of the evidence, as a parser read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Where it stands.
    pub place: Place,
    /// When it was true, as far as the file itself tells.
    pub when: When,
    /// What it says.
    pub fact: Fact,
    /// The row as it stood (cut to a few hundred characters), for citations.
    pub excerpt: Option<Text>,
    /// The Mac that it speaks of, where the record itself names one: one file may hold records of many.
    pub subject: Option<Text>,
}

/// A time as the file tells it; `hosts/clock.rs` turns it into UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The fact has no time.
    Undated,
    /// The moment at which this file was captured, which the file itself does not tell.
    Capture,
    /// UTC.
    Utc(Window),
    /// Host-local civil time without an offset, from `.0` to `.1` inclusive.
    Local(DateTime, DateTime),
    /// Host-local civil time on a clock of twelve hours, in the earlier half of the day or in the later
    /// (Aftermath's log), from `.0` to `.1` inclusive, both as of the earlier.
    TwelveHour(DateTime, DateTime),
    /// A time of day without a date (Console copies, nettop).
    TimeOfDay(Box<TimeOfDay>),
    /// Host-local civil time without a year (`system.log`).
    Yearless(Box<Yearless>),
    /// So many seconds before the capture (`uptime`): from `hi_seconds` to `lo_seconds` before it.
    BeforeCapture {
        /// The least number of seconds.
        lo_seconds: i64,
        /// The greatest.
        hi_seconds: i64,
    },
}

/// A time of day without a date. A parser fills in `last` and `days_back` when it has met the file's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// The time.
    pub time: Time,
    /// Seconds east of UTC; `None` where it is the host's local time.
    pub offset: Option<i32>,
    /// The time of the file's last record, with the same offset.
    pub last: Time,
    /// Midnights between this record and the last one.
    pub days_back: u32,
}

/// A local time without a year. A parser fills in `last` and `years_back` when it has met the file's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yearless {
    /// The time, in the leap year 2000.
    pub at: DateTime,
    /// The greatest it can be: the last microsecond of its second, where seconds are printed.
    pub until: DateTime,
    /// The time of the file's last record, in the leap year 2000.
    pub last: DateTime,
    /// The last record's day of the week, where the file tells it: it narrows the year.
    pub last_weekday: Option<Weekday>,
    /// New years between this record and the last one.
    pub years_back: u32,
}

/// What an observation says. Each stage picks the facts that it needs; the timeline matches all of them, so
/// that a new fact must say whether it is an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A listing of sockets was taken: what it could show.
    Listing(Listing),
    /// A socket was seen.
    Socket(Box<Socket>),
    /// A process was seen.
    Process(Box<Process>),
    /// A sensor told of a process: its start, its end, its code.
    Life(Box<Life>),
    /// A launchd property list.
    Job(Box<Job>),
    /// A job as launchctl showed it.
    JobState(Box<JobState>),
    /// A job as a sensor read it from its property list: not necessarily loaded.
    JobOnDisk(Box<JobState>),
    /// An event of `launchd.log`.
    JobEvent(Box<JobEvent>),
    /// An override database (or `launchctl print-disabled`) of a domain was read: a label that it does
    /// not name has no override.
    OverridesRead(Domain),
    /// An entry of it. `disabled` is `None` where the value was not understood.
    Override {
        /// The domain it applies to.
        domain: Domain,
        /// The job.
        label: Text,
        /// Whether the job is kept from loading.
        disabled: Option<bool>,
    },
    /// Something about the host itself.
    Host(HostClaim),
    /// The host started (the observation's time), with the boot session's UUID if told.
    Boot {
        /// `kern.bootsessionuuid`.
        uuid: Option<Text>,
        /// Whether the time is exact (`kern.boottime`) or derived (`uptime`).
        exact: bool,
    },
    /// The host started (the observation's time), says a log.
    BootLogged {
        /// `kern.bootsessionuuid`.
        uuid: Option<Text>,
        /// The log, as `boots` names its source.
        log: &'static str,
    },
    /// A boot session was running all through the observation's time: records of a log carry its UUID.
    BootRunning {
        /// `kern.bootsessionuuid`.
        uuid: Text,
    },
    /// The host was shut down, or began to be (the observation's time).
    Shutdown,
    /// The wall clock was stepped (the observation's time).
    ClockStepped,
    /// An event of a socket's life, from a log.
    Flow(Box<Flow>),
    /// A log was read: what it could show.
    Log(Box<LogSpan>),
    /// Something about the acquisition.
    Collection(CollectionClaim),
    /// A collector ran a command (the observation's time).
    Command(Text),
    /// `date` was run beside the captures (the observation's time).
    Clock,
    /// Times, owner and mode of a file, from a bodyfile.
    FileTimes(Box<FileTimes>),
    /// `/etc/services`.
    ServiceNames(Box<ServiceNames>),
    /// A `Port` line of `sshd_config`.
    SshdPort(u16),
    /// The kernel's range of ephemeral ports.
    EphemeralPorts {
        /// `net.inet.ip.portrange.first`.
        first: u16,
        /// `net.inet.ip.portrange.last`.
        last: u16,
    },
    /// What `codesign` said of a program.
    Signature(Box<Signature>),
    /// An item of Background Task Management.
    BackgroundItem(Box<BackgroundItem>),
    /// A setting of the application firewall.
    Firewall(FirewallSetting),
    /// Whether the packet filter was on.
    PacketFilter(bool),
    /// A redirection of the packet filter.
    Redirect(Box<Redirect>),
    /// A system extension.
    SystemExtension(Box<SystemExtension>),
}

/// Whether something holds, where the evidence may not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Not told.
    #[default]
    Unknown,
}

impl Known {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl From<bool> for Known {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// Times, owner and mode of one file (TSK bodyfile 3.x row).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTimes {
    /// Path on the host, with a leading slash.
    pub path: Text,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Mode as `ls -l` prints it.
    pub mode: Option<Text>,
    /// Last content change.
    pub modified: Option<Timestamp>,
    /// Last metadata change.
    pub changed: Option<Timestamp>,
    /// Creation.
    pub created: Option<Timestamp>,
}

/// `/etc/services`: what each name and protocol maps to, and where it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceNames {
    /// Name (or alias) and protocol → port and line.
    pub ports: BTreeMap<(Text, Protocol), (u16, u64)>,
}
