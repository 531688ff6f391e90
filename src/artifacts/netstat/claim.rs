//! A file's name and first lines → whether it is netstat output of a Mac.

use super::columns::Columns;
use super::lines::{self, Mark, Table};
use super::row;
use crate::artifacts::sockets::endpoint::is_colon_style;
use crate::artifacts::{Candidate, Claim, Emitter};

/// How a capture of text is named.
const TEXT_EXTENSIONS: &[&str] = &[".txt", ".out", ".log"];

/// Lines in which the output of another system shows itself, blank ones not counted.
const FIRST_LINES: usize = 5;

/// What the first lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A table of Internet sockets.
    Sockets,
    /// Another output of netstat: routes, counters, statistics, banners.
    Other,
    /// The same of another system.
    Foreign(&'static str),
    /// Something else.
    None,
}

/// Whether the file is netstat's.
///
/// Tables of routes and interfaces are claimed only under netstat's name: they hold no sockets, but
/// a reader of `sources` should see that the file was looked at and what was passed over.
pub(super) fn claim(candidate: &Candidate<'_>) -> Claim {
    let named = candidate.name.contains("netstat");
    if named && ["iphone-os", "iphone_os", "ipad-os"].iter().any(|os| candidate.path.contains(os)) {
        return Claim::Refuse(lines::IOS.to_owned());
    }
    let by_collector = candidate.path.contains("/live_response/network/netstat");
    let textual = TEXT_EXTENSIONS.iter().any(|extension| candidate.name.ends_with(extension));
    match shape(candidate) {
        Shape::Foreign(reason) => Claim::Refuse(reason.to_owned()),
        Shape::Sockets if named => Claim::Sure,
        Shape::Sockets => Claim::ByContent,
        Shape::Other if named => Claim::ByName,
        Shape::None if by_collector => Claim::ByName,
        Shape::None if named && textual && candidate.text.is_empty() => Claim::ByName,
        Shape::Other | Shape::None => Claim::No,
    }
}

fn shape(candidate: &Candidate<'_>) -> Shape {
    let full = || candidate.lines().map(str::trim_end).filter(|line| !line.is_empty());
    if let Some(reason) = full().take(FIRST_LINES).find_map(lines::foreign) {
        return Shape::Foreign(reason);
    }
    let (mut all, mut rows, mut foreign) = (0_usize, 0_usize, 0_usize);
    let (mut title, mut header, mut other) = (false, false, false);
    let mut statistics = false;
    for line in full() {
        let counter = statistics && line.starts_with('\t');
        statistics = lines::is_statistics(line);
        other |= counter;
        if statistics || counter {
            all = all.saturating_add(1);
            continue;
        }
        all = all.saturating_add(1);
        if Columns::of_header(line).is_some() {
            header = true;
        } else if let Some(parts) = row::parts(line) {
            if is_colon_style(parts.local) && is_colon_style(parts.foreign) {
                foreign = foreign.saturating_add(1);
            } else if is_row(&parts) {
                rows = rows.saturating_add(1);
            }
        } else {
            match lines::mark(line) {
                Some(Mark::Title(Table::Queues)) => header = true,
                Some(Mark::Title(Table::Internet)) => title = true,
                Some(_) => other = true,
                None => {}
            }
        }
    }
    // A text that quotes a row or two is not a capture: most lines must be rows.
    let mostly = |count: usize| count > 0 && count.saturating_mul(2) >= all;
    if mostly(foreign) {
        Shape::Foreign(lines::foreign_rows())
    } else if header || mostly(rows) || (title && rows > 0) {
        Shape::Sockets
    } else if other || title {
        Shape::Other
    } else {
        Shape::None
    }
}

/// Whether both ends and the state of a row are what Apple's netstat prints.
fn is_row(parts: &row::Parts<'_>) -> bool {
    let Some((_, remote)) =
        parts.ends(&super::command::Command::default(), &mut Emitter::default())
    else {
        return false;
    };
    row::state_of(parts.state().0, &remote).is_some()
}
