//! From which day until which day, in which zone → whether an instant lies within.

use crate::model::Timestamp;
use crate::model::interval::Window;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;

/// The days on which an exception holds, the last one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    from: Option<Date>,
    until: Date,
    zone: TimeZone,
    zone_name: String,
}

/// How an instant lies to the days of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Before the first.
    NotYet,
    /// Within.
    Valid,
    /// After the last.
    Expired,
}

impl Standing {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not yet valid",
            Self::Valid => "valid",
            Self::Expired => "expired",
        }
    }
}

impl Validity {
    /// The days from `from` until `until` in a zone of the IANA database.
    pub fn new(from: Option<Date>, until: Date, zone: TimeZone, zone_name: &str) -> Self {
        Self { from, until, zone, zone_name: zone_name.to_owned() }
    }

    /// How an instant lies to these days.
    pub fn at(&self, time: Timestamp) -> Standing {
        let begins = self.from.and_then(|day| self.first_instant(day));
        match (begins, self.end()) {
            (Some(begins), _) if time < begins => Standing::NotYet,
            (_, Some(ends)) if time >= ends => Standing::Expired,
            _ => Standing::Valid,
        }
    }

    /// How an instant that lies somewhere in a window lies to these days; `None` where the window's edges differ.
    pub fn within(&self, window: Window) -> Option<Standing> {
        let standing = self.at(window.lo);
        (standing == self.at(window.hi)).then_some(standing)
    }

    /// The first instant after the last day.
    pub fn end(&self) -> Option<Timestamp> {
        self.until.tomorrow().ok().and_then(|day| self.first_instant(day))
    }

    /// Whether it still holds more than so many years after a day.
    pub fn outlasts(&self, years: i16, today: Timestamp) -> bool {
        let today = self.zone.to_datetime(today).date();
        let limit = today.checked_add(jiff::Span::new().years(years));
        limit.is_ok_and(|limit| limit < self.until)
    }

    /// How many days of its zone lie between its last day and an instant.
    pub fn days_over(&self, time: Timestamp) -> i32 {
        let day = self.zone.to_datetime(time).date();
        self.until.until(day).map_or(0, |span| span.get_days())
    }

    /// Whether some day is one of both, as far as the days tell.
    pub fn meets(&self, other: &Self) -> bool {
        let begins = |one: &Self| one.from.unwrap_or(Date::MIN);
        begins(self) <= other.until && begins(other) <= self.until
    }

    /// The first day in words, if there is one.
    pub fn beginning(&self) -> String {
        self.from.map_or_else(String::new, |day| format!("{day} {}", self.zone_name))
    }

    fn first_instant(&self, day: Date) -> Option<Timestamp> {
        // At the ends of time there is no such instant, and the day has no end.
        self.zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
    }
}

/// The last day: `2026-03-31 UTC`.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.until, self.zone_name)
    }
}
