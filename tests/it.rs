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
/// Archives of collectors, from end to end.
mod collectors;
/// No file and no record is lost.
mod conservation;
/// The same evidence gives the same bytes.
mod determinism;
/// Folders, archives, hostile names and bombs.
mod evidence;
/// The pages of docs/ that the code writes.
mod generated_pages;
/// Rules that the house keeps for itself.
mod house;
/// Laws of values and of the whole reconstruction.
mod laws;
/// Damage of every kind to every fixture.
mod mutation;
/// Roles, exceptions, approved software.
mod policy;
/// Owners, lives and families of bindings.
mod ports;
/// The console blocks of README.md and docs/.
mod readme;
/// Tables and their writers.
mod report;
/// Every rule: a story where it fires, and one where it stays silent.
mod rules;
/// What the analysis of public captures taught.
mod validation;
