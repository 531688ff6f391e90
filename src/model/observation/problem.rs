//! What could not be read or placed: the rows of `problems`.

use crate::model::provenance::Locator;

/// Why something could not be read. The column value is kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The operating system or the container refused to give the bytes.
    Unreadable,
    /// It ends too early.
    Truncated,
    /// Encrypted, and no password given opens it.
    Encrypted,
    /// A format or method that Portolan does not read.
    Unsupported,
    /// A limit was reached: size, ratio, depth, count, line length.
    Limit,
    /// A name with `..`.
    UnsafeName,
    /// An absolute name.
    AbsoluteName,
    /// The same name twice in one container.
    DuplicateName,
    /// A link that points out of the tree.
    LinkOutside,
    /// Output of another operating system.
    ForeignFormat,
    /// A record that does not parse.
    MalformedRecord,
    /// A file that does not parse, wholly or in part.
    MalformedFile,
    /// A time that cannot be placed, or has two readings.
    AmbiguousTime,
    /// Two sources disagree on the host's offset from UTC.
    TimeZoneConflict,
    /// A bound that a sighting contradicts.
    BoundConflict,
    /// Two owners for one socket.
    OwnerConflict,
    /// An acquisition that another argument holds too.
    DuplicateEvidence,
    /// A declared hash that the file does not have.
    HashMismatch,
    /// A parser panicked: a bug of Portolan's.
    Panicked,
}

impl ProblemKind {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::UnsafeName => "unsafe-name",
            Self::AbsoluteName => "absolute-name",
            Self::DuplicateName => "duplicate-name",
            Self::LinkOutside => "link-outside",
            Self::ForeignFormat => "foreign-format",
            Self::MalformedRecord => "malformed-record",
            Self::MalformedFile => "malformed-file",
            Self::AmbiguousTime => "ambiguous-time",
            Self::TimeZoneConflict => "time-zone-conflict",
            Self::BoundConflict => "bound-conflict",
            Self::OwnerConflict => "owner-conflict",
            Self::DuplicateEvidence => "duplicate-evidence",
            Self::HashMismatch => "hash-mismatch",
            Self::Panicked => "panicked",
        }
    }

    /// Whether evidence was lost (`error`) or only needs a look (`warning`).
    pub fn severity(self) -> &'static str {
        match self {
            Self::Unreadable
            | Self::Truncated
            | Self::Encrypted
            | Self::Unsupported
            | Self::Limit
            | Self::MalformedFile
            | Self::HashMismatch
            | Self::Panicked => "error",
            Self::UnsafeName
            | Self::AbsoluteName
            | Self::DuplicateName
            | Self::DuplicateEvidence
            | Self::LinkOutside
            | Self::ForeignFormat
            | Self::MalformedRecord
            | Self::AmbiguousTime
            | Self::TimeZoneConflict
            | Self::BoundConflict
            | Self::OwnerConflict => "warning",
        }
    }
}

/// Something that could not be read or placed: a row of `problems`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The place in the file.
    pub locator: Locator,
    /// What kind.
    pub kind: ProblemKind,
    /// A sentence fragment for an analyst.
    pub detail: String,
}
