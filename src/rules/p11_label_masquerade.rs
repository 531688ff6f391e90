//! A label of Apple's on a job that is not → P11.

use super::context::{Context, is_apple_plist};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject, trust};
use crate::catalog;
use crate::model::binding::Citation;
use crate::ports::JobRecord;

catalog::entry! {
    /// A job bears a label that begins with `com.apple.` but is not Apple's.
    ///
    /// ## What it detects
    /// A label `com.apple.…` whose property list lies outside `/System/Library` and
    /// `/Library/Apple/System/Library`, or whose program lies outside the places that only Apple writes
    /// (`/System`, `/usr` without `/usr/local`, `/sbin`, `/bin`, `/Library/Apple/System/Library`). The few
    /// jobs in `/System/Library` whose program belongs to an application of Apple's elsewhere (iTunes,
    /// System Information) are left out, unless codesign says that it is not Apple's.
    ///
    /// ## Why it matters
    /// Malware hides among the hundreds of jobs of macOS behind a name that nobody reads twice.
    ///
    /// ## When it is harmless
    /// Administrators copy Apple's property lists to `/Library/LaunchDaemons` to change them (screen
    /// sharing on another port); some of Apple's own packages install there.
    ///
    /// ## How to verify
    /// The code signature of the program; the receipt of the package that installed the property list.
    ///
    /// ## What it does not prove
    /// That the program is malicious.
    pub LabelMasquerade
}

impl Rule for LabelMasquerade {
    fn id(&self) -> &'static str {
        RuleId::P11.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let job = match subject {
            Subject::Binding(binding) => context.job_of(binding)?,
            Subject::Job(_, job) => job,
            Subject::Expected(_) | Subject::Host => return None,
        };
        let (reason, cited) = match misplaced(job, context) {
            Some(reason) => (reason, &[][..]),
            None => another_signed(job, context)?,
        };
        let mut finding = context.finding(RuleId::P11, reason);
        finding.factor = finding.factor.citing(cited);
        "a com.apple. job lies in /System/Library, and so does its program"
            .clone_into(&mut finding.expected);
        Some(finding)
    }
}

fn misplaced(job: &JobRecord, context: &Context<'_>) -> Option<String> {
    if !job.label.starts_with("com.apple.") || job.job.is_none() {
        return None;
    }
    let plist = job.plist_path.as_deref()?;
    if !is_apple_plist(plist) && !is_loose(plist) {
        return Some(format!(
            "the label {} is Apple's, its property list {plist} is not",
            job.label
        ));
    }
    let program = job.program.as_deref().filter(|path| path.starts_with('/'))?;
    let stock = &context.baseline.stock;
    let is_apple = if is_apple_plist(plist) {
        stock.is_place_of_system_job(program)
    } else {
        stock.is_apple_place(program)
    };
    if !is_apple {
        return Some(format!("the label {} is Apple's, its program {program} is not", job.label));
    }
    None
}

/// A program that stands where one of a job of Apple's may, and is another's.
fn another_signed<'c>(job: &JobRecord, context: &Context<'c>) -> Option<(String, &'c [Citation])> {
    if !job.label.starts_with("com.apple.") || job.job.is_none() || job.plist_path.is_none() {
        return None;
    }
    let program = job.program.as_deref().filter(|path| path.starts_with('/'))?;
    // On the sealed volume scripts have no signature, and need none.
    let sealed = context.baseline.stock.is_apple_place(program);
    let signed = context.ports.trust.signature(program).filter(|_| !sealed)?;
    let how = trust::is_of_another(signed)?;
    let reason = format!("the label {} is Apple's, its program {program} is {how}", job.label);
    Some((reason, &signed.citations))
}

/// A property list that was not collected from its place on the Mac says nothing about places.
fn is_loose(plist: &str) -> bool {
    let lower = plist.to_lowercase();
    !lower.contains("/launchdaemons/")
        && !lower.contains("/launchagents/")
        && !lower.contains("/loginitems/")
}
