//! What every export style and the plain-text logs share: what a file as a whole says.

use crate::artifacts::Emitter;
use crate::model::Text;
use crate::model::observation::{Fact, LogKind, LogSpan, When};
use crate::model::provenance::Locator;
use std::collections::BTreeMap;

/// Boots of one file that are told; what names more is no log.
const BOOTS: usize = 64;

/// Bytes of a record that are kept; kernel and Network.framework write far less.
pub(in crate::artifacts) const RECORD: usize = 64 << 10;

/// Why most records are passed over.
pub(in crate::artifacts) const IDLE: &str = "records that tell nothing of ports";

/// What is remembered of an export while it is read.
#[derive(Debug, Default)]
pub(in crate::artifacts) struct Export {
    /// Which log it is of.
    kind: LogKind,
    /// Its style.
    pub(super) layout: &'static str,
    /// The predicate of its prelude.
    pub(super) predicate: Option<Text>,
    /// Whether it is known to be cut.
    pub(super) cut: bool,
    /// Whether its records are in no order of time: its span is then from the least to the greatest.
    pub(super) unordered: bool,
    first: Option<(Locator, When)>,
    last: Option<(Locator, When)>,
    boots: BTreeMap<String, [(Locator, When); 2]>,
}

/// A predicate without the quotes around it; it may end with one of its own.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// Whether one time of UTC begins before another.
fn is_before(one: &When, other: &When) -> bool {
    match (one, other) {
        (When::Utc(one), When::Utc(other)) => one.lo < other.lo,
        _ => false,
    }
}

impl Export {
    /// Nothing met yet.
    pub(super) fn of(layout: &'static str) -> Self {
        Self { layout, ..Self::default() }
    }

    /// Nothing met yet of a log of that kind.
    pub(in crate::artifacts) fn of_kind(kind: LogKind, layout: &'static str) -> Self {
        Self { kind, ..Self::of(layout) }
    }

    /// A record with a time was met.
    pub(in crate::artifacts) fn met(&mut self, locator: Locator, when: &When) {
        let unordered = self.unordered;
        if self.first.as_ref().is_none_or(|(_, first)| unordered && is_before(when, first)) {
            self.first = Some((locator, when.clone()));
        }
        if self.last.as_ref().is_none_or(|(_, last)| !unordered || is_before(last, when)) {
            self.last = Some((locator, when.clone()));
        }
    }

    /// A record carries the UUID of its boot.
    pub(super) fn ran(&mut self, uuid: &str, locator: Locator, when: &When) {
        if let Some([first, last]) = self.boots.get_mut(uuid) {
            if self.unordered && is_before(when, &first.1) {
                *first = (locator, when.clone());
            }
            if !self.unordered || is_before(&last.1, when) {
                *last = (locator, when.clone());
            }
        } else if self.boots.len() < BOOTS && !uuid.is_empty() {
            let met = (locator, when.clone());
            self.boots.insert(uuid.to_owned(), [met.clone(), met]);
        }
    }

    /// Takes over what was met in a piece of the file that lies behind everything before. False, and nothing done,
    /// if that is not what meeting it here would give.
    pub(super) fn join(&mut self, piece: &mut Self) -> bool {
        if !self.may_join(piece) {
            return false;
        }
        for (locator, when) in piece.first.take().into_iter().chain(piece.last.take()) {
            self.met(locator, &when);
        }
        for (uuid, ends) in std::mem::take(&mut piece.boots) {
            for (locator, when) in ends {
                self.ran(&uuid, locator, &when);
            }
        }
        self.predicate = piece.predicate.take().or_else(|| self.predicate.take());
        true
    }

    /// Whether a piece was read as it would have been here. Which boots are told beyond the limit depends on all
    /// that came before.
    pub(super) fn may_join(&self, piece: &Self) -> bool {
        let fresh = piece.boots.keys().filter(|uuid| !self.boots.contains_key(*uuid)).count();
        self.unordered == piece.unordered
            && self.layout == piece.layout
            && piece.boots.len() < BOOTS
            && self.boots.len().saturating_add(fresh) <= BOOTS
    }

    /// The first and the last time that was met.
    pub(super) fn ends_mut(&mut self) -> impl Iterator<Item = &mut When> {
        self.first.iter_mut().chain(&mut self.last).map(|(_, when)| when)
    }

    /// What a piece of the same file begins with.
    pub(super) fn apart(&self) -> Self {
        Self { kind: self.kind, unordered: self.unordered, ..Self::of(self.layout) }
    }

    /// `Filtering the log data using "…"` and its kin. Whether the line was one.
    pub(super) fn prelude(&mut self, line: &str, out: &mut Emitter) -> bool {
        if let Some(rest) = line.strip_prefix("Filtering the log data using ") {
            self.predicate = Some(out.text(unquoted(rest.trim())));
            return true;
        }
        line.starts_with("Skipping info and debug") || line.starts_with("Skipping debug messages")
    }

    /// Says what the file is, at its first and at its last record.
    pub(in crate::artifacts) fn finish(self, out: &mut Emitter) {
        let span = LogSpan {
            kind: self.kind,
            layout: Text::from(self.layout),
            whole: !self.cut,
            predicate: self.predicate,
        };
        for (uuid, ends) in self.boots {
            for (locator, when) in ends {
                let uuid = out.text(&uuid);
                out.fact(locator, when, Fact::BootRunning { uuid });
            }
        }
        for (locator, when) in self.first.into_iter().chain(self.last) {
            out.fact(locator, when, Fact::Log(Box::new(span.clone())));
        }
    }
}
