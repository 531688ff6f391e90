//! Bytes → the partitions of a disk: none reaches beyond it, whatever a map claims.
#![no_main]

#[allow(dead_code, reason = "only the targets of file systems ask for more than a disk")]
mod ask;

use portolan::evidence::image::partition;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    partition::detect(&bytes[..bytes.len().min(4096)]);
    let (parts, _) = partition::list(&ask::disk(bytes));
    assert!(parts.iter().all(|part| part.disk.size() <= bytes.len() as u64));
});
