//! An output directory → what a run found, as values again. Read-only.

use super::{directory, run, sqlite};
use crate::baseline::policy::matching::Candidate;
use crate::baseline::policy::review::{Last, Row};
use crate::model::interval::Window;
use crate::model::network::{Protocol, Scope};
use crate::model::particulars::{Particulars, Seen};
use crate::model::service::Direction;
use crate::model::{Text, Timestamp};
use crate::report::SCHEMA_VERSION;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// What a run wrote, as far as policies ask for it.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    /// Its last capture; where no capture tells its time, the last observation.
    pub last: Option<Last>,
    /// Its anomalies, in the order of their table.
    pub anomalies: Vec<RecalledAnomaly>,
}

/// An anomaly as it stands in the tables.
#[derive(Clone, Debug, Default)]
pub struct RecalledAnomaly {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What covered it.
    pub exception: Option<String>,
    /// What is known of it.
    pub particulars: Particulars,
}

impl RecalledAnomaly {
    /// The same for a review.
    pub fn row(&self) -> Row<'_> {
        let (known, covered_by) = (&self.particulars, self.exception.as_deref());
        let last = known.seen.map(|seen| seen.last);
        Row { id: &self.id, candidate: Candidate::of(known), last, covered_by }
    }
}

/// Reads what a run wrote into a directory. An error says why it is none, or cannot be read.
pub fn recall(folder: &Path) -> Result<Recalled, String> {
    let name = folder.display();
    if !directory::is_own_run(&folder.join(run::FILE)) {
        return Err(format!("{name}: holds no finished Portolan output"));
    }
    let file = folder.join(sqlite::FILE);
    if !file.is_file() {
        let what = "holds no portolan.sqlite; analyze writes one with --formats sqlite";
        return Err(format!("{name}: {what}"));
    }
    let failed = |error: rusqlite::Error| format!("{}: {error}", file.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).map_err(failed)?;
    let query = "SELECT value FROM meta WHERE key = 'schema'";
    let schema: String = connection.query_row(query, [], |row| row.get(0)).map_err(failed)?;
    if schema != SCHEMA_VERSION.to_string() {
        let known = SCHEMA_VERSION;
        return Err(format!("{name}: has tables of schema {schema}; schema {known} is read"));
    }
    let query = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'particulars'";
    let has_particulars: u32 = connection.query_row(query, [], |row| row.get(0)).map_err(failed)?;
    if has_particulars == 0 {
        let what =
            "was written by an earlier Portolan, which kept too little for this; analyze again";
        return Err(format!("{name}: {what}"));
    }
    read(&connection).map_err(failed)
}

fn read(connection: &Connection) -> rusqlite::Result<Recalled> {
    let mut query = connection.prepare(
        "SELECT a.anomaly_id, a.title, a.exception_id, a.host, a.role, p.label, p.path, p.process, \
         p.team_id, p.bundle_id, p.sha256, p.direction, p.protocol, p.ports, p.ephemeral, p.scope, \
         p.remote, p.first_observed, p.last_observed_from, p.last_observed_to \
         FROM anomalies a JOIN particulars p ON p.anomaly_id = a.anomaly_id ORDER BY a.rowid",
    )?;
    let anomalies = query.query_map([], anomaly)?;
    let anomalies: Vec<RecalledAnomaly> = anomalies.collect::<rusqlite::Result<_>>()?;
    let query = "SELECT MAX(captured_to) FROM acquisitions";
    let captured = connection.query_row(query, [], |row| row.get::<_, Option<String>>(0))?;
    let captured = time(captured).map(Last::Capture);
    let seen = anomalies.iter().filter_map(|one| one.particulars.seen);
    let observed = seen.map(|seen| seen.last.hi).max().map(Last::Observation);
    Ok(Recalled { last: captured.or(observed), anomalies })
}

fn anomaly(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecalledAnomaly> {
    let cell = |column: &str| row.get::<_, Option<String>>(column);
    let text = |column: &str| cell(column).map(|cell| cell.as_deref().map(Text::from));
    let ways = [Direction::Listen, Direction::Outbound, Direction::Inbound, Direction::Unknown];
    let scopes = [Scope::Loopback, Scope::Lan, Scope::Any];
    let first = time(cell("first_observed")?);
    let last = time(cell("last_observed_from")?).zip(time(cell("last_observed_to")?));
    let seen = first.zip(last.map(|(from, to)| Window::new(from, to)));
    let known = Particulars {
        host: cell("host")?.unwrap_or_default(),
        role: cell("role")?,
        label: text("label")?,
        path: text("path")?,
        process: text("process")?,
        team_id: text("team_id")?,
        bundle_id: text("bundle_id")?,
        sha256: text("sha256")?,
        direction: word(cell("direction")?, &ways, Direction::as_str),
        protocol: word(cell("protocol")?, &[Protocol::Tcp, Protocol::Udp], Protocol::as_str),
        ports: cell("ports")?
            .iter()
            .flat_map(|ports| ports.split(','))
            .map(str::to_owned)
            .collect(),
        is_ephemeral: cell("ephemeral")?.as_deref() == Some("yes"),
        scope: word(cell("scope")?, &scopes, Scope::as_str),
        remote: cell("remote")?.and_then(|remote| remote.parse().ok()),
        seen: seen.map(|(first, last)| Seen { first, last }),
    };
    Ok(RecalledAnomaly {
        id: cell("anomaly_id")?.unwrap_or_default(),
        title: cell("title")?.unwrap_or_default(),
        exception: cell("exception_id")?,
        particulars: known,
    })
}

fn time(cell: Option<String>) -> Option<Timestamp> {
    cell?.parse().ok()
}

/// The value whose word stands in a cell.
fn word<T: Copy>(cell: Option<String>, all: &[T], word: impl Fn(T) -> &'static str) -> Option<T> {
    let cell = cell?;
    all.iter().copied().find(|one| word(*one) == cell)
}
