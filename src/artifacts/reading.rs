//! Bytes → bounded lines and text: what every text parser reads with.

use super::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::evidence::memory::read_all;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use std::io::{self, BufRead, BufReader, Read};

/// Calls `each` with every line of the input, counted from 1, without its line end.
///
/// Bytes that are not UTF-8 become replacement characters; a line longer than [`limits::LINE`] is cut
/// and reported. An I/O error ends the reading, after the lines before it were handled.
pub fn for_each_line(
    input: &mut Input<'_>,
    out: &mut Emitter,
    mut each: impl FnMut(u64, &str, &mut Emitter),
) -> Result<(), ParseError> {
    let mut reader = BufReader::with_capacity(1 << 16, &mut *input.reader);
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        let whole = read_line(&mut reader, &mut line)?;
        if line.is_empty() && whole != Line::Cut {
            return Ok(());
        }
        number = number.saturating_add(1);
        if whole == Line::Cut {
            let detail =
                format!("the line is longer than {} bytes; the rest is not read", limits::LINE);
            out.problem(Locator::Line(number), ProblemKind::Limit, detail);
        }
        let mut text: &[u8] = &line;
        for end in [b"\n", b"\r"] {
            text = text.strip_suffix(end).unwrap_or(text);
        }
        if number == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        each(number, &String::from_utf8_lossy(text), out);
    }
}

#[derive(PartialEq, Eq)]
enum Line {
    Whole,
    Cut,
}

/// Reads up to and including the next line feed; what goes beyond the limit is read and dropped.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    (&mut *reader).take(limits::LINE as u64).read_until(b'\n', line)?;
    if line.len() < limits::LINE || line.ends_with(b"\n") {
        return Ok(Line::Whole);
    }
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Line::Cut);
        }
        let (used, found) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at.saturating_add(1), true),
            None => (buffer.len(), false),
        };
        reader.consume(used);
        if found {
            return Ok(Line::Cut);
        }
    }
}

/// The whole input as text, bytes that are not UTF-8 replaced, up to `limit` bytes.
pub fn whole_text(input: &mut Input<'_>, limit: u64) -> Result<String, ParseError> {
    let bytes = whole_bytes(input, limit)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// The whole input, up to `limit` bytes.
pub fn whole_bytes(input: &mut Input<'_>, limit: u64) -> Result<Vec<u8>, ParseError> {
    Ok(read_all(input.reader, limit)?)
}

/// A text in which special bytes are written as `%3A`; what is no such code stays.
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|_| *first == b'%').and_then(|d| u8::from_str_radix(d, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `file:///Library/A%20B.plist` → `/Library/A B.plist`.
pub fn path_of_url(url: &str) -> Option<String> {
    url.strip_prefix("file://").map(percent_decoded)
}

/// Whether at least half of the lines that are not empty fit, and one does.
pub fn most<'a>(lines: impl Iterator<Item = &'a str>, fits: impl Fn(&str) -> bool) -> bool {
    let written = lines.filter(|line| !line.trim().is_empty());
    let (fit, all) = written
        .fold((0_usize, 0_usize), |(fit, all), line| (fit + usize::from(fits(line)), all + 1));
    fit > 0 && fit * 2 >= all
}

/// The words of a line with the byte offset at which each begins.
pub fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = line.as_ptr() as usize;
    line.split_whitespace().map(move |word| ((word.as_ptr() as usize).saturating_sub(base), word))
}

/// What follows the first `count` words of a line, leading blanks removed.
pub fn after_words(line: &str, count: usize) -> &str {
    let mut rest = line.trim_start();
    for _ in 0..count {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    rest
}
