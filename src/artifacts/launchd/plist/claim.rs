//! A path and the first bytes of a file → whether it is a launchd property list.

use crate::artifacts::{Candidate, Claim};
use std::borrow::Cow;

/// Folders whose property lists launchd loads (formats.md 4.1); the last part of the path comes next.
const FOLDERS: &[&str] = &[
    "/library/launchdaemons/",
    "/library/launchagents/",
    "/contents/library/loginitems/",
    "/var/db/com.apple.xpc.launchd/config/",
];

/// Keys of which a job has at least one, beside its label.
const KEYS: &[&str] = &["Program", "ProgramArguments", "BundleProgram", "Sockets", "MachServices"];

/// The companion files that macOS writes into archives (`._name`) begin with this.
const APPLE_DOUBLE: &[u8] = &[0x00, 0x05, 0x16, 0x07];

pub(super) fn claim(candidate: &Candidate<'_>) -> Claim {
    if candidate.head.starts_with(APPLE_DOUBLE) {
        return Claim::No;
    }
    let folder = candidate.path.strip_suffix(candidate.name).unwrap_or_default();
    let is_plist = candidate.name.rsplit_once('.').is_some_and(|(_, end)| end == "plist");
    let in_place = is_plist && FOLDERS.iter().any(|known| folder.ends_with(known));
    let text = text_of(candidate);
    let kind = kind_of(candidate, &text);
    match (in_place, kind) {
        (true, Some(_)) => Claim::Sure,
        (true, None) => Claim::ByName,
        (false, Some(Kind::Binary)) if is_binary_job(candidate.head) => Claim::ByContent,
        (false, Some(Kind::Xml)) if is_job(&text, |key| format!("<key>{key}</key>")) => {
            Claim::ByContent
        }
        (false, Some(Kind::Text)) if is_plist && is_text_job(&text) => Claim::ByContent,
        // A copy that somebody turned into JSON (`plutil -convert json`).
        (false, Some(Kind::Text)) if is_json_job(&text) => Claim::ByContent,
        _ => Claim::No,
    }
}

enum Kind {
    Binary,
    Xml,
    /// Old-style or JSON.
    Text,
}

/// The head as text, of UTF-16 the ASCII half.
fn text_of<'a>(candidate: &Candidate<'a>) -> Cow<'a, str> {
    match candidate.head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] => {
            let ascii = candidate.head.iter().filter(|byte| byte.is_ascii() && **byte != 0);
            Cow::Owned(ascii.map(|byte| char::from(*byte)).collect())
        }
        _ => Cow::Borrowed(candidate.text),
    }
}

fn kind_of(candidate: &Candidate<'_>, text: &str) -> Option<Kind> {
    let visible = text.trim_start_matches('\u{feff}').trim_start();
    if candidate.head.starts_with(b"bplist") {
        Some(Kind::Binary)
    } else if text.contains("<plist") || text.contains("<dict>") {
        Some(Kind::Xml)
    } else if visible.starts_with(['{', '/']) {
        Some(Kind::Text)
    } else {
        None
    }
}

fn is_job(text: &str, written: impl Fn(&str) -> String) -> bool {
    text.contains(&written("Label")) && KEYS.iter().any(|key| text.contains(&written(key)))
}

/// Old-style (`Label = x`, `"Label" = x`) or JSON (`"Label": x`).
fn is_text_job(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    is_job(&plain, |key| format!("{key}=")) || is_job(&plain, |key| format!("{key}:"))
}

/// One JSON object whose own keys are a job's: records of tools may hold a job deeper down.
fn is_json_job(text: &str) -> bool {
    let keys = own_keys(text);
    keys.contains(&"Label") && KEYS.iter().any(|key| keys.contains(key))
}

/// The keys of the object that a text begins with, as far as it goes.
fn own_keys(text: &str) -> Vec<&str> {
    let (mut keys, mut depth, mut from, mut last) = (Vec::new(), 0_u32, None, "");
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        if let Some(start) = from {
            escaped = byte == b'\\';
            if byte == b'"' {
                last = text.get(start..at).unwrap_or_default();
                from = None;
            }
            continue;
        }
        match byte {
            b'"' => from = Some(at.saturating_add(1)),
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' if depth == 1 => break,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 => keys.push(last),
            _ => {}
        }
    }
    keys
}

/// A string of a binary property list stands behind a byte that holds its length, if that is below 15.
fn is_binary_job(head: &[u8]) -> bool {
    let has = |key: &str| {
        let short = u8::try_from(key.len()).ok().filter(|length| *length < 15);
        let marker = match short {
            Some(length) => vec![0x50 | length],
            None => vec![0x5f, 0x10, u8::try_from(key.len()).unwrap_or_default()],
        };
        let written = [marker.as_slice(), key.as_bytes()].concat();
        memchr::memmem::find(head, &written).is_some()
    };
    has("Label") && KEYS.iter().any(|key| has(key))
}
