//! Processes and jobs → which process belongs to which job (time.md 7.6.4, strongest evidence first).

use super::names_of::{base_name, compatible, executable_of, is_cut_of};
use super::place::canonical;
use super::processes::Processes;
use super::{JobRecord, ProcessInstance};
use crate::model::Text;
use crate::model::observation::ProcessName;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Programs that run whatever they are given: sharing one with a job proves nothing.
const GENERIC: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "tcsh",
    "csh",
    "env",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
    "osascript",
    "java",
    "nc",
    "ncat",
    "socat",
    "ssh",
    "sudo",
    "open",
    "login",
    "xpcproxy",
];

/// The weakest way to know a label.
pub const BY_PATH: &str = "same program as the job (probable)";

/// Completes paths and names of processes, and gives labels to those that have none.
pub fn attribute(processes: &mut Processes, jobs: &[JobRecord]) {
    for life in &mut processes.all {
        complete(life, jobs);
    }
    let by_command = by_command(jobs);
    for life in &mut processes.all {
        if life.label.is_none() && life.pid > 1 {
            label_by_command(life, &by_command);
        }
    }
    inherit(processes, jobs);
    let by_path = by_path(jobs);
    for life in &mut processes.all {
        if life.label.is_none() && life.pid > 1 {
            label_by_path(life, &by_path);
        }
    }
}

/// Fills in what follows from the rest: the path from the command line or the job, the name from the path.
fn complete(life: &mut ProcessInstance, jobs: &[JobRecord]) {
    if life.pid == 1 && life.path.is_none() {
        life.path = Some(Text::from("/sbin/launchd"));
    }
    if life.path.is_none() {
        let executable =
            life.command.as_deref().map(|line| executable_of(line, life.name.as_ref()));
        life.path = executable.filter(|path| path.starts_with('/')).map(Text::from);
    }
    if life.path.is_none() {
        let job = life.label.as_ref().and_then(|label| jobs.iter().find(|job| job.label == *label));
        let program = job.and_then(|job| job.program.as_ref()).filter(|path| path.starts_with('/'));
        // Only where the name agrees: a job's shell may have started something else.
        life.path = program.filter(|path| agrees(life, path)).cloned();
    }
    if life.name.as_ref().is_none_or(|name| name.cut) {
        let full = life.path.as_deref().map(base_name).map(str::to_owned).or_else(|| {
            let command = life.command.as_deref()?;
            Some(base_name(&executable_of(command, None)).to_owned())
        });
        if let Some(full) = full.filter(|full| agrees(life, full) && !full.is_empty()) {
            // A version in the command line (`python3` for `Python`) is no part of the name.
            let is_longer =
                |name: &ProcessName| is_cut_of(&name.text.to_lowercase(), &full.to_lowercase());
            let known = life.name.take().filter(|name| !is_longer(name));
            let text = known.map_or_else(|| Text::from(full.as_str()), |name| name.text);
            life.name = Some(ProcessName { text, cut: false });
        }
    }
}

/// Whether a path or name can be what the known name is, or is the beginning of.
fn agrees(life: &ProcessInstance, path: &str) -> bool {
    let Some(name) = &life.name else { return true };
    let base = ProcessName { text: Text::from(base_name(path)), cut: false };
    compatible(&base, name)
}

/// Jobs by their whole command line; `None` where two jobs share one.
fn by_command(jobs: &[JobRecord]) -> BTreeMap<String, Option<Text>> {
    let mut map: BTreeMap<String, Option<Text>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| !job.label.is_empty()) {
        for line in command_lines(job) {
            map.entry(line)
                .and_modify(|known| {
                    if known.as_ref() != Some(&job.label) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(Text::clone(&job.label)));
        }
    }
    map
}

/// The lines that `ps` may show for a job: its argv, and its program with the rest of argv.
fn command_lines(job: &JobRecord) -> Vec<String> {
    let argv: Vec<&str> = job.arguments.iter().map(|word| &**word).collect();
    let mut lines = vec![argv.join(" ")];
    if let Some(program) = &job.program {
        let rest = argv.get(1..).unwrap_or_default();
        let mut line = program.to_string();
        for word in rest {
            line.push(' ');
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.retain(|line| !line.is_empty() && line.contains('/'));
    lines.dedup();
    lines
}

fn label_by_command(life: &mut ProcessInstance, jobs: &BTreeMap<String, Option<Text>>) {
    let Some(command) = life.command.as_deref().map(str::trim) else { return };
    if let Some(Some(label)) = jobs.get(command) {
        life.label = Some(Text::clone(label));
        life.label_basis = Some("command line equals the job's");
    }
}

/// Children of a third-party job belong to it; children of Apple's jobs (sshd, Terminal's login) are
/// a person's own.
fn inherit(processes: &mut Processes, jobs: &[JobRecord]) {
    let third_party = |label: &Text| {
        let job = jobs.iter().find(|job| job.label == *label && job.job.is_some());
        job.and_then(|job| job.plist_path.as_deref()).is_some_and(|path| {
            !path.starts_with("/System/") && !path.starts_with("/Library/Apple/")
        })
    };
    let labels: Vec<Option<Text>> = (0..processes.all.len())
        .map(|index| {
            let mut at = processes.all.get(index)?.parent;
            for _ in 0..16 {
                let life = processes.all.get(at?)?;
                match &life.label {
                    Some(label) => return third_party(label).then(|| Text::clone(label)),
                    None => at = life.parent,
                }
            }
            None
        })
        .collect();
    for (life, label) in processes.all.iter_mut().zip(labels) {
        if life.label.is_none() && label.is_some() {
            life.label = label;
            life.label_basis = Some("child of the job's process");
        }
    }
}

/// Jobs by program path, where only one job has that program and the program is not generic.
fn by_path(jobs: &[JobRecord]) -> BTreeMap<Cow<'_, str>, Option<&JobRecord>> {
    let mut map: BTreeMap<Cow<'_, str>, Option<&JobRecord>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| !job.label.is_empty()) {
        let Some(program) = job.program.as_deref().filter(|path| path.starts_with('/')) else {
            continue;
        };
        if GENERIC.contains(&base_name(program)) {
            continue;
        }
        map.entry(canonical(program))
            .and_modify(|known| {
                // One job of several acquisitions or of several users is one label.
                if known.is_some_and(|known| known.label != job.label) {
                    *known = None;
                }
            })
            .or_insert(Some(job));
    }
    map
}

fn label_by_path(life: &mut ProcessInstance, jobs: &BTreeMap<Cow<'_, str>, Option<&JobRecord>>) {
    let path = life.path.as_deref().map(canonical);
    let Some(Some(job)) = path.and_then(|path| jobs.get(&path)) else { return };
    life.label = Some(Text::clone(&job.label));
    life.label_basis = Some(BY_PATH);
}
