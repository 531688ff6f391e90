//! A binary property list (`bplist00`) → a value, objects that refer to each other followed within
//! bounds.
//!
//! Layout (CoreFoundation, `CFBinaryPList.c`): header of 8 bytes, objects, table of their offsets,
//! trailer of 32 bytes: 6 unused, offset size, reference size, number of objects, root, table offset.

mod rescue;

use super::{Read, Refusal, Repairs, refusal};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use ::plist::{Date, Value};
use rescue::Rescue;
use std::io::Cursor;
use std::time::{Duration, UNIX_EPOCH};

const HEADER: usize = 8;
const TRAILER: usize = 32;

/// Reads a binary property list.
pub(super) fn read(bytes: &[u8]) -> Result<Read, Refusal> {
    let mut repairs = Repairs::default();
    let objects = find_objects(bytes, &mut repairs)?;
    if objects.are_bounded()
        && !repairs.lost
        && let Ok(value) = Value::from_reader(Cursor::new(objects.bytes))
    {
        return repairs.conclude(Some(value));
    }
    let value = Rescue::new(&objects, &mut repairs).read();
    repairs.conclude(value)
}

/// The table of objects, wherever it stands.
fn find_objects<'a>(bytes: &'a [u8], repairs: &mut Repairs) -> Result<Objects<'a>, Refusal> {
    if let Some(objects) = Objects::of_whole(bytes) {
        return Ok(objects);
    }
    if let Some(objects) = Objects::before_filling(bytes) {
        let place = Locator::Offset(objects.bytes.len() as u64);
        repairs.odd(place, "bytes that belong to no object follow the property list");
        return Ok(objects);
    }
    let place = Locator::Offset(bytes.len() as u64);
    let detail = "the table of objects at the end is missing; objects are taken in the order in \
                  which they stand";
    repairs.loss(place, ProblemKind::Truncated, detail);
    Objects::in_order(bytes).ok_or_else(|| {
        let detail = "the binary property list is cut, and no dictionary can be found in it";
        refusal(ProblemKind::MalformedFile, detail)
    })
}

enum Offsets {
    /// Where the table stands, and the bytes of one entry.
    Table { at: usize, size: usize },
    /// Offsets found by walking from object to object.
    Found(Vec<usize>),
}

struct Objects<'a> {
    bytes: &'a [u8],
    offsets: Offsets,
    count: usize,
    reference: usize,
    root: usize,
}

enum Object<'a> {
    /// Marker and content.
    Leaf(u8, &'a [u8]),
    /// References to its items.
    Array(References),
    /// References to its keys, then as many to their values.
    Dictionary(References, References),
}

/// What following references may cost: a few objects can stand for any number of values, and one long
/// string for any number of bytes.
#[derive(Default)]
struct Budget {
    nodes: usize,
    bytes: u64,
}

impl Budget {
    /// Pays for an object; `false` if the limit is reached.
    fn pay(&mut self, object: Option<&Object<'_>>) -> bool {
        self.nodes = self.nodes.saturating_add(1);
        if let Some(Object::Leaf(_, content)) = object {
            self.bytes = self.bytes.saturating_add(content.len() as u64);
        }
        self.nodes <= limits::PLIST_NODES && self.bytes <= limits::PLIST
    }
}

#[derive(Clone, Copy)]
struct References {
    next: usize,
    left: usize,
}

fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    let value =
        bytes.iter().try_fold(0_u64, |sum, byte| Some(sum.checked_mul(256)? | u64::from(*byte)))?;
    usize::try_from(value).ok()
}

impl<'a> Objects<'a> {
    /// The objects of a file that ends where its trailer ends.
    fn of_whole(bytes: &'a [u8]) -> Option<Self> {
        let trailer = bytes.len().checked_sub(TRAILER)?;
        let size = number(bytes, trailer.checked_add(6)?, 1)?;
        let reference = number(bytes, trailer.checked_add(7)?, 1)?;
        let count = number(bytes, trailer.checked_add(8)?, 8)?;
        let root = number(bytes, trailer.checked_add(16)?, 8)?;
        let at = number(bytes, trailer.checked_add(24)?, 8)?;
        let end = at.checked_add(count.checked_mul(size)?)?;
        let fits = (1..=8).contains(&size) && (1..=8).contains(&reference) && at >= HEADER;
        (fits && end <= trailer && root < count).then_some(Self {
            bytes,
            offsets: Offsets::Table { at, size },
            count,
            reference,
            root,
        })
    }

    /// The objects of a file with bytes after its trailer: NULs of a sector, mostly. Only an end that
    /// fits its own table exactly counts.
    fn before_filling(bytes: &'a [u8]) -> Option<Self> {
        let shortest = HEADER.saturating_add(TRAILER);
        (shortest..bytes.len()).rev().find_map(|end| {
            let objects = Self::of_whole(bytes.get(..end)?)?;
            let Offsets::Table { at, size } = objects.offsets else { return None };
            let table_end = at.saturating_add(objects.count.saturating_mul(size));
            (table_end.saturating_add(TRAILER) == end).then_some(objects)
        })
    }

    /// The objects of a file without its end, in the order in which they stand: every known writer
    /// begins with the root and numbers objects as it writes them. The size of a reference is not
    /// told: the one by which the first key of the root is a string counts.
    fn in_order(bytes: &'a [u8]) -> Option<Self> {
        [1, 2, 4].into_iter().find_map(|reference| {
            let mut at = HEADER;
            let mut found = Vec::new();
            let mut objects =
                Self { bytes, offsets: Offsets::Found(Vec::new()), count: 0, reference, root: 0 };
            while let Some(end) = objects.end_of(at)
                && found.len() <= limits::PLIST_NODES
            {
                found.push(at);
                at = end;
            }
            objects.count = found.len();
            objects.offsets = Offsets::Found(found);
            let Object::Dictionary(mut keys, _) = objects.object(0)? else { return None };
            let first = objects.follow(&mut keys)?;
            objects.text(first)?;
            Some(objects)
        })
    }

    fn offset(&self, index: usize) -> Option<usize> {
        match &self.offsets {
            Offsets::Table { at, size } if index < self.count => {
                number(self.bytes, at.checked_add(index.checked_mul(*size)?)?, *size)
            }
            Offsets::Table { .. } => None,
            Offsets::Found(found) => found.get(index).copied(),
        }
    }

    /// The next reference of a list.
    fn follow(&self, references: &mut References) -> Option<usize> {
        references.left = references.left.checked_sub(1)?;
        let index = number(self.bytes, references.next, self.reference)?;
        references.next = references.next.checked_add(self.reference)?;
        Some(index)
    }

    /// Length of an object and where its content begins, from its marker.
    fn extent(&self, at: usize) -> Option<(u8, usize, usize)> {
        let marker = *self.bytes.get(at)?;
        let at = at.checked_add(1)?;
        let short = usize::from(marker & 0x0f);
        if short != 0x0f || !matches!(marker >> 4, 0x4..=0x6 | 0xa..=0xd) {
            return Some((marker, short, at));
        }
        let size = 1_usize << (self.bytes.get(at)? & 0x0f).min(4);
        let at = at.checked_add(1)?;
        Some((marker, number(self.bytes, at, size)?, at.checked_add(size)?))
    }

    /// Where an object ends, if the file has all of it.
    fn end_of(&self, at: usize) -> Option<usize> {
        let (marker, length, content) = self.extent(at)?;
        let size = match marker >> 4 {
            0x0 => 0,
            0x1..=0x3 => 1_usize << length.min(8),
            0x4 | 0x5 => length,
            0x6 => length.checked_mul(2)?,
            0x8 => length.checked_add(1)?,
            0xa..=0xc => length.checked_mul(self.reference)?,
            0xd => length.checked_mul(2)?.checked_mul(self.reference)?,
            _ => return None,
        };
        content.checked_add(size).filter(|end| *end <= self.bytes.len())
    }

    /// An object; `None` if it lies outside of the file.
    fn object(&self, index: usize) -> Option<Object<'a>> {
        let at = self.offset(index)?;
        let end = self.end_of(at)?;
        let (marker, length, content) = self.extent(at)?;
        let bytes = self.bytes.get(content..end)?;
        let list = |skip: usize| {
            let next = content.saturating_add(skip.saturating_mul(self.reference));
            References { next, left: length }
        };
        Some(match marker >> 4 {
            0xa..=0xc => Object::Array(list(0)),
            0xd => Object::Dictionary(list(0), list(length)),
            _ => Object::Leaf(marker, bytes),
        })
    }

    /// An object that is a string.
    fn text(&self, index: usize) -> Option<String> {
        match self.object(index)? {
            Object::Leaf(marker, content) => leaf(marker, content)?.into_string(),
            Object::Array(_) | Object::Dictionary(..) => None,
        }
    }

    /// Whether following every reference stays within the limits. The number of steps is bounded, also
    /// where objects refer to themselves: they reach the depth limit.
    fn are_bounded(&self) -> bool {
        let mut budget = Budget::default();
        let mut open: Vec<References> = vec![];
        let mut next = Some(self.root);
        loop {
            if let Some(index) = next {
                let object = self.object(index);
                if !budget.pay(object.as_ref()) {
                    return false;
                }
                match object {
                    Some(Object::Array(items)) => open.push(items),
                    // Values follow the keys: one run of references.
                    Some(Object::Dictionary(keys, _)) => {
                        open.push(References { left: keys.left.saturating_mul(2), ..keys });
                    }
                    Some(Object::Leaf(..)) => {}
                    None => return false,
                }
            }
            if open.len() > limits::PLIST_DEPTH {
                return false;
            }
            let Some(last) = open.last_mut() else { return true };
            next = self.follow(last);
            if next.is_none() {
                open.pop();
            }
        }
    }
}

/// A value that holds no other; `None` if the format does not know it.
fn leaf(marker: u8, bytes: &[u8]) -> Option<Value> {
    let unsigned = || number(bytes, 0, bytes.len());
    Some(match marker {
        0x08 => Value::Boolean(false),
        0x09 => Value::Boolean(true),
        0x10..=0x12 => Value::from(unsigned()? as u64),
        0x13 => Value::from(i64::from_be_bytes(bytes.try_into().ok()?)),
        0x14 => Value::from(u64::try_from(i128::from_be_bytes(bytes.try_into().ok()?)).ok()?),
        0x22 => Value::Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        0x23 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        0x33 => date(f64::from_be_bytes(bytes.try_into().ok()?)),
        0x40..=0x4f => Value::Data(bytes.to_vec()),
        0x50..=0x5f => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        0x60..=0x6f => {
            let units = bytes.chunks_exact(2).filter_map(|pair| match *pair {
                [high, low] => Some(u16::from_be_bytes([high, low])),
                _ => None,
            });
            let characters = char::decode_utf16(units);
            let characters = characters.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
            Value::String(characters.collect())
        }
        0x80..=0x8f => Value::Uid(::plist::Uid::new(unsigned()? as u64)),
        _ => return None,
    })
}

/// Seconds since 2001 as a date, or as they stand where no calendar has that date.
fn date(seconds: f64) -> Value {
    const FROM_1970: f64 = 978_307_200.0;
    // The years 1 to 9999, which the crate can print.
    const YEARS: std::ops::Range<f64> = -63_114_076_800.0..252_423_993_600.0;
    let since_1970 = Duration::try_from_secs_f64((seconds + FROM_1970).abs());
    let moment = match since_1970 {
        Ok(_) if !YEARS.contains(&seconds) => None,
        Ok(after) if seconds >= -FROM_1970 => UNIX_EPOCH.checked_add(after),
        Ok(before) => UNIX_EPOCH.checked_sub(before),
        Err(_) => None,
    };
    moment.map_or(Value::Real(seconds), |moment| Value::Date(Date::from(moment)))
}
