//! Sightings of a binding → the stretches in which it was held without a break (time.md 7.5).

use crate::model::Timestamp;
use crate::model::binding::Span;
use crate::model::interval::Window;
use crate::model::service::Direction;
use crate::ports::flows::{SocketId, ids_of};
use crate::ports::owners::Part;
use std::collections::{BTreeMap, BTreeSet};

/// Stretches without a break: between two sightings of one socket (`continuous`), or of sockets of one
/// listening process with no listing between them that would have shown it and does not (`assumed`).
pub(super) fn spans(part: &Part<'_>, breaks: &[Window], end: Option<Timestamp>) -> Vec<Span> {
    let mut by_socket: BTreeMap<SocketId, Vec<Window>> = BTreeMap::new();
    let mut single: Vec<Vec<Window>> = Vec::new();
    for row in &part.rows {
        match ids_of(row).pop_first() {
            Some(socket) => by_socket.entry(socket).or_default().extend(row.sightings()),
            None => single.push(row.sightings()),
        }
    }
    let held = by_socket.into_values().chain(single).filter_map(|windows| stretch(&windows, end));
    let mut spans = merged(held.map(|(from, to)| Span { from, to, continuous: true }));
    let pieces = by_process(part).into_values().flat_map(|windows| pieces(windows, breaks));
    let assumed = pieces.filter_map(|piece| stretch(&piece, end));
    let assumed = merged(assumed.map(|(from, to)| Span { from, to, continuous: false }));
    spans.extend(assumed);
    let all = spans.clone();
    // What lies in a longer stretch, or in an equal one that is proven, says nothing more.
    spans.retain(|span| {
        !all.iter().any(|other| {
            let inside = other.from <= span.from && span.to <= other.to;
            let equal = (other.from, other.to) == (span.from, span.to);
            let better = if equal {
                other.continuous && !span.continuous
            } else {
                other.continuous || span.from == span.to
            };
            inside && better
        })
    });
    spans.sort();
    spans
}

/// The sightings of a listener by process; those that name none belong to the only one there is.
fn by_process(part: &Part<'_>) -> BTreeMap<u32, Vec<Window>> {
    let pids: BTreeSet<u32> = part.rows.iter().filter_map(|row| row.pid).collect();
    let only = pids.first().copied().filter(|_| pids.len() == 1);
    let mut by_process: BTreeMap<u32, Vec<Window>> = BTreeMap::new();
    for row in part.rows.iter().filter(|row| row.key.direction == Direction::Listen) {
        if let (Some(pid), Some(window)) = (row.pid.or(only), row.sightings().pop()) {
            by_process.entry(pid).or_default().push(window);
        }
    }
    by_process
}

/// From the first instant by which it was surely seen to the last from which on it was.
fn stretch(windows: &[Window], end: Option<Timestamp>) -> Option<(Timestamp, Timestamp)> {
    let first = windows.iter().map(|window| window.hi).min()?;
    let last = windows.iter().map(|window| window.lo).max()?.max(first);
    let cut = |time: Timestamp| end.map_or(time, |end| time.min(end));
    Some((cut(first), cut(last)))
}

/// The windows in order of time, parted where a break lies between two of them.
fn pieces(mut windows: Vec<Window>, breaks: &[Window]) -> Vec<Vec<Window>> {
    windows.sort();
    let mut pieces: Vec<Vec<Window>> = Vec::new();
    for window in windows {
        let last = pieces.last().and_then(|piece| piece.last()).copied();
        let parted =
            last.is_none_or(|last| breaks.iter().any(|gap| last.hi < gap.lo && gap.hi < window.lo));
        match pieces.last_mut() {
            Some(piece) if !parted => piece.push(window),
            _ => pieces.push(vec![window]),
        }
    }
    pieces
}

/// Stretches that touch are one.
fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let sorted: BTreeSet<Span> = spans.collect();
    let mut merged: Vec<Span> = Vec::new();
    for span in sorted {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}
