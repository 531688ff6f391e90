//! Lines of `launchctl print` → blocks that open and close, and what stands between.
//!
//! Depth is told by indentation where there is any: an argument may itself be a brace. Blocks whose
//! lines are free text (arguments, environments) are not looked into.

/// Blocks inside blocks; launchctl itself prints six.
const DEPTH: usize = 64;

/// A line, as the blocks around it make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// A block of that name opens; it is the last of [`Blocks::open`].
    Opened,
    /// This many blocks closed.
    Closed(usize),
    /// `key = value`, or a row, inside the blocks that are open.
    Text(&'a str),
    /// A line outside of every block.
    Outside(&'a str),
    /// Nothing: an empty line, or the end of a block that was never opened.
    Nothing,
    /// A block beyond the greatest depth.
    TooDeep,
}

/// A block that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its name, without quotes.
    pub(super) name: String,
    indent: usize,
    /// `[` ends with `]`.
    list: bool,
    /// Its lines are free text.
    free: bool,
}

/// The blocks that are open, outermost first.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) open: Vec<Block>,
    /// Whether a line inside the outermost block was indented.
    indented: bool,
}

impl Blocks {
    /// The names of the open blocks.
    pub(super) fn path(&self) -> impl Iterator<Item = &str> {
        self.open.iter().map(|block| block.name.as_str())
    }

    /// Takes the next line.
    pub(super) fn step<'a>(&mut self, line: &'a str) -> Step<'a> {
        let text = line.trim();
        if text.is_empty() {
            return Step::Nothing;
        }
        let indent = line.len().saturating_sub(line.trim_start().len());
        let Some(top) = self.open.last() else { return self.outside(text, indent) };
        self.indented |= indent > 0;
        if top.free {
            // Only the brace below the block's own head ends it.
            let ends = text == "}" && (indent == top.indent || !self.indented);
            return if ends { self.close(1) } else { Step::Text(text) };
        }
        match text {
            "}" => self.close_brace(indent),
            "]" => self.close_list(),
            // The bytes of a code hash, printed raw: `0 = <bytes>]`.
            _ if top.list && text.ends_with(']') && text.contains(" = ") => self.close_list(),
            _ => match head(text) {
                Some((name, list)) => self.push(name, indent, list),
                None => Step::Text(text),
            },
        }
    }

    fn outside<'a>(&mut self, text: &'a str, indent: usize) -> Step<'a> {
        self.indented = false;
        match text.strip_suffix(" = {") {
            Some(name) => self.push(name, indent, false),
            None => Step::Outside(text),
        }
    }

    fn push<'a>(&mut self, name: &str, indent: usize, list: bool) -> Step<'a> {
        if self.open.len() >= DEPTH {
            return Step::TooDeep;
        }
        let inner = self.open.len() == 1;
        let free = inner && (name == "arguments" || name.ends_with("environment"));
        self.open.push(Block { name: name.to_owned(), indent, list, free });
        Step::Opened
    }

    fn close<'a>(&mut self, count: usize) -> Step<'a> {
        let left = self.open.len().saturating_sub(count);
        self.open.truncate(left);
        Step::Closed(count)
    }

    /// A brace closes the innermost block whose head is indented like it, and what is left open inside.
    fn close_brace<'a>(&mut self, indent: usize) -> Step<'a> {
        if !self.indented {
            return self.close(1);
        }
        match self.open.iter().rev().position(|block| block.indent == indent) {
            Some(inside) => self.close(inside.saturating_add(1)),
            None => Step::Nothing,
        }
    }

    fn close_list<'a>(&mut self) -> Step<'a> {
        if self.open.last().is_some_and(|top| top.list) { self.close(1) } else { Step::Nothing }
    }
}

/// Name and kind of a block, if the line opens one: `name = {`, `"name" => [`, or `{` alone.
fn head(text: &str) -> Option<(&str, bool)> {
    if text == "{" {
        return Some(("", false));
    }
    let (rest, list) = match text.strip_suffix('{') {
        Some(rest) => (rest, false),
        None => (text.strip_suffix('[')?, true),
    };
    let name = rest.strip_suffix(" = ").or_else(|| rest.strip_suffix(" => "))?;
    let quoted = name.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    match quoted {
        Some(inner) => Some((inner, list)),
        // `program = /tmp/x = {` is a value that looks like a head.
        None => (!name.contains(" = ")).then_some((name, list)),
    }
}
