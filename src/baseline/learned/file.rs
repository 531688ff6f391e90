//! `baseline.toml` ⇄ [`LearnedBaseline`] (product.md, baseline and policy files): equal content is equal text.

use super::identity::ProgramKey;
use super::{Entry, LearnedBaseline, Seen, every_role};
use crate::baseline::pattern::{PortSet, Reach, Transport, Way};
use crate::baseline::toml_file::{self, quoted};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use toml::Spanned;

/// The text of a file, as it is laid out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<u32>,
    name: Spanned<String>,
    #[serde(default)]
    entry: Vec<Spanned<EntryRow>>,
    #[serde(default)]
    coverage: Vec<Spanned<Seen>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRow {
    #[serde(default = "every_role")]
    role: String,
    identity: ProgramKey,
    direction: Way,
    protocol: Transport,
    ports: PortSet,
    scope: Reach,
    hosts: Option<u64>,
    observations: Option<u64>,
    #[serde(default)]
    seen: BTreeMap<String, u64>,
    #[serde(default)]
    reason: String,
}

/// Reads a baseline. `file` is its name, for errors: they name file, line and key.
pub fn parse(file: &str, text: &str) -> Result<LearnedBaseline, String> {
    let read: File = toml_file::parse(file, text)?;
    let wrong = |at: usize, what: &str| Err(toml_file::at(file, text, at, what));
    if *read.schema.as_ref() != 1 {
        return wrong(read.schema.span().start, "schema: only 1 is known");
    }
    if read.name.as_ref().trim().is_empty() {
        return wrong(read.name.span().start, "name: is empty");
    }
    let mut baseline = LearnedBaseline { name: read.name.into_inner(), ..Default::default() };
    for row in read.entry {
        let at = row.span().start;
        let row = row.into_inner();
        if row.role.trim().is_empty() {
            return wrong(at, "entry.role: is empty; `*` stands for every role");
        }
        let (told, times) = (row.hosts, row.observations);
        let entry = entry(row);
        if told.is_some_and(|hosts| hosts < entry.hosts) {
            return wrong(at, "entry.hosts: fewer than `seen` names");
        }
        if times.is_some_and(|times| times < entry.observations) {
            return wrong(at, "entry.observations: fewer than `seen` adds up to");
        }
        baseline.entries.push(entry);
    }
    for row in read.coverage {
        let at = row.span().start;
        let row = row.into_inner();
        if row.host.trim().is_empty() || row.role.trim().is_empty() {
            return wrong(at, "coverage.host, role: must not be empty");
        }
        baseline.coverage.push(row);
    }
    baseline.settle();
    Ok(baseline)
}

fn entry(row: EntryRow) -> Entry {
    let mut entry = Entry {
        hosts: row.hosts.unwrap_or(0),
        observations: row.observations.unwrap_or(0),
        role: row.role,
        identity: row.identity,
        direction: row.direction,
        protocol: row.protocol,
        ports: row.ports,
        scope: row.scope,
        seen: row.seen,
        reason: row.reason,
    };
    entry.count();
    entry
}

/// Writes a baseline.
pub fn render(baseline: &LearnedBaseline) -> String {
    let mut text = format!("schema = 1\nname = {}\n", quoted(&baseline.name));
    for entry in &baseline.entries {
        // Writing into a String cannot fail.
        let _ = write_entry(&mut text, entry);
    }
    for row in &baseline.coverage {
        let _ = write_coverage(&mut text, row);
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry) -> std::fmt::Result {
    let parts = entry.identity.parts().map(|(name, value)| format!("{name} = {}", quoted(value)));
    let words = entry.ports.words().iter().map(|word| quoted(word)).collect::<Vec<_>>();
    writeln!(text, "\n[[entry]]")?;
    writeln!(text, "role = {}", quoted(&entry.role))?;
    writeln!(text, "identity = {}", table(parts))?;
    writeln!(text, "direction = \"{}\"", entry.direction.as_str())?;
    writeln!(text, "protocol = \"{}\"", entry.protocol.as_str())?;
    writeln!(text, "ports = [{}]", words.join(", "))?;
    writeln!(text, "scope = \"{}\"", entry.scope.in_words())?;
    writeln!(text, "hosts = {}", entry.hosts)?;
    writeln!(text, "observations = {}", entry.observations)?;
    if !entry.seen.is_empty() {
        let seen = entry.seen.iter().map(|(host, count)| format!("{} = {count}", quoted(host)));
        writeln!(text, "seen = {}", table(seen))?;
    }
    writeln!(text, "reason = {}", quoted(&entry.reason))
}

fn write_coverage(text: &mut String, row: &Seen) -> std::fmt::Result {
    let sees = row.sees.iter().map(|sight| format!("\"{}\"", sight.as_str()));
    writeln!(text, "\n[[coverage]]")?;
    writeln!(text, "host = {}", quoted(&row.host))?;
    writeln!(text, "role = {}", quoted(&row.role))?;
    writeln!(text, "os_version = {}", quoted(&row.os_version))?;
    writeln!(text, "sees = [{}]", sees.collect::<Vec<_>>().join(", "))?;
    writeln!(text, "privileged = {}", row.privileged)
}

/// An inline table.
fn table(parts: impl Iterator<Item = String>) -> String {
    let parts = parts.collect::<Vec<_>>();
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}
