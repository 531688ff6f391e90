//! What is measured of exports of the unified log.

use super::figures::mebibytes;
use super::logs::{self, Style};
use super::measure::{Bench, best_of, peak, shell};
use super::table::Figure;
use std::path::Path;

/// Bytes of the ndjson exports.
const LARGE: u64 = 500_000_000;

/// Bytes of the others.
const SMALL: u64 = 200_000_000;

/// Bytes of a second that a text style should be read at, on one processor.
const RATE: f64 = 300_000_000.0;

/// ndjson beside hashing it; text styles by their rate; a compressed one beside inflating it.
pub(crate) fn unified(bench: &Bench) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (per_mille, share, bound) in [(1, "0.1 %", 1.25), (30, "3 %", 2.0)] {
        let path = export(bench, "ndjson", Style::Ndjson, LARGE, per_mille);
        let mut commands = vec![bench.analyze(&path, &[])];
        if bench.has("openssl") {
            commands.push(shell(&format!("openssl dgst -sha256 {}", path.display())));
        }
        let costs = best_of(5, &commands);
        let what = format!("500 MB of ndjson, {share} of it matters, wall");
        let peer = costs.get(1).map(|cost| cost.wall);
        figures.push(Figure::compared(&what, costs[0].wall, ("openssl", peer)).within(bound));
        if let Some(peak) = peak(&bench.analyze(&path, &[])) {
            let what = format!("peak: 500 MB of ndjson, {share} of it matters");
            figures.push(Figure::told(what, format!("{:.1} MiB", mebibytes(peak))));
        }
    }
    let styles =
        [("default", Style::Default), ("compact", Style::Compact), ("syslog", Style::Syslog)];
    for (name, style) in styles {
        let path = export(bench, name, style, SMALL, 1);
        let cost = best_of(3, &[bench.analyze(&path, &["--jobs", "1"])])[0];
        let what = format!("200 MB in the style {name}, CPU, hash included");
        let bound = SMALL as f64 / RATE * 1000.0;
        figures.push(Figure::bounded(&what, cost.cpu * 1000.0, "ms", bound));
    }
    figures.extend(compressed(bench));
    figures
}

fn export(
    bench: &Bench,
    name: &str,
    style: Style,
    size: u64,
    per_mille: u64,
) -> std::path::PathBuf {
    bench.input(&format!("{name}-{per_mille}.log"), |path| {
        logs::unified(path, style, size, per_mille);
    })
}

/// A compressed export, in bytes inflated a second beside gzip alone.
fn compressed(bench: &Bench) -> Option<Figure> {
    let plain = export(bench, "ndjson", Style::Ndjson, LARGE, 1);
    if !bench.has("gzip") {
        return None;
    }
    let packed = bench.input("ndjson-1.log.gz", |path| gzip(&plain, path));
    let commands = [bench.analyze(&packed, &[]), shell(&format!("gzip -dc {}", packed.display()))];
    let costs = best_of(3, &commands);
    let what = "500 MB of ndjson as .gz, wall";
    Some(
        Figure::compared(what, costs[0].wall, ("gzip -dc", Some(costs[1].wall))).within(1.0 / 0.85),
    )
}

fn gzip(plain: &Path, packed: &Path) {
    let line = format!("gzip -c {} > {}", plain.display(), packed.display());
    let done = std::process::Command::new("bash").args(["-c", &line]).status();
    assert!(done.expect("gzip").success());
}
