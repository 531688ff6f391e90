//! An image that can be read once only (compressed, or in an archive) → its bytes as a disk in memory, zeros left out.

use crate::evidence::image::disk::{Disk, fill_by_equal_pieces};
use crate::evidence::limits;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes of a page: it is kept as a whole or, being all zeros, not at all.
const PAGE: usize = 64 << 10;

/// All that `reader` gives, as a disk in memory that keeps only what is not zero. More than [`limits::IN_MEMORY`] such bytes,
/// or more than [`limits::SPOOLED`] altogether, is an error of kind `QuotaExceeded`.
pub fn spool(reader: &mut dyn Read) -> io::Result<Arc<dyn Disk>> {
    spool_within(reader, limits::IN_MEMORY, limits::SPOOLED)
}

/// The same with limits of one's own: `kept` bytes in memory, `size` bytes altogether.
pub fn spool_within(reader: &mut dyn Read, kept: u64, size: u64) -> io::Result<Arc<dyn Disk>> {
    let mut spooled = Spooled { size: 0, pages: BTreeMap::new() };
    let mut page = Vec::with_capacity(PAGE);
    for number in 0_u64.. {
        page.clear();
        let read = (&mut *reader).take(PAGE as u64).read_to_end(&mut page)?;
        spooled.size = spooled.size.saturating_add(read as u64);
        if read > 0 && page.iter().any(|byte| *byte != 0) {
            spooled.pages.insert(number, page.as_slice().into());
        }
        let in_memory = (spooled.pages.len() as u64).saturating_mul(PAGE as u64);
        if in_memory > kept || spooled.size > size {
            return Err(too_large(kept, size));
        }
        if read < PAGE {
            break;
        }
    }
    Ok(Arc::new(spooled))
}

fn too_large(kept: u64, size: u64) -> io::Error {
    let detail = format!(
        "an image that can be read only from front to back is held in memory, and this one has more than {kept} bytes that \
         are not zero, or more than {size} altogether: unpack it first and give the image itself"
    );
    io::Error::new(io::ErrorKind::QuotaExceeded, detail)
}

/// The pages that are not all zeros, by number; the last of a disk may be short.
struct Spooled {
    size: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Disk for Spooled {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        fill_by_equal_pieces((self.size, PAGE as u64), offset, buffer, |number, skipped, here| {
            match self.pages.get(&number).and_then(|page| page.get(skipped..)) {
                Some(page) => page.iter().zip(here).for_each(|(byte, place)| *place = *byte),
                None => here.fill(0),
            }
            Ok(())
        })
    }
}
