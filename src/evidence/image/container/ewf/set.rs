//! The segment files of an EWF image → its geometry, its tables, what it says of itself, and what is wrong with it.

use super::section::{self, FIRST_SECTION, Section, is_sound, segment_number};
use super::tables::{Table, table};
use super::{header, names};
use crate::evidence::image::container::segments::Segments;
use crate::evidence::image::container::{First, Parts};
use crate::evidence::image::fields::{le32, le64};
use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::sync::Arc;

/// Where the checksum of a volume section stands: that of `EnCase`, and SMART's.
const VOLUME_CHECKSUMS: [usize; 2] = [1048, 90];

/// Size of the volume section of `EnCase`.
const LONG_VOLUME: usize = 1052;

/// Segments that may be missing in a row before the set is held to be at its end.
const MISSING: u32 = 16;

/// How the walk of a segment file ended.
#[derive(PartialEq, Eq)]
enum End {
    /// With a section `next`: another segment follows.
    Next,
    /// With a section `done`: it is the last.
    Done,
    /// Cut off or damaged: how many chunks were in it is not known.
    Lost,
}

/// What is known of the chunks of the last `sectors`.
#[derive(Default, PartialEq, Eq)]
enum Group {
    /// A table tells of them, or there are none.
    #[default]
    Told,
    /// Their table is still to come.
    Untold,
    /// Their table could not be used; its copy may still come.
    Failed,
}

/// The shape of the disk.
#[derive(Clone, Copy)]
pub(super) struct Geometry {
    /// Chunks of the disk as it is claimed, and no fewer than its bytes need.
    pub chunks: u64,
    /// Bytes of a chunk.
    pub chunk_size: usize,
    /// Bytes of the disk.
    pub size: u64,
}

impl Geometry {
    /// Chunks that the bytes of the disk need: where the last one ends, whatever count is claimed.
    fn needed(&self) -> u64 {
        self.size.div_ceil(self.chunk_size.max(1) as u64)
    }
}

/// What was found in the segment files.
#[derive(Default)]
pub(super) struct Set {
    pub segments: Segments,
    /// The files beside the first, by name.
    pub parts: Vec<String>,
    pub geometry: Option<Geometry>,
    /// A shape whose checksum is wrong, for want of another.
    doubtful: Option<Geometry>,
    /// Tables without a gap between them; each further run comes after segments or a table that are missing.
    runs: Vec<Vec<Table>>,
    /// Where the last `sectors` of this segment end.
    sectors_end: Option<u64>,
    group: Group,
    pub notes: Vec<String>,
    pub declared: Vec<(&'static str, String)>,
    pub problems: Vec<Problem>,
}

impl Set {
    /// Reads the sections of all segment files that are there.
    pub(super) fn read(first: &First<'_>, parts: &dyn Parts) -> Self {
        let mut set = Self { runs: vec![Vec::new()], ..Self::default() };
        let own = first.path.rsplit('/').next().unwrap_or_default();
        let mut end = set.segment(own, Arc::clone(first.bytes), 1);
        let (mut number, mut missing) = (2_u32, Vec::new());
        while end != End::Done && (missing.len() as u64) < u64::from(MISSING) {
            let Some(name) = names::segment(own, number) else { break };
            if let Some(source) = parts.open(&name) {
                if end == End::Lost || !missing.is_empty() {
                    set.runs.push(Vec::new());
                }
                set.missing(&missing);
                missing.clear();
                end = set.segment(&name, source, number);
                set.parts.push(name);
            } else {
                missing.push(name);
            }
            number = number.saturating_add(1);
        }
        if end == End::Next {
            let name = missing.drain(..).next().unwrap_or_else(|| "a further segment".to_owned());
            set.fault(
                ProblemKind::Truncated,
                format!("{name} is missing, and it may not be the only one"),
            );
        }
        set.geometry = set.geometry.or(set.doubtful);
        set.place(&end);
        set
    }

    fn missing(&mut self, names: &[String]) {
        if let (Some(first), Some(last)) = (names.first(), names.last()) {
            let which = if first == last { first.clone() } else { format!("{first} to {last}") };
            self.fault(ProblemKind::Truncated, format!("missing among the segments: {which}"));
        }
    }

    fn fault(&mut self, kind: ProblemKind, detail: String) {
        self.problems.push(problem(kind, detail));
    }

    /// Reads the sections of one segment file.
    fn segment(
        &mut self,
        name: &str,
        source: Arc<dyn crate::evidence::Reopen>,
        number: u32,
    ) -> End {
        let segment = self.segments.len();
        self.segments.push(source);
        self.sectors_end = None;
        let head = self.segments.read_vec(segment, 0, 13).unwrap_or_default();
        match segment_number(&head).map(u32::from) {
            Some(own) if own == number => {}
            Some(own) => {
                self.fault(
                    ProblemKind::MalformedFile,
                    format!("{name} is segment {own} of its set, not {number}"),
                );
                return End::Lost;
            }
            None => {
                self.fault(
                    ProblemKind::MalformedFile,
                    format!("{name} is no segment of an EWF image"),
                );
                return End::Lost;
            }
        }
        let end = self.sections(name, segment);
        self.end_group(name);
        end
    }

    /// Without a table, how many chunks a group has is not known: what follows is counted anew.
    fn end_group(&mut self, name: &str) {
        if std::mem::take(&mut self.group) != Group::Told {
            self.runs.push(Vec::new());
            let detail = format!("{name}: chunks without a table that can be used are lost");
            self.fault(ProblemKind::MalformedFile, detail);
        }
    }

    fn sections(&mut self, name: &str, segment: usize) -> End {
        let mut at = FIRST_SECTION;
        for _ in 0..limits::EWF_SECTIONS {
            let section = match section::section(&self.segments, segment, at) {
                Ok(section) => section,
                Err(why) => {
                    self.fault(why.kind, format!("{name}: {}", why.detail));
                    return End::Lost;
                }
            };
            match section.kind().as_str() {
                "done" => return End::Done,
                "next" => return End::Next,
                kind => self.section(name, segment, kind, &section),
            }
            if section.is_cut {
                let detail =
                    format!("{name}: it ends in the section {:?} at offset {at}", section.kind());
                self.fault(ProblemKind::Truncated, detail);
                return End::Lost;
            }
            at = section.end;
        }
        self.fault(
            ProblemKind::Limit,
            format!("{name}: more than {} sections", limits::EWF_SECTIONS),
        );
        End::Lost
    }

    fn section(&mut self, name: &str, segment: usize, kind: &str, section: &Section) {
        match kind {
            "sectors" => {
                self.end_group(name);
                self.group = Group::Untold;
                self.sectors_end = Some(section.end);
            }
            "table" => {
                if self.group == Group::Failed {
                    self.end_group(name);
                }
                self.group = Group::Failed;
                self.table(name, segment, section, false);
            }
            "table2" if self.group != Group::Told => self.table(name, segment, section, true),
            "volume" | "disk" | "data" => self.volume(&self.small(segment, section)),
            "header" | "header2" => self.header(&self.small(segment, section)),
            "hash" => self.hashes(&self.small(segment, section), 32, &[("md5", 0, 16)]),
            "digest" => {
                self.hashes(&self.small(segment, section), 76, &[("md5", 0, 16), ("sha1", 16, 20)]);
            }
            "error2" => self.errors(&self.small(segment, section)),
            _ => {}
        }
    }

    /// The data of a small section; those of a larger one are cut.
    fn small(&self, segment: usize, section: &Section) -> Vec<u8> {
        let most = usize::try_from(limits::EWF_HEADER).unwrap_or(usize::MAX);
        let length = section.length().min(most);
        self.segments.read_vec(segment, section.data, length).unwrap_or_default()
    }

    /// A table, or its copy: the copy counts if the first cannot be used or is not as it was written.
    fn table(&mut self, name: &str, segment: usize, section: &Section, is_copy: bool) {
        let known: u64 = self.runs.iter().flatten().map(Table::len).sum();
        let most = self.geometry.map_or(limits::EWF_CHUNKS, |shape| shape.chunks);
        let most = most.min(limits::EWF_CHUNKS).saturating_sub(known);
        match table(&self.segments, segment, section, self.sectors_end, most) {
            Ok((table, is_whole)) if is_whole || is_copy => {
                if !is_whole {
                    let detail = format!(
                        "{name}: a table and its copy are damaged: chunks in it may be lost"
                    );
                    self.fault(ProblemKind::MalformedFile, detail);
                }
                self.group = Group::Told;
                if let Some(run) = self.runs.last_mut() {
                    run.push(table);
                }
            }
            Err(why) if is_copy => self.fault(why.kind, format!("{name}: {}", why.detail)),
            Ok(_) | Err(_) => {}
        }
    }

    fn volume(&mut self, data: &[u8]) {
        let shape = shape(data);
        if VOLUME_CHECKSUMS.iter().any(|at| is_sound(data, *at)) {
            self.geometry = self.geometry.or(shape);
        } else {
            self.doubtful = self.doubtful.or(shape);
        }
    }

    fn header(&mut self, data: &[u8]) {
        if self.notes.is_empty() {
            self.notes = header::notes(data);
        }
    }

    /// Hashes of a section, unless they were told before or are zeros.
    fn hashes(&mut self, data: &[u8], checksum: usize, of: &[(&'static str, usize, usize)]) {
        if !is_sound(data, checksum) {
            return self.fault(
                ProblemKind::MalformedFile,
                "the declared hashes have a wrong checksum".to_owned(),
            );
        }
        for (algorithm, at, length) in of {
            let bytes = data.get(*at..).and_then(|rest| rest.get(..*length)).unwrap_or_default();
            let is_told = bytes.iter().any(|byte| *byte != 0);
            if is_told && !self.declared.iter().any(|(known, _)| known == algorithm) {
                self.declared.push((algorithm, crate::evidence::digest::hex(bytes)));
            }
        }
    }

    fn errors(&mut self, data: &[u8]) {
        if let Some(count @ 1..) = le32(data, 0) {
            self.notes.push(format!("the acquisition could not read sectors in {count} places"));
        }
    }

    /// Numbers the chunks: those of the first run from the front, those of the last from the end of the disk. Where runs
    /// between them belong cannot be told.
    fn place(&mut self, end: &End) {
        let chunks = self.geometry.map_or(0, |shape| shape.needed());
        let is_last = self.runs.len() > 1 && *end == End::Done;
        let last = if is_last { self.runs.pop().unwrap_or_default() } else { Vec::new() };
        let mut runs = std::mem::take(&mut self.runs).into_iter();
        let mut tables = number(runs.next().unwrap_or_default(), 0);
        let known: u64 = tables.iter().chain(&last).map(Table::len).sum();
        let before = chunks.checked_sub(last.iter().map(Table::len).sum());
        if let Some(before) = before.filter(|_| known <= chunks) {
            tables.extend(number(last, before));
        }
        let unplaced: u64 = runs.flatten().map(|table| table.len()).sum();
        if unplaced > 0 {
            let detail = format!(
                "{unplaced} chunks between missing segments or tables: their place is not known"
            );
            self.fault(ProblemKind::MalformedFile, detail);
        }
        self.runs = vec![tables];
    }

    /// The tables by their first chunk.
    pub(super) fn take_tables(&mut self) -> Vec<Table> {
        std::mem::take(&mut self.runs).into_iter().flatten().collect()
    }
}

fn number(tables: Vec<Table>, first: u64) -> Vec<Table> {
    let mut next = first;
    let numbered = tables.into_iter().map(|table| {
        let first = next;
        next = next.saturating_add(table.len());
        table.from(first)
    });
    numbered.collect()
}

/// Expert Witness Compression Format (libewf), "Volume section". SMART, whose section is shorter, counts sectors in 32 bits.
fn shape(data: &[u8]) -> Option<Geometry> {
    let chunks = u64::from(le32(data, 4)?);
    let sector = u64::from(le32(data, 12)?);
    let chunk_size = u64::from(le32(data, 8)?).checked_mul(sector)?;
    let sectors =
        if data.len() < LONG_VOLUME { u64::from(le32(data, 16)?) } else { le64(data, 16)? };
    let size = sectors.checked_mul(sector)?;
    let chunk_size =
        usize::try_from(chunk_size).ok().filter(|size| (1..=limits::EWF_CHUNK).contains(size))?;
    let chunks = chunks.max(size.div_ceil(chunk_size as u64));
    Some(Geometry { chunks, chunk_size, size })
}
