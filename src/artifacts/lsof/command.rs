//! The command behind a listing, as its file's name tells it → what it was asked to show.

use crate::artifacts::sockets::invocation::{self, Word};
use crate::model::network::{Families, Protocol};

/// Options of lsof that stand alone and in clusters (`-nPli`).
const FLAGS: &str = "nPliabCEGhKLMNORStTUvVwXQ";

/// What an lsof command asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Whether it is known to list every Internet socket but for the restrictions below.
    known: bool,
    /// `-iTCP`, `-iUDP`.
    protocol: Option<Protocol>,
    /// `-i4`, `-i6`.
    family: Option<Families>,
    /// `-sTCP:LISTEN`.
    pub(super) only_listeners: bool,
    /// `-sTCP:ESTABLISHED`.
    pub(super) only_connections: bool,
    /// `+c 0`: names in full.
    pub(super) full_names: bool,
    /// Filtered by `grep`.
    pub(super) grepped: bool,
}

impl Command {
    /// The command that a file's name tells, as far as it does.
    pub(super) fn of_file(path: &str) -> Self {
        let Some(invocation) = invocation::of_file(path, "lsof") else { return Self::default() };
        let mut command = Self { grepped: invocation.grepped, ..Self::default() };
        for (at, word) in invocation.words.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| invocation.words.get(at));
            command.take(*word, before);
        }
        if command.grepped {
            // What grep was asked for is not told by the words before it.
            return Self { grepped: true, full_names: command.full_names, ..Self::default() };
        }
        command
    }

    fn take(&mut self, word: Word<'_>, before: Option<&Word<'_>>) {
        let state = word.text.trim_start_matches("sTCP:");
        match state {
            "LISTEN" => self.only_listeners = true,
            "ESTABLISHED" => self.only_connections = true,
            "+c" | "+c0" => self.full_names = true,
            _ => {}
        }
        let after_i = before.is_some_and(|before| before.dashed && before.text.ends_with('i'));
        let selection = match word.text.strip_prefix('i') {
            Some(rest) if word.dashed => rest,
            _ if after_i => word.text,
            _ => "",
        };
        self.select(selection);
        let cluster = word.text.chars().all(|flag| FLAGS.contains(flag));
        self.known |= word.dashed && (cluster || !selection.is_empty());
    }

    /// `4TCP`, `6`, `UDP`, …
    fn select(&mut self, selection: &str) {
        let rest = selection.trim_start_matches(['4', '6']);
        let protocol = match rest.to_ascii_uppercase().as_str() {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "" => None,
            _ => return,
        };
        self.protocol = self.protocol.or(protocol);
        self.family = match selection.chars().next() {
            Some('4') => Some(Families::V4),
            Some('6') => Some(Families::V6),
            _ => self.family,
        };
    }

    /// Whether it is known to list that protocol.
    pub(super) fn lists(&self, protocol: Protocol) -> bool {
        self.known && self.protocol.is_none_or(|only| only == protocol)
    }

    /// Whether it is known to list that family.
    pub(super) fn lists_family(&self, family: Families) -> bool {
        self.known && self.family.is_none_or(|only| only == family)
    }
}
