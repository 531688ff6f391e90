//! Start times as ps prints them → [`Started`].
//!
//! `STARTED` (print.c of Apple's ps): younger than a day `%l:%M%p` or `%k:%M`, than a week `%a%I%p` or
//! `%a%H`, else `%e%b%y`; `lstart` is `%c` of the locale; `etime` is `[[dd-]hh:]mm:ss`.

use crate::model::observation::Started;
use jiff::civil::{Date, DateTime, Time, Weekday};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `[[dd-]hh:]mm:ss`, or seconds alone (`etimes`).
pub(super) fn elapsed(text: &str) -> Option<Started> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (number(days)?, clock),
        None => (0, text),
    };
    let parts = clock.split(':').map(number).collect::<Option<Vec<i64>>>()?;
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        [minutes, seconds] if days == 0 => (0, *minutes, *seconds),
        [seconds] if days == 0 => return Some(Started::Elapsed(*seconds)),
        _ => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    minutes.checked_mul(60)?.checked_add(seconds).map(Started::Elapsed)
}

/// `9:30AM`, `21:30`, `Mon10AM`, `Mon21`, `1Nov26`.
pub(super) fn bucket(text: &str) -> Option<Started> {
    if let Some((hour, minute)) = text.split_once(':') {
        let (minute, half) = minute.split_at_checked(2)?;
        let hour = hour_of(hour, half)?;
        let minute = i8::try_from(number(minute)?).ok().filter(|minute| *minute < 60)?;
        return Some(Started::Clock { hour, minute });
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        let (day, hour) = text.split_at_checked(3)?;
        let weekday = weekday(day)?;
        let end = hour.find(|c: char| !c.is_ascii_digit()).unwrap_or(hour.len());
        let (hour, half) = hour.split_at_checked(end)?;
        return Some(Started::Weekday { weekday, hour: hour_of(hour, half)? });
    }
    let (day, rest) = text.split_at_checked(digits)?;
    let (month, year) = rest.split_at_checked(3)?;
    if year.len() != 2 {
        return None;
    }
    // %y: 69 to 99 are of the last century (strptime(3)).
    let year = number(year)?;
    let year = if year < 69 { year.checked_add(2000)? } else { year.checked_add(1900)? };
    date(year, month, day).map(Started::Date)
}

/// An hour with `AM`, `PM` or neither.
fn hour_of(hour: &str, half: &str) -> Option<i8> {
    let hour = i8::try_from(number(hour)?).ok()?;
    match half {
        "" => (hour < 24).then_some(hour),
        _ if !(1..=12).contains(&hour) => None,
        "AM" | "am" => Some(hour.checked_rem(12)?),
        "PM" | "pm" => hour.checked_rem(12)?.checked_add(12),
        _ => None,
    }
}

/// How many of the words are a date of `lstart` in any language: a clock, then a year, somewhere
/// within the first six.
pub(super) fn long_words<'a>(words: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut clock = false;
    for (at, word) in words.take(6).enumerate() {
        if clock && word.len() == 4 && number(word).is_some() {
            return at.checked_add(1);
        }
        clock |= clock_of(word).is_some();
    }
    None
}

/// `Tue Nov 24 02:36:12 2026`, `Tue 24 Nov 02:36:12 2026`.
pub(super) fn long(text: &str) -> Option<Started> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [day, one, two, clock, year] = words.as_slice() else { return None };
    weekday(day)?;
    let (month, day) = if month_of(one).is_some() { (one, two) } else { (two, one) };
    let date = date(number(year)?, month, day)?;
    Some(Started::Local(DateTime::from_parts(date, clock_of(clock)?)))
}

fn clock_of(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| i8::try_from(number(part)?).ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() { None } else { Time::new(hour, minute, second.min(59), 0).ok() }
}

fn date(year: i64, month: &str, day: &str) -> Option<Date> {
    let day = i8::try_from(number(day)?).ok()?;
    Date::new(i16::try_from(year).ok()?, month_of(month)?, day).ok()
}

fn month_of(text: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|month| text.eq_ignore_ascii_case(month))?;
    i8::try_from(at).ok()?.checked_add(1)
}

fn weekday(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, day)| *day)
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
