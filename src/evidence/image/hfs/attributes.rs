//! The attributes file → the extended attributes of a file (TN1150, "Attributes File"; its keys and inline records as
//! `hfs_format.h` of Apple's hfs sources has them).

use super::extents::Forks;
use super::fork::{Fork, used};
use super::header::{BlockRun, ForkData, extents};
use super::node::Record;
use super::tree::{Tree, Which};
use crate::evidence::image::fields::{be16, be32, damaged};
use crate::evidence::image::{Attribute, Disk, disk};
use crate::evidence::limits;
use std::cmp::Ordering;
use std::io;

/// `kHFSAttributesFileID`.
pub(super) const TREE: Which =
    Which { name: "the attributes file", id: 8, order: |key| file(key).map(u64::from) };

/// `kHFSPlusAttrInlineData`, `kHFSPlusAttrForkData`, `kHFSPlusAttrExtents`.
const INLINE: u32 = 0x10;
const IN_FORK: u32 = 0x20;
const EXTENTS: u32 = 0x30;

/// The file that a key begins with, behind two bytes of padding.
pub(super) fn file(key: &[u8]) -> Option<u32> {
    be32(key, 2)
}

/// The name of a key, behind the file and the first block.
fn name(key: &[u8]) -> String {
    let length = be16(key, 10).unwrap_or_default();
    let (units, _) = key.get(12..).unwrap_or_default().as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_be_bytes(*unit)).take(usize::from(length));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Where a value lies.
enum Stored {
    /// In the record.
    Here(Vec<u8>),
    /// In a fork: its size, and its extents.
    Fork(u64, Vec<BlockRun>),
}

/// An attribute as its records tell it.
struct Found {
    name: String,
    stored: Stored,
}

/// The extended attributes of a file or folder, in the order of the tree.
pub(super) fn of(tree: &Tree, forks: &Forks, id: u32) -> io::Result<Vec<Attribute>> {
    let found = search(tree, id, |_| true)?;
    found.into_iter().map(|found| read(forks, found)).collect()
}

/// One attribute of a file, if it has it.
pub(super) fn one(
    tree: &Tree,
    forks: &Forks,
    id: u32,
    wanted: &str,
) -> io::Result<Option<Vec<u8>>> {
    let found = search(tree, id, |name| name == wanted)?;
    let value = found.into_iter().next().map(|found| read(forks, found)).transpose()?;
    Ok(value.map(|attribute| attribute.value))
}

fn search(tree: &Tree, id: u32, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Found>> {
    let place = |key: &[u8]| file(key).map_or(Ordering::Less, |file| file.cmp(&id));
    let mut found: Vec<Found> = Vec::new();
    let mut is_damaged = false;
    let errors = tree.visit(&place, &mut |_, record| {
        let name = name(record.key);
        if is_wanted(&name) {
            is_damaged |= add(&mut found, name, record).is_none();
        }
    });
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None if is_damaged => {
            Err(damaged(format!("an extended attribute of file {id} is damaged")))
        }
        None => Ok(found),
    }
}

/// Adds what a record tells: an attribute, or further extents of the last one.
fn add(found: &mut Vec<Found>, name: String, record: &Record<'_>) -> Option<()> {
    let stored = match be32(record.data, 0)? {
        INLINE => {
            let size = usize::try_from(be32(record.data, 12)?).ok()?;
            Stored::Here(record.data.get(16..)?.get(..size)?.to_vec())
        }
        IN_FORK => {
            let fork = ForkData::parse(record.data, 8)?;
            Stored::Fork(fork.size, used(&fork.extents).collect())
        }
        EXTENTS => {
            let last = found.last_mut().filter(|last| last.name == name)?;
            let Stored::Fork(_, runs) = &mut last.stored else { return None };
            runs.extend(used(&extents(record.data, 8)?));
            return Some(());
        }
        _ => return None,
    };
    found.push(Found { name, stored });
    Some(())
}

fn read(forks: &Forks, found: Found) -> io::Result<Attribute> {
    let Found { name, stored } = found;
    let value = match stored {
        Stored::Here(value) => value,
        Stored::Fork(size, runs) => return of_fork(name, &forks.placed(size, &runs)),
    };
    Ok(Attribute { name, value })
}

/// The attribute whose value is all of a fork.
pub(super) fn of_fork(name: String, fork: &Fork) -> io::Result<Attribute> {
    let size = fork.size();
    let length = usize::try_from(size).ok().filter(|_| size <= limits::ATTRIBUTE);
    let length = length.ok_or_else(|| {
        let detail = format!("the extended attribute {name:?} has {size} bytes");
        io::Error::new(io::ErrorKind::FileTooLarge, detail)
    })?;
    Ok(Attribute { name, value: disk::read_vec(fork, 0, length)? })
}
