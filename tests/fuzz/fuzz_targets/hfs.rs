//! Bytes → an HFS+ volume, and all that is in it.
#![no_main]

mod ask;

use portolan::evidence::image::hfs::Hfs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ask::everything(&Hfs, bytes));
