//! `socat` → ports.

use super::endpoint::{Declared, End, end, host, port};
use super::shell::starts_with_shell;
use super::tools::Found;
use crate::model::network::{Address, Families, Protocol};

/// Options of socat itself that take a value as the next word.
const VALUED: &[&str] = &["-lf", "-b", "-t", "-T", "-L", "-W", "-r", "-R"];

/// Reads the two addresses of socat: `TYPE:parameters,option=value,…`.
pub(super) fn read(_name: &str, arguments: &[&str]) -> Found {
    let mut ports = Vec::new();
    let mut runs_shell = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            if VALUED.contains(word) {
                words.next();
            }
            continue;
        }
        for address in word.split("!!") {
            let (kind, rest) = address.split_once(':').unwrap_or((address, ""));
            let kind = kind.to_ascii_uppercase();
            runs_shell |= matches!(kind.as_str(), "EXEC" | "SYSTEM" | "SHELL")
                && starts_with_shell(rest.split(',').next().unwrap_or_default().trim_matches('"'));
            ports.extend(one(&kind, rest, address));
        }
    }
    let shell = runs_shell && !ports.is_empty();
    Found { shell: shell.then_some("socat runs a shell"), ..Found::complete(ports) }
}

fn one(kind: &str, rest: &str, whole: &str) -> Option<Declared> {
    let mut parts = rest.split(',');
    let place = parts.next().unwrap_or_default();
    let option = |name: &str| {
        rest.split(',').skip(1).find_map(|option| {
            let (key, value) = option.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    };
    let (base, action) = kind.split_once('-').unwrap_or((kind, ""));
    let protocol = match base.trim_end_matches(['4', '6']) {
        "TCP" | "OPENSSL" | "SSL" | "SOCKS" | "SOCKS4A" | "SOCKS5" | "PROXY" => Protocol::Tcp,
        "UDP" | "DTLS" | "UDPLITE" => Protocol::Udp,
        _ => return None,
    };
    let families = match base.chars().last() {
        Some('4') if !base.starts_with("SOCKS") => Families::V4,
        Some('6') => Families::V6,
        _ => Families::UNKNOWN,
    };
    let words = [whole];
    let declared = if matches!(action, "LISTEN" | "L" | "RECV" | "RECVFROM") {
        let (address, bound) =
            option("bind").and_then(host).unwrap_or((Address::Any, Families::UNKNOWN));
        Declared::listen(port(place)?, &words).at(address, families.union(bound))
    } else if base.starts_with("SOCKS") || base == "PROXY" {
        // The connection goes to the proxy; what lies behind it is the proxy's.
        let (proxy, _) = place.split_once(':')?;
        let (name, usual) = if base == "PROXY" { ("proxyport", 8080) } else { ("socksport", 1080) };
        let number = option(name).map_or(Some(usual), port)?;
        let (address, bound) = host(proxy)?;
        Declared::connect(number, &words).at(address, bound)
    } else {
        let End { address, families: bound, port } = end(place)?;
        Declared::connect(port, &words).at(address, families.union(bound))
    };
    Some(declared.over(protocol).surely())
}
