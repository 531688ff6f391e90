//! netstat output of every macOS generation → sockets.

mod claim;
mod columns;
mod command;
mod lines;
mod reader;
mod row;

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::network::Port;
use crate::model::observation::{Fact, Socket};
use reader::{Reader, Whole};

catalog::entry! {
    /// The table of TCP and UDP sockets that `netstat` printed, macOS 10.8 to 26.
    ///
    /// Read from captures of any option set: with or without `-a`, `-n`, `-v`, `-vv`, `-b`, `-A`,
    /// `-l`, `-W`, `-L`, filtered by `grep`, or several runs in one file as `sysdiagnose` writes
    /// them. Every run is a listing of its own.
    ///
    /// ## What it proves
    ///
    /// That the kernel held the socket at the capture, whoever asked: netstat shows the sockets of
    /// all users to any of them. A run with `(including servers)` in its title that was not
    /// filtered also proves that no other TCP or UDP socket of the protocols it lists was held. The
    /// serial number (`gencnt`, macOS 13 and later) and the address (`-A`) of a socket are unique
    /// within a boot.
    ///
    /// ## What it does not
    ///
    /// The process is the last one that used the socket, not its owner: a socket that launchd
    /// made and handed on names the service. It may be gone. Without `-v` there is no process at
    /// all. Without `-a` listeners are not listed, and their absence proves nothing. Without `-l`
    /// IPv6 addresses are cut to 16 characters; with `-A` ports may be cut as well, and are kept as
    /// first digits only. Names of hosts and services (without `-n`) are kept as names. Process
    /// names of exactly 16 characters may be cut. The table does not tell when it was printed, except below the
    /// banners of sysdiagnose (`BEGIN: …, END: …`, a local time of day).
    ///
    /// Passed over and counted: sockets without a port (`*.*`), raw and QUIC sockets, multipath,
    /// unix, kernel and vsock tables, routes, interface counters and statistics. Files that hold
    /// only such tables are claimed if their name says netstat, so that the counts are on record.
    ///
    /// Linux, `ss`, Windows and iOS captures are refused by name. FreeBSD prints the same rows and
    /// cannot be told apart.
    ///
    /// ## Format source
    ///
    /// Apple's `network_cmds` 396 to 741 (`inet.c`, `inet6.c`, `main.c`), held against captures of
    /// 10.10 to 26.
    pub Netstat
}

impl Artifact for Netstat {
    fn id(&self) -> &'static str {
        "netstat"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        claim::claim(candidate)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut reader = Reader::new(&input.entry.path);
        let read = for_each_line(input, out, |number, line, out| reader.line(number, line, out));
        let whole = if read.is_ok() { Whole::Yes } else { Whole::No };
        reader.finish(whole, out)?;
        if out.observations.is_empty() {
            out.note("no Internet sockets are listed");
        }
        note_cut_ports(out);
        read
    }
}

/// Says how many rows cannot become bindings, since netstat cut their port (formats.md 1.3).
fn note_cut_ports(out: &mut Emitter) {
    let is_cut = |socket: &Socket| {
        [&socket.local, &socket.remote].iter().any(|end| matches!(end.port, Port::Cut(_)))
    };
    let sockets = out.observations.iter().filter_map(|observation| match &observation.fact {
        Fact::Socket(socket) => Some(&**socket),
        _ => None,
    });
    let count = sockets.filter(|socket| is_cut(socket)).count();
    if count > 0 {
        out.note(format!("sockets left out of bindings because netstat cut their port: {count}"));
    }
}
