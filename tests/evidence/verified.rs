//! Hashes that an image declares, against those of its disk.

use crate::evidence::sha;
use portolan::evidence::image::container::{OpenedDisk, spool, verify};
use portolan::evidence::image::{Disk, Extent};
use portolan::model::observation::ProblemKind;
use std::io;
use std::sync::Arc;

/// RFC 1321 §A.5 and FIPS 180-2 §A.1 give the hashes of `abc`.
const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
const SHA1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

fn declaring(declared: &[(&'static str, &str)]) -> OpenedDisk {
    let mut opened = OpenedDisk::plain(spool(&mut b"abc".as_slice()).unwrap());
    opened.declared = declared.iter().map(|(name, hash)| (*name, (*hash).to_owned())).collect();
    opened
}

#[test]
fn a_disk_with_the_hashes_that_its_image_declares_is_no_problem() {
    let (hashes, problems) = verify(&declaring(&[("md5", MD5), ("sha1", SHA1)])).unwrap();
    assert_eq!((hashes.md5.as_deref(), hashes.sha1.as_deref()), (Some(MD5), Some(SHA1)));
    assert_eq!(hashes.sha256, sha(b"abc"));
    assert_eq!(problems, []);
}

#[test]
fn each_hash_that_differs_is_told_with_both_values() {
    let wrong = "0".repeat(32);
    let (_, problems) = verify(&declaring(&[("md5", &wrong), ("sha1", SHA1)])).unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, ProblemKind::HashMismatch);
    assert!(problems[0].detail.contains(&wrong) && problems[0].detail.contains(MD5));
}

#[test]
fn a_disk_longer_than_one_read_is_hashed_to_its_last_byte() {
    let bytes = super::build::noise((2 << 20) + 5);
    let opened = OpenedDisk::plain(spool(&mut bytes.as_slice()).unwrap());
    assert_eq!(verify(&opened).unwrap().0.sha256, sha(&bytes));
}

/// A disk whose second MiB is lost.
struct Lost(Extent);

impl Disk for Lost {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset >= 1 << 20 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "chunk 32 is lost"));
        }
        self.0.read_at(offset, buffer)
    }
}

#[test]
fn a_disk_with_lost_bytes_has_no_hash() {
    let whole = spool(&mut vec![1; 2 << 20].as_slice()).unwrap();
    let lost = OpenedDisk::plain(Arc::new(Lost(Extent::new(whole, 0, 2 << 20))));
    assert_eq!(verify(&lost).unwrap_err().to_string(), "chunk 32 is lost");
}
