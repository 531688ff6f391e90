//! Bytes of a property list (binary, XML, old-style text, JSON) → a bounded value, and what had to be
//! repaired to read it.
//!
//! The crate `plist` reads what is sound. It would overflow the stack on deep nesting, never come back
//! from a binary list whose objects refer to each other in layers, and refuse a whole file for one bad
//! date; so a bounded scan goes first, and a reader of our own takes what the scan or the crate
//! rejects, and keeps what can be kept.

mod binary;
mod repair;
mod text;
mod xml;

pub use ::plist::{Dictionary, Value};

use super::reading::whole_bytes;
use super::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::{Problem, ProblemKind};
use crate::model::provenance::Locator;

/// A property list that could be read.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it says. Values that no property list can hold (a date that no calendar has) stand as the
    /// text they were written with.
    pub value: Value,
    /// What was wrong with it, in the order met: an offset in a binary list, a line in a text.
    pub problems: Vec<Problem>,
    /// Whether something may be missing from the value: the file is cut, or a limit was reached.
    pub rescued: bool,
}

/// Why nothing could be read: empty, cut before the first value, beyond a limit, or something else.
pub type Refusal = Problem;

/// Reads a property list of any kind.
///
/// Bounded by [`limits::PLIST`], [`limits::PLIST_DEPTH`] and [`limits::PLIST_NODES`] in time and memory.
pub fn read(bytes: &[u8]) -> Result<Read, Refusal> {
    if bytes.len() as u64 > limits::PLIST {
        let detail = format!("the property list is larger than {} bytes", limits::PLIST);
        return Err(refusal(ProblemKind::Limit, detail));
    }
    if bytes.starts_with(b"bplist") {
        return binary::read(bytes);
    }
    let mut repairs = Repairs::default();
    let decoded = text::decode(bytes, &mut repairs);
    let trimmed = decoded.trim_start();
    if trimmed.is_empty() {
        return Err(refusal(ProblemKind::MalformedFile, "the property list is empty"));
    }
    if xml::looks_like(trimmed) {
        return xml::read(&decoded, repairs);
    }
    match trimmed.chars().next() {
        Some('{' | '[' | '(' | '"' | '/') => text::read(&decoded, repairs),
        _ => Err(refusal(ProblemKind::MalformedFile, "it is not a property list")),
    }
}

/// Reads the property list that is the whole input: problems go to `out`, which is marked partial where
/// something is missing. A refusal is the error.
pub fn read_input(input: &mut Input<'_>, out: &mut Emitter) -> Result<Read, ParseError> {
    let bytes = whole_bytes(input, limits::PLIST)?;
    match read(&bytes) {
        Ok(mut read) => {
            for problem in std::mem::take(&mut read.problems) {
                out.problem(problem.locator, problem.kind, problem.detail);
            }
            out.partial |= read.rescued;
            Ok(read)
        }
        Err(Problem { locator, kind, detail }) => {
            if kind == ProblemKind::MalformedFile {
                return Err(ParseError::Malformed { locator, detail });
            }
            out.problem(locator, kind, detail);
            out.partial = true;
            Err(ParseError::Malformed { locator, detail: "no value could be read".to_owned() })
        }
    }
}

/// The dictionary at the top of the property list that is the whole input, read as [`read_input`] does.
pub fn read_dictionary(input: &mut Input<'_>, out: &mut Emitter) -> Result<Dictionary, ParseError> {
    if let Value::Dictionary(dictionary) = read_input(input, out)?.value {
        return Ok(dictionary);
    }
    let detail = "a property list without a dictionary at its top".to_owned();
    Err(ParseError::Malformed { locator: Locator::Whole, detail })
}

/// A boolean, also where it is written as `YES`, `true` or 1: launchd's property lists in the wild have
/// all of them (formats.md 4.2).
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(*value),
        Value::Integer(value) => match value.as_signed() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// What was repaired on the way, and whether anything was lost.
#[derive(Default)]
struct Repairs {
    problems: Vec<Problem>,
    lost: bool,
}

impl Repairs {
    /// Something odd that costs nothing.
    fn odd(&mut self, locator: Locator, detail: impl Into<String>) {
        self.push(locator, ProblemKind::MalformedRecord, detail.into());
    }

    /// Something that may be missing from the value.
    fn loss(&mut self, locator: Locator, kind: ProblemKind, detail: impl Into<String>) {
        self.lost = true;
        self.push(locator, kind, detail.into());
    }

    fn push(&mut self, locator: Locator, kind: ProblemKind, detail: String) {
        // One more than the emitter takes, so that it says that there were more.
        if self.problems.len() <= limits::PROBLEMS {
            self.problems.push(Problem { locator, kind, detail });
        }
    }

    /// The reading, or, where there is no value, the first loss as the reason.
    fn conclude(self, value: Option<Value>) -> Result<Read, Refusal> {
        match value {
            Some(value) => Ok(Read { value, problems: self.problems, rescued: self.lost }),
            None => Err(self
                .problems
                .into_iter()
                .find(|problem| problem.kind != ProblemKind::MalformedRecord)
                .unwrap_or_else(|| {
                    refusal(ProblemKind::MalformedFile, "no value could be read from it")
                })),
        }
    }
}

/// Counts lines on the way through a text, each byte once.
#[derive(Default)]
struct LineCount {
    at: usize,
    feeds: u64,
}

impl LineCount {
    /// The line of an offset that is not before the last one asked for.
    fn locate(&mut self, text: &str, at: usize) -> Locator {
        let passed = text.as_bytes().get(self.at..at).unwrap_or_default();
        let feeds = memchr::memchr_iter(b'\n', passed).count() as u64;
        (self.feeds, self.at) = (self.feeds.saturating_add(feeds), at.max(self.at));
        Locator::Line(self.feeds.saturating_add(1))
    }
}

fn refusal(kind: ProblemKind, detail: impl Into<String>) -> Refusal {
    Problem { locator: Locator::Whole, kind, detail: detail.into() }
}

/// A name from the file, quoted and short enough for a problem row.
fn shown(name: &str) -> String {
    format!("{:?}", super::cut(name, 60))
}

fn too_deep() -> String {
    format!("values nested deeper than {} levels are left out", limits::PLIST_DEPTH)
}

fn too_many() -> String {
    format!("more than {} values; what comes after is left out", limits::PLIST_NODES)
}
