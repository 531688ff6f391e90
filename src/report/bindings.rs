//! Bindings with what supports them → `bindings`, `citations`, `spans`, `holders`.

use super::View;
use super::hosts::edges;
use super::table::{Cell, Column, Outputs, Record, cells, integer, text};
use super::view::{boot_id, local_addresses};
use crate::model::binding::{Binding, Citation, Span};
use crate::model::network::Address;
use crate::model::provenance::Place;
use crate::pipeline::Source;

/// Who held or reached a port, from when to when.
pub(super) struct BindingRow<'a> {
    host: &'a str,
    boot: Option<&'a str>,
    sources: String,
    binding: &'a Binding,
}

impl Record for BindingRow<'_> {
    const TABLE: &'static str = "bindings";
    const MEANING: &'static str = "Who held or reached which port, from when to when. A listener is one \
         row over its life, address families merged, restarts of the same program included; connections \
         of one process to one peer are one row, the single sockets are in `citations` and `timeline`.";
    const COLUMNS: &'static [Column] = &[
        text("binding_id", "Its id, from its content. Other tables refer to it."),
        text(
            "tuple_id",
            "Id of its row in `tuples`: the same program on the same port, on any host.",
        ),
        text("host", "The host."),
        text("boot", "The boot."),
        text("direction", "`listen`, `outbound`, `inbound`, `unknown`."),
        text("protocol", "`tcp` or `udp`."),
        text(
            "families",
            "`4`, `6`, `4,6` (one socket each), `46` (one dual-stack socket), `6|46` (either).",
        ),
        text(
            "state",
            "Best state seen: `listening`, `bound` (UDP), `established`, `attempted`, `failed`, `closing`.",
        ),
        text("local_address", "Local addresses seen, joined by `,`; `*` for all."),
        integer(
            "local_port",
            "Local port; empty where it differs between the sockets of a connection.",
        ),
        text(
            "remote_address",
            "The peer; ends in `…` where the tool cut it, empty if unknown or redacted.",
        ),
        integer("remote_port", "Port of the peer."),
        text(
            "scope",
            "`loopback`, `lan` or `any`: reach of the local end of a listener, of the peer otherwise; \
             empty if unknown.",
        ),
        text("process", "The owner as shown; `launchd` for a socket that launchd holds for a job."),
        text("process_path", "Path of the owner's executable."),
        integer(
            "pid",
            "Its process id; empty where several processes of one program each made connections of their own: `attribution` names them.",
        ),
        text("user", "User of it."),
        text("service", "Label of the launchd job that it belongs to."),
        text(
            "identity",
            "The strongest identity known, by which baselines compare: label, path, name.",
        ),
        text("attribution", "How the owner is known, in words."),
        text(
            "earliest_start",
            "It cannot have begun before, UTC; empty if nothing sets such a bound.",
        ),
        text(
            "first_seen",
            "First sighting, UTC; of one known to lie in an interval, the upper edge.",
        ),
        text("last_seen", "Last sighting, UTC."),
        text("latest_end", "It cannot have lasted beyond, UTC; see `end_state` where empty."),
        text(
            "end_state",
            "`open`: still held when last looked at. `ended`: by `latest_end`. `unknown`: later evidence \
             could not have shown it.",
        ),
        text(
            "certainty",
            "`observed`: a source saw the socket. `inferred`: only its effects were seen. `declared`: \
             only a job declares it.",
        ),
        integer("sightings", "Rows of evidence that saw it, exact duplicates counted once."),
        integer("bytes_in", "Greatest count of bytes received that was seen."),
        integer("bytes_out", "Greatest count of bytes sent that was seen."),
        text(
            "sources",
            "Where it stands, for reading: `evidence!/path:line`, `@0xoffset`, `#row`, joined by `; `, \
             the first few. To cite, use `citations`.",
        ),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let binding = self.binding;
        let life = binding.interval.as_ref();
        cells![
            &binding.id,
            &binding.tuple_id,
            self.host,
            self.boot,
            binding.direction.as_str(),
            binding.protocol.as_str(),
            binding.families.as_str(),
            binding.state.as_str(),
            local_addresses(binding),
            binding.local_port,
            binding.remote_address.as_ref().map(Address::text),
            binding.remote_port,
            binding.scope.as_str(),
            binding.process.as_ref(),
            binding.process_path.as_ref(),
            binding.pid,
            binding.user.as_ref(),
            binding.service.as_ref(),
            &binding.identity,
            &binding.attribution,
            life.and_then(|life| life.earliest_start),
            life.map(|life| life.first_seen),
            life.map(|life| life.last_seen),
            life.and_then(|life| life.latest_end),
            binding.end_state.as_str(),
            binding.certainty.as_str(),
            binding.sightings,
            binding.bytes_in,
            binding.bytes_out,
            &self.sources,
        ]
    }
}

/// The rows of `bindings`, in the order in which the hosts list them.
pub(super) fn bindings<'a>(view: &View<'a>) -> Vec<BindingRow<'a>> {
    let mut rows = Vec::new();
    for (_, case, ports) in view.hosts() {
        rows.extend(ports.bindings.iter().map(|binding| BindingRow {
            host: &case.host.name,
            boot: boot_id(case, binding.boot),
            sources: view.places_of_binding(binding),
            binding,
        }));
    }
    rows
}

/// A place in the evidence that supports a binding or an anomaly.
pub(super) struct CitationRow<'a> {
    binding_id: &'a str,
    anomaly_id: Option<&'a str>,
    place: Place,
    evidence: &'a str,
    source: Option<&'a Source>,
    /// None for the property list of a job without a binding.
    citation: Option<&'a Citation>,
}

impl Record for CitationRow<'_> {
    const TABLE: &'static str = "citations";
    const MEANING: &'static str = "What to put into a report: each place in the evidence that supports a \
         binding or an anomaly, with the hash of the file, the time as it stood there and the rule that \
         turned it into UTC.";
    const COLUMNS: &'static [Column] = &[
        text(
            "binding_id",
            "The binding; empty for an anomaly of a host, or of a job that holds no port.",
        ),
        text("anomaly_id", "The anomaly of that binding or job, if there is one."),
        text(
            "role",
            "What the place supports: `sighting`, `start_bound` (sets `earliest_start`), `end_bound` \
             (sets `latest_end`), `owner`, `declared`.",
        ),
        text("evidence", "The evidence."),
        text("path", "The file in it."),
        text("locator", "The place in the file: `line N`, `offset 0x…`, `row N`."),
        text("sha256", "SHA-256 of the file."),
        text("raw_time", "The time as it stood in the evidence."),
        text("time_from", "It was then or later, UTC."),
        text("time_to", "It was then or earlier, UTC."),
        text("time_rule", "The rule that turned the raw time into those two."),
        text("excerpt", "The row as it stood, cut to 300 characters."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (from, to) = edges(self.citation.and_then(|citation| citation.window));
        cells![
            self.binding_id,
            self.anomaly_id,
            self.citation.map_or("declared", |citation| citation.role.as_str()),
            self.evidence,
            self.source.map(|source| &source.path),
            self.place.locator,
            self.source.and_then(|source| source.sha256.as_ref()),
            self.citation.map(|citation| &citation.raw_time),
            from,
            to,
            self.citation.map(|citation| &citation.time_rule),
            self.citation.and_then(|citation| citation.excerpt.as_deref()),
        ]
    }
}

/// The rows of `citations`: those of the bindings in their order, then those of jobs without one and of hosts, and what the
/// summands of a score rest on besides.
pub(super) fn citations<'a>(view: &View<'a>) -> Vec<CitationRow<'a>> {
    let mut rows = Vec::new();
    let row = |binding_id: &'a str, anomaly_id: Option<&'a str>, place: Place| {
        let (evidence, source) = view.source(place.source).unzip();
        let evidence = evidence.unwrap_or_default();
        CitationRow { binding_id, anomaly_id, place, evidence, source, citation: None }
    };
    for (host, _, ports) in view.hosts() {
        for (index, binding) in ports.bindings.iter().enumerate() {
            let anomaly = view.anomaly_of_binding(host, index).map(|anomaly| anomaly.id.as_str());
            let mut sorted: Vec<&Citation> = binding.citations.iter().collect();
            sorted.sort_by_key(|one| (one.role, one.place, one.window));
            rows.extend(sorted.into_iter().map(|citation| CitationRow {
                citation: Some(citation),
                ..row(&binding.id, anomaly, citation.place)
            }));
        }
    }
    for anomaly in &view.analysis.anomalies {
        let binding = view.binding_of(anomaly);
        if binding.is_none() {
            let place = view.job_of(anomaly).and_then(|job| job.source);
            rows.extend(place.map(|place| row("", Some(&anomaly.id), place)));
            rows.extend(anomaly.places.iter().map(|place| row("", Some(&anomaly.id), *place)));
        }
        let id = binding.map_or("", |binding| &binding.id);
        let known = |one: &Citation| {
            let mut own = binding.into_iter().flat_map(|binding| &binding.citations);
            own.any(|own| (own.role, own.place) == (one.role, one.place))
        };
        rows.extend(anomaly.cited().filter(|one| !known(one)).map(|one| CitationRow {
            citation: Some(one),
            ..row(id, Some(&anomaly.id), one.place)
        }));
    }
    rows
}

/// A stretch in which a binding was held without a break.
pub(super) struct SpanRow<'a> {
    binding_id: &'a str,
    span: Span,
}

impl Record for SpanRow<'_> {
    const TABLE: &'static str = "spans";
    const MEANING: &'static str =
        "A stretch in which a binding was held without a break. SQLite only.";
    const OUTPUTS: Outputs = Outputs::Database;
    const COLUMNS: &'static [Column] = &[
        text("binding_id", "The binding."),
        text("from_time", "Held from here, UTC."),
        text("to_time", "Held up to here, UTC."),
        text(
            "kind",
            "`continuous`: the same socket at both ends. `assumed`: the same process, which may have \
             closed and reopened it.",
        ),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let kind = if self.span.continuous { "continuous" } else { "assumed" };
        cells![self.binding_id, self.span.from, self.span.to, kind]
    }
}

/// The rows of `spans`.
pub(super) fn spans<'a>(view: &View<'a>) -> Vec<SpanRow<'a>> {
    let all = view.hosts().flat_map(|(_, _, ports)| &ports.bindings);
    let of = |binding: &'a Binding| {
        let mut spans = binding.spans.clone();
        spans.sort_unstable();
        spans.into_iter().map(|span| SpanRow { binding_id: &binding.id, span })
    };
    all.flat_map(of).collect()
}

/// A process that holds a binding.
pub(super) struct HolderRow<'a> {
    binding_id: &'a str,
    process_id: &'a str,
}

impl Record for HolderRow<'_> {
    const TABLE: &'static str = "holders";
    const MEANING: &'static str =
        "A process that holds a binding, the primary one first. SQLite only.";
    const OUTPUTS: Outputs = Outputs::Database;
    const COLUMNS: &'static [Column] =
        &[text("binding_id", "The binding."), text("process_id", "The row in `processes`.")];

    fn cells(&self) -> Vec<Cell<'_>> {
        cells![self.binding_id, self.process_id]
    }
}

/// The rows of `holders`.
pub(super) fn holders<'a>(view: &View<'a>) -> Vec<HolderRow<'a>> {
    let mut rows = Vec::new();
    for (_, _, ports) in view.hosts() {
        for binding in &ports.bindings {
            let holders = binding.holders.iter().filter_map(|at| ports.processes.get(*at));
            rows.extend(
                holders
                    .map(|process| HolderRow { binding_id: &binding.id, process_id: &process.id }),
            );
        }
    }
    rows
}
