//! `nc`, `ncat`, `netcat` and `telnet` → ports.

use super::endpoint::{Declared, end, host, port};
use super::shell::starts_with_shell;
use super::tools::Found;
use crate::model::network::{Port, Protocol};
use crate::model::{Text, service::DeclaredPort};

/// Short options with a value, of Apple's nc(1) and of the others together.
const VALUED: &str = "beGgHIiJKLmOoPpqsTVwXx";

/// What a netcat command line asks for.
#[derive(Default)]
struct Request<'a> {
    listen: bool,
    udp: bool,
    unix: bool,
    local_port: Option<u16>,
    proxy: Option<&'a str>,
    program: Option<&'a str>,
    places: Vec<&'a str>,
}

/// Reads the arguments of a netcat.
pub(super) fn read(name: &str, arguments: &[&str]) -> Found {
    let request = parse(arguments);
    let mut found = Found::complete(ports(name, &request));
    if request.program.is_some_and(starts_with_shell) {
        found.shell = Some("netcat runs a shell");
    }
    found
}

fn parse<'a>(arguments: &[&'a str]) -> Request<'a> {
    let mut request = Request::default();
    let mut words = arguments.iter().copied().peekable();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, attached) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
            match name {
                "listen" => request.listen = true,
                "udp" => request.udp = true,
                "unixsock" => request.unix = true,
                "exec" | "sh-exec" | "lua-exec" => {
                    request.program = attached.or_else(|| words.next());
                }
                "proxy" => request.proxy = attached.or_else(|| words.next()),
                "source-port" | "source" | "wait" | "idle-timeout" | "delay" | "allow"
                | "output" | "proxy-type" | "proxy-auth" => {
                    let _ = attached.or_else(|| words.next());
                }
                _ => {}
            }
        } else if let Some(cluster) = word.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            for (at, flag) in cluster.char_indices() {
                match flag {
                    'l' => request.listen = true,
                    'u' => request.udp = true,
                    'U' => request.unix = true,
                    _ => {}
                }
                let attached =
                    cluster.get(at.saturating_add(flag.len_utf8())..).unwrap_or_default();
                // GNU's and Nmap's `-c` runs a command; Apple's is a flag.
                let runs = flag == 'c' && words.peek().is_some_and(|next| starts_with_shell(next));
                if !runs && !VALUED.contains(flag) {
                    continue;
                }
                let value = if attached.is_empty() { words.next() } else { Some(attached) };
                match flag {
                    'p' => request.local_port = value.and_then(port),
                    'x' => request.proxy = value,
                    'e' | 'c' => request.program = value,
                    _ => {}
                }
                break;
            }
        } else {
            request.places.push(word);
        }
    }
    request
}

fn ports(name: &str, request: &Request<'_>) -> Vec<Declared> {
    if request.unix {
        return Vec::new();
    }
    let protocol = if request.udp { Protocol::Udp } else { Protocol::Tcp };
    let mut declared = Vec::new();
    if let Some(proxy) = request.proxy.and_then(end) {
        let words = [name, " -x ", request.proxy.unwrap_or_default()];
        declared.push(Declared::connect_to(proxy, &words).over(Protocol::Tcp).surely());
    }
    if request.listen {
        let last = request.places.last().and_then(|last| port(last));
        let Some(number) = request.local_port.or(last) else { return declared };
        let words = [name, " -l ", &number.to_string()];
        let listener = Declared::listen(number, &words).over(protocol).surely();
        let own = request.places.iter().find(|place| port(place).is_none());
        declared.push(match own.and_then(|own| host(own)) {
            Some((address, families)) => listener.at(address, families),
            None => listener,
        });
        return declared;
    }
    let (place, service) = match request.places.as_slice() {
        [place, service, ..] => (*place, *service),
        [place] if name == "telnet" => (*place, "23"),
        _ => return declared,
    };
    let Some((address, families)) = host(place) else { return declared };
    let words = [name, " ", place, " ", service];
    if let Some(number) = port(service) {
        let peer = Declared::connect(number, &words).at(address, families);
        declared.push(peer.over(protocol).surely());
    } else if service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && service.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        let service_name = Some(Text::from(service));
        let peer = Declared::connect(0, &words).at(address, families).over(protocol).surely();
        let port = Port::Name(Text::from(service));
        declared.push(Declared(DeclaredPort { port, service_name, ..peer.0 }));
    }
    declared
}
