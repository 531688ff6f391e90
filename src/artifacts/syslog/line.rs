//! A line of BSD syslog → its stamp, who wrote it and what it says.
//!
//! `Mon D HH:MM:SS host PROCESS[PID] …: message`. A program chooses the name under which it logs, and text that
//! looks like a head may stand in that name or in the message: then nobody can tell who wrote the line.

use jiff::civil::{Date, DateTime, Time};

/// A leap year, in which times without a year are kept.
const YEAR: i16 = 2000;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Who wrote a record, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The name it was logged under.
    pub(super) process: &'a str,
    /// The process.
    pub(super) pid: u32,
    /// What stands in parentheses: `LABEL[PID]` of launchd.
    pub(super) context: &'a str,
    /// The message.
    pub(super) message: &'a str,
    /// Whether it holds the text of another head.
    pub(super) is_twofold: bool,
}

/// `Jul  2 04:07:35` at the head of a line, in the year 2000, and what follows.
pub(super) fn stamp(line: &str) -> Option<(DateTime, &str)> {
    let (month, rest) = line.split_at_checked(3)?;
    let month =
        (1_i8..).zip(MONTHS).find_map(|(number, name)| (name == month).then_some(number))?;
    let rest = rest.strip_prefix(' ')?;
    let (day, rest) = rest.strip_prefix(' ').unwrap_or(rest).split_once(' ')?;
    let day = Some(day).filter(|day| day.len() <= 2 && day.bytes().all(|b| b.is_ascii_digit()))?;
    let date = Date::new(YEAR, month, day.parse().ok()?).ok()?;
    let (time, rest) = clock(rest)?;
    Some((DateTime::from_parts(date, time), rest))
}

/// `04:07:35` at the head of a text, and what follows.
pub(super) fn clock(text: &str) -> Option<(Time, &str)> {
    let (clock, rest) = text.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *clock.as_bytes().first_chunk::<8>()? else {
        return None;
    };
    let part = |one: u8, two: u8| -> Option<i8> {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'));
        let number = digit(one)?.checked_mul(10)?.checked_add(digit(two)?)?;
        i8::try_from(number).ok()
    };
    // A leap second is the second before it: civil times have none.
    let second = part(s1, s2).map(|second| if second == 60 { 59 } else { second })?;
    Some((Time::new(part(h1, h2)?, part(m1, m2)?, second, 0).ok()?, rest))
}

/// `host PROCESS[PID] (CONTEXT): message`: what stands behind the stamp. A name may hold blanks.
pub(super) fn head(text: &str) -> Option<Head<'_>> {
    let (_, text) = text.trim_start_matches(' ').split_once(' ')?;
    let (process, pid, rest) = mark(text)?;
    let (context, message) = said(rest)?;
    let is_twofold = mark(rest).is_some();
    Some(Head { process, pid, context, message, is_twofold })
}

/// The first `NAME[PID]` after which something is said.
fn mark(text: &str) -> Option<(&str, u32, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        let (name, rest) = text.split_at_checked(at)?;
        let rest = rest.strip_prefix('[')?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (pid, rest) = rest.split_at_checked(digits)?;
        let rest = rest.strip_prefix(']')?;
        said(rest).and_then(|_| Some((name, pid.parse().ok()?, rest)))
    })
}

/// `: message`, ` <Level>: message`, ` (CONTEXT): message`, ` (CONTEXT) <Level>: message`.
fn said(text: &str) -> Option<(&str, &str)> {
    if let Some(message) = message(text) {
        return Some(("", message));
    }
    let rest = text.strip_prefix(" (")?;
    rest.match_indices(')').find_map(|(at, _)| {
        let (context, rest) = rest.split_at_checked(at)?;
        Some((context, message(rest.strip_prefix(')')?)?))
    })
}

fn message(text: &str) -> Option<&str> {
    let rest = match text.strip_prefix(" <") {
        Some(rest) => {
            let (level, rest) = rest.split_once('>')?;
            Some(rest).filter(|_| level.bytes().all(|byte| byte.is_ascii_alphabetic()))?
        }
        None => text,
    };
    let rest = rest.strip_prefix(':')?;
    if rest.is_empty() || rest.starts_with('\n') { Some(rest) } else { rest.strip_prefix(' ') }
}
