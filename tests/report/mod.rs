//! Tables and their writers.

mod baseline_command;
mod command;
mod csv;
mod directory;
mod refused;
mod sample;
mod settings;
mod sqlite;
mod tables;
mod terminal;
