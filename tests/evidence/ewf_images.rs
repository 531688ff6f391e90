//! EWF images, split raw images, and images that are refused: what is read is the disk, and damage costs what it hit.

use crate::evidence::build::noise;
use crate::support::ewf::{CHUNK, adler, segments};
use crate::support::{Random, fixture};
use portolan::evidence::Reopen;
use portolan::evidence::digest::{Hashers, Wanted};
use portolan::evidence::image::container::{CONTAINERS, First, OpenedDisk, Parts};
use portolan::evidence::image::disk::read_vec;
use portolan::evidence::memory::InMemory;
use portolan::model::observation::Problem;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// Files by name.
#[derive(Default)]
struct Beside(BTreeMap<String, Vec<u8>>);

impl Parts for Beside {
    fn open(&self, path: &str) -> Option<Arc<dyn Reopen>> {
        Some(Arc::new(InMemory(self.0.get(path)?.as_slice().into())))
    }
}

impl Beside {
    fn of(files: &[(&str, Vec<u8>)]) -> Self {
        Self(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect())
    }

    fn opened(&self, first: &str) -> Result<(&'static str, OpenedDisk), Problem> {
        let bytes: Arc<dyn Reopen> = self.open(first).unwrap();
        let head = &self.0[first][..self.0[first].len().min(4096)];
        let first = First { path: first, head, bytes: &bytes };
        let format = CONTAINERS.iter().find(|format| format.detect(&first)).unwrap();
        format.open(&first, self).map(|disk| (format.id(), disk))
    }
}

/// The files of a set that the writer made, by their names.
fn set(disk: &[u8], each: usize, compressed: bool) -> Beside {
    let files = segments(disk, each, compressed).into_iter().enumerate();
    Beside(files.map(|(index, file)| (format!("x.E{:02}", index + 1), file)).collect())
}

fn all(disk: &OpenedDisk) -> Vec<u8> {
    read_vec(&*disk.disk, 0, usize::try_from(disk.disk.size()).unwrap()).unwrap()
}

fn faults(disk: &OpenedDisk) -> String {
    disk.problems.iter().map(|found| found.detail.as_str()).collect::<Vec<_>>().join("; ")
}

fn stored(name: &str) -> Vec<u8> {
    std::fs::read(fixture("images").join(name)).unwrap()
}

fn unpacked(name: &str) -> Vec<u8> {
    let (mut all, packed) = (Vec::new(), stored(name));
    lzma_rust2::XzReader::new(packed.as_slice(), true).read_to_end(&mut all).unwrap();
    all
}

#[test]
fn an_e01_of_two_segments_is_the_disk_that_was_acquired() {
    let files = Beside::of(&[("mac.E01", stored("mac.E01")), ("mac.E02", stored("mac.E02"))]);
    let (id, disk) = files.opened("mac.E01").unwrap();
    assert_eq!((id, faults(&disk).as_str()), ("e01", ""));
    assert_eq!(disk.parts, ["mac.E02"]);
    assert!(all(&disk) == unpacked("mac.gpt.raw.xz"));
}

#[test]
fn a_last_chunk_that_is_short_and_not_compressed_is_read_and_the_disk_has_its_declared_hash() {
    let files = Beside::of(&[("x.E01", stored("mac-odd-size.E01"))]);
    let (_, disk) = files.opened("x.E01").unwrap();
    assert_eq!((disk.disk.size(), faults(&disk).as_str()), (25_184_768, ""));
    let mut hashers = Hashers::new(Wanted { sha256: false, md5: true, sha1: true });
    hashers.update(&all(&disk));
    let taken = hashers.finish();
    let declared: BTreeMap<_, _> = disk.declared.iter().cloned().collect();
    assert_eq!(declared.get("md5"), taken.md5.as_ref());
}

#[test]
fn what_is_written_is_read_compressed_or_not_at_any_place() {
    for (compressed, length) in [(true, 5 * CHUNK), (false, 4 * CHUNK + 1024), (true, 512)] {
        let bytes = noise(length);
        let (_, disk) = set(&bytes, 2, compressed).opened("x.E01").unwrap();
        assert!(all(&disk) == bytes && disk.problems.is_empty(), "{}", faults(&disk));
        let middle = read_vec(&*disk.disk, 100, length.min(CHUNK + 7) - 100).unwrap();
        assert!(middle == bytes[100..length.min(CHUNK + 7)]);
    }
}

#[test]
fn what_the_header_says_of_the_case_is_told() {
    let (_, disk) = set(&noise(512), 1, true).opened("x.E01").unwrap();
    let notes = disk.notes.join("; ");
    let expected = "case number: 12; evidence number: B-7; examiner: J. Doe; acquired: 2026-05-14T09:30:00 of the \
                    examiner's clock";
    assert!(notes.contains(expected), "{notes}");
}

#[test]
fn a_missing_segment_costs_its_own_chunks_only() {
    let bytes = noise(6 * CHUNK);
    let mut files = set(&bytes, 2, true);
    files.0.remove("x.E02");
    let (_, disk) = files.opened("x.E01").unwrap();
    assert!(faults(&disk).contains("missing among the segments: x.E02"), "{}", faults(&disk));
    assert!(faults(&disk).contains("4 of 6 chunks"), "{}", faults(&disk));
    assert!(read_vec(&*disk.disk, 0, 2 * CHUNK).unwrap() == bytes[..2 * CHUNK]);
    assert!(read_vec(&*disk.disk, 4 * CHUNK as u64, 2 * CHUNK).unwrap() == bytes[4 * CHUNK..]);
    let lost = read_vec(&*disk.disk, 2 * CHUNK as u64, 1).unwrap_err().to_string();
    assert!(lost.contains("chunk 2 "), "{lost}");
}

#[test]
fn a_missing_last_segment_is_told() {
    let mut files = set(&noise(4 * CHUNK), 2, true);
    files.0.remove("x.E02");
    let (_, disk) = files.opened("x.E01").unwrap();
    assert!(faults(&disk).contains("x.E02 is missing"), "{}", faults(&disk));
}

#[test]
fn a_damaged_chunk_is_an_error_of_its_own_bytes() {
    let bytes = noise(3 * CHUNK);
    let mut files = set(&bytes, 3, false);
    let file = files.0.get_mut("x.E01").unwrap();
    let at = file.windows(64).position(|found| found == &bytes[CHUNK..CHUNK + 64]).unwrap();
    file[at] ^= 1;
    let (_, disk) = files.opened("x.E01").unwrap();
    let error = read_vec(&*disk.disk, CHUNK as u64, 1).unwrap_err().to_string();
    assert!(error.contains("chunk 1 ") && error.contains("damaged"), "{error}");
    assert!(read_vec(&*disk.disk, 2 * CHUNK as u64, CHUNK).unwrap() == bytes[2 * CHUNK..]);
}

#[test]
fn a_damaged_table_is_replaced_by_its_copy() {
    let bytes = noise(3 * CHUNK);
    let mut files = set(&bytes, 3, true);
    let file = files.0.get_mut("x.E01").unwrap();
    let at = file.windows(6).position(|found| found == b"table\0").unwrap();
    file[at + 76 + 24] ^= 1;
    let (_, disk) = files.opened("x.E01").unwrap();
    assert!(all(&disk) == bytes && disk.problems.is_empty(), "{}", faults(&disk));
}

/// Where the data of each section of a kind begin.
fn sections(file: &[u8], kind: &[u8]) -> Vec<usize> {
    let found = file.windows(kind.len()).enumerate().filter(|(_, bytes)| *bytes == kind);
    found.map(|(at, _)| at + 76).collect()
}

#[test]
fn a_table_lost_with_its_copy_costs_its_own_chunks_only() {
    let bytes = noise(6 * CHUNK);
    let mut files = set(&bytes, 2, true);
    let file = files.0.get_mut("x.E02").unwrap();
    for at in [sections(file, b"table\0"), sections(file, b"table2\0")].concat() {
        file[at + 20] ^= 1;
    }
    let (_, disk) = files.opened("x.E01").unwrap();
    let told = faults(&disk);
    assert!(told.contains("x.E02: chunks without a table that can be used are lost"), "{told}");
    assert!(read_vec(&*disk.disk, 0, 2 * CHUNK).unwrap() == bytes[..2 * CHUNK]);
    assert!(read_vec(&*disk.disk, 4 * CHUNK as u64, 2 * CHUNK).unwrap() == bytes[4 * CHUNK..]);
    assert!(read_vec(&*disk.disk, 2 * CHUNK as u64, 1).is_err());
}

#[test]
fn the_last_chunks_end_with_the_disk_though_more_are_claimed() {
    let bytes = noise(6 * CHUNK);
    let mut files = set(&bytes, 2, true);
    files.0.remove("x.E02");
    let file = files.0.get_mut("x.E01").unwrap();
    let at = sections(file, b"volume\0")[0];
    file[at + 4] = 9;
    let sum = adler(&file[at..at + 1048]);
    file[at + 1048..at + 1052].copy_from_slice(&sum);
    let (_, disk) = files.opened("x.E01").unwrap();
    assert!(read_vec(&*disk.disk, 4 * CHUNK as u64, 2 * CHUNK).unwrap() == bytes[4 * CHUNK..]);
    assert!(read_vec(&*disk.disk, 2 * CHUNK as u64, 1).is_err());
}

#[test]
fn a_later_segment_given_alone_asks_for_the_first() {
    let why = set(&noise(4 * CHUNK), 2, true).opened("x.E02").err().unwrap();
    assert_eq!(why.kind.as_str(), "unsupported");
    assert!(why.detail.contains("give the first segment"), "{}", why.detail);
}

/// Sets the checksum of every descriptor that can be found, so that what it claims is believed.
fn repair(file: &mut [u8]) {
    for kind in ["header", "volume", "sectors", "table", "table2", "done"] {
        let found = file
            .windows(kind.len() + 1)
            .position(|bytes| bytes == [kind.as_bytes(), &[0]].concat());
        if let Some(at) = found.filter(|at| at + 76 <= file.len()) {
            let sum = adler(&file[at..at + 72]);
            file[at + 72..at + 76].copy_from_slice(&sum);
            if kind.starts_with("table") && at + 100 <= file.len() {
                let sum = adler(&file[at + 76..at + 96]);
                file[at + 96..at + 100].copy_from_slice(&sum);
            }
        }
    }
}

/// Opens what may be damaged and reads all that can be read: it must end, and not panic.
fn exercise(file: Vec<u8>) {
    let Ok((_, disk)) = Beside::of(&[("x.E01", file)]).opened("x.E01") else { return };
    for number in 0..disk.disk.size().div_ceil(CHUNK as u64).min(64) {
        let _ = read_vec(&*disk.disk, number * CHUNK as u64, 512);
    }
    let _ = read_vec(&*disk.disk, disk.disk.size().saturating_sub(1), 1);
}

#[test]
fn an_ewf_image_cut_off_anywhere_or_with_false_claims_neither_panics_nor_hangs() {
    let sound =
        segments(&[vec![7; 5 * CHUNK], noise(700)[..512].to_vec()].concat(), 9, true).remove(0);
    for end in (13..sound.len()).step_by(37) {
        exercise(sound[..end].to_vec());
    }
    let mut random = Random::new(71);
    for _ in 0..1500 {
        let mut file = sound.clone();
        for _ in 0..=random.below(3) {
            let at = 13 + random.below(sound.len() - 13);
            file[at] = u8::try_from(random.below(256)).unwrap();
        }
        repair(&mut file);
        exercise(file);
    }
}

#[test]
fn a_split_raw_image_is_its_parts_one_after_the_other() {
    let parts =
        [("mac.raw.001", unpacked("mac.raw.001.xz")), ("mac.raw.002", unpacked("mac.raw.002.xz"))];
    let (id, disk) = Beside::of(&parts).opened("mac.raw.001").unwrap();
    assert_eq!((id, faults(&disk).as_str()), ("raw", ""));
    assert_eq!(disk.parts, ["mac.raw.002"]);
    assert!(all(&disk) == unpacked("mac.gpt.raw.xz"));
}

#[test]
fn a_missing_part_of_a_split_raw_image_has_the_size_of_the_first_and_its_bytes_are_lost() {
    let whole = unpacked("mac.gpt.raw.xz");
    let parts: Vec<Vec<u8>> = whole.chunks(8 << 20).map(<[u8]>::to_vec).collect();
    let files = Beside::of(&[
        ("x.001", parts[0].clone()),
        ("x.003", parts[2].clone()),
        ("x.004", parts[3].clone()),
    ]);
    let (_, disk) = files.opened("x.001").unwrap();
    assert!(faults(&disk).contains("x.002 is missing"), "{}", faults(&disk));
    assert_eq!(disk.disk.size(), whole.len() as u64);
    assert!(read_vec(&*disk.disk, 16 << 20, 4096).unwrap() == whole[16 << 20..(16 << 20) + 4096]);
    let lost = read_vec(&*disk.disk, (8 << 20) - 1, 2).unwrap_err();
    assert!(lost.to_string().contains("missing"), "{lost}");
}

#[test]
fn an_inner_part_of_a_split_raw_image_that_is_short_leaves_the_others_in_their_place() {
    let bytes = unpacked("mac.gpt.raw.xz")[..4000].to_vec();
    let part = |from: usize, to: usize| bytes[from..to].to_vec();
    let files = Beside::of(&[
        ("x.001", part(0, 1200)),
        ("x.002", part(1200, 2000)),
        ("x.003", part(2400, 3600)),
        ("x.004", part(3600, 4000)),
    ]);
    let (_, disk) = files.opened("x.001").unwrap();
    assert_eq!(disk.disk.size(), 4000);
    assert_eq!(faults(&disk), "x.002 has 800 bytes, the first part has 1200: 400 bytes are lost");
    assert!(read_vec(&*disk.disk, 2400, 1600).unwrap() == bytes[2400..]);
    assert!(read_vec(&*disk.disk, 0, 2000).unwrap() == bytes[..2000]);
    let lost = read_vec(&*disk.disk, 1990, 20).unwrap_err();
    assert_eq!(lost.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn a_part_of_a_split_raw_image_that_is_longer_than_the_first_is_told_unless_it_is_the_last() {
    let bytes = unpacked("mac.gpt.raw.xz")[..4000].to_vec();
    let part = |from: usize, to: usize| bytes[from..to].to_vec();
    let mut files = Beside::of(&[("x.001", part(0, 1200)), ("x.002", part(1200, 3600))]);
    assert_eq!(faults(&files.opened("x.001").unwrap().1), "");
    files.0.insert("x.003".to_owned(), part(3600, 4000));
    let told = faults(&files.opened("x.001").unwrap().1);
    assert!(told.contains("x.002 has 2400 bytes"), "{told}");
}

#[test]
fn formats_that_are_not_read_are_refused_by_name() {
    let marks: &[(usize, &[u8], &str)] = &[
        (0, b"encrcdsa", "encrypted"),
        (4088, b"cdsaencr", "encrypted"),
        (0, b"EVF2\x0d\x0a\x81\x00", "Ex01"),
        (0, b"LVF\x09\x0d\x0a\xff\x00", "L01"),
        (0, b"LEF2\x0d\x0a\x81\x00", "Lx01"),
        (0, b"AFF10\x0d\x0a\x00", "AFF"),
        (0, b"KDMV", "VMDK"),
        (0, b"COWD", "VMware"),
        (0, b"# Disk DescriptorFile", "VMware"),
        (0, b"conectix", "VHD"),
        (3584, b"conectix", "VHD"),
        (0, b"vhdxfile", "VHDX"),
        (0, b"QFI\xfb", "QCOW"),
        (64, b"\x7f\x10\xda\xbe", "VDI"),
        (0, b"WithoutFreeSpace", "Parallels"),
        (0, b"WithouFreSpacExt", "Parallels"),
    ];
    for (at, mark, name) in marks {
        let mut file = vec![0; 4096];
        file[*at..at + mark.len()].copy_from_slice(mark);
        let why = Beside::of(&[("x", file)]).opened("x").err().unwrap();
        assert!(why.detail.contains(name) && why.detail.contains("give that"), "{}", why.detail);
    }
    let zip = [b"PK\x03\x04".as_slice(), &[0; 26], b"container.description"].concat();
    let why = Beside::of(&[("x", zip)]).opened("x").err().unwrap();
    assert!(why.detail.contains("AFF4"), "{}", why.detail);
}
