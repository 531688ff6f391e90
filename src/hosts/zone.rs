//! What the evidence says about the host's zone → the zone, and where the sources disagree.

use super::clock::{NamedTime, Zone, offset_name, time_in_name};
use super::grouping::{Group, HostGroups};
use super::layouts::Layout;
use super::roots::RootKind;
use crate::evidence::problem;
use crate::model::observation::{Fact, HostClaim, Problem, ProblemKind, When};
use crate::model::provenance::SourceId;
use crate::model::{Text, Timestamp};
use crate::pipeline::Collected;
use jiff::tz::Offset;

/// Rank of an offset in a file's name: below everything that a host or collector wrote inside a file.
const IN_NAME: u8 = 6;

/// Disagreement from which on two sources are said to conflict (time.md 7.2).
const CONFLICT: i32 = 15 * 60;

enum Claimed {
    Zone(Text),
    Offset(i32),
}

struct ZoneClaim {
    rank: u8,
    source: SourceId,
    at: Option<Timestamp>,
    claimed: Claimed,
}

/// The zone of a host, and the problems that choosing it raised.
pub fn choose(
    host: &HostGroups,
    collected: &Collected,
    fallback: Option<&str>,
) -> (Zone, Vec<(SourceId, Problem)>) {
    let mut claims = claims(host, collected);
    claims.sort_by_key(|claim| (claim.rank, claim.source));
    let shown = |source: SourceId| {
        collected.sources.get(source.0 as usize).map_or_else(String::new, |s| s.path.clone())
    };
    let mut problems = Vec::new();
    let Some(best) = claims.first() else {
        let given = fallback.and_then(|name| Zone::named(name, "--timezone"));
        return (given.unwrap_or_else(Zone::assumed), problems);
    };
    let zone = match &best.claimed {
        Claimed::Zone(name) => Zone::named(name, shown(best.source)),
        Claimed::Offset(seconds) => agreeing_zone(*seconds, best.at, &claims, &shown)
            .or_else(|| Zone::fixed(*seconds, shown(best.source))),
    };
    let zone = zone.unwrap_or_else(Zone::assumed);
    for claim in &claims {
        problems.extend(conflict(claim, &zone, best.at).map(|problem| (claim.source, problem)));
    }
    (zone, problems)
}

/// A named zone among the claims that has this offset at this time: it knows about summer time.
fn agreeing_zone(
    seconds: i32,
    at: Option<Timestamp>,
    claims: &[ZoneClaim],
    shown: &impl Fn(SourceId) -> String,
) -> Option<Zone> {
    claims.iter().find_map(|claim| {
        let Claimed::Zone(name) = &claim.claimed else { return None };
        let zone = Zone::named(name, shown(claim.source))?;
        at.is_some_and(|at| zone.offset_at(at) == seconds).then_some(zone)
    })
}

/// A claim that disagrees with the zone in use at the time it speaks of; a zone without a time is
/// held against it at the time of the best claim.
fn conflict(claim: &ZoneClaim, zone: &Zone, best: Option<Timestamp>) -> Option<Problem> {
    let at = claim.at.or(best)?;
    let seconds = match &claim.claimed {
        Claimed::Offset(seconds) => *seconds,
        Claimed::Zone(name) => Zone::named(name, "")?.offset_at(at),
    };
    let chosen = zone.offset_at(at);
    (chosen.abs_diff(seconds) >= CONFLICT.unsigned_abs()).then(|| {
        let source = zone.source.as_deref().unwrap_or_default();
        problem(
            ProblemKind::TimeZoneConflict,
            format!(
                "this says UTC{}, {source} says UTC{}, which is used",
                offset_name(seconds),
                offset_name(chosen)
            ),
        )
    })
}

fn claims(host: &HostGroups, collected: &Collected) -> Vec<ZoneClaim> {
    let mut claims = Vec::new();
    for group in &host.groups {
        for observation in &group.observations {
            let (rank, claimed) = match &observation.fact {
                Fact::Host(HostClaim::Zone { rank, name }) => {
                    (*rank, Claimed::Zone(Text::clone(name)))
                }
                Fact::Host(HostClaim::Offset { rank, seconds }) => {
                    (*rank, Claimed::Offset(*seconds))
                }
                _ => continue,
            };
            let at = match (&observation.when, &claimed) {
                (When::Utc(window), _) => Some(window.lo),
                (When::Local(local, _), Claimed::Offset(seconds)) => {
                    Offset::from_seconds(*seconds).ok().and_then(|o| o.to_timestamp(*local).ok())
                }
                _ => None,
            };
            claims.push(ZoneClaim { rank, source: observation.place.source, at, claimed });
        }
        claims.extend(group.sources.iter().filter_map(|source| in_name(*source, collected)));
        claims.extend(in_folder(group, collected));
    }
    claims
}

/// An offset in the name of a capture. `Z` says nothing about the host.
fn in_name(source: SourceId, collected: &Collected) -> Option<ZoneClaim> {
    let row = collected.sources.get(source.0 as usize)?;
    row.artifact?;
    let name = row.path.rsplit('/').next()?;
    let NamedTime { local, offset: Some(seconds @ (..=-1 | 1..)) } = time_in_name(name)? else {
        return None;
    };
    let offset = Offset::from_seconds(seconds).ok()?;
    let at = offset.to_timestamp(local).ok();
    Some(ZoneClaim { rank: IN_NAME, source, at, claimed: Claimed::Offset(seconds) })
}

/// The offset in the name of a sysdiagnose: it is the host's, +0000 too.
fn in_folder(group: &Group, collected: &Collected) -> Option<ZoneClaim> {
    let RootKind::Collector(Layout { collector: "sysdiagnose", .. }) = group.kind else {
        return None;
    };
    let label = collected.evidence.get(group.root.evidence).map_or("", |e| e.label.as_str());
    let parts = group.root.prefix.rsplit('/').chain([label]);
    let NamedTime { local, offset } = parts.into_iter().find_map(time_in_name)?;
    let at = Offset::from_seconds(offset?).ok()?.to_timestamp(local).ok();
    let source = *group.sources.first()?;
    Some(ZoneClaim { rank: IN_NAME, source, at, claimed: Claimed::Offset(offset?) })
}
