//! A hard link → the file or folder that it leads to (TN1150, "Hard Links"; for folders `hfs_format.h` of Apple's hfs sources).
//!
//! What is linked lies in a folder of the root, under the number that the links tell.

use super::catalog::{self, Entry, Item, ROOT};
use super::node::Record;
use super::tree::Tree;
use crate::evidence::image::fields::damaged;
use std::cmp::Ordering;
use std::io;

/// Files that links lead to, folders that links lead to.
const FILES: &str = "\0\0\0\0HFS+ Private Data";
const FOLDERS: &str = ".HFS+ Private Directory Data\r";

/// Type and creator of a link to a file: `hlnk`, `hfs+`; and to a folder: `fdrp`, `MACS`, which an alias of a folder has too.
const FILE_LINK: u64 = u64::from_be_bytes(*b"hlnkhfs+");
const FOLDER_LINK: u64 = u64::from_be_bytes(*b"fdrpMACS");

/// What stands before the number in the name of a file and of a folder that links lead to.
const FILE: &str = "iNode";
const FOLDER: &str = "dir_";

/// Where the linked files and folders of a volume lie.
#[derive(Default)]
pub(super) struct Links {
    files: Option<u32>,
    folders: Option<u32>,
}

/// What a link leads to, with the leaf in which it stands.
pub(super) struct Target {
    pub leaf: u32,
    pub item: Item,
}

impl Links {
    /// The two folders of a volume, where it has them.
    pub(super) fn find(catalog: &Tree) -> Self {
        let mut links = Self::default();
        // What cannot be read here is told when the root is listed.
        catalog.visit(&|key| catalog::in_folder(key, ROOT), &mut |_, record| {
            let is_named = |name: &str| catalog::name(record.key).eq(name.encode_utf16());
            let place = match () {
                () if is_named(FILES) => &mut links.files,
                () if is_named(FOLDERS) => &mut links.folders,
                () => return,
            };
            let item = Entry::parse(record).and_then(Entry::item);
            *place = item.filter(|item| item.is_folder).map(|item| item.id);
        });
        links
    }

    /// Whether a folder is one of the two.
    pub(super) fn is_private(&self, id: u32) -> bool {
        [self.files, self.folders].contains(&Some(id))
    }

    /// Whether an item of that key is what links lead to: it is shown where they are.
    pub(super) fn is_target(&self, key: &[u8], item: &Item) -> bool {
        let folder = catalog::parent(key);
        let (folder_of_all, prefix) =
            if item.is_folder { (self.folders, FOLDER) } else { (self.files, FILE) };
        let (name, _) = catalog::shown(catalog::name(key));
        let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        folder == folder_of_all
            && folder.is_some()
            && name.strip_prefix(prefix).is_some_and(is_number)
    }

    /// What an item leads to; nothing if it is no link.
    pub(super) fn target(&self, catalog: &Tree, item: &Item) -> Option<io::Result<Target>> {
        if item.is_folder {
            return None;
        }
        let (folder, prefix) = match item.finder {
            FILE_LINK => (self.files, FILE),
            FOLDER_LINK => (self.folders, FOLDER),
            _ => return None,
        };
        let is_folder = item.finder == FOLDER_LINK;
        let name = format!("{prefix}{}", item.special);
        let found = folder.and_then(|folder| named(catalog, folder, &name));
        match found.filter(|target| target.item.is_folder == is_folder) {
            Some(target) => Some(Ok(target)),
            // An alias.
            None if is_folder && !item.has_chain => None,
            None => {
                let detail = format!("what the hard link leads to, {name}, is missing");
                Some(Err(damaged(detail)))
            }
        }
    }
}

/// A key's name against an ASCII one, as the catalog orders such names: without case. Names of numbers come out the same in the
/// binary order of HFSX, since all that stands beside them differs in no case.
fn compared(key: &[u8], name: &str) -> Ordering {
    let fold = |unit: u16| match u8::try_from(unit) {
        Ok(byte) => u16::from(byte.to_ascii_lowercase()),
        Err(_) => unit,
    };
    catalog::name(key).map(fold).cmp(name.encode_utf16().map(fold))
}

/// The item of a name in a folder.
fn named(catalog: &Tree, folder: u32, name: &str) -> Option<Target> {
    let place = |key: &[u8]| catalog::in_folder(key, folder).then_with(|| compared(key, name));
    let mut found = None;
    catalog.visit(&place, &mut |leaf, record: &Record<'_>| {
        let item = Entry::parse(record).and_then(Entry::item);
        found = item.map(|item| Target { leaf, item });
    });
    found
}
