//! An event → a sentence.

use super::event::{Event, Subject};
use crate::model::Text;
use crate::model::binding::{Binding, BindingState};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Crash, JobEvent, JobEventKind, NetworkUse};
use crate::model::service::Direction;
use crate::model::stamp;
use crate::ports::{JobRecord, ProcessInstance};

/// The sentence of an event.
pub(super) fn of(event: Event, subject: &Subject<'_>) -> String {
    match subject {
        Subject::Binding(binding) | Subject::Sighting(binding, "") => of_binding(event, binding),
        Subject::Sighting(binding, row) => {
            format!("{} was seen {}: {row}", owner(binding), holding(binding))
        }
        Subject::Process(process) => of_process(event, process),
        Subject::Job(job) => of_job(event, job),
        Subject::JobEvent(job) => of_job_event(job),
        Subject::Boot(boot) if event == Event::BootEnded => {
            format!("Boot {} ended, says {}.", boot.id, boot.source)
        }
        Subject::Boot(boot) => format!("Boot {} started, says {}.", boot.id, boot.source),
        Subject::Acquisition(acquisition) => {
            let which = if event == Event::AcquisitionEnded { "last" } else { "first" };
            format!("The {which} capture of {} by {}.", acquisition.evidence, acquisition.collector)
        }
        Subject::Crash(crash) => of_crash(crash),
        Subject::NetworkUse(used) => of_network_use(event, used),
        Subject::Host if event == Event::ClockStepped => "The wall clock was stepped.".to_owned(),
        Subject::Host => "The host was shut down.".to_owned(),
        Subject::Setting(setting) => setting.message(),
        Subject::Command(command) => format!("The collector ran {command}."),
    }
}

fn of_binding(event: Event, binding: &Binding) -> String {
    let (who, what) = (owner(binding), holding(binding));
    let lasted = binding.interval.is_some_and(|life| life.first_seen != life.last_seen);
    match event {
        Event::EarliestStart => format!("{who} cannot have been {what} before this."),
        Event::LatestEnd => format!("{who} cannot have been {what} after this."),
        Event::FirstSeen if lasted => format!("{who} was first seen {what}."),
        Event::LastSeen => format!("{who} was last seen {what}."),
        _ => format!("{who} was seen {what}."),
    }
}

/// `sshd-helper (pid 311, com.example.helper)`.
fn owner(binding: &Binding) -> String {
    let name = binding.process.as_deref().unwrap_or("An unknown process");
    let pid = binding.pid.map(|pid| format!("pid {pid}"));
    let service = binding.service.as_ref().map(ToString::to_string);
    let known: Vec<String> = pid.into_iter().chain(service).collect();
    if known.is_empty() { name.to_owned() } else { format!("{name} ({})", known.join(", ")) }
}

/// `listening on tcp *:22`, `connected to tcp 203.0.113.7:4444`.
fn holding(binding: &Binding) -> String {
    let protocol = binding.protocol.as_str();
    let (local, remote) = (local_end(binding), remote_end(binding));
    match (binding.direction, binding.state) {
        (Direction::Listen, _) if binding.protocol == Protocol::Tcp => {
            format!("listening on {protocol} {local}")
        }
        _ if !has_peer(binding) => format!("bound to {protocol} {local}"),
        (_, BindingState::Attempted) => format!("trying to connect to {protocol} {remote}"),
        (_, BindingState::Failed) => format!("failing to connect to {protocol} {remote}"),
        (Direction::Outbound, _) => format!("connected to {protocol} {remote}"),
        (Direction::Inbound, _) => format!("connected from {protocol} {remote} to {local}"),
        (Direction::Listen | Direction::Unknown, _) => {
            format!("connected with {protocol} {remote} from {local}")
        }
    }
}

/// Whether anything is known of a remote end.
pub(super) fn has_peer(binding: &Binding) -> bool {
    binding.remote_address.is_some() || binding.remote_port.is_some()
}

/// `127.0.0.1:53, [::1]:53`.
fn local_end(binding: &Binding) -> String {
    let ends: Vec<_> =
        binding.local_addresses.iter().map(|one| end(&one.text(), binding.local_port)).collect();
    if ends.is_empty() { end("", binding.local_port) } else { ends.join(", ") }
}

fn remote_end(binding: &Binding) -> String {
    let address = binding.remote_address.as_ref().map(crate::model::network::Address::text);
    end(&address.unwrap_or_default(), binding.remote_port)
}

fn end(address: &str, port: Option<u16>) -> String {
    let port = port.map_or_else(|| "?".to_owned(), |port| port.to_string());
    match address {
        "" => format!("?:{port}"),
        six if six.contains(':') => format!("[{six}]:{port}"),
        other => format!("{other}:{port}"),
    }
}

fn of_process(event: Event, process: &ProcessInstance) -> String {
    let name = process.name.as_ref().map_or("An unknown process", |name| &name.text);
    let (verb, window) = match event {
        Event::ProcessExited => ("exited", process.exited),
        _ => ("started", process.started),
    };
    format!("{name} (pid {}) {verb}{}.", process.pid, not_before(window))
}

/// What an instant that is known as an interval leaves open.
fn not_before(window: Option<Window>) -> String {
    match window {
        Some(window) if window.lo != window.hi => {
            format!(" by this time, and not before {}", stamp(window.lo))
        }
        _ => String::new(),
    }
}

fn of_job(event: Event, job: &JobRecord) -> String {
    let path = job.plist_path.as_deref().unwrap_or("its property list");
    let verb = if event == Event::PlistCreated { "created" } else { "modified" };
    let label = if job.label.is_empty() { "a job whose label is not known" } else { &*job.label };
    format!("{path}, the property list of {label}, was {verb}.")
}

fn of_job_event(job: &JobEvent) -> String {
    let label = job.label.as_deref().unwrap_or("a job");
    let domain = job.domain.as_ref().map_or_else(String::new, |domain| format!(" in {domain}"));
    match &job.kind {
        JobEventKind::Spawned { pid } => format!("launchd spawned {label}{domain} as pid {pid}."),
        JobEventKind::Launched { name, pid, reason } => {
            format!("launchd started {name} (pid {pid}) for {label}{domain} because {reason}.")
        }
        JobEventKind::Exited { how, ran_ms } => {
            let pid = job.pid.map_or_else(String::new, |pid| format!(" (pid {pid})"));
            let ran = ran_ms.map_or_else(String::new, |ms| format!(", after {ms} ms"));
            format!("{label}{pid} exited: {how}{ran}.")
        }
        JobEventKind::Removed { caller } => {
            let by = caller.as_ref().map_or_else(String::new, |who| format!(", asked by {who}"));
            format!("launchd removed {label}{domain}{by}.")
        }
        JobEventKind::Bootstrap { caller, path, succeeded } => {
            let what = path.as_deref().unwrap_or("a property list whose path is redacted");
            let result = if *succeeded { "launchd did" } else { "it did not work" };
            format!("{caller} asked launchd to load {what}{domain}; {result}.")
        }
        JobEventKind::Registered { path, program, disposition } => {
            let told = |what: &str, value: &Option<Text>| {
                value.as_ref().map_or_else(String::new, |value| format!("; {what}: {value}"))
            };
            format!(
                "Background Task Management knows {label}{}{}{}.",
                told("property list", path),
                told("program", program),
                told("it is", disposition)
            )
        }
        JobEventKind::Persisted { path, program, by } => {
            let path = path.as_deref().unwrap_or("a property list");
            let by = by.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
            let runs =
                program.as_ref().map_or_else(String::new, |what| format!("; it runs {what}"));
            format!("A sensor saw {path}, of {label}{domain}, put in place{by}{runs}.")
        }
        JobEventKind::Enabled(true) => format!("launchd enabled {label}{domain}."),
        JobEventKind::Enabled(false) => format!("launchd disabled {label}{domain}."),
        JobEventKind::LoggingStarted => "launchd began its log: the host started.".to_owned(),
    }
}

/// `ferryd (pid 412, child of launchd) crashed, says its report; coalition net.ferry.daemon, team ABCDE12345.`
fn of_crash(crash: &Crash) -> String {
    let process = &crash.process;
    let name = process.name.as_ref().map_or("An unknown process", |name| &name.text);
    let parent = crash.parent.as_ref().map_or_else(String::new, |who| format!(", child of {who}"));
    let what =
        if crash.ended.is_some() { "crashed" } else { "was in trouble and may have gone on" };
    let told = [("coalition", &crash.coalition), ("bundle", &crash.bundle), ("team", &crash.team)];
    let told: Vec<String> =
        told.iter().filter_map(|(word, it)| Some(format!("{word} {}", it.as_ref()?))).collect();
    let told = if told.is_empty() { String::new() } else { format!("; {}", told.join(", ")) };
    format!("{name} (pid {}{parent}) {what}, says its report{told}.", process.pid)
}

/// What the system counted says nothing of ports, nor of what lies between its first and its last use.
fn of_network_use(event: Event, used: &NetworkUse) -> String {
    let name = used.process.as_deref().unwrap_or("An unknown process");
    let bundle = used.bundle.as_deref().filter(|bundle| *bundle != name);
    let bundle = bundle.map_or_else(String::new, |bundle| format!(" ({bundle})"));
    if event == Event::NetworkFirstUsed {
        return format!("{name}{bundle} used the network, for the first time that is on record.");
    }
    let bytes = used.bytes_in.zip(used.bytes_out);
    let bytes = bytes.map_or_else(String::new, |(received, sent)| {
        format!("; {received} bytes received and {sent} sent since the first")
    });
    format!("{name}{bundle} used the network, for the last time that is on record{bytes}.")
}
