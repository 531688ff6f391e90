//! Text of the evidence → text that a terminal can only show: no colours, titles, cursor moves, reversals.

use crate::model::is_unsafe;
use std::borrow::Cow;

/// The text with control characters and characters that reorder or hide text as `\u{1b}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}
