//! Shells, interpreters and the programs that only start another: what of a command line really runs.

use super::words::Command;

/// Shells: what they are given to read, they run.
const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "csh", "tcsh", "fish"];

/// An interpreter: the short options that are followed by code, and the options with a value.
struct Interpreter {
    name: &'static str,
    code: &'static [char],
    valued: &'static [&'static str],
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter { name: "python", code: &['c'], valued: &["-W", "-X", "-Q"] },
    Interpreter { name: "pypy", code: &['c'], valued: &["-W", "-X"] },
    Interpreter { name: "perl", code: &['e', 'E'], valued: &[] },
    Interpreter { name: "ruby", code: &['e'], valued: &["-I", "-r", "-C", "-E"] },
    Interpreter {
        name: "node",
        code: &['e', 'p'],
        valued: &["-r", "--require", "--import", "--loader", "--eval"],
    },
    Interpreter { name: "php", code: &['r'], valued: &["-c", "-d", "-z", "-t", "-S"] },
    Interpreter { name: "osascript", code: &['e'], valued: &["-l", "-s"] },
];

/// A program that starts another: its options with a value, and the words before the other program.
struct Wrapper {
    name: &'static str,
    valued: &'static [&'static str],
    words: usize,
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper { name: "env", valued: &["-u", "-C", "-P"], words: 0 },
    Wrapper { name: "sudo", valued: &["-u", "-g", "-p", "-C", "-D", "-R", "-T", "-h"], words: 0 },
    Wrapper { name: "doas", valued: &["-u", "-C"], words: 0 },
    Wrapper { name: "nice", valued: &["-n"], words: 0 },
    Wrapper { name: "nohup", valued: &[], words: 0 },
    Wrapper { name: "exec", valued: &["-a"], words: 0 },
    Wrapper { name: "command", valued: &[], words: 0 },
    Wrapper { name: "builtin", valued: &[], words: 0 },
    Wrapper { name: "time", valued: &[], words: 0 },
    Wrapper { name: "setsid", valued: &[], words: 0 },
    Wrapper { name: "arch", valued: &["-arch", "-e", "-d"], words: 0 },
    Wrapper { name: "caffeinate", valued: &["-t", "-w"], words: 0 },
    Wrapper { name: "timeout", valued: &["-s", "-k"], words: 1 },
    Wrapper { name: "gtimeout", valued: &["-s", "-k"], words: 1 },
    Wrapper { name: "stdbuf", valued: &["-i", "-o", "-e"], words: 0 },
    Wrapper { name: "proxychains", valued: &["-f"], words: 0 },
    Wrapper { name: "proxychains4", valued: &["-f"], words: 0 },
    Wrapper { name: "npx", valued: &["-p", "--package"], words: 0 },
    Wrapper { name: "bundle", valued: &[], words: 1 },
    Wrapper { name: "busybox", valued: &[], words: 0 },
];

/// Words of the shell that stand before a command.
const RESERVED: &[&str] =
    &["while", "until", "if", "then", "elif", "else", "do", "!", "{", "}", "eval", "trap"];

/// Ends of names of scripts.
const SCRIPT_ENDS: &[&str] = &[
    ".py",
    ".pl",
    ".rb",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".sh",
    ".bash",
    ".zsh",
    ".php",
    ".scpt",
    ".applescript",
    ".command",
    ".tcl",
];

/// Programs that carry their input and output over a socket.
const CARRIERS: &[&str] = &["nc", "ncat", "netcat", "socat", "telnet"];

/// The name of a program: the last part of its path in lower case, without the dash of a login shell
/// and without a version (`/usr/bin/python3.11` → `python`).
pub(super) fn program_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let name = name.strip_prefix('-').unwrap_or(&name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_known = INTERPRETERS.iter().any(|known| known.name == bare);
    if is_known { bare.to_owned() } else { name.to_owned() }
}

/// Whether a name is that of a shell.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// Whether the first word of a command is a shell.
pub(super) fn starts_with_shell(command: &str) -> bool {
    command.split_whitespace().next().is_some_and(|word| is_shell(&program_name(word)))
}

/// Whether a word can be the path of a script.
pub(super) fn is_script_path(word: &str) -> bool {
    word.contains('/') || SCRIPT_ENDS.iter().any(|end| word.ends_with(end))
}

/// `NAME=value` in front of a command.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let sound = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    sound.then_some((name, value))
}

/// Steps over assignments, reserved words and wrappers: the assignments, and the command itself.
pub(super) fn unwrap<'a, 'b>(words: &'b [&'a str]) -> (Vec<(&'a str, &'a str)>, &'b [&'a str]) {
    let mut assignments = Vec::new();
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if let Some(assigned) = assignment(first) {
            assignments.push(assigned);
            rest = after;
        } else if RESERVED.contains(first) {
            rest = after;
        } else if let Some(wrapper) =
            WRAPPERS.iter().find(|wrapper| wrapper.name == program_name(first))
        {
            rest = past_options(after, wrapper.valued);
            let is_count = |word: &&str| wrapper.words > 0 && assignment(word).is_none();
            if rest.first().is_some_and(is_count) {
                rest = rest.get(wrapper.words..).unwrap_or_default();
            }
        } else {
            break;
        }
    }
    (assignments, rest)
}

fn past_options<'a, 'b>(words: &'b [&'a str], valued: &[&str]) -> &'b [&'a str] {
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if *first == "--" {
            return after;
        }
        if !first.starts_with('-') {
            break;
        }
        let skipped = usize::from(valued.contains(first));
        rest = after.get(skipped..).unwrap_or_default();
    }
    rest
}

/// What an interpreter runs.
pub(super) enum Run<'a, 'b> {
    /// A shell script in the arguments.
    Script(String),
    /// Code of another language in the arguments.
    Code(String),
    /// A module by name, with its arguments: `python -m http.server 8000`.
    Command(&'b [&'a str]),
    /// A file, with its arguments.
    File(&'a str, &'b [&'a str]),
}

/// What a program runs, if it is an interpreter and is told.
pub(super) fn run<'a, 'b>(name: &str, arguments: &'b [&'a str]) -> Option<Run<'a, 'b>> {
    if is_shell(name) {
        let mut options = arguments.iter().take_while(|word| word.starts_with(['-', '+']));
        let position = options.position(|word| has_flag(word, &['c']));
        return match position {
            Some(position) => code_after(arguments, position).map(Run::Script),
            None => file(arguments, &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"]),
        };
    }
    let interpreter = INTERPRETERS.iter().find(|known| known.name == name)?;
    let mut position = 0;
    let mut code = String::new();
    while let Some(word) = arguments.get(position).filter(|word| word.starts_with('-')) {
        let after = position.saturating_add(1);
        // Ruby's `-run` loads a library; `-e` then names a method of it.
        let is_library = *word == "-run";
        if name == "python" && *word == "-m" {
            return arguments.get(after..).map(Run::Command);
        }
        if name == "php" && *word == "-f" {
            let path = arguments.get(after)?;
            return Some(Run::File(path, arguments.get(after.saturating_add(1)..)?));
        }
        if name == "ruby" && is_library {
            return None;
        }
        if has_flag(word, interpreter.code) || *word == "--eval" {
            code.push_str(&code_after(arguments, position).unwrap_or_default());
            code.push('\n');
            if name != "osascript" {
                return Some(Run::Code(code));
            }
        }
        let has_value = interpreter.valued.contains(word) || has_flag(word, interpreter.code);
        position = after.saturating_add(usize::from(has_value));
    }
    if !code.is_empty() {
        return Some(Run::Code(code));
    }
    file(arguments, interpreter.valued)
}

fn file<'a, 'b>(arguments: &'b [&'a str], valued: &[&str]) -> Option<Run<'a, 'b>> {
    let (path, rest) = past_options(arguments, valued).split_first()?;
    Some(Run::File(path, rest))
}

/// Whether a cluster of short options (`-lc`) has one of these.
fn has_flag(word: &str, flags: &[char]) -> bool {
    let cluster = word.strip_prefix('-').unwrap_or_default();
    // What follows these is their value: `-rsocket`, `-MIO::Socket`, `-Wignore`.
    let is_attached = cluster.len() > 1 && cluster.starts_with(['-', 'r', 'I', 'M', 'W', 'X']);
    !is_attached && cluster.len() <= 6 && cluster.contains(flags)
}

/// The code after the option at `position`. A command line of `ps` has lost its quotes: then the code
/// goes on to the end.
fn code_after(arguments: &[&str], position: usize) -> Option<String> {
    let mut rest = arguments.get(position.saturating_add(1)..)?;
    while let Some((first, after)) = rest.split_first()
        && first.starts_with('-')
        && !first.contains(char::is_whitespace)
        && !after.is_empty()
    {
        rest = after;
    }
    let first = rest.first()?;
    let whole = first.contains(char::is_whitespace) || rest.len() == 1;
    Some(if whole { (*first).to_owned() } else { rest.join(" ") })
}

/// Whether a command is a shell that runs what it reads: neither a script nor a command is given to it.
fn reads_input(words: &[&str]) -> bool {
    let (_, words) = unwrap(words);
    let Some((program, rest)) = words.split_first() else { return false };
    is_shell(&program_name(program))
        && rest.iter().all(|word| word.starts_with(['-', '+']) && !has_flag(word, &['c']))
}

fn is_interactive(words: &[&str]) -> bool {
    reads_input(words) && words.iter().any(|word| has_flag(word, &['i']))
}

fn carries(words: &[&str]) -> bool {
    let (_, words) = unwrap(words);
    let Some((program, rest)) = words.split_first() else { return false };
    let name = program_name(program);
    CARRIERS.contains(&name.as_str()) || (name == "openssl" && rest.contains(&"s_client"))
}

/// The pattern by which a script ties a shell to a socket.
pub(super) fn tied_to_socket(text: &str, commands: &[Command]) -> Option<&'static str> {
    let words: Vec<Vec<&str>> =
        commands.iter().map(|command| command.words.iter().map(String::as_str).collect()).collect();
    let has_device = text.contains("/dev/tcp/") || text.contains("/dev/udp/");
    let takes_turns = text.contains("while read") && text.contains("<&");
    let reads = words.iter().any(|words| reads_input(words));
    if has_device && (words.iter().any(|words| is_interactive(words)) || takes_turns || reads) {
        return Some("a shell reads from /dev/tcp");
    }
    if text.contains("ztcp ") && text.contains("REPLY") {
        return Some("a shell reads from a socket of zsh/net/tcp");
    }
    let has_fifo = text.contains("mkfifo") || text.contains("mknod");
    if has_fifo && reads && words.iter().any(|words| carries(words)) {
        return Some("a shell and netcat are joined by a named pipe");
    }
    let mut pipeline: (bool, bool) = (false, false);
    for (command, words) in commands.iter().zip(&words) {
        if !command.piped {
            pipeline = (false, false);
        }
        pipeline = (pipeline.0 || reads_input(words), pipeline.1 || carries(words));
        if pipeline == (true, true) {
            return Some("a shell and netcat are joined by a pipe");
        }
    }
    None
}
