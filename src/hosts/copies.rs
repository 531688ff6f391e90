//! The same acquisition given twice (a folder and its archive, or a path twice) → one of them, and which are copies.
//!
//! Counted twice, each row would stand for two sightings, and one collection for the history of two.

use super::grouping::Group;
use super::roots::RootKind;
use crate::model::observation::Fact;
use crate::model::provenance::SourceId;
use crate::pipeline::Collected;
use std::collections::BTreeMap;

/// An acquisition that another one is the same as.
#[derive(Debug)]
pub struct Copy {
    /// Its evidence, and its folder in it.
    pub evidence: usize,
    /// Likewise.
    pub prefix: String,
    /// Its files.
    pub sources: Vec<SourceId>,
    /// A file of the one that is used.
    pub original: SourceId,
    /// The folder of that.
    pub original_prefix: String,
}

/// What a group is made of: the path of each file in its folder and its hash. `None` where a hash is missing, or there
/// is nothing to compare.
fn content(group: &Group, collected: &Collected) -> Option<Vec<(String, String)>> {
    let mut content = Vec::new();
    for id in &group.sources {
        let source = collected.sources.get(id.0 as usize)?;
        let claimed = source.artifact.is_some() && !source.is_container();
        // A log beside an archive is not in its folder.
        let Some(path) = source.path.strip_prefix(&group.root.prefix).filter(|_| claimed) else {
            continue;
        };
        content.push((path.to_owned(), source.sha256.clone()?));
    }
    content.sort();
    Some(content).filter(|content| !content.is_empty())
}

/// Whether a collector captured what no two Macs show alike, nor one Mac twice.
fn is_capture(group: &Group) -> bool {
    let is_collector = matches!(group.kind, RootKind::Collector(_));
    let told = |fact: &Fact| matches!(fact, Fact::Process(_) | Fact::Command(_));
    is_collector && group.observations.iter().any(|one| told(&one.fact))
}

/// Takes the copies out of the groups. Of equal ones that stays which says most, the first of these.
pub(super) fn set_aside(groups: Vec<Group>, collected: &Collected) -> (Vec<Group>, Vec<Copy>) {
    let mut equal: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        if let Some(content) = content(group, collected) {
            equal.entry((content, group.subject.clone())).or_default().push(index);
        }
    }
    let said = |index: &usize| groups.get(*index).map_or(0, |group| group.observations.len());
    let mut original_of: BTreeMap<usize, usize> = BTreeMap::new();
    for indices in equal.into_values().filter(|indices| indices.len() > 1) {
        // Of several that say as much, `max_by_key` takes the last.
        let Some(best) = indices.iter().rev().copied().max_by_key(said) else { continue };
        let argument = |index: usize| groups.get(index).map(|group| group.root.evidence);
        let container = |index: usize| {
            let prefix = groups.get(index).map(|group| group.root.prefix.as_str());
            prefix.and_then(|prefix| Some(prefix.rsplit_once("!/")?.0))
        };
        // Equal folders within one argument are of Macs that are set up alike, unless one is the archive of the other:
        // a collector captured there what lasts a moment.
        let is_alive = groups.get(best).is_some_and(is_capture);
        let copies = indices.into_iter().filter(|one| {
            argument(*one) != argument(best) || (is_alive && container(*one) != container(best))
        });
        original_of.extend(copies.map(|one| (one, best)));
    }
    let firsts: Vec<Option<(SourceId, String)>> = groups
        .iter()
        .map(|group| Some((*group.sources.first()?, group.root.prefix.clone())))
        .collect();
    let (mut kept, mut copies) = (Vec::new(), Vec::new());
    for (index, group) in groups.into_iter().enumerate() {
        let original = original_of.get(&index).and_then(|best| firsts.get(*best).cloned()?);
        match original {
            None => kept.push(group),
            Some((original, original_prefix)) => copies.push(Copy {
                evidence: group.root.evidence,
                prefix: group.root.prefix,
                sources: group.sources,
                original,
                original_prefix,
            }),
        }
    }
    (kept, copies)
}
