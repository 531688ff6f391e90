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

/// An error about a place in a file: `policy.toml:12: until: is empty`.
pub fn at(file: &str, text: &str, offset: usize, what: &str) -> String {
    format!("{file}:{}: {what}", line_of(text, offset))
}

/// The line in which an offset lies, from 1.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count().saturating_add(1)
}

/// The message with the key of its line before it, where the line has one.
fn key_and(text: &str, offset: usize, message: &str) -> String {
    let start = text
        .get(..offset)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at.saturating_add(1));
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    match line.split_once('=') {
        Some((key, _))
            if !key.trim().is_empty() && !message.contains(&format!("`{}`", key.trim())) =>
        {
            format!("{}: {message}", key.trim())
        }
        _ => message.to_owned(),
    }
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
