//! The kinds of events of the timeline, and what each is about.

use super::setting::Setting;
use crate::model::Text;
use crate::model::binding::Binding;
use crate::model::host::{Acquisition, Boot};
use crate::model::observation::{Crash, JobEvent, JobEventKind, NetworkUse};
use crate::ports::{JobRecord, ProcessInstance};

/// A kind of event. Ordered as things of the same instant are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    BootEnded,
    BootStarted,
    LaunchdStarted,
    PlistCreated,
    PlistModified,
    JobRegistered,
    JobBootstrapped,
    JobEnabled,
    JobDisabled,
    JobSpawned,
    JobLaunched,
    ProcessStarted,
    NetworkFirstUsed,
    EarliestStart,
    AcquisitionStarted,
    CommandRun,
    FirstSeen,
    Sighting,
    LastSeen,
    NetworkLastUsed,
    FirewallSeen,
    RedirectSeen,
    ExtensionSeen,
    BackgroundItemSeen,
    CrashReported,
    JobExited,
    ProcessExited,
    JobRemoved,
    LatestEnd,
    AcquisitionEnded,
    ClockStepped,
    ShutDown,
}

impl Event {
    /// The `event` column and the `timestamp_desc` column.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BootEnded => ("boot_ended", "Boot Ended"),
            Self::BootStarted => ("boot_started", "Boot Started"),
            Self::LaunchdStarted => ("launchd_started", "Launchd Started"),
            Self::PlistCreated => ("plist_created", "Creation Time"),
            Self::PlistModified => ("plist_modified", "Content Modification Time"),
            Self::JobRegistered => ("job_registered", "Background Item Registered"),
            Self::JobBootstrapped => ("job_bootstrapped", "Service Loaded"),
            Self::JobEnabled => ("job_enabled", "Service Enabled"),
            Self::JobDisabled => ("job_disabled", "Service Disabled"),
            Self::JobSpawned => ("job_spawned", "Service Spawned"),
            Self::JobLaunched => ("job_launched", "Service Launched"),
            Self::ProcessStarted => ("process_started", "Process Started"),
            Self::EarliestStart => ("earliest_start", "Earliest Possible Start"),
            Self::AcquisitionStarted => ("acquisition_started", "First Capture"),
            Self::CommandRun => ("command_run", "Collector Command"),
            Self::FirstSeen => ("first_seen", "First Seen"),
            Self::Sighting => ("sighting", "Seen"),
            Self::LastSeen => ("last_seen", "Last Seen"),
            Self::JobExited => ("job_exited", "Service Exited"),
            Self::ProcessExited => ("process_exited", "Process Exited"),
            Self::JobRemoved => ("job_removed", "Service Removed"),
            Self::LatestEnd => ("latest_end", "Latest Possible End"),
            Self::NetworkFirstUsed => ("network_first_used", "Network First Used"),
            Self::NetworkLastUsed => ("network_last_used", "Network Last Used"),
            Self::FirewallSeen => ("firewall_seen", "Firewall Setting Seen"),
            Self::RedirectSeen => ("redirect_seen", "Redirection Seen"),
            Self::ExtensionSeen => ("extension_seen", "System Extension Seen"),
            Self::BackgroundItemSeen => ("background_item_seen", "Background Item Seen"),
            Self::CrashReported => ("crash_reported", "Crash Reported"),
            Self::ClockStepped => ("clock_stepped", "Clock Stepped"),
            Self::ShutDown => ("shut_down", "Shut Down"),
            Self::AcquisitionEnded => ("acquisition_ended", "Last Capture"),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        self.words().0
    }

    pub(super) fn description(self) -> &'static str {
        self.words().1
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Binding(&'a Binding),
    /// One sighting of a binding, with the row as it stood.
    Sighting(&'a Binding, &'a str),
    Process(&'a ProcessInstance),
    Job(&'a JobRecord),
    JobEvent(&'a JobEvent),
    Boot(&'a Boot),
    Acquisition(&'a Acquisition),
    Crash(&'a Crash),
    NetworkUse(&'a NetworkUse),
    Command(&'a Text),
    /// What was set when the evidence was collected.
    Setting(Setting<'a>),
    Host,
}

impl<'a> Subject<'a> {
    pub(super) fn binding(self) -> Option<&'a Binding> {
        if let Self::Binding(binding) | Self::Sighting(binding, _) = self {
            Some(binding)
        } else {
            None
        }
    }

    pub(super) fn setting(self) -> Option<Setting<'a>> {
        if let Self::Setting(setting) = self { Some(setting) } else { None }
    }

    /// The name of the process that an event is about.
    pub(super) fn process(self) -> Option<&'a Text> {
        match self {
            Self::Binding(binding) | Self::Sighting(binding, _) => binding.process.as_ref(),
            Self::Process(process) => process.name.as_ref().map(|name| &name.text),
            Self::Crash(crash) => crash.process.name.as_ref().map(|name| &name.text),
            Self::NetworkUse(used) => used.process.as_ref(),
            Self::JobEvent(JobEvent { kind: JobEventKind::Launched { name, .. }, .. }) => {
                Some(name)
            }
            Self::JobEvent(_)
            | Self::Job(_)
            | Self::Boot(_)
            | Self::Acquisition(_)
            | Self::Command(_)
            | Self::Setting(_)
            | Self::Host => None,
        }
    }

    pub(super) fn process_path(self) -> Option<&'a Text> {
        match self {
            Self::Binding(binding) | Self::Sighting(binding, _) => binding.process_path.as_ref(),
            Self::Process(process) => process.path.as_ref(),
            Self::Job(job) => job.program.as_ref(),
            Self::Crash(crash) => crash.process.path.as_ref(),
            Self::JobEvent(JobEvent {
                kind:
                    JobEventKind::Registered { program, .. } | JobEventKind::Persisted { program, .. },
                ..
            }) => program.as_ref(),
            Self::Setting(setting) => setting.program(),
            Self::JobEvent(_)
            | Self::Boot(_)
            | Self::Acquisition(_)
            | Self::NetworkUse(_)
            | Self::Command(_)
            | Self::Host => None,
        }
    }

    pub(super) fn pid(self) -> Option<u32> {
        match self {
            Self::Binding(binding) | Self::Sighting(binding, _) => binding.pid,
            Self::Process(process) => Some(process.pid),
            Self::Crash(crash) => Some(crash.process.pid),
            Self::JobEvent(job) => match &job.kind {
                JobEventKind::Spawned { pid } | JobEventKind::Launched { pid, .. } => Some(*pid),
                _ => job.pid,
            },
            Self::Job(_)
            | Self::Boot(_)
            | Self::Acquisition(_)
            | Self::NetworkUse(_)
            | Self::Command(_)
            | Self::Setting(_)
            | Self::Host => None,
        }
    }

    pub(super) fn service(self) -> Option<&'a Text> {
        match self {
            Self::Binding(binding) | Self::Sighting(binding, _) => binding.service.as_ref(),
            Self::Process(process) => process.label.as_ref(),
            Self::Job(job) => Some(&job.label),
            Self::JobEvent(job) => job.label.as_ref(),
            Self::Setting(setting) => setting.service(),
            Self::Boot(_)
            | Self::Acquisition(_)
            | Self::Crash(_)
            | Self::NetworkUse(_)
            | Self::Command(_)
            | Self::Host => None,
        }
    }

    /// What orders two events of the same kind, instant and place.
    pub(super) fn key(&self) -> &'a str {
        match self {
            Self::Binding(binding) | Self::Sighting(binding, _) => &binding.id,
            Self::Process(process) => &process.id,
            Self::Job(job) => &job.label,
            Self::JobEvent(job) => job.label.as_deref().unwrap_or_default(),
            Self::Boot(boot) => &boot.id,
            Self::Acquisition(acquisition) => &acquisition.id,
            Self::Crash(crash) => crash.process.path.as_deref().unwrap_or_default(),
            Self::NetworkUse(used) => used.process.as_deref().unwrap_or_default(),
            Self::Command(command) => command,
            Self::Setting(setting) => setting.key(),
            Self::Host => "",
        }
    }
}
