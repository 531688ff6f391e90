//! `Recon/system_information.txt` → the Mac's name and version.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `Recon/system_information.txt` → the Mac's name and version.
    ///
    /// ## What it proves
    /// The host name that the system told Aftermath, and the version and build of macOS.
    ///
    /// ## What it does not
    /// The name may be one that a network gave. The commands that follow in the file (`last`, `ifconfig`) are
    /// counted, not read.
    ///
    /// ## Format source
    /// Aftermath (jamf/aftermath): `HostName: x`, `System Version: Version 14.4 (Build 23E214)`. formats.md 3.3.
    pub AftermathSystemInformation
}

impl Artifact for AftermathSystemInformation {
    fn id(&self) -> &'static str {
        "aftermath-system-information"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let looks = candidate.text.starts_with("HostName: ");
        match (candidate.name == "system_information.txt", looks) {
            (true, true) => Claim::Sure,
            (true, false) if candidate.text.contains("System Version: ") => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut named = false;
        let result = for_each_line(input, out, |number, line, out| {
            let locator = Locator::Line(number);
            let mut say =
                |claim: HostClaim| out.cite(locator, When::Capture, line, Fact::Host(claim));
            if let Some(name) = line.strip_prefix("HostName: ").filter(|_| !named) {
                named = true;
                say(HostClaim::Name { rank: 2, name: name.trim().into() });
            } else if let Some(text) = line.strip_prefix("System Version: ") {
                if let Some((version, build)) = version(text) {
                    say(HostClaim::OsVersion(version.into()));
                    say(HostClaim::OsBuild(build.into()));
                } else {
                    let detail = format!("no version: {:?}", cut(text, 60));
                    out.problem(locator, ProblemKind::MalformedRecord, detail);
                }
            } else if !line.trim().is_empty() {
                out.skip("lines about other things");
            }
        });
        if !named {
            let detail = "no line `HostName:`";
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
        result
    }
}

/// `Version 14.4 (Build 23E214)`; the words are in the language of the user.
fn version(text: &str) -> Option<(&str, &str)> {
    let (version, build) = text.trim().strip_suffix(')')?.split_once('(')?;
    let version = version.split_whitespace().last()?;
    let build = build.split_whitespace().last()?;
    let fits = version.starts_with(|c: char| c.is_ascii_digit())
        && build.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some((version, build))
}
