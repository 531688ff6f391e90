//! When something was: a [`Window`] around one sighting, an [`Interval`] of four edges around many.
//!
//! Sightings say "at some instant inside this window"; bounds say "not before" and "not after". The two
//! never mix: a sighting can only widen `first_seen..last_seen`, a bound can only tighten the outer edges.

use super::Timestamp;

/// An instant known only to lie in `lo..=hi` (`lo <= hi`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The earliest possible instant.
    pub lo: Timestamp,
    /// The latest possible instant.
    pub hi: Timestamp,
}

impl Window {
    /// A window from its two edges, in either order.
    pub fn new(one: Timestamp, other: Timestamp) -> Self {
        Self { lo: one.min(other), hi: one.max(other) }
    }

    /// An instant known exactly.
    pub fn at(time: Timestamp) -> Self {
        Self { lo: time, hi: time }
    }

    /// The smallest window around both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Whether some instant lies in both.
    pub fn meets(self, other: Self) -> bool {
        self.lo <= other.hi && other.lo <= self.hi
    }

    /// This window moved and widened: `lo + by_lo`, `hi + by_hi`, in seconds, saturating.
    #[must_use]
    pub fn shifted(self, by_lo: i64, by_hi: i64) -> Self {
        Self { lo: add_seconds(self.lo, by_lo), hi: add_seconds(self.hi, by_hi) }
    }
}

/// `time` plus seconds, saturating at the ends of time.
pub fn add_seconds(time: Timestamp, seconds: i64) -> Timestamp {
    let bound = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(bound)
}

/// `time` plus microseconds, saturating at the ends of time.
pub fn add_micros(time: Timestamp, micros: i64) -> Timestamp {
    let bound = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(jiff::SignedDuration::from_micros(micros)).unwrap_or(bound)
}

/// The four edges of a binding's life. An empty outer edge means that nothing in the evidence sets it.
///
/// Always `earliest_start <= first_seen <= last_seen <= latest_end`, where present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// It cannot have begun before.
    pub earliest_start: Option<Timestamp>,
    /// The first sighting (its upper edge).
    pub first_seen: Timestamp,
    /// The last sighting (its upper edge).
    pub last_seen: Timestamp,
    /// It cannot have lasted beyond.
    pub latest_end: Option<Timestamp>,
}

impl Interval {
    /// The interval that one sighting proves.
    pub fn sighted(window: Window) -> Self {
        Self { earliest_start: None, first_seen: window.hi, last_seen: window.hi, latest_end: None }
    }

    /// The interval around both: the hull, in which an unset outer edge stays unset.
    /// Commutative, associative and idempotent.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            earliest_start: self.earliest_start.zip(other.earliest_start).map(|(a, b)| a.min(b)),
            first_seen: self.first_seen.min(other.first_seen),
            last_seen: self.last_seen.max(other.last_seen),
            latest_end: self.latest_end.zip(other.latest_end).map(|(a, b)| a.max(b)),
        }
    }

    /// Adds the bound "not before `time`". False if a sighting contradicts it; the bound is then dropped.
    pub fn not_before(&mut self, time: Timestamp) -> bool {
        if time > self.first_seen {
            return false;
        }
        self.earliest_start = Some(self.earliest_start.map_or(time, |known| known.max(time)));
        true
    }

    /// Adds the bound "not after `time`". False if a sighting contradicts it; the bound is then dropped.
    pub fn not_after(&mut self, time: Timestamp) -> bool {
        if time < self.last_seen {
            return false;
        }
        self.latest_end = Some(self.latest_end.map_or(time, |known| known.min(time)));
        true
    }
}
