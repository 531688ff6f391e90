//! Rows of a binding → the lives of its single sockets, where a log follows them: when the first began and
//! when the last ended.

use crate::model::binding::{Citation, CitationRole};
use crate::model::interval::Window;
use crate::model::observation::FlowEvent;
use crate::ports::evidence::cite;
use crate::ports::flows::{SocketId, began, follows, ids_of};
use crate::ports::owners::Part;
use crate::ports::sockets::Row;
use std::collections::BTreeMap;

/// What the single sockets tell of the whole.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// When the first one began, if its beginning is told.
    pub(super) start: Option<(Window, Citation)>,
    /// When the last one ended, if the end of every one is told.
    pub(super) end: Option<(Window, Citation)>,
}

/// The life of one socket.
#[derive(Clone, Debug, Default)]
struct Single<'r, 'a> {
    seen: Option<Window>,
    ports: (Option<u16>, Option<u16>),
    began: Option<(Window, &'r Row<'a>)>,
    ended: Option<(Window, &'r Row<'a>)>,
    /// The last beginning, where the same ends were used again.
    begun_again: Option<Window>,
}

/// The bounds that a part's sockets set.
pub(super) fn bounds(part: &Part<'_>) -> Bounds {
    if !part.rows.iter().any(|row| row.flow.is_some_and(follows)) {
        return Bounds::default();
    }
    let (told, untold) = singles(part);
    let all = || told.iter().chain(&untold).filter(|single| single.seen.is_some());
    let first = all().min_by_key(|single| single.seen.map(|seen| (seen.hi, seen.lo)));
    let start = first.and_then(|single| single.began);
    let open = all()
        .any(|single| single.ended.is_none() && !told.iter().any(|known| lies_in(single, known)));
    let end = all().filter_map(|single| single.ended).max_by_key(|(window, _)| window.hi);
    let cited = |(window, row): (Window, &Row<'_>), role| {
        (window, Citation { window: Some(window), ..cite(row.fact, role) })
    };
    Bounds {
        start: start.map(|bound| cited(bound, CitationRole::StartBound)),
        end: end.filter(|_| !open).map(|bound| cited(bound, CitationRole::EndBound)),
    }
}

/// Sockets with a number of their own, and rows without one.
fn singles<'r, 'a>(part: &'r Part<'a>) -> (Vec<Single<'r, 'a>>, Vec<Single<'r, 'a>>) {
    let mut told: BTreeMap<SocketId, Single<'r, 'a>> = BTreeMap::new();
    let mut untold = Vec::new();
    for row in &part.rows {
        if let Some(id) = ids_of(row).pop_last() {
            add(told.entry(id).or_default(), row);
        } else {
            let mut single = Single::default();
            add(&mut single, row);
            untold.push(single);
        }
    }
    let mut told: Vec<Single<'r, 'a>> = told.into_values().collect();
    for single in &mut told {
        // Begun after its end was told: it is another one, whose end nothing tells.
        let is_over = |(ended, _): &(Window, _)| {
            single.begun_again.is_none_or(|began: Window| began.hi <= ended.hi)
        };
        single.ended = single.ended.filter(is_over);
    }
    (told, untold)
}

fn add<'r, 'a>(single: &mut Single<'r, 'a>, row: &'r Row<'a>) {
    for window in row.lived() {
        single.seen = Some(single.seen.map_or(window, |seen| Window {
            lo: seen.lo.min(window.lo),
            hi: seen.hi.min(window.hi),
        }));
    }
    single.ports = (row.local_port.or(single.ports.0), row.socket.remote.port.number());
    let (Some(flow), Some(at)) = (row.flow.filter(|flow| follows(flow)), row.fact.window()) else {
        return;
    };
    // A line about the beginning itself is exact; a duration is told in milliseconds.
    let begins = flow.event == FlowEvent::Began;
    let start = if begins { Some(at) } else { began(flow, at) };
    if begins {
        single.begun_again = single.begun_again.max(Some(at));
    }
    let exact = |row: &Row<'_>| row.flow.is_some_and(|flow| flow.event == FlowEvent::Began);
    if let Some(start) = start
        && single.began.is_none_or(|(known, by)| (!begins, start.lo) < (!exact(by), known.lo))
    {
        single.began = Some((start, row));
    }
    let ends = matches!(
        flow.event,
        FlowEvent::Ended { .. } | FlowEvent::Gone { .. } | FlowEvent::Failed(_)
    );
    if ends && single.ended.is_none_or(|(known, _)| known.hi < at.hi) {
        single.ended = Some((at, row));
    }
}

/// Whether a row without a number was seen within the life of a socket with the same ports.
fn lies_in(row: &Single<'_, '_>, known: &Single<'_, '_>) -> bool {
    let (Some(seen), Some((ended, _))) = (row.seen, known.ended) else { return false };
    let began = known.began.map(|(window, _)| window).or(known.seen);
    row.ports == known.ports
        && began.is_some_and(|began| began.lo <= seen.hi)
        && seen.lo <= ended.hi
}
