//! Results of osquery (logs of `osqueryd`, `osqueryi --json`) → sockets, processes, jobs, and what changed when.

mod changes;
mod row;
mod sockets;
mod tables;

use self::changes::{Change, Changes, Run};
use self::row::Row;
use self::tables::Table;
use super::fields::{number, seconds, text};
use super::objects::for_each_object;
use super::spans::Spans;
use crate::artifacts::sockets::seen::settle;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::Text;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, Listing, LogKind, ProblemKind, When};
use crate::model::provenance::Locator;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

catalog::entry! {
    /// Results of osquery (logs of `osqueryd`, `osqueryi --json`) → sockets, processes, jobs, and what changed when.
    ///
    /// ## What it proves
    /// A snapshot, and the first full result of a query: which sockets, processes and jobs there were in the
    /// seconds before its `unixTime`. A row that was added or removed: that it came or went between the run of the
    /// query that was logged before and this one. `process_open_sockets` tells states; the tables of events tell
    /// when a process tried to connect, started or exited.
    ///
    /// ## What it does not
    /// `listening_ports` lists every socket without a peer: a TCP row of it may be bound or closed, so its direction is
    /// only probable unless another row says that it listens. Which table a row is of is told by its columns: the name of a
    /// query is anybody's choice, and its text, which may leave rows out, is not in the log; so the absence of a row
    /// proves nothing. Jobs are read from disk: whether they are loaded is not told, and not which sockets they
    /// declare. Rows of `osqueryi` tell no time and no Mac. Overrides (a file that macOS does not read since 10.10)
    /// and exceptions of the firewall are counted, not used.
    ///
    /// ## Format source
    /// `osquery/osquery`: serialisation of logs and schema of its tables, 2.x to 5.x; the envelope `{"data":[…]}`
    /// of its TLS logger. formats.md 3.7, time.md 7.1.
    pub Osquery
}

/// Seconds that a query may take before its time is noted.
const QUERY: i64 = 5;

/// Keys of an envelope.
const ENVELOPE: &[&str] =
    &["\"hostIdentifier\"", "\"calendarTime\"", "\"unixTime\"", "\"diffResults\"", "\"snapshot\""];

/// Columns that tell a table of `osqueryi` in the first bytes of a file.
const TABLES: &[&[&str]] = &[
    &["\"port\"", "\"protocol\"", "\"pid\"", "\"address\""],
    &["\"local_port\"", "\"remote_port\"", "\"pid\"", "\"local_address\""],
    &["\"parent\"", "\"pid\"", "\"path\"", "\"start_time\""],
    &["\"label\"", "\"program_arguments\"", "\"run_at_load\"", "\"path\""],
    &["\"hardware_serial\"", "\"hostname\""],
    &["\"unix_time\"", "\"local_timezone\"", "\"weekday\""],
    &["\"platform_like\"", "\"build\"", "\"codename\""],
];

impl Artifact for Osquery {
    fn id(&self) -> &'static str {
        "osquery"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let text = candidate.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        if !text.starts_with(['{', '[']) {
            return Claim::No;
        }
        let envelope = ENVELOPE.iter().filter(|key| text.contains(*key)).count() >= 2;
        let has = |columns: &&&[&str]| columns.iter().all(|column| text.contains(column));
        // Velociraptor runs osqueryi and keeps each row on a line of its own.
        let wrapped = candidate.path.contains("/results/") && candidate.name.contains("osquery");
        let rows = (wrapped || text.starts_with('[')) && TABLES.iter().any(|table| has(&table));
        let named = candidate.is_log(&["osqueryd.results.log", "osqueryd.snapshots.log"]);
        match (named, envelope || rows) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) => Claim::ByName,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut results = Results::default();
        let result =
            for_each_object(input, out, &mut |line, object, out| results.object(line, object, out));
        results.finish(out)?;
        result
    }
}

/// A record of the log, or an envelope around several.
#[derive(Debug, Deserialize)]
struct Record<'a> {
    #[serde(default, borrow)]
    columns: Option<&'a RawValue>,
    #[serde(default, borrow)]
    snapshot: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "diffResults")]
    diff: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

/// `{"added":[…],"removed":[…]}`, either of which may be `""` where it is empty.
#[derive(Debug, Default, Deserialize)]
struct Diff<'a> {
    #[serde(default, borrow)]
    added: Option<&'a RawValue>,
    #[serde(default, borrow)]
    removed: Option<&'a RawValue>,
}

/// The rows of an array; of anything else none.
fn rows(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Who ran which query when.
#[derive(Clone, Debug)]
struct Meta {
    query: String,
    epoch: Option<i64>,
    counter: Option<i64>,
    time: Option<i64>,
}

/// What is remembered from record to record.
#[derive(Debug, Default)]
struct Results {
    spans: Spans,
    changes: Changes,
    /// Macs of which rows show another operating system.
    foreign: BTreeMap<Option<Text>, &'static str>,
    /// Tables of `osqueryi`: where their listing was told, and what it shows so far.
    told: BTreeMap<(Option<Text>, Table), (usize, Listing)>,
}

impl Results {
    /// Reads an object. Whether it is one of these.
    fn object(&mut self, line: u64, object: &str, out: &mut Emitter) -> bool {
        let (Ok(record), Ok(value)) =
            (serde_json::from_str::<Record<'_>>(object), serde_json::from_str::<Value>(object))
        else {
            return false;
        };
        let locator = Locator::Line(line);
        if record.data.is_some() {
            for inner in rows(record.data) {
                if !self.object(line, inner.get(), out) {
                    let detail = "a record of an envelope that is none of osquery";
                    out.problem(locator, ProblemKind::MalformedRecord, detail);
                }
            }
            return true;
        }
        let host = text(&value, "hostIdentifier").or_else(|| text(&value, "hostname"));
        let enveloped = record.columns.or(record.snapshot).or(record.diff).is_some();
        out.subject = host.filter(|_| enveloped).map(|host| out.text(host));
        if !enveloped {
            // Rows that a hunt of Velociraptor has brought in name their Mac.
            let host = text(&value, "Fqdn").or_else(|| text(&value, "ClientId"));
            out.subject = host.map(|host| out.text(host));
            self.bare(locator, object, &value, out);
            return true;
        }
        let meta = Meta {
            query: text(&value, "name").unwrap_or_default().to_owned(),
            epoch: number(&value, "epoch"),
            counter: number(&value, "counter"),
            time: number(&value, "unixTime").filter(|time| seconds(*time).is_some()),
        };
        if meta.time.is_none() {
            let detail = "the record has no time that can be read: it stays undated";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        self.spans.met(locator, &looked(meta.time), out);
        let action = text(&value, "action").unwrap_or_default();
        if record.snapshot.is_some() {
            self.snapshot(locator, &meta, &rows(record.snapshot), out);
        } else if let Some(diff) = record.diff {
            let diff: Diff<'_> = serde_json::from_str(diff.get()).unwrap_or_default();
            let sides = [(Change::Added, rows(diff.added)), (Change::Removed, rows(diff.removed))];
            for (change, rows) in sides {
                for row in rows {
                    self.changed(locator, &meta, change, row, out);
                }
            }
        } else if let (Some(columns), Some(change)) = (record.columns, Change::of(action)) {
            self.changed(locator, &meta, change, columns, out);
        } else {
            let detail = "the record says neither that its row was added nor that it was removed";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        true
    }

    /// A row of `osqueryi --json`, which tells no time.
    fn bare(&mut self, locator: Locator, object: &str, value: &Value, out: &mut Emitter) {
        let Some(row) = self.known(Row::of(value, object), out) else { return };
        let table = row.table;
        if table.is_listing() {
            let shown = tables::listing(table, &[&row], out);
            let key = (out.subject.clone(), table);
            if let Some((_, known)) = self.told.get_mut(&key) {
                tables::add(known, &shown);
            } else {
                self.told.insert(key, (out.observations.len(), shown.clone()));
                out.fact(locator, When::Capture, Fact::Listing(shown));
            }
        }
        tables::tell(&row, locator, &When::Capture, out);
    }

    fn snapshot(&mut self, locator: Locator, meta: &Meta, raw: &[&RawValue], out: &mut Emitter) {
        let when = looked(meta.time);
        let mut rows = Vec::new();
        for raw in raw {
            let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            rows.extend(self.known(Row::of(&value, raw.get()), out));
        }
        let listed: BTreeSet<Table> = rows.iter().map(|row| row.table).collect();
        for table in listed.into_iter().filter(|table| table.is_listing()) {
            let own: Vec<&Row> = rows.iter().filter(|row| row.table == table).collect();
            let listing = tables::listing(table, &own, out);
            out.fact(locator, when.clone(), Fact::Listing(listing));
        }
        for row in &rows {
            tables::tell(row, locator, &when, out);
        }
    }

    /// A row that was added or removed; the rows of a run are told when it is over.
    fn changed(
        &mut self,
        locator: Locator,
        meta: &Meta,
        change: Change,
        raw: &RawValue,
        out: &mut Emitter,
    ) {
        let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let Some(row) = self.known(Row::of(&value, raw.get()), out) else { return };
        if row.table.is_of_events() {
            return tables::tell(&row, locator, &looked(meta.time), out);
        }
        let run = Run {
            host: out.subject.clone(),
            query: meta.query.clone(),
            epoch: meta.epoch,
            time: meta.time,
            full: meta.counter == Some(0),
        };
        self.changes.add(run, change, (locator, row), out);
    }

    /// A row of a table that matters, of a Mac.
    fn known(&mut self, row: Option<Row>, out: &mut Emitter) -> Option<Row> {
        let Some(row) = row else {
            out.skip("rows of other tables");
            return None;
        };
        if let Some(system) = row.other_system() {
            if self.foreign.len() < limits::SUBJECTS {
                self.foreign.entry(out.subject.clone()).or_insert(system);
            }
            out.skip("rows of another operating system");
            return None;
        }
        Some(row)
    }

    fn finish(mut self, out: &mut Emitter) -> Result<(), ParseError> {
        for (_, (at, listing)) in std::mem::take(&mut self.told) {
            settle(at, listing, out);
        }
        self.changes.finish(out);
        if let Some(system) = self.foreign.get(&None) {
            let detail = format!("osquery of {system}; portolan analyses macOS acquisitions");
            return Err(ParseError::Foreign(detail));
        }
        let of_foreign = |subject: &Option<Text>| self.foreign.contains_key(subject);
        let before = out.observations.len();
        out.observations.retain(|seen| !of_foreign(&seen.subject));
        for _ in out.observations.len()..before {
            out.skip("rows of another operating system");
        }
        self.spans.forget(&of_foreign);
        for (host, system) in &self.foreign {
            out.subject.clone_from(host);
            let host = host.as_deref().unwrap_or_default();
            let detail = format!("{host} runs {system}: its rows are not used");
            out.problem(Locator::Whole, ProblemKind::ForeignFormat, detail);
            // Other files may hold rows of it that do not show its system.
            claim(Locator::Whole, HostClaim::NotMacOs((*system).into()), out);
        }
        // Runs are told when they are over; rows are told in the order of the file.
        out.observations.sort_by_key(|seen| seen.place.locator);
        if self.changes.was_used() {
            self.spans.finish(LogKind::Osquery, "osquery results", out);
        }
        out.subject = None;
        Ok(())
    }
}

/// When a query looked: in the seconds before its time was noted.
fn looked(time: Option<i64>) -> When {
    let time = time.and_then(seconds);
    time.map_or(When::Undated, |time| When::Utc(Window::at(time).shifted(-QUERY, 0)))
}

/// Says something of the Mac.
fn claim(locator: Locator, claim: HostClaim, out: &mut Emitter) {
    out.fact(locator, When::Undated, Fact::Host(claim));
}
