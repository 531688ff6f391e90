//! Programs whose arguments have a grammar of their own → ports.

use super::endpoint::{Declared, End, end, host, port, url};
use super::{netcat, socat, ssh};
use crate::model::network::{Address, Families, Protocol};

/// What a program's arguments say.
#[derive(Default)]
pub(super) struct Found {
    /// The ports.
    pub ports: Vec<Declared>,
    /// The pattern by which it ties a shell to a socket.
    pub shell: Option<&'static str>,
    /// Whether there is nothing left for the common options.
    pub is_complete: bool,
}

impl Found {
    /// All that there is.
    pub(super) fn complete(ports: Vec<Declared>) -> Self {
        Self { ports, shell: None, is_complete: true }
    }

    /// Besides what common options say.
    fn besides(ports: Vec<Declared>) -> Self {
        Self { ports, shell: None, is_complete: false }
    }
}

/// A program with a grammar of its own.
pub(super) struct Tool {
    names: &'static [&'static str],
    /// Name and arguments → what they say.
    pub read: fn(&str, &[&str]) -> Found,
}

const TOOLS: &[Tool] = &[
    Tool { names: &["nc", "ncat", "netcat", "nc.traditional", "telnet"], read: netcat::read },
    Tool { names: &["socat"], read: socat::read },
    Tool { names: &["ssh", "autossh"], read: ssh::read },
    Tool { names: &["sshd"], read: ssh::read_server },
    Tool { names: &["http.server", "simplehttpserver"], read: http_server },
    Tool { names: &["pyftpdlib"], read: ftp_server },
    Tool { names: &["php"], read: php },
    Tool { names: &["ruby"], read: ruby },
    Tool { names: &["node"], read: node },
    Tool { names: &["chisel"], read: chisel },
    Tool { names: &["ngrok"], read: ngrok },
    Tool { names: &["bore"], read: bore },
];

/// The grammar of a program.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.names.contains(&name))
}

/// What the options of an interpreter before its script say.
pub(super) fn interpreter(name: &str, words: &[&str]) -> Vec<Declared> {
    let arguments = words.get(1..).unwrap_or_default();
    find(name).map_or_else(Vec::new, |tool| (tool.read)(name, arguments).ports)
}

/// The value of an option: the next word, or what is attached to it.
fn value<'a>(arguments: &[&'a str], flags: &[&str]) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(at, word)| {
        flags.iter().find_map(|flag| {
            let rest = word.strip_prefix(flag)?;
            match rest.strip_prefix('=') {
                Some(attached) => Some(attached),
                None if rest.is_empty() => arguments.get(at.saturating_add(1)).copied(),
                None if flag.starts_with("--") => None,
                None => Some(rest),
            }
        })
    })
}

/// A listener on a port, with the host that an option names.
fn server(number: u16, bind: Option<&str>, words: &[&str]) -> Declared {
    let listener = Declared::listen(number, words).over(Protocol::Tcp).surely();
    match bind.and_then(host) {
        Some((address, families)) => listener.at(address, families),
        None => listener.at(Address::Any, Families::UNKNOWN),
    }
}

/// `python3 -m http.server [8000] [--bind ADDRESS]`; Python 2's `SimpleHTTPServer`.
fn http_server(name: &str, arguments: &[&str]) -> Found {
    let bind = value(arguments, &["--bind", "-b"]);
    let positional = arguments.iter().find_map(|word| port(word));
    let number = positional.unwrap_or(8000);
    let shown = positional.map_or_else(String::new, |number| format!(" {number}"));
    Found::complete(vec![server(number, bind, &["-m ", name, &shown])])
}

/// `python3 -m pyftpdlib -p 2121 -i ADDRESS`.
fn ftp_server(name: &str, arguments: &[&str]) -> Found {
    let given = value(arguments, &["--port", "-p"]).and_then(port);
    let number = given.unwrap_or(2121);
    let shown = given.map_or_else(String::new, |number| format!(" -p {number}"));
    let bind = value(arguments, &["--interface", "-i"]);
    Found::complete(vec![server(number, bind, &["-m ", name, &shown])])
}

/// `php -S host:N`.
fn php(_name: &str, arguments: &[&str]) -> Found {
    let given = value(arguments, &["-S"]);
    let listener = given.and_then(end).map(|end| {
        let words = ["php -S ", given.unwrap_or_default()];
        Declared::listen_on(end, &words).over(Protocol::Tcp).surely()
    });
    Found::besides(listener.into_iter().collect())
}

/// `ruby -run -e httpd . -p 8080 -b ADDRESS`.
fn ruby(_name: &str, arguments: &[&str]) -> Found {
    if !(arguments.contains(&"-run") && arguments.contains(&"httpd")) {
        return Found::default();
    }
    let given = value(arguments, &["--port", "-p"]).and_then(port);
    let number = given.unwrap_or(8080);
    let shown = given.map_or_else(String::new, |number| format!(" -p {number}"));
    let bind = value(arguments, &["--bind-address", "-b"]);
    Found::complete(vec![server(number, bind, &["ruby -run -e httpd", &shown])])
}

/// `node --inspect[=[host:]port]`: a debugger that runs what it is told.
fn node(_name: &str, arguments: &[&str]) -> Found {
    let debugger = arguments.iter().find_map(|word| {
        let rest = word.strip_prefix("--inspect-brk").or_else(|| word.strip_prefix("--inspect"))?;
        let text = match rest.strip_prefix('=') {
            Some(text) => text,
            None if rest.is_empty() => "9229",
            None => return None,
        };
        let usual = || End {
            address: Address::ip([127, 0, 0, 1]),
            families: Families::V4,
            port: port(text).unwrap_or(9229),
        };
        let end = end(text).unwrap_or_else(usual);
        Some(Declared::listen_on(end, &[word]).over(Protocol::Tcp))
    });
    Found::besides(debugger.into_iter().collect())
}

/// `chisel server -p N`, `chisel client URL [[bind:]local:host:remote | local:socks | R:…]…`.
fn chisel(_name: &str, arguments: &[&str]) -> Found {
    let Some((mode, rest)) = arguments.split_first() else { return Found::default() };
    if *mode == "server" {
        let given = value(rest, &["--port", "-p"]).and_then(port);
        let number = given.unwrap_or(8080);
        let shown = given.map_or_else(String::new, |number| format!(" -p {number}"));
        return Found::complete(vec![server(
            number,
            value(rest, &["--host"]),
            &["chisel server", &shown],
        )]);
    }
    let mut places = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            places.push(*word);
        } else if !word.contains('=') && !matches!(*word, "-v" | "--tls-skip-verify") {
            words.next();
        }
    }
    let Some((first, remotes)) = places.split_first() else { return Found::default() };
    let place = url(first).map(|(end, _, shown)| (end, shown));
    let place = place.or_else(|| Some((end(first)?, (*first).to_owned())));
    let mut ports: Vec<Declared> = place
        .map(|(end, shown)| Declared::connect_to(end, &["chisel client ", &shown]))
        .into_iter()
        .collect();
    // `R:` opens its port at the other side.
    for remote in remotes.iter().filter(|remote| !remote.starts_with("R:")) {
        let pieces: Vec<&str> = remote.split(':').collect();
        let own = match pieces.as_slice() {
            ["socks"] => Some((1080, Some("127.0.0.1"))),
            [number, "socks"] | [number, _, _] => port(number).map(|number| (number, None)),
            [bind, number, _, _] => port(number).map(|number| (number, Some(*bind))),
            _ => None,
        };
        ports.extend(own.map(|(number, bind)| server(number, bind, &["chisel client ", remote])));
    }
    Found::complete(ports.into_iter().map(|port| port.over(Protocol::Tcp).surely()).collect())
}

/// `ngrok tcp 22`, `ngrok http 127.0.0.1:8080`: connects to a port of this Mac for others.
fn ngrok(_name: &str, arguments: &[&str]) -> Found {
    let [kind @ ("tcp" | "http" | "tls"), rest @ ..] = arguments else { return Found::default() };
    let own = rest.iter().find_map(|word| {
        let local = || End {
            address: Address::Name("localhost".into()),
            families: Families::UNKNOWN,
            port: port(word).unwrap_or_default(),
        };
        let end = end(word).or_else(|| port(word).map(|_| local()))?;
        Some(Declared::connect_to(end, &["ngrok ", kind, " ", word]).over(Protocol::Tcp))
    });
    Found::besides(own.into_iter().collect())
}

/// `bore local 8000 --to host`, `bore server`: bore's own port is 7835.
fn bore(_name: &str, arguments: &[&str]) -> Found {
    let mut ports = Vec::new();
    if let [kind @ "local", rest @ ..] = arguments {
        let own = value(rest, &["--local-port"]).or(rest.first().copied()).and_then(port);
        ports.extend(own.map(|number| {
            let words = ["bore ", kind, " ", &number.to_string()];
            let localhost = Address::Name("localhost".into());
            Declared::connect(number, &words).at(localhost, Families::UNKNOWN)
        }));
        let to = value(rest, &["--to", "-t"]);
        ports.extend(to.and_then(host).map(|(address, families)| {
            let words = ["bore ", kind, " --to ", to.unwrap_or_default()];
            Declared::connect(7835, &words).at(address, families)
        }));
    } else if arguments.first() == Some(&"server") {
        ports.push(server(7835, None, &["bore server"]));
    }
    Found::complete(ports.into_iter().map(|port| port.over(Protocol::Tcp)).collect())
}
