//! Words such as `10.0.0.5:4444`, `[::1]:80`, `:8080` or `https://example.org/` → ends of connections.

use crate::artifacts::cut;
use crate::model::Text;
use crate::model::network::{Address, Families, Port, Protocol, Scope, scope_of};
use crate::model::service::{Confidence, DeclaredPort, Direction, Origin};
use std::net::IpAddr;

/// Ports of URL schemes that name none.
const SCHEMES: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("ftp", 21),
    ("ftps", 990),
    ("ssh", 22),
    ("sftp", 22),
    ("git", 9418),
    ("ldap", 389),
    ("ldaps", 636),
    ("smtp", 25),
    ("smtps", 465),
    ("imap", 143),
    ("imaps", 993),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("amqp", 5672),
    ("amqps", 5671),
    ("redis", 6379),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mongodb", 27017),
    ("socks", 1080),
    ("socks4", 1080),
    ("socks5", 1080),
    ("socks5h", 1080),
    ("vnc", 5900),
    ("rtsp", 554),
    ("smb", 445),
    ("nfs", 2049),
    ("telnet", 23),
    ("rdp", 3389),
];

/// Schemes that mean UDP.
const UDP_SCHEMES: &[&str] = &["udp", "udp4", "udp6", "quic", "kcp"];

/// Ends of file names that look like the last part of a host name.
const FILE_ENDS: &[&str] = &[
    "app", "bin", "cfg", "conf", "css", "csv", "dmg", "htm", "html", "jar", "jpg", "js", "json",
    "log", "md", "out", "pem", "php", "pid", "pkg", "pl", "plist", "png", "py", "rb", "sh", "sock",
    "sql", "tar", "tmp", "toml", "txt", "xml", "yaml", "yml", "zip",
];

/// What stands before a colon and is no host: `fd:3` (seen with Docker), `unix:/x`.
const NO_HOSTS: &[&str] =
    &["fd", "unix", "file", "pipe", "npipe", "abstract", "vsock", "env", "pass", "launchd"];

/// One end: an address, the families that its spelling tells, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub address: Address,
    pub families: Families,
    pub port: u16,
}

/// A port number: 1 to 65535, digits only.
pub(super) fn port(text: &str) -> Option<u16> {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().filter(|port| *port != 0) } else { None }
}

/// A host as written, with the families that its spelling tells. Empty, `*` and `+` are every address.
pub(super) fn host(text: &str) -> Option<(Address, Families)> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if matches!(bare, "" | "*" | "+") {
        return Some((Address::Any, Families::UNKNOWN));
    }
    let (literal, zone) = match bare.split_once('%') {
        Some((literal, zone)) => (literal, Some(Text::from(zone))),
        None => (bare, None),
    };
    if let Ok(ip) = literal.parse::<IpAddr>() {
        let families = match ip {
            IpAddr::V4(_) => Families::V4,
            // A wildcard of IPv6 may take IPv4 as well.
            IpAddr::V6(ip) if ip.is_unspecified() => Families::EITHER,
            IpAddr::V6(_) => Families::V6,
        };
        let address = if ip.is_unspecified() { Address::Any } else { Address::Ip { ip, zone } };
        return Some((address, families));
    }
    let name = bare.len() <= 253
        && !NO_HOSTS.contains(&bare)
        && bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && bare.chars().any(char::is_alphabetic)
        && !bare.starts_with(['.', '-']);
    name.then(|| (Address::Name(Text::from(bare)), Families::UNKNOWN))
}

/// `host:N`, `[v6]:N`, `:N`, `*:N`.
pub(super) fn end(text: &str) -> Option<End> {
    let (before, digits) = text.rsplit_once(':')?;
    // An IPv6 address with a port needs brackets.
    if before.contains(':') && !before.starts_with('[') {
        return None;
    }
    let (address, families) = host(before)?;
    Some(End { address, families, port: port(digits)? })
}

/// An [`end`] whose host cannot be anything else: an address, `localhost`, or a dotted name that is not
/// that of a file.
pub(super) fn plain_end(text: &str) -> Option<End> {
    let end = end(text)?;
    let sure = match &end.address {
        Address::Name(name) if &**name == "localhost" => true,
        Address::Name(name) => name.rsplit_once('.').is_some_and(|(_, last)| {
            last.len() >= 2
                && last.chars().all(char::is_alphabetic)
                && !FILE_ENDS.contains(&last.to_lowercase().as_str())
        }),
        _ => true,
    };
    sure.then_some(end)
}

/// The end that a URL names, its protocol, and the URL without user, password and path.
pub(super) fn url(text: &str) -> Option<(End, Option<Protocol>, String)> {
    let (scheme, rest) = text.split_once("://")?;
    let sound = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if scheme.is_empty() || scheme.len() > 20 || !sound {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if place.is_empty() {
        return None;
    }
    let known = SCHEMES.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
    let end = end(place).or_else(|| {
        let bracketed = place.starts_with('[') && place.ends_with(']');
        if place.contains(':') && !bracketed {
            return None;
        }
        let (address, families) = host(place)?;
        Some(End { address, families, port: known? })
    })?;
    let protocol = if UDP_SCHEMES.contains(&scheme.as_str()) {
        Some(Protocol::Udp)
    } else if known.is_some() || scheme.contains("tcp") || scheme.contains("ssl") {
        Some(Protocol::Tcp)
    } else {
        None
    };
    let shown = format!("{scheme}://{place}");
    Some((end, protocol, shown))
}

/// Whether an address can be one of this Mac's own that a person would write to listen on.
pub(super) fn is_local(address: &Address) -> bool {
    matches!(address, Address::Any) || matches!(scope_of(address), Scope::Loopback | Scope::Lan)
}

/// The words that say so, joined, short enough for a table.
pub(in super::super) fn token(words: &[&str]) -> Text {
    Text::from(cut(&words.concat(), 120))
}

/// A declared port in the making.
#[derive(Clone, Debug)]
pub(super) struct Declared(pub DeclaredPort);

impl Declared {
    /// A listener of unknown address.
    pub(super) fn listen(port: u16, words: &[&str]) -> Self {
        Self::new(Direction::Listen, port, words)
    }

    /// A connection to an unknown peer.
    pub(super) fn connect(port: u16, words: &[&str]) -> Self {
        Self::new(Direction::Outbound, port, words)
    }

    fn new(direction: Direction, port: u16, words: &[&str]) -> Self {
        Self(DeclaredPort {
            origin: Origin::Arguments,
            direction,
            protocol: None,
            families: Families::UNKNOWN,
            address: Address::Unknown,
            port: Port::Number(port),
            service_name: None,
            confidence: Confidence::Medium,
            token: token(words),
        })
    }

    /// A listener on an end.
    pub(super) fn listen_on(end: End, words: &[&str]) -> Self {
        Self::listen(end.port, words).at(end.address, end.families)
    }

    /// A connection to an end.
    pub(super) fn connect_to(end: End, words: &[&str]) -> Self {
        Self::connect(end.port, words).at(end.address, end.families)
    }

    pub(super) fn at(mut self, address: Address, families: Families) -> Self {
        (self.0.address, self.0.families) = (address, families);
        self
    }

    pub(super) fn over(mut self, protocol: impl Into<Option<Protocol>>) -> Self {
        self.0.protocol = protocol.into();
        self
    }

    pub(super) fn surely(mut self) -> Self {
        self.0.confidence = Confidence::High;
        self
    }
}
