//! Processes that hold the sockets of a binding → which of them answers for it.

use super::owners::Part;
use super::processes::Processes;
use crate::model::binding::Binding;

/// Pids that an attribution names, at most.
const PIDS_SHOWN: usize = 8;

/// Holders, the one that answers for the binding first: not launchd, then a parent before its
/// children, then the lowest pid.
pub(super) fn ordered(part: &Part<'_>, processes: &Processes) -> Vec<usize> {
    let life = |index: usize| processes.all.get(index);
    let mut holders: Vec<usize> = part.holders.iter().copied().collect();
    holders.sort_by_key(|index| {
        let life = life(*index);
        let is_launchd = life.is_some_and(|life| life.pid == 1);
        let is_child = life.and_then(|life| life.parent).is_some_and(|p| part.holders.contains(&p));
        (is_launchd, is_child, life.map(|life| life.pid))
    });
    holders
}

/// Whether the first holder is alone, or a parent of others: then it answers for them.
pub(super) fn are_one_family(holders: &[usize], processes: &Processes) -> bool {
    let child = |index: &usize| {
        let life = processes.all.get(*index);
        life.and_then(|life| life.parent).is_some_and(|parent| holders.contains(&parent))
    };
    holders.iter().skip(1).all(child)
}

/// Connections that several processes of one identity made, each its own: no pid stands for the others.
pub(super) fn of_several(binding: &mut Binding, holders: &[usize], processes: &Processes) {
    let pids = holders.iter().filter_map(|index| processes.all.get(*index));
    let shown: Vec<String> = pids.take(PIDS_SHOWN).map(|life| life.pid.to_string()).collect();
    let more = if holders.len() > shown.len() { ", …" } else { "" };
    binding.attribution = format!("{} processes: pids {}{more}", holders.len(), shown.join(", "));
    binding.pid = None;
    let lives = holders.iter().filter_map(|index| processes.all.get(*index));
    if lives.into_iter().any(|life| life.user != binding.user) {
        binding.user = None;
    }
}
