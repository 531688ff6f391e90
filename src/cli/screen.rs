//! Lines → standard output, in colour only on a terminal; complaints → standard error.

use portolan::model::anomaly::Severity;
use portolan::write::terminal::escaped;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

/// Standard output.
pub(super) struct Screen {
    out: BufWriter<Stdout>,
    colour: bool,
}

impl Screen {
    /// Standard output, coloured if it is a terminal and `NO_COLOR` is not set.
    pub(super) fn new() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = io::stdout().is_terminal() && !refused;
        Self { out: BufWriter::new(io::stdout()), colour }
    }

    /// Prints a line. Control characters in it cannot act.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escaped(text))
    }

    /// Prints a line that begins with a severity, `width` characters wide, in its colour.
    pub(super) fn severe(&mut self, severity: Severity, rest: &str) -> io::Result<()> {
        let (on, off) = if self.colour { (paint(severity), "\u{1b}[0m") } else { ("", "") };
        writeln!(self.out, "  {on}{:<8}{off} {}", severity.as_str(), escaped(rest))
    }

    /// Sees to it that everything printed has gone out.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn paint(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "\u{1b}[1;31m",
        Severity::High => "\u{1b}[31m",
        Severity::Medium => "\u{1b}[33m",
        Severity::Low => "\u{1b}[36m",
        Severity::Info => "\u{1b}[2m",
    }
}

/// Tells the user on standard error why something did not work.
pub(super) fn complain(why: &str) {
    // Where standard error is closed there is no one to tell.
    let _ = writeln!(io::stderr(), "portolan: {}", escaped(why));
}
