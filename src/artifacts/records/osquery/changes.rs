//! Rows that were added and removed → events between two runs of a query (time.md 7.1).

use super::row::Row;
use super::tables::{self, Table};
use super::{QUERY, looked};
use crate::artifacts::Emitter;
use crate::artifacts::records::fields::seconds;
use crate::evidence::limits;
use crate::model::Text;
use crate::model::interval::Window;
use crate::model::observation::{Fact, FlowEvent, When};
use crate::model::provenance::Locator;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds between two runs of a query at most: osquery schedules none more rarely than once a week.
const INTERVAL: i64 = 604_800;

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// It is in this result and was not in the one before.
    Added,
    /// The other way round.
    Removed,
}

impl Change {
    /// The change that an action names.
    pub(super) fn of(action: &str) -> Option<Self> {
        match action {
            "added" => Some(Self::Added),
            "removed" => Some(Self::Removed),
            _ => None,
        }
    }
}

/// A run of a query on a Mac.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The Mac.
    pub(super) host: Option<Text>,
    /// The query's name.
    pub(super) query: String,
    /// Its epoch.
    pub(super) epoch: Option<i64>,
    /// When it was over, in seconds since 1970.
    pub(super) time: Option<i64>,
    /// Whether its result is the full one (counter 0), not what changed.
    pub(super) full: bool,
}

/// A row that is held back, and what happened to it.
type Pending = (Change, Locator, Row);

/// The runs of a query.
#[derive(Debug)]
struct Query {
    run: Run,
    rows: Vec<Pending>,
    /// When the run before was over, in the same epoch.
    before: Option<i64>,
}

/// The queries of every Mac, with the rows of their last run.
#[derive(Debug, Default)]
pub(super) struct Changes {
    queries: BTreeMap<(Option<Text>, String), Query>,
    pending: usize,
    used: bool,
}

impl Changes {
    /// Whether any row came or went.
    pub(super) fn was_used(&self) -> bool {
        self.used
    }

    /// Takes a row of a run. When a run is over, its rows are told.
    pub(super) fn add(
        &mut self,
        run: Run,
        change: Change,
        (locator, row): (Locator, Row),
        out: &mut Emitter,
    ) {
        self.used = true;
        let key = (run.host.clone(), run.query.clone());
        let is_new = !self.queries.contains_key(&key);
        if self.pending >= limits::PENDING || (is_new && self.queries.len() >= limits::SUBJECTS) {
            self.finish(out);
        }
        let fresh = || Query { run: run.clone(), rows: Vec::new(), before: None };
        let query = self.queries.entry(key).or_insert_with(fresh);
        if query.run != run {
            let rows = std::mem::take(&mut query.rows);
            self.pending = self.pending.saturating_sub(rows.len());
            // A clock that was set back, and another epoch, tell nothing of the run before.
            let later = query.run.epoch == run.epoch && query.run.time < run.time;
            let before = query.run.time.filter(|_| later);
            let over = std::mem::replace(query, Query { run, rows: Vec::new(), before });
            tell(&over.run, over.before, rows, out);
        }
        self.pending = self.pending.saturating_add(1);
        query.rows.push((change, locator, row));
    }

    /// Tells the rows of all runs.
    pub(super) fn finish(&mut self, out: &mut Emitter) {
        let subject = out.subject.take();
        for (_, query) in std::mem::take(&mut self.queries) {
            tell(&query.run, query.before, query.rows, out);
        }
        self.pending = 0;
        out.subject = subject;
    }
}

/// Tells the rows of a run.
fn tell(run: &Run, before: Option<i64>, rows: Vec<Pending>, out: &mut Emitter) {
    let subject = std::mem::replace(&mut out.subject, run.host.clone());
    if run.full {
        first_result(run, rows, out);
    } else {
        differences(run, before, &rows, out);
    }
    out.subject = subject;
}

/// The full result: a listing at that time. Rows of which a log goes on to tell are events of their sockets.
fn first_result(run: &Run, rows: Vec<Pending>, out: &mut Emitter) {
    let when = looked(run.time);
    let mut listed: BTreeMap<Table, Locator> = BTreeMap::new();
    let of = |table: Table| {
        let own = rows
            .iter()
            .filter(move |(change, _, row)| *change == Change::Added && row.table == table);
        own.map(|(_, _, row)| row).collect::<Vec<&Row>>()
    };
    for (_, locator, row) in rows.iter().filter(|(change, ..)| *change == Change::Added) {
        if row.table.is_listing() {
            let first = listed.entry(row.table).or_insert(*locator);
            *first = (*locator).min(*first);
        }
    }
    for (table, locator) in listed {
        let listing = tables::listing(table, &of(table), out);
        out.fact(locator, when.clone(), Fact::Listing(listing));
    }
    for (change, locator, row) in rows {
        match change {
            Change::Added => tables::changed(&row, locator, (&when, FlowEvent::Seen), out),
            // The text of the query was changed: that says nothing of the row.
            Change::Removed => out.skip("rows that a changed query no longer asks for"),
        }
    }
}

/// What changed since the run before.
fn differences(run: &Run, before: Option<i64>, rows: &[Pending], out: &mut Emitter) {
    let identities = |wanted: Change| -> BTreeSet<(Table, Vec<Option<String>>)> {
        let own = rows.iter().filter(|(change, ..)| *change == wanted);
        own.map(|(_, _, row)| key(row)).collect()
    };
    let (added, removed) = (identities(Change::Added), identities(Change::Removed));
    let seen = before.and_then(seconds).map(|time| Window::at(time).shifted(-QUERY, 0));
    let now = run.time.and_then(seconds);
    let between = seen.zip(now).map(|(seen, now)| When::Utc(Window { lo: seen.lo, hi: now }));
    // A run that is not in the log was made so long before at most.
    let earlier = now.map(|now| When::Utc(Window::at(now).shifted(-INTERVAL, 0)));
    let gone = between.clone().or(earlier).unwrap_or(When::Undated);
    let stays = |row: &Row| {
        let key = key(row);
        added.contains(&key) && removed.contains(&key)
    };
    for (change, locator, row) in rows {
        match (change, &between) {
            // Another column of it changed.
            (Change::Added, _) if stays(row) => {
                tables::changed(row, *locator, (&looked(run.time), FlowEvent::Seen), out);
            }
            (Change::Removed, _) if stays(row) => out.skip("rows of which another column changed"),
            (Change::Added, Some(between)) => {
                tables::changed(row, *locator, (between, FlowEvent::Began), out);
            }
            // Since when, nothing tells.
            (Change::Added, None) => {
                tables::changed(row, *locator, (&looked(run.time), FlowEvent::Seen), out);
            }
            (Change::Removed, _) => {
                tables::changed(row, *locator, (&gone, FlowEvent::Gone { seen }), out);
            }
        }
    }
}

fn key(row: &Row) -> (Table, Vec<Option<String>>) {
    (row.table, row.identity().into_iter().map(|part| part.map(str::to_owned)).collect())
}
