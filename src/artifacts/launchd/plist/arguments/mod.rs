//! A command line → the ports that it names, and whether it ties a shell to a socket (formats.md 4.6).
//!
//! Inference, never proof: a program may ignore its arguments. Each port keeps the words that say so.

mod code;
pub(super) mod endpoint;
mod names;
mod netcat;
mod options;
mod shell;
mod socat;
mod ssh;
mod tools;
mod words;

pub use words::split_command;

use crate::model::service::DeclaredPort;
use endpoint::Declared;

/// Scripts inside of scripts.
const DEPTH: usize = 4;

/// Ports that are kept of one command line.
const PORTS: usize = 256;

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inference {
    /// Ports, each once, in the order of the words.
    pub ports: Vec<DeclaredPort>,
    /// The pattern by which it ties a shell to a socket, in words.
    pub shell_on_socket: Option<&'static str>,
    /// The script that an interpreter runs.
    pub script: Option<String>,
    /// A configuration file that may name ports, and was not read.
    pub config: Option<String>,
}

/// The ports that a program and its arguments name.
pub fn declared_in_arguments(arguments: &[&str]) -> Inference {
    let mut reader = Reader::default();
    let arguments = arguments.get(..words::WORDS).unwrap_or(arguments);
    reader.command(arguments, 0);
    reader.found
}

/// The port that an environment variable names: `PORT`, `*_PORT`, or an address in `*_ADDR` and the like.
/// The token is empty: a value is never shown.
pub(super) fn environment_port(name: &str, value: &str) -> Option<DeclaredPort> {
    options::environment(name, value).map(|declared| declared.0)
}

/// Reads commands, and the scripts inside of them.
#[derive(Default)]
struct Reader {
    found: Inference,
    /// Bytes of scripts that were looked at.
    spent: usize,
}

impl Reader {
    fn add(&mut self, declared: Declared) {
        let port = declared.0;
        let known = self.found.ports.iter().any(|known| {
            (known.direction, &known.address, &known.port, known.protocol)
                == (port.direction, &port.address, &port.port, port.protocol)
        });
        if !known && self.found.ports.len() < PORTS {
            self.found.ports.push(port);
        }
    }

    fn extend(&mut self, declared: impl IntoIterator<Item = Declared>) {
        declared.into_iter().for_each(|declared| self.add(declared));
    }

    fn ties_shell(&mut self, rule: &'static str) {
        self.found.shell_on_socket.get_or_insert(rule);
    }

    /// Reads a command: wrappers and assignments in front are stepped over.
    fn command(&mut self, words: &[&str], depth: usize) {
        if depth > DEPTH {
            return;
        }
        let (assignments, words) = shell::unwrap(words);
        for (name, value) in assignments {
            let declared = options::environment(name, value);
            self.extend(declared.map(|declared| {
                let port = declared.0.port.number().unwrap_or_default().to_string();
                Declared(DeclaredPort { token: endpoint::token(&[name, "=", &port]), ..declared.0 })
            }));
        }
        let Some((program, rest)) = words.split_first() else { return };
        let name = shell::program_name(program);
        match shell::run(&name, rest) {
            Some(shell::Run::Script(text)) => self.script(&text, depth.saturating_add(1)),
            Some(shell::Run::Code(text)) => self.code(&name, &text, depth.saturating_add(1)),
            Some(shell::Run::Command(words)) => self.command(words, depth.saturating_add(1)),
            Some(shell::Run::File(path, rest)) => {
                if shell::is_script_path(path) {
                    self.found.script.get_or_insert_with(|| path.to_owned());
                }
                self.program(shell::program_name(path).as_str(), rest);
                self.interpreter_options(&name, words);
            }
            None => self.program(&name, rest),
        }
    }

    /// Options of an interpreter before its script that open a port: `node --inspect=9229 x.js`.
    fn interpreter_options(&mut self, name: &str, words: &[&str]) {
        let found = tools::interpreter(name, words);
        self.extend(found);
    }

    /// Reads the arguments of a program: as its own table says, if it has one, else by common options.
    fn program(&mut self, name: &str, arguments: &[&str]) {
        if let Some(tool) = tools::find(name) {
            let found = (tool.read)(name, arguments);
            self.extend(found.ports);
            if let Some(rule) = found.shell {
                self.ties_shell(rule);
            }
            if found.is_complete {
                return;
            }
        }
        let found = options::read(name, arguments);
        self.extend(found.ports);
        if let Some(config) = found.config {
            self.found.config.get_or_insert(config);
        }
    }

    /// Cuts a text to what may still be looked at.
    fn afford<'a>(&mut self, text: &'a str) -> &'a str {
        let left = words::SCRIPT.saturating_sub(self.spent).min(text.len());
        let end = (0..=left).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.spent = self.spent.saturating_add(end);
        text.get(..end).unwrap_or_default()
    }

    /// Reads a shell script.
    fn script(&mut self, text: &str, depth: usize) {
        let text = self.afford(text);
        self.extend(code::device_files(text));
        let commands = words::commands(text);
        if let Some(rule) = shell::tied_to_socket(text, &commands) {
            self.ties_shell(rule);
        }
        for command in &commands {
            let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
            self.command(&words, depth);
        }
    }

    /// Reads code of an interpreter other than a shell.
    fn code(&mut self, name: &str, text: &str, depth: usize) {
        let text = self.afford(text);
        if name == "osascript" {
            for script in code::shell_scripts(text) {
                self.script(&script, depth);
            }
            return;
        }
        let found = code::sockets(name, text);
        let has_socket = !found.is_empty() || code::names_socket(text);
        self.extend(found);
        self.extend(code::device_files(text));
        if has_socket && code::starts_shell(text) {
            self.ties_shell("interpreter code gives a socket to a shell");
        }
    }
}
