//! A database and its write-ahead log, both in memory → the database as it was after the last whole transaction.
//!
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>: a header of 32 bytes, then frames of 24 bytes and a
//! page. A frame counts if its salts are the header's and the checksum over all before it is right; those behind the
//! last frame that ends a transaction do not.

use crate::evidence::limits;

/// Bytes of the header.
const HEADER: usize = 32;

/// Bytes before the page of a frame.
const FRAME: usize = 24;

/// What became of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// So many frames were put into the database, and so many left out: not ended, old, or damaged.
    Frames { used: usize, left: usize },
    /// Not a log of this database.
    Foreign,
}

/// Puts the frames of a log into a database.
pub(super) fn apply(database: &mut Vec<u8>, log: &[u8]) -> Applied {
    let Some(header) = Header::of(log) else { return Applied::Foreign };
    if page_size(database) != Some(header.page) {
        return Applied::Foreign;
    }
    let length = FRAME.saturating_add(header.page);
    let frames = log.get(HEADER..).unwrap_or_default().chunks(length);
    let all = frames.len();
    let (mut sum, mut open, mut used) = (header.sum, Vec::new(), 0_usize);
    for frame in frames {
        let Some((head, page)) = frame.split_at_checked(FRAME).filter(|_| frame.len() == length)
        else {
            break;
        };
        let salts = (word(head, 8), word(head, 12));
        let Some(next) = head
            .get(..8)
            .and_then(|part| header.checksum(sum, part))
            .and_then(|part| header.checksum(part, page))
        else {
            break;
        };
        if salts != header.salts || (word(head, 16), word(head, 20)) != (Some(next.0), Some(next.1))
        {
            break;
        }
        sum = next;
        let (Some(number), Some(size)) = (word(head, 0), word(head, 4)) else { break };
        open.push((number, page));
        if size == 0 {
            continue;
        }
        if !commit(database, &open, header.page, size) {
            break;
        }
        used = used.saturating_add(open.len());
        open.clear();
    }
    Applied::Frames { used, left: all.saturating_sub(used) }
}

/// Writes the pages of a transaction; the database then has `size` pages.
fn commit(database: &mut Vec<u8>, pages: &[(u32, &[u8])], length: usize, size: u32) -> bool {
    let bytes = (size as usize).checked_mul(length);
    let Some(bytes) = bytes.filter(|bytes| *bytes as u64 <= limits::DATABASE) else { return false };
    database.resize(bytes, 0);
    for (number, page) in pages {
        let at = (*number as usize).checked_sub(1).and_then(|index| index.checked_mul(length));
        let place = at.and_then(|at| database.get_mut(at..at.saturating_add(length)));
        // A page behind the end was dropped again within the transaction.
        if let Some(place) = place.filter(|place| place.len() == page.len()) {
            place.copy_from_slice(page);
        }
    }
    true
}

struct Header {
    big_endian: bool,
    page: usize,
    salts: (Option<u32>, Option<u32>),
    sum: (u32, u32),
}

impl Header {
    fn of(log: &[u8]) -> Option<Self> {
        let big_endian = match word(log, 0)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page = usize::try_from(word(log, 8)?).ok().filter(|page| is_page_size(*page))?;
        let salts = (word(log, 16), word(log, 20));
        let header = Self { big_endian, page, salts, sum: (word(log, 24)?, word(log, 28)?) };
        let sum = header.checksum((0, 0), log.get(..24)?)?;
        (sum == header.sum).then_some(header)
    }

    /// The checksum over what came before, gone on with over these bytes.
    fn checksum(&self, (mut one, mut two): (u32, u32), bytes: &[u8]) -> Option<(u32, u32)> {
        let read = if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        for pair in bytes.chunks(8) {
            let (a, b) = pair.split_at_checked(4)?;
            one = one.wrapping_add(read(*a.first_chunk()?)).wrapping_add(two);
            two = two.wrapping_add(read(*b.first_chunk()?)).wrapping_add(one);
        }
        Some((one, two))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

fn is_page_size(size: usize) -> bool {
    (512..=65_536).contains(&size) && size.is_power_of_two()
}

/// The size of the pages of a database, from its header.
pub(super) fn page_size(database: &[u8]) -> Option<usize> {
    let size = u16::from_be_bytes(*database.get(16..)?.first_chunk()?);
    let size = if size == 1 { 65_536 } else { usize::from(size) };
    is_page_size(size).then_some(size)
}
