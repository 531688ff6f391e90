//! A small property list (XML or binary) → its dictionary: what the host artifacts read with.
//!
//! The `plist` crate follows references without counting them, so that a binary list of a few hundred
//! bytes can grow without end; depth and nodes are checked before it sees a byte.

use super::reading::whole_bytes;
use super::{Input, ParseError};
use crate::evidence::limits;
use crate::model::provenance::Locator;
use plist::{Dictionary, Value};
use std::io::Cursor;

/// The top dictionary of a property list.
pub(super) fn dictionary(input: &mut Input<'_>) -> Result<Dictionary, ParseError> {
    let bytes = whole_bytes(input, limits::PLIST)?;
    let sane =
        if bytes.starts_with(b"bplist") { binary_is_sane(&bytes) } else { xml_is_sane(&bytes) };
    if sane.is_none() {
        return Err(malformed("a property list that is damaged, or nested deeper than the limit"));
    }
    match Value::from_reader(Cursor::new(bytes)) {
        Ok(Value::Dictionary(dictionary)) => Ok(dictionary),
        Ok(_) => Err(malformed("a property list without a dictionary at its top")),
        Err(error) => Err(malformed(&format!("a property list that does not parse: {error}"))),
    }
}

fn malformed(detail: &str) -> ParseError {
    ParseError::Malformed { locator: Locator::Whole, detail: detail.to_owned() }
}

/// Some if the text has a `plist` element, and its collections are not nested beyond the limit.
fn xml_is_sane(bytes: &[u8]) -> Option<()> {
    memchr::memmem::find(bytes, b"<plist")?;
    let mut depth = 0_usize;
    for at in memchr::memchr_iter(b'<', bytes) {
        let tag = bytes.get(at..)?;
        if tag.starts_with(b"<dict") || tag.starts_with(b"<array") {
            depth = depth.saturating_add(1);
        } else if tag.starts_with(b"</dict") || tag.starts_with(b"</array") {
            depth = depth.saturating_sub(1);
        }
        if depth > limits::PLIST_DEPTH {
            return None;
        }
    }
    Some(())
}

/// Some if following every reference from the top stays within the limits on depth and nodes.
/// Layout: CoreFoundation, `CFBinaryPList.c`.
fn binary_is_sane(bytes: &[u8]) -> Option<()> {
    let trailer = bytes.get(bytes.len().checked_sub(32)?..)?;
    let offset_size = usize::from(*trailer.get(6)?);
    let reference_size = usize::from(*trailer.get(7)?);
    let top = number(trailer, 16, 8)?;
    let table = number(trailer, 24, 8)?;
    let mut open = vec![(top, 0_usize)];
    let mut nodes = 0_usize;
    while let Some((object, depth)) = open.pop() {
        nodes = nodes.saturating_add(1);
        if depth > limits::PLIST_DEPTH || nodes.saturating_add(open.len()) > limits::PLIST_NODES {
            return None;
        }
        let offset =
            number(bytes, table.checked_add(object.checked_mul(offset_size)?)?, offset_size)?;
        let (first, count) = references(bytes, offset)?;
        for nth in 0..count {
            let at = first.checked_add(nth.checked_mul(reference_size)?)?;
            open.push((number(bytes, at, reference_size)?, depth.saturating_add(1)));
            if open.len() > limits::PLIST_NODES {
                return None;
            }
        }
    }
    Some(())
}

/// Where the references of the object at `offset` begin, and how many there are.
fn references(bytes: &[u8], offset: usize) -> Option<(usize, usize)> {
    let marker = *bytes.get(offset)?;
    let after = offset.checked_add(1)?;
    let (first, count) = match marker & 0x0f {
        0x0f => {
            let size = 1_usize.checked_shl(u32::from(*bytes.get(after)? & 0x0f))?;
            let at = after.checked_add(1)?;
            if matches!(marker >> 4, 0xa..=0xd) {
                (at.checked_add(size)?, number(bytes, at, size)?)
            } else {
                (after, 0)
            }
        }
        count => (after, usize::from(count)),
    };
    match marker >> 4 {
        0xa..=0xc => Some((first, count)),
        0xd => Some((first, count.checked_mul(2)?)),
        _ => Some((first, 0)),
    }
}

/// A big-endian number of `size` bytes at `at`.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    if !(1..=8).contains(&size) {
        return None;
    }
    let digits = bytes.get(at..at.checked_add(size)?)?;
    let value = digits.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    usize::try_from(value).ok()
}
