//! A deviation to be explained: severity, score, and the factors that add up to it.

use super::binding::{Citation, CitationRole};
use super::particulars::Particulars;
use super::provenance::Place;
use super::service::Confidence;
use std::collections::BTreeSet;

/// How loud an anomaly is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// 1 to 19 points.
    Info,
    /// 20 to 39.
    Low,
    /// 40 to 59.
    Medium,
    /// 60 to 79.
    High,
    /// 80 to 100.
    Critical,
}

impl Severity {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level of a score; `None` for 0, which is no anomaly.
    pub fn of_score(score: i32) -> Option<Self> {
        match score {
            ..=0 => None,
            1..=19 => Some(Self::Info),
            20..=39 => Some(Self::Low),
            40..=59 => Some(Self::Medium),
            60..=79 => Some(Self::High),
            _ => Some(Self::Critical),
        }
    }
}

/// One summand of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// A rule (`P11`) or a feature (`persistence`).
    pub name: &'static str,
    /// Points, possibly negative or 0 for a note.
    pub points: i32,
    /// Why, in a sentence.
    pub reason: String,
    /// Where that stands, if no binding and no job cites it.
    pub cited: Vec<Citation>,
}

impl Factor {
    /// The same, with where it stands.
    #[must_use]
    pub fn citing<'a>(self, cited: impl IntoIterator<Item = &'a Citation>) -> Self {
        Self { cited: cited.into_iter().cloned().collect(), ..self }
    }
}

/// A deviation of a binding, a job or a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Content-derived id.
    pub id: String,
    /// 0 to 100.
    pub score: i32,
    /// From the score.
    pub severity: Severity,
    /// How sure the observation is.
    pub confidence: Confidence,
    /// Rule ids, base rule first.
    pub rules: Vec<&'static str>,
    /// A line.
    pub title: String,
    /// The sum in words.
    pub explanation: String,
    /// What was expected instead, with the layer that says so.
    pub expected: String,
    /// The summands.
    pub factors: Vec<Factor>,
    /// Index of the binding it is about.
    pub binding: Option<usize>,
    /// Index of the job it is about.
    pub job: Option<usize>,
    /// Index of the host.
    pub host: usize,
    /// Where it stands, if it is about the host as a whole.
    pub places: Vec<Place>,
    /// What is known of it where policies ask.
    pub particulars: Particulars,
    /// The exception or approval that covers it.
    pub exception: Option<String>,
}

impl Anomaly {
    /// What its summands rest on, each place once.
    pub fn cited(&self) -> impl Iterator<Item = &Citation> {
        // A setting of a property list stands nowhere in it but in the whole: the excerpt tells them apart.
        let mut seen: BTreeSet<(CitationRole, Place, Option<&str>)> = BTreeSet::new();
        let all = self.factors.iter().flat_map(|factor| &factor.cited);
        all.filter(move |one| seen.insert((one.role, one.place, one.excerpt.as_deref())))
    }

    /// Whether nothing covers it.
    pub fn is_open(&self) -> bool {
        self.exception.is_none()
    }

    /// The column value.
    pub fn status(&self) -> &'static str {
        if self.is_open() { "open" } else { "excepted" }
    }
}
