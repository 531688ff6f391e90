//! Items of Background Task Management → what they say of jobs, and jobs that nothing else tells of.

use super::JobRecord;
use super::place::canonical;
use crate::hosts::HostCase;
use crate::model::Text;
use crate::model::observation::{BackgroundItem, Fact, ItemKind, Known};
use std::collections::{BTreeMap, BTreeSet};

/// The owner of items that hold for everybody.
const EVERYBODY: &str = "-2";

/// The agents and daemons that the latest acquisition knows which knows any.
#[derive(Debug, Default)]
pub(super) struct Items {
    jobs: Vec<Item>,
    /// By label and property list; those without one under none.
    index: BTreeMap<(Text, Option<String>), Vec<usize>>,
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
    acquisition: usize,
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
            .map(|item| whole(item, &bundles, (latest, &evidence)));
        let jobs: Vec<Item> = jobs.collect();
        let mut index: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, item) in jobs.iter().enumerate() {
            index.entry(item.key()).or_default().push(at);
        }
        Self { jobs, index }
    }

    /// The items about a job: the label is the same, and so is the property list where both are known.
    fn about<'a>(&'a self, job: &JobRecord) -> Vec<&'a Item> {
        let label = Text::clone(&job.label);
        let path = job.plist_path.as_deref().map(|path| canonical(path).into_owned());
        let at: Vec<usize> = if path.is_some() {
            let keys = [(Text::clone(&label), None), (label, path)];
            keys.iter().filter_map(|key| self.index.get(key)).flatten().copied().collect()
        } else {
            let from = (Text::clone(&label), None);
            let of_label = self.index.range(from..).take_while(|((of, _), _)| *of == label);
            of_label.flat_map(|(_, at)| at).copied().collect()
        };
        let items = at.into_iter().filter_map(|at| self.jobs.get(at));
        items.filter(|item| item.may_be_in(&job.domain)).collect()
    }

    /// Adds the jobs that only Background Task Management knows: those that an application registered, and those
    /// whose property list was not collected.
    pub(super) fn add_unknown(&self, jobs: &mut Vec<JobRecord>) {
        let mut known = BTreeSet::new();
        for job in jobs.iter_mut() {
            let about = self.about(job);
            known.extend(about.iter().map(|item| item.key()));
            if let Some(item) = about.first().filter(|_| job.job.is_none()) {
                if job.domain.is_empty() {
                    job.domain = item.domain();
                }
                let program = item.program.as_deref().map(Text::from);
                job.program = job.program.take().or(program);
                job.plist_path = job.plist_path.take().or_else(|| item.path.clone());
            }
        }
        let unknown = self.jobs.iter().filter(|item| known.insert(item.key()));
        jobs.extend(unknown.map(Item::record));
    }

    /// Says of a job what its items say. Whatever else lets it load, what is disallowed does not; what is allowed
    /// may still be kept from loading by an override.
    pub(super) fn decide(&self, job: &mut JobRecord) {
        let found = self.about(job);
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
                    says(job, Known::Yes, source);
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
    (acquisition, evidence): (usize, &str),
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
        acquisition,
    }
}

impl Item {
    fn key(&self) -> (Text, Option<String>) {
        let path = self.path.as_deref().map(|path| canonical(path).into_owned());
        (Text::clone(&self.label), path)
    }

    /// Whether its kind fits the domain of a job.
    fn may_be_in(&self, domain: &str) -> bool {
        domain.is_empty() || (domain == "system") == (self.kind == ItemKind::Daemon)
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
            program: self.program.as_deref().map(Text::from),
            evidence: self.evidence.clone(),
            shown_in: BTreeSet::from([self.acquisition]),
            ..JobRecord::default()
        }
    }
}
