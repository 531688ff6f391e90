//! Code of an interpreter, and of `AppleScript` → the sockets that it opens, and whether it starts a
//! shell.
//!
//! Patterns of calls, not a parser. Quotes do not matter: `ps` prints the code as it was, a property
//! list may have lost some to a shell.

use super::endpoint::{Declared, End, end, host, port, url};
use crate::model::network::Protocol;
use std::collections::BTreeMap;

/// The order of a call's arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    HostPort,
    PortHost,
    /// The port alone, or a host and a port.
    Port,
}

/// A call that opens a socket.
struct Call {
    /// The interpreter, or none for any.
    language: Option<&'static str>,
    start: &'static str,
    order: Order,
    listens: bool,
}

const fn call(start: &'static str, order: Order, listens: bool) -> Call {
    Call { language: None, start, order, listens }
}

const CALLS: &[Call] = &[
    call("connect((", Order::HostPort, false),
    call("connect_ex((", Order::HostPort, false),
    call("create_connection((", Order::HostPort, false),
    call("TCPSocket.open(", Order::HostPort, false),
    call("TCPSocket.new(", Order::HostPort, false),
    call("Socket.tcp(", Order::HostPort, false),
    call("fsockopen(", Order::HostPort, false),
    call("bind((", Order::HostPort, true),
    call("HTTPServer((", Order::HostPort, true),
    call("TCPServer((", Order::HostPort, true),
    call("UDPServer((", Order::HostPort, true),
    call("create_server((", Order::HostPort, true),
    call("TCPServer.new(", Order::Port, true),
    call("TCPServer.open(", Order::Port, true),
    call("pack_sockaddr_in(", Order::PortHost, false),
    Call { language: Some("node"), start: "connect(", order: Order::PortHost, listens: false },
    Call {
        language: Some("node"),
        start: "createConnection(",
        order: Order::PortHost,
        listens: false,
    },
    Call { language: Some("node"), start: ".listen(", order: Order::PortHost, listens: true },
    Call { language: Some("perl"), start: "sockaddr_in(", order: Order::PortHost, listens: false },
];

/// Words by which code opens a socket.
const SOCKETS: &[&str] = &[
    "socket",
    "TCPSocket",
    "fsockopen",
    "Socket::INET",
    "IO::Socket",
    "net.connect",
    "net.Socket",
    "TCPServer",
];

/// Words by which code starts a program or joins descriptors.
const STARTS: &[&str] = &[
    "dup2",
    "subprocess",
    "pty.spawn",
    "os.system",
    "popen",
    "Popen",
    "exec",
    "spawn",
    "system(",
    "STDIN,",
    "child_process",
    "proc_open",
    "fdopen",
    "system ",
];

/// Characters of code that the arguments of a call may take.
const ARGUMENTS: usize = 200;

/// Calls that are looked at.
const CALL_COUNT: usize = 64;

/// `/dev/tcp/HOST/PORT` and `/dev/udp/…`, which bash and ksh open as sockets.
pub(super) fn device_files(text: &str) -> Vec<Declared> {
    let mut found = Vec::new();
    for (device, protocol) in [("/dev/tcp/", Protocol::Tcp), ("/dev/udp/", Protocol::Udp)] {
        for rest in text.split(device).skip(1).take(CALL_COUNT) {
            let Some((place, rest)) = rest.split_once('/') else { continue };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).take(6).collect();
            let Some((number, (address, families))) =
                port(&digits).zip(host(place)).filter(|_| !place.is_empty())
            else {
                continue;
            };
            let peer = Declared::connect(number, &[device, place, "/", &digits]);
            found.push(peer.at(address, families).over(protocol).surely());
        }
    }
    found
}

/// The scripts that `AppleScript` gives to a shell: `do shell script "…"`.
pub(super) fn shell_scripts(code: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    for rest in code.split("do shell script").skip(1).take(CALL_COUNT) {
        let Some((_, rest)) = rest.split_once('"') else { continue };
        let mut script = String::new();
        let mut characters = rest.chars();
        while let Some(c) = characters.next() {
            match c {
                '"' => break,
                '\\' => script.extend(characters.next()),
                c => script.push(c),
            }
        }
        scripts.push(script);
    }
    scripts
}

/// Whether code mentions sockets at all.
pub(super) fn names_socket(code: &str) -> bool {
    SOCKETS.iter().any(|word| code.contains(word))
}

/// Whether code starts a shell.
pub(super) fn starts_shell(code: &str) -> bool {
    let shells = ["/bin/sh", "/bin/bash", "/bin/zsh", "'sh'", "\"sh\"", "'bash'", "\"bash\""];
    let names_shell = shells.iter().any(|shell| code.contains(shell))
        || code.contains("-i") && (code.contains("sh -i") || code.contains("bash -i"));
    names_shell && STARTS.iter().any(|word| code.contains(word))
}

/// The sockets that code opens.
pub(super) fn sockets(language: &str, code: &str) -> Vec<Declared> {
    let variables = variables(code);
    let is_udp = code.contains("SOCK_DGRAM") || code.contains("UDPServer");
    let protocol = if is_udp { Protocol::Udp } else { Protocol::Tcp };
    let mut found = Vec::new();
    for call in CALLS {
        if call.language.is_some_and(|wanted| wanted != language) {
            continue;
        }
        for rest in code.split(call.start).skip(1).take(CALL_COUNT) {
            let rest: String = rest.chars().take(ARGUMENTS).collect();
            // Perl's sockaddr_in serves both ways.
            let listens = call.listens || language == "perl" && code.contains("listen(");
            let declared = one(&Call { listens, ..*call }, &rest, &variables);
            found.extend(declared.map(|declared| declared.over(protocol)));
        }
    }
    found.extend(perl_pairs(code, &variables));
    for word in code.split(|c: char| c.is_whitespace() || "\"'()[]{},;<>`".contains(c)) {
        if let Some((end, protocol, shown)) = url(word) {
            found.push(Declared::connect_to(end, &[&shown]).over(protocol));
        }
    }
    found
}

/// Simple assignments (`$i="10.0.0.5"`, `p = 4444`).
fn variables(code: &str) -> BTreeMap<&str, &str> {
    let mut variables = BTreeMap::new();
    for statement in code.split([';', '\n']).take(1000) {
        if let Some((name, value)) = statement.split_once('=') {
            let name = name.split_whitespace().last().unwrap_or_default();
            let name = name.trim_start_matches(['$', '@']);
            let value = bare(value);
            if !name.is_empty() && !value.is_empty() && value.len() <= 255 {
                variables.insert(name, value);
            }
        }
    }
    variables
}

/// An argument without blanks, quotes and brackets.
fn bare(text: &str) -> &str {
    let text = text.trim().trim_start_matches("inet_aton(");
    text.trim_matches(|c: char| c.is_whitespace() || "\"'()[]{}".contains(c))
}

fn resolved<'a>(text: &'a str, variables: &BTreeMap<&str, &'a str>) -> &'a str {
    let text = bare(text);
    variables.get(text.trim_start_matches('$')).copied().unwrap_or(text)
}

fn one(call: &Call, rest: &str, variables: &BTreeMap<&str, &str>) -> Option<Declared> {
    let inside = rest.split([';', '\n']).next()?;
    let mut arguments = inside.split(',');
    let first_written = arguments.next()?;
    // The last argument ends at the first bracket that closes the call.
    let first = resolved(until_closed(first_written), variables);
    let second = arguments.next().map(|text| resolved(until_closed(text), variables));
    let (place, digits) = match (call.order, second) {
        (Order::HostPort, Some(second)) => (Some(first), second),
        (Order::Port, Some(second)) if port(second).is_some() => (Some(first), second),
        // The call ends before the comma.
        (Order::PortHost, _) if first_written.contains(')') => (None, first),
        (Order::PortHost, second) => (second, first),
        (Order::Port, _) => (None, first),
        (Order::HostPort, None) => return None,
    };
    let number = port(digits)?;
    let shown = place.map_or_else(String::new, |place| format!("{place}, "));
    let words = [call.start, &shown, digits];
    let declared = if call.listens {
        Declared::listen(number, &words)
    } else {
        Declared::connect(number, &words)
    };
    let declared = match place.and_then(host) {
        Some((address, families)) => declared.at(address, families),
        None if call.listens => declared,
        None => return None,
    };
    Some(declared.surely())
}

/// An argument up to the bracket that closes its call; brackets of its own are kept.
fn until_closed(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' if depth == 0 => return text.get(..at).unwrap_or(text),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

/// Perl's `PeerAddr => "host:port"`, `PeerHost`, `PeerPort`, `LocalPort`.
fn perl_pairs(code: &str, variables: &BTreeMap<&str, &str>) -> Vec<Declared> {
    let value = |key: &str| {
        let (_, rest) = code.split_once(key)?;
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "=>,\"'".contains(c));
        let text = rest.split([',', ')', ';']).next()?;
        Some(resolved(text, variables))
    };
    let mut found = Vec::new();
    let peer = value("PeerAddr").or_else(|| value("PeerHost"));
    let joined = peer.and_then(end).or_else(|| {
        let (address, families) = host(peer?)?;
        Some(End { address, families, port: port(value("PeerPort")?)? })
    });
    if let Some(end) = joined {
        let number = end.port.to_string();
        let words = ["PeerAddr ", peer.unwrap_or_default(), " PeerPort ", &number];
        found.push(Declared::connect_to(end, &words).over(Protocol::Tcp).surely());
    }
    if let Some(number) = value("LocalPort").and_then(port) {
        let listener = Declared::listen(number, &["LocalPort ", &number.to_string()]);
        found.push(listener.over(Protocol::Tcp).surely());
    }
    found
}
