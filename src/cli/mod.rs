//! Arguments → a command run, and an exit code. The only place that prints.

mod analyze;
mod baseline;
mod exceptions;
mod list;
mod manual;
mod options;
mod policy;
mod progress;
mod screen;
mod summary;

use clap::{Parser, Subcommand};
use screen::Screen;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, as every help page ends.
const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    an open anomaly reached --fail-on, or a comparison or check found something
  2    wrong usage, no evidence usable, or the output not writable
  3    --strict, and a source is partial, unreadable or refused, or an EVIDENCE of no use
  130  interrupted

If several hold: 2, then 1, then 3.";

/// Tells from a macOS acquisition which program or launchd service held or reached which port, from
/// when to when.
#[derive(Debug, Parser)]
#[command(name = "portolan", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Analyze acquisitions and write tables
    #[command(after_help = EXIT_CODES)]
    Analyze(Box<options::AnalyzeOptions>),
    /// Learn, show, compare, merge and check baselines
    #[command(subcommand, after_help = EXIT_CODES)]
    Baseline(baseline::BaselineCommand),
    /// Show what is inside evidence and which parser claims what; writes nothing
    List {
        /// Folders, archives or single files
        #[arg(required = true, value_name = "EVIDENCE")]
        evidence: Vec<PathBuf>,
    },
    /// Check the exceptions of a policy
    Exceptions {
        #[command(subcommand)]
        command: exceptions::ExceptionsCommand,
    },
    /// List the rules, or show the page of one
    Rules {
        /// The rule, as the `rules` column names it
        id: Option<String>,
    },
    /// List the kinds of files that Portolan reads, or show the page of one
    Artifacts {
        /// The artifact, as the `artifact` column names it
        id: Option<String>,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    AnomalyFound = 1,
    Unusable = 2,
    NotStrict = 3,
}

/// Why a command could not do its work: exit code 2.
#[derive(Debug)]
enum Failure {
    /// For the user, in words.
    Said(String),
    /// The output could not be printed.
    Print(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Print(error)
    }
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version are answers too; a closed pipe is no reason to fail.
            let _ = answer.print();
            let code = if answer.use_stderr() { Exit::Unusable } else { Exit::Done };
            return ExitCode::from(code as u8);
        }
    };
    let mut screen = Screen::new();
    let result = match cli.command {
        Command::Analyze(options) => analyze::analyze(&options, &mut screen),
        Command::Baseline(command) => baseline::baseline(&command, &mut screen),
        Command::List { evidence } => list::list(&evidence, &mut screen),
        Command::Exceptions { command } => exceptions::exceptions(&command, &mut screen),
        Command::Rules { id } => manual::rules(id.as_deref(), &mut screen),
        Command::Artifacts { id } => manual::artifacts(id.as_deref(), &mut screen),
    };
    let exit = result.unwrap_or_else(|failure| match failure {
        Failure::Print(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Failure::Print(error) => {
            screen::complain(&format!("standard output is not writable: {error}"));
            Exit::Unusable
        }
        Failure::Said(why) => {
            screen::complain(&why);
            Exit::Unusable
        }
    });
    ExitCode::from(exit as u8)
}
