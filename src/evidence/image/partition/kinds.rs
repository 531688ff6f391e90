//! The type of a partition as a map stores it → the same in words.

use super::fields::{be16, be64, le16, le32};

/// Types of GPT: the GUIDs of UEFI 2.10, section 5.3.3, of Apple (TN2166, "Secrets of the GPT", and the headers of
/// `diskarbitrationd`), of Microsoft and of Linux, as they are printed.
const GUIDS: &[(&str, &str)] = &[
    ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI system partition"),
    ("7C3457EF-0000-11AA-AA11-00306543ECAC", "APFS"),
    ("48465300-0000-11AA-AA11-00306543ECAC", "HFS+"),
    ("426F6F74-0000-11AA-AA11-00306543ECAC", "Apple Boot"),
    ("69646961-6700-11AA-AA11-00306543ECAC", "Apple APFS iBoot"),
    ("52637672-7900-11AA-AA11-00306543ECAC", "Apple APFS Recovery"),
    ("53746F72-6167-11AA-AA11-00306543ECAC", "Apple Core Storage"),
    ("52414944-0000-11AA-AA11-00306543ECAC", "Apple RAID"),
    ("52414944-5F4F-11AA-AA11-00306543ECAC", "Apple RAID, offline"),
    ("55465300-0000-11AA-AA11-00306543ECAC", "Apple UFS"),
    ("4C616265-6C00-11AA-AA11-00306543ECAC", "Apple Label"),
    ("5265636F-7665-11AA-AA11-00306543ECAC", "Apple TV Recovery"),
    ("6A898CC3-1DD2-11B2-99A6-080020736631", "ZFS"),
    ("21686148-6449-6E6F-744E-656564454649", "BIOS boot"),
    ("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data"),
    ("E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved"),
    ("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "Windows recovery"),
    ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux data"),
    ("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap"),
    ("E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM"),
];

/// Types of MBR. There is no standard; these are the ones that a Mac's disk may bear, by Apple's `fdisk(8)`.
const BYTES: &[(u8, &str)] = &[
    (0x01, "FAT12"),
    (0x04, "FAT16"),
    (0x06, "FAT16"),
    (0x07, "NTFS or exFAT"),
    (0x0b, "FAT32"),
    (0x0c, "FAT32"),
    (0x0e, "FAT16"),
    (0x82, "Linux swap"),
    (0x83, "Linux"),
    (0xa8, "Apple UFS"),
    (0xab, "Apple Boot"),
    (0xac, "Apple RAID"),
    (0xaf, "HFS+"),
    (0xee, "GPT protective"),
    (0xef, "EFI system partition"),
];

/// A type of GPT in words, or as a GUID is printed.
pub(super) fn of_guid(stored: &[u8; 16]) -> String {
    // UEFI 2.10, appendix A: the first three fields are little-endian, the others bytes in their order.
    let first = le32(stored, 0).unwrap_or_default();
    let [second, third] = [4, 6].map(|at| le16(stored, at).unwrap_or_default());
    let fourth = be16(stored, 8).unwrap_or_default();
    let node = be64(stored, 8).unwrap_or_default() & 0xffff_ffff_ffff;
    let printed = format!("{first:08X}-{second:04X}-{third:04X}-{fourth:04X}-{node:012X}");
    match GUIDS.iter().find(|(guid, _)| *guid == printed) {
        Some((_, words)) => (*words).to_owned(),
        None => printed,
    }
}

/// A type of MBR in words, or as `fdisk` prints it.
pub(super) fn of_byte(stored: u8) -> String {
    match BYTES.iter().find(|(byte, _)| *byte == stored) {
        Some((_, words)) => (*words).to_owned(),
        None => format!("type 0x{stored:02x}"),
    }
}
