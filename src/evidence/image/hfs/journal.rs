//! The journal of a volume → whether it holds changes that the files do not show (TN1150, "Journal").

use super::header::Header;
use crate::evidence::image::disk::{Disk, read_vec};
use crate::evidence::image::fields::{be32, be64, bytes, le64};

/// `kJIJournalInFSMask`: the journal lies in the volume itself.
const IN_VOLUME: u32 = 1;

/// `JOURNAL_HEADER_MAGIC`, in the byte order of the Mac that wrote it.
const MAGIC: [u8; 4] = *b"JNLx";

/// What is to be said of the journal; nothing if it is empty.
pub(super) fn note(disk: &dyn Disk, header: &Header) -> Option<String> {
    let at = u64::from(header.journal_block).saturating_mul(u64::from(header.block_size));
    match transactions(disk, at) {
        Some(0) => None,
        Some(_) => Some("its journal holds changes, which are not replayed".to_owned()),
        None => Some("its journal cannot be read".to_owned()),
    }
}

/// Bytes of transactions in the journal that the block at `at` describes.
fn transactions(disk: &dyn Disk, at: u64) -> Option<u64> {
    let info = read_vec(disk, at, 180).ok()?;
    if be32(&info, 0)? & IN_VOLUME == 0 {
        return None;
    }
    let journal = read_vec(disk, be64(&info, 36)?, 44).ok()?;
    let magic: [u8; 4] = bytes(&journal, 0)?;
    let mut reversed = MAGIC;
    reversed.reverse();
    let number = match magic {
        MAGIC => be64,
        _ if magic == reversed => le64,
        _ => return None,
    };
    let (start, end) = (number(&journal, 8)?, number(&journal, 16)?);
    Some(start.abs_diff(end))
}
