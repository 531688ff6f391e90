//! zip: what its directory says, what it hides, what is locked.

use super::build::{Member, finish_zip, raw_zip, tree, zip_of};
use super::{contents, gather_with, opened, problems, row, sha};
use crate::support::fixture_bytes;
use portolan::evidence::Modified;
use portolan::model::Timestamp;
use portolan::pipeline::{Collected, Options, Status};
use zip::AesMode;
use zip::write::SimpleFileOptions;

fn opened_with(test: &str, bytes: &[u8], passwords: &[&str]) -> Collected {
    let scratch = super::Scratch::new(test);
    let passwords = passwords.iter().map(ToString::to_string).collect();
    let options = Options { passwords, ..Options::default() };
    gather_with(&scratch.write("x.zip", bytes), &options)
}

fn utc(seconds: i64) -> Modified {
    Modified::Utc(Timestamp::from_second(seconds).unwrap())
}

#[test]
fn sizes_and_offsets_of_zip64_are_read() {
    let members: Vec<_> = tree()
        .iter()
        .map(|(name, bytes)| Member { is_long: true, ..Member::deflated(name, bytes) })
        .collect();
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for member in &members {
        directory.extend(member.central(bytes.len() as u64));
        bytes.extend(member.local());
    }
    let (start, size) = (bytes.len() as u64, directory.len() as u64);
    let count = members.len() as u64;
    bytes.extend(directory);
    let end = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [count, count, size, start] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(end.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend([0, 0]);
    let collected = opened("zip64", "x.zip", &bytes);
    assert_eq!(row(&collected, "x.zip").status, Status::Parsed);
    assert_eq!(contents(&collected)["case/noise.bin"], sha(&super::build::noise(70_000)));
    assert_eq!(collected.sources.len(), tree().len() + 1);
}

#[test]
fn more_members_than_the_short_count_holds_are_read() {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for number in 0..65_600_u32 {
        let member = Member::stored(&format!("{number:05}"), b"");
        directory.extend(member.central(bytes.len() as u64));
        bytes.extend(member.local());
    }
    let bytes = finish_zip(bytes, &directory, 65_600);
    let collected = opened("many_members", "x.zip", &bytes);
    assert_eq!(collected.sources.len(), 65_601);
    assert_eq!(row(&collected, "x.zip").status, Status::Parsed);
}

#[test]
fn the_old_cipher_is_opened_by_the_right_password_only() {
    for member in [Member::stored("x.txt", b"secret\n"), Member::deflated("x.txt", &[b'a'; 5000])] {
        let plain = if member.method == 0 { b"secret\n".to_vec() } else { vec![b'a'; 5000] };
        let bytes = raw_zip(&[member.encrypted("right"), Member::stored("open.txt", b"open")]);
        // Among 600 wrong passwords two or three pass the cipher's own check of one byte.
        let mut passwords: Vec<_> = (0..600).map(|n| format!("wrong{n}")).collect();
        let wrong: Vec<_> = passwords.iter().map(String::as_str).collect();
        let locked = opened_with("old_cipher", &bytes, &wrong);
        assert_eq!(row(&locked, "x.txt").status, Status::Refused);
        assert!(problems(row(&locked, "x.txt")).starts_with("encrypted: "));
        assert_eq!(row(&locked, "open.txt").sha256, Some(sha(b"open")));
        passwords.push("right".into());
        let all: Vec<_> = passwords.iter().map(String::as_str).collect();
        let open = opened_with("old_cipher", &bytes, &all);
        assert_eq!(row(&open, "x.txt").sha256, Some(sha(&plain)), "{:?}", row(&open, "x.txt"));
    }
}

#[test]
fn aes_is_opened_by_the_right_password_only() {
    for mode in [AesMode::Aes128, AesMode::Aes256] {
        let options = SimpleFileOptions::default().with_aes_encryption(mode, "right");
        let bytes = zip_of(&tree(), options);
        let open = opened_with("aes", &bytes, &["wrong", "right"]);
        assert_eq!(row(&open, "case/notes.txt").sha256, Some(sha(&tree()[0].1)));
        assert_eq!(row(&open, "case/noise.bin").sha256, Some(sha(&tree()[2].1)));
        for passwords in [&[][..], &["wrong", "worse"]] {
            let locked = opened_with("aes", &bytes, passwords);
            assert_eq!(
                problems(row(&locked, "case/notes.txt")),
                "encrypted: encrypted, and no given password opens it"
            );
            assert!(locked.evidence[0].unusable.is_some());
            assert_eq!(locked.sources.len(), tree().len() + 1);
        }
    }
}

#[test]
fn an_encrypted_container_of_velociraptor_is_refused_by_name_or_opened() {
    let client = fixture_bytes("velociraptor-collection/client.json");
    let inner = raw_zip(&[Member::stored("client_info.json", &client)]);
    let metadata = fixture_bytes("velociraptor-collection/container.json");
    let outer = [
        Member::stored("metadata.json", &metadata),
        Member::stored("data.zip", &inner).encrypted("right"),
    ];
    let bytes = raw_zip(&outer);
    let locked = opened_with("velociraptor", &bytes, &["wrong"]);
    let refused = row(&locked, "data.zip");
    assert_eq!(refused.status, Status::Refused);
    let told =
        "encrypted: encrypted Velociraptor container: encrypted, and no given password opens it";
    assert_eq!(problems(refused), told);
    let open = opened_with("velociraptor", &bytes, &["right"]);
    assert_eq!(row(&open, "data.zip!/client_info.json").artifact, Some("velociraptor-collection"));
    assert!(!open.observations.is_empty());
}

#[test]
fn members_of_one_name_are_all_read() {
    let members = ["one", "two", "three"].map(|text| Member::stored("same.txt", text.as_bytes()));
    let collected = opened("zip_duplicates", "x.zip", &raw_zip(&members));
    assert_eq!(row(&collected, "same.txt").sha256, Some(sha(b"one")));
    assert_eq!(row(&collected, "same.txt#2").sha256, Some(sha(b"two")));
    assert_eq!(row(&collected, "same.txt#3").sha256, Some(sha(b"three")));
    assert!(problems(row(&collected, "same.txt#2")).starts_with("duplicate-name: "));
    assert_eq!(row(&collected, "same.txt").problem_count, 0);
}

#[test]
fn names_that_leave_the_archive_stay_in_it() {
    let names = ["../../etc/hosts", "/abs/file", "C:\\logs\\x.log", "..", "a/./b//c"];
    let members = names.map(|name| Member::stored(name, name.as_bytes()));
    let mut latin = Member::stored("", b"latin");
    latin.name = b"gr\xf6\xdfe.txt".to_vec();
    let collected = opened("zip_names", "x.zip", &raw_zip(&[&members[..], &[latin]].concat()));
    assert!(problems(row(&collected, "etc/hosts")).starts_with("unsafe-name: "));
    assert!(problems(row(&collected, "abs/file")).starts_with("absolute-name: "));
    assert_eq!(row(&collected, "C:/logs/x.log").problem_count, 0);
    assert_eq!(row(&collected, "").sha256, Some(sha(b"..")));
    assert_eq!(row(&collected, "a/b/c").problem_count, 0);
    assert!(problems(row(&collected, "gr\u{fffd}\u{fffd}e.txt")).starts_with("unsafe-name: "));
    assert_eq!(collected.sources.len(), 7);
}

#[test]
fn links_are_told_and_not_followed() {
    let link =
        |name, target: &str| Member { mode: 0o120_755, ..Member::stored(name, target.as_bytes()) };
    let device = Member { mode: 0o020_600, ..Member::stored("dev/null", b"") };
    let folder = Member { mode: 0o040_755, ..Member::stored("folder/", b"") };
    let members =
        [link("a/in", "../b"), link("a/out", "../../b"), link("a/abs", "/var"), device, folder];
    let collected = opened("zip_links", "x.zip", &raw_zip(&members));
    assert_eq!(row(&collected, "a/in").link.as_deref(), Some("../b"));
    assert_eq!(row(&collected, "a/in").problem_count, 0);
    assert!(problems(row(&collected, "a/out")).starts_with("link-outside: "));
    assert_eq!(row(&collected, "a/abs").problem_count, 0);
    assert_eq!(row(&collected, "dev/null").sha256, None);
    assert_eq!(collected.sources.len(), 5);
}

#[test]
fn times_are_utc_where_an_extra_field_tells_and_local_otherwise() {
    let with = |name, extra: Vec<u8>| Member { extra, ..Member::stored(name, b"x") };
    let seconds = 1_700_000_000_u32.to_le_bytes();
    let extended = [&b"UT\x05\0\x01"[..], &seconds].concat();
    let archive_utility = [&b"UX\x08\0"[..], &[0; 4], &seconds].concat();
    let ticks = (1_700_000_000_u64 * 10_000_000 + 116_444_736_000_000_000).to_le_bytes();
    let ntfs = [&b"\x0a\0\x20\0\0\0\0\0\x01\0\x18\0"[..], &ticks, &[0; 16]].concat();
    let damaged = b"UT\xff\0\x01\x02".to_vec();
    let members = [
        with("extended", extended),
        with("unix", archive_utility),
        with("ntfs", ntfs),
        with("damaged", damaged),
        with("dos", Vec::new()),
    ];
    let collected = opened("zip_times", "x.zip", &raw_zip(&members));
    for name in ["extended", "unix", "ntfs"] {
        assert_eq!(row(&collected, name).modified, Some(utc(1_700_000_000)), "{name}");
    }
    let local = jiff::civil::date(2024, 6, 5).at(13, 25, 20, 0);
    assert_eq!(row(&collected, "dos").modified, Some(Modified::Local(local)));
    assert_eq!(row(&collected, "damaged").modified, Some(Modified::Local(local)));
}

#[test]
fn a_method_that_is_not_read_is_named() {
    let members = [
        Member { method: 93, ..Member::stored("z", b"zzzz") },
        Member { method: 98, ..Member::stored("p", b"pppp") },
        Member { method: 4711, ..Member::stored("u", b"uuuu") },
        Member::stored("read", b"read"),
    ];
    let collected = opened("zip_methods", "x.zip", &raw_zip(&members));
    let told = |path| problems(row(&collected, path));
    assert_eq!(told("z"), "unsupported: compressed by Zstandard (method 93)");
    assert_eq!(told("p"), "unsupported: compressed by PPMd (method 98)");
    assert_eq!(told("u"), "unsupported: compressed by an unknown method (4711)");
    assert_eq!(row(&collected, "z").status, Status::Refused);
    assert_eq!(row(&collected, "read").sha256, Some(sha(b"read")));
}

#[test]
fn a_member_that_lies_about_itself_has_no_hash() {
    let good = Member::deflated("good", &[b'g'; 3000]);
    let members = [
        good.clone(),
        Member { name: b"crc".to_vec(), crc: 1, ..good.clone() },
        Member { name: b"longer".to_vec(), size: 2999, ..good.clone() },
        Member { name: b"shorter".to_vec(), size: 3001, ..good },
    ];
    let collected = opened("zip_lies", "x.zip", &raw_zip(&members));
    assert_eq!(row(&collected, "good").sha256, Some(sha(&[b'g'; 3000])));
    for name in ["crc", "longer", "shorter"] {
        assert_eq!(row(&collected, name).sha256, None, "{name}");
        assert_eq!(row(&collected, name).status, Status::Unreadable, "{name}");
        assert_eq!(row(&collected, name).problem_count, 1, "{name}");
    }
}

#[test]
fn an_archive_behind_something_else_is_read_where_it_is_found() {
    let inner = raw_zip(&[Member::stored("hidden.txt", b"hidden")]);
    let first = Member::stored("first.txt", b"first").local();
    let collected = opened("zip_prefix", "x.zip", &[first, inner].concat());
    assert_eq!(row(&collected, "hidden.txt").sha256, Some(sha(b"hidden")));
}

#[test]
fn an_archive_without_its_directory_is_read_from_its_members() {
    let mut described = Member::deflated("described.txt", &[b'd'; 4000]);
    described.flags = 8;
    let members = [
        described,
        Member::stored("plain.txt", b"plain"),
        Member::deflated("last", &super::build::noise(9000)),
    ];
    let mut bytes: Vec<u8> = members.iter().flat_map(Member::local).collect();
    bytes.truncate(bytes.len() - 100);
    let collected = opened("zip_cut", "x.zip", &bytes);
    assert_eq!(row(&collected, "described.txt").sha256, Some(sha(&[b'd'; 4000])));
    assert_eq!(row(&collected, "plain.txt").sha256, Some(sha(b"plain")));
    assert_eq!(problems(row(&collected, "last")), "truncated: 100 of its stored bytes are missing");
    assert_eq!(row(&collected, "last").sha256, None);
    assert!(problems(row(&collected, "x.zip")).starts_with("truncated: "));
    assert_eq!(row(&collected, "x.zip").status, Status::Partial);
    assert_eq!(collected.sources.len(), 4);
}

#[test]
fn an_empty_directory_hides_nothing() {
    let mut bytes = Member::stored("hidden.txt", b"hidden").local();
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0; 18]);
    let collected = opened("zip_emptied", "x.zip", &bytes);
    assert_eq!(row(&collected, "hidden.txt").sha256, Some(sha(b"hidden")));
    let empty = opened("zip_emptied", "x.zip", &finish_zip(Vec::new(), &[], 0));
    assert_eq!(empty.sources.len(), 1);
    assert_eq!(row(&empty, "x.zip").status, Status::Parsed);
}
