//! The file or files of a disk image → the bytes of its disk. The list of formats that are known, read or refused.

mod bands;
mod ewf;
mod foreign;
mod parts;
mod property_list;
mod raw;
mod segments;
mod sparse_bundle;
mod sparse_image;
mod spooled;
mod udif;
mod verify;

pub use parts::{beside, bundle_of, can_be_part};
pub use spooled::{spool, spool_within};
pub use verify::{hashes, verify};

use super::Disk;
use crate::evidence::Reopen;
use crate::model::observation::Problem;
use std::sync::Arc;

/// The formats, in the order in which they are tried: those with a mark of their own before those told by what they hold.
pub const CONTAINERS: &[&dyn Container] = &[
    &ewf::Ewf,
    &foreign::ENCRYPTED,
    &foreign::ENCRYPTED_OLD,
    &foreign::EX01,
    &foreign::L01,
    &foreign::LX01,
    &foreign::AFF,
    &foreign::AFF4,
    &foreign::VMDK,
    &foreign::VMDK_COW,
    &foreign::VMDK_TEXT,
    &foreign::VHD,
    &foreign::VHD_FIXED,
    &foreign::VHDX,
    &foreign::QCOW,
    &foreign::VDI,
    &foreign::PARALLELS,
    &foreign::PARALLELS_EXTENDED,
    &udif::Udif,
    &sparse_image::SparseImage,
    &sparse_bundle::SparseBundle,
    &raw::Raw,
];

/// A format in which the bytes of a disk are stored.
pub trait Container: Send + Sync {
    /// The `kind` of evidence: `raw`, `e01`, `dmg`, ….
    fn id(&self) -> &'static str;

    /// Whether a file is the first of such an image.
    fn detect(&self, file: &First<'_>) -> bool;

    /// Opens it; the files that belong to it besides `first` come from `parts`.
    fn open(&self, first: &First<'_>, parts: &dyn Parts) -> Result<OpenedDisk, Problem>;

    /// Whether an image is a folder, whose `Info.plist` is its first file.
    fn is_bundle(&self) -> bool {
        false
    }
}

/// The first file of an image: for a bundle, its `Info.plist`.
pub struct First<'a> {
    /// Path in its container, or its base name.
    pub path: &'a str,
    /// Its first bytes, up to [`crate::evidence::limits::HEAD`].
    pub head: &'a [u8],
    /// All of it.
    pub bytes: &'a Arc<dyn Reopen>,
}

/// The files beside the first one.
pub trait Parts {
    /// A file by its path relative to the folder of the first one (`mac.E02`, `bands/1f`); a file that is not there is
    /// `None`. Names are compared as they are.
    fn open(&self, path: &str) -> Option<Arc<dyn Reopen>>;
}

/// No files are known beside it: the image was met in a stream.
pub struct NoParts;

impl Parts for NoParts {
    fn open(&self, _: &str) -> Option<Arc<dyn Reopen>> {
        None
    }
}

/// The disk of an image.
pub struct OpenedDisk {
    /// Its bytes.
    pub disk: Arc<dyn Disk>,
    /// Paths of the other files that were used, as given to [`Parts::open`].
    pub parts: Vec<String>,
    /// What is wrong with the image though it can be read: a missing segment, say.
    pub problems: Vec<Problem>,
    /// What the image says of itself, for `sources`: format, sizes, the hashes that it declares.
    pub notes: Vec<String>,
    /// Hashes of the disk's bytes that the image declares, in lower-case hexadecimal, by algorithm (`md5`, `sha1`, …).
    pub declared: Vec<(&'static str, String)>,
}

impl OpenedDisk {
    /// A disk without anything to say of it.
    pub fn plain(disk: Arc<dyn Disk>) -> Self {
        let (parts, problems, notes, declared) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { disk, parts, problems, notes, declared }
    }
}
