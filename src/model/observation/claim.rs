//! What files say about their Mac and about their own collection.

use super::Known;
use crate::model::Text;

/// Where a host name, version or zone was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostClaim {
    /// A host name; the rank is the order of formats.md 3.12 (lower is better).
    Name {
        /// 0 acquisition log, 1 `hostname`, 2 collector's record, 3 preferences, 4 archive name.
        rank: u8,
        /// The name.
        name: Text,
    },
    /// Hardware serial number.
    Serial(Text),
    /// `15.2`.
    OsVersion(Text),
    /// `24C101`.
    OsBuild(Text),
    /// A system that is not a Mac (`Linux`, `iPhone OS`).
    NotMacOs(Text),
    /// An IANA time zone; the rank is the order of formats.md 3.12.
    Zone {
        /// 0 offset in logs, 1 collector's record, 2 `systemsetup`, 3 `/etc/localtime`, 4 preferences.
        rank: u8,
        /// `America/Sao_Paulo`.
        name: Text,
    },
    /// The host's offset from UTC at the observation's time, in seconds.
    Offset {
        /// As for zones.
        rank: u8,
        /// Seconds east of UTC.
        seconds: i32,
    },
    /// A local user and their uid.
    User {
        /// Login name.
        name: Text,
        /// Numeric id.
        uid: u32,
    },
}

/// What a collector says about its own run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollectionClaim {
    /// `uac`, …
    Collector {
        /// Its name.
        name: Text,
        /// Its version, if told.
        version: Option<Text>,
    },
    /// It started at the observation's time.
    Started,
    /// It ended at the observation's time.
    Ended,
    /// `/` for a live run, else the mount point of a dead volume.
    MountPoint(Text),
    /// Whether it ran with privileges.
    Privileged(Known),
    /// A step failed.
    Failed(Text),
    /// A field of the case: `case_id`, `evidence_id`, `examiner`, `notes`.
    CaseField {
        /// Column name.
        field: &'static str,
        /// Its value.
        value: Text,
    },
    /// A hash that the collector recorded for an archive.
    DeclaredHash {
        /// File name.
        file: Text,
        /// `md5`, `sha1`, `sha256`.
        algorithm: &'static str,
        /// Lower-case hexadecimal.
        value: Text,
    },
}
