//! What is measured, each on its generated evidence.

use super::inputs::{self, PLISTS};
use super::measure::{Bench, best_of, jobs, peak, shell};
use super::table::Figure;
use std::path::{Path, PathBuf};

/// Rows of the smaller listing; the larger one has twice as many.
const ROWS: u64 = 200_000;

/// Makes an input of so many rows in a folder.
type Make = fn(&Path, u64);

/// Runs of which the best counts.
const RUNS: usize = 5;

/// Bytes that memory may take beside the observations.
const MEMORY: f64 = 64.0;

/// What the `plistlib` of a script would do: read every file, and count the jobs with sockets.
const PLISTLIB: &str = "\
import os, plistlib, sys
found = 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        try:
            with open(os.path.join(folder, name), 'rb') as file:
                found += 'Sockets' in plistlib.load(file)
        except Exception:
            pass
print(found)";

/// Start-up.
pub(crate) fn start(_: &Bench) -> Vec<Figure> {
    let command = vec![env!("CARGO_BIN_EXE_portolan").to_owned(), "--version".to_owned()];
    let cost = best_of(20, &[command])[0];
    vec![Figure::bounded("`portolan --version`, wall", cost.wall * 1000.0, "ms", 10.0)]
}

/// Property lists beside a loop over `plistlib`.
pub(crate) fn plists(bench: &Bench) -> Vec<Figure> {
    let folder = bench.input("plists", inputs::plists);
    let mut commands = vec![bench.analyze(&folder, &[])];
    if let Some(python) = python(bench) {
        let folder = folder.display().to_string();
        commands.push(vec![python, "-c".to_owned(), PLISTLIB.to_owned(), folder]);
    }
    let costs = best_of(RUNS, &commands);
    let what = format!("{} property lists, CPU", thousands(PLISTS));
    let peer = costs.get(1).map(|cost| cost.cpu);
    vec![Figure::compared(&what, costs[0].cpu, ("plistlib", peer)).within(1.0)]
}

/// The interpreter itself, without the start-up cost of a wrapper such as pyenv's.
pub(crate) fn python(bench: &Bench) -> Option<String> {
    if !bench.has("python3") {
        return None;
    }
    let told = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .ok()?;
    Some(String::from_utf8(told.stdout).ok()?.trim().to_owned())
}

/// Files that nothing claims, beside hashing alone.
pub(crate) fn folder(bench: &Bench) -> Vec<Figure> {
    let folder = unclaimed(bench);
    let jobs = jobs();
    let mut commands = vec![bench.analyze(&folder, &["--jobs", &jobs.to_string()])];
    if bench.has("openssl") {
        // As many files a process as still leave work for all: starting openssl costs milliseconds.
        let hash = "xargs -0 -n 1000 -P";
        commands.push(shell(&format!(
            "find {} -type f -print0 | {hash} {jobs} openssl dgst -sha256",
            folder.display()
        )));
    }
    let costs = best_of(RUNS, &commands);
    let wall = costs.get(1).map(|cost| cost.wall);
    let cpu = costs.get(1).map(|cost| cost.cpu);
    vec![
        Figure::compared("200 MB of unclaimed files, wall", costs[0].wall, ("openssl -P", wall))
            .within(1.25),
        Figure::compared("200 MB of unclaimed files, CPU", costs[0].cpu, ("openssl", cpu)),
    ]
}

fn unclaimed(bench: &Bench) -> PathBuf {
    bench.input("unclaimed", inputs::unclaimed)
}

/// The same files in an archive, beside unpacking and hashing it.
pub(crate) fn archive(bench: &Bench) -> Vec<Figure> {
    let folder = unclaimed(bench);
    let archive = bench.input("unclaimed.tar.gz", |archive| inputs::packed(&folder, archive));
    let mut commands = vec![bench.analyze(&archive, &[])];
    if bench.has("gzip") && bench.has("openssl") {
        commands.push(shell(&format!("gzip -dc {} | openssl dgst -sha256", archive.display())));
    }
    let costs = best_of(3, &commands);
    let (wall, cpu) = (costs.get(1).map(|cost| cost.wall), costs.get(1).map(|cost| cost.cpu));
    vec![
        Figure::compared("the same as tar.gz, wall", costs[0].wall, ("gzip | openssl", wall)),
        Figure::compared("the same as tar.gz, CPU", costs[0].cpu, ("gzip | openssl", cpu)),
    ]
}

/// A small acquisition from end to end.
pub(crate) fn case(bench: &Bench) -> Vec<Figure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts/planted-case");
    let cost = best_of(10, &[bench.analyze(&folder, &[])])[0];
    let told = format!("{:.0} ms", cost.wall * 1000.0);
    vec![Figure::told("fixtures/hosts/planted-case, wall", told)]
}

/// Rows of listings, and of the tables made of them.
pub(crate) fn rows(bench: &Bench) -> Vec<Figure> {
    let mut figures = Vec::new();
    let listings: [(&str, Make); 2] = [("netstat", inputs::netstat), ("lsof", inputs::lsof)];
    for (tool, make) in listings {
        let folder = bench.input(&format!("{tool}-{ROWS}"), |folder| make(folder, ROWS));
        let cost = best_of(3, &[bench.analyze(&folder, &[])])[0];
        let rate = ROWS as f64 / cost.cpu;
        let what = format!("{} rows of {tool}, all stages", thousands(ROWS));
        figures.push(Figure::told(what, format!("{rate:.0} rows/CPU s")));
        if let Some((milliseconds, written)) = written(bench) {
            let rate = written as f64 / (milliseconds as f64 / 1000.0);
            let what = format!("{} rows of CSV and SQLite from it", thousands(written));
            figures.push(Figure::told(what, format!("{rate:.0} rows/s")));
        }
    }
    figures
}

/// Milliseconds of the last run's writing, and the rows it wrote.
fn written(bench: &Bench) -> Option<(u64, u64)> {
    let run = bench.told_of_run()?;
    let stages = run.get("durations")?.as_array()?.iter();
    let mut writing = stages.filter(|stage| stage.get("stage").is_some_and(|name| name == "write"));
    let milliseconds = writing.next()?.get("milliseconds")?.as_u64()?;
    let rows = run.get("rows")?.as_object()?.values().filter_map(serde_json::Value::as_u64).sum();
    Some((milliseconds.max(1), rows))
}

/// A long log beside a search for the lines that matter.
pub(crate) fn log(bench: &Bench) -> Vec<Figure> {
    let folder = bench.input("log", |folder| inputs::launchd_log(folder, 200_000_000));
    let mut commands = vec![bench.analyze(&folder, &[])];
    if bench.has("grep") {
        commands.push(shell(&format!(
            "LC_ALL=C grep -rhF -e 'spawned with pid' -e 'Successfully spawned' -e 'exited due to' {} | cat",
            folder.display()
        )));
    }
    let costs = best_of(2, &commands);
    let cpu = costs.get(1).map(|cost| cost.cpu);
    vec![Figure::compared("200 MB of launchd.log, all stages, CPU", costs[0].cpu, ("grep -F", cpu))]
}

/// Peaks of memory.
pub(crate) fn memory(bench: &Bench) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut flat = |what: &str, evidence: &Path, options: &[&str]| {
        if let Some(peak) = peak(&bench.analyze(evidence, options)) {
            figures.push(Figure::bounded(what, mebibytes(peak), "MiB", MEMORY));
        }
    };
    flat("peak: 2,000 property lists", &bench.input("plists", inputs::plists), &[]);
    flat("peak: 200 MB of unclaimed files", &unclaimed(bench), &[]);
    let sparse = bench.input("sparse", |folder| inputs::sparse(folder, 2 << 30));
    flat("peak: 2 GiB of unclaimed files", &sparse, &["--hash-all"]);
    let archive = bench.input("large.tar.gz", |path| inputs::large_archive(path, 2 << 30));
    flat("peak: tar.gz of 2 GiB", &archive, &[]);
    let listings: [(&str, Make); 2] = [("netstat", inputs::netstat), ("lsof", inputs::lsof)];
    for (tool, make) in listings {
        figures.extend(per_row(bench, tool, make));
    }
    figures.extend(per_row(bench, "repeated netstat", inputs::watched));
    figures
}

/// What a row more takes, from two listings of which one is twice the other.
fn per_row(bench: &Bench, tool: &str, make: fn(&Path, u64)) -> Option<Figure> {
    let peak_of = |rows: u64| {
        let name = format!("{}-{rows}", tool.replace(' ', "-"));
        let folder = bench.input(&name, |folder| make(folder, rows));
        peak(&bench.analyze(&folder, &[]))
    };
    let (one, two) = (peak_of(ROWS)?, peak_of(2 * ROWS)?);
    let bytes = two.saturating_sub(one) / ROWS;
    let what = format!("memory of a further {tool} row, to its bindings and tables");
    let told = format!("{bytes} bytes");
    let peer = format!("{:.0} MiB at {} rows", mebibytes(two), thousands(2 * ROWS));
    Some(Figure { peer, ..Figure::told(what, told) })
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// `200,000` for 200000.
pub(crate) fn thousands(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1000), number % 1000),
    }
}
