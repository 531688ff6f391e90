//! Times without a date or without a year → UTC, by a time that the file is known to be older than.

use super::DatedTime;
use super::clock::Zone;
use crate::model::Text;
use crate::model::interval::{Window, add_micros, add_seconds};
use crate::model::observation::{TimeOfDay, Yearless};
use crate::model::service::Confidence;
use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Seconds by which a log may be newer than the time it is dated by: clocks of two machines.
const SLACK: i64 = 60;

/// Days that a capture can touch, so that a time of day in it may name one.
const CAPTURE_DAYS: i64 = 3;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Years in which a weekday is sought: a date falls on each day of the week within eleven.
const YEARS: i16 = 12;

/// The last day on which the file's last record can have been written, and the record's own day from it.
pub(super) fn of_day(partial: &TimeOfDay, reference: &DatedTime) -> Option<DatedTime> {
    let offset = Offset::from_seconds(partial.offset?).ok()?;
    let until = offset.to_datetime(add_seconds(reference.window.hi, SLACK));
    let today = until.date();
    let last = if partial.last <= until.time() { today } else { today.yesterday().ok()? };
    let day = last.checked_sub(Span::new().try_days(partial.days_back).ok()?).ok()?;
    let local = DateTime::from_parts(day, partial.time);
    let window = Window::at(offset.to_timestamp(local).ok()?);
    let raw = Text::from(format!("{}{}", partial.time, offset));
    let rule =
        format!("time of day with an offset; the date by {}: {}", reference.raw, reference.rule);
    Some(DatedTime { window, raw, rule: Text::from(rule), confidence: reference.confidence })
}

/// The day of the capture on which the file's last record can have been written, and the record's own from it;
/// the flag says whether there is one. Where there is none, or several, the record lies as long before the
/// capture as it stands before the last one.
pub(super) fn of_local_day(
    partial: &TimeOfDay,
    capture: &DatedTime,
    zone: &Zone,
) -> Option<(DatedTime, bool)> {
    let around = capture.window.shifted(-SLACK, SLACK);
    let first = zone.rules.to_datetime(around.lo).date();
    let day_of = |later: i64| first.checked_add(Span::new().try_days(later).ok()?).ok();
    let written = |day: Date| {
        let local = DateTime::from_parts(day, partial.last);
        zone.window(local, local).filter(|(window, _)| window.meets(around))
    };
    let mut days = (0..CAPTURE_DAYS).filter_map(day_of).filter(|day| written(*day).is_some());
    let raw = Text::from(partial.time.to_string());
    if let (Some(last), None) = (days.next(), days.next()) {
        let day = last.checked_sub(Span::new().try_days(partial.days_back).ok()?).ok()?;
        let local = DateTime::from_parts(day, partial.time);
        let (window, _) = zone.window(local, local)?;
        let zone = match &zone.source {
            Some(source) => format!("time of day in {} ({source})", zone.name),
            None => "time of day, taken as UTC".to_owned(),
        };
        let rule = format!("{zone}; the day by {}: {}", capture.raw, capture.rule);
        let confidence = capture.confidence;
        return Some((DatedTime { window, raw, rule: Text::from(rule), confidence }, true));
    }
    let within = i64::try_from(partial.last.duration_since(partial.time).as_micros()).ok()?;
    let back = i64::from(partial.days_back).checked_mul(DAY_MICROS)?.checked_add(within)?.max(0);
    let earlier = |time| add_micros(time, back.saturating_neg());
    let window = Window::new(earlier(capture.window.lo), earlier(capture.window.hi));
    let rule = format!("{}; its time of day names no one day of that", capture.rule);
    Some((DatedTime { window, raw, rule: Text::from(rule), ..capture.clone() }, false))
}

/// The last year in which the file's last record can have been written, and the record's own from it.
pub(super) fn of_year(partial: &Yearless, reference: &DatedTime, zone: &Zone) -> Option<DatedTime> {
    let until = zone.rules.to_datetime(add_seconds(reference.window.hi, SLACK));
    let possible = |year: &i16| {
        in_year(partial.last, *year).is_some_and(|last| {
            let day = partial.last_weekday.is_none_or(|day| last.weekday() == day);
            day && last <= until
        })
    };
    let year = (0..YEARS).map(|back| until.year().saturating_sub(back)).find(possible)?;
    let year = year.checked_sub(i16::try_from(partial.years_back).ok()?)?;
    let (at, late) = (in_year(partial.at, year)?, in_year(partial.until, year)?);
    // Later than the collection: its year cannot be told.
    if at > until {
        return None;
    }
    let (window, _) = zone.window(at, late)?;
    let by_weekday = if partial.last_weekday.is_some() { " and its weekday" } else { "" };
    let zone = match &zone.source {
        Some(source) => format!("local time in {} ({source})", zone.name),
        None => "local time, taken as UTC".to_owned(),
    };
    let rule = format!("{zone}; the year by {}{by_weekday}: {}", reference.raw, reference.rule);
    let raw = Text::from(partial.at.strftime("%b %e %H:%M:%S").to_string());
    let confidence = reference.confidence.min(Confidence::Medium);
    Some(DatedTime { window, raw, rule: Text::from(rule), confidence })
}

fn in_year(time: DateTime, year: i16) -> Option<DateTime> {
    let date = Date::new(year, time.month(), time.day()).ok()?;
    Some(DateTime::from_parts(date, time.time()))
}
