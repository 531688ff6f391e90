//! XML text → tokens with their offsets, and the value that the crate or the repairing reader makes of
//! them.

use super::{Read, Refusal, Repairs, repair};
use crate::evidence::limits;
use ::plist::Value;
use std::io::Cursor;

/// A piece of markup. Offsets are bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name …>`.
    Open(&'a str),
    /// `<name …/>`.
    Empty(&'a str),
    /// `</name>`.
    Close(&'a str),
    /// Character data, entities not resolved.
    Text(&'a str),
    /// The inside of `<![CDATA[…]]>`.
    Literal(&'a str),
    /// A comment, a processing instruction, a declaration, or the inside of a document type.
    Aside,
    /// Markup without an end, as far as it goes.
    Cut(&'a str),
}

/// The tokens of a text.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Moves past `opening` and the next `closing`; what lies between.
    fn between(&mut self, opening: &str, closing: &str) -> Option<&'a str> {
        let inside = self.rest().strip_prefix(opening)?;
        let end = inside.find(closing)?;
        self.at = self.at.saturating_add(opening.len() + end + closing.len());
        inside.get(..end)
    }

    fn markup(&mut self) -> Token<'a> {
        let rest = self.rest();
        let token = if rest.starts_with("<!--") {
            self.between("<!--", "-->").map(|_| Token::Aside)
        } else if rest.starts_with("<![CDATA[") {
            self.between("<![CDATA[", "]]>").map(Token::Literal)
        } else if rest.starts_with("<?") {
            self.between("<?", "?>").map(|_| Token::Aside)
        } else if rest.starts_with("<!") {
            // The internal subset of a document type may hold `>` of its own.
            let end = rest.find('>').unwrap_or(rest.len());
            let has_subset = rest.get(..end).is_some_and(|before| before.contains('['));
            let closing = if has_subset { "]>" } else { ">" };
            self.between("<!", closing).map(|_| Token::Aside)
        } else if rest.starts_with("</") {
            self.between("</", ">").map(|inside| Token::Close(local_name(inside)))
        } else {
            self.between("<", ">").map(|inside| match inside.strip_suffix('/') {
                Some(inside) => Token::Empty(local_name(inside)),
                None => Token::Open(local_name(inside)),
            })
        };
        token.unwrap_or_else(|| {
            self.at = self.text.len();
            Token::Cut(rest)
        })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let at = self.at;
        if is_markup(rest) {
            return Some((at, self.markup()));
        }
        // A `<` that opens nothing is text.
        let mut end = 1;
        let end = loop {
            match rest.as_bytes().get(end..).and_then(|rest| memchr::memchr(b'<', rest)) {
                None => break rest.len(),
                Some(next) => {
                    end = end.saturating_add(next);
                    if rest.get(end..).is_some_and(is_markup) {
                        break end;
                    }
                    end = end.saturating_add(1);
                }
            }
        };
        let end = (end..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        self.at = at.saturating_add(end);
        Some((at, Token::Text(rest.get(..end).unwrap_or_default())))
    }
}

fn is_markup(rest: &str) -> bool {
    let mut characters = rest.chars();
    characters.next() == Some('<')
        && characters.next().is_none_or(|c| c.is_alphabetic() || matches!(c, '/' | '!' | '?' | '_'))
}

/// `x:array attribute="…"` → `array`.
fn local_name(inside: &str) -> &str {
    let name = inside.trim_start().split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Whether a text, from its first visible character, is an XML property list.
pub(super) fn looks_like(trimmed: &str) -> bool {
    let tags =
        Tokens::new(trimmed).find(|(_, token)| !matches!(token, Token::Aside | Token::Literal(_)));
    match tags {
        Some((_, Token::Open(name) | Token::Empty(name))) => {
            matches!(name, "plist" | "dict" | "array" | "key" | "string")
                || trimmed.starts_with("<?xml")
                || trimmed.starts_with("<!")
        }
        // Text before the first tag: stray words before the header, or no XML at all.
        Some((_, Token::Text(_))) => trimmed.contains("<plist") || trimmed.contains("<dict>"),
        Some((_, Token::Cut(_))) => trimmed.starts_with("<?xml") || trimmed.starts_with("<!"),
        _ => false,
    }
}

/// Whether the crate reads it in bounded time and loses nothing: it drops CDATA sections and entities
/// that it does not know without a word.
fn is_sound(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut nodes = 0_usize;
    for (_, token) in Tokens::new(text) {
        match token {
            Token::Open("array" | "dict") => depth = depth.saturating_add(1),
            Token::Close("array" | "dict") => depth = depth.saturating_sub(1),
            Token::Literal(_) | Token::Cut(_) => return false,
            Token::Text(text) if text.contains('&') && !repair::entities_are_known(text) => {
                return false;
            }
            Token::Open(_) | Token::Empty(_) | Token::Close(_) | Token::Text(_) | Token::Aside => {}
        }
        nodes =
            nodes.saturating_add(usize::from(matches!(token, Token::Open(_) | Token::Empty(_))));
        if depth > limits::PLIST_DEPTH || nodes > limits::PLIST_NODES {
            return false;
        }
    }
    true
}

/// Reads an XML property list that has been decoded.
pub(super) fn read(text: &str, repairs: Repairs) -> Result<Read, Refusal> {
    let header_is_first = text.starts_with("<?xml") || !text.contains("<?xml");
    if header_is_first
        && text.starts_with('<')
        && !text.ends_with('\0')
        && is_sound(text)
        && let Ok(value) = Value::from_reader_xml(Cursor::new(text.as_bytes()))
    {
        return repairs.conclude(Some(value));
    }
    repair::read(text, repairs)
}
