//! A capture that tells no time itself → when it was taken (formats.md 3.12, time.md 7.1).

use super::clock::{Zone, time_in_name};
use super::grouping::Group;
use super::half_day::Reading;
use super::layouts::is_sysdiagnose;
use super::roots::RootKind;
use super::{DatedTime, Options};
use crate::artifacts::collector::automactc::name::RunFile;
use crate::artifacts::reading::percent_decoded;
use crate::evidence::Modified;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, When};
use crate::model::provenance::SourceId;
use crate::model::service::Confidence;
use crate::model::{Text, Timestamp, stamp};
use crate::pipeline::{Collected, Source};
use std::collections::BTreeMap;

/// Seconds by which a command may have begun before its output was last written.
const WRITING: i64 = 60;

/// Seconds that a collection named after its start may take.
const COLLECTING: i64 = 3600;

/// How a collection is dated whose start is all that is told.
const START_AND_HOUR: &str = "the start of the collection, and the hour after";

/// Seconds that a sysdiagnose may take (time.md 7.1).
const SYSDIAGNOSING: i64 = 600;

/// Seconds around `date` output within which the captures beside it are taken to lie.
const BESIDE_DATE: i64 = 15 * 60;

/// What a group tells about the times of its captures.
pub struct Captures<'a> {
    collected: &'a Collected,
    /// Whether its folder is named after a time that is falsely said to be UTC.
    is_named_falsely: bool,
    zone: &'a Zone,
    options: &'a Options,
    commands: BTreeMap<String, DatedTime>,
    run: Option<DatedTime>,
    /// Whether only starts of the run are told, and nothing of how long it took.
    only_starts: bool,
    clocks: BTreeMap<String, DatedTime>,
}

impl<'a> Captures<'a> {
    /// Reads the collector's log and the `date` outputs of a group.
    pub fn of(
        group: &Group,
        collected: &'a Collected,
        zone: &'a Zone,
        options: &'a Options,
    ) -> Self {
        let mut captures = Self {
            collected,
            is_named_falsely: match group.kind {
                RootKind::Collector(layout) => layout.false_utc,
                RootKind::Tree | RootKind::Loose => false,
            },
            zone,
            options,
            commands: BTreeMap::new(),
            run: None,
            only_starts: true,
            clocks: BTreeMap::new(),
        };
        for observation in &group.observations {
            let Some((window, raw)) = own_time(&observation.when, zone) else { continue };
            let raw = observation.excerpt.as_deref().map_or(raw, Text::from);
            match &observation.fact {
                Fact::Command(command) => captures.add_command(command, window, raw),
                Fact::Collection(CollectionClaim::Started) => {
                    captures.only_starts &= window.lo == window.hi;
                    captures.widen_run(window, raw);
                }
                Fact::Collection(CollectionClaim::Ended) => {
                    captures.only_starts = false;
                    captures.widen_run(window, raw);
                }
                Fact::Clock => {
                    let folder = folder_of(captures.source(observation.place.source));
                    let rule = "the date output beside it, 15 minutes either way";
                    let window = window.shifted(-BESIDE_DATE, BESIDE_DATE);
                    let time = dated(window, raw, rule, Confidence::Medium);
                    captures.clocks.entry(folder).or_insert(time);
                }
                _ => {}
            }
        }
        if let Some(run) = captures.run.as_mut().filter(|_| captures.only_starts) {
            run.window = run.window.shifted(0, COLLECTING);
            run.rule = Text::from(START_AND_HOUR);
        }
        captures
    }

    /// The same, with what is known of how the collector's log was read.
    pub(super) fn told_by(mut self, readings: &BTreeMap<SourceId, Reading>, group: &Group) -> Self {
        let reading = group.sources.iter().find_map(|source| readings.get(source));
        if let Some(Reading { how, confidence }) = reading {
            for time in self.commands.values_mut().chain(&mut self.run) {
                time.rule = Text::from(format!("{}; {how}", time.rule));
                time.confidence = *confidence;
            }
        }
        self
    }

    fn source(&self, id: SourceId) -> Option<&'a Source> {
        self.collected.sources.get(id.0 as usize)
    }

    fn add_command(&mut self, command: &str, window: Window, raw: Text) {
        let rule = "the collector's log: while this command ran";
        let fresh = dated(window, raw, rule, Confidence::High);
        self.commands
            .entry(plain(command))
            .and_modify(|known| known.window = known.window.hull(window))
            .or_insert(fresh);
    }

    fn widen_run(&mut self, window: Window, raw: Text) {
        if let Some(run) = &mut self.run {
            run.window = run.window.hull(window);
        } else {
            let rule = "the collector's log: from its first to its last line";
            self.run = Some(dated(window, raw, rule, Confidence::Medium));
        }
        // An end that is not told, but allowed for.
        if let Some(run) = self.run.as_mut().filter(|_| window.lo < window.hi) {
            run.rule =
                Text::from("the start of the collection, and the ten minutes that it may take");
        }
    }

    /// The whole run of the collector, if its log tells.
    pub fn run(&self) -> Option<Window> {
        self.run.as_ref().map(|run| run.window)
    }

    /// What tells when that was.
    pub(super) fn how(&self) -> &'static str {
        if self.only_starts { START_AND_HOUR } else { "the collector's log" }
    }

    /// When the capture in this source was taken; `None` if nothing tells.
    pub fn time_of(&self, id: SourceId) -> Option<DatedTime> {
        let source = self.source(id)?;
        self.by_command(source)
            .or_else(|| self.by_own_name(source))
            .or_else(|| self.run.clone())
            .or_else(|| self.by_container(source))
            .or_else(|| self.clocks.get(&folder_of(Some(source))).cloned())
            .or_else(|| self.by_examiner())
            .or_else(|| self.by_modification(source))
    }

    /// The last time at which the file was captured or written.
    pub(super) fn last_of(&self, id: SourceId) -> Option<Timestamp> {
        let written = self.source(id).and_then(|source| self.by_modification(source));
        [self.time_of(id), written].into_iter().flatten().map(|time| time.window.hi).max()
    }

    /// What dates a file that tells only times of day. When it was last written is not it: copies are
    /// pasted into files at any time.
    pub fn date_of(&self, id: SourceId) -> Option<DatedTime> {
        let source = self.source(id)?;
        self.by_own_name(source)
            .or_else(|| self.by_container(source))
            .or_else(|| self.clocks.get(&folder_of(Some(source))).cloned())
            .or_else(|| self.run.clone())
            .or_else(|| self.by_examiner())
    }

    fn by_command(&self, source: &Source) -> Option<DatedTime> {
        let name = base_name(&source.path);
        if let Some(file) = RunFile::of(name) {
            return self.commands.get(&plain(file.module)).cloned();
        }
        let stem = name.strip_suffix(".txt").unwrap_or(name);
        let run = self.commands.get(&plain(stem));
        run.or_else(|| self.by_artifact(&source.path)).cloned()
    }

    /// Velociraptor keeps what it collected as `results/ARTIFACT.json` or `results/ARTIFACT/SOURCE.json`.
    fn by_artifact(&self, path: &str) -> Option<&DatedTime> {
        let at = path
            .rfind("results/")
            .filter(|at| *at == 0 || path.get(..*at).is_some_and(|p| p.ends_with('/')))?;
        let inside = percent_decoded(path.get(at.saturating_add("results/".len())..)?);
        let inside = inside.trim_start_matches('/');
        let whole = [".json", ".csv"].iter().find_map(|end| inside.strip_suffix(end))?;
        let artifact = whole.split('/').next().unwrap_or_default();
        self.commands.get(&plain(whole)).or_else(|| self.commands.get(&plain(artifact)))
    }

    fn by_own_name(&self, source: &Source) -> Option<DatedTime> {
        let name = base_name(&source.path);
        if RunFile::of(name).is_none() {
            return self.named(name, "the time in its name", 0);
        }
        // The name tells when the run began; only its log tells when it ended.
        let rule = "the time in its name, at which the run began, and the hour after";
        self.run.clone().or_else(|| self.named(name, rule, COLLECTING))
    }

    /// The nearest folder or archive around it that is named after a time. A collection begins then.
    fn by_container(&self, source: &Source) -> Option<DatedTime> {
        if self.is_named_falsely {
            return None;
        }
        let parts = source.path.rsplit('/').skip(1);
        let evidence = self.collected.evidence.get(source.evidence).map(|e| e.label.as_str());
        parts.chain(evidence).find_map(|part| {
            let (seconds, after) = if is_sysdiagnose(part) {
                (SYSDIAGNOSING, "and the ten minutes after")
            } else {
                (COLLECTING, "and the hour after")
            };
            let rule = format!("the time in the name of its folder or archive, {after}");
            self.named(part, &rule, seconds)
        })
    }

    fn named(&self, part: &str, rule: &str, seconds: i64) -> Option<DatedTime> {
        let named = time_in_name(part)?;
        let zone = named.offset.map(|seconds| Zone::fixed(seconds, "name"));
        let zone = zone.unwrap_or_else(|| Some(self.zone.clone()))?;
        let window = zone.window(named.local, named.local)?.0.shifted(0, seconds);
        let (suffix, confidence) = match named.offset {
            Some(_) => ("with an offset", Confidence::High),
            None => ("in the host's zone", Confidence::Medium),
        };
        let rule = format!("{rule}, {suffix}");
        Some(dated(window, Text::from(part), &rule, confidence))
    }

    fn by_examiner(&self) -> Option<DatedTime> {
        let time = self.options.captured_at?;
        let raw = Text::from(stamp(time));
        Some(dated(Window::at(time), raw, "--captured-at", Confidence::Medium))
    }

    fn by_modification(&self, source: &Source) -> Option<DatedTime> {
        let modified = source.modified?;
        let (raw, step, rule) = match modified {
            Modified::Disk(time) => {
                (stamp(time), 0, "its modification time on this disk, and the minute before")
            }
            Modified::Utc(time) => {
                (stamp(time), 0, "its modification time in the archive, and the minute before")
            }
            Modified::Volume(time) => {
                (stamp(time), 0, "its modification time on its volume, and the minute before")
            }
            Modified::Local(local) => (
                local.to_string(),
                2,
                "its modification time in the zip, taken as the host's local time",
            ),
        };
        let window = self.zone.written(modified)?.shifted(-WRITING, step);
        Some(dated(window, Text::from(raw), rule, Confidence::Low))
    }
}

/// The window and the text of a time that a file tells by itself.
pub fn own_time(when: &When, zone: &Zone) -> Option<(Window, Text)> {
    match when {
        When::Utc(window) => Some((*window, Text::from(stamp(window.hi)))),
        When::Local(lo, hi) => {
            let (window, _) = zone.window(*lo, *hi)?;
            Some((window, Text::from(lo.to_string())))
        }
        When::Undated
        | When::Capture
        | When::BeforeCapture { .. }
        | When::TwelveHour(..)
        | When::TimeOfDay(_)
        | When::Yearless(_) => None,
    }
}

fn dated(window: Window, raw: Text, rule: &str, confidence: Confidence) -> DatedTime {
    DatedTime { window, raw, rule: Text::from(rule), confidence }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn folder_of(source: Option<&Source>) -> String {
    let path = source.map_or("", |source| source.path.as_str());
    path.rfind('/').and_then(|at| path.get(..at)).unwrap_or_default().to_owned()
}

/// Letters and digits only: UAC turns blanks and special characters of a command into `_`.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
