//! nettop output, as CSV (`-L`) and as text (`-l`) → processes and their sockets.

mod columns;
mod flow;
mod reader;

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use columns::Columns;
use reader::Reader;

catalog::entry! {
    /// The TCP, UDP and QUIC sockets that `nettop` printed, under the processes that use them.
    ///
    /// Read as CSV (`-L`; the header stands before every sample, its columns are what `-J` and `-k` left) and as
    /// text (`-l`, as sysdiagnose saves it). Every sample is a listing of its own.
    ///
    /// ## What it proves
    ///
    /// That the kernel held the socket at the row's time of day, and how many bytes went through it since it was
    /// opened. A QUIC row is a connected UDP socket.
    ///
    /// ## What it does not
    ///
    /// The day: rows tell a local time of day, and the capture's own date decides; where that names no one day,
    /// the rows are dated by the capture, as far apart as they say. As in netstat, the process is the last one that used
    /// the socket. Its name is cut to 15 bytes. `-m`, `-t` and `-p` leave sockets out, and only the file's name or a
    /// banner may tell that they were given: a missing row proves nothing. A wildcard `tcp6` or `udp6` row may be
    /// an IPv6-only or a dual-stack socket. A process may be named like a row: a row that no socket can have is
    /// taken for a process.
    ///
    /// Passed over and counted: sockets without a port (`*:*`).
    ///
    /// ## Format source
    ///
    /// Public captures of macOS 13 and 26; nettop(1). formats.md 2.2.
    pub Nettop
}

impl Artifact for Nettop {
    fn id(&self) -> &'static str {
        "nettop"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.name.contains("nettop");
        let looks = candidate.lines().take(20).any(|line| Columns::of_header(line).is_some());
        match (named, looks) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if candidate.ends_with("/network-info/nettop.txt") => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut reader = Reader::new(&input.entry.path);
        let read = for_each_line(input, out, |number, line, out| reader.line(number, line, out));
        if read.is_err() {
            reader.break_off();
        }
        reader.finish(out);
        if out.observations.is_empty() {
            out.note("no Internet sockets are listed");
        }
        read
    }
}
