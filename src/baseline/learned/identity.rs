//! A binding → who uses the port, as a baseline can tell it again on another day and another Mac
//! (scoring.md 6.6): never a pid, paths and labels without versions, users and launches.

use crate::baseline::program::Program;
use crate::baseline::stock::StockTable;
use crate::model::binding::Binding;
use crate::ports::identity::{
    Identity, normalise_label, normalise_path, same_program_upgraded, without_formula_version,
};
use crate::ports::names_of::is_cut_of;
use crate::ports::owners::{is_interpreter, script_of};
use crate::ports::place::file_name;
use crate::ports::{HostPorts, JobRecord};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Ends a name that a tool cut: the beginning of a longer one.
pub const CUT: char = '…';

/// Stands between the labels of jobs that explain one socket of launchd's alike.
const JOBS: char = '|';

/// Who uses a port: as many of these as are known. None of them: an owner that nothing names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramKey {
    /// Team that signed it.
    pub team_id: Option<String>,
    /// Identifier of its bundle.
    pub bundle_id: Option<String>,
    /// Label of its launchd job, normalised.
    pub label: Option<String>,
    /// Path of its executable, normalised.
    pub path: Option<String>,
    /// Script or module that an interpreter runs.
    pub script: Option<String>,
    /// Its name, where no path is known; `…` at its end if a tool cut it.
    pub process: Option<String>,
}

impl ProgramKey {
    /// Who holds or made a binding.
    pub fn of(binding: &Binding, ports: &HostPorts) -> Self {
        let job = binding.job.and_then(|index| ports.jobs.get(index));
        if binding.held_by_launchd && binding.pid == Some(1) {
            return Self::held_by_launchd(binding, job, ports);
        }
        let label = binding.service.as_deref().filter(|label| !label.starts_with("application."));
        let program = job.filter(|_| label.is_some()).and_then(|job| job.program.as_deref());
        let absolute = |path: &&str| path.starts_with('/');
        let path = binding.process_path.as_deref().filter(absolute).or(program.filter(absolute));
        let name = binding.process.as_deref().filter(|_| path.is_none());
        let (team_id, bundle_id) = signed_by(path, ports);
        Self {
            team_id,
            bundle_id,
            label: label.map(normalise_label),
            path: path.map(normalise_path),
            script: script(binding, job, ports),
            process: name.map(|name| {
                let cut = if binding.process_cut { CUT.to_string() } else { String::new() };
                format!("{name}{cut}")
            }),
        }
    }

    /// The jobs that explain a socket of launchd's; without one, launchd itself.
    fn held_by_launchd(binding: &Binding, job: Option<&JobRecord>, ports: &HostPorts) -> Self {
        let labels: BTreeSet<String> = binding
            .job_candidates
            .iter()
            .filter_map(|index| ports.jobs.get(*index))
            .map(|job| normalise_label(&job.label))
            .collect();
        match job {
            Some(job) => {
                let (team_id, bundle_id) = signed_by(job.program.as_deref(), ports);
                Self {
                    team_id,
                    bundle_id,
                    label: Some(normalise_label(&job.label)),
                    path: job.program.as_deref().map(normalise_path),
                    ..Self::default()
                }
            }
            None if labels.is_empty() => {
                Self { process: Some("launchd".to_owned()), ..Self::default() }
            }
            None => {
                let label = labels.into_iter().collect::<Vec<_>>().join(&JOBS.to_string());
                Self { label: Some(label), ..Self::default() }
            }
        }
    }

    /// The labels of the jobs that it may be.
    fn jobs(&self) -> impl Iterator<Item = &str> {
        self.label.iter().flat_map(|label| label.split(JOBS))
    }

    /// Whether anything names the owner.
    pub fn is_known(&self) -> bool {
        *self != Self::default()
    }

    /// Whether only its signature names it: evidence without signatures cannot tell it from others.
    pub fn is_signature_only(&self) -> bool {
        let Self { team_id, bundle_id, label, path, script, process } = self;
        let signed = team_id.is_some() || bundle_id.is_some();
        signed && [label, path, script, process].iter().all(|part| part.is_none())
    }

    /// Whether it is launchd, holding a socket for no known job.
    pub fn is_bare_launchd(&self) -> bool {
        self.label.is_none() && self.process.as_deref() == Some("launchd")
    }

    /// Whether the other is the same program, or a later version of it. An owner that nothing names is
    /// never the same as another.
    pub fn is(&self, other: &Self, stock: &StockTable) -> bool {
        let differ = |one: &Option<String>, two: &Option<String>| {
            one.is_some() && two.is_some() && one != two
        };
        if !self.is_known() || !other.is_known() {
            return false;
        }
        if self.jobs().count() > 1 || other.jobs().count() > 1 {
            // Either of the jobs may be the one that the other evidence tells.
            return self.jobs().any(|job| other.jobs().any(|other| job == other));
        }
        if self.team_id.is_some() && self.team_id == other.team_id {
            return !differ(&self.bundle_id, &other.bundle_id);
        }
        if differ(&self.team_id, &other.team_id) || differ(&self.script, &other.script) {
            return false;
        }
        let same = same_program_upgraded(&self.identity(), &other.identity());
        let same = same || self.fits_cut(other) || other.fits_cut(self);
        same && !self.does_other_work(other, stock)
    }

    /// Tools that do as they are told (interpreters, nc, ssh, …) are the same only in the same job and
    /// with the same script, however equal their paths are.
    fn does_other_work(&self, other: &Self, stock: &StockTable) -> bool {
        let named = |key: &Self| key.path.clone().or_else(|| key.process.clone());
        let Some(name) = named(self).or_else(|| named(other)) else { return false };
        let tool = Program { path: Some(&name), ..Program::default() };
        if !stock.is_instrument(&tool) && !is_interpreter(&name) {
            return false;
        }
        let jobs = (&self.label, &other.label);
        match jobs {
            (Some(one), Some(two)) => one != two,
            (None, None) => is_interpreter(&name) && self.script != other.script,
            _ => self.script.is_none() || self.script != other.script,
        }
    }

    /// Whether too little is known to say that the other is another program: tools of one name of which
    /// one side lacks the script or the job.
    pub fn may_be(&self, other: &Self) -> bool {
        let file = |key: &Self| {
            let name = key.path.as_deref().or(key.process.as_deref())?;
            Some(file_name(name).trim_end_matches(CUT).to_owned())
        };
        let one_lacks = |one: &Option<String>, two: &Option<String>| one.is_some() != two.is_some();
        let unclear =
            one_lacks(&self.script, &other.script) || one_lacks(&self.label, &other.label);
        let elsewhere = self.path.is_some() && other.path.is_some() && self.path != other.path;
        file(self).is_some() && file(self) == file(other) && unclear && !elsewhere
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            team_id: self.team_id.as_deref(),
            label: self.label.as_deref(),
            path: self.path.as_deref(),
            name: self.process.as_deref().filter(|name| !name.ends_with(CUT)),
        }
    }

    /// Whether its name is cut and the other's goes on from there.
    fn fits_cut(&self, other: &Self) -> bool {
        let cut = self.process.as_deref().filter(|_| self.path.is_none());
        let Some(cut) = cut.and_then(|name| name.strip_suffix(CUT)) else { return false };
        let whole = other.path.as_deref().map(file_name);
        let whole =
            whole.or_else(|| other.process.as_deref().map(|name| name.trim_end_matches(CUT)));
        whole.is_some_and(|whole| whole == cut || is_cut_of(cut, whole))
            && (self.label.is_none() || other.label.is_none() || self.label == other.label)
    }

    /// Words under which it can be looked up: two keys that are the same program share one, or the one
    /// is the beginning of the other.
    pub fn handles(&self) -> Vec<String> {
        let file = self.path.as_deref().map(file_name).or(self.process.as_deref());
        let file = file.map(|name| format!("file {}", name.trim_end_matches(CUT)));
        let labels = self.jobs().map(|label| format!("label {}", without_formula_version(label)));
        let team = self.team_id.as_ref().map(|team| format!("team {team}"));
        file.into_iter().chain(labels).chain(team).collect()
    }

    /// Whether its name may be the beginning of a longer one.
    pub fn is_cut(&self) -> bool {
        self.process.as_deref().is_some_and(|name| name.ends_with(CUT))
    }

    /// For people: the label, or the path with its script, or the name.
    pub fn describe(&self) -> String {
        let program = self.label.as_ref().or(self.path.as_ref()).or(self.process.as_ref());
        let program = program.or(self.bundle_id.as_ref()).or(self.team_id.as_ref());
        let program = program.map_or("an unknown program", String::as_str);
        match self.script.as_ref().filter(|_| self.label.is_none()) {
            Some(script) => format!("{program} {script}"),
            None => program.to_owned(),
        }
    }

    /// The parts that are known, by their names in the file.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { team_id, bundle_id, label, path, script, process } = self;
        let all = [
            ("team_id", team_id),
            ("bundle_id", bundle_id),
            ("label", label),
            ("path", path),
            ("script", script),
            ("process", process),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// Team and identifier in a developer's signature of a path. Tools that do as they are told have none: what they
/// are told decides.
fn signed_by(path: Option<&str>, ports: &HostPorts) -> (Option<String>, Option<String>) {
    let path = path.filter(|path| !is_interpreter(path));
    let signed = path.and_then(|path| ports.trust.signature(path)?.developer());
    match signed {
        Some((team, id)) => (Some(team.to_string()), id.map(ToString::to_string)),
        None => (None, None),
    }
}

/// The script of an interpreter: what the process runs, else what its job says.
fn script(binding: &Binding, job: Option<&JobRecord>, ports: &HostPorts) -> Option<String> {
    let life = binding.holders.first().and_then(|index| ports.processes.get(*index));
    let of_job = || job.and_then(|job| job.job.as_ref()?.script.as_deref().map(str::to_owned));
    life.and_then(script_of).or_else(of_job).map(|script| normalise_path(&script))
}
