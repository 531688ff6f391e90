//! lsof's field output (`-F`) → sockets and executables.
//!
//! A field is a letter and its value; `p` begins a process, `f` one of its files. Fields end with a
//! line feed or, with `-F…0`, with NUL, and then a line feed ends the set. Old releases print no `f`:
//! a field met again begins the next file (formats.md 2.1).

use super::command::Command;
use super::listing::{Holder, Layout, Open, Shown};
use super::name;
use crate::artifacts::Emitter;
use crate::model::observation::{ProblemKind, ProcessName};
use crate::model::provenance::Locator;

/// Characters at which a name may be cut.
const MAY_BE_CUT: usize = 9;
/// Bytes of a set that are kept for the citation.
const KEPT: usize = 400;

/// A file of a process, as far as its fields were met.
#[derive(Clone, Debug, Default)]
struct File {
    line: u64,
    row: String,
    met: Vec<char>,
    descriptor: Option<String>,
    kind: Option<String>,
    device: Option<u64>,
    protocol: Option<String>,
    name: Option<String>,
    state: Option<String>,
}

/// The fields being read.
#[derive(Debug)]
pub(super) struct Fields {
    command: Command,
    listing: Option<Open>,
    holder: Holder,
    process: String,
    /// Whether the process has a number.
    known: bool,
    login: bool,
    file: Option<File>,
}

impl Fields {
    pub(super) fn new(command: Command) -> Self {
        let (holder, process) = (Holder::default(), String::new());
        Self { command, listing: None, holder, process, known: false, login: false, file: None }
    }

    /// Reads a line: a field, or a set of them.
    pub(super) fn line(&mut self, number: u64, line: &str, out: &mut Emitter) {
        for field in line.split('\0') {
            let mut rest = field.chars();
            if let Some(id) = rest.next() {
                self.field(number, id, rest.as_str(), out);
            }
        }
        if line.contains('\0') {
            self.flush(out);
        }
    }

    /// Ends the reading before the file's end.
    pub(super) fn break_off(&mut self) {
        self.file = None;
        if let Some(open) = &mut self.listing {
            open.broken = true;
        }
    }

    /// Ends the listing.
    pub(super) fn close(&mut self, out: &mut Emitter) {
        self.flush(out);
        if let Some(open) = self.listing.take() {
            open.close(&self.command, out);
        }
    }

    fn field(&mut self, number: u64, id: char, value: &str, out: &mut Emitter) {
        match id {
            'p' => self.start_process(number, value, out),
            'm' => self.close(out),
            'c' | 'R' | 'u' | 'L' | 'g' if self.file.is_none() => self.of_process(id, value, out),
            'f' => {
                self.flush(out);
                self.file_at(number).descriptor = Some(value.to_owned());
                self.keep(id, value);
            }
            _ => {
                let again =
                    self.file.as_ref().is_some_and(|file| id != 'T' && file.met.contains(&id));
                if again {
                    self.flush(out);
                }
                self.of_file(number, id, value);
            }
        }
    }

    fn start_process(&mut self, number: u64, pid: &str, out: &mut Emitter) {
        self.flush(out);
        self.holder = Holder::default();
        self.login = false;
        self.process = format!("p{}", crate::artifacts::cut(pid, 20));
        let pid = pid.parse();
        self.known = pid.is_ok();
        self.holder.pid = pid.unwrap_or_default();
        if !self.known {
            let detail = "the process has no number; its files are not read";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        }
        self.listing.get_or_insert_with(|| Open::start(number, Layout::Fields, out));
    }

    fn of_process(&mut self, id: char, value: &str, out: &mut Emitter) {
        let Some(open) = &mut self.listing else { return out.skip("fields of no process") };
        match id {
            'c' => {
                open.name_of(value);
                let cut = value.len() >= MAY_BE_CUT;
                self.holder.name = Some(ProcessName { text: out.text(value), cut });
                self.process = format!("{} c{}", self.process, crate::artifacts::cut(value, 40));
            }
            'R' => self.holder.ppid = value.parse().ok().filter(|ppid| *ppid != 0),
            // The login name says more than the number.
            'L' => {
                self.login = true;
                self.holder.user = Some(out.text(value));
            }
            'u' if !self.login => self.holder.user = Some(out.text(value)),
            _ => {}
        }
    }

    fn file_at(&mut self, number: u64) -> &mut File {
        self.file.get_or_insert_with(|| File { line: number, ..File::default() })
    }

    fn keep(&mut self, id: char, value: &str) {
        if let Some(file) = &mut self.file {
            if !file.met.contains(&id) {
                file.met.push(id);
            }
            if file.row.len() < KEPT {
                file.row.push(' ');
                file.row.push(id);
                file.row.push_str(&crate::artifacts::cut(value, KEPT));
            }
        }
    }

    fn of_file(&mut self, number: u64, id: char, value: &str) {
        let known = "alDdosinPtTGkNFCSyzrK".contains(id);
        if !known {
            return;
        }
        let file = self.file_at(number);
        match id {
            't' => file.kind = Some(value.to_owned()),
            'P' => file.protocol = Some(value.to_owned()),
            'n' => file.name = Some(value.to_owned()),
            'd' => {
                let hex = value.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16));
                file.device = hex.and_then(Result::ok).filter(|pcb| *pcb != 0);
            }
            'T' => {
                if let Some(state) = value.strip_prefix("ST=") {
                    file.state = Some(state.to_owned());
                }
            }
            _ => {}
        }
        self.keep(id, value);
    }

    /// Emits the file whose fields are complete.
    fn flush(&mut self, out: &mut Emitter) {
        let Some(file) = self.file.take() else { return };
        let Some(open) = self.listing.as_mut().filter(|_| self.known) else {
            return out.skip("files of unknown processes");
        };
        if let Some(user) = &self.holder.user {
            open.user(user, out);
        }
        let kind = file.kind.as_deref().unwrap_or_default();
        let protocol = file.protocol.as_deref().and_then(name::protocol);
        let row = format!("{}{}", self.process, file.row);
        let descriptor = file.descriptor.as_deref();
        if matches!(kind, "IPv4" | "IPv6") || (kind.is_empty() && protocol.is_some()) {
            if file.protocol.is_some() && protocol.is_none() {
                return out.skip("sockets of other protocols");
            }
            let (state, device) = (file.state.as_deref(), file.device);
            let name = file.name.as_deref().unwrap_or_default();
            let shown = Shown { kind, protocol, name, state, device, descriptor };
            return open.socket((file.line, &row), &self.holder, &shown, out);
        }
        let program = descriptor == Some("txt") && matches!(kind, "REG" | "");
        match file.name.as_deref().filter(|path| program && path.starts_with('/')) {
            Some(path) => {
                let path = out.text(&name::unescaped(path));
                open.executable((file.line, &row), self.holder.clone(), path, out);
            }
            None => out.skip("files that are no sockets"),
        }
    }
}

/// Letters of fields.
const IDS: &str = "acCdDfFgGiklLnNopPrRsStTuzmyK";

/// Whether bytes begin like field output: a process, then fields.
pub(super) fn begins(head: &[u8]) -> bool {
    // Asked of every file: most are told by one byte, without a look at all as text.
    let first = head.iter().find(|byte| !matches!(byte, b'\n' | b'\r' | b'\0'));
    if first != Some(&b'p') {
        return false;
    }
    let head = String::from_utf8_lossy(head);
    let mut fields = head.split(['\n', '\0']).map(|field| field.trim_end_matches('\r'));
    let mut fields = fields.by_ref().filter(|field| !field.is_empty()).take(12);
    let process = fields.next().and_then(|first| first.strip_prefix('p'));
    let rest: Vec<&str> = fields.collect();
    process.is_some_and(|pid| pid.parse::<u32>().is_ok())
        && rest.len() >= 2
        && rest.iter().all(|field| field.starts_with(|id| IDS.contains(id)))
        && rest.iter().any(|field| {
            matches!(*field, "tIPv4" | "tIPv6" | "ftxt" | "fcwd") || field.starts_with('c')
        })
}
