//! A partition → the container in it as of its newest sound checkpoint ("Container").

use super::blocks::{Blocks, LARGEST};
use super::fields::{Fields, damaged, unsupported};
use super::object::{HEADER, Header, checksum_holds, kind};
use super::object_map::ObjectMap;
use super::volume::Volume;
use crate::evidence::image::{Disk, disk};
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::io;
use std::sync::Arc;

/// `nx_magic`.
pub(super) const MAGIC: &[u8] = b"NXSB";
/// `NX_MINIMUM_BLOCK_SIZE`.
const SMALLEST: u32 = 4096;
/// `NX_MAX_FILE_SYSTEMS`.
const VOLUMES: u32 = 100;
/// "Incompatible Container Feature Flags", `NX_INCOMPAT_FUSION`.
const FUSION: u64 = 0x100;
/// The bit of `nx_xp_desc_blocks` that says that the checkpoints do not lie in one piece.
const SCATTERED: u32 = 1 << 31;

/// What is taken from `nx_superblock_t`.
struct Superblock {
    xid: u64,
    block_size: u32,
    block_count: u64,
    features: u64,
    checkpoint_blocks: u32,
    checkpoint_base: u64,
    map: u64,
    volumes: Vec<u64>,
}

impl Superblock {
    fn read(bytes: &[u8]) -> io::Result<Self> {
        let fields = Fields(bytes);
        if fields.bytes(HEADER, MAGIC.len())? != MAGIC {
            return Err(damaged("no container superblock"));
        }
        let block_size = fields.u32(36)?;
        if !(SMALLEST..=LARGEST).contains(&block_size) || !block_size.is_power_of_two() {
            return Err(damaged(format!("blocks of {block_size} bytes")));
        }
        let slots = usize::try_from(fields.u32(180)?.min(VOLUMES)).unwrap_or_default();
        let slot = |at: usize| fields.u64(at.saturating_mul(8).saturating_add(184));
        let volumes: io::Result<Vec<u64>> = (0..slots).map(slot).collect();
        Ok(Self {
            xid: Header::read(bytes)?.xid,
            block_size,
            block_count: fields.u64(40)?,
            features: fields.u64(64)?,
            checkpoint_blocks: fields.u32(104)?,
            checkpoint_base: fields.u64(112)?,
            map: fields.u64(160)?,
            volumes: volumes?.into_iter().filter(|oid| *oid != 0).collect(),
        })
    }
}

/// A container as of one checkpoint.
pub(super) struct Container {
    /// Its blocks.
    pub(super) blocks: Arc<Blocks>,
    /// Where its volumes' superblocks are.
    pub(super) map: ObjectMap,
    /// Identifiers of the volumes, in the order of their numbers.
    pub(super) volumes: Vec<u64>,
    /// The transaction of the checkpoint.
    pub(super) xid: u64,
    /// What is wrong with it though it can be read.
    pub(super) problems: Vec<Problem>,
}

impl Container {
    /// Reads the newest checkpoint whose object map and volumes can be read; if there is none, the newest whose
    /// object map can ("Mounting an Apple File System Partition").
    pub(super) fn open(disk: &Arc<dyn Disk>) -> io::Result<Self> {
        let (first, is_sound) = first_block(disk)?;
        if first.features & FUSION != 0 {
            let detail = "a Fusion container: half of its blocks lie on another disk";
            return Err(unsupported(detail));
        }
        let count = disk.size() / u64::from(first.block_size);
        let blocks = Arc::new(Blocks::new(Arc::clone(disk), first.block_size, count));
        let mut problems = Vec::new();
        if !is_sound {
            let detail = "the checksum of block 0 does not hold";
            problems.push(problem(ProblemKind::MalformedRecord, detail));
        }
        if count < first.block_count {
            let detail = format!("{count} of {} blocks are there", first.block_count);
            problems.push(problem(ProblemKind::Truncated, detail));
        }
        let mut container = Self::newest(disk, &blocks, first)?;
        container.problems.splice(0..0, problems);
        Ok(container)
    }

    fn newest(disk: &Arc<dyn Disk>, blocks: &Arc<Blocks>, first: Superblock) -> io::Result<Self> {
        let (mut checkpoints, lost) = checkpoints(disk, &first);
        checkpoints.sort_by_key(|one| std::cmp::Reverse(one.xid));
        checkpoints.dedup_by_key(|one| one.xid);
        // Block 0 is a copy of one of them, written when the container was unmounted last: the last resort, even where
        // its checksum does not hold. What it leads to has checksums of its own.
        checkpoints.truncate(limits::CHECKPOINTS.saturating_sub(1));
        checkpoints.push(first);
        let (mut partly, mut wrong) = (None, None);
        let mut passed: Vec<u64> = Vec::new();
        for checkpoint in checkpoints.into_iter().take(limits::CHECKPOINTS) {
            let xid = checkpoint.xid;
            match Self::as_of(blocks, checkpoint) {
                Ok(found) if found.is_whole() => return Ok(found.fallen_back(&passed).told(&lost)),
                Ok(found) => {
                    partly.get_or_insert(found);
                }
                Err(error) => {
                    wrong.get_or_insert(error);
                }
            }
            passed.push(xid);
        }
        // The newest stays the best where no other is whole.
        let best = partly.ok_or_else(|| wrong.unwrap_or_else(|| damaged("no checkpoint")))?;
        Ok(best.told(&lost))
    }

    fn as_of(blocks: &Arc<Blocks>, checkpoint: Superblock) -> io::Result<Self> {
        let map = ObjectMap::open(blocks, checkpoint.map)?;
        let Superblock { volumes, xid, .. } = checkpoint;
        Ok(Self { blocks: Arc::clone(blocks), map, volumes, xid, problems: Vec::new() })
    }

    /// A volume's superblock.
    pub(super) fn volume(&self, oid: u64) -> io::Result<Vec<u8>> {
        let (header, bytes) = self.blocks.object(self.map.find(oid, self.xid)?)?;
        header.is(kind::VOLUME, "a volume")?;
        Ok(bytes)
    }

    /// Whether every volume and the roots of its trees can be read, those apart that are encrypted.
    fn is_whole(&self) -> bool {
        let is_sound =
            |oid: &u64| self.volume(*oid).and_then(|bytes| Volume::read(&bytes)?.check(self));
        self.volumes.iter().all(|oid| is_sound(oid).is_ok())
    }

    /// Says where a newer state may have been lost.
    fn told(mut self, lost: &Lost) -> Self {
        if lost.unread > 0 {
            let detail = format!(
                "{} blocks of the area of checkpoints cannot be read: a newer state may be lost",
                lost.unread
            );
            self.problems.push(problem(ProblemKind::Truncated, detail));
        }
        if lost.newest > self.xid {
            let detail = format!(
                "the superblock of checkpoint {} is damaged: the container is shown as of checkpoint {}",
                lost.newest, self.xid
            );
            self.problems.push(problem(ProblemKind::MalformedRecord, detail));
        }
        self
    }

    fn fallen_back(mut self, passed: &[u64]) -> Self {
        if let Some(newest) = passed.first() {
            let detail = format!(
                "checkpoint {newest} is damaged: the volume is shown as of checkpoint {}",
                self.xid
            );
            self.problems.push(problem(ProblemKind::MalformedRecord, detail));
        }
        self
    }
}

/// The copy of the superblock in block 0, and whether its checksum holds. Even where it does not it tells where the
/// checkpoints are, each of which has a checksum of its own.
fn first_block(disk: &Arc<dyn Disk>) -> io::Result<(Superblock, bool)> {
    let head = disk::read_vec(&**disk, 0, SMALLEST as usize)?;
    let superblock = Superblock::read(&head)?;
    let whole = disk::read_vec(&**disk, 0, superblock.block_size as usize)?;
    Ok((superblock, checksum_holds(&whole)))
}

/// The superblocks in the checkpoint descriptor area whose checksum holds. Read one by one: a block that the image has
/// lost costs no other.
fn checkpoints(disk: &Arc<dyn Disk>, first: &Superblock) -> (Vec<Superblock>, Lost) {
    let (mut found, mut lost) = (Vec::new(), Lost::default());
    let size = u64::from(first.block_size);
    let count = first.checkpoint_blocks.min(limits::CHECKPOINT_BLOCKS);
    if first.checkpoint_blocks & SCATTERED != 0 {
        // Their places stand in a tree, which is not read: of the newest state nothing is known.
        lost.unread = u64::from(first.checkpoint_blocks & !SCATTERED);
        return (found, lost);
    }
    for at in 0..u64::from(count) {
        let offset = first.checkpoint_base.saturating_add(at).saturating_mul(size);
        let Ok(bytes) = disk::read_vec(&**disk, offset, first.block_size as usize) else {
            lost.unread = lost.unread.saturating_add(1);
            continue;
        };
        if Header::read(&bytes).is_ok_and(|header| header.kind == kind::SUPERBLOCK)
            && let Ok(superblock) = Superblock::read(&bytes)
            && superblock.block_size == first.block_size
        {
            if checksum_holds(&bytes) {
                found.push(superblock);
            } else {
                lost.newest = lost.newest.max(superblock.xid);
            }
        }
    }
    (found, lost)
}

/// What of the area of checkpoints is lost.
#[derive(Default)]
struct Lost {
    /// Blocks that cannot be read.
    unread: u64,
    /// The greatest transaction of a superblock whose checksum does not hold; it may be damaged itself.
    newest: u64,
}
