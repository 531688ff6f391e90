//! Anomalies with their summands → `anomalies`, `factors`, `particulars`.

use super::View;
use super::table::{Cell, Column, Outputs, Record, cells, integer, text, yes_no};
use super::view::local_addresses;
use crate::model::anomaly::{Anomaly, Factor};
use crate::model::binding::Binding;
use crate::model::host::Host;
use crate::model::network::{Address, Protocol, Scope};
use crate::model::particulars::Particulars;
use crate::model::service::Direction;
use crate::ports::JobRecord;
use std::cmp::Reverse;

/// The ATT&CK technique that every anomaly may be an instance of: Non-Standard Port.
const TECHNIQUE: &str = "T1571";

/// The ATT&CK analytic that Portolan implements.
const ANALYTIC: &str = "AN0635";

/// A deviation to be explained.
pub(super) struct AnomalyRow<'a> {
    anomaly: &'a Anomaly,
    host: Option<&'a Host>,
    binding: Option<&'a Binding>,
    job: Option<&'a JobRecord>,
    sources: String,
}

impl Record for AnomalyRow<'_> {
    const TABLE: &'static str = "anomalies";
    const MEANING: &'static str = "A deviation to be explained, not an accusation. By time of the first \
         sighting, then by severity; those of jobs that hold no port, which have no sighting, come last.";
    const COLUMNS: &'static [Column] = &[
        text("anomaly_id", "Its id, from its content."),
        text("tuple_id", "The row of `tuples` that its binding belongs to."),
        text("first_seen", "First sighting of the binding, UTC."),
        text("last_seen", "Last sighting of it, UTC."),
        text("earliest_start", "The binding cannot have begun before, UTC."),
        text("latest_end", "It cannot have lasted beyond, UTC."),
        text(
            "severity",
            "`critical` (80 and more), `high` (60), `medium` (40), `low` (20), `info`.",
        ),
        integer("score", "0 to 100: the sum of its `factors` within their caps and floors."),
        text(
            "confidence",
            "How sure the observation is, apart from how grave: `high`, `medium`, `low`.",
        ),
        text("status", "`open`, or `excepted` where an exception or an approval covers it."),
        text("exception_id", "The exception or approval that does."),
        text(
            "rules",
            "Rules that matched, the base rule first, comma-separated (`portolan rules`).",
        ),
        text("title", "What it is, in a line."),
        text("explanation", "Why, in words, with the sum."),
        text("expected", "What was expected instead, and which baseline layer says so."),
        text("host", "The host."),
        text("role", "Its role."),
        text("direction", "Of the binding: `listen`, `outbound`, `inbound`, `unknown`."),
        text("protocol", "`tcp` or `udp`."),
        text("local_address", "Local addresses, joined by `,`."),
        integer("local_port", "Local port."),
        text("remote_address", "The peer."),
        integer("remote_port", "Port of the peer."),
        text("scope", "`loopback`, `lan`, `any`; empty if unknown."),
        text("process", "The owner."),
        text("process_path", "Path of its executable."),
        integer("pid", "Its process id."),
        text("user", "Its user."),
        text("service", "Label of the launchd job."),
        text("service_plist", "Path of that job's property list on the host."),
        text("binding_id", "The binding it is about; empty for an anomaly of a job or a host."),
        text("technique", "ATT&CK technique."),
        text("analytic", "ATT&CK analytic."),
        text("disposition", "The examiner's verdict, where one was given."),
        text("sources", "Where it stands, for reading. To cite, use `citations`."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (anomaly, binding, job) = (self.anomaly, self.binding, self.job);
        let life = binding.and_then(|binding| binding.interval.as_ref());
        let program = || job.and_then(|job| job.program.as_ref());
        let service = binding.and_then(|binding| binding.service.as_ref());
        cells![
            &anomaly.id,
            binding.map(|binding| &binding.tuple_id),
            life.map(|life| life.first_seen),
            life.map(|life| life.last_seen),
            life.and_then(|life| life.earliest_start),
            life.and_then(|life| life.latest_end),
            anomaly.severity.as_str(),
            anomaly.score,
            anomaly.confidence.as_str(),
            anomaly.status(),
            anomaly.exception.as_deref(),
            anomaly.rules.join(","),
            &anomaly.title,
            &anomaly.explanation,
            &anomaly.expected,
            self.host.map(|host| &host.name),
            self.host.and_then(|host| host.role.as_ref()),
            binding.map(|binding| binding.direction.as_str()),
            binding.map(|binding| binding.protocol.as_str()),
            binding.map(local_addresses),
            binding.and_then(|binding| binding.local_port),
            binding.and_then(|binding| binding.remote_address.as_ref()).map(Address::text),
            binding.and_then(|binding| binding.remote_port),
            binding.map(|binding| binding.scope.as_str()),
            binding.and_then(|binding| binding.process.as_ref()),
            binding.map_or_else(program, |binding| binding.process_path.as_ref()),
            binding.and_then(|binding| binding.pid),
            binding.and_then(|binding| binding.user.as_ref()),
            service.or_else(|| job.map(|job| &job.label)),
            job.and_then(|job| job.plist_path.as_ref()),
            binding.map(|binding| &binding.id),
            TECHNIQUE,
            ANALYTIC,
            "",
            &self.sources,
        ]
    }
}

/// The anomalies in the order of their table.
fn sorted<'a>(view: &View<'a>) -> Vec<&'a Anomaly> {
    let mut sorted: Vec<&Anomaly> = view.analysis.anomalies.iter().collect();
    sorted.sort_by_cached_key(|anomaly| {
        let life = view.binding_of(anomaly).and_then(|binding| binding.interval);
        let first_seen = life.map(|life| life.first_seen);
        let order = (Reverse(anomaly.severity), Reverse(anomaly.score), anomaly.host);
        (first_seen.is_none(), first_seen, order, anomaly.id.clone())
    });
    sorted
}

/// The rows of `anomalies`.
pub(super) fn anomalies<'a>(view: &View<'a>) -> Vec<AnomalyRow<'a>> {
    let row = |anomaly: &'a Anomaly| {
        let binding = view.binding_of(anomaly);
        let job = view.job_of(anomaly);
        let sources = view.places_of(anomaly);
        let host = view.case(anomaly.host).map(|case| &case.host);
        AnomalyRow { anomaly, host, binding, job, sources }
    };
    sorted(view).into_iter().map(row).collect()
}

/// One summand of a score.
pub(super) struct FactorRow<'a> {
    anomaly_id: &'a str,
    position: usize,
    factor: &'a Factor,
}

impl Record for FactorRow<'_> {
    const TABLE: &'static str = "factors";
    const MEANING: &'static str =
        "One summand of an anomaly's score: an examiner can add them up by hand.";
    const COLUMNS: &'static [Column] = &[
        text("anomaly_id", "The anomaly."),
        integer(
            "position",
            "Place in the sum, from 1: the base rule, further rules, modifiers, cap or floor.",
        ),
        text("rule_or_feature", "A rule (`P11`) or a feature (`persistence`)."),
        integer("points", "Points, possibly negative; 0 for a note."),
        text("reason", "Why, in a sentence."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let factor = self.factor;
        cells![self.anomaly_id, self.position, factor.name, factor.points, &factor.reason]
    }
}

/// The rows of `factors`, in the order of the anomalies.
pub(super) fn factors<'a>(view: &View<'a>) -> Vec<FactorRow<'a>> {
    let of = |anomaly: &'a Anomaly| {
        let numbered = (1..).zip(&anomaly.factors);
        numbered.map(|(position, factor)| FactorRow { anomaly_id: &anomaly.id, position, factor })
    };
    sorted(view).into_iter().flat_map(of).collect()
}

/// What is known of an anomaly where policies ask.
pub(super) struct ParticularsRow<'a> {
    anomaly_id: &'a str,
    known: &'a Particulars,
}

impl Record for ParticularsRow<'_> {
    const TABLE: &'static str = "particulars";
    const MEANING: &'static str = "What `match` in a policy is held against, for an anomaly: for \
         `exceptions check`. What is empty is not known and never fits. SQLite only.";
    const OUTPUTS: Outputs = Outputs::Database;
    const COLUMNS: &'static [Column] = &[
        text("anomaly_id", "The anomaly."),
        text("label", "Label of the job."),
        text("path", "Path of the program."),
        text("process", "Whole name of the process: empty if a tool may have cut it."),
        text("team_id", "Team that signed the program."),
        text("bundle_id", "Bundle identifier of the program."),
        text("sha256", "SHA-256 of the program."),
        text("direction", "`listen`, `outbound`, `inbound`, `unknown`."),
        text("protocol", "`tcp` or `udp`."),
        text(
            "ports",
            "The listener's port, or the peer's; comma-separated where a baseline expects several.",
        ),
        text(
            "ephemeral",
            "Whether the host's kernel hands out that port by itself: `yes` or `no`.",
        ),
        text("scope", "Reach of the listener, or of the peer: `loopback`, `lan`, `any`."),
        text("remote", "The peer."),
        text("first_observed", "When it was first observed, UTC."),
        text("last_observed_from", "It was last observed at or after this time, UTC."),
        text("last_observed_to", "It was last observed at or before this time, UTC."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let known = self.known;
        cells![
            self.anomaly_id,
            known.label.as_ref(),
            known.path.as_ref(),
            known.process.as_ref(),
            known.team_id.as_ref(),
            known.bundle_id.as_ref(),
            known.sha256.as_ref(),
            known.direction.map(Direction::as_str),
            known.protocol.map(Protocol::as_str),
            known.ports.join(","),
            yes_no(known.is_ephemeral),
            known.scope.map(Scope::as_str),
            known.remote.map(|remote| remote.to_string()),
            known.seen.map(|seen| seen.first),
            known.seen.map(|seen| seen.last.lo),
            known.seen.map(|seen| seen.last.hi),
        ]
    }
}

/// The rows of `particulars`, in the order of the anomalies.
pub(super) fn particulars<'a>(view: &View<'a>) -> Vec<ParticularsRow<'a>> {
    let of = |anomaly: &'a Anomaly| ParticularsRow {
        anomaly_id: &anomaly.id,
        known: &anomaly.particulars,
    };
    sorted(view).into_iter().map(of).collect()
}
