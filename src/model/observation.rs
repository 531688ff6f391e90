//! What parsers say: a [`Fact`] with its place and its time, or a [`Problem`], its failed sibling.

use super::interval::Window;
use super::network::{Endpoint, Families, Protocol, SocketState};
use super::provenance::{Locator, Place};
use super::service::{Domain, Job};
use super::{Text, Timestamp};
use jiff::civil::{Date, DateTime, Weekday};
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
    pub excerpt: Option<Box<str>>,
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
    /// So many seconds before the capture (`uptime`): from `hi_seconds` to `lo_seconds` before it.
    BeforeCapture {
        /// The least number of seconds.
        lo_seconds: i64,
        /// The greatest.
        hi_seconds: i64,
    },
}

/// What an observation says. Matched exhaustively, so that a new fact forces every stage to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A listing of sockets was taken: what it could show.
    Listing(Listing),
    /// A socket was seen.
    Socket(Box<Socket>),
    /// A process was seen.
    Process(Box<Process>),
    /// A launchd property list.
    Job(Box<Job>),
    /// A job as launchctl showed it.
    JobState(Box<JobState>),
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
}

/// The program that printed a listing of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListingTool {
    /// `netstat`.
    Netstat,
    /// `lsof`.
    Lsof,
}

impl ListingTool {
    /// The tool's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netstat => "netstat",
            Self::Lsof => "lsof",
        }
    }
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

/// What one listing of sockets could and could not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The tool.
    pub tool: ListingTool,
    /// The layout, as a person would name it (`G3`, `text`, `fields`).
    pub layout: Text,
    /// Lists listening and bound TCP sockets (`netstat -a`; any lsof without `-s TCP:ESTABLISHED`).
    pub listeners: bool,
    /// Lists TCP.
    pub tcp: bool,
    /// Lists UDP.
    pub udp: bool,
    /// Lists IPv4.
    pub ipv4: bool,
    /// Lists IPv6.
    pub ipv6: bool,
    /// Lists connections besides listeners.
    pub connections: bool,
    /// Names a process for its rows.
    pub owners: bool,
    /// Cuts process names to this many characters.
    pub names_cut: Option<u16>,
    /// Cuts addresses or ports.
    pub endpoints_cut: bool,
    /// Shows the sockets of all users. lsof without root does not; netstat always does.
    pub privileged: Known,
    /// Whole as the tool printed it: not filtered by `grep`, not cut off.
    pub whole: bool,
}

/// The name of a process as a tool printed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessName {
    /// The characters shown, escapes undone.
    pub text: Text,
    /// Whether the tool may have cut it: then it is a prefix.
    pub cut: bool,
}

/// A row of a socket listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Transport; `None` where the tool does not tell.
    pub protocol: Option<Protocol>,
    /// Address family.
    pub families: Families,
    /// The local end.
    pub local: Endpoint,
    /// The remote end ([`Endpoint::NONE`] for a listener).
    pub remote: Endpoint,
    /// Its state.
    pub state: SocketState,
    /// The kernel's address of it: netstat `-A` Socket, lsof DEVICE. Unique within a boot.
    pub pcb: Option<u64>,
    /// netstat's serial number of it (macOS 13 and later). Unique within a boot.
    pub gencnt: Option<u64>,
    /// The process: lsof's holder, netstat's last user of the socket.
    pub pid: Option<u32>,
    /// The process on whose behalf it is used, where that differs.
    pub effective_pid: Option<u32>,
    /// The process's name.
    pub name: Option<ProcessName>,
    /// Login name or numeric uid.
    pub user: Option<Text>,
    /// lsof FD (`0u`, `12u`).
    pub descriptor: Option<Text>,
    /// Bytes received.
    pub bytes_in: Option<u64>,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
}

/// A row of a process listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Parent process id.
    pub ppid: Option<u32>,
    /// Login name or numeric uid.
    pub user: Option<Text>,
    /// Name, where only that is known (lsof COMMAND).
    pub name: Option<ProcessName>,
    /// Path of the executable, where the source proves it (lsof `txt`, `ps -o comm`).
    pub path: Option<Text>,
    /// The command line as `ps` prints it: argv joined by spaces, which the process may have rewritten.
    pub command: Option<Text>,
    /// When it started.
    pub started: Option<Started>,
    /// Whether this row comes from a listing of processes rather than from one of its files.
    pub from_ps: bool,
}

/// A start time as `ps` prints it, relative to the capture or in host-local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// Seconds before the capture (etime; whole seconds, ± 1).
    Elapsed(i64),
    /// The last time before the capture that the clock showed this (younger than 24 h).
    Clock {
        /// 0 to 23.
        hour: i8,
        /// 0 to 59.
        minute: i8,
    },
    /// The last such weekday and hour before the capture (younger than 7 days).
    Weekday {
        /// The day.
        weekday: Weekday,
        /// 0 to 23.
        hour: i8,
    },
    /// That local day.
    Date(Date),
    /// That local second.
    Local(DateTime),
}

/// A job as `launchctl` showed it at the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobState {
    /// The job.
    pub label: Text,
    /// `system`, `gui/501`, …; `None` where the command was run without telling.
    pub domain: Option<Text>,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// Last exit status, as printed.
    pub status: Option<Text>,
    /// `running`, `not running`, … as printed.
    pub state: Option<Text>,
    /// Path of its property list.
    pub plist_path: Option<Text>,
    /// Its program.
    pub program: Option<Text>,
    /// Its arguments.
    pub arguments: Vec<Text>,
    /// The `sockets` it declares (configured, not proven bound).
    pub declared: Vec<super::service::DeclaredPort>,
    /// Why it runs (`ipc (socket)`, `speculative`).
    pub reason: Option<Text>,
}

/// An event of `launchd.log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    /// `system`, `gui/501`, … as the line's context says.
    pub domain: Option<Text>,
    /// The job, if the context names one.
    pub label: Option<Text>,
    /// The process in the context's brackets, where a label is present.
    pub pid: Option<u32>,
    /// What happened.
    pub kind: JobEventKind,
}

/// What `launchd.log` says happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEventKind {
    /// `xpcproxy spawned with pid N`.
    Spawned {
        /// The new process.
        pid: u32,
    },
    /// `Successfully spawned NAME[PID] because REASON`.
    Launched {
        /// The program's name.
        name: Text,
        /// The process.
        pid: u32,
        /// `ipc (socket)`, `speculative`, …
        reason: Text,
    },
    /// `exited due to …, ran for N ms`.
    Exited {
        /// Why, as printed.
        how: Text,
        /// Milliseconds it ran.
        ran_ms: Option<i64>,
    },
    /// `removing service`, `booting out service: caller = …`.
    Removed {
        /// The caller chain, as printed.
        caller: Option<Text>,
    },
    /// `Bootstrap by X[pid] for PATH succeeded|failed`.
    Bootstrap {
        /// Who asked.
        caller: Text,
        /// The property list, unless redacted.
        path: Option<Text>,
        /// Whether it worked.
        succeeded: bool,
    },
    /// `Enabling service LABEL`, `Disabling service LABEL`.
    Enabled(bool),
    /// `launchd logging initialized`: a boot.
    LoggingStarted,
}

/// Where a host name, version or zone was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostClaim {
    /// A host name; the rank is the order of formats.md 3.12 (lower is better).
    Name {
        /// 0 acquisition log, 1 `hostname`, 2 collector's record, 3 preferences, 4 archive name.
        rank: u8,
        /// The name.
        name: Text,
    },
    /// Hardware serial number.
    Serial(Text),
    /// `15.2`.
    OsVersion(Text),
    /// `24C101`.
    OsBuild(Text),
    /// A system that is not a Mac (`Linux`, `iPhone OS`).
    NotMacOs(Text),
    /// An IANA time zone; the rank is the order of formats.md 3.12.
    Zone {
        /// 0 offset in logs, 1 collector's record, 2 `systemsetup`, 3 `/etc/localtime`, 4 preferences.
        rank: u8,
        /// `America/Sao_Paulo`.
        name: Text,
    },
    /// The host's offset from UTC at the observation's time, in seconds.
    Offset {
        /// As for zones.
        rank: u8,
        /// Seconds east of UTC.
        seconds: i32,
    },
    /// A local user and their uid.
    User {
        /// Login name.
        name: Text,
        /// Numeric id.
        uid: u32,
    },
}

/// What a collector says about its own run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollectionClaim {
    /// `uac`, …
    Collector {
        /// Its name.
        name: Text,
        /// Its version, if told.
        version: Option<Text>,
    },
    /// It started at the observation's time.
    Started,
    /// It ended at the observation's time.
    Ended,
    /// `/` for a live run, else the mount point of a dead volume.
    MountPoint(Text),
    /// Whether it ran with privileges.
    Privileged(Known),
    /// A step failed.
    Failed(Text),
    /// A field of the case: `case_id`, `evidence_id`, `examiner`, `notes`.
    CaseField {
        /// Column name.
        field: &'static str,
        /// Its value.
        value: Text,
    },
    /// A hash that the collector recorded for an archive.
    DeclaredHash {
        /// File name.
        file: Text,
        /// `md5`, `sha1`, `sha256`.
        algorithm: &'static str,
        /// Lower-case hexadecimal.
        value: Text,
    },
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

/// Why something could not be read. The column value is kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The operating system or the container refused to give the bytes.
    Unreadable,
    /// It ends too early.
    Truncated,
    /// Encrypted, and no password given opens it.
    Encrypted,
    /// A format or method that Portolan does not read.
    Unsupported,
    /// A limit was reached: size, ratio, depth, count, line length.
    Limit,
    /// A name with `..`.
    UnsafeName,
    /// An absolute name.
    AbsoluteName,
    /// The same name twice in one container.
    DuplicateName,
    /// A link that points out of the tree.
    LinkOutside,
    /// Output of another operating system.
    ForeignFormat,
    /// A record that does not parse.
    MalformedRecord,
    /// A file that does not parse, wholly or in part.
    MalformedFile,
    /// A time that cannot be placed, or has two readings.
    AmbiguousTime,
    /// Two sources disagree on the host's offset from UTC.
    TimeZoneConflict,
    /// A bound that a sighting contradicts.
    BoundConflict,
    /// Two owners for one socket.
    OwnerConflict,
    /// A declared hash that the file does not have.
    HashMismatch,
    /// A parser panicked: a bug of Portolan's.
    Panicked,
}

impl ProblemKind {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::UnsafeName => "unsafe-name",
            Self::AbsoluteName => "absolute-name",
            Self::DuplicateName => "duplicate-name",
            Self::LinkOutside => "link-outside",
            Self::ForeignFormat => "foreign-format",
            Self::MalformedRecord => "malformed-record",
            Self::MalformedFile => "malformed-file",
            Self::AmbiguousTime => "ambiguous-time",
            Self::TimeZoneConflict => "time-zone-conflict",
            Self::BoundConflict => "bound-conflict",
            Self::OwnerConflict => "owner-conflict",
            Self::HashMismatch => "hash-mismatch",
            Self::Panicked => "panicked",
        }
    }

    /// Whether evidence was lost (`error`) or only needs a look (`warning`).
    pub fn severity(self) -> &'static str {
        match self {
            Self::Unreadable
            | Self::Truncated
            | Self::Encrypted
            | Self::Unsupported
            | Self::Limit
            | Self::MalformedFile
            | Self::HashMismatch
            | Self::Panicked => "error",
            Self::UnsafeName
            | Self::AbsoluteName
            | Self::DuplicateName
            | Self::LinkOutside
            | Self::ForeignFormat
            | Self::MalformedRecord
            | Self::AmbiguousTime
            | Self::TimeZoneConflict
            | Self::BoundConflict
            | Self::OwnerConflict => "warning",
        }
    }
}

/// Something that could not be read or placed: a row of `problems`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The place in the file.
    pub locator: Locator,
    /// What kind.
    pub kind: ProblemKind,
    /// A sentence fragment for an analyst.
    pub detail: String,
}
