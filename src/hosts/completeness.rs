//! The files of an acquisition → whether it holds every property list of launchd: only then may a rule
//! say that no job declares a port (scoring.md 6.3).

use super::grouping::Group;
use super::roots::{RootKind, host_path};
use crate::model::observation::{CollectionClaim, Fact, Known};
use crate::pipeline::{Collected, Source, Status};

/// Folders of daemons that must be there.
fn needed(kind: RootKind) -> &'static [&'static str] {
    match kind {
        RootKind::Tree | RootKind::Loose => {
            &["/system/library/launchdaemons/", "/library/launchdaemons/"]
        }
        RootKind::Collector(layout) => layout.daemons,
    }
}

/// Folders of property lists, in lower case, anywhere in a path.
const FOLDERS: &[&str] = &["/launchdaemons/", "/launchagents/"];

/// Whether all plist directories of jobs were collected and could be read: the directories of
/// daemons are there, no property list was lost, no container was cut, the collector names no failure.
pub(super) fn of(group: &Group, collected: &Collected) -> Known {
    if group.kind == RootKind::Loose {
        return Known::No;
    }
    let sources: Vec<(&Source, String)> = group
        .sources
        .iter()
        .filter_map(|id| collected.sources.get(id.0 as usize))
        .map(|source| (source, host_path(group.kind, &group.root, &source.path).to_lowercase()))
        .collect();
    let has = |folder: &str| sources.iter().any(|(_, path)| path.starts_with(folder));
    let lost = sources.iter().any(|(source, path)| {
        FOLDERS.iter().any(|folder| path.contains(folder)) && !is_whole(source)
    });
    let all = needed(group.kind).iter().all(|folder| has(folder));
    Known::from(all && !lost && !failed(group) && containers_are_whole(group, collected))
}

/// Whether a file was read to its end, or is no artifact.
fn is_whole(source: &Source) -> bool {
    matches!(source.status, Status::Parsed | Status::Unclaimed)
}

/// Whether the collector says that it could not copy property lists.
fn failed(group: &Group) -> bool {
    group.observations.iter().any(|observation| match &observation.fact {
        Fact::Collection(CollectionClaim::Failed(what)) => {
            let what = what.to_lowercase();
            what.contains("launchdaemons") || what.contains("launchagents")
        }
        _ => false,
    })
}

/// Whether the archives around a group were read to their ends.
fn containers_are_whole(group: &Group, collected: &Collected) -> bool {
    let label = collected.evidence.get(group.root.evidence).map_or("", |e| e.label.as_str());
    let prefix = group.root.prefix.as_str();
    let around = |source: &&Source| {
        source.evidence == group.root.evidence
            && source.is_container()
            && (source.path == label
                || prefix.strip_prefix(&source.path).is_some_and(|rest| rest.starts_with("!/")))
    };
    collected.sources.iter().filter(around).all(is_whole)
}
