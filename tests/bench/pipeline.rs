//! `make bench`: generated evidence → time and memory of `portolan`, beside the tool that a user would pick.
//!
//! Ratios are told, never enforced: wall times of a busy machine prove nothing. CPU time is user and
//! system time together. A peer that is not installed leaves its cell empty, and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark may fail loudly, writes its own input and prints what it finds"
)]

/// APFS containers.
#[allow(dead_code, reason = "tests use more of it")]
#[path = "../support/apfs_image.rs"]
mod apfs_image;
/// What is measured.
mod figures;
/// What is measured of disk images.
mod images;
/// Evidence, made the same in every run.
mod inputs;
/// Exports of the unified log.
mod logs;
/// A command → its time and memory.
mod measure;
/// Figures → a table.
mod table;
/// What is measured of the unified log.
mod unified;

use measure::Bench;
use std::path::Path;
use table::Figure;

/// A figure by the word that selects it.
type Measurement = (&'static str, fn(&Bench) -> Vec<Figure>);

/// In the order of the table.
const MEASUREMENTS: &[Measurement] = &[
    ("start", figures::start),
    ("plists", figures::plists),
    ("folder", figures::folder),
    ("archive", figures::archive),
    ("case", figures::case),
    ("rows", figures::rows),
    ("log", figures::log),
    ("unified", unified::unified),
    ("images", images::images),
    ("memory", figures::memory),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs this program too, without the flag that `cargo bench` gives.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("pipeline: nothing measured; run `make bench`");
        return;
    }
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let bench = Bench::new(Path::new(env!("CARGO_TARGET_TMPDIR")));
    println!("{}", measure::machine());
    table::head();
    let (mut shown, mut missed) = (0_usize, 0_usize);
    for (name, measure) in MEASUREMENTS {
        if words.is_empty() || words.iter().any(|word| *word == name) {
            for figure in measure(&bench) {
                println!("{figure}");
                shown += 1;
                missed += usize::from(figure.is_missed());
            }
        }
    }
    for peer in bench.missing() {
        println!("not compared: {peer} is not installed");
    }
    println!("bench: {shown} figures measured, {missed} beyond their bound");
}
