//! `systemextensionsctl list` → system extensions.

use super::reading::for_each_line;
use super::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, SystemExtension, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `systemextensionsctl list` → system extensions.
    ///
    /// ## What it proves
    /// Which system extensions were installed at the capture, by which team, and which of them were active.
    /// A network extension sees or relays what other programs send: connections may be shown under its
    /// name, and ports of loopback may be its own.
    ///
    /// ## What it does not
    /// Which sockets it held, or that it relayed anything.
    ///
    /// ## Format source
    /// Output of macOS 10.15 to 26: `--- category`, a header, rows parted by tabs.
    pub SystemExtensions
}

/// The words of the header.
const HEADER: &[&str] = &["enabled", "active", "teamID", "bundleID", "(version)"];

impl Artifact for SystemExtensions {
    fn id(&self) -> &'static str {
        "system-extensions"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_output_of("systemextensionsctl");
        let fits = candidate.lines().any(is_header);
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if !candidate.text.is_empty() => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut category = None;
        let mut announced = None;
        for_each_line(input, out, |number, line, out| {
            if let Some(rest) = line.strip_prefix("--- ") {
                // Newer systems add where to change it.
                category = rest.split_whitespace().next().map(str::to_owned);
            } else if let Some(count) = line.trim_end().strip_suffix(" extension(s)") {
                announced = count.trim().parse::<usize>().ok();
            } else if !is_header(line) && !line.trim().is_empty() {
                row(number, line, category.as_deref(), out);
            }
        })?;
        let told = out.observations.len().saturating_add(out.problems.len());
        match announced {
            Some(count) if count > told => {
                out.partial = true;
                let detail = format!("{count} extensions announced, {told} listed");
                out.problem(Locator::Whole, ProblemKind::Truncated, detail);
                Ok(())
            }
            None if out.observations.is_empty() => {
                let detail = "no list of extensions in it".to_owned();
                Err(ParseError::Malformed { locator: Locator::Whole, detail })
            }
            _ => Ok(()),
        }
    }
}

fn is_header(line: &str) -> bool {
    line.split_whitespace().take(HEADER.len()).eq(HEADER.iter().copied())
}

/// `*`, `*`, team, `bundle (version)`, name, `[state]`.
fn row(number: u64, line: &str, category: Option<&str>, out: &mut Emitter) {
    let cells: Vec<&str> = line.trim_end().split('\t').collect();
    let [_, active, team, bundle, name, state] = cells.as_slice() else {
        let detail = "a row that does not have six cells";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        return;
    };
    let state = state.strip_prefix('[').and_then(|state| state.strip_suffix(']'));
    let bundle = bundle.split_once(" (").map_or(*bundle, |(bundle, _)| bundle).trim();
    let (Some(state), Some(category), false) = (state, category, bundle.is_empty()) else {
        let detail = "an extension without a category, an identifier or a state";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        return;
    };
    let some =
        |text: &str, out: &mut Emitter| (!text.trim().is_empty()).then(|| out.text(text.trim()));
    let extension = SystemExtension {
        category: out.text(category),
        team_id: some(team, out),
        bundle_id: out.text(bundle),
        name: some(name, out),
        active: active.trim() == "*",
        state: out.text(state),
    };
    let fact = Fact::SystemExtension(Box::new(extension));
    out.cite(Locator::Line(number), When::Capture, line, fact);
}
