//! A tar or compressed file → its entries, each examined, small ones beside the stream, databases behind it.

use super::Context;
use super::aside::Aside;
use super::examine::{self, Tail};
use super::held::Held;
use super::walk::{Opened, Place, Walked, not_a_file, one_file};
use crate::evidence::archive::{self, ArchiveKind, Metered};
use crate::evidence::{Entry, EntryKind, kind_of, limits, problem};
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Examines everything in the stream that `reader` gives.
pub(super) fn stream(
    kind: ArchiveKind,
    entry: &Entry,
    reader: &mut dyn Read,
    place: &Place,
    context: &Context<'_>,
) -> Walked {
    let name = entry.path.rsplit('/').next().unwrap_or_default();
    let mut stream = archive::open_stream(kind, name, Box::new(reader))
        .map_err(|error| problem(kind_of(&error), error.to_string()))?;
    let in_flight = AtomicU64::new(0);
    let mut records = 0_u64;
    let (mut held, mut aside) = (Held::default(), Aside::default());
    let problems = rayon::in_place_scope(|scope| {
        stream.for_each(&mut |entry, reader| {
            records = records.saturating_add(1);
            let go_on = |entry, reader: &mut dyn Read| {
                held.take(entry, reader, |entry, reader| {
                    stream_entry(entry, reader, place, &in_flight, scope, context);
                });
            };
            let here = (place, context);
            match &place.budget {
                Some(budget) => aside.take(entry, &mut Metered::new(reader, budget), here, go_on),
                None => aside.take(entry, reader, here, go_on),
            }
        })
    });
    held.finish(records, place, context);
    aside.finish(place, context);
    Ok((records, problems.into_iter().map(|(_, problem)| problem).collect()))
}

/// Examines an entry of a stream: small ones on another thread, so that the stream can go on.
fn stream_entry<'s>(
    entry: Entry,
    reader: &mut dyn Read,
    place: &'s Place,
    in_flight: &'s AtomicU64,
    scope: &rayon::Scope<'s>,
    context: &'s Context<'s>,
) {
    if entry.kind != EntryKind::File {
        return context.add(not_a_file(&entry, place, context));
    }
    let threads = context.pool.current_num_threads() as u64;
    let budget = limits::IN_FLIGHT.saturating_mul(threads);
    if threads < 2 || in_flight.load(Ordering::Relaxed) >= budget {
        return whole_entry(&entry, reader, place, context);
    }
    let mut bytes = Vec::new();
    let result = (&mut *reader).take(limits::IN_FLIGHT).read_to_end(&mut bytes);
    let size = bytes.len() as u64;
    let is_archive = archive::detect(&bytes).is_some();
    match result {
        Ok(_) if size >= limits::IN_FLIGHT => {
            whole_entry(&entry, &mut Cursor::new(bytes).chain(reader), place, context);
        }
        // An archive draws on the budget: in its turn, not beside others.
        result if is_archive => {
            let tail = Tail::from(result);
            whole_entry(&entry, &mut Cursor::new(bytes).chain(tail), place, context);
        }
        result => {
            let tail = Tail::from(result);
            in_flight.fetch_add(size, Ordering::Relaxed);
            scope.spawn(move |_| {
                whole_entry(&entry, &mut Cursor::new(bytes).chain(tail), place, context);
                in_flight.fetch_sub(size, Ordering::Relaxed);
            });
        }
    }
}

fn whole_entry(entry: &Entry, reader: &mut dyn Read, place: &Place, context: &Context<'_>) {
    match examine::read_head(reader) {
        Ok((head, tail)) => {
            let opened = Opened::streamed(entry, &head);
            one_file(&opened, &mut tail.chain(reader), place, context);
        }
        Err(error) => context.add(examine::lost(&place.shown(entry), entry, &error, context)),
    }
}
