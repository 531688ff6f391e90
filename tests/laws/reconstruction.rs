//! Laws of the whole reconstruction (time.md 7.8), on invented pasts whose truth is known.

use super::history::{Capture, Held, History, Life, PROGRAMS};
use crate::support::{Random, Scratch, analysis_of, collected, files_below};
use portolan::hosts::HostCase;
use portolan::model::Timestamp;
use portolan::model::binding::{Binding, CitationRole};
use portolan::model::interval::Interval;
use portolan::model::observation::ProblemKind;
use portolan::ports::HostPorts;
use portolan::report::Analysis;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Pasts that are tried.
const PASTS: u64 = 40;

/// Seconds by which whole seconds and two sources of one start may differ.
const ROUNDING: i64 = 3;

/// Calls `check` with pasts and what was reconstructed of them.
fn for_each_past(check: impl Fn(&History, &Analysis)) {
    for seed in 0..PASTS {
        let mut random = Random::new(seed);
        let history = History::invented(&mut random);
        let scratch = Scratch::new("past");
        let analysis = analysis_of(collected(&history.written(&scratch, 7200)));
        let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&history, &analysis);
        }));
        assert!(shown.is_ok(), "past {seed}: {history:#?}");
    }
}

fn bindings(analysis: &Analysis) -> impl Iterator<Item = (&HostCase, &HostPorts, &Binding)> {
    analysis
        .hosts
        .iter()
        .zip(&analysis.ports)
        .flat_map(|(case, ports)| ports.bindings.iter().map(move |binding| (case, ports, binding)))
}

fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

#[test]
fn the_captures_of_a_past_are_read_without_a_problem() {
    for_each_past(|history, analysis| {
        for source in &analysis.collected.sources {
            assert!(source.problems.is_empty(), "{}: {:?}", source.path, source.problems);
            assert!(source.artifact.is_some(), "{} is not claimed", source.path);
        }
        assert_eq!(analysis.hosts.len(), 1, "{:?}", analysis.hosts.iter().map(|c| &c.host.name));
        let case = &analysis.hosts[0];
        assert_eq!(case.host.name, history.host);
        assert!(case.problems.is_empty(), "{:?}", case.problems);
        assert_eq!(case.acquisitions.len(), history.captures.len());
    });
}

/// Fails unless the edges of everything that lived are in order.
pub(crate) fn assert_ordered(analysis: &Analysis) {
    for (_, _, binding) in bindings(analysis) {
        let Some(interval) = binding.interval else { continue };
        assert!(interval.earliest_start.is_none_or(|start| start <= interval.first_seen));
        assert!(interval.first_seen <= interval.last_seen);
        assert!(interval.latest_end.is_none_or(|end| interval.last_seen <= end));
        for span in &binding.spans {
            assert!(interval.earliest_start.is_none_or(|start| start <= span.from), "{binding:#?}");
            assert!(span.from <= span.to, "{binding:#?}");
            assert!(interval.latest_end.is_none_or(|end| span.to <= end), "{binding:#?}");
        }
    }
    for life in analysis.ports.iter().flat_map(|ports| &ports.processes) {
        let windows = life.started.iter().chain(&life.exited);
        windows.for_each(|window| assert!(window.lo <= window.hi, "{life:#?}"));
    }
}

#[test]
fn the_edges_of_a_life_are_in_order() {
    for_each_past(|_, analysis| {
        assert_ordered(analysis);
        for life in analysis.ports.iter().flat_map(|ports| &ports.processes) {
            if let (Some(started), Some(exited)) = (life.started, life.exited) {
                assert!(started.lo <= exited.hi, "{life:?}");
            }
        }
    });
}

/// Fails unless boots follow one another, and everything lies within one of them.
fn assert_within_boots(analysis: &Analysis) {
    for case in &analysis.hosts {
        for pair in case.boots.windows(2) {
            let [one, next] = pair else { unreachable!() };
            assert!(one.started.unwrap().lo <= next.started.unwrap().lo, "{:?}", case.boots);
            assert!(one.ended.is_none_or(|ended| ended.hi <= next.started.unwrap().hi));
        }
    }
    for (case, ports, binding) in bindings(analysis) {
        let boots: BTreeSet<Option<usize>> = binding
            .citations
            .iter()
            .filter(|citation| citation.role == CitationRole::Sighting)
            .filter_map(|citation| case.facts.iter().find(|fact| fact.place == citation.place))
            .map(|fact| fact.boot)
            .collect();
        assert!(boots.len() <= 1, "{} is seen in boots {boots:?}", binding.id);
        assert!(boots.iter().all(|boot| *boot == binding.boot), "{}", binding.id);
        let (Some(boot), Some(interval)) = (binding.boot, binding.interval) else { continue };
        for holder in &binding.holders {
            assert_eq!(ports.processes[*holder].boot, Some(boot));
        }
        // A bound that a sighting contradicts is dropped, and the binding says so.
        if binding.notes.iter().any(|note| note.contains("contradicted")) {
            assert!(!ports.problems.is_empty());
            continue;
        }
        let started = case.boots[boot].started.unwrap();
        let from = interval.earliest_start.unwrap_or(interval.first_seen);
        assert!(seconds(from) + ROUNDING >= seconds(started.lo), "{binding:#?} begins too early");
        let Some(next) = case.boots.get(boot + 1).and_then(|next| next.started) else { continue };
        if case.boots[boot].ended.is_none() {
            // Sources that disagree on whether a boot was over end nothing in it, and that is told.
            let told = case.problems.iter().any(|(_, one)| one.kind == ProblemKind::BoundConflict);
            assert!(told, "{:?} {:?}", case.boots, case.problems);
        } else {
            let end = interval.latest_end.expect("a boot ends what was held in it");
            assert!(seconds(end) <= seconds(next.hi) + ROUNDING, "{binding:#?} outlives its boot");
        }
    }
}

#[test]
fn nothing_crosses_a_boot() {
    for_each_past(|_, analysis| assert_within_boots(analysis));
}

/// Fails unless every bound names one piece of evidence, and every citation stands in a file.
fn assert_cited(analysis: &Analysis) {
    for (case, _, binding) in bindings(analysis) {
        let Some(interval) = binding.interval else { continue };
        let cited = |role| binding.citations.iter().filter(move |one| one.role == role);
        let starts = cited(CitationRole::StartBound).count();
        assert_eq!(starts, usize::from(interval.earliest_start.is_some()), "{binding:#?}");
        let ends = cited(CitationRole::EndBound).count();
        assert_eq!(ends, usize::from(interval.latest_end.is_some()), "{binding:#?}");
        for citation in &binding.citations {
            assert!(
                citation.role == CitationRole::Declared
                    || case.facts.iter().any(|fact| fact.place == citation.place),
                "{citation:?} stands nowhere"
            );
        }
    }
}

#[test]
fn every_inferred_bound_names_its_evidence() {
    for_each_past(|_, analysis| assert_cited(analysis));
}

/// Evidence with digits changed: times, pids and ports that contradict one another.
#[test]
fn evidence_that_contradicts_itself_breaks_no_law() {
    for_each_past(|history, _| {
        let mut random = Random::new(history.boots[0].unsigned_abs());
        let scratch = Scratch::new("contradicting");
        let folders = history.written(&scratch, 7200);
        for path in files_below(scratch.path()) {
            let mut bytes = std::fs::read(scratch.path().join(&path)).unwrap();
            let digits: Vec<usize> =
                (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
            for _ in 0..random.below(4).min(digits.len()) {
                bytes[digits[random.below(digits.len())]] = b"0123456789"[random.below(10)];
            }
            scratch.write(&path, bytes);
        }
        let analysis = analysis_of(collected(&folders));
        assert_ordered(&analysis);
        assert_within_boots(&analysis);
        assert_cited(&analysis);
    });
}

/// The sockets that a binding stands for: those of its program, port and boot that some capture shows.
fn meant<'h>(
    history: &'h History,
    case: &HostCase,
    binding: &Binding,
) -> Vec<(&'h Life, i64, i64)> {
    let Some(boot) = binding.boot.and_then(|boot| case.boots[boot].started) else {
        return Vec::new();
    };
    let boot = history.boot_at(seconds(boot.hi) + 60);
    let shown = |life: &Life, from: i64, to: i64| {
        history.captures.iter().any(|capture| {
            let at = [(capture.lsof, 3), (capture.netstat, 5)];
            life.boot == boot
                && at.iter().any(|(taken, second)| {
                    *taken && from <= capture.at + second && capture.at + second <= to
                })
        })
    };
    let mut found = Vec::new();
    for life in &history.lives {
        for held in &life.sockets {
            let ends = match &held.peer {
                Some((peer, port)) => {
                    binding.remote_port == Some(*port)
                        && binding
                            .remote_address
                            .as_ref()
                            .is_some_and(|known| known.text() == *peer)
                }
                None => binding.remote_port.is_none() && binding.local_port == Some(held.port),
            };
            let name = PROGRAMS[life.program].0;
            let named = binding.process.as_deref().is_some_and(|process| name.starts_with(process));
            if ends && named && shown(life, held.from, held.to) {
                found.push((life, held.from, held.to));
            }
        }
    }
    found
}

#[test]
fn no_bound_contradicts_the_truth() {
    for_each_past(|history, analysis| {
        for (case, _, binding) in bindings(analysis) {
            let Some(interval) = binding.interval else { continue };
            if binding.sightings == 0 || binding.boot.is_none() {
                continue;
            }
            for (life, from, to) in meant(history, case, binding) {
                if let Some(start) = interval.earliest_start {
                    assert!(seconds(start) <= from + ROUNDING, "{life:?} {binding:#?}");
                }
                if let Some(end) = interval.latest_end {
                    let to = to.min(history.boots.get(life.boot + 1).copied().unwrap_or(to));
                    assert!(seconds(end) + ROUNDING >= to, "{life:?} {binding:#?}");
                }
            }
        }
    });
}

#[test]
fn every_socket_that_a_capture_shows_is_a_binding_of_its_program() {
    for_each_past(|history, analysis| {
        for capture in history.captures.iter().filter(|capture| capture.lsof) {
            for (life, held) in history.held(capture.at + 3) {
                let name = PROGRAMS[life.program].0;
                let found = bindings(analysis).any(|(_, _, binding)| {
                    let process = binding.process.as_deref().unwrap_or_default();
                    let port = match &held.peer {
                        Some((_, port)) => binding.remote_port == Some(*port),
                        None => binding.local_port == Some(held.port),
                    };
                    port && !process.is_empty() && name.starts_with(process)
                });
                assert!(found, "{name} {held:?}");
            }
        }
    });
}

/// What was concluded, without the names of files and folders.
fn conclusions(analysis: &Analysis) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (case, ports, binding) in bindings(analysis) {
        let boot = binding.boot.map(|boot| case.boots[boot].id.clone());
        let holders: BTreeSet<&str> =
            binding.holders.iter().map(|holder| ports.processes[*holder].id.as_str()).collect();
        let text = format!(
            "{boot:?} {:?} {:?} {:?} {:?} {:?} {:?} {holders:?} {} {} {:?} {:?} {:?}",
            binding.interval,
            binding.end_state,
            binding.spans,
            binding.state,
            binding.process,
            binding.service,
            binding.identity,
            binding.attribution,
            binding.confidence,
            binding.certainty,
            binding.sightings,
        );
        found.insert(binding.id.clone(), text);
    }
    for (case, ports) in analysis.hosts.iter().zip(&analysis.ports) {
        for boot in &case.boots {
            found.insert(boot.id.clone(), format!("{:?} {:?}", boot.started, boot.ended));
        }
        for life in &ports.processes {
            let text = format!(
                "{} {:?} {:?} {:?} {:?} {:?}",
                life.pid, life.name, life.path, life.started, life.exited, life.label
            );
            found.insert(life.id.clone(), text);
        }
    }
    for anomaly in &analysis.anomalies {
        let text = format!("{:?} {} {}", anomaly.rules, anomaly.score, anomaly.title);
        found.insert(anomaly.id.clone(), text);
    }
    found
}

/// Fails with what only one side says.
fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
        let lines = a.iter().filter(|(id, text)| b.get(*id) != Some(*text));
        lines.map(|(id, text)| format!("  {id} {text}")).collect::<Vec<_>>().join("\n")
    };
    assert!(one == other, "one side says\n{}\nthe other\n{}", only(one, other), only(other, one));
}

#[test]
fn the_order_of_the_arguments_changes_nothing() {
    for_each_past(|history, analysis| {
        let scratch = Scratch::new("reversed");
        let mut folders = history.written(&scratch, 7200);
        folders.reverse();
        assert_same(&conclusions(analysis), &conclusions(&analysis_of(collected(&folders))));
    });
}

#[test]
fn the_names_of_the_folders_change_no_conclusion() {
    for_each_past(|history, analysis| {
        let scratch = Scratch::new("renamed");
        let folders = history.written(&scratch, 7200);
        let count = folders.len();
        let renamed: Vec<PathBuf> = folders
            .iter()
            .enumerate()
            .map(|(index, folder)| {
                let name = folder.with_file_name(format!("case-{}", count - index));
                std::fs::rename(folder, &name).unwrap();
                name
            })
            .collect();
        assert_same(&conclusions(analysis), &conclusions(&analysis_of(collected(&renamed))));
    });
}

#[test]
fn a_shift_of_local_time_and_zone_together_changes_no_utc() {
    for_each_past(|history, analysis| {
        for offset in [0, -34_200, 45_900] {
            let scratch = Scratch::new("shifted");
            let folders = history.written(&scratch, offset);
            assert_same(&conclusions(analysis), &conclusions(&analysis_of(collected(&folders))));
        }
    });
}

#[test]
fn the_acquisition_of_another_mac_changes_nothing() {
    for_each_past(|history, analysis| {
        let scratch = Scratch::new("with-another");
        let mut folders = history.written(&scratch, 7200);
        let mut other = History::invented(&mut Random::new(4711));
        "another-mac".clone_into(&mut other.host);
        folders.extend(other.written(&scratch, -3600));
        let both = conclusions(&analysis_of(collected(&folders)));
        let before = conclusions(analysis);
        let kept: BTreeMap<_, _> =
            both.into_iter().filter(|(id, _)| before.contains_key(id)).collect();
        assert_same(&before, &kept);
    });
}

#[test]
fn more_evidence_never_widens_a_bound() {
    for_each_past(|history, analysis| {
        let mut random = Random::new(history.boots[0].unsigned_abs());
        let mut more = history.clone();
        let boot = random.below(history.boots.len());
        more.capture(&mut random, history.boots[boot] + 1000);
        let scratch = Scratch::new("with-more");
        let after = analysis_of(collected(&more.written(&scratch, 7200)));
        for (_, _, binding) in bindings(analysis) {
            let same = bindings(&after).find(|(_, _, later)| later.id == binding.id);
            let Some((_, _, later)) = same else { continue };
            let (Some(one), Some(two)) = (binding.interval, later.interval) else { continue };
            // A sighting more may stand for another life of the same program.
            if binding.sightings != later.sightings {
                continue;
            }
            let start = |interval: Interval| interval.earliest_start.map_or(i64::MIN / 2, seconds);
            assert!(start(two) + ROUNDING >= start(one), "{binding:#?}\n{later:#?}");
            let end = |interval: Interval| interval.latest_end.map_or(i64::MAX / 2, seconds);
            assert!(end(two) <= end(one) + ROUNDING, "{binding:#?}\n{later:#?}");
        }
    });
}

/// One process that held a port all day, as two captures show it.
fn one_process(captures: &[Capture]) -> History {
    let boot = 1_777_600_000;
    let held =
        Held { port: 7000, peer: None, from: boot + 200, to: boot + 90_000, pcb: 0xa3be_0c0d_1111 };
    let (started, ended) = (boot + 100, boot + 90_000);
    let life = Life { boot: 0, pid: 500, program: 3, started, ended, sockets: vec![held] };
    History {
        host: "harbour-mac".to_owned(),
        boots: vec![boot],
        lives: vec![life],
        spawns: Vec::new(),
        captures: captures.to_vec(),
    }
}

#[test]
fn a_process_that_a_listing_does_not_name_is_the_one_that_another_names() {
    let at = |hours: i64| Capture {
        at: 1_777_600_000 + hours * 3600,
        lsof: false,
        netstat: false,
        ps: false,
        elapsed: false,
        log: false,
        sysctl: true,
    };
    let named = |hours| Capture { lsof: true, ..at(hours) };
    let nameless = |hours| Capture { netstat: true, ..at(hours) };
    for captures in [[named(2), nameless(6)], [nameless(2), named(6)]] {
        let scratch = Scratch::new("nameless");
        let analysis = analysis_of(collected(&one_process(&captures).written(&scratch, 7200)));
        let [life] = &analysis.ports[0].processes[..] else {
            panic!("{:#?}", analysis.ports[0].processes)
        };
        assert_eq!(life.name.as_ref().map(|name| &*name.text), Some("buoy"));
    }
}

#[test]
fn different_things_have_different_ids() {
    for_each_past(|_, analysis| {
        let mut ids: Vec<&str> = bindings(analysis).map(|(_, _, b)| b.id.as_str()).collect();
        let processes = analysis.ports.iter().flat_map(|ports| &ports.processes);
        ids.extend(processes.map(|life| life.id.as_str()));
        ids.extend(analysis.anomalies.iter().map(|anomaly| anomaly.id.as_str()));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    });
}
