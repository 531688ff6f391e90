//! A sparse bundle (`.sparsebundle`, `.backupbundle`) → its disk.
//!
//! A folder: `Info.plist` tells the size of the disk and of a band, `bands/1f` is the band of that hexadecimal number, `token`
//! holds the keys of an encrypted one (`man hdiutil`, "SPARSEBUNDLE"). A band that is not there, or what a short one lacks, is zeros.

use super::bands::{BandFile, Bands};
use super::segments::Segments;
use super::{Container, First, OpenedDisk, Parts, property_list};
use crate::evidence::image::Disk;
use crate::evidence::memory::read_all;
use crate::evidence::{kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use memchr::memmem;
use plist::{Dictionary, Value};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// What the first file is called.
const INFO: &str = "Info.plist";
/// The key in it by which a bundle is told.
const TYPE: &[u8] = b"diskimage-bundle-type";
/// What the keys of an encrypted image begin with.
const ENCRYPTED: &[u8] = b"encrcdsa";
/// Files of a bundle that say nothing of the disk.
const OTHERS: &[&str] = &["token", "Info.bckup", "lock"];

/// A folder of bands.
pub(super) struct SparseBundle;

impl Container for SparseBundle {
    fn id(&self) -> &'static str {
        "sparsebundle"
    }

    fn is_bundle(&self) -> bool {
        true
    }

    fn detect(&self, file: &First<'_>) -> bool {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        name == INFO && memmem::find(file.head, TYPE).is_some()
    }

    fn open(&self, first: &First<'_>, parts: &dyn Parts) -> Result<OpenedDisk, Problem> {
        let unread = |error: std::io::Error| problem(kind_of(&error), format!("{INFO}: {error}"));
        if first.head.starts_with(b"bplist") {
            let detail = "a sparse bundle whose Info.plist is binary";
            return Err(problem(ProblemKind::Unsupported, detail));
        }
        let mut reader = first.bytes.reopen().map_err(unread)?;
        let info = read_all(&mut reader, limits::BUNDLE_PLIST).map_err(unread)?;
        let info = property_list::dictionary(&info, INFO)?;
        if is_encrypted(parts).map_err(unread)? {
            return Err(problem(ProblemKind::Encrypted, "an encrypted sparse bundle"));
        }
        let (size, band) = (number(&info, "size")?, number(&info, "band-size")?);
        let count = size.div_ceil(band.max(1));
        if band == 0 || count > limits::BANDS || size > limits::DISK {
            let detail = format!("a sparse bundle of {size} bytes in bands of {band}");
            return Err(problem(ProblemKind::Limit, detail));
        }
        let (there, mut used) = bands(count, parts);
        let note = format!("bands: {} of {count}", there.len());
        used.extend(OTHERS.iter().filter(|name| parts.open(name).is_some()).map(|&n| n.to_owned()));
        let bands = Bands { size, band, there, zeros_behind: true };
        let plain = OpenedDisk::plain(Arc::new(bands));
        Ok(OpenedDisk { parts: used, notes: vec![note], ..plain })
    }
}

fn number(info: &Dictionary, key: &str) -> Result<u64, Problem> {
    let missing = || problem(ProblemKind::MalformedFile, format!("{INFO} has no number {key}"));
    info.get(key).and_then(Value::as_unsigned_integer).ok_or_else(missing)
}

fn is_encrypted(parts: &dyn Parts) -> std::io::Result<bool> {
    let Some(token) = parts.open("token") else { return Ok(false) };
    let mut mark = Vec::new();
    token.reopen()?.take(ENCRYPTED.len() as u64).read_to_end(&mut mark)?;
    Ok(mark == ENCRYPTED)
}

/// The bands that are there, and their paths.
fn bands(count: u64, parts: &dyn Parts) -> (BTreeMap<u64, Arc<dyn Disk>>, Vec<String>) {
    let (mut files, mut numbers, mut used) = (Segments::default(), Vec::new(), Vec::new());
    for number in 0..count {
        let path = format!("bands/{number:x}");
        if let Some(file) = parts.open(&path) {
            files.push(file);
            numbers.push(number);
            used.push(path);
        }
    }
    let files = Arc::new(files);
    let band = |segment| Arc::new(BandFile { files: Arc::clone(&files), segment }) as Arc<dyn Disk>;
    let there = numbers.into_iter().enumerate().map(|(segment, number)| (number, band(segment)));
    (there.collect(), used)
}
