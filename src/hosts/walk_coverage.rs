//! The volumes of a host's disk images → what of them was not walked.

use super::{Coverage, HostCase, Sees};
use crate::model::provenance::SourceId;
use crate::model::service::Direction;
use crate::pipeline::{Collected, Source, is_on};
use std::collections::BTreeSet;

/// A row for each volume of which directories were not entered.
pub(super) fn of(case: &HostCase, collected: &Collected) -> Vec<Coverage> {
    let own: BTreeSet<SourceId> = case.facts.iter().map(|fact| fact.place.source).collect();
    let own: Vec<&Source> =
        own.iter().filter_map(|id| collected.sources.get(id.0 as usize)).collect();
    (0_u32..)
        .zip(&collected.sources)
        .filter(|(_, source)| own.iter().any(|file| is_on(file, source)))
        .filter_map(|(index, source)| row(SourceId(index), source))
        .collect()
}

fn row(id: SourceId, source: &Source) -> Option<Coverage> {
    let walk = source.volume.filter(|walk| walk.unwalked > 0)?;
    let detail = format!(
        "of the volume {}, {} of the directories met were not entered, as no artifact is known to lie there \
         (--full-walk enters them): a file in them was not seen",
        source.path, walk.unwalked
    );
    Some(Coverage {
        boot: None,
        source: Some(id),
        window: None,
        direction: Direction::Listen,
        protocol: None,
        sees: Sees::Partly,
        blind_to: vec!["not walked"],
        detail,
    })
}
