//! An output directory → what a run found, as values again. Read-only.

use super::{directory, run, sqlite};
use crate::baseline::policy::matching::{Candidate, bundle_of};
use crate::baseline::policy::review::Row;
use crate::baseline::program::FIRST_EPHEMERAL;
use crate::model::Timestamp;
use crate::model::network::{Protocol, Scope};
use crate::model::service::Direction;
use crate::ports::place::file_name;
use crate::report::SCHEMA_VERSION;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// From this length on lsof may have cut a name; a shorter one is whole.
const MAY_BE_CUT: usize = 6;

/// What a run wrote, as far as policies ask for it.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    /// Its last capture.
    pub last_capture: Option<Timestamp>,
    /// Its anomalies, in the order of their table.
    pub anomalies: Vec<RecalledAnomaly>,
}

/// An anomaly as it stands in the table.
#[derive(Clone, Debug, Default)]
pub struct RecalledAnomaly {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its host.
    pub host: String,
    /// Role of the host.
    pub role: Option<String>,
    /// What covered it.
    pub exception: Option<String>,
    /// When it was last observed: its last sighting, or the capture of its acquisition.
    pub time: Option<Timestamp>,
    direction: Option<Direction>,
    protocol: Option<Protocol>,
    port: Option<u16>,
    remote: Option<IpAddr>,
    scope: Option<Scope>,
    process: Option<String>,
    path: Option<String>,
    label: Option<String>,
    team_id: Option<String>,
    bundle_id: Option<String>,
}

impl RecalledAnomaly {
    /// What is known of it, with the role that a policy gives its host.
    pub fn candidate<'a>(&'a self, role: Option<&'a str>) -> Candidate<'a> {
        let is_whole = |name: &&str| {
            let path = self.path.as_deref().map(file_name);
            name.len() < MAY_BE_CUT || path == Some(name)
        };
        Candidate {
            host: &self.host,
            role: role.or(self.role.as_deref()),
            label: self.label.as_deref(),
            path: self.path.as_deref(),
            process: self.process.as_deref().filter(is_whole),
            team_id: self.team_id.as_deref(),
            bundle_id: self.bundle_id.as_deref(),
            sha256: None,
            direction: self.direction,
            protocol: self.protocol,
            port: self.port,
            is_ephemeral: self.port.is_some_and(|port| port >= FIRST_EPHEMERAL),
            scope: self.scope,
            remote: self.remote,
        }
    }

    /// The same for a review.
    pub fn row<'a>(&'a self, role: Option<&'a str>) -> Row<'a> {
        let covered_by = self.exception.as_deref();
        Row { id: &self.id, candidate: self.candidate(role), time: self.time, covered_by }
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
    read(&connection).map_err(failed)
}

/// When an acquisition ended, by host and evidence.
struct Captured {
    host: String,
    evidence: String,
    to: Option<Timestamp>,
}

fn read(connection: &Connection) -> rusqlite::Result<Recalled> {
    let mut query = connection.prepare("SELECT host, evidence, captured_to FROM acquisitions")?;
    let captured = query.query_map([], |row| {
        let time: Option<String> = row.get(2)?;
        let to = time.and_then(|time| time.parse().ok());
        Ok(Captured { host: row.get(0)?, evidence: row.get(1)?, to })
    })?;
    let captured: Vec<Captured> = captured.collect::<rusqlite::Result<_>>()?;
    let signed = signed(connection)?;
    let mut query = connection.prepare(
        "SELECT anomaly_id, title, host, role, exception_id, last_seen, direction, protocol, \
         local_port, remote_port, remote_address, scope, process, process_path, service, \
         service_plist, (SELECT evidence FROM services s WHERE s.host = a.host AND \
         s.label = a.service AND s.plist_path IS a.service_plist) FROM anomalies a ORDER BY rowid",
    )?;
    let anomalies = query.query_map([], |row| anomaly(row, &captured, &signed))?;
    let anomalies = anomalies.collect::<rusqlite::Result<_>>()?;
    Ok(Recalled { last_capture: captured.iter().filter_map(|one| one.to).max(), anomalies })
}

/// Team and identifier of developers' programs, by host and path.
type Signed = BTreeMap<(String, String), (Option<String>, Option<String>)>;

fn signed(connection: &Connection) -> rusqlite::Result<Signed> {
    let mut query = connection.prepare(
        "SELECT DISTINCT host, process_path, team_id, signing_id FROM processes \
         WHERE signature = 'developer' AND process_path IS NOT NULL",
    )?;
    let rows =
        query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?;
    rows.collect()
}

fn anomaly(
    row: &rusqlite::Row<'_>,
    captured: &[Captured],
    signed: &Signed,
) -> rusqlite::Result<RecalledAnomaly> {
    let text = |at: usize| row.get::<_, Option<String>>(at);
    let direction =
        word(text(6)?, &[Direction::Listen, Direction::Outbound, Direction::Inbound], |one| {
            one.as_str()
        });
    let port = if direction == Some(Direction::Outbound) { row.get(9)? } else { row.get(8)? };
    let (label, plist): (_, Option<String>) = (text(14)?, row.get(15)?);
    let host: String = row.get(2)?;
    let seen = text(5)?.and_then(|time| time.parse().ok());
    let time = seen.or_else(|| capture_of(&host, text(16).ok()?.as_deref(), captured));
    let remote = text(10)?.and_then(|remote| remote.split('%').next()?.parse().ok());
    let path = text(13)?;
    let by = path.clone().and_then(|path| signed.get(&(host.clone(), path)).cloned());
    let (team_id, signing_id) = by.unwrap_or_default();
    let bundle_id = label.as_deref().filter(|_| plist.is_none()).and_then(bundle_of).or(signing_id);
    Ok(RecalledAnomaly {
        id: row.get(0)?,
        title: text(1)?.unwrap_or_default(),
        host,
        role: text(3)?,
        exception: text(4)?,
        time,
        direction,
        protocol: word(text(7)?, &[Protocol::Tcp, Protocol::Udp], Protocol::as_str),
        port,
        remote,
        scope: word(text(11)?, &[Scope::Loopback, Scope::Lan, Scope::Any], Scope::as_str),
        process: text(12)?,
        path,
        label,
        team_id,
        bundle_id,
    })
}

/// The value whose word stands in a cell.
fn word<T: Copy>(cell: Option<String>, all: &[T], word: impl Fn(T) -> &'static str) -> Option<T> {
    let cell = cell?;
    all.iter().copied().find(|one| word(*one) == cell)
}

/// The last capture of a host's acquisitions in that evidence, if all of them tell theirs.
fn capture_of(host: &str, evidence: Option<&str>, captured: &[Captured]) -> Option<Timestamp> {
    let of = captured
        .iter()
        .filter(|one| one.host == host && evidence.is_none_or(|evidence| one.evidence == evidence));
    let times: Option<Vec<Timestamp>> = of.map(|one| one.to).collect();
    times?.into_iter().max()
}
