//! Bytes of an export → blocks of whole lines, which a log reads in order, or a crew ahead of it.

use super::ahead::{Ahead, Log};
use crate::artifacts::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use std::io::{self, Read};

/// Bytes of a block: the longest line that is read as a whole, and the end of it.
pub(super) const BLOCK: usize = limits::LINE + 1;

/// Reads all lines of the input. A line longer than [`limits::LINE`] is cut and reported. An I/O error ends the
/// reading, after the lines before it were handled. Returns whether the last line has its end.
pub(super) fn read_log<L: Log>(
    input: &mut Input<'_>,
    log: &mut L,
    out: &mut Emitter,
) -> Result<bool, ParseError> {
    let mut ahead = Ahead::new(input.crew);
    let mut buffer = vec![0; BLOCK];
    let mut filled = 0_usize;
    loop {
        let (end, result) = fill(input.reader, &mut buffer, filled);
        filled = end;
        let held = buffer.get(..filled).unwrap_or_default();
        let ends = filled < BLOCK;
        let ended = held.last().is_none_or(|byte| *byte == b'\n');
        let whole = match memchr::memrchr(b'\n', held) {
            _ if ends && result.is_ok() => filled,
            Some(last) => last.saturating_add(1),
            None => 0,
        };
        if whole > 0 {
            buffer = ahead.read(buffer, whole..filled, log, out);
            filled = filled.saturating_sub(whole);
        } else if !ends && result.is_ok() {
            let bytes = held.get(..limits::LINE).unwrap_or_default();
            let number = ahead.read_line(bytes, log, out);
            let detail =
                format!("the line is longer than {} bytes; the rest is not read", limits::LINE);
            out.problem(Locator::Line(number), ProblemKind::Limit, detail);
            filled = skip_line(input.reader, &mut buffer)?;
        }
        if ends || result.is_err() {
            ahead.finish(log, out);
        }
        result?;
        if ends {
            return Ok(ended);
        }
    }
}

/// Reads until the buffer is full or the input ends: how much it holds then, and whether that went well.
fn fill(reader: &mut dyn Read, buffer: &mut [u8], mut filled: usize) -> (usize, io::Result<()>) {
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match reader.read(free) {
            Ok(0) => return (filled, Ok(())),
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}

/// Drops what is read until a line ends; what stands behind it is left at the head of the buffer.
fn skip_line(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    // The last byte of a full buffer without a line end is of that line too.
    loop {
        let (filled, result) = fill(reader, buffer, 0);
        let end = buffer.get(..filled).and_then(|held| memchr::memchr(b'\n', held));
        if let Some(end) = end {
            let next = end.saturating_add(1);
            buffer.copy_within(next..filled, 0);
            return Ok(filled.saturating_sub(next));
        }
        result?;
        if filled < buffer.len() {
            return Ok(0);
        }
    }
}
