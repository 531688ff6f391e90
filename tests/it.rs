//! The one test binary: an index of what is tested where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and read and write their own files"
)]

/// A small invented Mac to tell stories of.
mod story;
/// What every test uses.
mod support;

/// Parsers: one module an artifact.
mod artifacts;
/// Stock baseline, hints, classes, names.
mod baseline;
/// Folders, archives, hostile names and bombs.
mod evidence;
/// The pages of docs/ that the code writes.
mod generated_pages;
/// Grouping, clocks, zones, boots.
mod hosts;
/// Owners, lives and families of bindings.
mod ports;
/// Tables and their writers.
mod report;
/// Every rule: a story where it fires, and one where it stays silent.
mod rules;
