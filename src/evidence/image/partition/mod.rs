//! The bytes of a disk → its partitions: GPT, APM, MBR, or one file system that takes all of it.

use super::Disk;
use crate::model::observation::Problem;
use std::sync::Arc;

/// A part of a disk.
#[derive(Clone)]
pub struct Partition {
    /// Its name in the map (GPT partition name, APM name); empty if it has none.
    pub name: String,
    /// What the map says it holds, in words: `APFS`, `EFI system partition`, `Apple_HFS`; a type that is not known as it is stored.
    pub kind: String,
    /// Its bytes.
    pub disk: Arc<dyn Disk>,
}

/// Whether a disk that begins with `head` (at least 4,096 bytes of it, or all) has a partition map or a file system that is known.
pub fn detect(head: &[u8]) -> bool {
    // APFS reference, "Container superblock": nx_magic behind the object header of 32 bytes.
    head.get(32..36) == Some(b"NXSB")
}

/// The partitions, in the order of the map; one without name or kind where the disk has no map.
pub fn list(disk: &Arc<dyn Disk>) -> (Vec<Partition>, Vec<Problem>) {
    let whole = Partition { name: String::new(), kind: String::new(), disk: Arc::clone(disk) };
    (vec![whole], Vec::new())
}

impl Partition {
    /// Its name and kind, for notes.
    pub fn described(&self) -> String {
        match (self.name.as_str(), self.kind.as_str()) {
            ("", "") => "(whole disk)".to_owned(),
            ("", kind) => kind.to_owned(),
            (name, "") => format!("{name:?}"),
            (name, kind) => format!("{name:?}, {kind}"),
        }
    }
}
