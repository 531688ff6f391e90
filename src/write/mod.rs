//! Tables → files, under the output directory only, renamed into place when complete.

mod csv;
pub mod directory;
mod hashing;
pub mod recall;
pub mod run;
pub mod single;
mod sqlite;
pub mod suggestion;
pub mod terminal;

pub use self::csv::guarded;
use crate::report::table::{Cell, Schema, Table};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output {
    /// Its name in the output directory.
    pub file: String,
    /// SHA-256 of its bytes; of a database, of its ordered content.
    pub sha256: String,
    /// Bytes; 0 for a database, whose size depends on how SQLite lays it out.
    pub bytes: u64,
}

/// What came of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, ordered by name.
    pub outputs: Vec<Output>,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, usize>,
}

/// Rows that are made at once, and then written in each format.
const ROWS: usize = 256;

/// A format on its way to disk: tables one after the other, each begun and then given its rows.
pub trait Writer {
    /// Begins a table. What it was given before is complete.
    fn begin(&mut self, schema: &Schema) -> io::Result<()>;
    /// Writes the next rows of that table.
    fn rows(&mut self, rows: &[Vec<Cell<'_>>]) -> io::Result<()>;
    /// Completes the files and tells what they are.
    fn finish(self: Box<Self>) -> io::Result<Vec<Output>>;
}

/// A format that tables can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// One CSV file a table.
    Csv,
    /// One SQLite database.
    Sqlite,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[Self::Csv, Self::Sqlite];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Sqlite => "sqlite",
        }
    }

    /// A writer into the folder `into`.
    fn writer(self, into: &Path) -> io::Result<Box<dyn Writer>> {
        match self {
            Self::Csv => Ok(Box::new(csv::Csv::new(into))),
            Self::Sqlite => Ok(Box::new(sqlite::Sqlite::new(into)?)),
        }
    }
}

/// Writes all tables in all `formats` into the folder `into`.
pub fn write<'a>(
    tables: impl IntoIterator<Item = Table<'a>>,
    formats: &[Format],
    into: &Path,
) -> io::Result<Written> {
    let mut writers: Vec<Box<dyn Writer>> =
        formats.iter().map(|format| format.writer(into)).collect::<io::Result<_>>()?;
    let mut written = Written::default();
    for table in tables {
        written.rows.insert(table.schema().table, table.len());
        for writer in &mut writers {
            writer.begin(&table.schema())?;
        }
        let mut rows = table.rows();
        loop {
            let some: Vec<_> = rows.by_ref().take(ROWS).collect();
            if some.is_empty() {
                break;
            }
            for writer in &mut writers {
                writer.rows(&some)?;
            }
        }
    }
    for writer in writers {
        written.outputs.append(&mut writer.finish()?);
    }
    written.outputs.sort();
    Ok(written)
}

/// Every file name that Portolan has ever written: what `--force` may remove.
pub fn is_own_name(name: &str) -> bool {
    let table = name.strip_suffix(".csv");
    let table = table.is_some_and(|stem| crate::report::SCHEMA.iter().any(|one| one.table == stem));
    table || name == sqlite::FILE || name == run::FILE
}
