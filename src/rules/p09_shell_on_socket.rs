//! A shell tied to a socket → P09.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::program::Program;
use crate::catalog;
use crate::model::binding::{Binding, Certainty, CitationRole};
use crate::ports::JobRecord;

catalog::entry! {
    /// A shell's input and output are a network connection.
    ///
    /// ## What it detects
    /// One of: a shell process whose descriptor 0, 1 or 2 is an internet socket (lsof); a job whose
    /// arguments tie a shell to a socket (nc with a pipe or `-e`, `/dev/tcp`, socat `EXEC`, a script that
    /// duplicates a socket onto the descriptors of a shell); a job with `inetdCompatibility` whose program
    /// is a shell or interpreter, so that launchd hands it every connection.
    ///
    /// ## Why it matters
    /// That is what a bind shell or reverse shell is.
    ///
    /// ## When it is harmless
    /// Hardly ever. Old inetd-style services written as shell scripts exist.
    ///
    /// ## How to verify
    /// The property list and script, the process and its parent, the peer, `launchd.log`.
    ///
    /// ## What it does not prove
    /// That a person used it; for a job that was only declared, that it ever ran.
    pub ShellOnSocket
}

impl Rule for ShellOnSocket {
    fn id(&self) -> &'static str {
        RuleId::P09.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let reason = match subject {
            Subject::Binding(binding) if binding.certainty == Certainty::Declared => return None,
            Subject::Binding(binding) => by_descriptor(binding, context)
                .or_else(|| context.job_of(binding).and_then(|job| by_job(job, context)))?,
            Subject::Job(_, job) => by_job(job, context)?,
            Subject::Expected(_) | Subject::Host => return None,
        };
        let mut finding = context.finding(RuleId::P09, reason);
        "no shell has a network connection as its input or output"
            .clone_into(&mut finding.expected);
        Some(finding)
    }
}

/// A shell among the holders, with the socket as its input or output. A shell that another program
/// gave its socket to is a holder besides that program.
fn by_descriptor(binding: &Binding, context: &Context<'_>) -> Option<String> {
    let sightings = binding.citations.iter().filter(|c| c.role == CitationRole::Sighting);
    sightings.filter_map(|citation| context.descriptors.get(&citation.place)).find_map(|socket| {
        let descriptor = socket.descriptor.as_deref()?;
        let number = descriptor.trim_end_matches(|c: char| !c.is_ascii_digit());
        let process = binding
            .holders
            .iter()
            .filter_map(|index| context.ports.processes.get(*index))
            .find(|process| Some(process.pid) == socket.pid);
        let shown = process.and_then(|process| process.name.as_ref()).or(socket.name.as_ref());
        let program = Program {
            path: process.and_then(|process| process.path.as_deref()),
            name: shown.map(|name| &*name.text),
            name_cut: shown.is_some_and(|name| name.cut),
            label: None,
        };
        let is_shell = context.baseline.classes.is_shell(&program);
        (matches!(number, "0" | "1" | "2") && is_shell).then(|| {
            let name = shown.map_or("sh", |name| &name.text);
            format!("descriptor {descriptor} of the shell {name} is a network connection")
        })
    })
}

fn by_job(job: &JobRecord, context: &Context<'_>) -> Option<String> {
    let plist = job.job.as_ref()?;
    if let Some(pattern) = &plist.shell_on_socket {
        return Some(format!("the arguments of {} tie a shell to a socket ({pattern})", job.label));
    }
    let program = job.program.as_deref()?;
    let hands_over = plist.inetd_wait.is_some() && job.sockets().next().is_some();
    (hands_over && context.baseline.classes.is_shell_or_interpreter_name(program)).then(|| {
        format!(
            "launchd hands every connection to {program} for {} (inetdCompatibility)",
            job.label
        )
    })
}
