//! Tables and their writers.

mod baseline_command;
mod command;
mod csv;
mod directory;
mod sample;
mod sqlite;
mod tables;
mod terminal;
