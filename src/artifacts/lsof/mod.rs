//! lsof text and field output → sockets and processes.

mod command;
mod fields;
pub(in crate::artifacts) mod listing;
mod name;
mod text;

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use command::Command;
use fields::Fields;
use text::Table;

const LINUX: &str = "Linux lsof output; portolan analyses macOS acquisitions – file skipped";

/// How a capture of text is named.
const TEXT_EXTENSIONS: &[&str] = &[".txt", ".out", ".log"];

catalog::entry! {
    /// The open Internet sockets that `lsof` printed, with the processes that hold them.
    ///
    /// Read as a table (`lsof -i`, `lsof -nPli`, `lsof -nPl`, with any further column, with or
    /// without its header) and as fields (`lsof -F`, ended by line feeds or by NUL). Every pass of
    /// `lsof -r` is a listing of its own.
    ///
    /// ## What it proves
    ///
    /// That the process held the socket at the capture: a socket in several processes has a row in
    /// each. The first `txt` file of a process is its executable. DEVICE is the kernel's address of
    /// the socket, the same that `netstat -A` prints, unique within a boot.
    ///
    /// ## What it does not
    ///
    /// Without root lsof shows only the processes of one user, so that a missing row proves nothing
    /// about the others; that is taken to be so where all rows are of one user other than root.
    /// COMMAND is cut to nine bytes unless `+c` was given, and never inside an escape: `Google` may
    /// be `Google Chrome`. A name of six bytes or more is therefore a prefix. A row of type `IPv6`
    /// with a wildcard may be an IPv6-only or a dual-stack socket. Without `-P` and `-n` ports and
    /// addresses are names. The listing does not tell when it was taken.
    ///
    /// Passed over and counted: files that are no sockets, sockets without a port (`*:*`), and
    /// sockets of protocols other than TCP and UDP. Linux captures are refused by name.
    ///
    /// ## Format source
    ///
    /// lsof 4.8x and 4.9x as Apple builds it (`print.c`, `dsock.c`, `00FAQ`), held against captures
    /// of 10.9 to 26.
    pub Lsof
}

impl Artifact for Lsof {
    fn id(&self) -> &'static str {
        "lsof"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.name.contains("lsof");
        let textual = TEXT_EXTENSIONS.iter().any(|extension| candidate.name.ends_with(extension));
        let by_collector = ["network", "process"]
            .iter()
            .any(|folder| candidate.path.contains(&format!("/live_response/{folder}/lsof")));
        match looks(candidate) {
            Looks::Foreign => Claim::Refuse(LINUX.to_owned()),
            Looks::Right if named => Claim::Sure,
            Looks::Right => Claim::ByContent,
            Looks::Wrong if by_collector => Claim::ByName,
            Looks::Wrong if named && textual && candidate.text.is_empty() => Claim::ByName,
            Looks::Wrong => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let command = Command::of_file(&input.entry.path);
        let mut table = Table::new(command);
        let mut fields: Option<Fields> = None;
        let mut met = false;
        let read = for_each_line(input, out, |number, line, out| {
            if !met && !line.trim().is_empty() {
                met = true;
                let process = line.split('\0').next().and_then(|line| line.strip_prefix('p'));
                let is_field = process.is_some_and(|pid| pid.parse::<u32>().is_ok());
                fields = is_field.then(|| Fields::new(command));
            }
            match &mut fields {
                Some(fields) => fields.line(number, line, out),
                None => table.line(number, line, out),
            }
        });
        if read.is_err() {
            table.break_off();
            if let Some(fields) = &mut fields {
                fields.break_off();
            }
        }
        table.close(out);
        if let Some(fields) = &mut fields {
            fields.close(out);
        }
        if out.observations.is_empty() {
            out.note("no Internet sockets are listed");
        }
        read
    }
}

/// What the first lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Right,
    Wrong,
    Foreign,
}

fn looks(candidate: &Candidate<'_>) -> Looks {
    if fields::begins(candidate.head) {
        return Looks::Right;
    }
    let (mut all, mut rows, mut foreign, mut header) = (0_usize, 0_usize, 0_usize, false);
    for line in candidate.lines().filter(|line| !line.trim().is_empty()) {
        if text::Header::of(line).is_some() {
            header = true;
        } else if !line.starts_with("lsof:") && !line.starts_with("====") {
            all = all.saturating_add(1);
            rows = rows.saturating_add(usize::from(text::is_row(line)));
            foreign = foreign.saturating_add(usize::from(text::is_foreign_row(line)));
        }
    }
    let mostly = |count: usize| count > 0 && count.saturating_mul(2) >= all;
    if foreign > rows && (header || mostly(foreign)) {
        Looks::Foreign
    } else if header || mostly(rows) {
        Looks::Right
    } else {
        Looks::Wrong
    }
}
