//! lsof's table → sockets and executables.
//!
//! Widths change with every run and further columns may stand between PID and USER (`-R`, `-g`,
//! `-K`): columns are found by the header and, in a row, from TYPE to both sides (formats.md 2.1).

use super::command::Command;
use super::listing::{Holder, Layout, Open, Shown};
use super::name;
use crate::artifacts::Emitter;
use crate::artifacts::reading::words;
use crate::model::observation::ProcessName;

/// Words of a row that can stand before NAME, with every option that adds a column.
const WORDS: usize = 16;

/// Characters from which a name may be cut at nine: an escape (`\x20`) is never split, so that
/// `Google\x20Chrome` ends as `Google`.
const MAY_BE_CUT: usize = 6;

/// The header's columns by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    names: Vec<String>,
}

impl Header {
    /// The columns of a header; `None` for any other line.
    pub(super) fn of(line: &str) -> Option<Self> {
        if !line.trim_start().starts_with("COMMAND") {
            return None;
        }
        let names: Vec<String> = line.split_whitespace().take(WORDS).map(str::to_owned).collect();
        let starts = names.first().is_some_and(|first| first == "COMMAND");
        let header = Self { names };
        let whole =
            ["PID", "USER", "FD", "TYPE", "NAME"].iter().all(|name| header.at(name).is_some());
        (starts && whole).then_some(header)
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// How many columns stand between the one and the other, the other included.
    fn distance(&self, from: &str, to: &str) -> Option<usize> {
        self.at(to)?.checked_sub(self.at(from)?)
    }
}

/// The table being read.
#[derive(Debug)]
pub(super) struct Table {
    command: Command,
    header: Option<Header>,
    listing: Option<Open>,
}

impl Table {
    pub(super) fn new(command: Command) -> Self {
        Self { command, header: None, listing: None }
    }

    /// Reads a line.
    pub(super) fn line(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if line.starts_with("=====") {
            // `-r` takes the listing again and again.
            return self.close(out);
        }
        if let Some(header) = Header::of(line) {
            self.close(out);
            self.header = Some(header);
            self.listing = Some(Open::start(number, Layout::Text, out));
            return;
        }
        if line.starts_with("lsof:") {
            return out.skip("remarks of lsof");
        }
        self.row((number, line), out);
    }

    /// Ends the reading before the file's end.
    pub(super) fn break_off(&mut self) {
        if let Some(open) = &mut self.listing {
            open.broken = true;
        }
    }

    /// Ends the listing.
    pub(super) fn close(&mut self, out: &mut Emitter) {
        if let Some(open) = self.listing.take() {
            open.close(&self.command, out);
        }
    }

    fn row(&mut self, (number, line): (u64, &str), out: &mut Emitter) {
        let words: Vec<(usize, &str)> = words(line).take(WORDS).collect();
        let word = |at: usize| words.get(at).map(|(_, word)| *word);
        let Some(pid) = word(1).and_then(|pid| pid.parse().ok()) else {
            return out.skip("lines that are no rows");
        };
        let layout = if self.header.is_some() { Layout::Text } else { Layout::Rows };
        let open = self.listing.get_or_insert_with(|| Open::start(number, layout, out));
        let header = self.header.as_ref();
        let last = header.and_then(|header| header.at("TYPE")).unwrap_or(7);
        let kind_at = (3..=last).find(|at| match word(*at) {
            Some("IPv4" | "IPv6") => true,
            Some("REG") => word(at.saturating_sub(1)) == Some("txt"),
            _ => false,
        });
        let user_at = kind_at.map_or_else(
            || header.and_then(|header| header.at("USER")).unwrap_or(2),
            |at| at.saturating_sub(2),
        );
        if let (Some(user), true) = (word(user_at), words.len() > 4) {
            open.user(user, out);
        }
        let Some(kind_at) = kind_at else { return out.skip("files that are no sockets") };
        let row = Row { number, line, words: &words, kind_at, header };
        let shown = word(0).unwrap_or_default();
        open.name_of(shown);
        let holder = row.holder(pid, shown, out);
        if word(kind_at) == Some("REG") {
            row.executable(open, holder, out);
        } else {
            row.socket(open, &holder, out);
        }
    }
}

/// A row whose TYPE was found.
#[derive(Clone, Copy, Debug)]
struct Row<'a> {
    number: u64,
    line: &'a str,
    words: &'a [(usize, &'a str)],
    kind_at: usize,
    header: Option<&'a Header>,
}

impl<'a> Row<'a> {
    fn word(&self, at: usize) -> Option<&'a str> {
        self.words.get(at).map(|(_, word)| *word)
    }

    fn before_type(&self, columns: usize) -> Option<&'a str> {
        self.word(self.kind_at.checked_sub(columns)?)
    }

    fn holder(&self, pid: u32, shown: &str, out: &mut Emitter) -> Holder {
        // Optional columns on the left (`-K`) may be blank: count from TYPE.
        let parent = self.header.and_then(|header| header.distance("PPID", "TYPE"));
        let parent = parent.and_then(|columns| self.before_type(columns)?.parse().ok());
        let text = out.text(&name::unescaped(shown));
        Holder {
            pid,
            ppid: parent.filter(|parent| *parent != 0),
            user: self.before_type(2).map(|user| out.text(user)),
            name: Some(ProcessName { text, cut: shown.len() >= MAY_BE_CUT }),
        }
    }

    fn executable(&self, open: &mut Open, holder: Holder, out: &mut Emitter) {
        let after = self.words.iter().skip(self.kind_at);
        let path = after.filter(|(_, word)| word.starts_with('/')).map(|(at, _)| *at).next();
        let Some(path) = path.and_then(|at| self.line.get(at..)) else {
            return out.skip("files that are no sockets");
        };
        let path = out.text(&name::unescaped(path));
        open.executable((self.number, self.line), holder, path, out);
    }

    fn socket(&self, open: &mut Open, holder: &Holder, out: &mut Emitter) {
        let kind = self.word(self.kind_at).unwrap_or_default();
        let after = self.kind_at.saturating_add(1);
        let node = (after..self.words.len())
            .find(|at| self.word(*at).is_some_and(|word| name::protocol(word).is_some()));
        let Some((node, protocol)) =
            node.and_then(|at| Some((at, name::protocol(self.word(at)?)?)))
        else {
            if self.words.len() > after.saturating_add(3) {
                return out.skip("sockets of other protocols");
            }
            return open.malformed(self.number, "the row ends before its addresses", out);
        };
        let start = self.words.get(node).map_or(0, |(at, word)| at.saturating_add(word.len()));
        let shown = Shown {
            kind,
            protocol: Some(protocol),
            name: self.line.get(start..).unwrap_or_default().trim(),
            state: None,
            device: self.device(node),
            descriptor: self.before_type(1),
        };
        open.socket((self.number, self.line), holder, &shown, out);
    }

    /// DEVICE: the kernel's address of the socket.
    fn device(&self, node: usize) -> Option<u64> {
        let between = self.words.get(self.kind_at..node)?;
        let same =
            self.header.and_then(|header| header.distance("TYPE", "NODE")) == Some(between.len());
        let at = self.header.and_then(|header| header.distance("TYPE", "DEVICE")).filter(|_| same);
        let hex = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
        match at {
            Some(at) => between.get(at).and_then(|(_, word)| hex(word)),
            None => between.iter().find_map(|(_, word)| hex(word)),
        }
    }
}

/// Whether a line is a row of an Internet socket: for files that lost their header.
pub(super) fn is_row(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(WORDS).collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let Some(at) = (4..=7).find(|at| matches!(word(*at), "IPv4" | "IPv6")) else { return false };
    let rest = words.get(at..).unwrap_or_default();
    word(1).parse::<u32>().is_ok()
        && rest.iter().any(|word| word.starts_with("0x"))
        && rest.iter().any(|word| name::protocol(word).is_some())
}

/// Whether a row is Linux's: its DEVICE is the number of an inode.
pub(super) fn is_foreign_row(line: &str) -> bool {
    let mut words = line.split_whitespace().skip(1);
    let pid = words.next().is_some_and(|pid| pid.parse::<u32>().is_ok());
    let mut rest = words.skip(2).skip_while(|word| !matches!(*word, "IPv4" | "IPv6"));
    let device = rest.nth(1).is_some_and(|device| device.parse::<u64>().is_ok());
    pid && device && rest.any(|word| name::protocol(word).is_some())
}
