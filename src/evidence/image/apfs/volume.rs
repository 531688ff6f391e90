//! A volume's superblock → what it says of itself, and its files ("Volumes", `apfs_superblock_t`).

use super::container::Container;
use super::fields::{Fields, damaged, text};
use super::files::Files;
use super::object::is_physical;
use super::object_map::ObjectMap;
use super::records::of;
use super::snapshots::{self, Snapshot};
use super::stream::Extents;
use super::tree::{FILE_EXTENTS, FILES, Kind, Tree};
use crate::evidence::image::{FileSystem, FoundVolume};
use crate::evidence::{kind_of, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::io;
use std::sync::Arc;

/// "Volume Flags", `APFS_FS_UNENCRYPTED`.
const UNENCRYPTED: u64 = 0x01;
/// "Incompatible Volume Feature Flags".
const CASE_INSENSITIVE: u64 = 0x01;
const NORMALISATION_INSENSITIVE: u64 = 0x08;
const INCOMPLETE_RESTORE: u64 = 0x10;
const SEALED: u64 = 0x20;
/// Names are kept with a hash if they are compared without their case or without their normalisation.
const HASHED: u64 = CASE_INSENSITIVE | NORMALISATION_INSENSITIVE;

/// "Volume Roles".
const ROLES: &[(u16, &str)] = &[
    (0x0001, "system"),
    (0x0002, "user"),
    (0x0004, "recovery"),
    (0x0008, "vm"),
    (0x0010, "preboot"),
    (0x0020, "installer"),
    (0x0040, "data"),
    (0x0080, "baseband"),
    (0x00c0, "update"),
    (0x0100, "xart"),
    (0x0140, "hardware"),
    (0x0180, "backup"),
    (0x0240, "enterprise"),
    (0x02c0, "prelogin"),
];

/// A volume, its files not yet looked at.
pub(super) struct Volume {
    label: String,
    uuid: Option<String>,
    group: Option<String>,
    role: u16,
    flags: u64,
    features: u64,
    map: u64,
    /// Root of the file-system tree, and its type.
    files: (u64, u32),
    /// The same of the tree of extents of a sealed volume.
    extents: (u64, u32),
    snapshots: u64,
    snapshot_count: u64,
}

impl Volume {
    /// Reads an `apfs_superblock_t`.
    pub(super) fn read(bytes: &[u8]) -> io::Result<Self> {
        let fields = Fields(bytes);
        if fields.bytes(32, 4)? != b"APSB" {
            return Err(damaged("no volume superblock"));
        }
        Ok(Self {
            label: text(fields.bytes(704, 256)?).0,
            uuid: fields.uuid(240)?,
            group: fields.uuid(1008)?,
            role: fields.u16(964)?,
            flags: fields.u64(264)?,
            features: fields.u64(56)?,
            map: fields.u64(128)?,
            files: (fields.u64(136)?, fields.u32(116)?),
            extents: (fields.u64(1032)?, fields.u32(1040)?),
            snapshots: fields.u64(152)?,
            snapshot_count: fields.u64(216)?,
        })
    }

    fn has(&self, feature: u64) -> bool {
        self.features & feature != 0
    }

    fn role(&self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self.role).map_or("", |(_, name)| name)
    }

    /// A tree of the volume: `stored` is its root and its type.
    fn tree(
        container: &Container,
        map: &Arc<ObjectMap>,
        kind: &'static Kind,
        stored: (u64, u32),
        xid: u64,
    ) -> Tree {
        let blocks = Arc::clone(&container.blocks);
        if is_physical(stored.1) {
            return Tree::physical(blocks, kind, stored.0);
        }
        Tree::mapped(blocks, kind, stored.0, Arc::clone(map), xid)
    }

    /// Its files as they were after the transaction `xid`: that of the checkpoint, or of a snapshot, whose superblock
    /// then is this one, while the object map is the live volume's (`map`).
    fn files(&self, container: &Container, map: u64, xid: u64) -> io::Result<Files> {
        let map = Arc::new(ObjectMap::open(&container.blocks, map)?);
        let tree = Self::tree(container, &map, &FILES, self.files, xid);
        tree.root()?;
        let extents = if self.has(SEALED) && self.extents.0 != 0 {
            let tree = Self::tree(container, &map, &FILE_EXTENTS, self.extents, xid);
            Extents { tree, kind: 0 }
        } else {
            Extents { tree: tree.clone(), kind: of::EXTENT }
        };
        Ok(Files::new(Arc::clone(&container.blocks), tree, extents, self.has(HASHED)))
    }

    fn is_encrypted(&self) -> bool {
        self.flags & UNENCRYPTED == 0
    }

    /// An error if the roots of its trees cannot be read, unless they are encrypted.
    pub(super) fn check(&self, container: &Container) -> io::Result<()> {
        if self.is_encrypted() {
            return Ok(());
        }
        self.files(container, self.map, container.xid).map(drop)
    }

    fn opened(&self, container: &Container) -> Result<Arc<dyn FileSystem>, Problem> {
        if self.is_encrypted() {
            let detail = "the volume is encrypted (FileVault or hardware key)";
            return Err(problem(ProblemKind::Encrypted, detail));
        }
        match self.files(container, self.map, container.xid) {
            Ok(files) => Ok(Arc::new(files)),
            Err(error) => Err(problem(kind_of(&error), error.to_string())),
        }
    }

    /// Its snapshots, oldest first; those that cannot be read are errors.
    fn snapshots(&self, container: &Container) -> Vec<io::Result<Snapshot>> {
        if self.snapshot_count == 0 {
            return Vec::new();
        }
        snapshots::list(&container.blocks, self.snapshots)
    }

    fn notes(&self, container: &Container) -> Vec<String> {
        let mut notes = vec!["APFS".to_owned()];
        notes.extend(self.uuid.as_ref().map(|uuid| format!("volume UUID {uuid}")));
        let features = [
            (SEALED, "sealed; the seal is not checked"),
            (INCOMPLETE_RESTORE, "being restored: not complete"),
        ];
        let set = features.iter().filter(|(feature, _)| self.has(*feature));
        notes.extend(set.map(|(_, note)| (*note).to_owned()));
        if !self.has(CASE_INSENSITIVE) {
            notes.push("case-sensitive".to_owned());
        }
        notes.extend(self.snapshots(container).into_iter().map(|snapshot| match snapshot {
            Ok(snapshot) => snapshot.to_string(),
            Err(error) => format!("a snapshot that cannot be read: {error}"),
        }));
        notes
    }

    /// The volume as it is now.
    pub(super) fn found(self, container: &Container) -> FoundVolume {
        FoundVolume {
            role: self.role(),
            notes: self.notes(container),
            problems: container.problems.clone(),
            files: self.opened(container),
            label: self.label,
            group: self.group,
        }
    }

    /// The volume as each of its snapshots keeps it: name, and files.
    pub(super) fn past(&self, container: &Container) -> Vec<io::Result<(String, Files)>> {
        let open = |snapshot: Snapshot| {
            let place = container.blocks.physical(snapshot.superblock);
            let (_, bytes) = container.blocks.object(place)?;
            let files = Self::read(&bytes)?.files(container, self.map, snapshot.xid)?;
            Ok((snapshot.name, files))
        };
        self.snapshots(container).into_iter().map(|found| found.and_then(open)).collect()
    }
}
