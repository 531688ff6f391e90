//! Everything datable → `timeline`: one line each, in order of time.

mod event;
mod message;
mod setting;

use super::View;
use super::table::{Cell, Column, Record, cells, integer, text};
use super::view::{local_addresses, place_for};
use crate::hosts::{Dated, HostCase};
use crate::model::Timestamp;
use crate::model::anomaly::Anomaly;
use crate::model::binding::{Binding, Citation, CitationRole};
use crate::model::network::{Address, Protocol};
use crate::model::observation::{Fact, JobEventKind};
use crate::model::provenance::Place;
use crate::ports::{HostPorts, JobRecord};
use event::{Event, Subject};

/// Something that happened, or a bound of when it can have happened.
pub(super) struct TimelineRow<'a> {
    time: Timestamp,
    host: &'a str,
    event: Event,
    subject: Subject<'a>,
    anomaly: Option<&'a Anomaly>,
    place: Option<Place>,
    view: &'a View<'a>,
}

impl Record for TimelineRow<'_> {
    const TABLE: &'static str = "timeline";
    const MEANING: &'static str = "Everything datable in order of time, one line each. What is known only \
         to lie in an interval stands at its upper edge. `--since` and `--until` limit this table only.";
    const COLUMNS: &'static [Column] = &[
        text("datetime", "When, UTC."),
        text("timestamp_desc", "What that time is, for a reader."),
        text("message", "What happened, in a sentence."),
        integer("timestamp", "The same time in microseconds since 1970-01-01 UTC."),
        text("host", "The host."),
        text(
            "event",
            "What happened, for a filter: `first_seen` (also the last, where no `last_seen` follows), \
             `sighting`, `last_seen`, `earliest_start`, `latest_end` of a binding; `process_started`, \
             `process_exited`; `job_spawned`, `job_launched`, `job_exited`, `job_removed`, \
             `job_bootstrapped`, `job_enabled`, `job_disabled`; `plist_created`, `plist_modified`; \
             `boot_started`, `boot_ended`, `launchd_started`; `crash_reported`; `network_first_used`, \
             `network_last_used`; `firewall_seen`, `redirect_seen`, `extension_seen`, \
             `background_item_seen`: what was set so at the capture, or stands in a file of the acquisition; `acquisition_started`, `command_run`, `acquisition_ended`.",
        ),
        text("direction", "Of the binding."),
        text("protocol", "`tcp` or `udp`."),
        text("local_address", "Local addresses, joined by `,`."),
        integer("local_port", "Local port; of a redirection, the port that is redirected."),
        text("remote_address", "The peer; of a redirection, where it leads."),
        integer("remote_port", "Port of the peer, likewise."),
        text("process", "The process."),
        text("process_path", "Path of its executable."),
        integer("pid", "Its process id."),
        text("service", "Label of the launchd job."),
        text("severity", "Of the anomaly that this belongs to, if there is one."),
        text("binding_id", "The binding."),
        text("anomaly_id", "The anomaly of that binding or job."),
        text("source", "The place in the evidence that tells so."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let subject = &self.subject;
        let (binding, setting) = (subject.binding(), subject.setting());
        let protocol = binding.map(|binding| binding.protocol);
        let protocol = protocol.or_else(|| setting.and_then(|setting| setting.protocol()));
        let local_port = binding.and_then(|binding| binding.local_port);
        let remote_address =
            binding.and_then(|binding| binding.remote_address.as_ref()).map(Address::text);
        let remote_port = binding.and_then(|binding| binding.remote_port);
        cells![
            self.time,
            self.event.description(),
            message::of(self.event, subject),
            self.time.as_microsecond(),
            self.host,
            self.event.as_str(),
            binding.map(|binding| binding.direction.as_str()),
            protocol.map(Protocol::as_str),
            binding.map(local_addresses),
            local_port.or_else(|| setting.and_then(|setting| setting.local_port())),
            remote_address.or_else(|| setting.and_then(|setting| setting.remote_address())),
            remote_port.or_else(|| setting.and_then(|setting| setting.remote_port())),
            subject.process(),
            subject.process_path(),
            subject.pid(),
            subject.service(),
            self.anomaly.map(|anomaly| anomaly.severity.as_str()),
            binding.map(|binding| &binding.id),
            self.anomaly.map(|anomaly| &anomaly.id),
            self.place.map(|place| self.view.place(place)),
        ]
    }
}

/// The rows of `timeline`.
pub(super) fn timeline<'a>(view: &'a View<'a>) -> Vec<TimelineRow<'a>> {
    let mut rows = Vec::new();
    for (index, case, ports) in view.hosts() {
        let mut host = OfHost { index, name: &case.host.name, view, rows: &mut rows };
        host.frame(case);
        host.facts(case);
        host.settings(case);
        host.processes(ports);
        host.jobs(ports);
        host.bindings(ports);
    }
    rows.sort_by(|a, b| {
        let key = |row: &TimelineRow<'a>| (row.time, row.host, row.event, row.place);
        key(a).cmp(&key(b)).then_with(|| a.subject.key().cmp(b.subject.key()))
    });
    without_repeats(rows)
}

/// Events of one instant among which a repeat is sought.
const INSTANT: usize = 64;

/// Several exports of a log tell of one event of a job: the first counts. What one file tells twice happened twice.
fn without_repeats(rows: Vec<TimelineRow<'_>>) -> Vec<TimelineRow<'_>> {
    let mut kept: Vec<TimelineRow<'_>> = Vec::with_capacity(rows.len());
    for row in rows {
        let before = kept.iter().rev().take(INSTANT);
        let repeats =
            before.take_while(|other| other.time == row.time).any(|other| row.repeats(other));
        if !repeats {
            kept.push(row);
        }
    }
    kept
}

impl TimelineRow<'_> {
    /// Whether another file already told of the same event of a job.
    fn repeats(&self, other: &Self) -> bool {
        let (Subject::JobEvent(one), Subject::JobEvent(two)) = (self.subject, other.subject) else {
            return false;
        };
        let source = |row: &Self| row.place.map(|place| place.source);
        self.host == other.host && one == two && source(self) != source(other)
    }
}

/// Collects the rows of one host.
struct OfHost<'a, 'r> {
    index: usize,
    name: &'a str,
    view: &'a View<'a>,
    rows: &'r mut Vec<TimelineRow<'a>>,
}

/// An event on its way into the table.
#[derive(Clone, Copy)]
struct Happening<'a> {
    event: Event,
    subject: Subject<'a>,
    anomaly: Option<&'a Anomaly>,
    place: Option<Place>,
}

impl<'a> OfHost<'a, '_> {
    fn add(&mut self, time: Option<Timestamp>, happening: Happening<'a>) {
        let Some(time) = time.filter(|time| self.view.shows(*time)) else { return };
        let Happening { event, subject, anomaly, place } = happening;
        let (host, view) = (self.name, self.view);
        self.rows.push(TimelineRow { time, host, event, subject, anomaly, place, view });
    }

    fn plain(&mut self, time: Option<Timestamp>, event: Event, subject: Subject<'a>) {
        self.add(time, Happening { event, subject, anomaly: None, place: None });
    }

    fn frame(&mut self, case: &'a HostCase) {
        for boot in &case.boots {
            let subject = Subject::Boot(boot);
            self.plain(boot.started.map(|window| window.hi), Event::BootStarted, subject);
            self.plain(boot.ended.map(|window| window.hi), Event::BootEnded, subject);
        }
        for acquisition in &case.acquisitions {
            let (captured, subject) = (acquisition.captured, Subject::Acquisition(acquisition));
            self.plain(captured.map(|window| window.lo), Event::AcquisitionStarted, subject);
            self.plain(captured.map(|window| window.hi), Event::AcquisitionEnded, subject);
        }
    }

    fn facts(&mut self, case: &'a HostCase) {
        for dated in &case.facts {
            let time = dated.time.as_ref().map(|time| time.window.hi);
            let place = Some(dated.place);
            if let Some((event, subject)) = event_of(dated) {
                self.add(time, Happening { event, subject, anomaly: None, place });
            }
            if let (Fact::NetworkUse(used), Some(window)) = (&dated.fact, dated.window()) {
                let subject = Subject::NetworkUse(used);
                for (at, event) in
                    [(window.lo, Event::NetworkFirstUsed), (window.hi, Event::NetworkLastUsed)]
                {
                    self.add(Some(at), Happening { event, subject, anomaly: None, place });
                }
            }
        }
    }

    fn settings(&mut self, case: &'a HostCase) {
        for (time, setting, fact) in setting::settings(case) {
            let (event, subject) = (setting.event(), Subject::Setting(setting));
            let place = Some(fact.place);
            self.add(Some(time), Happening { event, subject, anomaly: None, place });
        }
    }

    fn processes(&mut self, ports: &'a HostPorts) {
        for process in &ports.processes {
            let subject = Subject::Process(process);
            let place_of = |role| {
                let citation = process.citations.iter().find(|citation| citation.role == role);
                citation.or_else(|| process.citations.first()).map(|citation| citation.place)
            };
            let (started, exited) = (process.started, process.exited);
            let place = place_of(CitationRole::StartBound);
            let happening =
                Happening { event: Event::ProcessStarted, subject, anomaly: None, place };
            self.add(started.map(|window| window.hi), happening);
            let place = place_of(CitationRole::EndBound);
            let happening =
                Happening { event: Event::ProcessExited, subject, anomaly: None, place };
            self.add(exited.map(|window| window.hi), happening);
        }
    }

    fn jobs(&mut self, ports: &'a HostPorts) {
        for (at, job) in ports.jobs.iter().enumerate() {
            let anomaly = self.view.anomaly_of_job(self.index, at);
            let place = place_of_job(job);
            for (time, event) in [
                (job.plist_created, Event::PlistCreated),
                (job.plist_modified, Event::PlistModified),
            ] {
                self.add(time, Happening { event, subject: Subject::Job(job), anomaly, place });
            }
        }
    }

    fn bindings(&mut self, ports: &'a HostPorts) {
        for (at, binding) in ports.bindings.iter().enumerate() {
            let anomaly = self.view.anomaly_of_binding(self.index, at);
            for (time, event, role) in edges_of(binding) {
                let place = place_for(binding, role, time);
                self.add(
                    time,
                    Happening { event, subject: Subject::Binding(binding), anomaly, place },
                );
            }
            for citation in sightings_between(binding) {
                let row = citation.excerpt.as_deref().unwrap_or_default();
                let (event, subject) = (Event::Sighting, Subject::Sighting(binding, row));
                let place = Some(citation.place);
                let time = citation.window.map(|window| window.hi);
                self.add(time, Happening { event, subject, anomaly, place });
            }
        }
    }
}

fn place_of_job(job: &JobRecord) -> Option<Place> {
    job.source
}

/// The edges of a binding's life. A binding seen at one instant only has no last sighting of its own.
fn edges_of(binding: &Binding) -> Vec<(Option<Timestamp>, Event, CitationRole)> {
    let Some(life) = &binding.interval else { return Vec::new() };
    let last = (life.last_seen != life.first_seen).then_some(life.last_seen);
    vec![
        (life.earliest_start, Event::EarliestStart, CitationRole::StartBound),
        (Some(life.first_seen), Event::FirstSeen, CitationRole::Sighting),
        (last, Event::LastSeen, CitationRole::Sighting),
        (life.latest_end, Event::LatestEnd, CitationRole::EndBound),
    ]
}

/// The single sightings that the edges do not already tell: those of a listener between its first and
/// its last; all sockets of a connection, where it has more than one.
fn sightings_between(binding: &Binding) -> Vec<&Citation> {
    let Some(life) = &binding.interval else { return Vec::new() };
    let sightings: Vec<&Citation> = binding
        .citations
        .iter()
        .filter(|citation| citation.role == CitationRole::Sighting && citation.window.is_some())
        .collect();
    if !message::has_peer(binding) || sightings.len() < 2 {
        let inner = |time: Timestamp| life.first_seen < time && time < life.last_seen;
        let at = |citation: &&Citation| citation.window.is_some_and(|window| inner(window.hi));
        return sightings.into_iter().filter(at).collect();
    }
    sightings
}

/// The event that a fact is, if it is one that no other table has already dated.
fn event_of(dated: &Dated) -> Option<(Event, Subject<'_>)> {
    match &dated.fact {
        Fact::JobEvent(job) => {
            let event = match &job.kind {
                JobEventKind::Spawned { .. } => Event::JobSpawned,
                JobEventKind::Launched { .. } => Event::JobLaunched,
                JobEventKind::Exited { .. } => Event::JobExited,
                JobEventKind::Removed { .. } => Event::JobRemoved,
                JobEventKind::Bootstrap { .. } => Event::JobBootstrapped,
                JobEventKind::Registered { .. } | JobEventKind::Persisted { .. } => {
                    Event::JobRegistered
                }
                JobEventKind::Enabled(true) => Event::JobEnabled,
                JobEventKind::Enabled(false) => Event::JobDisabled,
                JobEventKind::LoggingStarted => Event::LaunchdStarted,
            };
            Some((event, Subject::JobEvent(job)))
        }
        Fact::Command(command) => Some((Event::CommandRun, Subject::Command(command))),
        Fact::Shutdown => Some((Event::ShutDown, Subject::Host)),
        Fact::ClockStepped => Some((Event::ClockStepped, Subject::Host)),
        Fact::Crash(crash) => Some((Event::CrashReported, Subject::Crash(crash))),
        // The first and the last use are two events of their own. What a tool lists as starting by itself is
        // there, whenever it came: the times of its property list tell more.
        // Sockets, processes, jobs and boots come from the tables that merged them; a bodyfile has a
        // row for every file of the host, of which only property lists matter here.
        Fact::NetworkUse(_)
        | Fact::AutoStart(_)
        | Fact::Listing(_)
        | Fact::Socket(_)
        | Fact::Process(_)
        | Fact::Life(_)
        | Fact::JobOnDisk(_)
        | Fact::Job(_)
        | Fact::JobState(_)
        | Fact::OverridesRead(_)
        | Fact::Override { .. }
        | Fact::Host(_)
        | Fact::Boot { .. }
        | Fact::BootLogged { .. }
        | Fact::BootRunning { .. }
        | Fact::Flow(_)
        | Fact::Log(_)
        | Fact::Collection(_)
        | Fact::Clock
        | Fact::FileTimes(_)
        | Fact::ServiceNames(_)
        | Fact::SshdPort(_)
        | Fact::EphemeralPorts { .. }
        // Who signed a program stands in the table of services and processes.
        | Fact::Signature(_)
        // Settings are gathered by themselves: a file that was copied has no time of its own.
        | Fact::BackgroundItem(_)
        | Fact::Firewall(_)
        | Fact::PacketFilter(_)
        | Fact::Redirect(_)
        | Fact::SystemExtension(_) => None,
    }
}
