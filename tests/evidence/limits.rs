//! What inflates without measure → refused, in bounded memory, the rest read.

use super::build::{Member, finish_zip, gzip, raw_zip, tar_end, tar_entry, tar_of};
use super::{opened, problems, row, sha};
use portolan::evidence::archive::Budget;
use portolan::evidence::limits;
use portolan::pipeline::Status;
use std::io::Write;

/// gzip of so many zeros, without their being held in memory.
fn zeros(count: u64) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..count >> 20 {
        writer.write_all(&block).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_gzip_bomb_is_refused_and_its_neighbours_are_read() {
    let bomb = zeros(limits::RATIO_FREE + (4 << 20));
    let outer =
        tar_of(&[("before", b"before".to_vec()), ("bomb.gz", bomb), ("after", b"after".to_vec())]);
    let collected = opened("gzip_bomb", "x.tar", &outer);
    let bomb = row(&collected, "bomb.gz!/bomb");
    assert_eq!(bomb.status, Status::Refused);
    assert!(problems(bomb).starts_with("limit: inflates to more than 250 times"));
    assert_eq!(bomb.sha256, None);
    assert_eq!(row(&collected, "before").sha256, Some(sha(b"before")));
    assert_eq!(row(&collected, "after").sha256, Some(sha(b"after")));
}

#[test]
fn a_zip_bomb_is_refused_by_what_it_says_of_itself() {
    let data = Member::deflated("bomb", &vec![0; 1 << 20]);
    let bomb = Member { size: 1 << 30, ..data };
    let members = [Member::stored("a", b"a"), bomb, Member::stored("z", b"z")];
    let collected = opened("zip_bomb", "x.zip", &raw_zip(&members));
    assert_eq!(row(&collected, "bomb").status, Status::Refused);
    assert!(problems(row(&collected, "bomb")).starts_with("limit: not read: 1073741824 bytes"));
    assert_eq!(row(&collected, "a").sha256, Some(sha(b"a")));
    assert_eq!(row(&collected, "z").sha256, Some(sha(b"z")));
}

#[test]
fn members_that_share_their_bytes_are_read_up_to_the_archives_allowance() {
    // Each is within its own limit, and all of them stand on the same bytes.
    let kernel = Member { size: limits::RATIO_FREE, ..Member::deflated("kernel", b"not so many") };
    let mut directory = Vec::new();
    for number in 0..40 {
        let name = format!("{number:02}").into_bytes();
        directory.extend(Member { name, ..kernel.clone() }.central(0));
    }
    let collected = opened("overlap", "x.zip", &finish_zip(kernel.local(), &directory, 40));
    let refused = |kind| {
        let rows = collected.sources.iter();
        rows.filter(|s| problems(s).starts_with(kind)).count()
    };
    assert_eq!(refused("limit: "), 24);
    assert_eq!(collected.sources.len(), 41);
}

#[test]
fn a_budget_is_spent_once() {
    let budget = Budget::of_archive(1000);
    let all = limits::RATIO_FREE * 16;
    assert!(budget.spend(all - 10).is_ok());
    assert!(budget.spend(11).is_err());
    assert!(budget.spend(10).is_ok());
    assert!(budget.spend(1).is_err());
    assert!(Budget::of_archive(1 << 30).spend(limits::RATIO << 30).is_ok());
}

#[test]
fn archives_in_an_archive_share_its_allowance() {
    // Every layer is harmless by itself: sixteen members, each a zip of sixteen, each of 256 MiB.
    let leaf = Member { size: limits::RATIO_FREE, ..Member::stored("leaf", b"short") };
    let inner = raw_zip(&vec![leaf; 16]);
    let members: Vec<_> = (0..4).map(|n| Member::stored(&format!("{n}.zip"), &inner)).collect();
    let collected = opened("shared_budget", "x.zip", &raw_zip(&members));
    let limited = collected.sources.iter().filter(|s| problems(s).contains("limit: "));
    assert_eq!(limited.count(), 49);
    assert_eq!(collected.sources.len(), 1 + 4 + 64);
}

#[test]
fn a_claimed_size_takes_no_memory() {
    let mut long_name = tar::Header::new_gnu();
    long_name.set_path("././@LongLink").unwrap();
    long_name.set_entry_type(tar::EntryType::GNULongName);
    long_name.set_size(20 << 20);
    long_name.set_cksum();
    let mut tar = tar_entry("first", b'0', "", b"first");
    tar.extend(long_name.as_bytes());
    tar.extend(vec![b'n'; 20 << 20]);
    tar.extend(tar_entry("last", b'0', "", b"last"));
    tar.extend(tar_end());
    let collected = opened("long_name", "x.tar.gz", &gzip(&tar));
    assert_eq!(row(&collected, "first").sha256, Some(sha(b"first")));
    assert_eq!(row(&collected, "last").sha256, Some(sha(b"last")));
    assert!(problems(row(&collected, "x.tar.gz")).starts_with("limit: "));
}

#[test]
fn holes_without_end_are_refused() {
    let mut header = tar::Header::new_gnu();
    header.set_path("hole").unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(0);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(1 << 60);
    let octal = |field: &mut [u8; 12], value: u64| {
        field[0] = 0x80;
        field[4..].copy_from_slice(&value.to_be_bytes());
    };
    octal(&mut gnu.sparse[0].offset, 1 << 60);
    octal(&mut gnu.sparse[0].numbytes, 0);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(tar_entry("next", b'0', "", b"next"));
    bytes.extend(tar_end());
    let collected = opened("holes", "x.tar", &bytes);
    assert_eq!(row(&collected, "hole").status, Status::Refused);
    assert!(problems(row(&collected, "hole")).starts_with("limit: grows to more than"));
    assert_eq!(row(&collected, "next").sha256, Some(sha(b"next")));
}
