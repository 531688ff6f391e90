//! `sfltool dumpbtm` → background items.

use super::{item, path_of};
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{BackgroundItem, Fact, ItemKind, Known, ProblemKind, When};
use crate::model::provenance::Locator;
use std::collections::BTreeMap;

catalog::entry! {
    /// `sfltool dumpbtm` → background items.
    ///
    /// ## What it proves
    /// Which agents, daemons, login items and applications Background Task Management knows, for whom, from
    /// which property list or bundle, with which executable and team, whether its application enabled each and
    /// whether the user (or a profile) allowed it. Jobs that an application registered with `SMAppService` are
    /// listed nowhere else.
    ///
    /// ## What it does not
    /// That a job runs, or ran. The team is what the system found when it registered the item: it tells who
    /// signed the program then, and is believed less than `codesign`. An item is not deleted when its file is.
    ///
    /// ## Format source
    /// Output of macOS 13 to 26: `Records for UID -2 : UUID`, `#1:`, indented `Key: value` lines, `(null)` for
    /// nothing. The words of a disposition are read; its number is not, since its spelling differs between releases.
    pub BtmDump
}

/// Opens the records of a user.
const RECORDS: &str = "Records for UID ";

/// Keys of an item that are read.
const KEYS: &[&str] = &[
    "Name",
    "Developer Name",
    "Team Identifier",
    "Type",
    "Disposition",
    "Identifier",
    "URL",
    "Executable Path",
    "Parent Identifier",
];

impl Artifact for BtmDump {
    fn id(&self) -> &'static str {
        "btm-dump"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_output_of("dumpbtm") || candidate.is_output_of("sfltool");
        let fits = candidate
            .lines()
            .any(|line| line.trim().strip_prefix(RECORDS).is_some_and(|rest| rest.contains(" : ")));
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if !candidate.text.is_empty() => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut dump = Dump::default();
        for_each_line(input, out, |number, line, out| dump.read(number, line, out))?;
        dump.finish(out);
        if dump.owner.is_none() {
            let detail = "no records of a user in it".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        }
        Ok(())
    }
}

/// What is remembered from line to line.
#[derive(Default)]
struct Dump {
    owner: Option<String>,
    /// The item being read: its line and its values by key; a key that came twice has none.
    open: Option<(u64, BTreeMap<&'static str, Option<String>>)>,
}

impl Dump {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let text = line.trim();
        if let Some(rest) = text.strip_prefix(RECORDS) {
            self.finish(out);
            let uid = rest.split_whitespace().next().unwrap_or_default();
            self.owner = Some(uid.to_owned());
        } else if is_head(text) {
            self.finish(out);
            if self.owner.is_none() {
                let detail = "an item before the heading that says whose it is";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
            self.open = Some((number, BTreeMap::new()));
        } else if let Some((_, values)) = &mut self.open {
            let pair = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")));
            let known = pair.and_then(|(key, value)| {
                KEYS.iter().find(|known| **known == key).map(|key| (*key, value.trim()))
            });
            match known {
                Some((key, value)) => take(values, key, value),
                None if text.is_empty() => {}
                None => out.skip("other lines of an item"),
            }
        } else if !text.is_empty() && !text.starts_with("===") {
            out.skip("other lines");
        }
    }

    fn finish(&mut self, out: &mut Emitter) {
        let Some((line, values)) = self.open.take() else { return };
        let owner = self.owner.clone().unwrap_or_default();
        tell(line, &owner, &values, out);
    }
}

/// `#12:` with nothing after it; embedded items stand as `#1: 16.com.example`.
fn is_head(text: &str) -> bool {
    text.strip_prefix('#')
        .and_then(|rest| rest.strip_suffix(':'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A name may hold line feeds, and so the text of another key: what comes twice says nothing.
fn take(values: &mut BTreeMap<&'static str, Option<String>>, key: &'static str, value: &str) {
    let value = (!value.is_empty() && value != "(null)").then(|| value.to_owned());
    values.entry(key).and_modify(|known| *known = None).or_insert(value);
}

fn tell(
    line: u64,
    owner: &str,
    values: &BTreeMap<&'static str, Option<String>>,
    out: &mut Emitter,
) {
    let value = |key: &str| values.get(key).and_then(Option::as_deref);
    let Some(identifier) = value("Identifier") else {
        let detail = "an item without one identifier";
        out.problem(Locator::Line(line), ProblemKind::MalformedRecord, detail);
        return;
    };
    let (kind, legacy) = kind_of(value("Type").unwrap_or_default());
    let disposition = value("Disposition").unwrap_or_default();
    let (enabled, allowed) = disposition_of(disposition);
    if allowed == Known::Unknown {
        let detail = format!("the disposition of {identifier} is not understood");
        out.problem(Locator::Line(line), ProblemKind::MalformedRecord, detail);
    }
    let text = |out: &mut Emitter, key: &str| value(key).map(|value| out.text(value));
    let path =
        |out: &mut Emitter, key: &str| value(key).and_then(path_of).map(|path| out.text(&path));
    let item = BackgroundItem {
        kind,
        legacy,
        enabled,
        allowed,
        name: text(out, "Name"),
        developer: text(out, "Developer Name"),
        team_id: text(out, "Team Identifier"),
        path: path(out, "URL"),
        program: path(out, "Executable Path"),
        parent: text(out, "Parent Identifier"),
        ..item(owner, identifier, out)
    };
    let row = format!("Identifier: {identifier} Disposition: {disposition}");
    let fact = Fact::BackgroundItem(Box::new(item));
    out.cite(Locator::Line(line), When::Capture, &row, fact);
}

/// `legacy daemon (0x10010)`, `curated legacy agent (0x90008)`, `login item (0x4)`.
fn kind_of(text: &str) -> (ItemKind, bool) {
    let words = text.split('(').next().unwrap_or_default();
    let legacy = words.split_whitespace().any(|word| word == "legacy");
    let kind = match words.trim() {
        "app" => ItemKind::App,
        "developer" => ItemKind::Developer,
        other if other.ends_with("login item") => ItemKind::LoginItem,
        other if other.ends_with("agent") => ItemKind::Agent,
        other if other.ends_with("daemon") => ItemKind::Daemon,
        _ => ItemKind::Other,
    };
    (kind, legacy)
}

/// `[enabled, disallowed, visible, notified] (0x9)`.
fn disposition_of(text: &str) -> (Known, Known) {
    let inner = text.split(['[', ']']).nth(1).unwrap_or_default();
    let has = |word: &str| inner.split(',').any(|part| part.trim() == word);
    let one_of = |yes: &str, no: &str| match (has(yes), has(no)) {
        (true, false) => Known::Yes,
        (false, true) => Known::No,
        _ => Known::Unknown,
    };
    (one_of("enabled", "disabled"), one_of("allowed", "disallowed"))
}
