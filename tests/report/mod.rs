//! Tables and their writers.

mod command;
mod csv;
mod directory;
mod sample;
mod sqlite;
mod tables;
mod terminal;
