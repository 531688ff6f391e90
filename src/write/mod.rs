//! Tables → files, under the output directory only, renamed into place when complete.

mod csv;
pub mod directory;
mod hashing;
pub mod run;
mod sqlite;
pub mod terminal;

pub use self::csv::guarded;
use crate::report::table::Table;
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

/// A format on its way to disk.
pub trait Writer {
    /// Writes a table.
    fn table(&mut self, table: &Table<'_>) -> io::Result<()>;
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
pub fn write(tables: &[Table<'_>], formats: &[Format], into: &Path) -> io::Result<Vec<Output>> {
    let mut outputs = Vec::new();
    for format in formats {
        let mut writer = format.writer(into)?;
        for table in tables {
            writer.table(table)?;
        }
        outputs.append(&mut writer.finish()?);
    }
    outputs.sort();
    Ok(outputs)
}

/// Every file name that Portolan has ever written: what `--force` may remove.
pub fn is_own_name(name: &str) -> bool {
    let table = name.strip_suffix(".csv");
    let table = table.is_some_and(|stem| crate::report::SCHEMA.iter().any(|one| one.table == stem));
    table || name == sqlite::FILE || name == run::FILE
}
