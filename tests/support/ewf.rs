//! Bytes of a disk → the segment files of an EWF image, well formed; tests damage them.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Bytes of a chunk.
pub(crate) const CHUNK: usize = 64 * 512;

/// The Adler-32 of bytes, as it is stored.
pub(crate) fn adler(bytes: &[u8]) -> [u8; 4] {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    (high << 16 | low).to_le_bytes()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes with their checksum behind.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = adler(&bytes);
    bytes.extend(sum);
    bytes
}

/// Adds a section; without data it is the last, which points to itself.
fn section(file: &mut Vec<u8>, kind: &str, data: &[u8]) {
    let at = file.len() as u64;
    let size = 76 + data.len() as u64;
    let next = if data.is_empty() { at } else { at + size };
    let mut descriptor = vec![0; 72];
    descriptor[..kind.len()].copy_from_slice(kind.as_bytes());
    descriptor[16..24].copy_from_slice(&next.to_le_bytes());
    descriptor[24..32].copy_from_slice(&size.to_le_bytes());
    file.extend(summed(descriptor));
    file.extend(data);
}

fn volume(disk: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 1048];
    let chunks = u32::try_from(disk.len().div_ceil(CHUNK)).unwrap();
    data[4..8].copy_from_slice(&chunks.to_le_bytes());
    data[8..12].copy_from_slice(&64_u32.to_le_bytes());
    data[12..16].copy_from_slice(&512_u32.to_le_bytes());
    data[16..24].copy_from_slice(&(disk.len() as u64 / 512).to_le_bytes());
    summed(data)
}

/// Sectors and tables of the chunks of one segment.
fn chunks(file: &mut Vec<u8>, part: &[u8], compressed: bool) {
    let base = file.len() as u64 + 76;
    let (mut sectors, mut entries) = (Vec::new(), Vec::new());
    for chunk in part.chunks(CHUNK) {
        let mark = if compressed { 1 << 31 } else { 0 };
        let offset = u32::try_from(sectors.len()).unwrap();
        entries.extend((offset | mark).to_le_bytes());
        sectors.extend(if compressed { deflated(chunk) } else { summed(chunk.to_vec()) });
    }
    section(file, "sectors", &sectors);
    let mut header = vec![0; 20];
    header[..4].copy_from_slice(&u32::try_from(entries.len() / 4).unwrap().to_le_bytes());
    header[8..16].copy_from_slice(&base.to_le_bytes());
    let table = [summed(header), summed(entries)].concat();
    section(file, "table", &table);
    section(file, "table2", &table);
}

/// The segment files of a disk, `each` chunks in one.
pub(crate) fn segments(disk: &[u8], each: usize, compressed: bool) -> Vec<Vec<u8>> {
    let parts: Vec<&[u8]> = disk.chunks(each * CHUNK).collect();
    let written = parts.iter().enumerate().map(|(index, part)| {
        let mut file = b"EVF\x09\x0d\x0a\xff\x00\x01".to_vec();
        file.extend(u16::try_from(index + 1).unwrap().to_le_bytes());
        file.extend([0, 0]);
        if index == 0 {
            let text = "1\nmain\nc\tn\te\tm\n12\tB-7\tJ. Doe\t2026 5 14 9 30 0\n";
            section(&mut file, "header", &deflated(text.as_bytes()));
            section(&mut file, "volume", &volume(disk));
        } else {
            section(&mut file, "data", &volume(disk));
        }
        chunks(&mut file, part, compressed);
        section(&mut file, if index + 1 == parts.len() { "done" } else { "next" }, &[]);
        file
    });
    written.collect()
}
