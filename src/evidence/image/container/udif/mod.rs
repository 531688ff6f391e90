//! A disk image of macOS (UDIF, `.dmg`) → its disk.
//!
//! Apple has published no specification. The layout is that of `hdiutil`'s output and of `/System/Library/…/DiskImages`' old
//! header `UDIF.h`: the last 512 bytes, the trailer (`koly`), say where a property list in XML stands, whose `resource-fork` has one
//! table (`mish`) for each partition under `blkx`. All numbers are big-endian, sectors have 512 bytes.

mod codec;
mod disk;
mod table;

use super::{Container, First, OpenedDisk, Parts, property_list};
use crate::evidence::image::Disk;
use crate::evidence::image::disk::{Positioned, read_vec};
use crate::evidence::image::fields::{be32, be64};
use crate::evidence::{Reopen, kind_of, limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use plist::Value;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Bytes of a sector.
const SECTOR: u64 = 512;
/// Bytes of the trailer, which it says itself.
const TRAILER: u32 = 512;
/// Its mark.
const MAGIC: &[u8] = b"koly";

/// Compressed or plain chunks, tables in a property list, a trailer.
pub(super) struct Udif;

/// What the trailer says.
struct Trailer {
    /// First byte of the chunks.
    data: u64,
    /// Where the property list stands, and its size in bytes.
    list: (u64, u64),
    /// Bytes of the resource fork that older images have in place of the list.
    resources: u64,
    /// Files that the image is divided into.
    segments: u32,
    /// Sectors of the disk.
    sectors: u64,
}

impl Trailer {
    fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) || be32(bytes, 8)? != TRAILER {
            return None;
        }
        Some(Self {
            data: be64(bytes, 24)?,
            resources: be64(bytes, 48)?,
            segments: be32(bytes, 60)?,
            list: (be64(bytes, 216)?, be64(bytes, 224)?),
            sectors: be64(bytes, 492)?,
        })
    }

    /// Why the image is not read though it is one.
    fn refused(&self) -> Option<Problem> {
        let unsupported = |detail: String| Some(problem(ProblemKind::Unsupported, detail));
        let (_, size) = self.list;
        if self.segments > 1 {
            return unsupported(format!(
                "a UDIF image in {} segments (.dmgpart): join them with hdiutil convert",
                self.segments
            ));
        }
        if size == 0 && self.resources > 0 {
            return unsupported("a UDIF image with its tables in a resource fork".to_owned());
        }
        if size == 0 {
            return Some(problem(ProblemKind::MalformedFile, "a UDIF image without its tables"));
        }
        let over = size > limits::UDIF_PLIST;
        over.then(|| problem(ProblemKind::Limit, format!("a UDIF property list of {size} bytes")))
    }
}

/// The last bytes of a file, if it has so many.
fn tail(bytes: &Arc<dyn Reopen>) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    if let Some(start) = bytes.size().checked_sub(u64::from(TRAILER)) {
        let mut reader = bytes.reopen()?;
        reader.seek(SeekFrom::Start(start))?;
        reader.take(u64::from(TRAILER)).read_to_end(&mut tail)?;
    }
    Ok(tail)
}

impl Container for Udif {
    fn id(&self) -> &'static str {
        "dmg"
    }

    fn detect(&self, file: &First<'_>) -> bool {
        tail(file.bytes).is_ok_and(|tail| Trailer::read(&tail).is_some())
    }

    fn open(&self, first: &First<'_>, _: &dyn Parts) -> Result<OpenedDisk, Problem> {
        let unread = |error: io::Error| problem(kind_of(&error), format!("UDIF image: {error}"));
        let malformed = || problem(ProblemKind::MalformedFile, "a UDIF image without its trailer");
        let trailer = Trailer::read(&tail(first.bytes).map_err(unread)?).ok_or_else(malformed)?;
        if let Some(refused) = trailer.refused() {
            return Err(refused);
        }
        let file = Positioned::new(Arc::clone(first.bytes));
        let (at, size) = trailer.list;
        if at.checked_add(size).is_none_or(|end| end > file.size()) {
            let detail = format!("the UDIF property list at {at} lies beyond the end of the file");
            return Err(problem(ProblemKind::Truncated, detail));
        }
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let list = read_vec(&file, at, length).map_err(unread)?;
        let tables = tables(&list)?;
        let chunks = table::chunks(&tables, trailer.data)?;
        let (size, mut problems) = size_of(&trailer, &chunks)?;
        problems.extend(chunks.problems);
        let mut opened = OpenedDisk::plain(Arc::new(disk::UdifDisk::new(
            file,
            size,
            chunks.sorted,
            chunks.gaps_are_lost,
        )));
        opened.problems = problems;
        opened.notes.push(format!("UDIF, tables: {}", tables.len()));
        Ok(opened)
    }
}

/// The tables in a property list; one that holds no data is empty.
fn tables(list: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let list = property_list::dictionary(list, "the UDIF property list")?;
    let resources = list.get("resource-fork").and_then(Value::as_dictionary);
    let tables = resources.and_then(|resources| resources.get("blkx")).and_then(Value::as_array);
    let data = |table: &Value| Some(table.as_dictionary()?.get("Data")?.as_data()?.to_vec());
    let tables: Vec<_> =
        tables.into_iter().flatten().map(data).map(Option::unwrap_or_default).collect();
    if tables.iter().all(Vec::is_empty) {
        let detail = "the UDIF property list has no table of blocks (blkx)";
        return Err(problem(ProblemKind::MalformedFile, detail));
    }
    Ok(tables)
}

/// Bytes of the disk: what the trailer says, or more if the tables go on.
fn size_of(trailer: &Trailer, chunks: &table::Chunks) -> Result<(u64, Vec<Problem>), Problem> {
    let end = chunks.sorted.iter().map(|chunk| chunk.start.saturating_add(chunk.length)).max();
    let end = end.unwrap_or_default();
    let told = trailer.sectors.saturating_mul(SECTOR);
    let size = told.max(end);
    if size > limits::DISK {
        let detail = format!("a UDIF image of a disk of {size} bytes; {} are read", limits::DISK);
        return Err(problem(ProblemKind::Limit, detail));
    }
    let differs = (end > told && told > 0).then(|| {
        let detail = format!("the trailer tells of {told} bytes of disk, the tables of {end}");
        problem(ProblemKind::MalformedFile, detail)
    });
    Ok((size, differs.into_iter().collect()))
}
