//! Tables → one SQLite database: typed columns, text exactly as the evidence has it, indices last.

use super::hashing::hex;
use super::{Output, Writer};
use crate::report::table::{Cell, Column, Kind, Schema};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;

/// Name of the database.
pub(super) const FILE: &str = "portolan.sqlite";

/// What is indexed: time, port, service, process, and the ids that join tables. Empty cells are left
/// out, which are half of them: a search for a value never meets them.
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
    /// The statement that adds a row to the present table.
    insert: String,
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
        Ok(Self { connection, insert: String::new(), content: Sha256::new() })
    }

    fn create(&mut self, schema: &Schema) -> rusqlite::Result<()> {
        self.connection.execute_batch(&definition(schema))?;
        self.describe(schema);
        let places = vec!["?"; schema.columns.len()].join(", ");
        self.insert = format!("INSERT INTO {} VALUES ({places})", quoted(schema.table));
        Ok(())
    }

    fn insert(&mut self, rows: &[Vec<Cell<'_>>]) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(&self.insert)?;
        let mut content = Vec::new();
        for row in rows {
            content.clear();
            for (at, cell) in (1..).zip(row) {
                add_cell(&mut content, cell);
                statement.raw_bind_parameter(at, Bound(cell))?;
            }
            self.content.update(&content);
            statement.raw_execute()?;
        }
        Ok(())
    }

    fn describe(&mut self, schema: &Schema) {
        let mut content = Vec::new();
        for name in std::iter::once(schema.table).chain(schema.columns.iter().map(|one| one.name)) {
            add_text(&mut content, name);
        }
        self.content.update(&content);
    }
}

impl Writer for Sqlite {
    fn begin(&mut self, schema: &Schema) -> io::Result<()> {
        self.create(schema).map_err(failed)
    }

    fn rows(&mut self, rows: &[Vec<Cell<'_>>]) -> io::Result<()> {
        self.insert(rows).map_err(failed)
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<Output>> {
        let indices = INDICES.iter().map(|(table, column)| {
            let (name, table, column) =
                (format!("{table}_by_{column}"), quoted(table), quoted(column));
            format!("CREATE INDEX {name} ON {table} ({column}) WHERE {column} IS NOT NULL;")
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
fn add_cell(content: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Empty => content.push(b'n'),
        Cell::Text(text) => add_text(content, text),
        Cell::Integer(number) => {
            content.push(b'i');
            content.extend(number.to_le_bytes());
        }
    }
}

fn add_text(content: &mut Vec<u8>, text: &str) {
    content.push(b't');
    content.extend((text.len() as u64).to_le_bytes());
    content.extend(text.as_bytes());
}

/// SQLite's own words for an error, with the operating system's kind where it has one.
fn failed(error: rusqlite::Error) -> io::Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => io::Error::new(io::ErrorKind::StorageFull, error),
        _ => io::Error::other(error),
    }
}
