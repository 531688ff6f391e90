//! Named bytes → archives.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

/// Path and bytes of a file.
pub(crate) type File = (&'static str, Vec<u8>);

/// A small tree: text, bytes without pattern, an empty file, a deep path and names beyond ASCII.
pub(crate) fn tree() -> Vec<File> {
    vec![
        ("case/notes.txt", b"first line\nsecond line\n".to_vec()),
        ("case/empty", Vec::new()),
        ("case/noise.bin", noise(70_000)),
        ("case/Übersicht/größe.txt", "größer\n".repeat(900).into_bytes()),
        (
            "case/a/b/c/d/e/f/g/h/i/j/a-name-that-is-longer-than-one-hundred-bytes-so-that-old-tar-headers-need-help.log",
            b"deep\n".to_vec(),
        ),
    ]
}

/// Bytes that do not compress.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

/// A zip of those files.
pub(crate) fn zip_of(files: &[File], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(*path, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A GNU tar of those files.
pub(crate) fn tar_of(files: &[(impl AsRef<str>, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, path.as_ref(), bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// One tar entry of any type, without its name being checked.
pub(crate) fn tar_entry(name: &str, kind: u8, link: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.extend_from_slice(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// The two blocks that end a tar.
pub(crate) fn tar_end() -> Vec<u8> {
    vec![0; 1024]
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A zip written header by header, so that it can lie.
#[derive(Clone)]
pub(crate) struct Member {
    pub name: Vec<u8>,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub size: u64,
    pub data: Vec<u8>,
    pub extra: Vec<u8>,
    /// Unix file mode.
    pub mode: u32,
    /// Whether sizes and offset are kept in zip64 fields.
    pub is_long: bool,
}

impl Member {
    /// A stored file.
    pub(crate) fn stored(name: &str, data: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        Self {
            name: name.as_bytes().to_vec(),
            flags: 0,
            method: 0,
            crc: crc.sum(),
            size: data.len() as u64,
            data: data.to_vec(),
            extra: Vec::new(),
            mode: 0o100_644,
            is_long: false,
        }
    }

    /// A deflated file.
    pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Self {
        let mut writer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(bytes).unwrap();
        Self { method: 8, data: writer.finish().unwrap(), ..Self::stored(name, bytes) }
    }

    /// The same file under the old zip cipher (APPNOTE 6.1).
    pub(crate) fn encrypted(mut self, password: &str) -> Self {
        let mut keys = Keys([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.bytes().for_each(|byte| keys.update(byte));
        // Eleven bytes of salt and one that the password is checked by.
        let mut plain = vec![7; 11];
        plain.push(u8::try_from(self.crc >> 24).unwrap());
        plain.append(&mut self.data);
        self.data = plain.into_iter().map(|byte| keys.encrypt(byte)).collect();
        self.flags |= 1;
        self
    }

    fn sizes(&self) -> Vec<u8> {
        let told = |value: u64| {
            if self.is_long { u32::MAX } else { u32::try_from(value).unwrap() }.to_le_bytes()
        };
        [told(self.data.len() as u64), told(self.size)].concat()
    }

    fn fixed(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [45, self.flags, self.method, 0x6b2a, 0x58c5] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    /// Local header and data; with flag 8 the sizes follow in a descriptor.
    pub(crate) fn local(&self) -> Vec<u8> {
        let described = self.flags & 8 != 0;
        let extra = self.long_extra(None);
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(self.fixed());
        bytes.extend(if described { vec![0; 8] } else { self.sizes() });
        bytes.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        bytes.extend([self.name.clone(), extra, self.data.clone()].concat());
        if described {
            bytes.extend(b"PK\x07\x08");
            bytes.extend(self.crc.to_le_bytes());
            bytes.extend(self.sizes());
        }
        bytes
    }

    fn long_extra(&self, offset: Option<u64>) -> Vec<u8> {
        let mut extra = self.extra.clone();
        if self.is_long {
            let mut field =
                [self.size.to_le_bytes(), (self.data.len() as u64).to_le_bytes()].concat();
            field.extend(offset.map(u64::to_le_bytes).unwrap_or_default());
            field.truncate(if offset.is_some() { 24 } else { 16 });
            extra.extend([1, 0, u8::try_from(field.len()).unwrap(), 0]);
            extra.extend(field);
        }
        extra
    }

    /// Directory header for a local header at `offset`.
    pub(crate) fn central(&self, offset: u64) -> Vec<u8> {
        let extra = self.long_extra(Some(offset));
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend(0x0314_u16.to_le_bytes());
        bytes.extend(self.fixed());
        bytes.extend(self.sizes());
        bytes.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        bytes.extend([0; 8][..6].iter());
        bytes.extend((self.mode << 16).to_le_bytes());
        let told = if self.is_long { u32::MAX } else { u32::try_from(offset).unwrap() };
        bytes.extend(told.to_le_bytes());
        bytes.extend([self.name.clone(), extra].concat());
        bytes
    }
}

/// Local headers, directory and end record of those members.
pub(crate) fn raw_zip(members: &[Member]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        directory.extend(member.central(bytes.len() as u64));
        bytes.extend(member.local());
    }
    finish_zip(bytes, &directory, members.len())
}

/// Appends directory and end record.
pub(crate) fn finish_zip(mut bytes: Vec<u8>, directory: &[u8], count: usize) -> Vec<u8> {
    let start = u32::try_from(bytes.len()).unwrap();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(count % 0x1_0000).unwrap().to_le_bytes();
    bytes.extend([count, count].concat());
    bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

struct Keys([u32; 3]);

impl Keys {
    fn encrypt(&mut self, byte: u8) -> u8 {
        let mask = self.0[2] | 2;
        let stream = mask.wrapping_mul(mask ^ 1).to_le_bytes()[1];
        self.update(byte);
        byte ^ stream
    }

    fn update(&mut self, byte: u8) {
        self.0[0] = crc32(self.0[0], byte);
        let sum = self.0[1].wrapping_add(self.0[0] & 0xff);
        self.0[1] = sum.wrapping_mul(134_775_813).wrapping_add(1);
        self.0[2] = crc32(self.0[2], self.0[1].to_le_bytes()[3]);
    }
}

fn crc32(crc: u32, byte: u8) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    (0..8).fold(crc ^ u32::from(byte), step)
}
