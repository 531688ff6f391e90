//! `SystemVersion.plist`, `sw_vers` → macOS version and build.

use super::property_list;
use super::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `SystemVersion.plist`, `sw_vers` → macOS version and build.
    ///
    /// ## What it proves
    /// Which version (`15.4`) and build (`24E248`) of macOS the volume or the running system has. It
    /// decides what counts as stock, and which layout netstat printed. A product other than macOS
    /// (`iPhone OS`) ends the analysis of that host.
    ///
    /// ## What it does not
    /// When that version was installed. A Mac that was upgraded, but not yet restarted, shows the new
    /// version on disk while the old one runs. Copies inside simulators, updates and the Preboot volume
    /// are not read: they are not the host's.
    ///
    /// ## Format source
    /// `/System/Library/CoreServices/SystemVersion.plist` (keys `ProductName`, `ProductVersion`,
    /// `ProductBuildVersion`); `sw_vers` prints the same as `ProductName:\t\tmacOS` lines, with
    /// `ProductVersionExtra` (`(a)`) for rapid security responses since macOS 13. formats.md 2.7.
    pub SystemVersion
}

/// Folders that hold systems other than the one that ran.
const NOT_THE_HOST: &[&str] =
    &["/library/", "/runtimeroot/", ".app/", "/preboot/", "/recovery/", "/private/var/"];

impl Artifact for SystemVersion {
    fn id(&self) -> &'static str {
        "system-version"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        if let Some(root) =
            candidate.path.strip_suffix("/system/library/coreservices/systemversion.plist")
        {
            let root = format!("{root}/");
            let inside = NOT_THE_HOST.iter().any(|folder| root.contains(folder));
            return if inside { Claim::No } else { Claim::Sure };
        }
        let looks = candidate.lines().any(|line| line.starts_with("ProductVersion:"));
        match (candidate.name.starts_with("sw_vers"), looks) {
            (true, true) => Claim::Sure,
            (false, true) if candidate.text.starts_with("ProductName:") => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        if !input.entry.path.to_lowercase().ends_with(".plist") {
            // Of another product its version says nothing.
            let mut foreign = false;
            return for_each_line(input, out, |number, line, out| {
                if let Some((key, value)) = line.split_once(':') {
                    let (key, value) = (key.trim(), value.trim());
                    if !foreign {
                        say(out, Locator::Line(number), &When::Capture, (key, value));
                    }
                    foreign |= is_foreign(key, value);
                }
            });
        }
        let dictionary = property_list::read_dictionary(input, out)?;
        let texts = || dictionary.iter().filter_map(|(key, value)| Some((key, value.as_string()?)));
        let foreign = texts().any(|(key, value)| is_foreign(key, value));
        for (key, value) in texts() {
            if !foreign || is_foreign(key, value) {
                say(out, Locator::Whole, &When::Undated, (key, value));
            }
        }
        if out.observations.is_empty() {
            let detail = "a SystemVersion.plist without version and build";
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
        Ok(())
    }
}

/// Emits what one key says; keys that say nothing about the host are passed over.
fn say(out: &mut Emitter, locator: Locator, when: &When, (key, value): (&str, &str)) {
    if value.is_empty() {
        return;
    }
    let text = out.text(value);
    let claim = match key {
        "ProductVersion" => HostClaim::OsVersion(text),
        "ProductBuildVersion" | "BuildVersion" => HostClaim::OsBuild(text),
        "ProductName" if !is_macos(value) => HostClaim::NotMacOs(text),
        "ProductVersionExtra" => {
            out.note(format!("rapid security response {value}"));
            return;
        }
        _ => return,
    };
    out.cite(locator, when.clone(), &format!("{key}: {value}"), Fact::Host(claim));
}

/// Whether this names another product than macOS.
fn is_foreign(key: &str, value: &str) -> bool {
    key == "ProductName" && !value.is_empty() && !is_macos(value)
}

fn is_macos(product: &str) -> bool {
    let product = product.to_lowercase();
    product.starts_with("macos") || product.starts_with("mac os x")
}
