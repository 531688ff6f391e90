//! An exception that was over when the evidence was taken → P16.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject, cover};
use crate::baseline::policy::{self, Verdict};
use crate::catalog;

catalog::entry! {
    /// An exception would cover this, but it was over before it was observed. It only adds to other rules.
    ///
    /// ## What it detects
    /// An anomaly that fits the `match` of an exception in the policy file, last observed after the exception's
    /// last day in its zone, that no other exception and no approval covers.
    ///
    /// ## Why it matters
    /// Somebody decided that this was acceptable until a day, and it is still there after it. Either the
    /// exception was not renewed, or what it was for should be gone.
    ///
    /// ## When it is harmless
    /// The service is still wanted, and only the renewal was forgotten.
    ///
    /// ## How to verify
    /// Ask the owner of the exception; `portolan exceptions check` lists all that are over.
    ///
    /// ## What it does not prove
    /// That anything changed: the score is that of the other rules and 5 more.
    pub ExceptionExpired
}

impl Rule for ExceptionExpired {
    fn id(&self) -> &'static str {
        RuleId::P16.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Verdict::Expired(exception, time) = cover::verdict(subject, context) else {
            return None;
        };
        Some(context.finding(RuleId::P16, policy::expired(exception, time)))
    }
}
