//! Options that many programs share (`--port`, `--listen`, `--connect`), addresses among the other
//! arguments, and environment variables → ports.

use super::endpoint::{Declared, End, end, host, is_local, plain_end, port, url};
use super::names::{
    COMPOUND, CONFIG, CONFIG_ENDS, CONNECT, DISPLAYS, HOST, KNOWN, LISTEN, OTHER, PEER, SERVING,
};
use crate::model::network::{Address, Families, Protocol};
use crate::model::service::Direction;

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Port(Direction),
    Listen,
    Connect,
    Host,
    Config,
    Other,
}

/// What the common options of a command line say.
#[derive(Default)]
pub(super) struct Options {
    pub ports: Vec<Declared>,
    pub config: Option<String>,
}

/// A name as its words in lower case: `--httpPort` → `http`, `port`; `-Dserver.port` → `server`, `port`.
fn words_of(name: &str) -> Vec<String> {
    let bare = name.trim_start_matches('-');
    let bare = match bare.strip_prefix('D') {
        Some(property) if name.starts_with("-D") && property.contains('.') => property,
        _ => bare,
    };
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    for c in bare.chars().take(80) {
        let is_separator = matches!(c, '-' | '_' | '.');
        if words.is_empty() || is_separator || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| !is_separator) {
            last.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

fn is_known(program: &str, flag: &str) -> bool {
    KNOWN.iter().any(|known| known.names.contains(&program) && known.flags.contains(&flag))
}

fn meaning(program: &str, flag: &str) -> Meaning {
    if is_known(program, flag) {
        return Meaning::Port(Direction::Listen);
    }
    let words = words_of(flag);
    let Some((last, before)) = words.split_last() else { return Meaning::Other };
    let last = last.as_str();
    if has(&words, OTHER) {
        return Meaning::Other;
    }
    let peers = has(before, PEER);
    if last == "port" {
        return Meaning::Port(if peers { Direction::Outbound } else { Direction::Listen });
    }
    if let Some((_, direction)) = COMPOUND.iter().find(|(name, _)| *name == last) {
        return Meaning::Port(*direction);
    }
    if LISTEN.contains(&last) {
        // `--server-addr` is where a client goes.
        let names_server = last.starts_with("addr") && has(before, &["server"]);
        return if peers || names_server { Meaning::Connect } else { Meaning::Listen };
    }
    if CONFIG.contains(&last) || (last == "file" && has(before, CONFIG)) {
        return Meaning::Config;
    }
    if HOST.contains(&last) {
        return if peers { Meaning::Connect } else { Meaning::Host };
    }
    if CONNECT.contains(&last) { Meaning::Connect } else { Meaning::Other }
}

/// The protocol that a name or a program tells.
fn protocol(program: &str, words: &[String]) -> Option<Protocol> {
    if has(words, &["udp", "wg", "wireguard", "quic", "stun"]) {
        Some(Protocol::Udp)
    } else if has(
        words,
        &["tcp", "http", "https", "web", "ws", "wss", "grpc", "httpport", "rfbport"],
    ) {
        Some(Protocol::Tcp)
    } else {
        let known = KNOWN.iter().find(|known| known.names.contains(&program));
        known.map(|known| known.protocol)
    }
}

/// The port that an environment variable names. Its host counts only where it is an address of this
/// Mac: nothing else of a value is ever shown.
pub(super) fn environment(name: &str, value: &str) -> Option<Declared> {
    let words = words_of(&name.to_lowercase());
    let (last, before) = words.split_last()?;
    if has(&words, OTHER) {
        return None;
    }
    let peers = has(before, PEER);
    let protocol = protocol("", &words);
    if last == "port" {
        let number = port(value)?;
        let declared =
            if peers { Declared::connect(number, &[]) } else { Declared::listen(number, &[]) };
        return Some(declared.over(protocol));
    }
    let names_own = LISTEN.contains(&last.as_str()) || last == "host";
    let end = end(value).filter(|end| names_own && !peers && is_local(&end.address))?;
    Some(Declared::listen_on(end, &[]).over(protocol))
}

/// Reads the options of a program without a grammar of its own.
pub(super) fn read(program: &str, arguments: &[&str]) -> Options {
    let mut reader = Reader { program, ..Reader::default() };
    let mut at = 0_usize;
    while let Some(word) = arguments.get(at) {
        at = at.saturating_add(1);
        let next = arguments.get(at).copied().filter(|next| !next.starts_with('-'));
        if reader.word(word, next) {
            at = at.saturating_add(1);
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'a> {
    program: &'a str,
    found: Options,
    /// The host that `--host` or `--bind` names for a port named elsewhere.
    host: Option<(Address, Families)>,
    /// Whether that option may name a peer as well.
    host_may_be_peer: bool,
    is_serving: bool,
}

impl Reader<'_> {
    /// Reads a word; whether the next one, its value, is used up.
    fn word(&mut self, word: &str, next: Option<&str>) -> bool {
        let is_option = word.starts_with('-') && word.len() > 1;
        let named = word
            .split_once('=')
            .filter(|(name, _)| name.len() <= 80 && !name.contains(['/', ':', ' ', '?']));
        if let Some((name, value)) = named {
            if !self.value(name, value, &[word]) {
                self.place(value);
            }
            return false;
        }
        if !is_option {
            self.is_serving |= SERVING.contains(&word);
            // JSON may be anything; the other ends belong to configuration files.
            let mut config_ends = CONFIG_ENDS.iter().filter(|end| **end != ".json");
            if config_ends.any(|end| word.ends_with(end)) {
                self.found.config.get_or_insert_with(|| word.to_owned());
            }
            self.place(word);
            return false;
        }
        if let Some(value) = next
            && self.value(word, value, &[word, " ", value])
        {
            return true;
        }
        self.attached(word);
        false
    }

    /// `-p2222` of a program that is known for it.
    fn attached(&mut self, word: &str) {
        let Some((flag, value)) = word.split_at_checked(2) else { return };
        if is_known(self.program, flag) {
            self.value(flag, value, &[word]);
        }
    }

    /// Takes the value of a named option; whether it is one that this option can have.
    fn value(&mut self, name: &str, value: &str, shown: &[&str]) -> bool {
        let meaning = meaning(self.program, name);
        let words = words_of(name);
        let protocol = protocol(self.program, &words);
        let is_option = name.starts_with('-');
        if let Some((end, by_scheme, url)) = url(value) {
            let shown = [name, " ", &url];
            let direction = match meaning {
                Meaning::Listen | Meaning::Port(Direction::Listen) => Direction::Listen,
                _ if end.address == Address::Any => Direction::Listen,
                _ => Direction::Outbound,
            };
            self.push(direction, end, &shown, by_scheme.or(protocol));
            return true;
        }
        match meaning {
            Meaning::Port(direction) => match (port(value), end(value)) {
                (Some(number), _) => {
                    let declared = match direction {
                        Direction::Outbound => Declared::connect(number, shown),
                        _ => Declared::listen(number, shown),
                    };
                    self.found.ports.push(declared.over(protocol));
                    true
                }
                (None, Some(end)) => {
                    self.push(direction, end, shown, protocol);
                    true
                }
                (None, None) => false,
            },
            Meaning::Listen | Meaning::Connect | Meaning::Host => {
                let listens = meaning != Meaning::Connect;
                // One letter means too many things: then the address must look like one.
                let is_letter = matches!(words.as_slice(), [word] if word.len() == 1);
                if let Some(end) = if is_letter { plain_end(value) } else { end(value) } {
                    let direction = match meaning {
                        Meaning::Listen => Direction::Listen,
                        Meaning::Host if is_local(&end.address) => Direction::Listen,
                        _ => Direction::Outbound,
                    };
                    self.push(direction, end, shown, protocol);
                    return true;
                }
                let takes_number = has(&words, &["listen", "bind", "listener"]) && is_option;
                if let Some(number) = port(value).filter(|_| takes_number) {
                    self.found.ports.push(Declared::listen(number, shown).over(protocol));
                    return true;
                }
                if listens && is_option && words.last().is_some_and(|last| last != "l") {
                    self.host = host(value).or(self.host.take());
                    self.host_may_be_peer = meaning == Meaning::Host;
                    return self.host.is_some();
                }
                false
            }
            Meaning::Config if is_option && is_config(value) => {
                self.found.config.get_or_insert_with(|| value.to_owned());
                true
            }
            Meaning::Config | Meaning::Other => false,
        }
    }

    fn push(&mut self, direction: Direction, end: End, shown: &[&str], protocol: Option<Protocol>) {
        let declared = match direction {
            Direction::Listen => Declared::listen_on(end, shown),
            _ => Declared::connect_to(end, shown),
        };
        self.found.ports.push(declared.over(protocol));
    }

    /// An address or URL that stands alone.
    fn place(&mut self, word: &str) {
        let protocol = protocol(self.program, &[]);
        if let Some((end, by_scheme, shown)) = url(word) {
            let direction = match end.address {
                Address::Any => Direction::Listen,
                _ => Direction::Outbound,
            };
            return self.push(direction, end, &[&shown], by_scheme.or(protocol));
        }
        // `:99` is a display of the X Window System.
        let shows = DISPLAYS.contains(&self.program) || self.program.contains("vnc");
        let is_display = shows && word.starts_with(':');
        let Some(end) = plain_end(word).filter(|end| end.port > 9 && !is_display) else { return };
        let own = self.is_serving && is_local(&end.address);
        let direction = match end.address {
            Address::Any => Direction::Listen,
            _ if own => Direction::Listen,
            _ => Direction::Outbound,
        };
        self.push(direction, end, &[word], protocol);
    }

    /// Joins ports without an address with the host named beside them.
    fn finish(mut self) -> Options {
        let Some((address, families)) = self.host else { return self.found };
        let is_peer = self.host_may_be_peer && !is_local(&address);
        for Declared(port) in &mut self.found.ports {
            let fits = port.direction == Direction::Listen || is_peer;
            if port.address == Address::Unknown && fits {
                if is_peer {
                    port.direction = Direction::Outbound;
                }
                (port.address, port.families) = (address.clone(), families);
            }
        }
        self.found
    }
}

fn is_config(value: &str) -> bool {
    CONFIG_ENDS.iter().any(|end| value.ends_with(end)) || value.contains("/etc/")
}
