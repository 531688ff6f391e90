//! What is to be expected: the stock baseline of macOS, vendor hints, process classes, service names.
//!
//! The four tables are TOML files beside this one: versioned, with a basis for every row, meant to be read
//! and corrected by analysts. Nothing here knows a host or a time; every answer is a pure function of a
//! [`Program`](program::Program) and its [`Use`] of a port.

pub mod book;
pub mod classes;
pub mod learned;
pub mod past;
pub mod pattern;
pub mod policy;
pub mod program;
pub mod services;
pub mod stock;
pub mod toml_file;
pub mod vendors;

use program::Use;

/// All four tables.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What macOS itself does.
    pub stock: stock::StockTable,
    /// What known products do.
    pub vendors: vendors::VendorTable,
    /// What kinds of programs do.
    pub classes: classes::ClassTable,
    /// Service names.
    pub services: services::ServiceTable,
}

/// A table as `run.json` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `stock`, `vendors`, `classes`, `services` or `scoring`.
    pub name: &'static str,
    /// Its date.
    pub version: String,
    /// SHA-256 of its text, in lower-case hexadecimal.
    pub sha256: String,
}

impl Table {
    /// Describes a table from its text.
    pub fn of(name: &'static str, version: &str, text: &str) -> Self {
        use sha2::{Digest, Sha256};
        use std::fmt::Write;
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(text.as_bytes()) {
            // Writing into a String cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Self { name, version: version.to_owned(), sha256 }
    }
}

/// Reads the tables that are built in. An error names the table and the row; a test keeps it from happening.
pub fn load() -> Result<Baseline, String> {
    Ok(Baseline {
        stock: stock::StockTable::parse(stock::TEXT)?,
        vendors: vendors::VendorTable::parse(vendors::TEXT)?,
        classes: classes::ClassTable::parse(classes::TEXT)?,
        services: services::ServiceTable::parse(services::TEXT)?,
    })
}

impl Baseline {
    /// Name, version and hash of each table.
    pub fn tables(&self) -> [Table; 4] {
        [
            Table::of("stock", &self.stock.version, stock::TEXT),
            Table::of("vendors", &self.vendors.version, vendors::TEXT),
            Table::of("classes", &self.classes.version, classes::TEXT),
            Table::of("services", &self.services.version, services::TEXT),
        ]
    }

    /// Whether any program at all is expected to use a port so: the standard where the owner is unknown
    /// (netstat without pids), the union of the stock and class sets. Vendor hints are not in it.
    pub fn union_allows(&self, usage: Use) -> bool {
        self.stock.allows_someone(usage) || self.classes.allows_someone(usage)
    }
}

/// The header that every table has, checked.
pub(crate) fn check_header(name: &str, schema: u32, version: &str) -> Result<(), String> {
    let is_date = version.parse::<jiff::civil::Date>().is_ok() && version.len() == 10;
    match (schema, is_date) {
        (1, true) => Ok(()),
        (1, false) => Err(format!("{name}: the version {version:?} is not a date")),
        _ => Err(format!("{name}: schema {schema} is not known")),
    }
}
