//! Property lists, launchctl output and overrides → the launchd jobs of a host.

use super::JobRecord;
use super::background::Items;
use super::services::Names;
use crate::hosts::{Dated, HostCase, PlistFile};
use crate::model::network::Port;
use crate::model::observation::{AutoStart, Fact, FileTimes, JobState, Known};
use crate::model::service::{DeclaredPort, Domain, Job, Origin};
use crate::model::{Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The jobs of a host, ordered by domain, label and path.
pub fn of(case: &HostCase, names: &Names<'_>) -> Vec<JobRecord> {
    let mut jobs: BTreeMap<(String, Text, Option<String>), JobRecord> = BTreeMap::new();
    for fact in &case.facts {
        let Fact::Job(job) = &fact.fact else { continue };
        let told = told_of(job, fact, case);
        let Some(file) = told.as_ref().or_else(|| case.plists.get(&fact.place.source)) else {
            continue;
        };
        let fresh = from_plist(job, fact, file, names);
        let key = (fresh.domain.clone(), Text::clone(&fresh.label), fresh.plist_path.clone());
        match jobs.get_mut(&key) {
            Some(known) => merge(known, fresh),
            None => {
                jobs.insert(key, fresh);
            }
        }
    }
    let mut jobs: Vec<JobRecord> = jobs.into_values().collect();
    leave_out_copies(&mut jobs, case);
    for fact in &case.facts {
        if let Fact::AutoStart(item) = &fact.fact {
            list(item, Shown::of(fact, case), &mut jobs);
        }
    }
    for fact in &case.facts {
        match &fact.fact {
            Fact::JobState(state) if !state.label.is_empty() => {
                if let Some(job) = show(state, Shown::of(fact, case), &mut jobs, names) {
                    job.loaded = true;
                    job.running |= state.pid.is_some();
                }
            }
            // Read from disk: whether launchd has loaded it, nobody says.
            Fact::JobOnDisk(state) if !state.label.is_empty() => {
                show(state, Shown::of(fact, case), &mut jobs, names);
            }
            _ => {}
        }
    }
    let items = Items::of(case);
    items.add_unknown(&mut jobs);
    let overrides = Overrides::of(case);
    let times = file_times(case);
    for job in &mut jobs {
        decide_enabled(job, &overrides);
        items.decide(job);
        if let Some(row) = job.plist_path.as_deref().and_then(|path| times.get(path)) {
            // Birth can be set back by SetFile, modification by touch: both are kept as told.
            job.plist_created = row.created;
            job.plist_modified = row.modified.or(job.plist_modified);
        }
    }
    jobs.sort_by(|a, b| {
        (&a.domain, &a.label, &a.plist_path).cmp(&(&b.domain, &b.label, &b.plist_path))
    });
    jobs
}

/// The property list of a job that a collector tells of in a record of its own.
fn told_of(job: &Job, fact: &Dated, case: &HostCase) -> Option<PlistFile> {
    let path = job.path.as_deref()?.to_owned();
    Some(PlistFile { path, modified: None, evidence: evidence_of(fact, case).to_owned() })
}

/// A file elsewhere that says the same as a property list in a directory of jobs is its copy (zip
/// stores hard links so), and no second job: unless launchctl shows that it was loaded from there.
fn leave_out_copies(jobs: &mut Vec<JobRecord>, case: &HostCase) {
    let loaded_from: BTreeSet<&str> = case
        .facts
        .iter()
        .filter_map(|fact| match &fact.fact {
            Fact::JobState(state) => state.plist_path.as_deref(),
            _ => None,
        })
        .collect();
    let (placed, loose): (Vec<JobRecord>, Vec<JobRecord>) =
        std::mem::take(jobs).into_iter().partition(JobRecord::is_placed);
    let mut by_label: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (index, job) in placed.iter().enumerate() {
        by_label.entry(Text::clone(&job.label)).or_default().push(index);
    }
    let is_copy = |copy: &JobRecord| {
        let twins = by_label.get(&copy.label).into_iter().flatten();
        let mut twins = twins.filter_map(|index| placed.get(*index));
        let is_loaded = copy.plist_path.as_deref().is_some_and(|path| loaded_from.contains(path));
        !is_loaded && twins.any(|twin| twin.job == copy.job)
    };
    let kept: Vec<JobRecord> = loose.into_iter().filter(|job| !is_copy(job)).collect();
    // Those in their directories first: a label alone means them.
    jobs.extend(placed);
    jobs.extend(kept);
}

fn from_plist(job: &Job, fact: &Dated, file: &PlistFile, names: &Names<'_>) -> JobRecord {
    JobRecord {
        domain: domain_of(&file.path),
        label: Text::clone(&job.label),
        plist_path: Some(file.path.clone()),
        source: Some(fact.place),
        program: job.executable().map(|program| in_bundle(program, &file.path)),
        arguments: job.arguments.clone(),
        enabled: Known::Unknown,
        enabled_source: String::new(),
        loaded: false,
        running: false,
        plist_created: None,
        plist_modified: file.modified,
        declared: resolved(&job.declared, names),
        evidence: file.evidence.clone(),
        shown_in: BTreeSet::from([fact.acquisition]),
        code: None,
        team_id: None,
        job: Some(job.clone()),
    }
}

/// The program of a job inside an application is told from its bundle on (`BundleProgram`, macOS 13).
fn in_bundle(program: &Text, plist: &str) -> Text {
    let inside = program.starts_with("Contents/");
    match plist.split_once(".app/Contents/Library/").filter(|_| inside) {
        Some((application, _)) => Text::from(format!("{application}.app/{program}").as_str()),
        None => Text::clone(program),
    }
}

/// The domain that a property list's place means (formats.md 4.1).
pub fn domain_of(path: &str) -> String {
    let lower = path.to_lowercase();
    let user = lower.strip_prefix("/users/").and_then(|rest| rest.split_once("/library/"));
    if lower.contains("/launchdaemons/") {
        return "system".to_owned();
    }
    match user {
        Some((name, _)) if !name.contains('/') => format!("user/{name}"),
        _ if lower.contains("/launchagents/") || lower.contains("/loginitems/") => {
            "agents".to_owned()
        }
        _ => String::new(),
    }
}

/// The same property list in another acquisition: what it declared is pooled, the rest is the later.
fn merge(known: &mut JobRecord, fresh: JobRecord) {
    let mut declared = known.declared.clone();
    declared.extend(fresh.declared.iter().cloned());
    declared.sort();
    declared.dedup();
    let modified = fresh.plist_modified.or(known.plist_modified);
    let shown_in: BTreeSet<usize> = known.shown_in.union(&fresh.shown_in).copied().collect();
    // The file itself is better to cite than a collector's record of it.
    let is_told = |record: &JobRecord| record.job.as_ref().is_some_and(|job| job.path.is_some());
    if is_told(&fresh) && !is_told(known) {
        (known.declared, known.plist_modified) = (declared, modified);
        known.shown_in = shown_in;
        return;
    }
    *known = JobRecord { declared, plist_modified: modified, shown_in, ..fresh };
}

/// Declared ports with the number that each name means here.
fn resolved(declared: &[DeclaredPort], names: &Names<'_>) -> Vec<(DeclaredPort, Option<u16>)> {
    let number = |port: &DeclaredPort| match &port.port {
        Port::Number(number) => Some(*number),
        Port::Name(name) => {
            let protocol = port.protocol.unwrap_or(crate::model::network::Protocol::Tcp);
            names.port(name, protocol)
        }
        Port::None | Port::Cut(_) | Port::Unknown => None,
    };
    declared.iter().map(|port| (port.clone(), number(port))).collect()
}

/// The label of the evidence that a fact stands in.
fn evidence_of<'a>(fact: &Dated, case: &'a HostCase) -> &'a str {
    case.acquisitions.get(fact.acquisition).map_or("", |made| made.evidence.as_str())
}

/// The acquisition that shows a job, with the label of its evidence.
#[derive(Clone, Copy)]
struct Shown<'a> {
    acquisition: usize,
    evidence: &'a str,
}

impl<'a> Shown<'a> {
    fn of(fact: &Dated, case: &'a HostCase) -> Self {
        Self { acquisition: fact.acquisition, evidence: evidence_of(fact, case) }
    }
}

/// Whether launchctl's domain (`system`, `gui/501`, `user/501`) can be that of a job.
fn may_be_domain(shown: Option<&str>, domain: &str) -> bool {
    let is_system = |domain: &str| domain == "system";
    shown.is_none_or(|shown| domain.is_empty() || is_system(shown) == is_system(domain))
}

/// Adds what launchctl or a sensor showed: to the job of that label, or as a job whose plist is not here.
fn show<'j>(
    state: &JobState,
    shown: Shown<'_>,
    jobs: &'j mut Vec<JobRecord>,
    names: &Names<'_>,
) -> Option<&'j mut JobRecord> {
    let matching = |job: &JobRecord| {
        job.label == state.label
            && may_be_domain(state.domain.as_deref(), &job.domain)
            && state.plist_path.as_deref().is_none_or(|path| {
                job.plist_path
                    .as_deref()
                    .is_none_or(|known| known == path || !path.starts_with('/'))
            })
    };
    let index = jobs.iter().position(matching).unwrap_or_else(|| {
        jobs.push(JobRecord {
            domain: state.domain.as_deref().unwrap_or_default().to_owned(),
            label: Text::clone(&state.label),
            plist_path: state
                .plist_path
                .as_deref()
                .filter(|p| p.starts_with('/'))
                .map(str::to_owned),
            job: None,
            source: None,
            program: None,
            arguments: Vec::new(),
            enabled: Known::Unknown,
            enabled_source: String::new(),
            loaded: false,
            running: false,
            plist_created: None,
            plist_modified: None,
            declared: Vec::new(),
            evidence: shown.evidence.to_owned(),
            shown_in: BTreeSet::new(),
            code: None,
            team_id: None,
        });
        jobs.len().saturating_sub(1)
    });
    let job = jobs.get_mut(index)?;
    job.shown_in.insert(shown.acquisition);
    if job.program.is_none() {
        job.program.clone_from(&state.program);
    }
    if job.arguments.is_empty() {
        job.arguments.clone_from(&state.arguments);
    }
    if job.job.is_none() {
        job.declared.extend(resolved(&state.declared, names));
        job.declared.sort();
        job.declared.dedup();
    }
    Some(job)
}

/// Adds what a tool listed as starting by itself: to the job of that property list, or as one whose property list is
/// not here. It does not tell that the job was loaded, nor what it declares.
fn list(item: &AutoStart, shown: Shown<'_>, jobs: &mut Vec<JobRecord>) {
    let path = item.plist_path.as_deref().filter(|path| !domain_of(path).is_empty());
    let Some(path) = path else { return };
    let known = jobs.iter_mut().find(|job| job.plist_path.as_deref() == Some(path));
    if let Some(job) = known {
        job.shown_in.insert(shown.acquisition);
        job.program = job.program.take().or_else(|| item.program.clone());
        job.code = job.code.take().or_else(|| item.code.clone());
        return;
    }
    jobs.push(JobRecord {
        domain: domain_of(path),
        label: item.label.clone().unwrap_or_else(|| Text::from("")),
        plist_path: Some(path.to_owned()),
        program: item.program.clone(),
        code: item.code.clone(),
        evidence: shown.evidence.to_owned(),
        shown_in: BTreeSet::from([shown.acquisition]),
        ..JobRecord::default()
    });
}

/// The override databases that were read, and what they say.
struct Overrides {
    read: BTreeSet<Domain>,
    entries: BTreeMap<(Domain, Text), Option<bool>>,
}

impl Overrides {
    fn of(case: &HostCase) -> Self {
        let mut overrides = Self { read: BTreeSet::new(), entries: BTreeMap::new() };
        for fact in &case.facts {
            match &fact.fact {
                Fact::OverridesRead(domain) => {
                    overrides.read.insert(*domain);
                }
                Fact::Override { domain, label, disabled } => {
                    overrides.entries.insert((*domain, Text::clone(label)), *disabled);
                }
                _ => {}
            }
        }
        overrides
    }

    /// The entry for a label in a domain that applies to a job of `domain`, if there is one. Users are
    /// told apart by number in the databases and by name in paths: where they disagree, nothing is known.
    fn entry(&self, domain: &str, label: &Text) -> Option<Known> {
        let applies = |kind: &Domain| match kind {
            Domain::System => domain == "system",
            Domain::Agents | Domain::User(_) | Domain::SomeUser => domain != "system",
        };
        let mut found = self
            .entries
            .iter()
            .filter(|((kind, name), _)| name == label && applies(kind))
            .map(|(_, disabled)| disabled.map_or(Known::Unknown, Known::from));
        let first = found.next()?;
        Some(if found.all(|other| other == first) { first } else { Known::Unknown })
    }

    fn was_read(&self, domain: &str) -> bool {
        self.read.iter().any(|kind| (*kind == Domain::System) == (domain == "system"))
    }
}

/// Whether a job would load at the next boot or login (formats.md 4.4).
fn decide_enabled(job: &mut JobRecord, overrides: &Overrides) {
    let by_plist = job.job.as_ref().and_then(|job| job.disabled);
    let (enabled, source) = match overrides.entry(&job.domain, &job.label) {
        Some(Known::Yes) => (Known::No, "override database"),
        Some(Known::No) => (Known::Yes, "override database"),
        Some(Known::Unknown) => (
            Known::Unknown,
            "override database, value not understood or not the same for all users",
        ),
        // What the missing part said of it, nobody knows; launchd itself does not load such a file.
        None if job.job.as_ref().is_some_and(|job| job.partial) => {
            (Known::Unknown, "property list damaged")
        }
        None if overrides.was_read(&job.domain) && job.job.is_some() => {
            (Known::from(by_plist != Some(true)), "property list, no override")
        }
        None if job.loaded => (Known::Yes, "loaded at the capture"),
        None => (Known::Unknown, "override database not collected"),
    };
    job.enabled = enabled;
    source.clone_into(&mut job.enabled_source);
}

/// What is told of files, by path; of several rows the last one that tells a time.
pub fn file_times(case: &HostCase) -> BTreeMap<&str, &FileTimes> {
    let mut rows: BTreeMap<&str, &FileTimes> = BTreeMap::new();
    for fact in &case.facts {
        let Fact::FileTimes(row) = &fact.fact else { continue };
        let is_dated = row.modified.or(row.changed).or(row.created).is_some();
        let known = rows.entry(&row.path).or_insert(row);
        if is_dated {
            *known = row;
        }
    }
    rows
}

/// The birth that a bodyfile tells for a path; where it tells none, the last change.
pub fn birth_of(times: &BTreeMap<&str, &FileTimes>, path: &str) -> Option<Timestamp> {
    let row = times.get(path)?;
    row.created.or(row.modified)
}

impl JobRecord {
    /// Sockets that launchd opens for the job, with their port numbers.
    pub fn sockets(&self) -> impl Iterator<Item = (&DeclaredPort, u16)> {
        self.declared
            .iter()
            .filter(|(declared, _)| declared.origin == Origin::Sockets)
            .filter_map(|(declared, number)| number.map(|number| (declared, number)))
    }

    /// Whether its property list lies where launchd looks for jobs.
    pub fn is_placed(&self) -> bool {
        !self.domain.is_empty()
    }

    /// Whether it may explain a listener: not known to be disabled, or seen loaded all the same.
    pub fn may_be_active(&self) -> bool {
        self.enabled != Known::No || self.loaded || self.running
    }
}
