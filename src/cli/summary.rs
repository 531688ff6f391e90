//! The finished analysis → what can be read in ten seconds.

use super::options::AnalyzeOptions;
use super::screen::Screen;
use portolan::hosts::{Coverage, HostCase, Sees};
use portolan::model::anomaly::{Anomaly, Severity};
use portolan::model::network::Protocol;
use portolan::model::service::Direction;
use portolan::model::stamp;
use portolan::pipeline::{Collected, Source};
use portolan::report::{Analysis, View};
use portolan::write::Output;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Anomalies that are named before they are only counted.
const NAMED: usize = 10;

/// What was read, found, not seen and written.
pub(super) fn print(
    analysis: &Analysis,
    options: &AnalyzeOptions,
    outputs: &[Output],
    screen: &mut Screen,
) -> io::Result<()> {
    screen.line(&read(&analysis.collected))?;
    hosts(&analysis.hosts, screen)?;
    problems(analysis, options, screen)?;
    let bindings: usize = analysis.ports.iter().map(|ports| ports.bindings.len()).sum();
    let (bindings, anomalous) = (counted(bindings, "binding"), by_severity(&analysis.anomalies));
    screen.line(&format!("Found    {bindings}, {anomalous}"))?;
    anomalies(analysis, options, screen)?;
    if analysis.hosts.is_empty() {
        screen.line("Unseen   nothing of any Mac was read: no port could have been seen")?;
    }
    for (gap, hosts) in gaps_of(&analysis.hosts) {
        screen.line(&format!("Unseen   {gap} ({})", few(&hosts)))?;
    }
    screen.line(&format!("Written  {}: {}", options.out.display(), written(outputs)))?;
    screen.flush()
}

/// A line for each of the first hosts.
pub(super) fn hosts(cases: &[HostCase], screen: &mut Screen) -> io::Result<()> {
    for case in cases.iter().take(NAMED) {
        screen.line(&format!("Host     {}", host(case)))?;
    }
    let more = cases.len().saturating_sub(NAMED);
    if more > 0 {
        screen.line(&format!("         … and {more} more"))?;
    }
    Ok(())
}

/// `16 CSV files, portolan.sqlite, run.json`.
fn written(outputs: &[Output]) -> String {
    let (tables, others): (Vec<_>, Vec<_>) =
        outputs.iter().map(|output| output.file.as_str()).partition(|file| is_table(file));
    let tables = (!tables.is_empty()).then(|| counted(tables.len(), "CSV file"));
    let others = others.into_iter().map(str::to_owned);
    tables.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

fn is_table(file: &str) -> bool {
    file.strip_suffix(".csv").is_some()
}

/// `Read     12 files of 1 evidence: 9 claimed, 2 with problems`.
pub(super) fn read(collected: &Collected) -> String {
    let sources = &collected.sources;
    let claimed = sources.iter().filter(|source| source.artifact.is_some()).count();
    let troubled = sources.iter().filter(|source| source.problem_count > 0).count();
    let arguments = collected.evidence.len();
    let of = if arguments == 1 { String::new() } else { format!(" of {arguments} arguments") };
    let files = counted(sources.len(), "file");
    format!("Read     {files}{of}: {claimed} claimed by a parser, {troubled} with problems")
}

/// Whether a parser read anything of the evidence of that index.
pub(super) fn is_usable(collected: &Collected, evidence: usize) -> bool {
    let mut sources = collected.sources.iter().filter(|source| source.evidence == evidence);
    let unusable = collected.evidence.get(evidence).is_none_or(|one| one.unusable.is_some());
    !unusable && sources.any(Source::is_read)
}

/// `mb-lab01, macOS 14.4 (23E214), America/Sao_Paulo, 1 acquisition`.
fn host(case: &HostCase) -> String {
    let host = &case.host;
    let version = host.os_version.as_ref().map(|version| {
        let build = host.os_build.as_ref().map(|build| format!(" ({build})"));
        format!("macOS {version}{}", build.unwrap_or_default())
    });
    let last = case
        .acquisitions
        .iter()
        .filter_map(|one| Some((one.captured?.hi, one.captured_how.as_str())))
        .max();
    let parts = [
        Some(host.name.clone()),
        version,
        host.time_zone.clone().or_else(|| Some("time zone unknown".to_owned())),
        Some(counted(case.acquisitions.len(), "acquisition")),
        last.map(|(time, how)| format!("last captured {} ({how})", stamp(time))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `1 host`, `2 hosts`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// `3 anomalies: 1 critical, 2 low`.
fn by_severity(anomalies: &[Anomaly]) -> String {
    if anomalies.is_empty() {
        return "no anomaly".to_owned();
    }
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for anomaly in anomalies {
        let count = counts.entry(anomaly.severity).or_default();
        *count = count.saturating_add(1);
    }
    let each: Vec<_> =
        counts.iter().rev().map(|(one, count)| format!("{count} {}", one.as_str())).collect();
    let noun = if anomalies.len() == 1 { "anomaly" } else { "anomalies" };
    let excepted = anomalies.iter().filter(|anomaly| !anomaly.is_open()).count();
    let excepted = if excepted > 0 { format!("; {excepted} excepted") } else { String::new() };
    format!("{} {noun}: {}{excepted}", anomalies.len(), each.join(", "))
}

/// The gravest anomalies, one line each.
fn anomalies(analysis: &Analysis, options: &AnalyzeOptions, screen: &mut Screen) -> io::Result<()> {
    let reporting = options.reporting();
    let view = View::new(analysis, &reporting);
    let mut gravest: Vec<&Anomaly> = analysis.anomalies.iter().collect();
    gravest.sort_by_key(|one| (!one.is_open(), std::cmp::Reverse(one.score), &one.id));
    let named = if options.verbose { gravest.len() } else { NAMED };
    for anomaly in gravest.iter().take(named) {
        let host = view.case(anomaly.host).map_or("", |case| &case.host.name);
        let life = view.binding_of(anomaly).and_then(|binding| binding.interval);
        let seen = life.map(|life| format!(", first seen {}", stamp(life.first_seen)));
        let places = view.places_of(anomaly);
        let first = places.split("; ").next().unwrap_or_default();
        let (score, title, seen) = (anomaly.score, &anomaly.title, seen.unwrap_or_default());
        let by = anomaly.exception.as_ref().map(|id| format!(" (excepted by {id})"));
        let by = by.unwrap_or_default();
        let told = format!("{score:>3}  {host}  {title}{by}{seen}  {first}");
        screen.severe(anomaly.severity, &told)?;
    }
    let more = gravest.len().saturating_sub(named);
    if more > 0 {
        screen.line(&format!("  … and {more} more"))?;
    }
    Ok(())
}

/// How many problems there were; with `--verbose` each of them.
fn problems(analysis: &Analysis, options: &AnalyzeOptions, screen: &mut Screen) -> io::Result<()> {
    let sources = &analysis.collected.sources;
    let placing: usize = analysis.hosts.iter().map(|case| case.problems.len()).sum();
    let given = &analysis.collected.evidence;
    let of_files = sources.iter().map(|source| source.problems.len());
    let reading: usize = of_files.chain(given.iter().map(|one| one.problems.len())).sum();
    if reading.saturating_add(placing) == 0 {
        return Ok(());
    }
    screen.line(&format!("Problems {reading} while reading, {placing} while placing in time"))?;
    if !options.verbose {
        return Ok(());
    }
    for (one, problem) in given.iter().flat_map(|one| one.problems.iter().map(move |p| (one, p))) {
        screen.line(&format!("  {}  {}: {}", problem.kind.as_str(), one.label, problem.detail))?;
    }
    let read = sources.iter().flat_map(|source| source.problems.iter().map(move |p| (source, p)));
    let placed = analysis.hosts.iter().flat_map(|case| &case.problems);
    let placed = placed
        .filter_map(|(id, problem)| Some((sources.get(usize::try_from(id.0).ok()?)?, problem)));
    for (source, problem) in read.chain(placed) {
        let (path, locator, kind) = (&source.path, problem.locator, problem.kind.as_str());
        screen.line(&format!("  {kind}  {path}{locator}: {}", problem.detail))?;
    }
    Ok(())
}

/// What could not be seen, with the hosts it could not be seen on.
fn gaps_of(cases: &[HostCase]) -> BTreeMap<String, Vec<&str>> {
    let mut hosts_of: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for case in cases {
        for gap in gaps(case) {
            hosts_of.entry(gap).or_default().push(&case.host.name);
        }
    }
    hosts_of
}

/// The first three names, and how many more there are.
fn few(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(3).copied().collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What no source of a host shows, in words, equal limits together.
fn gaps(case: &HostCase) -> Vec<String> {
    let mut gaps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (direction, name) in
        [(Direction::Listen, "listeners"), (Direction::Outbound, "connections")]
    {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            if let Some(gap) = gap(case, direction, protocol) {
                let what = format!("{} {name}", protocol.as_str());
                gaps.entry(gap).or_default().push(what);
            }
        }
    }
    let is_general = |row: &&Coverage| {
        row.boot.is_none() && (row.source.is_none() || row.blind_to.contains(&"not walked"))
    };
    let general = case.coverage.iter().filter(is_general);
    let mut words: Vec<String> = general.map(|row| row.detail.clone()).collect();
    words.extend(unseen_boots(case));
    words.extend(gaps.into_iter().map(|(gap, of)| format!("{gap} {}", of.join(", "))));
    words
}

/// In how many boots no source shows some sockets, equal numbers together.
fn unseen_boots(case: &HostCase) -> Vec<String> {
    let mut boots: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    if case.boots.len() < 2 {
        // What is not seen of the only boot is not seen of the host.
        return Vec::new();
    }
    for row in case.coverage.iter().filter(|row| row.source.is_none()) {
        if let (Some(boot), Some(protocol)) = (row.boot, row.protocol) {
            let name = if row.direction == Direction::Listen { "listeners" } else { "connections" };
            boots.entry(format!("{} {name}", protocol.as_str())).or_default().insert(boot);
        }
    }
    let mut by_count: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (what, boots) in boots {
        by_count.entry(boots.len()).or_default().push(what);
    }
    let of = counted(case.boots.len(), "boot");
    let words = by_count.into_iter().rev();
    words.map(|(count, what)| format!("{} in {count} of {of}", what.join(", "))).collect()
}

/// What every source that shows something of a direction and protocol is blind to.
fn gap(case: &HostCase, direction: Direction, protocol: Protocol) -> Option<String> {
    let rows = || {
        let all = case.coverage.iter();
        all.filter(|row| {
            row.source.is_some() && row.direction == direction && row.protocol == Some(protocol)
        })
    };
    rows().next()?;
    let blind =
        |row: &Coverage| -> BTreeSet<&'static str> { row.blind_to.iter().copied().collect() };
    let showing = rows().filter(|row| row.sees != Sees::No).map(blind);
    match showing.reduce(|all, one| all.intersection(&one).copied().collect()) {
        None => Some("all".to_owned()),
        Some(common) if common.is_empty() => None,
        Some(common) => Some(format!("{} of", common.into_iter().collect::<Vec<_>>().join(", "))),
    }
}
