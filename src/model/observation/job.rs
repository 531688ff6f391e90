//! What `launchctl` and `launchd.log` say about jobs.

use crate::model::Text;
use crate::model::service::DeclaredPort;

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
    pub declared: Vec<DeclaredPort>,
    /// Why it runs (`ipc (socket)`, `speculative`).
    pub reason: Option<Text>,
}

/// An event of a job, as `launchd.log`, `system.log` or the unified log tells it.
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

/// What happened to a job.
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
    /// Background Task Management knows the job.
    Registered {
        /// Its property list.
        path: Option<Text>,
        /// Its program.
        program: Option<Text>,
        /// `enabled, allowed, notified`, as printed.
        disposition: Option<Text>,
    },
    /// A sensor saw its property list put in place.
    Persisted {
        /// The property list.
        path: Option<Text>,
        /// Its program, if told.
        program: Option<Text>,
        /// The process that did it.
        by: Option<Text>,
    },
    /// `Enabling service LABEL`, `Disabling service LABEL`.
    Enabled(bool),
    /// `launchd logging initialized`: a boot.
    LoggingStarted,
}
