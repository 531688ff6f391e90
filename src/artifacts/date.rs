//! `date` output → the moment at which the files beside it were captured.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;

catalog::entry! {
    /// `date` output → the moment at which the files beside it were captured.
    ///
    /// ## What it proves
    /// What the host's clock showed, to the second, when the collector ran `date`; with a numeric zone
    /// (`-03`) or `UTC` also the instant in UTC, and the host's offset from UTC at that moment.
    ///
    /// ## What it does not
    /// That the clock was right. An abbreviation such as `EST` or `CST` names several zones: the time
    /// then stays local until another source tells the host's zone. Files captured much later than the
    /// `date` beside them are not dated by it.
    ///
    /// ## Format source
    /// `date(1)`: `Wed Apr 15 09:13:22 -03 2026` in the C locale, `Wed 15 Apr 2026 09:13:22 BST` in
    /// day-first English ones. UAC saves `date.txt` and `date_before_ps_….txt`. formats.md 3.1, 3.11.
    pub DateOutput
}

impl Artifact for DateOutput {
    fn id(&self) -> &'static str {
        "date"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let mut lines = candidate.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let looks = first.len() <= 80 && lines.next().is_none() && read_stamp(first).is_ok();
        let named = ["date.txt", "date_-u.txt"].contains(&candidate.name)
            || candidate.name.starts_with("date_before_ps");
        match (named, looks) {
            (true, true) => Claim::Sure,
            (true, false) if !candidate.text.trim().is_empty() => Claim::ByName,
            (false, true) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        for_each_line(input, out, |number, line, out| {
            if !line.trim().is_empty() {
                read_clock(line.trim(), Locator::Line(number), out);
            }
        })
    }
}

fn read_clock(line: &str, locator: Locator, out: &mut Emitter) {
    let stamp = match read_stamp(line) {
        Ok(stamp) => stamp,
        Err(why) => return out.problem(locator, ProblemKind::MalformedRecord, why),
    };
    let when = match (stamp.utc(), stamp.zone) {
        (Some(time), zone) => {
            let when = When::Utc(Window::at(time));
            if let Zone::Offset(seconds) = zone {
                let claim = HostClaim::Offset { rank: 1, seconds };
                out.cite(locator, when.clone(), line, Fact::Host(claim));
            }
            when
        }
        (None, _) => When::Local(stamp.civil, stamp.civil),
    };
    out.cite(locator, when, line, Fact::Clock);
}

/// The zone of a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// A numeric offset, in seconds east of UTC.
    Offset(i32),
    /// `UTC`, `GMT`, `Z`.
    Utc,
    /// An abbreviation, or nothing: not known.
    Unknown,
}

/// A calendar time with what follows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// As printed.
    pub(crate) civil: DateTime,
    /// Its zone.
    pub(crate) zone: Zone,
}

impl Stamp {
    /// The instant, if the zone is known.
    pub(crate) fn utc(&self) -> Option<Timestamp> {
        let seconds = match self.zone {
            Zone::Offset(seconds) => seconds,
            Zone::Utc => 0,
            Zone::Unknown => return None,
        };
        Offset::from_seconds(seconds).ok()?.to_timestamp(self.civil).ok()
    }
}

/// Reads `Wed Apr 15 09:13:22 -03 2026`, or the same words in another order; the error is a sentence
/// fragment.
pub(crate) fn read_stamp(line: &str) -> Result<Stamp, String> {
    let mut parts = Parts::default();
    for word in line.split_whitespace() {
        let word = word.trim_end_matches(',');
        if parts.take(word).is_none() {
            return Err(format!("a line that is no date at {word:?}"));
        }
    }
    parts.stamp().ok_or_else(|| "a line that is no date of the calendar".to_owned()).and_then(
        |(stamp, weekday)| match weekday {
            Some(weekday) if weekday != stamp.civil.weekday() => Err(format!(
                "a date whose weekday is wrong: {} is not a {weekday:?}",
                stamp.civil.date()
            )),
            _ => Ok(stamp),
        },
    )
}

/// Seconds east of UTC of `-0300`, `-03`, `+05:30`.
pub(crate) fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|char| *char != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits.get(..2)?.parse::<i32>().ok()?, digits.get(2..)?.parse::<i32>().ok()?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[derive(Default)]
struct Parts {
    weekday: Option<Weekday>,
    month: Option<i8>,
    day: Option<i8>,
    year: Option<i16>,
    time: Option<Time>,
    afternoon: Option<bool>,
    zone: Option<Zone>,
}

impl Parts {
    /// Takes a word into its place; `None` if it has none, or the place is taken.
    fn take(&mut self, word: &str) -> Option<()> {
        if let Some(weekday) = place(word, WEEKDAYS) {
            put(&mut self.weekday, Weekday::from_monday_zero_offset(weekday).ok()?)
        } else if let Some(month) = place(word, MONTHS) {
            put(&mut self.month, month.checked_add(1)?)
        } else if let Some(seconds) = offset_seconds(word) {
            put(&mut self.zone, Zone::Offset(seconds))
        } else if word.contains(':') {
            put(&mut self.time, clock(word)?)
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            match word.len() {
                1 | 2 => put(&mut self.day, word.parse().ok()?),
                4 => put(&mut self.year, word.parse().ok()?),
                _ => None,
            }
        } else {
            match word.to_ascii_uppercase().as_str() {
                "AM" => put(&mut self.afternoon, false),
                "PM" => put(&mut self.afternoon, true),
                "UTC" | "GMT" | "Z" => put(&mut self.zone, Zone::Utc),
                name if (2..=5).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_uppercase()) =>
                {
                    put(&mut self.zone, Zone::Unknown)
                }
                _ => None,
            }
        }
    }

    fn stamp(&self) -> Option<(Stamp, Option<Weekday>)> {
        let time = self.time?;
        let hour = match (self.afternoon, time.hour()) {
            (None, hour) | (Some(false), hour @ 1..12) => hour,
            (Some(false), 12) => 0,
            (Some(true), 12) => 12,
            (Some(true), hour @ 1..12) => hour.checked_add(12)?,
            _ => return None,
        };
        let date = Date::new(self.year?, self.month?, self.day?).ok()?;
        let civil = date.at(hour, time.minute(), time.second(), 0);
        Some((Stamp { civil, zone: self.zone.unwrap_or(Zone::Unknown) }, self.weekday))
    }
}

fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

const WEEKDAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The position of an English name, in full or its first three letters.
fn place(word: &str, names: &[&str]) -> Option<i8> {
    let word = word.to_ascii_lowercase();
    let at = names.iter().position(|name| *name == word || name.get(..3) == Some(&word))?;
    i8::try_from(at).ok()
}

/// `09:13:22` or `9:13`.
fn clock(word: &str) -> Option<Time> {
    let mut numbers = word.split(':').map(str::parse::<i8>);
    let hour = numbers.next()?.ok()?;
    let minute = numbers.next()?.ok()?;
    let second = numbers.next().unwrap_or(Ok(0)).ok()?;
    if numbers.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}
