//! XML tokens → a value, however damaged: what is missing at the end is closed, what is not understood
//! is kept as text, and each repair is told with its line.

use super::xml::{Token, Tokens};
use super::{LineCount, Read, Refusal, Repairs, shown, too_deep, too_many};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use ::plist::{Date, Dictionary, Value};
use std::borrow::Cow;
use std::io::Cursor;

/// Reads what can be read of a text of XML.
pub(super) fn read(text: &str, mut repairs: Repairs) -> Result<Read, Refusal> {
    let trimmed = text.trim_end_matches('\0');
    if let Some(at) = trimmed.find("<?xml").filter(|at| *at > 0) {
        let line = LineCount::default().locate(trimmed, at);
        repairs.odd(line, "the XML header does not stand at the start");
    }
    let zeros = text.len().saturating_sub(trimmed.len());
    if zeros > 0 {
        let line = LineCount::default().locate(trimmed, trimmed.len());
        repairs.odd(line, format!("{zeros} NUL characters follow the property list"));
    }
    let mut builder = Builder::new(trimmed, repairs);
    for (at, token) in Tokens::new(trimmed) {
        builder.at = at;
        if !builder.take(token) {
            break;
        }
    }
    builder.finish()
}

enum Frame {
    Array(Vec<Value>),
    Dictionary(Dictionary, Option<String>),
}

impl Frame {
    fn name(&self) -> &'static str {
        match self {
            Self::Array(_) => "array",
            Self::Dictionary(..) => "dict",
        }
    }
}

/// An element whose content is text.
struct Leaf<'a> {
    name: &'a str,
    text: String,
}

struct Builder<'a> {
    text: &'a str,
    at: usize,
    lines: LineCount,
    frames: Vec<Frame>,
    leaf: Option<Leaf<'a>>,
    /// Levels beyond the limit that are open.
    skipping: usize,
    nodes: usize,
    root: Option<Value>,
    repairs: Repairs,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, repairs: Repairs) -> Self {
        let (frames, leaf, root, lines) = (Vec::new(), None, None, LineCount::default());
        Self { text, at: 0, lines, frames, leaf, skipping: 0, nodes: 0, root, repairs }
    }

    fn odd(&mut self, detail: impl Into<String>) {
        let line = self.lines.locate(self.text, self.at);
        self.repairs.odd(line, detail);
    }

    fn loss(&mut self, kind: ProblemKind, detail: impl Into<String>) {
        let line = self.lines.locate(self.text, self.at);
        self.repairs.loss(line, kind, detail);
    }

    /// Takes a token; `false` ends the reading.
    fn take(&mut self, token: Token<'a>) -> bool {
        match token {
            Token::Open(name) => return self.open(name),
            Token::Empty(name) => {
                let goes_on = self.open(name);
                self.close(name);
                return goes_on;
            }
            Token::Close("plist") if self.frames.is_empty() => return self.root.is_none(),
            Token::Close(name) => self.close(name),
            Token::Text(text) => self.characters(text),
            Token::Literal(text) => match &mut self.leaf {
                Some(leaf) => leaf.text.push_str(text),
                None => self.stray(text),
            },
            Token::Aside => {}
            Token::Cut(tag) => {
                // A tag ends the text before it, a comment does not.
                if let Some(leaf) = self.leaf.take().filter(|_| !tag.starts_with("<!")) {
                    self.finish_leaf(leaf);
                }
                self.loss(ProblemKind::Truncated, "the property list ends inside a tag");
                return false;
            }
        }
        true
    }

    fn open(&mut self, name: &'a str) -> bool {
        if let Some(leaf) = self.leaf.take() {
            self.odd(format!("the element {:?} is not closed", leaf.name));
            self.finish_leaf(leaf);
        }
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > limits::PLIST_NODES {
            self.loss(ProblemKind::Limit, too_many());
            return false;
        }
        match name {
            "plist" => {}
            "array" | "dict" => self.open_collection(name),
            "true" | "false" => self.value(Value::Boolean(name == "true")),
            "key" | "string" | "integer" | "real" | "date" | "data" => {
                self.leaf = Some(Leaf { name, text: String::new() });
            }
            name => self.odd(format!("the element {} belongs to no property list", shown(name))),
        }
        true
    }

    fn open_collection(&mut self, name: &str) {
        if self.skipping > 0 || self.frames.len() >= limits::PLIST_DEPTH {
            if self.skipping == 0 {
                self.loss(ProblemKind::Limit, too_deep());
            }
            self.skipping = self.skipping.saturating_add(1);
            return;
        }
        let frame = match name {
            "array" => Frame::Array(Vec::new()),
            _ => Frame::Dictionary(Dictionary::new(), None),
        };
        self.frames.push(frame);
    }

    fn close(&mut self, name: &str) {
        if let Some(leaf) = self.leaf.take() {
            if leaf.name != name {
                self.odd(format!("the element {:?} is closed by {}", leaf.name, shown(name)));
            }
            let names_leaf = !matches!(name, "array" | "dict" | "plist");
            self.finish_leaf(leaf);
            if names_leaf {
                return;
            }
        }
        match name {
            "array" | "dict" if self.skipping > 0 => {
                self.skipping = self.skipping.saturating_sub(1);
            }
            "array" | "dict" => self.close_named(name),
            "key" | "string" | "integer" | "real" | "date" | "data" => {
                self.odd(format!("the end of {name:?} closes nothing"));
            }
            // Either without content, or told of where it was opened.
            _ => {}
        }
    }

    fn close_named(&mut self, name: &str) {
        let Some(index) = self.frames.iter().rposition(|frame| frame.name() == name) else {
            self.odd(format!("the end of {} closes nothing", shown(name)));
            return;
        };
        while self.frames.len() > index.saturating_add(1) {
            self.odd(format!("the end of {name:?} closes an inner element too"));
            self.close_collection();
        }
        self.close_collection();
    }

    fn close_collection(&mut self) {
        match self.frames.pop() {
            Some(Frame::Array(items)) => self.value(Value::Array(items)),
            Some(Frame::Dictionary(entries, key)) => {
                if let Some(key) = key {
                    self.odd(format!("the key {} has no value", shown(&key)));
                }
                self.value(Value::Dictionary(entries));
            }
            None => {}
        }
    }

    fn characters(&mut self, text: &'a str) {
        if self.leaf.is_none() {
            return self.stray(text);
        }
        let (resolved, unknown) = resolve(text);
        if let Some(unknown) = unknown {
            self.odd(format!("{unknown:?} is no character reference; kept as it stands"));
        }
        if let Some(leaf) = &mut self.leaf {
            leaf.text.push_str(&resolved);
        }
    }

    fn stray(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.odd("text outside of any element is left out");
        }
    }

    fn finish_leaf(&mut self, leaf: Leaf<'a>) {
        if self.skipping > 0 {
            return;
        }
        if leaf.name == "key" {
            return self.key(leaf.text);
        }
        let value = match leaf.name {
            "integer" => integer(&leaf.text),
            "real" => leaf.text.trim().parse().ok().map(Value::Real),
            "date" => Date::from_xml_format(leaf.text.trim()).ok().map(Value::Date),
            "data" => data(&leaf.text),
            _ => Some(Value::String(leaf.text.clone())),
        };
        if value.is_none() {
            let kind = leaf.name;
            self.odd(format!("the content of a {kind:?} element does not fit it; kept as text"));
        }
        self.value(value.unwrap_or(Value::String(leaf.text)));
    }

    fn key(&mut self, key: String) {
        let Some(Frame::Dictionary(_, pending)) = self.frames.last_mut() else {
            return self.odd(format!("the key {} stands outside of a dictionary", shown(&key)));
        };
        if let Some(earlier) = pending.replace(key) {
            self.odd(format!("the key {} has no value", shown(&earlier)));
        }
    }

    fn value(&mut self, value: Value) {
        if self.skipping > 0 {
            return;
        }
        match self.frames.last_mut() {
            Some(Frame::Array(items)) => items.push(value),
            Some(Frame::Dictionary(entries, key)) => match key.take() {
                Some(key) => {
                    if entries.insert(key.clone(), value).is_some() {
                        self.odd(format!(
                            "the key {} stands twice; the last value counts",
                            shown(&key)
                        ));
                    }
                }
                None => self.odd("a value without a key is left out"),
            },
            None if self.root.is_none() => self.root = Some(value),
            None => self.odd("a second value after the end is left out"),
        }
    }

    fn finish(mut self) -> Result<Read, Refusal> {
        self.at = self.text.len();
        let cut = self.leaf.is_some() || !self.frames.is_empty();
        if cut && !self.repairs.lost {
            let detail = "the property list ends before its end; what came before is kept";
            self.loss(ProblemKind::Truncated, detail);
        }
        // The text of an element without its end is not known to be whole: half a label is no label.
        self.leaf = None;
        self.skipping = 0;
        while let Some(frame) = self.frames.pop() {
            let value = match frame {
                Frame::Array(items) => Value::Array(items),
                Frame::Dictionary(entries, _) => Value::Dictionary(entries),
            };
            self.value(value);
        }
        self.repairs.conclude(self.root)
    }
}

fn integer(text: &str) -> Option<Value> {
    let text = text.trim();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(Value::from),
        None => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<u64>().map(Value::from))
            .ok(),
    }
}

/// Base64, which the crate decodes.
fn data(text: &str) -> Option<Value> {
    let plain = text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(&byte)
    });
    let document = format!("<data>{text}</data>");
    if plain { Value::from_reader_xml(Cursor::new(document.as_bytes())).ok() } else { None }
}

/// Whether each `&` of a text begins a reference that both readers resolve alike.
pub(super) fn entities_are_known(text: &str) -> bool {
    resolve(text).1.is_none()
}

/// A text with its references resolved, and the first that is none.
fn resolve(text: &str) -> (Cow<'_, str>, Option<String>) {
    if !text.contains('&') {
        return (Cow::Borrowed(text), None);
    }
    let mut resolved = String::with_capacity(text.len());
    let mut unknown = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        resolved.push_str(before);
        // No reference that is known has a longer name.
        let name: String = after.chars().take(10).collect();
        let name = name.split_once(';').map(|(name, _)| name);
        if let Some((name, character)) = name.and_then(|name| Some((name, reference(name)?))) {
            resolved.push(character);
            rest = after.get(name.len().saturating_add(1)..).unwrap_or_default();
        } else {
            unknown.get_or_insert_with(|| {
                let shown: String = after.chars().take(12).collect();
                format!("&{shown}")
            });
            resolved.push('&');
            rest = after;
        }
    }
    resolved.push_str(rest);
    (Cow::Owned(resolved), unknown)
}

/// The character that `amp`, `#38` or `#x26` stands for.
fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            code.ok().and_then(char::from_u32).filter(|character| *character != '\0')
        }
    }
}
