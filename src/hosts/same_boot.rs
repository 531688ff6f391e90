//! Sockets that two acquisitions show under one address of the kernel → they were taken in one boot.
//!
//! netstat `-A` and lsof print where the kernel keeps a socket: no such address outlives a boot
//! (time.md 7.4), and the same process under the same address twice is no chance.

use super::Dated;
use crate::model::observation::Fact;
use std::collections::{BTreeMap, BTreeSet};

/// Sockets that must be shared: one could be chance.
const SHARED: usize = 2;

/// For acquisitions of which nothing tells the boot: that of an acquisition with the same sockets.
pub(super) fn by_sockets(facts: &[Dated], current: &[Option<usize>]) -> Vec<(usize, usize)> {
    let is_known = |acquisition: usize| current.get(acquisition).copied().flatten();
    if current.iter().all(Option::is_some) || current.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut shown: BTreeMap<(u64, u32), BTreeSet<usize>> = BTreeMap::new();
    for fact in facts {
        let Fact::Socket(socket) = &fact.fact else { continue };
        if let (Some(pcb), Some(pid)) = (socket.pcb, socket.pid) {
            shown.entry((pcb, pid)).or_default().insert(fact.acquisition);
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for acquisitions in shown.values().filter(|acquisitions| acquisitions.len() > 1) {
        let unknown = acquisitions.iter().filter(|one| is_known(**one).is_none());
        for acquisition in unknown {
            let boots: BTreeSet<usize> =
                acquisitions.iter().filter_map(|other| is_known(*other)).collect();
            for boot in boots {
                let count = shared.entry((*acquisition, boot)).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    let enough: Vec<(usize, usize)> =
        shared.into_iter().filter(|(_, count)| *count >= SHARED).map(|(pair, _)| pair).collect();
    let is_only = |pair: &(usize, usize)| enough.iter().filter(|one| one.0 == pair.0).count() == 1;
    enough.iter().filter(|pair| is_only(pair)).copied().collect()
}
