//! Bytes → an APFS container, and all that is in it.
#![no_main]

mod ask;

use portolan::evidence::image::apfs::Apfs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ask::everything(&Apfs, bytes));
