//! Content that files keep compressed in their attributes: every type, wherever it stands, and damage to it.

use crate::support::{Random, fixture_bytes};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use portolan::evidence::ReadSeek;
use portolan::evidence::image::decmpfs::Compressed;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

/// Bytes of a chunk.
pub(crate) const CHUNK: usize = 65536;

/// What the fixtures hold, compressed by Apple's reference encoder of LZFSE and LZVN.
pub(crate) fn text(length: usize) -> Vec<u8> {
    let line = |at: usize| {
        let port = 1024 + at * 7919 % 50000;
        format!("line {at:06} of the log: com.example.agent listens on port {port}\n")
    };
    let mut text: Vec<u8> = (0..=length / 50).flat_map(|at| line(at).into_bytes()).collect();
    text.truncate(length);
    text
}

/// The value of `com.apple.decmpfs`.
pub(crate) fn header(kind: u32, size: usize, content: &[u8]) -> Vec<u8> {
    [b"fpmc", &kind.to_le_bytes()[..], &(size as u64).to_le_bytes(), content].concat()
}

pub(crate) fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A resource fork of types 8, 10, 12 and 14: offsets, then chunks. `gap` bytes stand between them.
pub(crate) fn table(chunks: &[Vec<u8>], gap: usize) -> Vec<u8> {
    let mut at = (chunks.len() + 1) * 4 + gap;
    let mut fork = Vec::new();
    for chunk in chunks {
        fork.extend(u32::try_from(at).unwrap().to_le_bytes());
        at += chunk.len();
    }
    fork.extend(u32::try_from(at).unwrap().to_le_bytes());
    fork.resize(fork.len() + gap, 0);
    fork.extend(chunks.concat());
    fork
}

/// A resource fork of type 4: what the Resource Manager would read, with one resource.
pub(crate) fn resource(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut data = u32::try_from(chunks.len()).unwrap().to_le_bytes().to_vec();
    let mut at = 4 + chunks.len() * 8;
    for chunk in chunks {
        data.extend(u32::try_from(at).unwrap().to_le_bytes());
        data.extend(u32::try_from(chunk.len()).unwrap().to_le_bytes());
        at += chunk.len();
    }
    data.extend(chunks.concat());
    let length = u32::try_from(data.len()).unwrap();
    let head = [0x100, 0x104 + length, 4 + length, 50].map(u32::to_be_bytes).concat();
    [head, vec![0; 0x100 - 16], length.to_be_bytes().to_vec(), data, vec![0; 50]].concat()
}

fn open(value: Vec<u8>, fork: &[u8]) -> io::Result<Box<dyn ReadSeek>> {
    let fork = fork.to_vec();
    Compressed::read(value)?.open(|| Ok(Box::new(Cursor::new(fork))))
}

fn content(value: Vec<u8>, fork: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(value, fork)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn marked(mark: u8, content: &[u8]) -> Vec<u8> {
    [&[mark], content].concat()
}

/// A stream of LZBITMAP whose chunks are stored as they are.
fn lzbitmap(content: &[u8]) -> Vec<u8> {
    let three = |number: usize| u32::try_from(number).unwrap().to_le_bytes()[..3].to_vec();
    let chunk = |chunk: &[u8]| [&three(chunk.len() + 6)[..], &three(chunk.len()), chunk].concat();
    let chunks: Vec<u8> = content.chunks(0x8000).flat_map(chunk).collect();
    [b"ZBM\x09", &chunks[..], &[6, 0, 0, 0, 0, 0]].concat()
}

#[test]
fn every_type_that_is_kept_in_the_attribute_is_read() {
    let text = text(3000);
    let fixture = |name: &str| fixture_bytes(&format!("images/{name}"));
    let kept: Vec<(u32, Vec<u8>)> = vec![
        (1, text.clone()),
        (3, zlib(&text)),
        (3, marked(0xff, &text)),
        (7, fixture("text-3000.lzvn")),
        (7, marked(0x06, &text)),
        (9, marked(0xcc, &text)),
        (11, marked(0xff, &text)),
        (13, lzbitmap(&text)),
        (13, marked(0xff, &text)),
    ];
    for (kind, stored) in kept {
        let value = header(kind, text.len(), &stored);
        assert!(content(value, &[]).unwrap() == text, "type {kind}");
    }
}

#[test]
fn every_type_that_is_kept_in_the_resource_fork_is_read() {
    let text = text(70000);
    let (first, last) = text.split_at(CHUNK);
    let fixture = |name: &str| fixture_bytes(&format!("images/{name}"));
    let small = &text[..3000];
    let kept: Vec<(u32, &[u8], Vec<u8>)> = vec![
        (4, &text, resource(&[zlib(first), zlib(last)])),
        (4, &text, resource(&[zlib(first), marked(0xff, last)])),
        (8, small, table(&[fixture("text-3000.lzvn")], 0)),
        (8, &text, table(&[marked(0x06, first), marked(0x06, last)], 0)),
        (10, &text, table(&[marked(0xcc, first), marked(0xcc, last)], 0)),
        (12, &text, table(&[fixture("text-65536.lzfse"), fixture("text-4464.lzfse")], 0)),
        // afsctool leaves room behind its table.
        (12, &text, table(&[fixture("text-65536.lzfse"), fixture("text-4464.lzfse")], 12)),
        (14, &text, table(&[lzbitmap(first), lzbitmap(last)], 0)),
    ];
    for (kind, expected, fork) in kept {
        let value = header(kind, expected.len(), &[]);
        assert!(content(value, &fork).unwrap() == expected, "type {kind}");
    }
}

#[test]
fn padding_behind_the_end_of_lzvn_is_passed_over() {
    let stored = [fixture_bytes("images/text-3000.lzvn"), vec![0x5a; 200]].concat();
    let value = header(8, 3000, &[]);
    assert!(content(value, &table(&[stored], 0)).unwrap() == text(3000));
}

#[test]
fn content_is_read_from_any_place() {
    let text = text(5 * CHUNK + 100);
    let chunks: Vec<Vec<u8>> = text.chunks(CHUNK).map(zlib).collect();
    let mut reader = open(header(4, text.len(), &[]), &resource(&chunks)).unwrap();
    let mut random = Random::new(3);
    for _ in 0..50 {
        let (at, length) = (random.below(text.len()), random.below(90_000));
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        (&mut reader).take(length as u64).read_to_end(&mut bytes).unwrap();
        assert!(bytes == text[at..text.len().min(at + length)], "{length} bytes at {at}");
    }
    assert_eq!(reader.seek(SeekFrom::End(-10)).unwrap(), text.len() as u64 - 10);
    assert!(reader.seek(SeekFrom::Current(-(1 << 40))).is_err());
}

#[test]
fn a_type_that_is_not_read_is_refused_by_its_number() {
    for (kind, name) in [(5, "generations"), (0x8000_0001, "not on the disk"), (99, "unknown")] {
        let error = content(header(kind, 10, &[]), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let said = error.to_string();
        assert!(said.contains(&format!("type {kind} (")) && said.contains(name), "{said}");
    }
}

#[test]
fn content_shorter_than_its_header_says_is_an_error() {
    let text = text(3000);
    for (kind, stored) in [(3, zlib(&text)), (7, fixture_bytes("images/text-3000.lzvn"))] {
        let error = content(header(kind, 3001, &stored), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "type {kind}: {error}");
    }
    assert!(Compressed::read(vec![0; 16]).is_err());
    assert!(Compressed::read(b"fpmc".to_vec()).is_err());
}

#[test]
fn content_longer_than_its_header_says_or_with_a_wrong_checksum_is_an_error() {
    let bytes = text(3000);
    let packed = zlib(&bytes);
    let longer = content(header(3, bytes.len() - 1, &packed), &[]);
    assert_eq!(longer.unwrap_err().kind(), ErrorKind::InvalidData);
    let mut flipped = packed;
    *flipped.last_mut().unwrap() ^= 1;
    let unsound = content(header(3, bytes.len(), &flipped), &[]);
    assert_eq!(unsound.unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_huge_claim_is_an_error_and_takes_no_memory() {
    let size = usize::MAX / 2;
    let error = content(header(3, size, &zlib(b"x")), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert!(content(header(4, size, &[]), &resource(&[zlib(b"x")])).is_err());
    assert!(content(header(8, size, &[]), &table(&[marked(6, b"x")], 0)).is_err());
    let endless = table(&[zlib(&vec![0; 8 << 20])], 0);
    assert!(content(header(8, CHUNK, &[]), &endless).is_err());
}

/// Attributes with the resource forks that belong to them.
fn kept() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = text(70000);
    let (first, last) = text.split_at(CHUNK);
    let fixture = |name: &str| fixture_bytes(&format!("images/{name}"));
    let lzfse = table(&[fixture("text-65536.lzfse"), fixture("text-4464.lzfse")], 0);
    vec![
        (header(7, 3000, &fixture("text-3000.lzvn")), Vec::new()),
        (header(4, 70000, &[]), resource(&[zlib(first), zlib(last)])),
        (header(12, 70000, &[]), lzfse),
        (header(14, 70000, &[]), table(&[lzbitmap(first), lzbitmap(last)], 0)),
    ]
}

/// The same as the fuzz target takes them: length of the attribute, attribute, fork.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let short = kept().into_iter().filter_map(|(value, fork)| {
        let length = u8::try_from(value.len()).ok()?;
        Some([vec![length], value, fork].concat())
    });
    short.collect()
}

#[test]
fn damage_to_what_is_compressed_is_survived() {
    let mut random = Random::new(11);
    for (value, fork) in kept() {
        for _ in 0..200 {
            let (mut value, mut fork) = (value.clone(), fork.clone());
            for _ in 0..=random.below(3) {
                let bytes =
                    if fork.is_empty() || random.below(8) == 0 { &mut value } else { &mut fork };
                let at = if random.below(2) == 0 {
                    random.below(bytes.len().min(64))
                } else {
                    random.below(bytes.len())
                };
                bytes[at] = random.next().to_le_bytes()[0];
            }
            // An error, or other content: never more than the header says.
            if let Ok(mut reader) = open(value, &fork) {
                let _ = io::copy(&mut (&mut reader).take(1 << 20), &mut io::sink());
            }
        }
    }
}
