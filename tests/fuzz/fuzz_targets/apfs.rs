//! Bytes → an APFS container, and all that is in it. Checksums are made right first, or few changes would get past them.
#![no_main]

#[allow(dead_code, reason = "only the checksum is needed")]
#[path = "../../support/apfs_image.rs"]
mod apfs_image;
mod ask;

use apfs_image::{BLOCK, seal};
use portolan::evidence::image::apfs::Apfs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    // What has a type in the header is an object.
    let objects = bytes.chunks_exact_mut(BLOCK).filter(|block| block[24..28] != [0; 4]);
    objects.for_each(seal);
    ask::everything(&Apfs, &bytes);
});
