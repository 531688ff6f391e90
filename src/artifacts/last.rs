//! Output of `last` → when the host started and was shut down.

use super::reading::{for_each_line, most};
use super::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::evidence::limits;
use crate::model::observation::{Fact, ProblemKind, When, Yearless};
use crate::model::provenance::Locator;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Weekday};

catalog::entry! {
    /// Output of `last` → when the host started and was shut down.
    ///
    /// ## What it proves
    /// Each start and each orderly shutdown that the log of logins (`utmpx`) holds, to the minute, in the host's
    /// local time: no process, socket or pid outlives one.
    ///
    /// ## What it does not
    /// The year: the newest row is put into the last year before the capture in which its day of the week fits, the
    /// others by the order of the rows. A host that lost power has no shutdown here. Logins are counted, not told.
    ///
    /// ## Format source
    /// `last` of macOS: the newest row first, `reboot    ~                         Fri Feb  7 23:31`, since macOS 13
    /// `reboot time                                Mon Oct 27 19:49`; `shutdown` likewise; `wtmp begins …` at the
    /// end. formats.md 2.7, time.md 7.3.
    pub Last
}

/// Hours by which a row must lie after the one above it to be of the year before.
const HALF: i64 = 183 * 24;

/// Microseconds of a minute, less one.
const MINUTE: i64 = 59_999_999;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Monday),
    ("Tue", Weekday::Tuesday),
    ("Wed", Weekday::Wednesday),
    ("Thu", Weekday::Thursday),
    ("Fri", Weekday::Friday),
    ("Sat", Weekday::Saturday),
    ("Sun", Weekday::Sunday),
];

impl Artifact for Last {
    fn id(&self) -> &'static str {
        "last"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        // The last line of the head may be cut.
        let fits = most(candidate.lines().take(40), |line| Row::read(line).is_some());
        let named = candidate
            .name
            .strip_prefix("last")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', '-']));
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if candidate.text.contains("wtmp begins") => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut years = Years::default();
        for_each_line(input, out, |number, line, out| {
            let locator = Locator::Line(number);
            if line.trim().is_empty() || line.starts_with("wtmp begins ") {
                return;
            }
            let Some(row) = Row::read(line) else {
                let detail = format!("no row of `last`: {:?}", cut(line, 80));
                return out.problem(locator, ProblemKind::MalformedRecord, detail);
            };
            let when = years.met(&row);
            match row.what {
                What::Reboot => {
                    out.cite(locator, when, line, Fact::BootLogged { uuid: None, log: "last" });
                }
                What::Shutdown => out.cite(locator, when, line, Fact::Shutdown),
                What::Login => out.skip("logins"),
            }
        })
    }
}

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Reboot,
    Shutdown,
    Login,
}

/// A row: what happened, and when, in the leap year 2000.
struct Row {
    what: What,
    at: DateTime,
    weekday: Weekday,
}

impl Row {
    /// `kim   ttys000   203.0.113.7   Mon May 25 13:25 - 13:40  (00:15)`. The first day of the week with a
    /// month, a day and a time behind it is the row's time.
    fn read(line: &str) -> Option<Self> {
        if line.len() > limits::EXCERPT {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let (at, weekday, time) = words.iter().enumerate().skip(1).find_map(|(index, word)| {
            let weekday = DAYS.iter().find(|(name, _)| name == word)?.1;
            Some((index, weekday, time_of(words.get(index.saturating_add(1)..)?)?))
        })?;
        let name = words.first().copied().unwrap_or_default();
        // Nobody logs in at a terminal of these names.
        let is_mark = at == 2 && words.get(1).is_some_and(|tty| ["~", "time"].contains(tty));
        let what = match name {
            "reboot" if is_mark => What::Reboot,
            "shutdown" if is_mark => What::Shutdown,
            _ => What::Login,
        };
        Some(Self { what, at: time, weekday })
    }
}

/// `May 25 13:25`, in the leap year 2000.
fn time_of(words: &[&str]) -> Option<DateTime> {
    let [month, day, clock, ..] = words else { return None };
    let month = MONTHS.iter().position(|name| name == month)?.checked_add(1)?;
    let date = Date::new(2000, i8::try_from(month).ok()?, day.parse().ok()?).ok()?;
    let (hour, minute) = clock.split_once(':')?;
    date.to_datetime(jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?)
        .into()
}

/// The years of rows, the newest of which comes first.
#[derive(Default)]
struct Years {
    newest: Option<(DateTime, Weekday)>,
    above: Option<DateTime>,
    back: u32,
}

impl Years {
    fn met(&mut self, row: &Row) -> When {
        let (last, weekday) = *self.newest.get_or_insert((row.at, row.weekday));
        let later = self.above.map_or(0, |above| row.at.duration_since(above).as_hours());
        if later > HALF {
            self.back = self.back.saturating_add(1);
        } else if later < -HALF {
            // A clock that was set back over New Year.
            self.back = self.back.saturating_sub(1);
        }
        self.above = Some(row.at);
        let until = row.at.checked_add(SignedDuration::from_micros(MINUTE)).unwrap_or(row.at);
        let years_back = self.back;
        let last_weekday = Some(weekday);
        When::Yearless(Box::new(Yearless { at: row.at, until, last, last_weekday, years_back }))
    }
}
