//! The words of `coverage.blind_to`, each with what it means.

/// The fixed vocabulary, sorted: a word and what it means.
pub const BLIND: &[(&str, &str)] = &[
    ("baseline", "a baseline could not have shown it: what the baseline lacks of it is not new"),
    (
        "between captures",
        "the source shows moments; what was held before, between and after them is not seen",
    ),
    ("connections", "sockets with a peer"),
    (
        "filtered",
        "lines were taken out before they came here, or the output is cut off: what is missing is not told",
    ),
    ("full address", "addresses or ports are cut"),
    ("full process name", "names of processes are cut"),
    ("ipv4", "IPv4 sockets"),
    ("ipv6", "IPv6 sockets"),
    ("listeners", "sockets that wait for a peer"),
    ("loopback", "connections within the host"),
    ("not logged", "nothing writes it into this log, or nothing did"),
    ("not walked", "directories of a disk image that were not entered"),
    ("not-collected", "no source that could show it was collected"),
    ("other programs", "programs that do not use the framework or the filter that writes this"),
    ("other servers", "servers that do not write who came"),
    ("other users' sockets", "sockets of users other than the one who ran the tool"),
    ("plist directories", "not all directories of launchd property lists were collected"),
    ("process name", "whose a socket is"),
    ("protocol", "whether a socket is TCP or UDP: the tool shows both and does not tell which"),
    ("remote address", "the peer's address is redacted or not told"),
    ("retention", "the log begins after the boot did: what it once held before is gone"),
    ("suppressed", "the kernel says that it left lines out; the detail tells how many at least"),
    ("tcp", "TCP sockets"),
    ("udp", "UDP sockets"),
    (
        "unlogged-by-this-macos-version",
        "this version of macOS does not write it unless it is told to",
    ),
];

/// Whether a word is one of the vocabulary.
pub fn is_known(word: &str) -> bool {
    BLIND.binary_search_by_key(&word, |(known, _)| *known).is_ok()
}
