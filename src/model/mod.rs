//! Plain values that every stage shares: no I/O, no policy, nothing that depends on another stage.
//!
//! Times are [`Timestamp`]s (UTC, printed with microseconds); text that repeats a million times is a
//! shared [`Text`]; everything that reaches an output has a total order.

pub mod anomaly;
pub mod binding;
pub mod host;
pub mod interval;
pub mod network;
pub mod observation;
pub mod particulars;
pub mod provenance;
pub mod service;

pub use jiff::Timestamp;

/// Text shared by many observations (names, labels, users): cheap to clone.
pub type Text = std::sync::Arc<str>;

/// RFC 3339 in UTC with six decimals, the one form in which Portolan prints an instant.
pub fn stamp(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// A content-derived identifier: `prefix` and sixteen hexadecimal digits of a SHA-256 over `parts`.
///
/// Parts are length-prefixed, so that `["ab", "c"]` and `["a", "bc"]` differ. Ids begin with a letter
/// because spreadsheets turn `12e34567` into a number.
pub fn content_id<'a>(prefix: char, parts: impl IntoIterator<Item = &'a str>) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut id = String::with_capacity(17);
    id.push(prefix);
    for byte in hasher.finalize().iter().take(8) {
        // Writing into a String cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Whether a character could change how the text around it looks: C0 and C1 controls, line and
/// paragraph separators, and the format characters that set direction or take no space.
pub fn is_unsafe(character: char) -> bool {
    // Nearly every character is one of these.
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}
