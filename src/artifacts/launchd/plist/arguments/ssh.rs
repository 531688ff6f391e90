//! `ssh`, `autossh` and `sshd` → ports.

use super::endpoint::{Declared, End, end, host, port};
use super::tools::Found;
use crate::model::Text;
use crate::model::network::{Address, Families, Protocol};

/// Options of ssh(1) with a value.
const VALUED: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// What an ssh command line asks for.
#[derive(Default)]
struct Request<'a> {
    /// Forwardings and the like, with their option.
    specifications: Vec<(char, String)>,
    port: Option<u16>,
    jump: Option<String>,
    monitor: Option<u16>,
    gateway: bool,
    destination: Option<&'a str>,
}

/// Reads the arguments of ssh or autossh.
pub(super) fn read(name: &str, arguments: &[&str]) -> Found {
    let request = parse(name, arguments);
    let mut ports: Vec<Declared> = Vec::new();
    for (option, text) in &request.specifications {
        ports.extend(forwarding(*option, text, &request));
    }
    // autossh listens on its monitoring port, and on the next one for the echo.
    if let Some(first) = request.monitor {
        let words = ["-M ", &first.to_string()];
        for port in [Some(first), first.checked_add(1)].into_iter().flatten() {
            let (address, families) = loopback();
            ports.push(Declared::listen(port, &words).at(address, families));
        }
    }
    ports.extend(destination(&request));
    Found::complete(ports.into_iter().map(|port| port.over(Protocol::Tcp).surely()).collect())
}

fn parse<'a>(name: &str, arguments: &[&'a str]) -> Request<'a> {
    let mut request = Request::default();
    let mut words = arguments.iter().copied();
    while let Some(word) = words.next() {
        let Some(cluster) = word.strip_prefix('-').filter(|cluster| !cluster.is_empty()) else {
            // A second word begins the remote command; options may stand before it.
            if request.destination.is_some() {
                break;
            }
            request.destination = Some(word);
            continue;
        };
        for (at, flag) in cluster.char_indices() {
            request.gateway |= flag == 'g';
            let is_monitor = flag == 'M' && name == "autossh";
            if !VALUED.contains(flag) && !is_monitor {
                continue;
            }
            let attached = cluster.get(at.saturating_add(flag.len_utf8())..).unwrap_or_default();
            let value = if attached.is_empty() { words.next() } else { Some(attached) };
            let value = value.unwrap_or_default();
            match flag {
                'L' | 'D' => request.specifications.push((flag, value.to_owned())),
                'p' => request.port = port(value).or(request.port),
                'J' => request.jump = Some(value.to_owned()),
                'o' => setting(value, &mut request),
                'M' => request.monitor = port(value.split(':').next().unwrap_or_default()),
                _ => {}
            }
            break;
        }
    }
    request
}

/// `-o Port=2222`, `-o "LocalForward 8080 host:80"`.
fn setting(text: &str, request: &mut Request<'_>) {
    let (key, value) = text.split_once(['=', ' ']).unwrap_or((text, ""));
    let value = value.trim().trim_matches('"');
    match key.trim().to_ascii_lowercase().as_str() {
        "port" => request.port = port(value).or(request.port),
        "proxyjump" if value != "none" => request.jump = Some(value.to_owned()),
        "gatewayports" => request.gateway = value == "yes",
        "localforward" => {
            // ssh_config(5) separates the two ends with a blank, the command line with a colon.
            let text = value.split_whitespace().collect::<Vec<_>>().join(":");
            request.specifications.push(('L', text));
        }
        "dynamicforward" => request.specifications.push(('D', value.to_owned())),
        _ => {}
    }
}

fn loopback() -> (Address, Families) {
    (Address::Name(Text::from("localhost")), Families::UNKNOWN)
}

/// The colons of a specification that do not stand in brackets part it.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        depth = match c {
            '[' => depth.saturating_add(1),
            ']' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ':' && depth == 0
    })
    .collect()
}

/// `-L [bind:]port:host:hostport`, `-D [bind:]port`. A local end that is a path has no port.
fn forwarding(option: char, text: &str, request: &Request<'_>) -> Option<Declared> {
    let parts = parts(text);
    let (bind, number) = match (option, parts.as_slice()) {
        ('D', [number]) => (None, port(number)?),
        ('D', [bind, number]) | ('L', [bind, number, _, _]) => (Some(*bind), port(number)?),
        // `port:host:hostport`, or `port:/path`, or `bind:port:/path`.
        ('L', [first, second, rest @ ..]) => match (port(first), rest) {
            (Some(number), _) => (None, number),
            (None, [_]) => (Some(*first), port(second)?),
            (None, _) => return None,
        },
        _ => return None,
    };
    let (address, families) = match bind {
        Some(bind) => host(bind)?,
        None if request.gateway => (Address::Any, Families::UNKNOWN),
        None => loopback(),
    };
    Some(Declared::listen(number, &["-", &option.to_string(), " ", text]).at(address, families))
}

/// The connection to the destination, or to the first host on the way to it.
fn destination(request: &Request<'_>) -> Option<Declared> {
    let (text, number) = match &request.jump {
        Some(jump) => (jump.split(',').next()?, 22),
        None => (request.destination?, request.port.unwrap_or(22)),
    };
    let text = text.strip_prefix("ssh://").unwrap_or(text);
    let place = text.rsplit_once('@').map_or(text, |(_, place)| place);
    let End { address, families, port: number } = end(place).or_else(|| {
        let (address, families) = host(place)?;
        Some(End { address, families, port: number })
    })?;
    if address == Address::Any {
        return None;
    }
    let shown = number.to_string();
    Some(Declared::connect(number, &["ssh ", place, " -p ", &shown]).at(address, families))
}

/// Reads the arguments of sshd: `-p 2222`, `-o Port=2222`.
pub(super) fn read_server(_name: &str, arguments: &[&str]) -> Found {
    let mut ports = Vec::new();
    let mut words = arguments.iter().copied();
    while let Some(word) = words.next() {
        let Some((flag, attached)) =
            ["-p", "-o"].into_iter().find_map(|flag| Some((flag, word.strip_prefix(flag)?)))
        else {
            continue;
        };
        let value = if attached.is_empty() { words.next().unwrap_or_default() } else { attached };
        let number = if flag == "-p" {
            port(value)
        } else {
            let (key, value) = value.split_once(['=', ' ']).unwrap_or((value, ""));
            if key.eq_ignore_ascii_case("port") { port(value.trim()) } else { None }
        };
        ports.extend(number.map(|number| {
            Declared::listen(number, &["sshd ", flag, " ", value]).over(Protocol::Tcp).surely()
        }));
    }
    Found::complete(ports)
}
