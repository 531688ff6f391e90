//! Bytes → a disk image of any kind that is one file (UDIF, sparse image, EWF, raw), and the first bytes of its disk.
#![no_main]

use portolan::evidence::Reopen;
use portolan::evidence::image::container::{CONTAINERS, First, NoParts};
use portolan::evidence::image::disk::read_vec;
use portolan::evidence::memory::InMemory;
use std::sync::Arc;

/// Bytes of the disk that are read, in pieces: fuzzing wants many short runs.
const BYTES: u64 = 2 << 20;
const PIECE: u64 = 64 << 10;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let head = &bytes[..bytes.len().min(4096)];
    let file: Arc<dyn Reopen> = Arc::new(InMemory(bytes.into()));
    let first = First { path: "x.dmg", head, bytes: &file };
    for format in CONTAINERS.iter().filter(|format| format.detect(&first)) {
        let Ok(opened) = format.open(&first, &NoParts) else { continue };
        let size = opened.disk.size().min(BYTES);
        for at in (0..size).step_by(PIECE as usize) {
            let length = PIECE.min(size - at) as usize;
            let _ = read_vec(&*opened.disk, at, length);
        }
    }
});
