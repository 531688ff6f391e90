//! Baselines: learned from acquisitions, shown, compared, merged, checked.

use super::analyze::{complain_of_unusable, refuse_unusable};
use super::progress::{Bar, watched};
use super::screen::{Screen, complain};
use super::summary::{self, counted};
use super::{Exit, Failure};
use clap::Subcommand;
use portolan::baseline::learned::diff::{self, diff, host};
use portolan::baseline::learned::learn::{LeftOut, Lesson, Plan, learn};
use portolan::baseline::learned::{Entry, LearnedBaseline, advice, file, merge};
use portolan::baseline::policy::GivenFile;
use portolan::hosts;
use portolan::pipeline;
use portolan::report::Analysis;
use portolan::rules::Expectations;
use portolan::write::single;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a baseline file.
const LIMIT: u64 = 256 << 20;

/// What to do with baselines.
#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Learn a baseline from acquisitions of hosts that are known to be good
    Learn {
        /// Folders, archives or single files
        #[arg(required = true, value_name = "EVIDENCE")]
        evidence: Vec<PathBuf>,
        /// Role of these hosts; `*` stands for every role
        #[arg(long)]
        role: String,
        /// File to write; refused if it is there
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Learn what raises P03, P06 to P09, P11, P12 or P15, too
        #[arg(long)]
        include_anomalies: bool,
    },
    /// Show what baselines expect, by role and program
    Show {
        /// Baseline files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what the second baseline adds, drops and changes; exit code 1 if anything
    Diff {
        /// The earlier file
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The later file
        #[arg(value_name = "NEW")]
        new: PathBuf,
    },
    /// Make one baseline of several
    Merge {
        /// Baseline files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// File to write, refused if it is there; standard output if not given
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Name what makes baselines weak; exit code 1 if anything
    Check {
        /// Baseline files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Does it.
pub(super) fn baseline(command: &BaselineCommand, screen: &mut Screen) -> Result<Exit, Failure> {
    match command {
        BaselineCommand::Learn { evidence, role, out, include_anomalies } => {
            learned(evidence, (role, *include_anomalies), out, screen)
        }
        BaselineCommand::Show { files } => show(&read_all(files)?, screen),
        BaselineCommand::Diff { old, new } => compare(&read(old)?, &read(new)?, screen),
        BaselineCommand::Merge { files, out } => merged(&read_all(files)?, out.as_deref(), screen),
        BaselineCommand::Check { files } => check(files, screen),
    }
}

/// Reads a baseline file, with its hash for `run.json`.
fn taken_in(path: &Path) -> Result<(LearnedBaseline, GivenFile), Failure> {
    let (given, text) = GivenFile::read("baseline", path, LIMIT)
        .map_err(|error| Failure::Said(format!("the baseline {:?}: {error}", path.display())))?;
    let baseline = file::parse(&given.name, &text).map_err(Failure::Said)?;
    Ok((baseline, given))
}

fn read(path: &Path) -> Result<LearnedBaseline, Failure> {
    taken_in(path).map(|(baseline, _)| baseline)
}

/// Reads baseline files, with their hashes; one that says what an earlier one does is used once.
pub(super) fn all_taken_in(
    paths: &[PathBuf],
) -> Result<Vec<(LearnedBaseline, GivenFile)>, Failure> {
    let mut taken: Vec<(LearnedBaseline, GivenFile)> = Vec::new();
    for path in paths {
        let (baseline, given) = taken_in(path)?;
        if taken.iter().any(|(known, _)| *known == baseline) {
            complain(&format!("the baseline {:?} is given twice: used once", path.display()));
        } else {
            taken.push((baseline, given));
        }
    }
    Ok(taken)
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<LearnedBaseline>, Failure> {
    Ok(all_taken_in(paths)?.into_iter().map(|(baseline, _)| baseline).collect())
}

fn learned(
    evidence: &[PathBuf],
    (role, include_anomalies): (&str, bool),
    out: &Path,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    if role.trim().is_empty() {
        return Err(Failure::Said("--role is empty; `*` stands for every role".to_owned()));
    }
    refuse_existing(out)?;
    let options = pipeline::Options::default();
    let read = watched(Bar::Wanted, |progress| pipeline::run(evidence, &options, progress));
    let collected =
        read.map_err(|error| Failure::Said(format!("no threads to be had: {error}")))?;
    refuse_unusable(&collected)?;
    complain_of_unusable(&collected);
    let expectations = Expectations::load().map_err(Failure::Said)?;
    let analysis = Analysis::of(collected, &hosts::Options::default(), &expectations);
    refuse_unusable(&analysis.collected)?;
    let name = out.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let plan = Plan { name: &name.unwrap_or_default(), role, include_anomalies };
    let lesson = learn(plan, &analysis.hosts, &analysis.ports, &analysis.anomalies);
    single::create(out, &file::render(&lesson.baseline), evidence)
        .map_err(|error| Failure::Said(error.to_string()))?;
    screen.line(&summary::read(&analysis.collected))?;
    tell(&lesson, out, screen)?;
    Ok(Exit::Done)
}

fn refuse_existing(out: &Path) -> Result<(), Failure> {
    if out.exists() {
        return Err(Failure::Said(format!("{:?} is there already", out.display())));
    }
    Ok(())
}

/// What was learned, and what was left out and why.
fn tell(lesson: &Lesson, out: &Path, screen: &mut Screen) -> io::Result<()> {
    let LearnedBaseline { name, entries, coverage } = &lesson.baseline;
    for row in coverage {
        screen.line(&format!("Host     {}", host(row)))?;
    }
    let (count, of) = (entries_of(entries.len()), counted(coverage.len(), "host"));
    screen.line(&format!("Learned  {count} from {of} as {name}"))?;
    for LeftOut { host, what, rules } in &lesson.doubtful {
        screen.line(&format!("Learned  {host}: {what}: although it raises {rules}"))?;
    }
    for LeftOut { host, what, rules } in &lesson.suspect {
        screen.line(&format!("Left out {host}: {what}: raises {rules}"))?;
    }
    for (why, count) in &lesson.unfit {
        screen.line(&format!("Left out {}: {why}", counted(*count, "binding")))?;
    }
    screen.line(&format!("Written  {}", out.display()))?;
    screen.flush()
}

fn show(baselines: &[LearnedBaseline], screen: &mut Screen) -> Result<Exit, Failure> {
    for baseline in baselines {
        screen.line(&format!("{}: {}", baseline.name, size(baseline)))?;
        let mut role: Option<&str> = None;
        for entry in &baseline.entries {
            if role.replace(&entry.role) != Some(&entry.role) {
                screen.line(&format!("role {}", entry.role))?;
            }
            screen.line(&format!("  {}", line(entry)))?;
        }
        for row in &baseline.coverage {
            screen.line(&format!("host {}", host(row)))?;
        }
    }
    screen.flush()?;
    Ok(Exit::Done)
}

fn entries_of(count: usize) -> String {
    let noun = if count == 1 { "entry" } else { "entries" };
    format!("{count} {noun}")
}

/// `12 entries, 3 hosts`.
fn size(baseline: &LearnedBaseline) -> String {
    let hosts = counted(baseline.coverage.len(), "host");
    format!("{}, {hosts}", entries_of(baseline.entries.len()))
}

/// An entry in a line.
fn line(entry: &Entry) -> String {
    let (hosts, times) = (entry.hosts, entry.observations);
    let path = entry.identity.path.as_ref().filter(|_| entry.identity.label.is_some());
    let path = path.map(|path| format!(", {path}")).unwrap_or_default();
    let reason =
        if entry.reason.is_empty() { String::new() } else { format!(": {}", entry.reason) };
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let hosts = counted(number(hosts), "host");
    let times = counted(number(times), "observation");
    format!("{}{path}; {hosts}, {times}{reason}", entry.describe())
}

fn compare(
    old: &LearnedBaseline,
    new: &LearnedBaseline,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let differences: Vec<diff::Difference<'_>> = diff(old, new);
    for difference in &differences {
        screen.line(&difference.describe())?;
    }
    screen.flush()?;
    Ok(if differences.is_empty() { Exit::Done } else { Exit::AnomalyFound })
}

fn merged(
    baselines: &[LearnedBaseline],
    out: Option<&Path>,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    if let Some(out) = out {
        refuse_existing(out)?;
    }
    let merged = merge::merge(baselines);
    let text = file::render(&merged);
    match out {
        Some(out) => {
            single::create(out, &text, &[]).map_err(|error| Failure::Said(error.to_string()))?;
            screen.line(&format!("Written  {}: {}", out.display(), size(&merged)))?;
        }
        None => {
            for line in text.lines() {
                screen.line(line)?;
            }
        }
    }
    screen.flush()?;
    Ok(Exit::Done)
}

fn check(paths: &[PathBuf], screen: &mut Screen) -> Result<Exit, Failure> {
    let mut found = false;
    for path in paths {
        for advice in advice::advice(&read(path)?) {
            found = true;
            screen.line(&format!("{}: {advice}", path.display()))?;
        }
    }
    screen.flush()?;
    Ok(if found { Exit::AnomalyFound } else { Exit::Done })
}
