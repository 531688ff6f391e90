//! One Mac's groups → its case: every fact dated in UTC and placed in a boot and an acquisition.

use super::boots::Boots;
use super::capture::{Captures, own_time};
use super::clock::Zone;
use super::grouping::{Group, HostGroups};
use super::roots::RootKind;
use super::{
    Dated, DatedTime, HostCase, Options, boot_conflicts, completeness, coverage, early_boot,
    future, half_day, partial, plists, zone,
};
use crate::evidence::problem;
use crate::model::host::{Acquisition, Host};
use crate::model::interval::Window;
use crate::model::observation::{
    CollectionClaim, Fact, HostClaim, Known, Observation, ProblemKind, When,
};
use crate::model::provenance::SourceId;
use crate::model::service::Confidence;
use crate::model::{Text, content_id, stamp};
use crate::pipeline::{Collected, is_on};
use std::collections::{BTreeMap, BTreeSet};

/// Dates everything that one Mac's groups say.
pub fn date(mut host: HostGroups, collected: &Collected, options: &Options) -> HostCase {
    let (zone, mut problems) = zone::choose(&host, collected, options.time_zone.as_deref());
    let (readings, ambiguous) = half_day::settle(&mut host, collected, &zone);
    problems.extend(ambiguous);
    let mut case = HostCase { problems, ..HostCase::default() };
    describe(&host, &zone, collected, &mut case);
    case.facts.reserve_exact(host.groups.iter().map(|group| group.observations.len()).sum());
    for (acquisition, mut group) in host.groups.into_iter().enumerate() {
        early_boot::correct(&mut group, &zone);
        let captures = Captures::of(&group, collected, &zone, options).told_by(&readings, &group);
        let made = acquisition_of(&group, &captures, collected);
        case.plists.extend(plists::of(&group, collected));
        let (latest, known) = (future::latest(&group, &captures), case.facts.len());
        date_group(group, acquisition, &captures, &zone, &mut case);
        future::tell(&mut case, known, latest);
        case.acquisitions.push(made);
    }
    plists::name_states(&mut case);
    finish_acquisitions(&mut case);
    let captured: Vec<_> = case.acquisitions.iter().map(|made| made.captured).collect();
    let boots = Boots::learn(&case.facts, &captured, &zone);
    for fact in &mut case.facts {
        fact.boot = fact.window().and_then(|window| boots.place(fact.acquisition, window));
    }
    case.problems.extend(boot_conflicts::problems(boots.conflicts(), collected));
    case.boots = boots.into_boots();
    case.coverage = coverage::of(&case, collected);
    case.zone = Some(zone);
    case
}

fn describe(host: &HostGroups, zone: &Zone, collected: &Collected, case: &mut HostCase) {
    let first = |pick: &dyn Fn(&HostClaim) -> Option<Text>| {
        host.groups.iter().rev().flat_map(|group| &group.observations).find_map(|observation| {
            if let Fact::Host(claim) = &observation.fact { pick(claim) } else { None }
        })
    };
    let labels: BTreeSet<usize> = host.groups.iter().map(|group| group.root.evidence).collect();
    let label = |index: usize| collected.evidence.get(index).map(|evidence| evidence.label.clone());
    case.host = Host {
        name: host.name.clone(),
        serial: host.serial.clone(),
        os_version: first(&|claim| match claim {
            HostClaim::OsVersion(version) => Some(Text::clone(version)),
            _ => None,
        }),
        os_build: first(&|claim| match claim {
            HostClaim::OsBuild(build) => Some(Text::clone(build)),
            _ => None,
        }),
        time_zone: zone.source.as_ref().map(|_| zone.name.clone()),
        time_zone_source: zone.source.clone(),
        role: None,
        evidence: labels.into_iter().filter_map(label).collect(),
    };
}

/// Whether the files of a group lie on a volume of a disk image.
fn is_on_volume(group: &Group, collected: &Collected) -> bool {
    let source = |id: &SourceId| collected.sources.get(id.0 as usize);
    let file = group.sources.iter().filter_map(source).find(|file| !file.is_container());
    file.is_some_and(|file| collected.volumes().any(|(_, volume)| is_on(file, volume)))
}

fn acquisition_of(group: &Group, captures: &Captures<'_>, collected: &Collected) -> Acquisition {
    let label = collected.evidence.get(group.root.evidence).map_or("", |e| e.label.as_str());
    let mut made = Acquisition {
        id: content_id('q', [label, group.root.prefix.as_str()]),
        evidence: label.to_owned(),
        collector: match group.kind {
            RootKind::Loose | RootKind::Tree if is_on_volume(group, collected) => "disk image",
            RootKind::Loose => "loose captures",
            RootKind::Tree => "folder",
            RootKind::Collector(layout) => layout.collector,
        }
        .to_owned(),
        collector_version: None,
        captured: captures.run(),
        captured_how: String::new(),
        privileged: Known::Unknown,
        plists_complete: completeness::of(group, collected),
    };
    if made.captured.is_some() {
        captures.how().clone_into(&mut made.captured_how);
    }
    for observation in &group.observations {
        match &observation.fact {
            Fact::Collection(CollectionClaim::Collector { name, version }) => {
                made.collector = name.to_string();
                if version.is_some() {
                    made.collector_version.clone_from(version);
                }
            }
            Fact::Collection(CollectionClaim::Privileged(known)) => made.privileged = *known,
            Fact::Listing(listing)
                if listing.tool == crate::model::observation::ListingTool::Lsof
                    && made.privileged == Known::Unknown =>
            {
                made.privileged = listing.privileged;
            }
            _ => {}
        }
    }
    made
}

fn date_group(
    group: Group,
    acquisition: usize,
    captures: &Captures<'_>,
    zone: &Zone,
    case: &mut HostCase,
) {
    let mut times: BTreeMap<SourceId, Option<DatedTime>> = BTreeMap::new();
    let mut dates: BTreeMap<SourceId, Option<DatedTime>> = BTreeMap::new();
    let mut doubts = Doubts::default();
    let mut rules: BTreeSet<Text> = BTreeSet::new();
    for observation in group.observations {
        let source = observation.place.source;
        let capture = times.entry(source).or_insert_with(|| captures.time_of(source)).clone();
        doubts.of_zone(source, &observation.when, zone);
        let mut time = match &observation.when {
            When::TimeOfDay(partial) if partial.offset.is_none() => {
                let capture = capture.as_ref();
                let placed = capture.and_then(|time| partial::of_local_day(partial, time, zone));
                if let Some((time, false)) = &placed {
                    doubts.days_untold.entry(source).or_insert_with(|| time.rule.to_string());
                }
                placed.map(|(time, _)| time)
            }
            When::TimeOfDay(partial) => {
                let date = dates.entry(source).or_insert_with(|| captures.date_of(source));
                if let Some(date) = date {
                    doubts.dated_whole.entry(source).or_insert_with(|| date.rule.to_string());
                }
                date.as_ref().and_then(|date| partial::of_day(partial, date))
            }
            _ => time_of(&observation, capture.as_ref(), zone),
        };
        doubts.of_year(source, &observation.when, capture.as_ref());
        if time.is_none() && matches!(observation.when, When::TimeOfDay(_) | When::Yearless(_)) {
            doubts.date_missing.insert(source);
        }
        if let Some(time) = &mut time {
            time.rule = shared(&mut rules, &time.rule);
        }
        let Observation { place, fact, excerpt, .. } = observation;
        case.facts.push(Dated { place, acquisition, boot: None, time, fact, excerpt });
    }
    doubts.tell(case);
}

/// What is doubtful about the times of a group's files.
#[derive(Default)]
struct Doubts {
    dated_whole: BTreeMap<SourceId, String>,
    days_untold: BTreeMap<SourceId, String>,
    years_guessed: BTreeMap<SourceId, String>,
    date_missing: BTreeSet<SourceId>,
    zone_missing: BTreeSet<SourceId>,
    folds: BTreeSet<SourceId>,
}

impl Doubts {
    /// Notes a local time of a host whose zone nothing tells, or which has two readings.
    fn of_zone(&mut self, source: SourceId, when: &When, zone: &Zone) {
        let is_local = match when {
            When::Local(lo, hi) => {
                if zone.window(*lo, *hi).is_some_and(|(_, odd)| odd) {
                    self.folds.insert(source);
                }
                true
            }
            When::TimeOfDay(partial) => partial.offset.is_none(),
            When::Yearless(_) => true,
            _ => false,
        };
        if is_local && zone.source.is_none() {
            self.zone_missing.insert(source);
        }
    }

    /// Notes a time whose year only the file's modification time tells, which every copy may set anew.
    fn of_year(&mut self, source: SourceId, when: &When, capture: Option<&DatedTime>) {
        let weak = capture.filter(|time| time.confidence == Confidence::Low);
        if let (When::Yearless(_), Some(time)) = (when, weak) {
            self.years_guessed
                .entry(source)
                .or_insert_with(|| format!("{}: {}", time.raw, time.rule));
        }
    }

    fn tell(self, case: &mut HostCase) {
        let mut say = |source, detail: String| {
            case.problems.push((source, problem(ProblemKind::AmbiguousTime, detail)));
        };
        for source in self.zone_missing {
            let detail = "its times are local and nothing tells the host's zone: UTC is assumed \
                          (--timezone sets it)";
            say(source, detail.to_owned());
        }
        for (source, rule) in self.dated_whole {
            let detail = format!(
                "its rows tell no date: the last is put on the last day before the time that dates the file ({rule}), \
                 the others by the midnights between"
            );
            say(source, detail);
        }
        for (source, rule) in self.days_untold {
            let detail = format!(
                "its rows tell a time of day that names no one day of the capture: they are dated by it ({rule})"
            );
            say(source, detail);
        }
        for (source, by) in self.years_guessed {
            let detail = format!(
                "its times tell no year: the last record is put in the last year in which it can lie by {by} \
                 (--captured-at sets it)"
            );
            say(source, detail);
        }
        for source in self.date_missing {
            let detail = "its times have no date or no year and nothing dates it: they are left out \
                 (--captured-at sets it)";
            say(source, detail.to_owned());
        }
        for source in self.folds {
            let detail =
                "a local time in it falls into a change of summer time: both readings are kept";
            say(source, detail.to_owned());
        }
    }
}

/// The one copy of a rule: hundreds of thousands of facts follow a handful.
fn shared(known: &mut BTreeSet<Text>, rule: &Text) -> Text {
    if let Some(rule) = known.get(rule) {
        return Text::clone(rule);
    }
    known.insert(Text::clone(rule));
    Text::clone(rule)
}

fn time_of(
    observation: &Observation,
    capture: Option<&DatedTime>,
    zone: &Zone,
) -> Option<DatedTime> {
    match &observation.when {
        // A time of day is dated by its caller; a half day has been chosen before.
        When::Undated | When::TimeOfDay(_) | When::TwelveHour(..) => None,
        When::Capture => capture.cloned(),
        When::BeforeCapture { lo_seconds, hi_seconds } => {
            let capture = capture?;
            let window =
                capture.window.shifted(hi_seconds.saturating_neg(), lo_seconds.saturating_neg());
            let rule = Text::from(format!("counted back from the capture; {}", capture.rule));
            Some(DatedTime { window, rule, ..capture.clone() })
        }
        When::Yearless(partial) => partial::of_year(partial, capture?, zone),
        When::Utc(_) => {
            let (window, raw) = own_time(&observation.when, zone)?;
            let rule = Text::from("as written, in UTC or with an offset");
            Some(DatedTime { window, raw, rule, confidence: Confidence::High })
        }
        When::Local(..) => {
            let (window, raw) = own_time(&observation.when, zone)?;
            let (rule, confidence) = match &zone.source {
                Some(source) => {
                    (format!("local time in {} ({source})", zone.name), Confidence::High)
                }
                None => ("local time, taken as UTC".to_owned(), Confidence::Low),
            };
            Some(DatedTime { window, raw, rule: Text::from(rule), confidence })
        }
    }
}

/// Fills in the times of acquisitions from their captures, and orders acquisitions by time.
fn finish_acquisitions(case: &mut HostCase) {
    for (index, made) in case.acquisitions.iter_mut().enumerate() {
        if made.captured.is_some() {
            continue;
        }
        let captures = case.facts.iter().filter(|fact| fact.acquisition == index).filter(|fact| {
            matches!(fact.fact, Fact::Listing(_) | Fact::Process(_) | Fact::JobState(_))
        });
        let times: Vec<&DatedTime> = captures.filter_map(|fact| fact.time.as_ref()).collect();
        made.captured = times.iter().map(|time| time.window).reduce(Window::hull);
        if let Some(time) = times.first() {
            made.captured_how = time.rule.to_string();
        }
    }
    let key = |made: &Acquisition| {
        let from = made.captured.map(|window| window.lo);
        (from.is_none(), from, made.id.clone())
    };
    let mut order: Vec<usize> = (0..case.acquisitions.len()).collect();
    order.sort_by_key(|index| case.acquisitions.get(*index).map(key));
    let mut new_place = vec![0; order.len()];
    for (place, old) in order.iter().enumerate() {
        if let Some(slot) = new_place.get_mut(*old) {
            *slot = place;
        }
    }
    let old = std::mem::take(&mut case.acquisitions);
    case.acquisitions = order.iter().filter_map(|index| old.get(*index).cloned()).collect();
    for fact in &mut case.facts {
        fact.acquisition = new_place.get(fact.acquisition).copied().unwrap_or(0);
    }
    name_acquisitions(case);
}

/// Names acquisitions after their host, their collector and when they began: neither the name of a
/// folder nor a further file in it changes that. Where that is not enough, the folder decides.
fn name_acquisitions(case: &mut HostCase) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for made in &mut case.acquisitions {
        let Some(captured) = made.captured else { continue };
        let parts = [case.host.name.as_str(), &made.collector, &stamp(captured.lo)];
        let id = content_id('q', parts);
        if taken.insert(id.clone()) {
            made.id = id;
        }
    }
}

/// A file in words, for details.
pub(super) fn labelled(source: SourceId, collected: &Collected) -> String {
    let row = collected.sources.get(source.0 as usize);
    let label = row.and_then(|row| collected.evidence.get(row.evidence));
    let (label, path) = (label.map_or("", |one| &one.label), row.map_or("", |row| &row.path));
    format!("{label}!/{path}")
}

/// A window in words, for details.
pub fn in_words(window: Window) -> String {
    if window.lo == window.hi {
        stamp(window.lo)
    } else {
        format!("{} to {}", stamp(window.lo), stamp(window.hi))
    }
}
