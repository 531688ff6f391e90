//! `launchctl print-disabled` → overrides.

use super::{domain_name, overrides_of};
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::service::Domain;

catalog::entry! {
    /// `launchctl print-disabled` → overrides.
    ///
    /// ## What it proves
    /// Which labels the override database of a domain keeps from loading (`disabled`, or `true` on older
    /// systems) and which it lets load whatever their property list says. A label that it does not name
    /// has no override.
    ///
    /// ## What it does not
    /// Whether a job is loaded: it may have been disabled after it was loaded. The output does not name
    /// its domain: it is taken from a command line above it (`launchctl print-disabled user/501`), else
    /// from the file's name (`print-disabled_system`, `…_user_501`, `…-gui-501`), else taken for the
    /// system's, which the note of the source then says.
    ///
    /// ## Format source
    /// Output of macOS 10.14 to 27: `disabled services = {`, rows `"label" => value`; the closing brace
    /// may be indented more than the head.
    pub LaunchctlPrintDisabled
}

/// The head of the block.
const HEAD: &str = "disabled services = ";

impl Artifact for LaunchctlPrintDisabled {
    fn id(&self) -> &'static str {
        "launchctl-print-disabled"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named =
            candidate.name.contains("print-disabled") || candidate.name.contains("print_disabled");
        // In the dump of a domain the block stands inside another one.
        let mut heads = candidate.lines().filter(|line| line.trim_end().ends_with('{'));
        let fits = heads.next().is_some_and(|line| line.trim_start().starts_with(HEAD))
            || candidate.lines().any(|line| line.trim_start().starts_with("disabled services = ("));
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) => Claim::ByName,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let name = input.entry.path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let mut listing = Listing { named: domain_in(&name), ..Listing::default() };
        for_each_line(input, out, |number, line, out| listing.read(number, line, out))?;
        if listing.section != Section::Outside {
            out.partial = true;
            let detail = "the listing ends before its closing brace";
            out.problem(Locator::Whole, ProblemKind::Truncated, detail);
        }
        Ok(())
    }
}

/// The domain in a file name or a command line: what stands after `print-disabled`.
fn domain_in(text: &str) -> Option<Domain> {
    let at = text.find("print-disabled").or_else(|| text.find("print_disabled"))?;
    let rest = text.get(at..)?.get("print-disabled".len()..)?;
    let mut words =
        rest.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    match words.next()? {
        "system" => Some(Domain::System),
        "user" | "gui" => words.next()?.parse().ok().map(Domain::User),
        number => number.parse().ok().map(Domain::User),
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Listing {
    /// The domain that the file's name tells, or the last command line.
    named: Option<Domain>,
    /// The block being read.
    section: Section,
}

/// A block of the listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    /// None.
    #[default]
    Outside,
    /// The overrides of a domain.
    Overrides(Domain),
    /// Another (`login item associations`).
    Other,
}

impl Listing {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let text = line.trim();
        match self.section {
            Section::Overrides(_) | Section::Other if text == "}" => {
                self.section = Section::Outside;
            }
            Section::Overrides(domain) => read_override(number, line, domain, out),
            Section::Other => out.skip("entries of other blocks"),
            Section::Outside => self.read_head(number, text, out),
        }
    }

    fn read_head(&mut self, number: u64, text: &str, out: &mut Emitter) {
        if let Some(value) = text.strip_prefix(HEAD) {
            let domain = self.named.unwrap_or_else(|| {
                out.note("neither a command line nor the file's name tells the domain; taken for the system's");
                Domain::System
            });
            out.fact(Locator::Line(number), When::Capture, Fact::OverridesRead(domain));
            // `(no disabled services)` stands in the place of an empty block.
            if value == "{" {
                self.section = Section::Overrides(domain);
            }
        } else if text.ends_with(" = {") {
            self.section = Section::Other;
        } else if let Some(domain) = domain_in(text).or_else(|| bare_domain(text)) {
            self.named = Some(domain);
        } else if !text.is_empty() && text != "}" {
            out.skip("lines outside a block");
        }
    }
}

/// A heading that is nothing but a domain: `user/501`, `system:`.
fn bare_domain(text: &str) -> Option<Domain> {
    let bare = text.trim_matches(|c: char| "#=-: ".contains(c));
    domain_name(bare).and_then(|domain| overrides_of(&domain))
}

/// Reads `"label" => disabled`. An unknown value says neither.
pub(super) fn read_override(number: u64, line: &str, domain: Domain, out: &mut Emitter) {
    let text = line.trim();
    if text.is_empty() {
        return;
    }
    let entry = text.rsplit_once(" => ").and_then(|(label, value)| {
        let label = label.trim();
        let label =
            label.strip_prefix('"').and_then(|label| label.strip_suffix('"')).unwrap_or(label);
        (!label.is_empty()).then_some((label, value.trim()))
    });
    let Some((label, value)) = entry else {
        let detail = "the line is not an entry of the overrides";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        return;
    };
    // `true` means that the job is disabled.
    let disabled = match value {
        "disabled" | "true" => Some(true),
        "enabled" | "false" => Some(false),
        _ => None,
    };
    let label = out.text(label);
    out.cite(
        Locator::Line(number),
        When::Capture,
        line,
        Fact::Override { domain, label, disabled },
    );
}
