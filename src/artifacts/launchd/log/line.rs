//! A line of `launchd.log` → its stamp, its context and its message.
//!
//! Grammar (formats.md 2.8): `STAMP (CONTEXT) <Severity>: MESSAGE`, the context optional.

use jiff::civil::{Date, DateTime, Time};

/// The time at the head of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// As printed.
    pub(super) civil: DateTime,
    /// Seconds east of UTC, if printed: launchd itself prints none.
    pub(super) offset: Option<i32>,
}

/// A line taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// `(context) <Severity>: message`; the context is empty if the line has none.
    Whole(&'a str, &'a str),
    /// It can be taken apart in two ways: a label or a message holds the text of another line.
    Twofold,
    /// The context begins but does not end: a label with a line break, or a line that was cut.
    Open,
    /// Neither a context nor a severity follows the stamp.
    Foreign,
}

/// The context of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    /// `system`, `gui/501`, `pid/30002`.
    pub(crate) domain: Option<&'a str>,
    /// The job.
    pub(crate) label: Option<&'a str>,
    /// Its process.
    pub(crate) pid: Option<u32>,
}

/// The stamp of a line and what follows it.
pub(super) fn stamp(line: &str) -> Option<(Stamp, &str)> {
    let (date, rest) = line.split_at_checked(10)?;
    let rest = rest.strip_prefix([' ', 'T'])?;
    let end = rest.find(' ')?;
    let (clock, rest) = rest.split_at_checked(end)?;
    let sign = clock.find(['+', '-', 'Z']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(sign)?;
    let mut rest = rest.strip_prefix(' ')?;
    let mut offset = if zone.is_empty() { None } else { Some(offset(zone)?) };
    // `… 09:13:02.000001 -0300 (…`: an offset of its own.
    if let Some((word, after)) = rest.split_once(' ')
        && word.starts_with(['+', '-'])
        && let Some(seconds) = self::offset(word)
    {
        (offset, rest) = (Some(seconds), after);
    }
    Some((Stamp { civil: civil(date, clock)?, offset }, rest))
}

fn civil(date: &str, clock: &str) -> Option<DateTime> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && year.len() == 4 && month.len() == 2 && day.len() == 2;
    let (clock, fraction) = clock.split_once('.')?;
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = whole && parts.next().is_none() && hour.len() == 2 && fraction.len() == 6;
    if !whole || [year, month, day, hour, minute, second, fraction].iter().any(|part| !digits(part))
    {
        return None;
    }
    let nanos = fraction.parse::<i32>().ok()?.checked_mul(1000)?;
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    // A leap second is the second before it: civil times have none.
    let second: i8 = second.parse().ok()?;
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, second, nanos).ok()?;
    Some(DateTime::from_parts(date, time))
}

/// `-0300`, `+02:00`, `Z` in seconds.
fn offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let bare = text.strip_prefix(['+', '-'])?.replace(':', "");
    let (hours, minutes) = bare.split_at_checked(2)?;
    if minutes.len() != 2 || !digits(&bare) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then(|| sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes apart what follows the stamp.
///
/// A label may hold anything, `) <Notice>: ` included: then nobody can tell where the context ends,
/// and no reading is taken.
pub(super) fn body(rest: &str) -> Body<'_> {
    if rest.starts_with('<') {
        return match severity(rest) {
            Some(message) => Body::Whole("", message),
            None => Body::Foreign,
        };
    }
    let Some(inner) = rest.strip_prefix('(') else { return Body::Foreign };
    let mut ends = closings(inner);
    match (ends.next(), ends.next()) {
        (Some((context, message)), None) => Body::Whole(context, message),
        (Some(_), Some(_)) => Body::Twofold,
        (None, _) => Body::Open,
    }
}

/// Whether a line without a stamp closes a context that an earlier line opened.
pub(super) fn closes(line: &str) -> bool {
    closings(line).next().is_some()
}

/// Every way to split at a `) <Severity>: `.
fn closings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices(") <").filter_map(|(at, _)| {
        let message = severity(text.get(at.checked_add(2)?..)?)?;
        Some((text.get(..at)?, message))
    })
}

/// What follows `<Severity>: `.
fn severity(text: &str) -> Option<&str> {
    let (name, message) = text.strip_prefix('<')?.split_once('>')?;
    let word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let message = message.strip_prefix(':')?;
    word.then(|| message.strip_prefix(' ').unwrap_or(message))
}

/// Reads a context. The number after a bare domain is its audit session, not a process.
pub(crate) fn context(text: &str) -> Context<'_> {
    let (domain, rest) = if let Some(rest) = text.strip_prefix("system") {
        ("system", rest)
    } else {
        match numbered_domain(text) {
            Some(split) => split,
            None => return Context::default(),
        }
    };
    // `gui/501 [100003]/label`: the session stands before the label.
    let rest = match rest.strip_prefix(" [").and_then(|rest| rest.split_once(']')) {
        Some((session, after)) if digits(session) => after,
        _ => rest,
    };
    let domain = Some(domain);
    let Some(label) = rest.strip_prefix('/') else {
        return Context { domain, ..Context::default() };
    };
    let process = label.rsplit_once(" [").and_then(|(label, number)| {
        let number = number.strip_suffix(']')?;
        digits(number).then(|| number.parse().ok()).flatten().map(|pid| (label, pid))
    });
    match process {
        Some((label, pid)) => Context { domain, label: Some(label), pid: Some(pid) },
        None => Context { domain, label: Some(label), pid: None },
    }
}

/// Splits `gui/501/label [7]` after the number.
fn numbered_domain(text: &str) -> Option<(&str, &str)> {
    let (kind, rest) = text.split_once('/')?;
    let known = ["gui", "user", "login", "pid", "session"].contains(&kind);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if !known || end == 0 {
        return None;
    }
    text.split_at_checked(kind.len().checked_add(1)?.checked_add(end)?)
}
