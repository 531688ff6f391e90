//! A tree in every container → the same files as in a plain folder.

use super::build::{bzip2, gzip, tar_of, tree, xz, zip_of, zstd};
use super::{Scratch, contents, gather, gather_with, opened, row, sha};
use portolan::evidence::archive::{ArchiveKind, detect};
use portolan::pipeline::{Options, Status};
use std::collections::BTreeMap;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

fn expected() -> BTreeMap<String, String> {
    tree().into_iter().map(|(path, bytes)| (path.to_owned(), sha(&bytes))).collect()
}

fn every_container() -> Vec<(&'static str, Vec<u8>)> {
    let zip = |method| {
        zip_of(&tree(), SimpleFileOptions::default().compression_method(method).large_file(true))
    };
    let tar = tar_of(&tree());
    vec![
        ("stored.zip", zip(CompressionMethod::Stored)),
        ("deflated.zip", zip(CompressionMethod::Deflated)),
        ("bzip2.zip", zip(CompressionMethod::Bzip2)),
        ("xz.zip", zip(CompressionMethod::Xz)),
        ("plain.tar", tar.clone()),
        ("gzip.tar.gz", gzip(&tar)),
        ("bzip2.tar.bz2", bzip2(&tar)),
        ("xz.tar.xz", xz(&tar)),
        ("zstd.tar.zst", zstd(&tar)),
    ]
}

#[test]
fn every_container_gives_the_files_of_the_plain_folder() {
    let scratch = Scratch::new("plain_folder");
    for (path, bytes) in tree() {
        scratch.write(path, bytes);
    }
    assert_eq!(contents(&gather(scratch.path())), expected());
    for (name, bytes) in every_container() {
        let collected = opened("every_container", name, &bytes);
        assert_eq!(contents(&collected), expected(), "{name}");
        let container = row(&collected, name);
        assert_eq!(container.status, Status::Parsed, "{name} {:?}", container.problems);
        assert_eq!(container.sha256, Some(sha(&bytes)), "{name}");
        assert_eq!(container.records, tree().len() as u64, "{name}");
    }
}

#[test]
fn a_container_is_told_by_content_and_not_by_name() {
    let scratch = Scratch::new("by_content");
    for (name, bytes) in every_container() {
        scratch.write(&name.replace('.', "_"), bytes);
    }
    scratch.write("text.zip", "no archive at all");
    let collected = gather(scratch.path());
    let files = contents(&collected);
    assert_eq!(files.len(), every_container().len() * tree().len() + 1);
    assert!(files.contains_key("plain_tar!/case/notes.txt"));
    assert!(files.contains_key("text.zip"));
}

#[test]
fn documents_that_are_zip_files_are_hashed_whole() {
    for first in ["[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype"] {
        let bytes = zip_of(&[(first, b"x".to_vec())], SimpleFileOptions::default());
        assert_eq!(detect(&bytes), None, "{first}");
    }
    assert_eq!(detect(b"PK\x05\x06"), Some(ArchiveKind::Zip));
    assert_eq!(detect(b"BZh9 is how some sentence might begin"), None);
}

#[test]
fn a_tar_of_unix_v7_is_told_by_its_checksum() {
    let mut header = tar::Header::new_old();
    header.set_path("old.txt").unwrap();
    header.set_size(2);
    header.set_mode(0o644);
    header.set_mtime(300_000_000);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(b"hi");
    bytes.resize(2048, 0);
    assert_eq!(detect(&bytes), Some(ArchiveKind::Tar));
    assert_eq!(contents(&opened("v7", "old.tar", &bytes))["old.txt"], sha(b"hi"));
    bytes[0] = b'O';
    assert_eq!(detect(&bytes), None);
}

#[test]
fn all_members_of_a_compressed_file_are_read() {
    let (a, b) = (b"first half\n".as_slice(), b"second half\n".as_slice());
    let whole = [a, b].concat();
    for (name, bytes) in [
        ("x.gz", [gzip(a), gzip(b)].concat()),
        ("x.gz", [gzip(a), vec![0; 100], gzip(b), vec![0; 7]].concat()),
        ("x.bz2", [bzip2(a), bzip2(b)].concat()),
        ("x.xz", [xz(a), vec![0; 4], xz(b)].concat()),
        ("x.zst", [zstd(a), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(b)].concat()),
    ] {
        let collected = opened("members", name, &bytes);
        assert_eq!(contents(&collected)["x"], sha(&whole), "{name}");
        assert_eq!(row(&collected, name).status, Status::Parsed, "{name}");
    }
}

#[test]
fn a_lone_gzip_file_is_named_and_dated_by_its_header() {
    let builder = flate2::GzBuilder::new().filename("../logs/system.log.0").mtime(1_700_000_000);
    let mut writer = builder.write(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut writer, b"line\n").unwrap();
    let collected = opened("gzip_name", "odd.gz", &writer.finish().unwrap());
    let inner = row(&collected, "system.log.0");
    assert_eq!(inner.sha256, Some(sha(b"line\n")));
    let dated = portolan::model::Timestamp::from_second(1_700_000_000).unwrap();
    assert_eq!(inner.modified, Some(portolan::evidence::Modified::Utc(dated)));
    let unnamed = opened("gzip_name", "plain.LOG.GZ", &gzip(b"line\n"));
    assert_eq!(row(&unnamed, "plain.LOG").modified, None);
}

#[test]
fn bytes_behind_compressed_data_are_told() {
    let bytes = [gzip(b"line\n"), b"hidden".to_vec()].concat();
    let collected = opened("behind_gzip", "x.gz", &bytes);
    assert_eq!(row(&collected, "x").sha256, Some(sha(b"line\n")));
    assert_eq!(row(&collected, "x.gz").status, Status::Partial);
}

#[test]
fn containers_in_containers_are_opened_five_deep_and_no_deeper() {
    let mut bytes = zip_of(&[("deep.txt", b"deep\n".to_vec())], SimpleFileOptions::default());
    let mut path = "deep.txt".to_owned();
    for level in 0..4 {
        path = format!("{level}!/{path}");
        let name: &'static str = ["0", "1", "2", "3"][level];
        bytes = match level {
            0 => tar_of(&[(name, bytes)]),
            1 => zip_of(&[(name, bytes)], SimpleFileOptions::default()),
            2 => gzip(&tar_of(&[(name, bytes)])),
            _ => {
                let stored = SimpleFileOptions::default();
                zip_of(&[(name, bytes)], stored.compression_method(CompressionMethod::Stored))
            }
        };
    }
    let path = "3!/2!/1!/0!/deep.txt";
    let collected = opened("nested", "outer", &bytes);
    assert_eq!(row(&collected, path).sha256, Some(sha(b"deep\n")));
    let deeper = opened("nested", "outer", &tar_of(&[("4", bytes)]));
    let refused = row(&deeper, "4!/3!/2!/1!/0");
    assert_eq!(refused.status, Status::Refused);
    assert!(!deeper.sources.iter().any(|source| source.path.ends_with("deep.txt")));
}

#[test]
fn the_number_of_threads_never_shows() {
    let inner = every_container();
    let mut files = tree();
    files.extend(inner);
    files.push(("case/notes.txt", b"again".to_vec()));
    let outer = gzip(&tar_of(&files));
    let zipped = zip_of(&[("outer.tgz", outer.clone())], SimpleFileOptions::default());
    let scratch = Scratch::new("threads");
    scratch.write("outer.tgz", outer);
    let zipped = scratch.write("outer.zip", zipped);
    for path in [scratch.path(), &zipped] {
        let run = |jobs| gather_with(path, &Options { jobs, ..Options::default() }).sources;
        let one = run(1);
        assert!(one.len() > 50);
        assert_eq!(one, run(2));
        assert_eq!(one, run(8));
    }
}
