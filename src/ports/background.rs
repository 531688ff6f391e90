//! Items of Background Task Management → what they say of jobs, and jobs that nothing else tells of.

use super::JobRecord;
use super::place::canonical;
use crate::hosts::HostCase;
use crate::model::Text;
use crate::model::observation::{BackgroundItem, Fact, ItemKind, Known};
use std::collections::BTreeMap;

/// The owner of items that hold for everybody.
const EVERYBODY: &str = "-2";

/// The agents and daemons that the latest acquisition knows which knows any.
#[derive(Debug, Default)]
pub(super) struct Items {
    jobs: Vec<Item>,
}

/// An item with its paths made whole.
#[derive(Debug)]
struct Item {
    owner: Text,
    kind: ItemKind,
    legacy: bool,
    label: Text,
    team_id: Option<Text>,
    path: Option<String>,
    program: Option<String>,
    enabled: Known,
    allowed: Known,
    evidence: String,
}

impl Items {
    /// Collects them from the facts of a host.
    pub(super) fn of(case: &HostCase) -> Self {
        let all = || {
            case.facts.iter().filter_map(|fact| match &fact.fact {
                Fact::BackgroundItem(item) => Some((fact.acquisition, &**item)),
                _ => None,
            })
        };
        let Some(latest) = all().map(|(acquisition, _)| acquisition).max() else {
            return Self::default();
        };
        let evidence =
            case.acquisitions.get(latest).map_or_else(String::new, |made| made.evidence.clone());
        let of_latest = || all().filter(|(at, _)| *at == latest).map(|(_, item)| item);
        let bundles: BTreeMap<(&str, &str), Option<&str>> =
            of_latest().fold(BTreeMap::new(), |mut bundles, item| {
                let path = item.path.as_deref().filter(|path| path.starts_with('/'));
                bundles
                    .entry((&*item.owner, &*item.identifier))
                    .and_modify(|known| {
                        if *known != path {
                            *known = None;
                        }
                    })
                    .or_insert(path);
                bundles
            });
        let jobs = of_latest()
            .filter(|item| matches!(item.kind, ItemKind::Agent | ItemKind::Daemon))
            .filter(|item| !item.label.is_empty())
            .map(|item| whole(item, &bundles, &evidence));
        Self { jobs: jobs.collect() }
    }

    /// Adds the jobs that only Background Task Management knows: those that an application registered, and those
    /// whose property list was not collected.
    pub(super) fn add_unknown(&self, jobs: &mut Vec<JobRecord>) {
        for item in &self.jobs {
            let known = jobs.iter_mut().find(|job| item.is_of(job));
            if let Some(job) = known {
                if job.job.is_none() {
                    if job.domain.is_empty() {
                        job.domain = item.domain();
                    }
                    job.program =
                        job.program.take().or_else(|| item.program.as_deref().map(Text::from));
                    job.plist_path = job.plist_path.take().or_else(|| item.path.clone());
                }
            } else {
                jobs.push(item.record());
            }
        }
    }

    /// Says of a job what its items say. Whatever else lets it load, what is disallowed does not; what is allowed
    /// may still be kept from loading by an override.
    pub(super) fn decide(&self, job: &mut JobRecord) {
        let found: Vec<&Item> = self.jobs.iter().filter(|item| item.is_of(job)).collect();
        let Some(first) = found.first() else { return };
        let same = |of: fn(&Item) -> Known| found.iter().all(|item| of(item) == of(first));
        if found.iter().all(|item| item.team_id == first.team_id) {
            job.team_id.clone_from(&first.team_id);
        }
        let says = |job: &mut JobRecord, enabled: Known, source: &str| {
            job.enabled = enabled;
            source.clone_into(&mut job.enabled_source);
        };
        let disallowed = found.iter().any(|item| item.allowed == Known::No);
        if disallowed && same(|item| item.allowed) {
            says(job, Known::No, "Background Task Management: disallowed");
        } else if disallowed {
            says(job, Known::Unknown, "Background Task Management, not the same for all users");
        } else if job.job.is_none() && job.enabled == Known::Unknown && !first.legacy {
            let source = "Background Task Management";
            match (first.enabled, first.allowed) {
                (Known::Yes, Known::Yes) if same(|item| item.enabled) => {
                    says(job, Known::Yes, source)
                }
                (Known::No, _) if same(|item| item.enabled) => says(job, Known::No, source),
                _ => {}
            }
        }
    }
}

/// An item with paths that begin at the root: those inside a bundle begin at its parent's.
fn whole(
    item: &BackgroundItem,
    bundles: &BTreeMap<(&str, &str), Option<&str>>,
    evidence: &str,
) -> Item {
    let parent = item.parent.as_deref();
    let bundle = parent.and_then(|parent| *bundles.get(&(&*item.owner, parent))?);
    let path = |path: &Option<Text>| -> Option<String> {
        let path = path.as_deref()?;
        if path.starts_with('/') {
            return Some(path.to_owned());
        }
        Some(format!("{}/{path}", bundle?.trim_end_matches('/')))
    };
    Item {
        owner: Text::clone(&item.owner),
        kind: item.kind,
        legacy: item.legacy,
        label: Text::clone(&item.label),
        team_id: item.team_id.clone(),
        path: path(&item.path),
        program: path(&item.program),
        enabled: item.enabled,
        allowed: item.allowed,
        evidence: evidence.to_owned(),
    }
}

impl Item {
    /// Whether it is about a job: the label is the same, and so is the property list where both are known.
    fn is_of(&self, job: &JobRecord) -> bool {
        let is_daemon = self.kind == ItemKind::Daemon;
        let fits = job.domain.is_empty() || (job.domain == "system") == is_daemon;
        let same = match (&self.path, &job.plist_path) {
            (Some(own), Some(known)) => canonical(own) == canonical(known),
            _ => true,
        };
        fits && same && job.label == self.label
    }

    /// The domain that its kind and its owner mean.
    fn domain(&self) -> String {
        let is_user = self.owner.parse::<u32>().is_ok_and(|uid| uid != 0);
        match self.kind {
            ItemKind::Daemon => "system".to_owned(),
            _ if is_user && &*self.owner != EVERYBODY => format!("user/{}", self.owner),
            _ => "agents".to_owned(),
        }
    }

    fn record(&self) -> JobRecord {
        JobRecord {
            domain: self.domain(),
            label: Text::clone(&self.label),
            plist_path: self.path.clone(),
            job: None,
            source: None,
            program: self.program.as_deref().map(Text::from),
            arguments: Vec::new(),
            enabled: Known::Unknown,
            enabled_source: String::new(),
            loaded: false,
            running: false,
            plist_created: None,
            plist_modified: None,
            declared: Vec::new(),
            evidence: self.evidence.clone(),
            team_id: None,
        }
    }
}
