//! Files that people write in TOML → values, with errors that name file, line and key; text → TOML strings.

use crate::model::is_unsafe;
use serde::de::DeserializeOwned;
use std::fmt::Write;

/// Reads a file. `file` is its name, for errors.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().replace('\n', " ");
        match error.span() {
            Some(span) => at(file, text, span.start, &key_and(text, span.start, &message)),
            None => format!("{file}: {message}"),
        }
    })
}

/// An error about a place in a file: `policy.toml:12:9: exception.until: is empty`.
pub fn at(file: &str, text: &str, offset: usize, what: &str) -> String {
    let (line, column) = place(text, offset);
    format!("{file}:{line}:{column}: {what}")
}

/// Line and column of an offset, from 1.
pub fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let last = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count().saturating_add(1), last.chars().count().saturating_add(1))
}

/// The message with the key it is about before it, as far as the text around the offset tells.
fn key_and(text: &str, offset: usize, message: &str) -> String {
    let (before, behind) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let above = before.lines().chain(behind.lines().next().filter(|_| before.ends_with('\n')));
    let table = above.filter_map(table_name).next_back();
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty());
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    let (key, own, what) = match (quoted("unknown field `"), quoted("missing field `")) {
        (Some(own), _) => {
            let what = message.replacen("unknown field", "unknown key", 1);
            (key.filter(|key| *key != own), Some(own), what)
        }
        (_, Some(own)) => (None, Some(own), "is missing".to_owned()),
        _ => (key, None, message.to_owned()),
    };
    let path: Vec<&str> = table.into_iter().chain(key).chain(own).collect();
    if path.is_empty() { what } else { format!("{}: {what}", path.join(".")) }
}

/// `[[entry]]` → `entry`.
fn table_name(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(inner);
    Some(inner.trim()).filter(|name| !name.is_empty() && !name.contains(['"', ',', '[']))
}

/// A text as a basic string of TOML, with everything escaped that could act on a screen.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        // Writing into a String cannot fail.
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            _ if is_unsafe(character) => write!(quoted, "\\U{:08X}", u32::from(character)),
            _ => write!(quoted, "{character}"),
        };
    }
    quoted.push('"');
    quoted
}
