//! The exceptions of a policy, held against a run and a day → what should be tidied.

use super::matching::Candidate;
use super::validity::Standing;
use super::{Approval, Exception, Policy, breadth, day};
use crate::baseline::classes::ClassTable;
use crate::model::Timestamp;
use crate::model::interval::Window;

/// What is wrong with an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is over.
    Expired,
    /// It does not hold yet.
    NotYetValid,
    /// Nothing in the run fits it.
    Unused,
    /// Another one says the same.
    Overlapping,
    /// It covers more than one would want.
    OverBroad,
}

impl Fault {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::Unused => "unused",
            Self::Overlapping => "overlapping",
            Self::OverBroad => "over-broad",
        }
    }
}

/// Something to tidy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The exception, or `approved:NAME`.
    pub id: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// In words.
    pub text: String,
}

/// An anomaly of a run.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// What is known of it.
    pub candidate: Candidate<'a>,
    /// When it was last observed.
    pub last: Option<Window>,
    /// What covered it in the run.
    pub covered_by: Option<&'a str>,
}

/// The end of what a run tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Its last capture.
    Capture(Timestamp),
    /// Its last dated observation, where no capture tells its time: as in exports of logs.
    Observation(Timestamp),
}

impl Last {
    /// When.
    pub fn time(self) -> Timestamp {
        let (Self::Capture(time) | Self::Observation(time)) = self;
        time
    }
}

/// What a review needs of a run.
#[derive(Clone, Debug, Default)]
pub struct RunRows<'a> {
    /// Its last capture; where no capture tells its time, the last observation.
    pub last: Option<Last>,
    /// Its anomalies, whatever their status.
    pub rows: Vec<Row<'a>>,
}

/// Everything to be tidied, by exception in the order of the file.
pub fn review(
    policy: &Policy,
    run: Option<&RunRows<'_>>,
    today: Timestamp,
    classes: &ClassTable,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (index, exception) in policy.exceptions.iter().enumerate() {
        let mut say = |fault, text| {
            remarks.push(Remark { id: exception.id.clone(), fault, text });
        };
        if let Some((fault, text)) = out_of_time(exception, run, today) {
            say(fault, text);
        }
        let is_used = |row: &Row<'_>| {
            row.covered_by == Some(&exception.id) || exception.matcher.fits(&row.candidate)
        };
        if run.is_some_and(|run| !run.rows.iter().any(is_used)) {
            say(Fault::Unused, "no anomaly of the run fits it".to_owned());
        }
        for other in policy.exceptions.iter().skip(index.saturating_add(1)) {
            if let Some(text) = overlap(exception, other, run) {
                say(Fault::Overlapping, text);
            }
        }
        let breadth = breadth::of_exception(exception, classes, today);
        if !breadth.is_empty() {
            say(Fault::OverBroad, breadth.join("; "));
        }
    }
    let broad = |approval: &Approval| {
        let (id, breadth) = (approval.id(), breadth::of_approval(approval, classes));
        let text = breadth.join("; ");
        (!breadth.is_empty()).then_some(Remark { id, fault: Fault::OverBroad, text })
    };
    remarks.extend(policy.approvals.iter().filter_map(broad));
    remarks
}

/// How it stands at the run's last capture, and how today.
fn out_of_time(
    exception: &Exception,
    run: Option<&RunRows<'_>>,
    today: Timestamp,
) -> Option<(Fault, String)> {
    let validity = &exception.validity;
    let now = validity.at(today);
    let last = run.and_then(|run| run.last);
    let then = last.map(|last| validity.at(last.time()));
    let standings = [then, Some(now)];
    let has = |wanted| standings.contains(&Some(wanted));
    let fault = match (has(Standing::Expired), has(Standing::NotYet)) {
        (false, false) => return None,
        (true, _) => Fault::Expired,
        (false, true) => Fault::NotYetValid,
    };
    let then = then.zip(last).map(|(standing, last)| {
        let what = match last {
            Last::Capture(_) => "at capture",
            Last::Observation(_) => "at the last observation",
        };
        format!("{} {what} {}, ", standing.as_str(), day(last.time()))
    });
    let from = Some(validity.beginning()).filter(|from| !from.is_empty());
    let from = from.map_or_else(String::new, |from| format!("from {from} "));
    let (then, now) = (then.unwrap_or_default(), now.as_str());
    Some((fault, format!("{then}{now} today (valid {from}until {validity})")))
}

/// In which way two exceptions say the same.
fn overlap(one: &Exception, other: &Exception, run: Option<&RunRows<'_>>) -> Option<String> {
    let covers = |exception: &Exception, row: &Row<'_>| {
        exception.matcher.fits(&row.candidate)
            && row.last.is_some_and(|last| exception.validity.within(last) == Some(Standing::Valid))
    };
    let rows = run.into_iter().flat_map(|run| &run.rows);
    let shared: Vec<&str> =
        rows.filter(|row| covers(one, row) && covers(other, row)).map(|row| row.id).collect();
    let meets = one.validity.meets(&other.validity);
    let (wide, narrow) = (
        meets && one.matcher.includes(&other.matcher),
        meets && other.matcher.includes(&one.matcher),
    );
    let mut parts = match (wide, narrow) {
        (true, true) => vec![format!("fits what {} fits", other.id)],
        (true, false) => vec![format!("fits all that {} fits", other.id)],
        (false, true) => vec![format!("fits only what {} fits too", other.id)],
        (false, false) => Vec::new(),
    };
    if let Some(first) = shared.first() {
        let more = shared.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        parts.push(format!("covers {first}{more} together with {}", other.id));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
