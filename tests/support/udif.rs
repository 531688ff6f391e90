//! Chunks → a UDIF image with their tables.

use flate2::Compression;
use std::fmt::Write;

/// A chunk to be written: its type, first sector in its table, sectors, stored bytes.
pub(crate) type Chunk = (u32, u64, u64, Vec<u8>);

/// Types of chunks.
pub(crate) const ZEROS: u32 = 0;
pub(crate) const PLAIN: u32 = 1;
pub(crate) const NOBODYS: u32 = 2;
pub(crate) const ADC: u32 = 0x8000_0004;
pub(crate) const ZLIB: u32 = 0x8000_0005;
pub(crate) const BZIP2: u32 = 0x8000_0006;
pub(crate) const LZFSE: u32 = 0x8000_0007;
pub(crate) const LZMA: u32 = 0x8000_0008;
pub(crate) const COMMENT: u32 = 0x7fff_fffe;
pub(crate) const END: u32 = 0xffff_ffff;

/// Bytes without any repetition looked for, as ADC has them.
pub(crate) fn adc(bytes: &[u8]) -> Vec<u8> {
    let run = |run: &[u8]| [&[0x7f + u8::try_from(run.len()).unwrap()], run].concat();
    bytes.chunks(128).flat_map(run).collect()
}

/// A zlib stream.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut writer, bytes).unwrap();
    writer.finish().unwrap()
}

/// An image of tables, each with its first sector, of a disk of so many sectors.
pub(crate) fn image(sectors: u64, tables: &[(u64, Vec<Chunk>)]) -> Vec<u8> {
    let mut file = b"in front".to_vec();
    let data = file.len() as u64;
    let mut listed = String::new();
    for (first, chunks) in tables {
        let mut table = b"mish\0\0\0\x01".to_vec();
        table.extend(first.to_be_bytes());
        table.resize(200, 0);
        table.extend(u32::try_from(chunks.len() + 1).unwrap().to_be_bytes());
        for (kind, sector, count, stored) in chunks {
            entry(
                &mut table,
                *kind,
                [*sector, *count, file.len() as u64 - data, stored.len() as u64],
            );
            file.extend(stored);
        }
        entry(&mut table, END, [0; 4]);
        let text = base64(&table);
        write!(listed, "<dict><key>Data</key><data>{text}</data></dict>").unwrap();
    }
    let list = format!(
        "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>resource-fork</key><dict><key>blkx</key>\
         <array>{listed}</array></dict></dict></plist>"
    );
    let at = file.len() as u64;
    file.extend(list.as_bytes());
    file.extend(trailer(data, (at, list.len() as u64), sectors));
    file
}

fn entry(table: &mut Vec<u8>, kind: u32, fields: [u64; 4]) {
    table.extend(kind.to_be_bytes());
    table.extend([0; 4]);
    for field in fields {
        table.extend(field.to_be_bytes());
    }
}

/// The last 512 bytes of an image.
pub(crate) fn trailer(data: u64, list: (u64, u64), sectors: u64) -> Vec<u8> {
    let mut trailer = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| trailer[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"koly\0\0\0\x04\0\0\x02\0");
    put(24, &data.to_be_bytes());
    put(56, &[0, 0, 0, 1, 0, 0, 0, 1]);
    put(216, &list.0.to_be_bytes());
    put(224, &list.1.to_be_bytes());
    put(492, &sectors.to_be_bytes());
    trailer
}

fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = letters[(number >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place > three.len() { '=' } else { letter });
        }
    }
    text
}
