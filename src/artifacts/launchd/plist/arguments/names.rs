//! Names of options, programs and parts of names, and what they mean for a port (formats.md 4.6).

use crate::model::network::Protocol;
use crate::model::service::Direction;

/// Programs with an option of one letter, or an unusual one, for the port or address they listen on.
pub(super) struct Known {
    pub names: &'static [&'static str],
    pub flags: &'static [&'static str],
    pub protocol: Protocol,
}

pub(super) const KNOWN: &[Known] = &[
    tcp(&["ttyd", "gotty", "wetty"], &["-p"]),
    tcp(&["dropbear"], &["-p"]),
    tcp(&["redis-server", "mongod", "etcd", "uvicorn", "hypercorn"], &[]),
    tcp(&["memcached"], &["-p"]),
    tcp(&["mysqld", "mysqld_safe", "mariadbd"], &["-P"]),
    tcp(&["postgres", "postmaster"], &["-p"]),
    tcp(&["http-server", "live-server", "serve"], &["-p", "-l"]),
    tcp(&["flask", "rails", "puma", "thin", "rackup", "hugo"], &["-p"]),
    tcp(&["gunicorn", "waitress-serve"], &["-b"]),
    tcp(&["dockerd"], &["-H"]),
    tcp(&["gost"], &["-L"]),
    tcp(
        &["microsocks", "tinyproxy", "squid", "iperf", "iperf3", "mosquitto", "nats-server"],
        &["-p"],
    ),
    tcp(&["x11vnc", "xvnc"], &["-rfbport"]),
    tcp(&["openssl"], &["-accept"]),
    tcp(&["dns2tcpc"], &["-l"]),
    tcp(&["caddy", "code-server", "jupyter", "jenkins", "ollama", "prometheus"], &[]),
    Known {
        names: &["tailscaled", "mosh-server", "dnsmasq", "iodined"],
        flags: &["-p"],
        protocol: Protocol::Udp,
    },
];

const fn tcp(names: &'static [&'static str], flags: &'static [&'static str]) -> Known {
    Known { names, flags, protocol: Protocol::Tcp }
}

/// Parts of a name that say that a port is the peer's.
pub(super) const PEER: &[&str] = &[
    "remote",
    "dest",
    "destination",
    "target",
    "upstream",
    "peer",
    "forward",
    "connect",
    "callback",
    "c2",
    "proxy",
    "smtp",
    "mail",
    "db",
    "database",
    "redis",
    "mysql",
    "postgres",
    "pg",
    "mongo",
    "mongodb",
    "ldap",
    "kafka",
    "syslog",
    "statsd",
    "broker",
    "backend",
    "pool",
];

/// Parts of a name that say that a number is not a port to listen on.
pub(super) const OTHER: &[&str] =
    &["source", "timeout", "range", "count", "max", "min", "no", "allow", "serial"];

/// Names of one word that end in `port` and mean one.
pub(super) const COMPOUND: &[(&str, Direction)] = &[
    ("lport", Direction::Listen),
    ("localport", Direction::Listen),
    ("listenport", Direction::Listen),
    ("httpport", Direction::Listen),
    ("httpsport", Direction::Listen),
    ("webport", Direction::Listen),
    ("rfbport", Direction::Listen),
    ("rport", Direction::Outbound),
    ("remoteport", Direction::Outbound),
];

pub(super) const LISTEN: &[&str] =
    &["bind", "listen", "addr", "address", "listener", "listeners", "urls", "l"];
pub(super) const CONNECT: &[&str] = &[
    "connect", "remote", "upstream", "peer", "target", "backend", "endpoint", "pool", "broker",
    "server", "url", "uri", "proxy", "relay", "seed", "join", "callback", "to", "o",
];
pub(super) const HOST: &[&str] = &["host", "hostname", "ip"];
pub(super) const CONFIG: &[&str] = &["config", "conf", "configuration", "c", "f"];
pub(super) const CONFIG_ENDS: &[&str] =
    &[".conf", ".cfg", ".cnf", ".ini", ".yaml", ".yml", ".json", ".toml", ".config"];

/// First words after which an address of this Mac is one to listen on.
pub(super) const SERVING: &[&str] = &["serve", "server", "runserver", "listen", "daemon", "start"];

/// X servers, and what starts them.
pub(super) const DISPLAYS: &[&str] =
    &["xvfb", "xorg", "xnest", "xephyr", "xquartz", "startx", "xinit"];
