//! Evidence → a line for every file: what became of it, which parser claims it, how much it gave; and whose it is.

use super::analyze::complain_of_unusable;
use super::progress::{Bar, watched};
use super::screen::Screen;
use super::{Exit, Failure, summary};
use portolan::hosts;
use portolan::pipeline::{self, Collected, Source, Status};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Lists what is inside the evidence.
pub(super) fn list(evidence: &[PathBuf], screen: &mut Screen) -> Result<Exit, Failure> {
    let options = pipeline::Options::default();
    let read = watched(Bar::Wanted, |progress| pipeline::run(evidence, &options, progress));
    let mut collected =
        read.map_err(|error| Failure::Said(format!("no threads to be had: {error}")))?;
    let resolved = hosts::resolve(&mut collected, &hosts::Options::default());
    let unclaimed = files(&collected, screen)?;
    for (volume, count) in unclaimed {
        let files = summary::counted(count, "file");
        screen.line(&format!("{files} in {volume} that no parser claims"))?;
    }
    screen.line("")?;
    screen.line(&summary::read(&collected))?;
    summary::hosts(&resolved.cases, screen)?;
    screen.flush()?;
    complain_of_unusable(&collected);
    let usable = (0..collected.evidence.len()).any(|one| summary::is_usable(&collected, one));
    Ok(if usable { Exit::Done } else { Exit::Unusable })
}

/// A line for each file. A disk has thousands that no parser claims: those are counted, by volume.
fn files(collected: &Collected, screen: &mut Screen) -> io::Result<BTreeMap<String, usize>> {
    let width = |of: fn(&Source) -> usize| collected.sources.iter().map(of).max().unwrap_or(0);
    let status = width(|source| source.status.as_str().len());
    let artifact = width(|source| source.artifact.map_or(0, str::len));
    let records = width(|source| source.records.to_string().len());
    let mut unclaimed: BTreeMap<String, usize> = BTreeMap::new();
    for source in &collected.sources {
        let mut volumes = collected.volumes().rev().map(|(_, volume)| volume);
        let volume = volumes.find(|volume| pipeline::is_on(source, volume));
        let is_plain = source.status == Status::Unclaimed && source.problems.is_empty();
        if let Some(volume) = volume.filter(|_| is_plain) {
            let count = unclaimed.entry(place(collected, volume)).or_default();
            *count = count.saturating_add(1);
            continue;
        }
        screen.line(&format!(
            "{:status$}  {:artifact$}  {:>records$}  {}",
            source.status.as_str(),
            source.artifact.unwrap_or_default(),
            source.records,
            place(collected, source),
        ))?;
        if source.is_container() && !source.note.is_empty() {
            screen.line(&format!("  {}", source.note))?;
        }
        for problem in &source.problems {
            let (kind, locator, detail) = (problem.kind.as_str(), problem.locator, &problem.detail);
            screen.line(&format!("  {kind}{locator}: {detail}"))?;
        }
    }
    Ok(unclaimed)
}

/// `evidence!/path`.
fn place(collected: &Collected, source: &Source) -> String {
    let evidence = collected.evidence.get(source.evidence);
    format!("{}!/{}", evidence.map_or("", |evidence| &evidence.label), source.path)
}
