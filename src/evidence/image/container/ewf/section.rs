//! A segment file of EWF → its sections, each with where its data lie.
//!
//! Expert Witness Compression Format (libewf), "File header" and "Section": a segment file starts with 13 bytes and is a chain
//! of sections, each with a descriptor of 76 bytes.

use crate::evidence::image::container::segments::Segments;
use crate::evidence::image::fields::{bytes, le16, le32, le64};
use crate::evidence::{kind_of, problem};
use crate::model::observation::{Problem, ProblemKind};

/// What each segment file starts with.
pub(super) const MAGIC: &[u8] = b"EVF\x09\x0d\x0a\xff\x00";

/// Where the first section of a segment file stands.
pub(super) const FIRST_SECTION: u64 = 13;

/// Size of a section's descriptor.
const DESCRIPTOR: usize = 76;

/// Where the checksum of a descriptor stands: it is that of what is before.
const CHECKSUM_AT: usize = 72;

/// The number that a segment file says it has, from its first bytes.
pub(super) fn segment_number(head: &[u8]) -> Option<u16> {
    let after = head.strip_prefix(MAGIC)?;
    le16(after, 1)
}

/// A section.
pub(super) struct Section {
    /// `header`, `table`, `done`, ….
    pub kind: [u8; 16],
    /// Where its data start in the segment file, in bytes.
    pub data: u64,
    /// Where they end: at the next section, or at the end of the file where that is before.
    pub end: u64,
    /// Whether the file ends within it.
    pub is_cut: bool,
}

impl Section {
    /// Its kind as text.
    pub(super) fn kind(&self) -> String {
        let name = self.kind.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    }

    /// How many bytes of data there are.
    pub(super) fn length(&self) -> usize {
        usize::try_from(self.end.saturating_sub(self.data)).unwrap_or(usize::MAX)
    }
}

/// The section at `at`. One that points back, but for itself (the last), is damaged.
pub(super) fn section(segments: &Segments, segment: usize, at: u64) -> Result<Section, Problem> {
    let read = segments.read_vec(segment, at, DESCRIPTOR);
    let descriptor = read.map_err(|error| problem(kind_of(&error), error.to_string()))?;
    let damaged =
        |what: &str| problem(ProblemKind::MalformedFile, format!("{what} at offset {at}"));
    if !is_sound(&descriptor, CHECKSUM_AT) {
        return Err(damaged("a section with a wrong checksum"));
    }
    let kind = bytes(&descriptor, 0).unwrap_or_default();
    let next = le64(&descriptor, 16).unwrap_or_default();
    let data = at.saturating_add(DESCRIPTOR as u64);
    let size = segments.size(segment);
    let end = if next == at { data } else { next };
    if end < data {
        return Err(damaged("a section that points back"));
    }
    Ok(Section { kind, data, end: end.min(size), is_cut: end > size })
}

/// Whether the Adler-32 at `length` is that of the bytes before it.
pub(super) fn is_sound(structure: &[u8], length: usize) -> bool {
    let own = structure.get(..length).map(adler2::adler32_slice);
    own.is_some() && own == le32(structure, length)
}
