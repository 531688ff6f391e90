//! tar: names, links, times, sparse files, and what follows its end.

use super::build::{tar_end, tar_entry, tar_of, tree};
use super::{contents, opened, problems, row, sha};
use portolan::evidence::Modified;
use portolan::pipeline::Status;

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let line = |(key, value): &(&str, &str)| {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + rest.to_string().len();
        if rest + length.to_string().len() != length {
            length += 1;
        }
        format!("{length} {key}={value}\n")
    };
    tar_entry("pax", b'x', "", records.iter().map(line).collect::<String>().as_bytes())
}

#[test]
fn links_and_devices_are_told_and_not_followed() {
    let bytes = [
        tar_entry("a/in", b'2', "../b", b""),
        tar_entry("a/out", b'2', "../../b", b""),
        tar_entry("a/hard", b'1', "a/b/c", b""),
        tar_entry("a/hard-out", b'1', "../c", b""),
        tar_entry("pipe", b'6', "", b""),
        tar_entry("disk", b'4', "", b""),
        tar_entry("folder/", b'5', "", b""),
        tar_entry("contiguous", b'7', "", b"text"),
        tar_end(),
    ];
    let collected = opened("tar_links", "x.tar", &bytes.concat());
    assert_eq!(
        row(&collected, "x.tar").status,
        Status::Parsed,
        "{}",
        problems(row(&collected, "x.tar"))
    );
    assert_eq!(row(&collected, "a/in").link.as_deref(), Some("../b"));
    assert_eq!(row(&collected, "a/in").problem_count, 0);
    assert!(problems(row(&collected, "a/out")).starts_with("link-outside: "));
    assert_eq!(row(&collected, "a/hard").link.as_deref(), Some("a/b/c"));
    assert!(problems(row(&collected, "a/hard-out")).starts_with("link-outside: "));
    assert_eq!(row(&collected, "pipe").sha256, None);
    assert_eq!(row(&collected, "contiguous").sha256, Some(sha(b"text")));
    assert_eq!(collected.sources.len(), 8);
}

#[test]
fn names_that_leave_the_archive_or_come_twice_are_told() {
    let bytes = [
        tar_entry("../../etc/hosts", b'0', "", b"1"),
        tar_entry("/abs", b'0', "", b"2"),
        tar_entry("abs", b'0', "", b"3"),
        tar_entry("._abs", b'0', "", b"4"),
        tar_end(),
    ];
    let collected = opened("tar_names", "x.tar", &bytes.concat());
    assert!(problems(row(&collected, "etc/hosts")).starts_with("unsafe-name: "));
    assert!(problems(row(&collected, "abs")).starts_with("absolute-name: "));
    assert_eq!(row(&collected, "abs#2").sha256, Some(sha(b"3")));
    assert!(problems(row(&collected, "abs#2")).starts_with("duplicate-name: "));
    assert_eq!(row(&collected, "._abs").problem_count, 0);
}

#[test]
fn pax_headers_name_and_date_the_entry_behind_them() {
    let long = "d/".repeat(300) + "file.txt";
    let bytes = [
        tar_entry("pax_global", b'g', "", b"20 comment=any text\n"),
        pax(&[("path", &long), ("mtime", "1700000000.250000000")]),
        tar_entry("short", b'0', "", b"text"),
        tar_end(),
    ];
    let collected = opened("tar_pax", "x.tar", &bytes.concat());
    let found = row(&collected, &long);
    assert_eq!(found.sha256, Some(sha(b"text")));
    let time = "2023-11-14T22:13:20.25Z".parse().unwrap();
    assert_eq!(found.modified, Some(Modified::Utc(time)));
    assert_eq!(collected.sources.len(), 2);
    assert_eq!(row(&collected, "x.tar").status, Status::Parsed);
}

#[test]
fn a_file_stored_without_its_holes_has_the_hash_of_the_file() {
    let mut map = b"2\n1000\n4\n5000\n3\n".to_vec();
    map.resize(512, 0);
    map.extend(b"headend");
    let bytes = [
        pax(&[
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "disk.img"),
            ("GNU.sparse.realsize", "6000"),
        ]),
        tar_entry("GNUSparseFile.0/disk.img", b'0', "", &map),
        tar_entry("next", b'0', "", b"next"),
        tar_end(),
    ];
    let mut file = vec![0; 6000];
    file[1000..1004].copy_from_slice(b"head");
    file[5000..5003].copy_from_slice(b"end");
    let collected = opened("tar_sparse", "x.tar", &bytes.concat());
    assert_eq!(row(&collected, "disk.img").sha256, Some(sha(&file)));
    assert_eq!(row(&collected, "next").sha256, Some(sha(b"next")));
    assert_eq!(row(&collected, "x.tar").status, Status::Parsed);
}

#[test]
fn older_lists_of_pieces_are_read_from_the_attributes() {
    let size = ("GNU.sparse.size", "20");
    let single = pax(&[size, ("GNU.sparse.name", "in-one"), ("GNU.sparse.map", "2,3,10,2")]);
    let pairs = [
        size,
        ("GNU.sparse.offset", "2"),
        ("GNU.sparse.numbytes", "3"),
        ("GNU.sparse.offset", "10"),
        ("GNU.sparse.numbytes", "2"),
    ];
    let bytes = [
        single,
        tar_entry("GNUSparseFile.7/in-one", b'0', "", b"abcde"),
        pax(&pairs),
        tar_entry("in-pairs", b'0', "", b"abcde"),
        tar_end(),
    ];
    let collected = opened("tar_sparse_older", "x.tar", &bytes.concat());
    let file = b"\0\0abc\0\0\0\0\0de\0\0\0\0\0\0\0\0";
    assert_eq!(row(&collected, "in-one").sha256, Some(sha(file)));
    assert_eq!(row(&collected, "in-pairs").sha256, Some(sha(file)));
}

#[test]
fn a_sparse_map_that_is_damaged_costs_its_own_file_only() {
    let bytes = [
        pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "6000")]),
        tar_entry("broken", b'0', "", b"2\n10\n4\n5\n3\n"),
        pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "6000")]),
        tar_entry("many", b'0', "", b"99999999999999999999\n"),
        tar_entry("next", b'0', "", b"next"),
        tar_end(),
    ];
    let collected = opened("tar_sparse_broken", "x.tar", &bytes.concat());
    assert_eq!(row(&collected, "broken").sha256, None);
    assert_eq!(row(&collected, "many").sha256, None);
    assert_eq!(row(&collected, "next").sha256, Some(sha(b"next")));
}

#[test]
fn entries_behind_a_damaged_header_are_found() {
    let mut files = Vec::new();
    for name in ["one", "two", "three"] {
        files.push(tar_entry(name, b'0', "", name.as_bytes()));
    }
    // The name is not what its checksum was taken of.
    files[1][0] = b'T';
    let collected = opened("tar_resync", "x.tar", &[files.concat(), tar_end()].concat());
    assert_eq!(contents(&collected).into_keys().collect::<Vec<_>>(), ["one", "three"]);
    let told = problems(row(&collected, "x.tar"));
    assert!(told.contains("after \"one\", at byte 1536"), "{told}");
    assert!(told.contains("reading goes on with the header at byte 2048"), "{told}");
    assert_eq!(row(&collected, "x.tar").problem_count, 1);
}

#[test]
fn entries_behind_the_end_mark_are_read_and_told() {
    let second = tar_entry("second", b'0', "", b"2");
    let bytes = [tar_of(&tree()), vec![0; 4096], second, tar_end()].concat();
    let collected = opened("tar_appended", "x.tar", &bytes);
    assert_eq!(row(&collected, "second").sha256, Some(sha(b"2")));
    assert_eq!(collected.sources.len(), tree().len() + 2);
    assert!(problems(row(&collected, "x.tar")).contains("entries follow the archive's end mark"));
    let junk = [tar_of(&tree()), vec![b'j'; 700]].concat();
    let told = opened("tar_appended", "x.tar", &junk);
    assert!(problems(row(&told, "x.tar")).contains("bytes that are no entries follow"));
}

#[test]
fn a_missing_end_mark_is_told() {
    let bytes = [tar_entry("one", b'0', "", b"1"), tar_entry("two", b'0', "", b"2")].concat();
    let collected = opened("tar_no_end", "x.tar", &bytes);
    assert_eq!(contents(&collected).len(), 2);
    assert!(problems(row(&collected, "x.tar")).starts_with("truncated: "));
}
