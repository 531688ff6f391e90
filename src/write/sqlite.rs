//! Tables → one SQLite database: typed columns, text exactly as the evidence has it, indices last.

use super::hashing::hex;
use super::{Output, Writer};
use crate::report::table::{Cell, Column, Kind, Schema, Table};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;

/// Name of the database.
pub(super) const FILE: &str = "portolan.sqlite";

/// What is indexed: time, port, service, process, and the ids that join tables.
const INDICES: &[(&str, &str)] = &[
    ("anomalies", "anomaly_id"),
    ("anomalies", "binding_id"),
    ("anomalies", "first_seen"),
    ("anomalies", "local_port"),
    ("anomalies", "remote_port"),
    ("anomalies", "service"),
    ("anomalies", "process"),
    ("bindings", "binding_id"),
    ("bindings", "tuple_id"),
    ("bindings", "first_seen"),
    ("bindings", "last_seen"),
    ("bindings", "local_port"),
    ("bindings", "remote_port"),
    ("bindings", "service"),
    ("bindings", "process"),
    ("citations", "binding_id"),
    ("citations", "anomaly_id"),
    ("declared_ports", "port"),
    ("declared_ports", "label"),
    ("factors", "anomaly_id"),
    ("holders", "binding_id"),
    ("holders", "process_id"),
    ("processes", "process_id"),
    ("processes", "pid"),
    ("processes", "process"),
    ("processes", "service"),
    ("services", "label"),
    ("spans", "binding_id"),
    ("timeline", "timestamp"),
    ("timeline", "binding_id"),
    ("timeline", "anomaly_id"),
    ("timeline", "local_port"),
    ("timeline", "remote_port"),
    ("timeline", "service"),
    ("timeline", "process"),
    ("tuples", "tuple_id"),
];

/// The timeline of what is to be explained.
const VIEW: &str = "CREATE VIEW anomaly_timeline AS \
     SELECT t.*, a.score, a.title FROM timeline t JOIN anomalies a ON a.anomaly_id = t.anomaly_id \
     ORDER BY t.timestamp, t.rowid";

/// Writes one database, in one transaction.
pub(super) struct Sqlite {
    connection: Connection,
    content: Sha256,
}

impl Sqlite {
    /// A new database in `folder`.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let connection = Connection::open(folder.join(FILE)).map_err(failed)?;
        // The file is thrown away if anything fails, and temporary files outside the output directory
        // are not ours to make: no journal, no synchronisation, sorting in memory.
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; \
                 PRAGMA encoding = 'UTF-8'; BEGIN",
            )
            .map_err(failed)?;
        Ok(Self { connection, content: Sha256::new() })
    }

    fn insert(&mut self, table: &Table<'_>) -> rusqlite::Result<()> {
        let schema = table.schema();
        self.connection.execute_batch(&definition(&schema))?;
        self.describe(&schema);
        let places = vec!["?"; schema.columns.len()].join(", ");
        let insert = format!("INSERT INTO {} VALUES ({places})", quoted(schema.table));
        let mut statement = self.connection.prepare(&insert)?;
        for row in table.rows() {
            for (at, cell) in (1..).zip(&row) {
                hash_cell(&mut self.content, cell);
                statement.raw_bind_parameter(at, Bound(cell))?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }

    fn describe(&mut self, schema: &Schema) {
        for name in std::iter::once(schema.table).chain(schema.columns.iter().map(|one| one.name)) {
            hash_text(&mut self.content, name);
        }
    }
}

impl Writer for Sqlite {
    fn table(&mut self, table: &Table<'_>) -> io::Result<()> {
        self.insert(table).map_err(failed)
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<Output>> {
        let indices = INDICES.iter().map(|(table, column)| {
            format!("CREATE INDEX {table}_by_{column} ON {} ({});", quoted(table), quoted(column))
        });
        let last: String = indices.chain([format!("{VIEW}; COMMIT")]).collect();
        self.connection.execute_batch(&last).map_err(failed)?;
        self.connection.close().map_err(|(_, error)| failed(error))?;
        Ok(vec![Output { file: FILE.to_owned(), sha256: hex(self.content), bytes: 0 }])
    }
}

/// `CREATE TABLE "bindings" ("binding_id" TEXT, …)`.
fn definition(schema: &Schema) -> String {
    let column = |column: &Column| {
        let kind = match column.kind {
            Kind::Text => "TEXT",
            Kind::Integer => "INTEGER",
        };
        format!("{} {kind}", quoted(column.name))
    };
    let columns: Vec<_> = schema.columns.iter().map(column).collect();
    format!("CREATE TABLE {} ({})", quoted(schema.table), columns.join(", "))
}

/// A name of the contract as SQL; none of them holds a quotation mark.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// A cell as SQLite takes it: text may hold NUL and any other character.
struct Bound<'a>(&'a Cell<'a>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Empty => ValueRef::Null,
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Integer(number) => ValueRef::Integer(*number),
        }))
    }
}

/// Every value with its kind and length, so that no two contents give the same bytes.
fn hash_cell(content: &mut Sha256, cell: &Cell<'_>) {
    match cell {
        Cell::Empty => content.update(b"n"),
        Cell::Text(text) => hash_text(content, text),
        Cell::Integer(number) => {
            content.update(b"i");
            content.update(number.to_le_bytes());
        }
    }
}

fn hash_text(content: &mut Sha256, text: &str) {
    content.update(b"t");
    content.update((text.len() as u64).to_le_bytes());
    content.update(text);
}

/// SQLite's own words for an error, with the operating system's kind where it has one.
fn failed(error: rusqlite::Error) -> io::Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => io::Error::new(io::ErrorKind::StorageFull, error),
        _ => io::Error::other(error),
    }
}
