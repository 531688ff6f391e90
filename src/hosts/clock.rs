//! Times as the evidence spells them → UTC windows, by the host's own zone (time.md 7.1, 7.2).

use crate::evidence::Modified;
use crate::model::Timestamp;
use crate::model::interval::{Window, add_seconds};
use crate::model::observation::Started;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Nanoseconds of the last microsecond of a second.
const LAST_MICROSECOND: i32 = 999_999_000;

/// A host's zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// The rules.
    pub rules: TimeZone,
    /// IANA name or a fixed offset such as `-03:00`; `UTC` where nothing tells it.
    pub name: String,
    /// Where that was read; `None` where nothing tells it and UTC is assumed.
    pub source: Option<String>,
}

impl Zone {
    /// UTC, because nothing tells the zone.
    pub fn assumed() -> Self {
        Self { rules: TimeZone::UTC, name: "UTC".to_owned(), source: None }
    }

    /// An IANA zone of the bundled database.
    pub fn named(name: &str, source: impl Into<String>) -> Option<Self> {
        let rules = TimeZone::get(name).ok()?;
        Some(Self { rules, name: name.to_owned(), source: Some(source.into()) })
    }

    /// A fixed offset.
    pub fn fixed(seconds: i32, source: impl Into<String>) -> Option<Self> {
        let offset = Offset::from_seconds(seconds).ok()?;
        let source = Some(source.into());
        Some(Self { rules: TimeZone::fixed(offset), name: offset_name(seconds), source })
    }

    /// The offset in force at an instant, in seconds.
    pub fn offset_at(&self, time: Timestamp) -> i32 {
        self.rules.to_offset(time).seconds()
    }

    /// The UTC window of a local time; a fold widens it to both readings. The flag says whether the
    /// local time was ambiguous (fold) or does not exist (gap, shifted forward).
    pub fn window(&self, lo: DateTime, hi: DateTime) -> Option<(Window, bool)> {
        let (first, odd_first) = self.readings(lo)?;
        let (last, odd_last) = if hi == lo { (first, false) } else { self.readings(hi)? };
        Some((first.hull(last), odd_first || odd_last))
    }

    /// The UTC window of a modification time: a zip keeps the host's local one.
    pub fn written(&self, modified: Modified) -> Option<Window> {
        match modified {
            Modified::Disk(time) | Modified::Utc(time) | Modified::Volume(time) => {
                Some(Window::at(time))
            }
            Modified::Local(local) => self.window(local, local).map(|found| found.0),
        }
    }

    fn readings(&self, local: DateTime) -> Option<(Window, bool)> {
        let ambiguous = self.rules.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                Some((Window::at(offset.to_timestamp(local).ok()?), false))
            }
            AmbiguousOffset::Gap { before, .. } => {
                Some((Window::at(before.to_timestamp(local).ok()?), true))
            }
            AmbiguousOffset::Fold { before, after } => {
                let one = before.to_timestamp(local).ok()?;
                Some((Window::new(one, after.to_timestamp(local).ok()?), true))
            }
        }
    }

    fn local(&self, time: Timestamp) -> DateTime {
        self.rules.to_datetime(time)
    }
}

/// `-03:00` for -10800.
pub fn offset_name(seconds: i32) -> String {
    let (sign, total) =
        if seconds < 0 { ('-', seconds.unsigned_abs()) } else { ('+', seconds.unsigned_abs()) };
    format!("{sign}{:02}:{:02}", total / 3600, total % 3600 / 60)
}

/// When a process started, from `ps` and the time of its capture (formats.md 2.5).
pub fn started(claim: Started, capture: Window, zone: &Zone) -> Option<Window> {
    match claim {
        // etime is cut to whole seconds, and the capture itself has a width.
        Started::Elapsed(seconds) => {
            let back = seconds.checked_neg()?;
            Some(capture.shifted(back.saturating_sub(1), back.saturating_add(1)))
        }
        Started::Local(time) => {
            let window = zone.window(time, time)?.0;
            Some(window.shifted(0, 1))
        }
        Started::Within(window) => Some(window),
        Started::Date(date) => {
            zone.window(date.at(0, 0, 0, 0), date.at(23, 59, 59, 999_999_999)).map(|found| found.0)
        }
        Started::Clock { hour, minute } => bucket(capture, zone, 3, |day| {
            let from =
                DateTime::new(day.year(), day.month(), day.day(), hour, minute, 0, 0).ok()?;
            Some((from, from.checked_add(jiff::SignedDuration::new(59, LAST_MICROSECOND)).ok()?))
        }),
        Started::Weekday { weekday, hour } => bucket(capture, zone, 16, |day| {
            let from = on_weekday(day, weekday)?.at(hour, 0, 0, 0);
            Some((from, from.checked_add(jiff::SignedDuration::new(3599, LAST_MICROSECOND)).ok()?))
        }),
    }
}

fn on_weekday(day: Date, weekday: Weekday) -> Option<Date> {
    (day.weekday() == weekday).then_some(day)
}

/// The last stretch before the capture that `at` gives for one of the `days` before it. Where the
/// capture may have been taken before that stretch began, the one before it is possible too.
fn bucket(
    capture: Window,
    zone: &Zone,
    days: i64,
    at: impl Fn(Date) -> Option<(DateTime, DateTime)>,
) -> Option<Window> {
    let last = zone.local(capture.hi).date();
    let mut before = (0..days).filter_map(|back| {
        let day = last.checked_sub(jiff::ToSpan::days(back)).ok()?;
        let (from, to) = at(day)?;
        let window = zone.window(from, to)?.0;
        (window.lo <= capture.hi)
            .then(|| Window::new(window.lo, window.hi.min(add_seconds(capture.hi, 1))))
    });
    let latest = before.next()?;
    if latest.lo <= capture.lo {
        return Some(latest);
    }
    Some(before.next().map_or(latest, |earlier| latest.hull(earlier)))
}

/// A time in a file name: `20260415T090000-0300_netstat.txt`, `ps-2026-04-15_09.07.00Z.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedTime {
    /// As written.
    pub local: DateTime,
    /// Seconds east of UTC, if written.
    pub offset: Option<i32>,
}

/// The first time in a file's name (formats.md 3.11).
pub fn time_in_name(name: &str) -> Option<NamedTime> {
    let bytes = name.as_bytes();
    (0..bytes.len()).find_map(|at| {
        let before = at.checked_sub(1).and_then(|index| bytes.get(index));
        if before.is_some_and(u8::is_ascii_digit) {
            return None;
        }
        read_time(bytes.get(at..)?)
    })
}

fn read_time(text: &[u8]) -> Option<NamedTime> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    skip(&mut rest, b"-_.");
    let month = digits(&mut rest, 2)?;
    skip(&mut rest, b"-_.");
    let day = digits(&mut rest, 2)?;
    skip(&mut rest, b"T_- ");
    let hour = digits(&mut rest, 2)?;
    skip(&mut rest, b":_.-");
    let minute = digits(&mut rest, 2)?;
    skip(&mut rest, b":_.-");
    let second = digits(&mut rest, 2)?;
    if rest.first().is_some_and(u8::is_ascii_digit) || !(1990..2200).contains(&year) {
        return None;
    }
    let small = |value: i32| i8::try_from(value).ok();
    let local = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    Some(NamedTime { local, offset: offset(rest) })
}

/// `Z`, `-0300`, `+02:00` behind a time. A bare `-` may only separate words.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, mut rest) = match text.split_first()? {
        (b'Z', rest) if !rest.first().is_some_and(u8::is_ascii_alphabetic) => return Some(0),
        (b'-', rest) => (-1, rest),
        (b'+', rest) => (1, rest),
        _ => return None,
    };
    let hours = digits(&mut rest, 2)?;
    skip(&mut rest, b":");
    let minutes = digits(&mut rest, 2)?;
    if hours > 14 || minutes > 59 || rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((hours * 3600 + minutes * 60) * sign)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i32> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    std::str::from_utf8(head)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()
}

fn skip(rest: &mut &[u8], one_of: &[u8]) {
    if let Some((first, tail)) = rest.split_first()
        && one_of.contains(first)
    {
        *rest = tail;
    }
}
