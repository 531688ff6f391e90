//! `2026-04-15 12:13:09.123456-0300`, `2026-04-15T15:13:09.123456789Z` → civil time, offset, and what follows.

use crate::model::interval::Window;
use crate::model::observation::When;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// A time at the head of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// As printed.
    pub(super) civil: DateTime,
    /// Seconds east of UTC, if printed.
    pub(super) offset: Option<i32>,
    /// Digits of the fraction: 3, 6 or 9.
    digits: usize,
}

impl Stamp {
    /// What two stamps of one file are compared by: UTC where the offset is told.
    pub(super) fn comparable(self) -> DateTime {
        let back = jiff::SignedDuration::from_secs(i64::from(self.offset.unwrap_or(0)));
        self.civil.checked_sub(back).unwrap_or(self.civil)
    }

    /// The time as the file tells it.
    pub(super) fn when(self) -> Option<When> {
        let rest = if self.digits == 3 { 999_000 } else { 0 };
        let until = self.civil.checked_add(jiff::SignedDuration::new(0, rest)).ok()?;
        if let Some(offset) = self.offset {
            let offset = Offset::from_seconds(offset).ok()?;
            let time = |civil| offset.to_timestamp(civil).ok();
            return Some(When::Utc(Window::new(time(self.civil)?, time(until)?)));
        }
        Some(When::Local(self.civil, until))
    }
}

/// The stamp of a line and what follows it: a blank is taken away.
pub(super) fn date_time(line: &str) -> Option<(Stamp, &str)> {
    let (day, rest) = line.split_at_checked(10)?;
    let (time, digits, rest) = clock(rest.strip_prefix(' ')?)?;
    let civil = DateTime::from_parts(date(day)?, time);
    let (offset, rest) = match offset(rest) {
        Some((offset, rest)) => (Some(offset), rest),
        None => (None, rest),
    };
    Some((Stamp { civil, offset, digits }, rest.strip_prefix(' ')?))
}

/// `2026-04-15T15:13:09.123456789Z` and nothing else.
pub(super) fn iso(text: &str) -> Option<Stamp> {
    let (day, rest) = text.split_at_checked(10)?;
    let (time, digits, rest) = clock(rest.strip_prefix('T')?)?;
    let civil = DateTime::from_parts(date(day)?, time);
    (rest == "Z").then_some(Stamp { civil, offset: Some(0), digits })
}

/// `2026-04-15`
fn date(text: &str) -> Option<Date> {
    let date = text.as_bytes();
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date.first_chunk::<10>()? else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(i16::try_from(year).ok()?, month, day).ok()
}

/// `12:13:09.123456-0300` and nothing else.
pub(super) fn time_of_day(text: &str) -> Option<(Time, i32)> {
    let (time, _, rest) = clock(text)?;
    let (offset, rest) = offset(rest)?;
    rest.is_empty().then_some((time, offset))
}

/// The time at the head of a text, the digits of its fraction, and the rest.
fn clock(text: &str) -> Option<(Time, usize, &str)> {
    let (head, rest) = text.split_at_checked(9)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2, b'.'] = *head.as_bytes().first_chunk::<9>()? else {
        return None;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = rest.split_at_checked(digits)?;
    let scale = match digits {
        3 => 1_000_000,
        6 => 1000,
        9 => 1,
        _ => return None,
    };
    let nanos = number(fraction.as_bytes())?.checked_mul(scale)?;
    let part = |one, two| number(&[one, two]).and_then(|n| i8::try_from(n).ok());
    // A leap second is the second before it: civil times have none.
    let second = part(s1, s2)?.min(if (s1, s2) == (b'6', b'0') { 59 } else { i8::MAX });
    let time = Time::new(part(h1, h2)?, part(m1, m2)?, second, nanos).ok()?;
    Some((time, digits, rest))
}

/// `-0300` at the head of a text, in seconds, and the rest.
fn offset(text: &str) -> Option<(i32, &str)> {
    let (head, rest) = text.split_at_checked(5)?;
    let [sign, h1, h2, m1, m2] = *head.as_bytes().first_chunk::<5>()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
    (hours <= 14 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), rest))
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0_i32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
