//! A `match` → in which ways it covers more than one would want.

use super::matching::Match;
use super::{Approval, Exception};
use crate::baseline::classes::ClassTable;
use crate::baseline::pattern::{PathPattern, PortSet};
use crate::model::Timestamp;
use crate::ports::identity::normalise_path;
use crate::ports::place::file_name;

/// From this many ports on a set is wide.
const WIDE: usize = 1024;

/// Years from today that an exception may hold.
const YEARS: i16 = 2;

/// What an exception leaves open.
pub(super) fn of_exception(
    exception: &Exception,
    classes: &ClassTable,
    today: Timestamp,
) -> Vec<String> {
    let matcher = &exception.matcher;
    let no_program = (!matcher.names_a_program()).then(|| "names no program".to_owned());
    let mut all: Vec<String> = no_program.into_iter().collect();
    all.extend(of_ports(&matcher.ports));
    all.extend(of_program(matcher, matcher.ports.is_empty(), classes));
    if exception.validity.outlasts(YEARS, today) {
        all.push(format!("holds for more than {YEARS} years from today"));
    }
    all
}

/// What an approval leaves open: its ports may be any.
pub(super) fn of_approval(approval: &Approval, classes: &ClassTable) -> Vec<String> {
    let any_port = approval.ports.is_empty() && approval.matcher.ports.is_empty();
    of_program(&approval.matcher, any_port, classes)
}

fn of_ports(sets: &[PortSet]) -> Option<String> {
    let named = (1..=u16::MAX).filter(|port| sets.iter().any(|set| set.names(*port))).count();
    let dynamic = sets.iter().any(PortSet::is_dynamic);
    match (sets.is_empty() || named == usize::from(u16::MAX), dynamic) {
        (true, _) => Some("names no port".to_owned()),
        (false, true) => Some("names every port that the kernel hands out".to_owned()),
        (false, false) => (named >= WIDE).then(|| format!("names {named} ports")),
    }
}

fn of_program(matcher: &Match, any_port: bool, classes: &ClassTable) -> Vec<String> {
    let label = matcher.label.as_deref().filter(|label| is_wide(label));
    let label = label.map(|label| format!("the label {label:?} fits jobs of many makers"));
    let tree = whole_tree(matcher)
        .map(|tree| format!("the path {tree:?} is a tree of programs of many makers"));
    let tool = anything_runs_in(matcher, any_port, classes)
        .map(|name| format!("{name} runs whatever it is told to"));
    [label, tree, tool].into_iter().flatten().collect()
}

/// Whether less than two whole components stand before the first wildcard: `com.*`.
fn is_wide(label: &str) -> bool {
    let label = label.strip_prefix("application.").unwrap_or(label);
    let before = label.split_once('*').map(|(before, _)| before);
    before.is_some_and(|before| before.matches('.').count() < 2)
}

/// The shell or interpreter, if nothing else narrows what is meant.
fn anything_runs_in<'m>(
    matcher: &'m Match,
    any_port: bool,
    classes: &ClassTable,
) -> Option<&'m str> {
    let signed = matcher.team_id.is_some() || matcher.bundle_id.is_some();
    let is_narrow = matcher.label.is_some() || signed || matcher.remote.is_some() || !any_port;
    let path = matcher.path.as_ref().map(|path| file_name(path.as_str()));
    let name = path.or(matcher.process.as_deref()).filter(|_| !is_narrow)?;
    classes.is_shell_or_interpreter_name(name.trim_end_matches('*')).then_some(name)
}

/// The path, if it stands for a tree that programs of many makers lie in, or that users write into.
fn whole_tree(matcher: &Match) -> Option<&str> {
    let path = matcher.path.as_ref()?.as_str();
    let full = if path.ends_with('/') { format!("{path}**") } else { path.to_owned() };
    // What is of one user is as wide as what is of any.
    let asked = PathPattern::try_from(normalise_path(&full));
    let asked = asked.or_else(|_| PathPattern::try_from(full)).ok()?;
    let probe = |folder: &&str| asked.matches(&format!("{folder}\u{1}no-such-program"));
    SHARED.iter().any(probe).then_some(path)
}

/// Folders in which programs of many makers lie.
const SHARED: &[&str] = &[
    "/",
    "/Applications/",
    "/Library/",
    "/Library/Application Support/",
    "/Library/PrivilegedHelperTools/",
    "/System/",
    "/Users/",
    "/Users/Shared/",
    "/Users/\u{1}/",
    "/Users/\u{1}/Applications/",
    "/Users/\u{1}/Desktop/",
    "/Users/\u{1}/Documents/",
    "/Users/\u{1}/Downloads/",
    "/Users/\u{1}/Library/",
    "/Volumes/",
    "/bin/",
    "/opt/",
    "/opt/homebrew/",
    "/opt/homebrew/Cellar/",
    "/opt/homebrew/bin/",
    "/sbin/",
    "/tmp/",
    "/usr/bin/",
    "/usr/libexec/",
    "/usr/local/",
    "/usr/local/Cellar/",
    "/usr/local/bin/",
    "/usr/sbin/",
    "/var/",
    "/var/folders/",
    "/var/folders/\u{1}/\u{1}/",
    "/var/folders/\u{1}/\u{1}/T/",
    "/var/tmp/",
];
