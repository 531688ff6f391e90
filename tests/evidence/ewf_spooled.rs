//! Images that can be read once only, held in memory.

use crate::evidence::build::noise;
use portolan::evidence::image::container::{spool, spool_within};
use portolan::evidence::image::disk::read_vec;
use std::io::{self, Read};

const PAGE: usize = 64 << 10;

#[test]
fn a_spooled_image_reads_as_it_was_at_any_place() {
    let mut bytes = vec![0; 5 * PAGE + 777];
    bytes[PAGE - 3..PAGE + 5].copy_from_slice(b"boundary");
    bytes[4 * PAGE..].copy_from_slice(&noise(PAGE + 777));
    let disk = spool(&mut bytes.as_slice()).unwrap();
    assert_eq!(disk.size(), bytes.len() as u64);
    for (offset, length) in [(0, bytes.len()), (PAGE - 4, 10), (2 * PAGE, PAGE), (5 * PAGE, 777)] {
        let read = read_vec(&*disk, offset as u64, length).unwrap();
        assert!(read == bytes[offset..offset + length], "{length} bytes at {offset}");
    }
    let beyond = read_vec(&*disk, disk.size() - 1, 2).unwrap_err();
    assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn nothing_at_all_is_an_empty_disk() {
    assert_eq!(spool(&mut io::empty()).unwrap().size(), 0);
}

#[test]
fn zeros_take_no_memory_and_what_is_not_zero_is_bounded() {
    let sparse = spool_within(&mut io::repeat(0).take(300 << 20), 0, 1 << 30).unwrap();
    assert_eq!(sparse.size(), 300 << 20);
    let dense = spool_within(&mut io::repeat(1).take(3 << 20), 2 << 20, 1 << 30).err().unwrap();
    let long = spool_within(&mut io::repeat(0), 0, 1 << 20).err().unwrap();
    for error in [dense, long] {
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
        assert!(error.to_string().contains("unpack it first"), "{error}");
    }
}
