//! `com.apple.alf.plist` → what the application firewall is set to.

use crate::artifacts::property_list::{Dictionary, Value, boolean, read_dictionary};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, FirewallSetting, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `com.apple.alf.plist` → what the application firewall is set to.
    ///
    /// ## What it proves
    /// Whether the application firewall was set to be on, to block everything, and not to answer probes; which
    /// applications it let in.
    ///
    /// ## What it does not
    /// That it was on: a setting written by hand takes effect at the next start. Of an application only the
    /// states 0 and 3 (allowed) and 2 (blocked) are understood. macOS 15 no longer keeps this file.
    ///
    /// ## Format source
    /// `/Library/Preferences/com.apple.alf.plist` of macOS 10.5 to 14: `globalstate` 0 (off), 1 (on), 2 (blocks all),
    /// `stealthenabled`, `exceptions`, `applications` with the `state` that osquery's `alf_exceptions` shows too.
    pub AlfPlist
}

impl Artifact for AlfPlist {
    fn id(&self) -> &'static str {
        "alf-plist"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        // The copy in /usr/libexec is what macOS came with.
        let is_template = candidate.path.contains("/usr/libexec/");
        if candidate.name != "com.apple.alf.plist" || is_template {
            return Claim::No;
        }
        let is_list = candidate.head.starts_with(b"bplist")
            || candidate.text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        if is_list { Claim::Sure } else { Claim::ByName }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let root = read_dictionary(input, out)?;
        let say = |out: &mut Emitter, row: &str, setting| {
            out.cite(Locator::Whole, When::Undated, row, Fact::Firewall(setting));
        };
        match root.get("globalstate").map(Value::as_unsigned_integer) {
            Some(Some(0)) => say(out, "globalstate = 0", FirewallSetting::State(false)),
            Some(Some(1)) => say(out, "globalstate = 1", FirewallSetting::State(true)),
            Some(Some(2)) => say(out, "globalstate = 2", FirewallSetting::BlockAll(true)),
            Some(_) => {
                let detail = "the state of the firewall is not understood";
                out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
            }
            None => out.note("the state of the firewall is not told"),
        }
        if let Some(stealth) = root.get("stealthenabled").and_then(boolean) {
            let row = format!("stealthenabled = {}", u8::from(stealth));
            say(out, &row, FirewallSetting::Stealth(stealth));
        }
        for key in ["exceptions", "applications"] {
            for entry in root.get(key).and_then(Value::as_array).into_iter().flatten() {
                match entry.as_dictionary().and_then(|entry| application(entry, out)) {
                    Some((row, setting)) => say(out, &row, setting),
                    None => out.skip("entries without a path or an identifier"),
                }
            }
        }
        Ok(())
    }
}

/// An application's row for a citation, and what it is set to.
fn application(entry: &Dictionary, out: &mut Emitter) -> Option<(String, FirewallSetting)> {
    let text = |key: &str| entry.get(key).and_then(Value::as_string);
    let program = text("path").or_else(|| text("bundleid")).filter(|text| !text.is_empty())?;
    let state = entry.get("state").and_then(Value::as_unsigned_integer);
    let allowed = match state {
        Some(0 | 3) => Some(true),
        Some(2) => Some(false),
        _ => None,
    };
    let told = state.map_or_else(String::new, |state| format!(", state = {state}"));
    let row = format!("{program}{told}");
    Some((row, FirewallSetting::Application { program: out.text(program), allowed }))
}
