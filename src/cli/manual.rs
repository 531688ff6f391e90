//! Pages of the manual → the screen.

use super::screen::Screen;
use super::{Exit, Failure};
use portolan::artifacts::ARTIFACTS;
use portolan::rules::RULES;

/// Lists the artifacts, or shows the page of one.
pub(super) fn artifacts(id: Option<&str>, screen: &mut Screen) -> Result<Exit, Failure> {
    let pages: Vec<_> = ARTIFACTS.iter().map(|one| (one.id(), one.manual())).collect();
    show("artifact", &pages, id, screen)
}

/// Lists the rules, or shows the page of one.
pub(super) fn rules(id: Option<&str>, screen: &mut Screen) -> Result<Exit, Failure> {
    let pages: Vec<_> = RULES.iter().map(|one| (one.id(), one.manual())).collect();
    let id = id.map(str::to_uppercase);
    show("rule", &pages, id.as_deref(), screen)
}

/// Lists pages by their first sentence, or shows one. `kind` is what a page is about.
fn show(
    kind: &str,
    pages: &[(&str, &str)],
    id: Option<&str>,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let Some(id) = id else {
        let width = pages.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
        for (id, page) in pages {
            let first = page.lines().next().unwrap_or_default().trim();
            screen.line(&format!("{id:width$}  {first}"))?;
        }
        screen.flush()?;
        return Ok(Exit::Done);
    };
    let Some((id, page)) = pages.iter().find(|(one, _)| *one == id) else {
        let kinds = format!("portolan {kind}s");
        return Err(Failure::Said(format!("there is no {kind} {id:?}: `{kinds}` lists them")));
    };
    screen.line(id)?;
    screen.line("")?;
    for line in page.lines() {
        // A doc comment has a blank behind its slashes.
        screen.line(line.strip_prefix(' ').unwrap_or(line))?;
    }
    screen.flush()?;
    Ok(Exit::Done)
}
