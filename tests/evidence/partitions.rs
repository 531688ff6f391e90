//! Partition maps, sound and damaged, and what must not be taken for one.

use crate::evidence::build::noise;
use crate::support::disks::{
    APFS, HFS, Shown, Wanted, disk, listed, numbered, put, put_apm, put_gpt, put_mbr,
};
use crate::support::{Random, files_below, fixture};
use portolan::evidence::image::disk::read_vec;
use portolan::evidence::image::partition;

/// A name, a kind, the first byte and the size of a partition.
fn part(name: &str, kind: &str, first: u8, size: u64) -> Shown {
    (name.to_owned(), kind.to_owned(), first, size)
}

fn two() -> [Wanted<'static, [u8; 16]>; 2] {
    [
        Wanted { kind: HFS, name: "Größe", first: 40, last: 49 },
        Wanted { kind: APFS, name: "Macintosh HD", first: 60, last: 139 },
    ]
}

fn gpt(sector: usize) -> Vec<u8> {
    let mut disk = numbered(200, sector);
    put_gpt(&mut disk, sector, &two());
    disk
}

#[test]
fn a_gpt_is_read_whatever_its_sectors() {
    for sector in [512, 4096] {
        let (parts, problems) = listed(&gpt(sector));
        let size = sector as u64;
        let wanted =
            [part("Größe", "HFS+", 40, 10 * size), part("Macintosh HD", "APFS", 60, 80 * size)];
        assert_eq!((parts, problems), (wanted.to_vec(), vec![]), "{sector}");
    }
}

#[test]
fn a_disk_with_a_map_is_told_by_its_first_bytes() {
    assert!(partition::detect(&gpt(512)[..4096]));
    // The header of large sectors stands behind the first 4,096 bytes: the protective MBR tells.
    assert!(partition::detect(&gpt(4096)[..4096]));
    let mut apm = numbered(64, 512);
    put_apm(&mut apm, 512, &[Wanted { kind: "Apple_HFS", name: "disk image", first: 8, last: 63 }]);
    assert!(partition::detect(&apm[..4096]));
}

#[test]
fn a_damaged_header_or_table_of_a_gpt_is_replaced_by_the_backup() {
    for sector in [512, 4096] {
        for at in [sector, sector + 20, sector + 72, 2 * sector + 40, 2 * sector + 60] {
            let mut disk = gpt(sector);
            disk[at] ^= 1;
            let (parts, problems) = listed(&disk);
            assert_eq!(parts, listed(&gpt(sector)).0, "byte {at}");
            assert_eq!(problems.len(), 1, "byte {at}: {problems:?}");
            assert!(problems[0].contains("the backup is read"), "{problems:?}");
        }
    }
}

#[test]
fn a_backup_is_found_where_the_image_is_longer_than_the_disk() {
    let mut disk = gpt(512);
    disk[512] = 0;
    disk.extend(vec![0; 5000]);
    let (parts, problems) = listed(&disk);
    assert_eq!(parts, listed(&gpt(512)).0);
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_gpt_without_sound_copy_is_read_as_it_stands_and_said_so() {
    let mut disk = gpt(512);
    disk[2 * 512 + 40] ^= 1;
    disk.truncate(150 * 512);
    let (parts, problems) = listed(&disk);
    assert_eq!(parts.len(), 2);
    assert!(problems[0].contains("read as it stands"), "{problems:?}");
}

#[test]
fn a_partition_beyond_the_end_is_cut_or_left_out_and_said_so() {
    let mut disk = gpt(512);
    disk.truncate(100 * 512);
    let (parts, problems) = listed(&disk);
    assert_eq!(parts[1], part("Macintosh HD", "APFS", 60, 40 * 512));
    let said = "truncated: the partition \"Macintosh HD\" has 40960 bytes of which the image holds the first 20480";
    assert_eq!(problems, [said]);
    disk.truncate(55 * 512);
    let (parts, problems) = listed(&disk);
    assert_eq!((parts.len(), problems.len()), (1, 1), "{problems:?}");
}

#[test]
fn a_used_entry_of_a_gpt_that_no_partition_can_have_is_told() {
    let mut disk = numbered(200, 512);
    let wanted = [
        Wanted { kind: HFS, name: "in the map", first: 1, last: 49 },
        Wanted { kind: APFS, name: "Macintosh HD", first: 60, last: 139 },
        Wanted { kind: HFS, name: "backwards", first: 160, last: 150 },
    ];
    put_gpt(&mut disk, 512, &wanted);
    let (parts, problems) = listed(&disk);
    assert_eq!(parts, [part("Macintosh HD", "APFS", 60, 80 * 512)]);
    let said = [
        "malformed-file: entry 1 of the GPT has sectors 1 to 49: it is left out",
        "malformed-file: entry 3 of the GPT has sectors 160 to 150: it is left out",
    ];
    assert_eq!(problems, said);
}

#[test]
fn a_gpt_beats_the_mbr_that_repeats_a_part_of_it() {
    let mut disk = gpt(512);
    put_mbr(&mut disk, 0, &[(0xee, 1, 39), (0xaf, 40, 10)]);
    assert_eq!(listed(&disk), listed(&gpt(512)));
}

#[test]
fn a_protective_mbr_without_gpt_is_a_problem() {
    let mut disk = numbered(64, 512);
    put_mbr(&mut disk, 0, &[(0xee, 1, 63)]);
    let (parts, problems) = listed(&disk);
    assert!(parts.is_empty());
    assert!(problems[0].contains("no GPT that can be read"), "{problems:?}");
}

#[test]
fn claims_of_a_gpt_are_bounded() {
    for (at, claim) in [(80, u32::MAX), (84, u32::MAX), (84, 0), (80, 2_000_000), (12, u32::MAX)] {
        let mut disk = gpt(512);
        put(&mut disk, 512 + at, &claim.to_le_bytes());
        // The first copy is no longer sound, so the second is read …
        assert_eq!(listed(&disk).0, listed(&gpt(512)).0, "{claim} at {at}");
        // … and without it what can be read of the first, if anything.
        disk.truncate(150 * 512);
        assert!(listed(&disk).0.len() <= 1024, "{claim} at {at}");
    }
}

#[test]
fn an_apple_partition_map_is_read_whatever_its_blocks() {
    let wanted = || {
        [
            Wanted { kind: "Apple_partition_map", name: "Apple", first: 1, last: 63 },
            Wanted { kind: "Apple_HFS", name: "disk image", first: 64, last: 139 },
            Wanted { kind: "Apple_Free", name: "", first: 140, last: 149 },
        ]
    };
    for block in [512_u16, 2048] {
        let mut disk = numbered(150, usize::from(block));
        put_apm(&mut disk, block, &wanted());
        let hfs = part("disk image", "Apple_HFS", 64, 76 * u64::from(block));
        assert_eq!(listed(&disk), (vec![hfs], vec![]), "{block}");
    }
    // A disc tells of blocks of 2,048 bytes and has a map of smaller ones.
    let mut disk = numbered(150, 512);
    put_apm(&mut disk, 512, &wanted());
    put(&mut disk, 2, &2048_u16.to_be_bytes());
    assert_eq!(listed(&disk).0.len(), 1);
}

#[test]
fn a_damaged_entry_of_an_apple_partition_map_is_a_problem() {
    let mut disk = numbered(150, 512);
    let wanted = |name, first| Wanted { kind: "Apple_HFS", name, first, last: first + 9 };
    put_apm(&mut disk, 512, &[wanted("one", 10), wanted("two", 20), wanted("three", 30)]);
    disk[3 * 512] = 0;
    let (parts, problems) = listed(&disk);
    assert_eq!(parts.len(), 2);
    assert_eq!(problems, ["malformed-file: entry 3 of 3 of the partition map is damaged"]);
    put(&mut disk, 512 + 4, &u32::MAX.to_be_bytes());
    assert!(listed(&disk).1[0].contains("claims 4294967295 entries"));
}

#[test]
fn an_mbr_is_read_with_its_extended_partitions() {
    let mut disk = numbered(250, 512);
    put_mbr(&mut disk, 0, &[(0xaf, 2, 8), (0x05, 20, 200)]);
    put_mbr(&mut disk, 20, &[(0x83, 1, 9), (0x05, 30, 20)]);
    put_mbr(&mut disk, 50, &[(0xa5, 2, 7)]);
    let wanted = [
        part("", "HFS+", 2, 8 * 512),
        part("", "Linux", 21, 9 * 512),
        part("", "type 0xa5", 52, 7 * 512),
    ];
    assert_eq!(listed(&disk), (wanted.to_vec(), vec![]));
}

#[test]
fn a_circle_of_extended_partitions_ends() {
    let mut disk = numbered(250, 512);
    put_mbr(&mut disk, 0, &[(0x0f, 20, 200)]);
    put_mbr(&mut disk, 20, &[(0x83, 1, 9), (0x0f, 30, 20)]);
    put_mbr(&mut disk, 50, &[(0x83, 1, 9), (0x0f, 0, 20)]);
    let (parts, problems) = listed(&disk);
    assert_eq!(parts.len(), 2);
    assert!(problems[0].contains("lead in a circle"), "{problems:?}");
    disk[50 * 512 + 510] = 0;
    assert!(listed(&disk).1[0].contains("sector 50 is damaged"));
}

/// A boot sector as `mkfs.fat` and Windows lay it out: a jump, a parameter block, a signature.
fn boot_sector() -> Vec<u8> {
    let mut sector = vec![0; 4096];
    put(&mut sector, 0, b"\xeb\x3c\x90mkfs.fat\x00\x02\x04\x01\x00\x02\x00\x02\x00\x10\xf8");
    put(&mut sector, 510, &[0x55, 0xaa]);
    sector
}

#[test]
fn a_boot_sector_is_no_map() {
    let plain = boot_sector();
    assert!(!partition::detect(&plain));
    // Code or data that looks like an entry changes nothing.
    let mut odd = boot_sector();
    put(&mut odd, 446, &[0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]);
    assert!(!partition::detect(&odd));
    let mut ntfs = odd.clone();
    put(&mut ntfs, 3, b"NTFS    \0\x02\x08\0\0\0\0\0\0\xf8");
    assert!(!partition::detect(&ntfs));
    // The same entry behind the code of a boot loader is one.
    put(&mut odd, 0, b"\xeb\x63\x90\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert!(partition::detect(&odd));
    let shown = listed(&plain);
    assert_eq!(shown, (vec![part("", "", 0xeb, 4096)], vec![]));
}

#[test]
fn entries_that_no_tool_writes_are_no_map() {
    let mut record = vec![0; 4096];
    let refused: [&[(u8, u32, u32)]; 5] = [
        &[],
        &[(0x83, 0, 10)],
        &[(0x83, 1, 0)],
        &[(0x83, u32::MAX, u32::MAX)],
        &[(0x83, 10, 10), (0xaf, 15, 10)],
    ];
    for entries in refused {
        put_mbr(&mut record, 0, entries);
        assert!(!partition::detect(&record), "{entries:?}");
    }
    put_mbr(&mut record, 0, &[(0x83, 10, 10)]);
    record[446] = 0x41;
    assert!(!partition::detect(&record), "a boot flag that is a letter");
}

#[test]
fn files_of_a_mac_are_not_taken_for_disks() {
    for path in files_below(&fixture("")) {
        let bytes = std::fs::read(fixture(&path)).unwrap();
        let is_image = path.starts_with("images/");
        assert!(is_image || !partition::detect(&bytes[..bytes.len().min(4096)]), "{path}");
    }
    let mut random = noise(4096 * 300);
    for head in random.chunks_exact_mut(4096) {
        put(head, 510, &[0x55, 0xaa]);
        assert!(!partition::detect(head));
        head[0] = 0xeb;
        assert!(!partition::detect(head));
    }
}

/// A disk with each kind of map.
pub(super) fn maps() -> [Vec<u8>; 4] {
    let mut apm = numbered(150, 512);
    put_apm(&mut apm, 512, &[Wanted { kind: "Apple_HFS", name: "one", first: 64, last: 139 }]);
    let mut mbr = numbered(150, 512);
    put_mbr(&mut mbr, 0, &[(0xaf, 2, 8), (0x05, 20, 100)]);
    put_mbr(&mut mbr, 20, &[(0x83, 1, 9), (0x05, 30, 20)]);
    put_mbr(&mut mbr, 50, &[(0x83, 1, 9)]);
    [gpt(512), gpt(4096), apm, mbr]
}

#[test]
fn no_partition_reaches_beyond_a_damaged_disk() {
    let mut random = Random::new(6);
    for sound in maps() {
        for _ in 0..300 {
            let mut bytes = sound.clone();
            for _ in 0..=random.below(4) {
                // Mostly where the maps are.
                let end = if random.below(4) == 0 { bytes.len() } else { 3000 };
                let at = random.below(end);
                bytes[at] = random.next().to_le_bytes()[0];
            }
            if random.below(3) == 0 {
                bytes.truncate(random.below(bytes.len()));
            }
            survives(&bytes);
        }
    }
}

fn survives(bytes: &[u8]) {
    partition::detect(&bytes[..bytes.len().min(4096)]);
    let (parts, _) = partition::list(&disk(bytes));
    assert!(parts.len() <= 1024);
    for part in parts {
        assert!(part.disk.size() <= bytes.len() as u64);
        let last = part.disk.size().saturating_sub(1);
        let wanted = usize::from(part.disk.size() > 0);
        read_vec(&*part.disk, last, wanted).unwrap();
    }
}
