//! Sparse images and sparse bundles → the bytes of their disk.

use super::build::noise;
use super::images::made_disk;
use super::udif::{open_with, whole};
use super::{gather, row, sha};
use crate::support::{Scratch, fixture_bytes};
use portolan::evidence::Reopen;
use portolan::evidence::archive::{ArchiveKind, open_stream};
use portolan::evidence::image::container::{NoParts, OpenedDisk, Parts};
use portolan::evidence::image::disk::read_vec;
use portolan::evidence::memory::InMemory;
use portolan::model::observation::Problem;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files by their path from the bundle.
#[derive(Default)]
struct Bundle(BTreeMap<String, Vec<u8>>);

impl Parts for Bundle {
    fn open(&self, path: &str) -> Option<Arc<dyn Reopen>> {
        let bytes = self.0.get(path)?;
        Some(Arc::new(InMemory(bytes.as_slice().into())))
    }
}

impl Bundle {
    fn with(mut self, path: &str, bytes: &[u8]) -> Self {
        self.0.insert(path.to_owned(), bytes.to_vec());
        self
    }

    fn opened(&self, info: &[u8]) -> Result<OpenedDisk, Problem> {
        let (id, opened) = open_with("x.sparsebundle/Info.plist", info, self).unwrap();
        assert_eq!(id, "sparsebundle");
        opened
    }

    fn refused(&self, info: &[u8]) -> String {
        let found = self.opened(info).err().unwrap();
        format!("{}: {}", found.kind.as_str(), found.detail)
    }
}

fn info(size: &str, band: &str) -> Vec<u8> {
    let list = format!(
        "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>band-size</key>{band}\
         <key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string>\
         <key>size</key>{size}</dict></plist>"
    );
    list.into_bytes()
}

fn integer(number: u64) -> String {
    format!("<integer>{number}</integer>")
}

/// The files of `fixtures/images/mac.sparsebundle.tar.xz`, and where they lie in it.
fn made() -> Vec<(String, Vec<u8>)> {
    let packed = fixture_bytes("images/mac.sparsebundle.tar.xz");
    let mut files = Vec::new();
    let mut stream = open_stream(ArchiveKind::Xz, "x.tar.xz", Box::new(&*packed)).unwrap();
    let problems = stream.for_each(&mut |entry, reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        files.push((entry.path, bytes));
    });
    assert!(problems.is_empty());
    files
}

#[test]
fn bands_that_are_missing_or_short_are_zeros() {
    let (first, last) = (noise(1000), noise(300));
    let bundle =
        Bundle::default().with("bands/0", &first).with("bands/a", &last).with("token", b"");
    let opened = bundle.opened(&info(&integer(10_300), &integer(1024))).unwrap();
    assert_eq!(opened.parts, ["bands/0", "bands/a", "token"]);
    assert_eq!(opened.notes, ["bands: 2 of 11"]);
    let disk = whole(&opened).unwrap();
    assert_eq!(disk.len(), 10_300);
    assert!(disk[..1000] == first && disk[10_240..] == last[..60]);
    assert!(disk[1000..10_240].iter().all(|byte| *byte == 0));
    assert!(read_vec(&*opened.disk, 990, 40).unwrap() == disk[990..1030]);
}

#[test]
fn many_bands_are_read_again_and_again_with_few_files_open() {
    let mut bundle = Bundle::default();
    for number in 0_u8..200 {
        bundle = bundle.with(&format!("bands/{number:x}"), &[number; 512]);
    }
    let opened = bundle.opened(&info(&integer(200 * 512), &integer(512))).unwrap();
    for round in 0..3_u64 {
        for number in 0..200_u64 {
            let read = read_vec(&*opened.disk, number * 512 + round, 3).unwrap();
            assert_eq!(u64::from(read[2]), number);
        }
    }
}

#[test]
fn bundles_that_are_not_read_are_refused_by_name() {
    let plain = info(&integer(1024), &integer(512));
    let locked = Bundle::default().with("token", b"encrcdsa\0\0\0\x02");
    assert_eq!(locked.refused(&plain), "encrypted: an encrypted sparse bundle");
    let bundle = Bundle::default();
    assert!(bundle.refused(&info(&integer(1024), &integer(0))).starts_with("limit"));
    assert!(bundle.refused(&info(&integer(u64::MAX), &integer(512))).starts_with("limit"));
    assert!(bundle.refused(&info(&integer(1 << 40), &integer(1))).starts_with("limit"));
    let text = bundle.refused(&info("<string>1</string>", &integer(512)));
    assert_eq!(text, "malformed-file: Info.plist has no number size");
    let binary = [b"bplist00".as_slice(), b"diskimage-bundle-type"].concat();
    assert!(bundle.refused(&binary).starts_with("unsupported"));
    for cut in 120..plain.len() {
        if let Some((_, Ok(opened))) = open_with("Info.plist", &plain[..cut], &bundle) {
            whole(&opened).unwrap();
        }
    }
}

#[test]
fn the_bundle_of_the_made_mac_holds_its_disk() {
    let mut bundle = Bundle::default();
    let mut info = Vec::new();
    for (path, bytes) in made() {
        let (_, inside) = path.split_once(".sparsebundle/").unwrap_or_default();
        match inside {
            "Info.plist" => info = bytes,
            "" => {}
            inside => bundle = bundle.with(inside, &bytes),
        }
    }
    let opened = bundle.opened(&info).unwrap();
    assert_eq!(sha(&whole(&opened).unwrap()), sha(&made_disk()));
}

#[test]
fn a_bundle_in_a_folder_is_one_image_with_its_bands() {
    let scratch = Scratch::new("sparse_bundle");
    for (path, bytes) in made().into_iter().filter(|(path, _)| !path.ends_with('/')) {
        scratch.write(&path, bytes);
    }
    let collected = gather(scratch.path());
    let image = row(&collected, "mac.sparsebundle/Info.plist");
    assert!(image.problems.is_empty(), "{:?}", image.problems);
    assert!(image.note.contains("bands: 8 of 28"), "{}", image.note);
    assert_eq!(image.records, 1);
    let band = row(&collected, "mac.sparsebundle/bands/1b");
    assert!(band.note.starts_with("part of "), "{}", band.note);
}

/// A sparse image of a disk of so many sectors: numbers of bands in the order of the file, and the bands.
fn sparse(sectors_of_band: u32, sectors: u32, numbers: &[u32], bands: &[u8]) -> Vec<u8> {
    let mut image = b"sprs\0\0\0\x03".to_vec();
    for field in [sectors_of_band, 1, sectors] {
        image.extend(field.to_be_bytes());
    }
    image.resize(64, 0);
    image.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    image.resize(4096, 0);
    image.extend(bands);
    image
}

#[test]
fn a_sparse_image_has_its_bands_in_the_order_of_writing() {
    let bands = noise(1024 + 512);
    let image = sparse(2, 7, &[3, 1], &[&bands[..1024], &bands[..1024]].concat());
    let (id, opened) = open_with("x.sparseimage", &image, &NoParts).unwrap();
    let opened = opened.unwrap();
    assert_eq!((id, opened.disk.size()), ("sparseimage", 7 * 512));
    assert!(opened.problems.is_empty());
    let disk = whole(&opened).unwrap();
    assert!(disk[2048..3072] == bands[..1024] && disk[..1024] == bands[..1024]);
    assert!(disk[1024..2048].iter().chain(&disk[3072..]).all(|byte| *byte == 0));
}

#[test]
fn a_sparse_image_that_is_cut_off_says_which_bytes_are_lost() {
    let image = sparse(2, 8, &[1, 4, 4, 9], &noise(1500));
    let (_, opened) = open_with("x.sparseimage", &image, &NoParts).unwrap();
    let opened = opened.unwrap();
    let problems: Vec<_> = opened.problems.iter().map(|found| found.detail.as_str()).collect();
    assert_eq!(
        problems,
        [
            "bands of the sparse image that the file is too short for: 2",
            "bands of the sparse image twice or beyond the disk: 2"
        ]
    );
    assert!(read_vec(&*opened.disk, 0, 1024).is_ok());
    let lost = read_vec(&*opened.disk, 6 * 512, 1024).unwrap_err();
    assert_eq!(lost.kind(), std::io::ErrorKind::UnexpectedEof);
    for (image, wanted) in [
        (sparse(0, 8, &[1], &[]), "whose bands have no sectors"),
        (sparse(1, 8, &[1], &noise(1010 * 512)), "of more than 1008 bands"),
        (image[..4000].to_vec(), "without its whole header"),
        (b"sprs\0\0\0\x04".to_vec(), "of version 4"),
    ] {
        let (_, opened) = open_with("x.sparseimage", &image, &NoParts).unwrap();
        let detail = opened.err().unwrap().detail;
        assert!(detail.contains(wanted), "{detail}");
    }
}
