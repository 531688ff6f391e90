//! Evidence → a line for every file: what became of it, which parser claims it, how much it gave.

use super::analyze::complain_of_unusable;
use super::progress::{Bar, watched};
use super::screen::Screen;
use super::{Exit, Failure, summary};
use portolan::pipeline::{self, Collected, Source};
use std::path::PathBuf;

/// Lists what is inside the evidence.
pub(super) fn list(evidence: &[PathBuf], screen: &mut Screen) -> Result<Exit, Failure> {
    let options = pipeline::Options::default();
    let read = watched(Bar::Wanted, |progress| pipeline::run(evidence, &options, progress));
    let collected =
        read.map_err(|error| Failure::Said(format!("no threads to be had: {error}")))?;
    let width = |of: fn(&Source) -> usize| collected.sources.iter().map(of).max().unwrap_or(0);
    let status = width(|source| source.status.as_str().len());
    let artifact = width(|source| source.artifact.map_or(0, str::len));
    let records = width(|source| source.records.to_string().len());
    for source in &collected.sources {
        let place = place(&collected, source);
        screen.line(&format!(
            "{:status$}  {:artifact$}  {:>records$}  {place}",
            source.status.as_str(),
            source.artifact.unwrap_or_default(),
            source.records,
        ))?;
        for problem in &source.problems {
            screen.line(&format!(
                "  {}{}: {}",
                problem.kind.as_str(),
                problem.locator,
                problem.detail
            ))?;
        }
    }
    screen.line("")?;
    screen.line(&summary::read(&collected))?;
    screen.flush()?;
    complain_of_unusable(&collected);
    let usable = (0..collected.evidence.len()).any(|one| summary::is_usable(&collected, one));
    Ok(if usable { Exit::Done } else { Exit::Unusable })
}

/// `evidence!/path`.
fn place(collected: &Collected, source: &Source) -> String {
    let evidence = collected.evidence.get(source.evidence);
    format!("{}!/{}", evidence.map_or("", |evidence| &evidence.label), source.path)
}
