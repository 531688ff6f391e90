//! Archives cut off anywhere, and with any byte changed → no panic, no hang, nothing lost before.

use super::build::{bzip2, gzip, noise, tar_of, tree, xz, zip_of, zstd};
use super::{Scratch, contents, gather, row, sha};
use portolan::evidence::archive::{ArchiveKind, open_stream, open_zip};
use portolan::evidence::memory::InMemory;
use portolan::evidence::{Entry, EntryKind, Stream};
use std::io::{self, Read};
use std::sync::Arc;
use zip::write::SimpleFileOptions;

/// Paths and hashes of what a stream gives; what fails has none.
fn drained(stream: &mut dyn Stream) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut then = |entry: Entry, reader: &mut dyn Read| {
        let mut bytes = Vec::new();
        let whole = reader.read_to_end(&mut bytes).is_ok();
        found.push((entry.shown(), whole.then(|| sha(&bytes))));
    };
    stream.for_each(&mut then);
    found
}

fn stream(kind: ArchiveKind, bytes: &[u8]) -> Vec<(String, Option<String>)> {
    let opened = open_stream(kind, "x.tar", Box::new(bytes));
    opened.map(|mut stream| drained(&mut *stream)).unwrap_or_default()
}

fn unzipped(bytes: &[u8]) -> Vec<(String, Option<String>)> {
    let Ok(volume) = open_zip(Arc::new(InMemory(bytes.into())), &["wrong".into()]) else {
        return Vec::new();
    };
    let files = volume.entries().into_iter().flatten().filter(|e| e.kind == EntryKind::File);
    let read = |entry: Entry| {
        let mut hash = None;
        let _ = volume.read(&entry, &mut |reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            hash = Some(sha(&bytes));
            io::Result::Ok(())
        });
        (entry.shown(), hash)
    };
    files.map(read).collect()
}

fn small() -> Vec<(&'static str, Vec<u8>)> {
    vec![("a.txt", b"alpha\n".repeat(40)), ("b.bin", noise(1500)), ("c/d.txt", b"delta\n".to_vec())]
}

/// Every position of a short archive, fewer of a long one.
fn positions(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by((length / 700).max(1))
}

#[test]
fn a_tar_cut_off_anywhere_gives_every_file_before_the_cut() {
    let tar = tar_of(&small());
    let whole = stream(ArchiveKind::Tar, &tar);
    for cut in positions(tar.len()) {
        let found = stream(ArchiveKind::Tar, &tar[..cut]);
        let mut end = 0;
        for (number, (_, bytes)) in small().iter().enumerate() {
            end += 512 + bytes.len();
            if end <= cut {
                assert_eq!(found.get(number), whole.get(number), "cut at {cut}");
            }
            end = end.next_multiple_of(512);
        }
        let lying = found.iter().filter(|(path, hash)| {
            hash.is_some() && !whole.iter().any(|known| known == &(path.clone(), hash.clone()))
        });
        assert_eq!(lying.count(), 0, "cut at {cut}");
    }
}

#[test]
fn a_compressed_tar_cut_off_anywhere_never_gives_a_wrong_file() {
    let tar = tar_of(&small());
    let whole = stream(ArchiveKind::Tar, &tar);
    for (kind, bytes) in [
        (ArchiveKind::Gzip, gzip(&tar)),
        (ArchiveKind::Bzip2, bzip2(&tar)),
        (ArchiveKind::Xz, xz(&tar)),
        (ArchiveKind::Zstd, zstd(&tar)),
    ] {
        for cut in positions(bytes.len()) {
            let found = stream(kind, &bytes[..cut]);
            let mut read = found.iter().filter(|(path, hash)| hash.is_some() && path != "x.tar");
            assert!(read.all(|file| whole.contains(file)), "{kind:?} cut at {cut}");
        }
    }
}

#[test]
fn a_compressed_tar_cut_off_late_keeps_its_early_files() {
    // bzip2 and zstd decode in blocks of up to 900 and 128 kB.
    let two = noise(2_000_000).split_off(1_000_000);
    let tar = tar_of(&[("one", noise(1_000_000)), ("two", two)]);
    for (kind, bytes) in [
        (ArchiveKind::Gzip, gzip(&tar)),
        (ArchiveKind::Bzip2, bzip2(&tar)),
        (ArchiveKind::Xz, xz(&tar)),
        (ArchiveKind::Zstd, zstd(&tar)),
    ] {
        let found = stream(kind, &bytes[..bytes.len() - 5000]);
        let one = ("one".to_owned(), Some(sha(&noise(1_000_000))));
        assert_eq!(found, [one, ("two".to_owned(), None)], "{kind:?}");
    }
}

#[test]
fn a_changed_byte_that_still_decodes_is_told_by_the_checksum() {
    let lone = noise(3000);
    for (kind, mut bytes) in [
        (ArchiveKind::Gzip, gzip(&lone)),
        (ArchiveKind::Xz, xz(&lone)),
        (ArchiveKind::Zstd, zstd(&lone)),
    ] {
        bytes[1500] ^= 1;
        assert_eq!(stream(kind, &bytes)[0].1, None, "{kind:?}");
    }
}

#[test]
fn a_cut_off_tar_gz_keeps_its_earlier_files_and_tells_the_place() {
    let scratch = Scratch::new("cut_tgz");
    let bytes =
        gzip(&tar_of(&[("one", noise(40_000)), ("two", noise(40_000)), ("three", noise(40_000))]));
    let collected = gather(&scratch.write("x.tgz", &bytes[..bytes.len() - 30_000]));
    assert_eq!(row(&collected, "one").sha256, Some(sha(&noise(40_000))));
    assert_eq!(row(&collected, "two").sha256, Some(sha(&noise(40_000))));
    assert_eq!(row(&collected, "three").sha256, None);
    let container = row(&collected, "x.tgz");
    assert_eq!(container.status.as_str(), "partial");
    let told = super::problems(container);
    assert!(told.contains("the gzip data ends too early"), "{told}");
    assert!(told.contains("after \"three\""), "{told}");
    assert_eq!(contents(&collected).len(), 3);
}

#[test]
fn a_zip_cut_off_anywhere_never_gives_a_wrong_file() {
    let zip = zip_of(&small(), SimpleFileOptions::default());
    let whole = unzipped(&zip);
    assert_eq!(whole.len(), 3);
    for cut in positions(zip.len()) {
        let found = unzipped(&zip[..cut]);
        let wrong = found.iter().filter(|file| file.1.is_some() && !whole.contains(file));
        assert_eq!(wrong.count(), 0, "cut at {cut}");
    }
    let directory = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    assert_eq!(unzipped(&zip[..directory]), whole);
}

#[test]
fn any_changed_byte_is_survived() {
    let tar = tar_of(&small());
    let lone = "a line of some log\n".repeat(30).into_bytes();
    let archives = [
        (ArchiveKind::Zip, zip_of(&small(), SimpleFileOptions::default())),
        (ArchiveKind::Tar, tar.clone()),
        (ArchiveKind::Gzip, gzip(&tar)),
        (ArchiveKind::Gzip, gzip(&lone)),
        (ArchiveKind::Bzip2, bzip2(&lone)),
        (ArchiveKind::Xz, xz(&lone)),
        (ArchiveKind::Zstd, zstd(&lone)),
    ];
    for (kind, bytes) in archives {
        for at in positions(bytes.len()) {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                match kind {
                    ArchiveKind::Zip => drop(unzipped(&changed)),
                    kind => drop(stream(kind, &changed)),
                }
            }
        }
    }
}

#[test]
fn a_changed_byte_in_the_evidence_is_survived_by_the_whole_run() {
    let scratch = Scratch::new("flipped");
    for (name, bytes) in
        [("zip", zip_of(&tree(), SimpleFileOptions::default())), ("tgz", gzip(&tar_of(&tree())))]
    {
        for at in positions(bytes.len()).step_by(40) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            scratch.write(&format!("{name}{at}"), changed);
        }
    }
    let collected = gather(scratch.path());
    assert!(collected.sources.iter().all(|s| !super::problems(s).contains("panicked")));
}
