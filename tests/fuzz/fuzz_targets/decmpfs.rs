//! Bytes → a compressed file: the value of its attribute up to a length that the first byte tells, then its resource fork.
#![no_main]

use portolan::evidence::image::decmpfs::Compressed;
use std::io::{Cursor, Read, copy, sink};

/// Bytes of content that are read: a file may claim more than there is time for.
const MOST: u64 = 4 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first() else { return };
    let (value, fork) = rest.split_at(usize::from(*length).min(rest.len()));
    let Ok(compressed) = Compressed::read(value.to_vec()) else { return };
    let size = compressed.size();
    let fork = fork.to_vec();
    if let Ok(reader) = compressed.open(|| Ok(Box::new(Cursor::new(fork)))) {
        let read = copy(&mut reader.take(MOST), &mut sink()).unwrap_or_default();
        assert!(read <= size, "{read} bytes of {size}");
    }
});
