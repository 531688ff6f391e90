//! The volumes of a host's disk images → what of them was not walked.

use super::{Coverage, HostCase, Sees};
use crate::model::provenance::SourceId;
use crate::model::service::Direction;
use crate::pipeline::{Collected, Source, is_on};
use std::collections::BTreeSet;

/// A row for each volume of which directories were not entered.
pub(super) fn of(case: &HostCase, collected: &Collected) -> Vec<Coverage> {
    if collected.volumes.is_empty() {
        return Vec::new();
    }
    let own: BTreeSet<SourceId> = case.facts.iter().map(|fact| fact.place.source).collect();
    let own: Vec<&Source> =
        own.iter().filter_map(|id| collected.sources.get(id.0 as usize)).collect();
    let is_own = |(_, volume): &(SourceId, &Source)| own.iter().any(|file| is_on(file, volume));
    let volumes: Vec<&Source> = collected.volumes().filter(is_own).map(|(_, own)| own).collect();
    collected
        .volumes()
        .filter(|(_, source)| volumes.iter().any(|own| is_beside(source, own)))
        .filter_map(|(id, source)| row(id, source))
        .collect()
}

/// Whether a volume is one that the host is on, or lies in the same image as one.
fn is_beside(volume: &Source, own: &Source) -> bool {
    let around = |path: &str| path.rsplit_once("!/").map_or("", |(image, _)| image).to_owned();
    let shown_in = volume.path.strip_prefix(&own.path).is_some_and(|rest| rest.starts_with("!/"));
    volume.evidence == own.evidence && (shown_in || around(&volume.path) == around(&own.path))
}

fn row(id: SourceId, source: &Source) -> Option<Coverage> {
    let Some(walk) = source.volume else {
        let why = source.problems.first().map_or(source.note.as_str(), |why| why.detail.as_str());
        let detail = format!("the volume {} was not read: {why}", source.path);
        return Some(coverage(id, Sees::No, detail));
    };
    if walk.unwalked == 0 {
        return None;
    }
    let detail = format!(
        "of the volume {}, {} of the directories met were not entered, as no artifact is known to lie there \
         (--full-walk enters them): a file in them was not seen",
        source.path, walk.unwalked
    );
    Some(coverage(id, Sees::Partly, detail))
}

fn coverage(id: SourceId, sees: Sees, detail: String) -> Coverage {
    Coverage {
        boot: None,
        source: Some(id),
        window: None,
        direction: Direction::Listen,
        protocol: None,
        sees,
        blind_to: vec!["not walked"],
        detail,
    }
}
