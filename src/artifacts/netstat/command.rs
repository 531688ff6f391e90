//! The command behind a listing → what it was asked to show.

use crate::artifacts::sockets::invocation::{self, Invocation};

/// Options of Apple's netstat that take no argument.
const FLAGS: &str = "AaBbCcdgilLmnQqRrSstuvWxXzZ";
/// Options that take one.
const WITH_WORD: &str = "pfI";
/// Options that take a number.
const WITH_NUMBER: &str = "wP%";

/// What a netstat command asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Whether the options are known at all.
    pub(super) known: bool,
    /// `-l`: IPv6 addresses in full.
    pub(super) long: bool,
    /// `-W`: IPv4 addresses and names in full.
    pub(super) wide: bool,
    /// `-n`: no names.
    pub(super) numeric: bool,
    /// Lists TCP: no `-p`, or `-p tcp`.
    pub(super) tcp: bool,
    /// Lists UDP.
    pub(super) udp: bool,
    /// Lists IPv4: no `-f`, or `-f inet`.
    pub(super) ipv4: bool,
    /// Lists IPv6.
    pub(super) ipv6: bool,
    /// Filtered by `grep`.
    pub(super) grepped: bool,
}

impl Command {
    /// The command that a file's name tells, as far as it does.
    pub(super) fn of_file(path: &str) -> Self {
        let Some(invocation) = invocation::of_file(path, "netstat") else { return Self::default() };
        if invocation.words.first().is_some_and(|word| word.dashed) {
            return Self::read(&invocation);
        }
        Self { grepped: invocation.grepped, ..Self::default() }
    }

    /// The command in a banner line.
    pub(super) fn of_banner(line: &str) -> Option<Self> {
        let invocation = invocation::of_line(line, "netstat")?;
        // `netstat -an shows all sockets` is prose: only the word behind an option can be its value.
        let mut before = true;
        for word in &invocation.words {
            if !word.dashed && !before {
                return None;
            }
            before = word.dashed;
        }
        Some(Self::read(&invocation))
    }

    fn read(invocation: &Invocation<'_>) -> Self {
        let unknown = Self { grepped: invocation.grepped, ..Self::default() };
        let mut command =
            Self { known: true, tcp: true, udp: true, ipv4: true, ipv6: true, ..unknown };
        let mut words = invocation.words.iter();
        while let Some(word) = words.next().filter(|word| word.dashed) {
            for (at, flag) in word.text.char_indices() {
                if WITH_WORD.contains(flag) || WITH_NUMBER.contains(flag) {
                    let glued = word.text.get(at.saturating_add(flag.len_utf8())..);
                    let glued = glued.filter(|rest| !rest.is_empty());
                    let argument = glued.or_else(|| words.next().map(|word| word.text));
                    let argument = argument.unwrap_or_default();
                    if WITH_NUMBER.contains(flag) && argument.parse::<u32>().is_err() {
                        return unknown;
                    }
                    command.restrict(flag, argument);
                    break;
                }
                if !FLAGS.contains(flag) {
                    // Part of a file's name, not an option: `netstat-notes.txt`.
                    return unknown;
                }
                command.set(flag);
            }
        }
        command
    }

    fn set(&mut self, flag: char) {
        match flag {
            'l' => self.long = true,
            'W' => self.wide = true,
            'n' => self.numeric = true,
            _ => {}
        }
    }

    fn restrict(&mut self, flag: char, argument: &str) {
        match flag {
            'p' => {
                self.tcp = argument == "tcp";
                self.udp = argument == "udp";
            }
            'f' => {
                self.ipv4 = argument == "inet";
                self.ipv6 = argument == "inet6";
            }
            _ => {}
        }
    }
}
