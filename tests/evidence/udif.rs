//! UDIF images → the bytes of their disk, however they are stored, cut off or changed.

use super::build::{bzip2, noise, xz};
use super::decmpfs::text;
use super::images::made_disk;
use super::sha;
use crate::support::fixture_bytes;
use crate::support::udif::{
    ADC, BZIP2, COMMENT, Chunk, LZFSE, LZMA, NOBODYS, PLAIN, ZEROS, ZLIB, adc, image, trailer, zlib,
};
use portolan::evidence::Reopen;
use portolan::evidence::image::container::{CONTAINERS, First, NoParts, OpenedDisk, Parts};
use portolan::evidence::image::disk::read_vec;
use portolan::evidence::memory::InMemory;
use portolan::model::observation::Problem;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Opens an image in memory with the format that knows it, and tells which that is.
pub(crate) fn open_with(
    path: &str,
    bytes: &[u8],
    parts: &dyn Parts,
) -> Option<(&'static str, Result<OpenedDisk, Problem>)> {
    let head = &bytes[..bytes.len().min(4096)];
    let bytes: Arc<dyn Reopen> = Arc::new(InMemory(bytes.into()));
    let first = First { path, head, bytes: &bytes };
    let format = CONTAINERS.iter().find(|format| format.detect(&first))?;
    Some((format.id(), format.open(&first, parts)))
}

fn open(bytes: &[u8]) -> Result<OpenedDisk, Problem> {
    let (id, opened) = open_with("x.dmg", bytes, &NoParts).unwrap();
    assert_eq!(id, "dmg");
    opened
}

/// Why an image is not opened.
fn refused(bytes: &[u8]) -> String {
    let found = open(bytes).err().unwrap();
    format!("{}: {}", found.kind.as_str(), found.detail)
}

/// All of a disk.
pub(crate) fn whole(opened: &OpenedDisk) -> std::io::Result<Vec<u8>> {
    read_vec(&*opened.disk, 0, usize::try_from(opened.disk.size()).unwrap())
}

/// An image with a chunk of every kind.
pub(crate) fn rich() -> Vec<u8> {
    image(1024, &[(0, kinds().0)])
}

/// Chunks of every kind, each of 128 sectors, and what they hold.
fn kinds() -> (Vec<Chunk>, Vec<u8>) {
    let (text, mixed) = (text(65536), noise(65536));
    let lzfse = fixture_bytes("images/text-65536.lzfse");
    let stored = [
        (PLAIN, mixed.clone(), &mixed),
        (ADC, adc(&text), &text),
        (ZLIB, zlib(&text), &text),
        (BZIP2, bzip2(&mixed), &mixed),
        (LZFSE, lzfse, &text),
        (LZMA, xz(&text), &text),
        (ZEROS, Vec::new(), &vec![0; 65536]),
        (NOBODYS, Vec::new(), &vec![0; 65536]),
    ];
    let content = stored.iter().flat_map(|(_, _, content)| content.iter().copied()).collect();
    let chunks = (0_u64..).zip(stored).map(|(at, (kind, stored, _))| (kind, at * 128, 128, stored));
    (chunks.collect(), content)
}

#[test]
fn chunks_of_every_kind_are_read_whole_and_across_their_borders() {
    let (chunks, content) = kinds();
    let sectors = content.len() as u64 / 512;
    let opened = open(&image(sectors, &[(0, chunks)])).unwrap();
    assert!(opened.problems.is_empty());
    assert!(whole(&opened).unwrap() == content);
    for (at, length) in [(65530, 12), (1, 200_000), (0, 0), (content.len() - 3, 3)] {
        let read = read_vec(&*opened.disk, at as u64, length).unwrap();
        assert!(read == content[at..at + length], "{length} bytes at {at}");
    }
    let beyond = read_vec(&*opened.disk, content.len() as u64 - 1, 2).unwrap_err();
    assert_eq!(beyond.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn each_table_begins_at_its_own_sector_and_what_none_tells_of_is_zeros() {
    let (first, last) = (noise(1024), text(512));
    let tables = [
        (10, vec![(COMMENT, 0, 0, Vec::new()), (ZLIB, 1, 1, zlib(&last))]),
        (0, vec![(PLAIN, 0, 2, first.clone())]),
    ];
    let disk = whole(&open(&image(20, &tables)).unwrap()).unwrap();
    assert_eq!(disk.len(), 20 * 512);
    assert!(disk[..1024] == first && disk[11 * 512..12 * 512] == last);
    assert!(disk[1024..11 * 512].iter().chain(&disk[12 * 512..]).all(|byte| *byte == 0));
}

#[test]
fn where_a_table_is_lost_what_no_other_tells_of_is_lost_too() {
    let first = noise(1024);
    let sound = image(20, &[(0, vec![(PLAIN, 0, 2, first.clone())]), (10, Vec::new())]);
    let end = b"</dict></array></dict>";
    let at = sound.windows(end.len()).position(|found| found == end).unwrap();
    let key = sound[..at].windows(9).rposition(|found| found == b"Data</key").unwrap();
    let mark = key + b"Data</key><data>".len();
    // The key has another name: the item has no data. The mark is another: it is no table.
    for (at, wanted) in [(key, "without data: 1 of 2"), (mark, "table 2 of the UDIF image")] {
        let mut damaged = sound.clone();
        damaged[at] = b'E';
        let opened = open(&damaged).unwrap();
        assert_eq!(opened.problems.len(), 1);
        assert!(opened.problems[0].detail.contains(wanted), "{}", opened.problems[0].detail);
        assert!(read_vec(&*opened.disk, 0, 1024).unwrap() == first);
        let lost = read_vec(&*opened.disk, 1000, 100).unwrap_err();
        assert_eq!(lost.kind(), std::io::ErrorKind::InvalidData);
    }
}

#[test]
fn repeats_of_adc_overlap_what_they_make() {
    // Two bytes; 66 more at distance 2, in three bytes; 18 at distance 1, in two; the rest as it is.
    let stored = [&[0x81, b'a', b'b', 0x7e, 0, 1, 15 << 2, 0][..], &adc(&[7; 426])].concat();
    let disk = whole(&open(&image(1, &[(0, vec![(ADC, 0, 1, stored)])])).unwrap()).unwrap();
    assert_eq!(disk[..68], b"ab".repeat(34));
    assert!(disk[68..86].iter().all(|byte| *byte == b'b') && disk[86..] == [7; 426]);
}

#[test]
fn the_images_of_the_made_mac_hold_its_disk() {
    let disk = made_disk();
    for name in ["mac.bzip2.dmg", "mac.lzma.dmg"] {
        let opened = open(&fixture_bytes(&format!("images/{name}"))).unwrap();
        assert!(opened.problems.is_empty(), "{name}");
        assert_eq!(sha(&whole(&opened).unwrap()), sha(&disk), "{name}");
    }
}

#[test]
fn a_chunk_is_decompressed_once_for_many_small_reads_and_several_threads() {
    let content = noise(4 << 20);
    let chunk = |(at, piece): (u64, &[u8])| (BZIP2, at * 2048, 2048, bzip2(piece));
    let chunks = (0..).zip(content.chunks(1 << 20)).map(chunk).collect();
    let opened = open(&image(8192, &[(0, chunks)])).unwrap();
    let started = Instant::now();
    whole(&opened).unwrap();
    let once = started.elapsed();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (disk, content) = (&opened.disk, &content);
            scope.spawn(move || {
                for at in (half * (2 << 20)..(half + 1) * (2 << 20)).step_by(4096) {
                    let read = read_vec(&**disk, at as u64, 4096).unwrap();
                    assert!(read == content[at..at + 4096]);
                }
            });
        }
    });
    assert!(started.elapsed() < once * 10 + Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn what_is_lost_is_an_error_where_it_is_read_and_costs_nothing_else() {
    let good = noise(512);
    let spoilt = [
        (ZLIB, 0, 1, b"no zlib".to_vec()),
        (ADC, 1, 1, vec![0x40, 0, 0]),
        (0x8000_0009, 2, 1, vec![1]),
        (PLAIN, 3, 2, vec![1; 512]),
        (LZMA, 5, 40000, xz(&[0; 512])),
    ];
    let chunks = spoilt.into_iter().chain([(PLAIN, 40005, 1, good.clone())]).collect();
    let opened = open(&image(40006, &[(0, chunks)])).unwrap();
    let read = |sector: u64| read_vec(&*opened.disk, sector * 512, 512);
    for (sector, wanted) in [
        (0, "a zlib chunk does not decompress"),
        (1, "an ADC chunk ends after 0 bytes"),
        (2, "unknown type 0x80000009"),
        (4, "fewer bytes than sectors"),
        (5, "20480000 bytes in"),
    ] {
        let error = read(sector).unwrap_err().to_string();
        assert!(error.contains(wanted), "{sector}: {error}");
    }
    assert!(read(40005).unwrap() == good);
}

#[test]
fn images_that_are_not_read_are_refused_by_name() {
    let small = image(1, &[(0, vec![(PLAIN, 0, 1, noise(512))])]);
    let with = |at: usize, bytes: &[u8]| {
        let mut image = small.clone();
        let start = image.len() - 512 + at;
        image[start..start + bytes.len()].copy_from_slice(bytes);
        refused(&image)
    };
    assert!(with(60, &[0, 0, 0, 2]).starts_with("unsupported: a UDIF image in 2 segments"));
    assert!(with(224, &[0; 8]).contains("without its tables"));
    assert!(with(216, &[0xff; 8]).starts_with("truncated"));
    assert!(with(224, &[0xff; 8]).starts_with("limit: a UDIF property list of"));
    assert!(with(492, &[0xff; 8]).starts_with("limit: a UDIF image of a disk of"));
    let mut fork = trailer(0, (0, 0), 1);
    fork[48..56].copy_from_slice(&[0, 0, 0, 0, 0, 0, 1, 0]);
    assert!(refused(&fork).contains("in a resource fork"));
}

#[test]
fn a_property_list_that_nests_without_end_is_refused() {
    for (list, wanted) in [
        ("<array>".repeat(500), "malformed-file"),
        ("<array>".repeat(200_000), "limit: the UDIF property list opens and closes 200000"),
        ("<x:dict>".repeat(200_000), "limit"),
    ] {
        let list = format!("<plist>{list}").into_bytes();
        let end = trailer(0, (0, list.len() as u64), 1);
        let found = refused(&[list, end].concat());
        assert!(found.starts_with(wanted), "{found}");
    }
}

#[test]
fn an_image_cut_off_or_changed_anywhere_neither_panics_nor_grows() {
    let whole_image = rich();
    let list = whole_image.len() - 512;
    let tail: Vec<usize> = (list - 3600..whole_image.len()).collect();
    for (number, at) in tail.into_iter().step_by(3).chain((0..list).step_by(1009)).enumerate() {
        let mut image = whole_image.clone();
        image[at] ^= [0x01, 0x80, 0xff][number % 3];
        if let Some((_, Ok(opened))) = open_with("x.dmg", &image, &NoParts) {
            for sector in [0_u64, 127, 128, 300, 520, 640, 1023] {
                let _ = read_vec(&*opened.disk, sector * 512, 512);
            }
        }
    }
    let end = whole_image[list..].to_vec();
    for cut in (0..list).step_by(1499) {
        let image = [&whole_image[..cut], &end].concat();
        if let Some((_, Ok(opened))) = open_with("x.dmg", &image, &NoParts) {
            let _ = whole(&opened);
        }
    }
}

/// Writes the disk of `PORTOLAN_IMAGE` to `PORTOLAN_DISK` and tells how long reads took: what `docs/validation.md` was checked with.
#[test]
#[ignore = "needs an image that is not part of the repository"]
fn the_disk_of_an_image_is_written_and_its_reads_are_timed() {
    let image = std::env::var("PORTOLAN_IMAGE").unwrap();
    let bytes = std::fs::read(&image).unwrap();
    let timed = |piece: usize| {
        let (_, opened) = open_with(&image, &bytes, &NoParts).unwrap();
        let disk = opened.unwrap().disk;
        let (mut content, started) = (Vec::new(), Instant::now());
        while let left @ 1.. = disk.size() - content.len() as u64 {
            let length = usize::try_from(left).unwrap().min(piece);
            content.extend(read_vec(&*disk, content.len() as u64, length).unwrap());
        }
        let (length, took) = (content.len(), started.elapsed());
        writeln!(std::io::stdout(), "{image}: {length} bytes in reads of {piece}: {took:?}")
            .unwrap();
        content
    };
    let content = timed(1 << 20);
    assert!(timed(4096) == content);
    std::fs::write(std::env::var("PORTOLAN_DISK").unwrap(), content).unwrap();
}
