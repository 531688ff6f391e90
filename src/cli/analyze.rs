//! Evidence → an output directory: the river from end to end, and what it says to a shell.

use super::options::AnalyzeOptions;
use super::progress::{Bar, watched};
use super::screen::{Screen, complain};
use super::{Exit, Failure, baseline, summary};
use portolan::model::anomaly::Severity;
use portolan::model::service::Confidence;
use portolan::pipeline::{self, Collected, NOTHING_READ, Status};
use portolan::report::{self, Analysis, View};
use portolan::rules::Expectations;
use portolan::write::directory::{Earlier, OutputDirectory};
use portolan::write::run::Run;
use portolan::write::{self, Output, Written};
use std::io;
use std::time::Instant;

/// Analyzes the evidence and writes the tables.
pub(super) fn analyze(options: &AnalyzeOptions, screen: &mut Screen) -> Result<Exit, Failure> {
    options.check_range().map_err(Failure::Said)?;
    let reading = options.reading().map_err(|error| {
        Failure::Said(format!("the password file {:?}: {error}", options.password_file()))
    })?;
    let earlier = if options.force { Earlier::Replace } else { Earlier::Keep };
    let mut expectations = Expectations::load().map_err(Failure::Said)?;
    let (learned, given): (Vec<_>, Vec<_>) =
        baseline::all_taken_in(&options.baseline)?.into_iter().unzip();
    expectations.learned = learned;
    expectations.policy = options.policy.load()?;
    let directory = OutputDirectory::prepare(&options.out, &options.evidence, earlier)
        .map_err(|error| Failure::Said(error.to_string()))?;
    let arguments = std::env::args_os().skip(1).map(|one| one.to_string_lossy().into_owned());
    let mut run = Run::begin(arguments.collect(), options.reporting().case);
    run.data = expectations.tables();
    run.given.extend(given);
    run.given.extend(expectations.policy.files.iter().cloned());
    let bar = if options.quiet { Bar::Unwanted } else { Bar::Wanted };
    let started = Instant::now();
    let read = watched(bar, |progress| pipeline::run(&options.evidence, &reading, progress));
    let collected =
        read.map_err(|error| Failure::Said(format!("no threads to be had: {error}")))?;
    run.durations.push(("read", started.elapsed()));
    refuse_unusable(&collected)?;
    complain_of_unusable(&collected);
    let started = Instant::now();
    let analysis = Analysis::of(collected, &options.placing(), &expectations);
    // Which files are of another system is known only now.
    refuse_unusable(&analysis.collected)?;
    run.durations.push(("analyze", started.elapsed()));
    let outputs = publish(&analysis, options, directory, &mut run).map_err(|error| {
        Failure::Said(format!("{:?} is not writable: {error}", options.out.display()))
    })?;
    if !options.quiet {
        match summary::print(&analysis, options, &outputs, screen) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
    }
    Ok(exit(&analysis, options))
}

/// The analysis → the files of the output directory.
fn publish(
    analysis: &Analysis,
    options: &AnalyzeOptions,
    directory: OutputDirectory,
    run: &mut Run,
) -> io::Result<Vec<Output>> {
    let started = Instant::now();
    let reporting = options.reporting();
    let view = View::new(analysis, &reporting);
    let tables = report::tables(&view);
    let Written { mut outputs, rows } =
        write::write(tables, &options.formats(), directory.staging())?;
    run.rows = rows;
    run.durations.push(("write", started.elapsed()));
    outputs.push(run.write(analysis, &outputs, directory.staging())?);
    directory.publish()?;
    Ok(outputs)
}

/// Fails if nothing of any evidence could be read, or no parser knows any of it.
pub(super) fn refuse_unusable(collected: &Collected) -> Result<(), Failure> {
    let count = collected.evidence.len();
    if !(0..count).any(|one| summary::is_usable(collected, one)) {
        let reasons: Vec<_> = (0..count).map(|one| why_unusable(collected, one)).collect();
        return Err(Failure::Said(format!("no evidence is usable: {}", reasons.join("; "))));
    }
    Ok(())
}

/// Names the arguments that gave nothing beside others that did.
pub(super) fn complain_of_unusable(collected: &Collected) {
    for one in 0..collected.evidence.len() {
        if !summary::is_usable(collected, one) {
            complain(&format!("not used: {}", why_unusable(collected, one)));
        }
    }
}

/// The argument of that index and why nothing of it could be used.
fn why_unusable(collected: &Collected, index: usize) -> String {
    let Some(evidence) = collected.evidence.get(index) else { return String::new() };
    if let Some(why) = &evidence.unusable {
        return format!("{:?}: {why}", evidence.given);
    }
    let mut lost = collected.sources.iter().filter(|one| one.evidence == index && one.is_lost());
    let detail = lost.find_map(|source| source.problems.first());
    let detail = detail.map_or_else(String::new, |problem| format!(" ({})", problem.detail));
    format!("{:?}: {NOTHING_READ}{detail}", evidence.given)
}

/// What the run says to a shell.
fn exit(analysis: &Analysis, options: &AnalyzeOptions) -> Exit {
    let sure = Confidence::from(options.min_confidence);
    let counts = |level: Severity| {
        let mut open = analysis.anomalies.iter().filter(|anomaly| anomaly.is_open());
        open.any(|anomaly| anomaly.severity >= level && anomaly.confidence >= sure)
    };
    if options.fail_on.is_some_and(|level| counts(level.into())) {
        return Exit::AnomalyFound;
    }
    let Collected { evidence, sources, .. } = &analysis.collected;
    let is_lost = sources.iter().any(|source| source.is_lost() || source.status == Status::Partial)
        || evidence.iter().any(|one| one.unusable.is_some());
    if options.strict && is_lost {
        return Exit::NotStrict;
    }
    Exit::Done
}
