//! What is known of a program and of its use of a port: the questions that the tables answer.

use super::pattern::part_fits;
use crate::model::network::{Protocol, Scope};
use crate::model::service::Direction;
use crate::ports::names_of::is_cut_of;
use crate::ports::place::{canonical, file_name};
use serde::Deserialize;

/// First port that macOS hands out by itself (`net.inet.ip.portrange.hifirst`).
pub const FIRST_EPHEMERAL: u16 = 49152;

/// A cut name shorter than this is too little to compare (lsof keeps 9 characters of the escaped name).
const SHORTEST_CUT: usize = 4;

/// A program, as far as the evidence knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Program<'a> {
    /// Path of its executable. What has no leading slash (`sshd: ana [priv]`) counts as a name.
    pub path: Option<&'a str>,
    /// Its name as a tool printed it.
    pub name: Option<&'a str>,
    /// Whether that name may be cut: then it is a prefix.
    pub name_cut: bool,
    /// Label of its launchd job. For a listener held by launchd: of the job that explains it.
    pub label: Option<&'a str>,
}

impl<'a> Program<'a> {
    /// A program known by its path.
    pub fn at(path: &'a str) -> Self {
        Self { path: Some(path), ..Self::default() }
    }

    /// A program known by its whole name only.
    pub fn named(name: &'a str) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    /// A program known by the first characters of its name only.
    pub fn named_cut(name: &'a str) -> Self {
        Self { name: Some(name), name_cut: true, ..Self::default() }
    }

    /// The same program, run by that job.
    #[must_use]
    pub fn run_by(self, label: &'a str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// Its path, if that is one.
    pub fn place(&self) -> Option<&'a str> {
        self.path.filter(|path| path.starts_with('/'))
    }

    /// The file name of its path.
    pub fn file_name(&self) -> Option<&'a str> {
        self.place().map(file_name)
    }

    /// Whether it is called so: its file name, or where no path is known its name. Used where a match
    /// makes it less suspicious, since a process may choose its name but not so easily its path.
    pub fn is_called(&self, name: &str) -> bool {
        match self.file_name() {
            Some(file) => file == name,
            None => self.shows(name),
        }
    }

    /// Whether its file name or the name it shows is this one. Used where a match makes it more
    /// suspicious. A cut name that is only the beginning of its file name says nothing of its own.
    pub fn goes_by(&self, name: &str) -> bool {
        match self.file_name() {
            Some(file) if file == name => true,
            Some(file) if self.name_cut && self.name.is_some_and(|cut| file.starts_with(cut)) => {
                false
            }
            _ => self.shows(name),
        }
    }

    /// Whether the name that a tool printed is this one, or the beginning of it.
    fn shows(&self, name: &str) -> bool {
        let is_cut_of =
            |shown: &str| self.name_cut && shown.len() >= SHORTEST_CUT && is_cut_of(shown, name);
        self.name.is_some_and(|shown| shown == name || is_cut_of(shown))
            || (self.place().is_none() && self.path == Some(name))
    }
}

/// One use of a port by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Listening, outbound, or inbound.
    pub direction: Direction,
    /// Transport.
    pub protocol: Protocol,
    /// The local port of a listener or of an inbound connection, the remote port of an outbound one.
    pub port: u16,
    /// Reach of the listener; of the peer otherwise.
    pub scope: Scope,
    /// Whether the port lies in the host's ephemeral range.
    pub is_ephemeral: bool,
}

impl Use {
    /// A use on a host with the usual ephemeral range.
    pub fn new(direction: Direction, protocol: Protocol, port: u16, scope: Scope) -> Self {
        Self { direction, protocol, port, scope, is_ephemeral: port >= FIRST_EPHEMERAL }
    }
}

/// The name of a command without what versions add: `/opt/x/bin/python3.11` and `Python` are `python`,
/// the login shell `-zsh` is `zsh`.
pub fn tool_name(path_or_name: &str) -> String {
    let name = file_name(path_or_name).trim_start_matches('-').to_lowercase();
    let bare = name.trim_end_matches("-intel64").trim_end_matches("-32");
    let bare = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let bare = bare.trim_end_matches('-');
    if bare.is_empty() { name } else { bare.to_owned() }
}

/// Which programs a row of the tables speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Who {
    /// Application bundles (`Dropbox.app`; `*` allowed): every program inside one.
    pub apps: Vec<String>,
    /// Pieces of a path (`/Wireshark/extcap/`).
    pub fragments: Vec<String>,
    /// Commands, wherever they lie, without their version (`python` for `python3.11`).
    pub tools: Vec<String>,
    /// Further names, where no path is known.
    pub names: Vec<String>,
}

impl Who {
    /// Whether the program is one of these. A known path decides alone.
    pub fn is(&self, program: &Program<'_>) -> bool {
        match program.place() {
            Some(path) => self.is_at(path),
            None => self.is_named(program),
        }
    }

    /// Whether it names nothing at all.
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
            && self.fragments.is_empty()
            && self.tools.is_empty()
            && self.names.is_empty()
    }

    fn is_at(&self, path: &str) -> bool {
        let path = canonical(path);
        let in_app =
            || path.split('/').any(|part| self.apps.iter().any(|app| part_fits(app, part)));
        let has_fragment =
            || self.fragments.iter().any(|fragment| path.contains(fragment.as_str()));
        let file = file_name(&path);
        let tool = tool_name(file);
        in_app() || has_fragment() || self.tools.iter().any(|name| *name == file || *name == tool)
    }

    fn is_named(&self, program: &Program<'_>) -> bool {
        let tool = program.name.or(program.path).map(tool_name);
        let stems = self.apps.iter().filter_map(|app| app.strip_suffix(".app"));
        let stems = stems.filter(|stem| !stem.contains('*'));
        let mut names = self.names.iter().chain(&self.tools).map(String::as_str).chain(stems);
        names.any(|name| program.shows(name))
            || self.tools.iter().any(|name| Some(name) == tool.as_ref())
    }
}

/// A list of commands, compared without their version and whatever the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ToolList {
    /// Their names, in lower case.
    pub names: Vec<String>,
}

impl ToolList {
    /// Whether the program's file name, or the name it shows, is on the list.
    pub fn has(&self, program: &Program<'_>) -> bool {
        let names = [program.path, program.name];
        names.into_iter().flatten().any(|name| self.has_name(name))
            || self.names.iter().any(|name| program.shows(name))
    }

    /// Whether the command of that path or name is on the list.
    pub fn has_name(&self, path_or_name: &str) -> bool {
        let bare = tool_name(path_or_name);
        let file = file_name(path_or_name);
        self.names.iter().any(|name| *name == bare || *name == file)
    }
}
