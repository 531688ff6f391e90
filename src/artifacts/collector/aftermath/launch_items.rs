//! `Persistence/launchItems.txt` → where the property lists lay that Aftermath copied side by side.

use crate::artifacts::reading::{for_each_line, path_of_url};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{Fact, FileTimes, ProblemKind, When};
use crate::model::provenance::Locator;
use std::collections::BTreeMap;

catalog::entry! {
    /// `Persistence/launchItems.txt` → where the property lists lay that Aftermath copied side by side.
    ///
    /// ## What it proves
    /// Which property lists were in `/Library/LaunchDaemons` and `/Library/LaunchAgents`. The copies are in
    /// `Persistence/raw`, without their folders.
    ///
    /// ## What it does not
    /// Nothing of `/System/Library` or of the users' own `~/Library/LaunchAgents`: Aftermath does not read
    /// them. Of two property lists of one name it copies the first only; the other is told as a problem.
    /// What it prints of their content is not read.
    ///
    /// ## Format source
    /// Aftermath (jamf/aftermath): `----- /Library/LaunchDaemons/x.plist -----`, or the same as a `file://` URL,
    /// then the property list in a form that differs by version. formats.md 3.3.
    pub AftermathLaunchItems
}

impl Artifact for AftermathLaunchItems {
    fn id(&self) -> &'static str {
        "aftermath-launch-items"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let named = candidate.name == "launchitems.txt";
        match (named, head(first).is_some()) {
            (true, true) => Claim::Sure,
            (true, false) if !candidate.text.trim().is_empty() => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let mut met = false;
        let result = for_each_line(input, out, |number, line, out| match head(line) {
            Some(path) => {
                met = true;
                read_head(Locator::Line(number), line, &path, &mut known, out);
            }
            None if !line.trim().is_empty() => out.skip("lines of property lists as text"),
            None => {}
        });
        if !met {
            let detail = "no heading that names a property list";
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
        result
    }
}

fn read_head(
    locator: Locator,
    line: &str,
    path: &str,
    known: &mut BTreeMap<String, String>,
    out: &mut Emitter,
) {
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(first) = known.get(&name) {
        let detail = format!(
            "{} was not copied: Persistence/raw holds {} under that name",
            cut(path, 200),
            cut(first, 200)
        );
        out.partial = true;
        return out.problem(locator, ProblemKind::DuplicateName, detail);
    }
    known.insert(name, path.to_owned());
    let times = FileTimes {
        path: Text::from(path),
        uid: None,
        gid: None,
        mode: None,
        modified: None,
        changed: None,
        created: None,
    };
    out.cite(locator, When::Undated, line, Fact::FileTimes(Box::new(times)));
}

/// The path in a heading.
fn head(line: &str) -> Option<String> {
    let inner = line.trim().strip_prefix("----- ")?.strip_suffix(" -----")?.trim();
    let path = path_of_url(inner).unwrap_or_else(|| inner.to_owned());
    (path.starts_with('/') && path.len() > 1).then_some(path)
}
