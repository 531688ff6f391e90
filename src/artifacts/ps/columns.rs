//! A header of ps → its columns; a row → the values that concern us.
//!
//! Most values are one word. A command may be any number of words: the last column takes the rest of
//! the row, and one in the middle (`-M`, `-efl`, `-o comm,args`) ends where the columns after it fit.

use super::started;
use crate::artifacts::reading::words;
use crate::model::observation::Started;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pid,
    Ppid,
    User,
    /// A whole number, possibly negative or hexadecimal.
    Number,
    /// `0.3`, or `0,3` where the locale says so.
    Percent,
    /// `STARTED`, `STIME`: a bucket or `lstart`.
    Started,
    Elapsed,
    /// The path of the executable.
    Executable,
    /// The command line.
    Command,
    /// One word that does not concern us.
    Word,
}

/// The columns of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    kinds: Vec<Kind>,
    /// Where the head of each column begins and ends: its values do the one or the other.
    spans: Vec<(usize, usize)>,
    /// Names stand at the left edge of the header: the rows of threads are indented.
    names_first: bool,
}

/// The time of a row, still text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// `STARTED`.
    Started(&'a str),
    /// `ELAPSED`.
    Elapsed(&'a str),
}

impl<'a> Value<'a> {
    pub(super) fn text(self) -> &'a str {
        let (Self::Started(text) | Self::Elapsed(text)) = self;
        text
    }

    pub(super) fn time(self) -> Option<Started> {
        match self {
            Self::Started(text) => started::bucket(text).or_else(|| started::long(text)),
            Self::Elapsed(text) => started::elapsed(text),
        }
    }
}

/// The values of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) pid: u32,
    pub(super) ppid: Option<u32>,
    pub(super) user: Option<&'a str>,
    pub(super) started: Option<Value<'a>>,
    /// `comm`.
    pub(super) executable: Option<&'a str>,
    /// Whether that stands in the last column; in any other it is cut to the column's width.
    pub(super) executable_whole: bool,
    /// `args`, `command`.
    pub(super) command: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// Takes a time that can be read rather than one that cannot (`lstart` in another language).
    fn offer(&mut self, value: Value<'a>) {
        if self.started.is_none_or(|known| known.time().is_none()) {
            self.started = Some(value);
        }
    }
}

/// Columns of one header: ps knows about sixty keywords.
const COLUMNS: usize = 64;

/// Words of a command in the middle of a row, and of a user's name.
const MIDDLE_WORDS: usize = 256;
const USER_WORDS: usize = 4;

impl Columns {
    /// The columns of a line, if it is a header: all capitals, with a PID and a command or a time.
    pub(super) fn of_header(line: &str) -> Option<Self> {
        let heads: Vec<(usize, &str)> = words(line).take(COLUMNS).collect();
        let capitals = |word: &str| {
            word.bytes().all(|byte| byte.is_ascii_uppercase() || b"%-_".contains(&byte))
                && !word.is_empty()
        };
        let has = |name: &str| heads.iter().any(|(_, head)| *head == name);
        let tells = ["COMMAND", "CMD", "ARGS", "COMM", "UCOMM", "ELAPSED", "STARTED"];
        let plain = heads.len() >= 2 && heads.iter().all(|(_, head)| capitals(head));
        // lsof's header has COMMAND and PID too, in this order, and no other column of ps.
        if !plain || !has("PID") || has("FD") || has("NODE") || !tells.iter().any(|name| has(name))
        {
            return None;
        }
        let started = has("STARTED");
        let kinds: Vec<Kind> = heads.iter().map(|(_, head)| kind_of(head, started)).collect();
        let spans = heads.iter().map(|(at, head)| (*at, at.saturating_add(head.len()))).collect();
        let names_first = heads.first().is_some_and(|(at, head)| *at == 0 && *head == "USER");
        Some(Self { kinds, spans, names_first })
    }

    /// Whether the line is one of the threads that `-M` lists below their process: it names no user.
    pub(super) fn is_thread(&self, line: &str) -> bool {
        self.names_first && line.starts_with([' ', '\t'])
    }

    /// The values of a row, if it fits.
    pub(super) fn row<'a>(&self, line: &'a str) -> Option<Row<'a>> {
        let words: Vec<(usize, &str)> = words(line).collect();
        let mut cursor = Cursor { line, words: &words, at: 0 };
        let mut row = Row::default();
        let mut pid = None;
        for (index, kind) in self.kinds.iter().enumerate() {
            let rest = self.kinds.get(index.saturating_add(1)..).unwrap_or_default();
            let value = match kind {
                Kind::Command | Kind::Executable if rest.is_empty() => cursor.rest(),
                Kind::Command | Kind::Executable => {
                    cursor.middle(rest, self.spans.get(index.saturating_add(1)))?
                }
                Kind::User => cursor.user(rest)?,
                kind => cursor.value(*kind)?,
            };
            match kind {
                Kind::Pid => pid = Some(value.parse().ok()?),
                Kind::Ppid => row.ppid = value.parse().ok(),
                Kind::User => {
                    row.user.get_or_insert(value);
                }
                Kind::Started => row.offer(Value::Started(value)),
                Kind::Elapsed => row.offer(Value::Elapsed(value)),
                Kind::Executable => {
                    row.executable = Some(value);
                    row.executable_whole = rest.is_empty();
                }
                // The last one is whole; one in the middle (`-M`) is cut to its width.
                Kind::Command => row.command = Some(value),
                Kind::Number | Kind::Percent | Kind::Word => {}
            }
        }
        row.pid = pid?;
        Some(row)
    }
}

/// `STIME` is the start (`-f`) unless there is a column `STARTED`: then it is system time (`-M`).
fn kind_of(head: &str, started: bool) -> Kind {
    match head {
        "PID" => Kind::Pid,
        "PPID" => Kind::Ppid,
        "USER" | "UID" | "RUSER" | "LOGIN" => Kind::User,
        "%CPU" | "%MEM" => Kind::Percent,
        "STARTED" | "START" => Kind::Started,
        "STIME" if !started => Kind::Started,
        "ELAPSED" => Kind::Elapsed,
        "COMM" | "UCOMM" => Kind::Executable,
        "COMMAND" | "CMD" | "ARGS" => Kind::Command,
        "PGID" | "SESS" | "VSZ" | "RSS" | "SZ" | "C" | "CPU" | "NI" => Kind::Number,
        _ => Kind::Word,
    }
}

/// Whether a word can be a value of that kind.
fn fits(kind: Kind, word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match kind {
        Kind::Pid | Kind::Ppid => digits(word),
        Kind::Number => {
            let bare = word.strip_prefix('-').unwrap_or(word);
            bare.is_empty() || bare.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        Kind::Percent => {
            word == "-"
                || digits(word)
                || word.split_once(['.', ',']).is_some_and(|(a, b)| digits(a) && digits(b))
        }
        Kind::Elapsed => started::elapsed(word).is_some() || word == "-",
        Kind::User | Kind::Started | Kind::Executable | Kind::Command | Kind::Word => true,
    }
}

/// The words of a row, read from the left.
struct Cursor<'a, 'w> {
    line: &'a str,
    words: &'w [(usize, &'a str)],
    at: usize,
}

impl<'a> Cursor<'a, '_> {
    fn left(&self) -> &[(usize, &'a str)] {
        self.words.get(self.at..).unwrap_or_default()
    }

    /// The text of the next `count` words.
    fn take(&mut self, count: usize) -> Option<&'a str> {
        let from = self.left().first()?.0;
        let (at, word) = *self.left().get(count.checked_sub(1)?)?;
        self.at = self.at.checked_add(count)?;
        self.line.get(from..at.checked_add(word.len())?)
    }

    /// All that is left.
    fn rest(&mut self) -> &'a str {
        let from = self.left().first().map_or(self.line.len(), |(at, _)| *at);
        self.at = self.words.len();
        self.line.get(from..).unwrap_or_default().trim_end()
    }

    fn value(&mut self, kind: Kind) -> Option<&'a str> {
        let (_, word) = *self.left().first()?;
        // The weekday of `lstart` stands alone; a bucket of any language holds digits.
        if kind == Kind::Started && !word.bytes().any(|byte| byte.is_ascii_digit()) {
            let long = started::long_words(self.left().iter().map(|(_, word)| *word));
            let none = (word == "-").then_some(1);
            return self.take(long.or(none)?);
        }
        if fits(kind, word) { self.take(1) } else { None }
    }

    /// A user's name: one word, more if what follows would not fit (`ana maria`).
    fn user(&mut self, rest: &[Kind]) -> Option<&'a str> {
        let count = (1..=USER_WORDS)
            .find(|count| self.after(*count, rest.get(..1).unwrap_or_default()).is_some())?;
        self.take(count)
    }

    /// A command before other columns.
    fn middle(&mut self, rest: &[Kind], next: Option<&(usize, usize)>) -> Option<&'a str> {
        let text = |kind: &Kind| matches!(kind, Kind::Command | Kind::Executable);
        let count = match rest.iter().position(text) {
            Some(fixed) => self.middle_end(rest.get(..fixed)?, next),
            None => self.end_before_last(rest),
        }?;
        if count == 0 { Some("") } else { self.take(count) }
    }

    /// Words of a command with `fixed` columns and then another command after it: it ends where the
    /// next value stands under its head, else at the first place where the columns fit.
    fn middle_end(&self, fixed: &[Kind], next: Option<&(usize, usize)>) -> Option<usize> {
        let most = MIDDLE_WORDS.min(self.left().len());
        let candidates: Vec<usize> =
            (0..=most).filter(|count| self.after(*count, fixed).is_some()).collect();
        let aligned = |count: &usize| {
            let (Some((at, word)), Some((start, end))) = (self.left().get(*count), next) else {
                return false;
            };
            at == start || at.saturating_add(word.len()) == *end
        };
        let under_head = candidates.iter().find(|count| aligned(count));
        under_head.or_else(|| candidates.iter().find(|count| **count > 0)).copied()
    }

    /// Words of a command before columns that end the row (`-efl` prints STIME last): those columns
    /// take the last words, five of them where one is `lstart`.
    fn end_before_last(&self, rest: &[Kind]) -> Option<usize> {
        let most = self.left().len().checked_sub(rest.len())?;
        let least = most.saturating_sub(6);
        (least..=most).find(|count| self.after(*count, rest) == Some(self.words.len()))
    }

    /// Where the columns end if they begin after the next `count` words, if they fit there.
    fn after(&self, count: usize, kinds: &[Kind]) -> Option<usize> {
        let at = self.at.checked_add(count)?;
        let mut ahead = Cursor { line: self.line, words: self.words, at };
        for kind in kinds {
            if !matches!(kind, Kind::Command | Kind::Executable) {
                ahead.value(*kind)?;
            }
        }
        Some(ahead.at)
    }
}
