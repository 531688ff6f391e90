//! Hosts with their acquisitions, boots and coverage → `hosts`, `acquisitions`, `boots`, `coverage`.

use super::View;
use super::table::{Cell, Column, Record, cells, text};
use super::view::boot_id;
use crate::hosts::{Coverage, HostCase};
use crate::model::host::{Acquisition, Boot, Host};
use crate::model::interval::Window;
use crate::model::network::Protocol;

/// A Mac.
pub(super) struct HostRow<'a>(&'a Host);

impl Record for HostRow<'_> {
    const TABLE: &'static str = "hosts";
    const MEANING: &'static str = "A Mac found in the evidence, by name.";
    const COLUMNS: &'static [Column] = &[
        text(
            "host",
            "Its name, unique in the run (`name~serial` where two Macs share one). Other tables refer to it.",
        ),
        text("serial", "Hardware serial number."),
        text("os_version", "macOS version, `14.4`."),
        text("os_build", "macOS build, `23E214`."),
        text(
            "time_zone",
            "Zone by which its local times were placed: an IANA name or a fixed offset.",
        ),
        text("time_zone_source", "Where that zone was read, or the option that set it."),
        text("role", "Its role, by which baselines apply."),
        text("evidence", "The evidence it was found in, joined by `; `."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let host = self.0;
        cells![
            &host.name,
            host.serial.as_ref(),
            host.os_version.as_ref(),
            host.os_build.as_ref(),
            host.time_zone.as_ref(),
            host.time_zone_source.as_ref(),
            host.role.as_ref(),
            host.evidence.join("; "),
        ]
    }
}

/// The rows of `hosts`.
pub(super) fn hosts<'a>(view: &View<'a>) -> Vec<HostRow<'a>> {
    view.analysis.hosts.iter().map(|case| HostRow(&case.host)).collect()
}

/// One collection of evidence from one host.
pub(super) struct AcquisitionRow<'a> {
    host: &'a str,
    acquisition: &'a Acquisition,
}

impl Record for AcquisitionRow<'_> {
    const TABLE: &'static str = "acquisitions";
    const MEANING: &'static str =
        "One collection of evidence from one host. Two of one host show how it drifted.";
    const COLUMNS: &'static [Column] = &[
        text("acquisition_id", "Its id, from its content."),
        text("host", "The host."),
        text("evidence", "The evidence it lies in."),
        text("collector", "What collected it: `uac`, `folder`, `loose captures`."),
        text("collector_version", "Version of the collector, if told."),
        text("captured_from", "Time of its first capture, UTC."),
        text("captured_to", "Time of its last capture, UTC."),
        text("captured_how", "The rule that gave those times."),
        text("privileged", "Whether it ran with root's rights: `yes`, `no`, `unknown`."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let acquisition = self.acquisition;
        let (from, to) = edges(acquisition.captured);
        cells![
            &acquisition.id,
            self.host,
            &acquisition.evidence,
            &acquisition.collector,
            acquisition.collector_version.as_ref(),
            from,
            to,
            &acquisition.captured_how,
            acquisition.privileged.as_str(),
        ]
    }
}

/// The rows of `acquisitions`.
pub(super) fn acquisitions<'a>(view: &View<'a>) -> Vec<AcquisitionRow<'a>> {
    let of = |case: &'a HostCase| {
        let host = case.host.name.as_str();
        case.acquisitions.iter().map(move |acquisition| AcquisitionRow { host, acquisition })
    };
    view.analysis.hosts.iter().flat_map(of).collect()
}

/// A boot of a host.
pub(super) struct BootRow<'a> {
    host: &'a str,
    boot: &'a Boot,
}

impl Record for BootRow<'_> {
    const TABLE: &'static str = "boots";
    const MEANING: &'static str =
        "A boot of a host, known from the evidence. No process and no binding outlives one.";
    const COLUMNS: &'static [Column] = &[
        text("boot", "Its session's UUID, or `boot-` and its start."),
        text("host", "The host."),
        text("started_from", "It started at or after this time, UTC."),
        text("started_to", "It started at or before this time, UTC."),
        text(
            "ended_from",
            "It ended at or after this time, UTC; empty if the evidence does not tell.",
        ),
        text("ended_to", "It ended at or before this time, UTC."),
        text("source", "What tells so."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (started_from, started_to) = edges(self.boot.started);
        let (ended_from, ended_to) = edges(self.boot.ended);
        cells![
            &self.boot.id,
            self.host,
            started_from,
            started_to,
            ended_from,
            ended_to,
            &self.boot.source,
        ]
    }
}

/// The rows of `boots`.
pub(super) fn boots<'a>(view: &View<'a>) -> Vec<BootRow<'a>> {
    let of = |case: &'a HostCase| {
        let host = case.host.name.as_str();
        case.boots.iter().map(move |boot| BootRow { host, boot })
    };
    view.analysis.hosts.iter().flat_map(of).collect()
}

/// What one source could see of one direction and protocol.
pub(super) struct CoverageRow<'a> {
    host: &'a str,
    boot: Option<&'a str>,
    source: String,
    coverage: &'a Coverage,
}

impl Record for CoverageRow<'_> {
    const TABLE: &'static str = "coverage";
    const MEANING: &'static str = "What each source could and could not have seen, and when. \
         Read it beside every \"no anomaly\": nothing seen is not the same as nothing there.";
    const COLUMNS: &'static [Column] = &[
        text("host", "The host."),
        text("boot", "The boot."),
        text(
            "source",
            "The file, as `evidence!/path`; empty for a kind of evidence that was not collected at all.",
        ),
        text("from_time", "It speaks of the time from here, UTC."),
        text("to_time", "It speaks of the time up to here, UTC."),
        text("direction", "`listen`, `outbound` or `inbound`."),
        text("protocol", "`tcp` or `udp`; empty for both."),
        text("sees", "Whether it shows those sockets: `yes`, `partly`, `no`."),
        text("blind_to", "What it cannot show, comma-separated, in the words of `coverage.md`."),
        text("detail", "The same in a sentence."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (from, to) = edges(self.coverage.window);
        cells![
            self.host,
            self.boot,
            &self.source,
            from,
            to,
            self.coverage.direction.as_str(),
            self.coverage.protocol.map(Protocol::as_str),
            self.coverage.sees.as_str(),
            self.coverage.blind_to.join(","),
            &self.coverage.detail,
        ]
    }
}

/// The rows of `coverage`, by host, boot, source, direction and protocol.
pub(super) fn coverage<'a>(view: &View<'a>) -> Vec<CoverageRow<'a>> {
    let mut rows = Vec::new();
    for case in &view.analysis.hosts {
        let mut of_host: Vec<&Coverage> = case.coverage.iter().collect();
        of_host.sort_by_key(|one| (one.boot, one.source, one.window, one.direction, one.protocol));
        rows.extend(of_host.into_iter().map(|coverage| CoverageRow {
            host: &case.host.name,
            boot: boot_id(case, coverage.boot),
            source: coverage.source.map(|source| view.file(source)).unwrap_or_default(),
            coverage,
        }));
    }
    rows
}

/// Both edges of a window, as cells.
pub(super) fn edges(window: Option<Window>) -> (Cell<'static>, Cell<'static>) {
    (window.map(|window| window.lo).into(), window.map(|window| window.hi).into())
}
