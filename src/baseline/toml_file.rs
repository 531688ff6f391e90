//! Files that people write in TOML → values, with errors that name file, line and key; text → TOML strings.

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
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    format!("{file}:{line}: {what}")
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

/// A basic string of TOML: control characters, and those that turn the direction of text, as escapes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || turns_text(c) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a character changes the direction of the text around it, or shows as nothing.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
