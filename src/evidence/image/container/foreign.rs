//! Formats of disk images that are known and not read → a refusal by name, with what to do instead.

use super::{Container, First, OpenedDisk, Parts};
use crate::evidence::problem;
use crate::model::observation::{Problem, ProblemKind};
use std::io::{Read, Seek, SeekFrom};

/// A format that is refused.
pub(super) struct Foreign {
    /// The `kind` of evidence.
    id: &'static str,
    /// What people call it.
    name: &'static str,
    /// How it is told.
    mark: Mark,
    /// Why it is refused.
    kind: ProblemKind,
    /// What to do instead.
    instead: &'static str,
}

/// How a format is told.
enum Mark {
    /// By bytes at an offset from the start.
    At(usize, &'static [u8]),
    /// By bytes at a distance before the end of the file.
    BeforeEnd(u64, &'static [u8]),
    /// By the name of the first member of a zip.
    FirstMember(&'static [&'static [u8]]),
}

const CONVERT: &str = "convert it with `qemu-img convert -O raw IMAGE disk.raw` and give that";
const EXPORT: &str =
    "export it with ewfexport or the tool that made it, as raw or E01, and give that";
const LOGICAL: &str =
    "it holds single files, not a disk: export them into a folder or a zip and give that";
const DECRYPT: &str =
    "decrypt it with `hdiutil convert -format UDZO -o plain.dmg IMAGE` on a Mac and give that";

/// Offset of the name in the header of a zip member (APPNOTE 4.3.7), and where its length stands.
const ZIP_NAME: usize = 30;

const fn foreign(
    id: &'static str,
    name: &'static str,
    mark: Mark,
    instead: &'static str,
) -> Foreign {
    Foreign { id, name, mark, kind: ProblemKind::Unsupported, instead }
}

const fn encrypted(name: &'static str, mark: Mark) -> Foreign {
    Foreign { id: "dmg", name, mark, kind: ProblemKind::Encrypted, instead: DECRYPT }
}

pub(super) static ENCRYPTED: Foreign =
    encrypted("an encrypted disk image", Mark::At(0, b"encrcdsa"));
pub(super) static ENCRYPTED_OLD: Foreign =
    encrypted("an encrypted disk image (version 1)", Mark::BeforeEnd(8, b"cdsaencr"));
pub(super) static EX01: Foreign =
    foreign("ex01", "an EnCase 7 image (Ex01)", Mark::At(0, b"EVF2\x0d\x0a\x81\x00"), EXPORT);
pub(super) static L01: Foreign = foreign(
    "l01",
    "a logical EnCase image (L01)",
    Mark::At(0, b"LVF\x09\x0d\x0a\xff\x00"),
    LOGICAL,
);
pub(super) static LX01: Foreign = foreign(
    "lx01",
    "a logical EnCase 7 image (Lx01)",
    Mark::At(0, b"LEF2\x0d\x0a\x81\x00"),
    LOGICAL,
);
pub(super) static AFF: Foreign =
    foreign("aff", "an AFF image", Mark::At(0, b"AFF10\x0d\x0a\x00"), EXPORT);
pub(super) static AFF4: Foreign = foreign(
    "aff4",
    "an AFF4 image",
    Mark::FirstMember(&[b"container.description", b"information.turtle"]),
    EXPORT,
);
pub(super) static VMDK: Foreign =
    foreign("vmdk", "a VMware disk (VMDK)", Mark::At(0, b"KDMV"), CONVERT);
pub(super) static VMDK_COW: Foreign =
    foreign("vmdk", "a VMware disk (COWD)", Mark::At(0, b"COWD"), CONVERT);
pub(super) static VMDK_TEXT: Foreign = foreign(
    "vmdk",
    "the descriptor of a VMware disk",
    Mark::At(0, b"# Disk DescriptorFile"),
    CONVERT,
);
pub(super) static VHD: Foreign =
    foreign("vhd", "a Virtual PC disk (VHD)", Mark::At(0, b"conectix"), CONVERT);
pub(super) static VHD_FIXED: Foreign = foreign(
    "vhd",
    "a Virtual PC disk of fixed size (VHD)",
    Mark::BeforeEnd(512, b"conectix"),
    CONVERT,
);
pub(super) static VHDX: Foreign =
    foreign("vhdx", "a Hyper-V disk (VHDX)", Mark::At(0, b"vhdxfile"), CONVERT);
pub(super) static QCOW: Foreign =
    foreign("qcow", "a QEMU disk (QCOW)", Mark::At(0, b"QFI\xfb"), CONVERT);
pub(super) static VDI: Foreign =
    foreign("vdi", "a VirtualBox disk (VDI)", Mark::At(64, b"\x7f\x10\xda\xbe"), CONVERT);
pub(super) static PARALLELS: Foreign =
    foreign("hdd", "a Parallels disk", Mark::At(0, b"WithoutFreeSpace"), CONVERT);
pub(super) static PARALLELS_EXTENDED: Foreign =
    foreign("hdd", "a Parallels disk", Mark::At(0, b"WithouFreSpacExt"), CONVERT);

impl Foreign {
    fn is_there(&self, file: &First<'_>) -> bool {
        match self.mark {
            Mark::At(at, mark) => file.head.get(at..).is_some_and(|rest| rest.starts_with(mark)),
            Mark::BeforeEnd(distance, mark) => ends_with(file, distance, mark),
            Mark::FirstMember(names) => {
                let name = file.head.get(ZIP_NAME..).unwrap_or_default();
                file.head.starts_with(b"PK\x03\x04")
                    && names.iter().any(|mark| name.starts_with(mark))
            }
        }
    }
}

/// Whether a file has the mark `distance` bytes before its end.
fn ends_with(file: &First<'_>, distance: u64, mark: &[u8]) -> bool {
    let Some(at) = file.bytes.size().checked_sub(distance) else { return false };
    let Ok(mut reader) = file.bytes.reopen() else { return false };
    let mut tail = vec![0; mark.len()];
    let read = reader.seek(SeekFrom::Start(at)).and_then(|_| reader.read_exact(&mut tail));
    read.is_ok() && tail == mark
}

impl Container for Foreign {
    fn id(&self) -> &'static str {
        self.id
    }

    fn detect(&self, file: &First<'_>) -> bool {
        self.is_there(file)
    }

    fn open(&self, _: &First<'_>, _: &dyn Parts) -> Result<OpenedDisk, Problem> {
        Err(problem(self.kind, format!("{} is not read: {}", self.name, self.instead)))
    }
}
