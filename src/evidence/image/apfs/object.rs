//! A block → an object whose checksum holds ("Objects").

use super::fields::{Fields, damaged};
use std::io;

/// Bytes of `obj_phys_t`.
pub(super) const HEADER: usize = 32;

/// Types of objects ("Object Types"), without their flags.
pub(super) mod kind {
    pub(in super::super) const NONE: u32 = 0x00;
    pub(in super::super) const SUPERBLOCK: u32 = 0x01;
    pub(in super::super) const BTREE: u32 = 0x02;
    pub(in super::super) const BTREE_NODE: u32 = 0x03;
    pub(in super::super) const OBJECT_MAP: u32 = 0x0b;
    pub(in super::super) const VOLUME: u32 = 0x0d;
    pub(in super::super) const FILES: u32 = 0x0e;
    pub(in super::super) const SNAPSHOTS: u32 = 0x10;
    pub(in super::super) const FILE_EXTENTS: u32 = 0x1f;
}

/// "Object Type Masks": the type, and how its identifier is resolved.
const TYPE: u32 = 0x0000_ffff;
const STORAGE: u32 = 0xc000_0000;
const PHYSICAL: u32 = 0x4000_0000;

/// Whether a type with its flags says that identifiers are addresses of blocks ("Object Type Flags").
pub(super) fn is_physical(kind: u32) -> bool {
    kind & STORAGE == PHYSICAL
}

/// What an object says of itself: `obj_phys_t`. One without a header says nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Header {
    pub(super) oid: u64,
    pub(super) xid: u64,
    pub(super) kind: u32,
    pub(super) subtype: u32,
}

impl Header {
    pub(super) fn read(object: &[u8]) -> io::Result<Self> {
        let fields = Fields(object);
        let (oid, xid) = (fields.u64(8)?, fields.u64(16)?);
        Ok(Self { oid, xid, kind: fields.u32(24)? & TYPE, subtype: fields.u32(28)? })
    }

    /// An error unless the object is of this type.
    pub(super) fn is(&self, kind: u32, name: &str) -> io::Result<()> {
        let wrong = || damaged(format!("an object of type {:#x} where {name} is due", self.kind));
        (self.kind == kind).then_some(()).ok_or_else(wrong)
    }
}

/// Whether `o_cksum` is the Fletcher-64 checksum of what follows it ("Objects", `obj_phys_t`).
pub(super) fn checksum_holds(object: &[u8]) -> bool {
    let stored = Fields(object).u64(0).unwrap_or_default();
    stored == fletcher(Fields(object).rest(8))
}

/// Fletcher-64 over little-endian words of 32 bits, modulo 2^32 - 1.
///
/// The sums of an object of 64 KiB, the largest there is, stay below 2^60: one reduction at the end will do.
fn fletcher(bytes: &[u8]) -> u64 {
    const MODULUS: u64 = u32::MAX as u64;
    let (mut first, mut second) = (0u64, 0u64);
    for word in bytes.as_chunks::<4>().0 {
        first = first.wrapping_add(u64::from(u32::from_le_bytes(*word)));
        second = second.wrapping_add(first);
    }
    let (first, second) = (first % MODULUS, second % MODULUS);
    let low = MODULUS.wrapping_sub(first.wrapping_add(second) % MODULUS);
    let high = MODULUS.wrapping_sub(first.wrapping_add(low) % MODULUS);
    high << 32 | low
}
