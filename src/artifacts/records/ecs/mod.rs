//! Events in the Elastic Common Schema (Elastic Endpoint and its kin) → connections, lives of processes, jobs.

mod events;
mod network;

pub(super) use self::events::is_job;
use self::network::Attempts;
use super::fields::{find, instant, pid, row, text, when};
use super::objects::for_each_object;
use super::spans::Spans;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::Text;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, LogKind, ProblemKind, When};
use crate::model::provenance::Locator;
use serde_json::Value;
use std::collections::BTreeMap;

catalog::entry! {
    /// Events in the Elastic Common Schema (Elastic Endpoint and its kin) → connections, lives of processes, jobs.
    ///
    /// ## What it proves
    /// That a process of a Mac tried to connect to an address and port (`connection_attempted`), and that a
    /// connection of it ended with so many bytes (`disconnect_received`); when programs started and exited, with
    /// path, arguments, parent, user and signature; that a property list of launchd was put in place, and by whom.
    /// A record is cited by the names and values of those of its fields that matter.
    ///
    /// ## What it does not
    /// An attempt is not a connection: only bytes that came in show one. On a Mac, Elastic Endpoint reports no
    /// listener, no bind and no accepted connection, and an export holds what its search found: absence proves
    /// nothing. Network events that name no process (a sensor on the wire) are counted and not used. Records of
    /// Windows and Linux hosts are counted; a file of only such is refused.
    ///
    /// ## Format source
    /// `elastic/endpoint-package` (network, process, file and persistence events of macOS); exports of
    /// Elasticsearch: a record a line, an array, hits of a search with `_source`, text of Kibana's console with
    /// `"""`; keys nested or dotted. formats.md 3.8.
    pub EcsEvents
}

/// Keys of which some two stand near the beginning of every record or search.
const KEYS: &[&str] = &[
    "\"@timestamp\"",
    "\"ecs\"",
    "\"ecs.version\"",
    "\"data_stream\"",
    "\"data_stream.dataset\"",
    "\"event.action\"",
    "\"event.category\"",
    "\"event.dataset\"",
    "\"host.os.type\"",
    "\"_source\"",
    "\"entity_id\"",
    "\"process.entity_id\"",
    "\"destination\"",
];

/// What records are cited by.
const CITED: &[&str] = &[
    "@timestamp",
    "event.action",
    "event.dataset",
    "event.id",
    "process.pid",
    "process.executable",
    "process.command_line",
    "process.parent.pid",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "network.transport",
    "source.bytes",
    "destination.bytes",
    "file.path",
    "Persistence.path",
    "user.name",
];

impl Artifact for EcsEvents {
    fn id(&self) -> &'static str {
        "ecs-events"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let text = candidate.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let keys = KEYS.iter().filter(|key| text.contains(*key)).count();
        let own = ["@timestamp\"", "endpoint.events.", "\"event.", "\"_source\""];
        let own = own.iter().any(|sign| text.contains(sign));
        if text.starts_with(['{', '[']) && own && keys >= 2 { Claim::ByContent } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut events = Events::default();
        let result = for_each_object(input, out, &mut |line, object, out| {
            let Ok(value) = serde_json::from_str::<Value>(object) else { return false };
            events.read(line, &value, out);
            true
        });
        events.finish(out)?;
        result
    }
}

/// What is remembered from record to record.
#[derive(Debug, Default)]
struct Events {
    spans: Spans,
    attempts: Attempts,
    /// The version of macOS that was told last of each Mac.
    versions: BTreeMap<Text, String>,
    /// Records of Macs, and of other systems.
    own: u64,
    /// Objects that are no records.
    others: u64,
    foreign: BTreeMap<String, u64>,
}

impl Events {
    /// Reads an object: a record, or the answer to a search.
    fn read(&mut self, line: u64, value: &Value, out: &mut Emitter) {
        let hits = ["hits.hits", "hits.events"];
        if let Some(Value::Array(hits)) = hits.iter().find_map(|path| find(value, path)) {
            for hit in hits {
                self.record(line, body(hit), out);
            }
            return;
        }
        self.record(line, body(value), out);
    }

    fn record(&mut self, line: u64, record: &Value, out: &mut Emitter) {
        let locator = Locator::Line(line);
        out.subject = None;
        if text(record, "@timestamp").is_none() && text(record, "event.action").is_none() {
            self.others = self.others.saturating_add(1);
            return out.skip("objects that are no events");
        }
        if let Some(system) = other_system(record) {
            let count = self.foreign.entry(system).or_default();
            *count = count.saturating_add(1);
            return out.skip("records of another operating system");
        }
        self.own = self.own.saturating_add(1);
        let time = text(record, "@timestamp").and_then(instant);
        if time.is_none() {
            let detail = "the record has no time that can be read: it stays undated";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        let when = when(time);
        let host = text(record, "host.hostname").or_else(|| text(record, "host.name"));
        out.subject = host.map(|host| out.text(host));
        self.spans.met(locator, &when, out);
        self.version(locator, record, out);
        let at = time.map(Window::at);
        let fact = match self.fact(record, at, out) {
            Ok(fact) => fact,
            Err(Passed::Idle(why)) => return out.skip(why),
            Err(Passed::Broken(detail)) => {
                return out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
        };
        out.cite(locator, when, &row(record, CITED), fact);
    }

    fn fact(
        &mut self,
        record: &Value,
        at: Option<Window>,
        out: &mut Emitter,
    ) -> Result<Fact, Passed> {
        let action = text(record, "event.action").unwrap_or_default();
        let of = |what: &str| {
            let categories = super::fields::texts(record, "event.category");
            let dataset = text(record, "event.dataset").unwrap_or_default();
            categories.contains(&what) || dataset.rsplit('.').next() == Some(what)
        };
        if of("network") {
            return self.attempts.flow(action, record, out);
        }
        if action == "launch_daemon" || action == "launch_agent" {
            return Ok(events::persistence(record, out));
        }
        if of("process") && pid(record, "process.pid").is_none() {
            return Err(Passed::Broken("a process event without a process id"));
        }
        match action {
            "exec" | "start" if of("process") => Ok(events::exec(record, at, out)),
            "fork" if of("process") => Ok(events::fork(record, at, out)),
            "end" | "exit" if of("process") => Ok(events::end(record, at, out)),
            _ if of("file") => events::file(action, record, out),
            _ => Err(Passed::Idle("events of other kinds")),
        }
    }

    /// Tells the version of macOS where a record tells another than the one before.
    fn version(&mut self, locator: Locator, record: &Value, out: &mut Emitter) {
        let (Some(host), Some(version)) = (&out.subject, text(record, "host.os.version")) else {
            return;
        };
        let known = self.versions.get(host).is_some_and(|known| known == version);
        if known || self.versions.len() >= limits::SUBJECTS {
            return;
        }
        self.versions.insert(Text::clone(host), version.to_owned());
        let version = out.text(version);
        out.fact(locator, When::Undated, Fact::Host(HostClaim::OsVersion(version)));
    }

    fn finish(self, out: &mut Emitter) -> Result<(), ParseError> {
        out.subject = None;
        let systems: Vec<&str> = self.foreign.keys().map(String::as_str).collect();
        if let (0, false) = (self.own, systems.is_empty()) {
            let systems = systems.join(", ");
            return Err(ParseError::Foreign(format!(
                "events of {systems}; portolan analyses macOS acquisitions"
            )));
        }
        if self.own == 0 && self.others > 0 {
            out.partial = true;
            let detail = "none of its objects is an event: nothing of it is read";
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
        for (system, count) in self.foreign {
            let detail = format!("{count} records of {system}: they are not used");
            out.problem(Locator::Whole, ProblemKind::ForeignFormat, detail);
        }
        self.spans.finish(LogKind::Ecs, "ECS events", out);
        Ok(())
    }
}

/// The record of a hit of a search: as it was stored, or by the fields that the search asked for, each an array.
fn body(hit: &Value) -> &Value {
    let is_record = find(hit, "@timestamp").is_some();
    let told =
        |key: &&str| hit.get(*key).filter(|body| body.as_object().is_some_and(|o| !o.is_empty()));
    let inner = ["_source", "fields"].iter().find_map(told);
    inner.filter(|_| !is_record).unwrap_or(hit)
}

/// Why a record gives no fact.
enum Passed {
    /// It says nothing of ports, processes or jobs.
    Idle(&'static str),
    /// It should, and cannot be read.
    Broken(&'static str),
}

/// The operating system of a record that is not of a Mac.
fn other_system(record: &Value) -> Option<String> {
    let told = ["host.os.type", "host.os.family", "host.os.platform", "host.os.name"];
    let mut told = told.iter().filter_map(|path| text(record, path)).map(str::to_lowercase);
    if let Some(system) = told.next() {
        let is_mac = |system: &str| matches!(system, "macos" | "darwin" | "mac os x" | "osx");
        return (!is_mac(&system) && !told.any(|system| is_mac(&system)))
            .then(|| crate::artifacts::cut(&system, 40));
    }
    // Without a word of it: only Windows writes paths like these.
    let path = text(record, "process.executable")?;
    path.get(1..3).is_some_and(|drive| drive == ":\\").then(|| "windows".to_owned())
}
