//! `disabled.plist`, `overrides.plist` → overrides.

use crate::artifacts::property_list::{self, Dictionary, Value, boolean};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::service::Domain;

catalog::entry! {
    /// An override database of launchd: which jobs of a domain were switched on or off.
    ///
    /// ## What it proves
    /// For each label that it names, whether launchd would load the job at the next boot or login,
    /// whatever `Disabled` in the property list says. A label that it does not name has no override in
    /// that domain.
    ///
    /// ## What it does not
    /// That a job is loaded or runs now: one that was switched off later may still be loaded, and one
    /// that is switched on may have been booted out. From macOS 13 the user's settings for background
    /// items decide as well, and are kept elsewhere. A file that is cut does not tell which labels it
    /// lacks, so then only what it names is used.
    ///
    /// ## Format source
    /// macOS 10.10 and later: `/private/var/db/com.apple.xpc.launchd/disabled.plist` for the system,
    /// `disabled.UID.plist` for a user; label → true for disabled. 10.6 to 10.9:
    /// `/private/var/db/launchd.db/com.apple.launchd/overrides.plist` and
    /// `com.apple.launchd.peruser.UID/overrides.plist`; label → `Disabled` → boolean.
    pub LaunchdOverrides
}

impl Artifact for LaunchdOverrides {
    fn id(&self) -> &'static str {
        "launchd-overrides"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        match domain(candidate.path) {
            None => Claim::No,
            Some(_) if is_property_list(candidate) => Claim::Sure,
            Some(_) => Claim::ByName,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let path = format!("/{}", input.entry.path.to_lowercase());
        let read = property_list::read_input(input, out)?;
        let Some(entries) = read.value.as_dictionary() else {
            let detail = "the override database holds no dictionary".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        };
        let domain = domain(&path).unwrap_or(Domain::SomeUser);
        // A cut file does not tell which labels it lacks.
        if !read.rescued {
            out.fact(Locator::Whole, When::Undated, Fact::OverridesRead(domain));
        }
        emit(entries, domain, Locator::Whole, out);
        Ok(())
    }
}

/// A whole override database.
pub(in crate::artifacts) fn read(
    entries: &Dictionary,
    domain: Domain,
    locator: Locator,
    out: &mut Emitter,
) {
    out.fact(locator, When::Undated, Fact::OverridesRead(domain));
    emit(entries, domain, locator, out);
}

fn emit(entries: &Dictionary, domain: Domain, locator: Locator, out: &mut Emitter) {
    for (label, value) in entries {
        let disabled = match value {
            Value::Dictionary(entry) => entry.get("Disabled").and_then(boolean),
            value => boolean(value),
        };
        if disabled.is_none() {
            let detail = format!("the override of {:?} is not understood", cut(label, 100));
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        let label = out.text(label);
        let fact = Fact::Override { domain, label, disabled };
        out.fact(locator, When::Undated, fact);
    }
}

fn is_property_list(candidate: &Candidate<'_>) -> bool {
    let visible = candidate.text.trim_start_matches('\u{feff}').trim_start();
    candidate.head.starts_with(b"bplist") || visible.starts_with(['<', '{'])
}

/// The domain that an override database belongs to, from its path in lower case.
pub(in crate::artifacts) fn domain(path: &str) -> Option<Domain> {
    let (folder, name) = path.rsplit_once('/')?;
    let folder = folder.rsplit('/').next().unwrap_or_default();
    if name == "overrides.plist" {
        return match folder.strip_prefix("com.apple.launchd.peruser.") {
            Some(uid) => uid.parse().ok().map(Domain::User),
            None => (folder == "com.apple.launchd").then_some(Domain::System),
        };
    }
    if folder != "com.apple.xpc.launchd" {
        return None;
    }
    match name.strip_prefix("disabled.")?.strip_suffix("plist")? {
        "" => Some(Domain::System),
        uid => uid.strip_suffix('.')?.parse().ok().map(Domain::User),
    }
}
