//! All entries → one stream of observations in evidence order.
//!
//! Every file met becomes a row of `sources`, whatever happens to it. Files are examined in parallel
//! and put into order at the end, so that the number of threads never shows.

mod aside;
mod beside;
mod crew;
pub mod examine;
pub mod given;
mod hashing;
mod held;
mod image;
pub mod stream;
mod volumes;
mod walk;

use crate::evidence::Modified;
use crate::evidence::digest::{Hashes, Wanted};
use crate::model::observation::{Observation, Problem};
use crate::model::provenance::SourceId;
use rayon::ThreadPool;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How files are read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Worker threads; 0 for as many as the machine has.
    pub jobs: usize,
    /// Passwords to try on encrypted members.
    pub passwords: Vec<String>,
    /// Hash unclaimed files of large folders too.
    pub hash_all: bool,
    /// Hashes to take of the evidence besides SHA-256.
    pub hashes: Wanted,
    /// Hash disk images, and check the hashes that they declare.
    pub hash_images: bool,
    /// Enter every directory of a disk image.
    pub full_walk: bool,
}

/// How far the reading has come, for a progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes: AtomicU64,
    /// Files met.
    pub files: AtomicU64,
    /// Bytes known to be there.
    pub total: AtomicU64,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Read to the end.
    Parsed,
    /// Read in part.
    Partial,
    /// No artifact.
    Unclaimed,
    /// Its bytes could not be had.
    Unreadable,
    /// Not read on purpose.
    Refused,
}

impl Status {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Partial => "partial",
            Self::Unclaimed => "unclaimed",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }
}

/// A file met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Index of the evidence it lies in.
    pub evidence: usize,
    /// Path inside it, containers joined by `!/`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256, if it was taken.
    pub sha256: Option<String>,
    /// Modification time.
    pub modified: Option<Modified>,
    /// Target, for a link.
    pub link: Option<String>,
    /// Id of the artifact (`archive` for a container).
    pub artifact: Option<&'static str>,
    /// What became of it.
    pub status: Status,
    /// Records read.
    pub records: u64,
    /// Problems, including those beyond the limit.
    pub problem_count: u64,
    /// The problems.
    pub problems: Vec<Problem>,
    /// For reading.
    pub note: String,
    /// How much of it was walked, for a volume of a disk image.
    pub volume: Option<VolumeWalk>,
    /// What a disk image declares of its disk.
    pub declared: Option<DeclaredHash>,
}

/// A hash that a disk image declares of the bytes of its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredHash {
    /// `sha1`, `md5`.
    pub algorithm: &'static str,
    /// In lower-case hexadecimal.
    pub value: String,
    /// Whether the disk has it, if that was checked.
    pub holds: Option<bool>,
}

/// How much of a volume was walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeWalk {
    /// Directories whose entries were met.
    pub walked: u64,
    /// Directories that were met and not entered.
    pub unwalked: u64,
}

impl Source {
    /// Whether a parser read it: neither a container nor refused.
    pub fn is_read(&self) -> bool {
        let known = self.artifact.is_some() && !self.is_container();
        known && matches!(self.status, Status::Parsed | Status::Partial)
    }

    /// Whether nothing of it could be read, or nothing of it is used.
    pub fn is_lost(&self) -> bool {
        matches!(self.status, Status::Unreadable | Status::Refused)
    }

    /// Whether it is no file of a Mac but something that holds some: an archive, an image, a volume.
    pub fn is_container(&self) -> bool {
        self.artifact.is_some_and(|artifact| CONTAINERS.contains(&artifact))
    }
}

/// Whether a file lies on a volume of a disk image, or on one that is shown in it.
pub fn is_on(file: &Source, volume: &Source) -> bool {
    let is_inside = |rest: &str| rest.starts_with("!/") || rest.starts_with('/');
    volume.volume.is_some()
        && file.evidence == volume.evidence
        && file.path.strip_prefix(&volume.path).is_some_and(is_inside)
}

/// The ids in `sources` of what holds other files.
pub const CONTAINERS: &[&str] = &[walk::CONTAINER, image::IMAGE, volumes::VOLUME];

/// Why evidence is unusable of which no file could be read or used.
pub const NOTHING_READ: &str = "nothing in it can be read";

/// An EVIDENCE argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its base name, unique in the run.
    pub label: String,
    /// As given.
    pub given: String,
    /// `folder`, `zip`, `tar`, `file`, …
    pub kind: &'static str,
    /// Size in bytes (of a folder: of all its files).
    pub size: u64,
    /// Hashes, for a file.
    pub hashes: Option<Hashes>,
    /// Why nothing of it could be read.
    pub unusable: Option<String>,
    /// Problems with the argument as a whole, which no file of it has.
    pub problems: Vec<Problem>,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The arguments, ordered by label.
    pub evidence: Vec<Evidence>,
    /// Every file, ordered by evidence and path.
    pub sources: Vec<Source>,
    /// Those of them that are volumes of disk images.
    pub volumes: Vec<SourceId>,
    /// What they say, in the order of the sources and of the rows in them.
    pub observations: Vec<Observation>,
}

impl Collected {
    /// The volumes of disk images.
    pub fn volumes(&self) -> impl DoubleEndedIterator<Item = (SourceId, &Source)> {
        self.volumes.iter().filter_map(|id| Some((*id, self.sources.get(id.0 as usize)?)))
    }
}

/// One file's result on its way to its place in the order.
struct Outcome {
    source: Source,
    observations: Vec<Observation>,
}

/// What the parts of a walk share.
struct Context<'a> {
    options: &'a Options,
    progress: &'a Progress,
    evidence: usize,
    outcomes: &'a Mutex<Vec<Outcome>>,
    pool: &'a ThreadPool,
}

impl Context<'_> {
    fn add(&self, outcome: Outcome) {
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcomes.push(outcome);
    }
}

/// Reads all evidence. Fails only if no threads can be had.
pub fn run(
    given: &[PathBuf],
    options: &Options,
    progress: &Progress,
) -> Result<Collected, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        // Parsers recurse into property lists and containers up to a named limit.
        .stack_size(8 << 20)
        .build()?;
    let mut labels = Vec::new();
    let mut collected = Collected::default();
    let outcomes = Mutex::new(Vec::new());
    // In the order of their paths, then of their names: the order in which they are typed changes nothing.
    let mut given: Vec<&PathBuf> = given.iter().collect();
    given.sort();
    let mut arguments: Vec<(String, &PathBuf)> =
        given.into_iter().map(|path| (unique_label(path, &mut labels), path)).collect();
    arguments.sort();
    for (index, (label, path)) in arguments.into_iter().enumerate() {
        let context =
            Context { options, progress, evidence: index, outcomes: &outcomes, pool: &pool };
        let evidence = pool.install(|| given::open(path, label, &context));
        collected.evidence.push(evidence);
    }
    let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    arrange(outcomes, &mut collected);
    Ok(collected)
}

/// The base name of an argument, made unique with `#2`, `#3`, …
fn unique_label(path: &Path, labels: &mut Vec<String>) -> String {
    // `.` and `..` have no name of their own.
    let named = path.file_name().is_some().then(|| path.to_owned());
    let base = named.or_else(|| path.canonicalize().ok()).unwrap_or_else(|| path.to_owned());
    let base = base.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy());
    let mut label = base.to_string();
    let mut count = 1_u32;
    while labels.contains(&label) {
        count = count.saturating_add(1);
        label = format!("{base}#{count}");
    }
    labels.push(label.clone());
    label
}

/// Puts the outcomes into evidence order and numbers the sources.
fn arrange(mut outcomes: Vec<Outcome>, collected: &mut Collected) {
    // Two rows may have one path (an archive and an entry of its name): the rest of the key keeps
    // their order apart from that of the threads.
    outcomes.sort_by(|a, b| key(&a.source).cmp(&key(&b.source)));
    for outcome in outcomes {
        let id = SourceId(u32::try_from(collected.sources.len()).unwrap_or(u32::MAX));
        if outcome.source.artifact == Some(volumes::VOLUME) {
            collected.volumes.push(id);
        }
        collected.sources.push(outcome.source);
        let observations = outcome.observations.into_iter();
        collected.observations.extend(observations.map(|mut observation| {
            observation.place.source = id;
            observation
        }));
    }
}

fn key(source: &Source) -> impl Ord + '_ {
    let Source { evidence, path, artifact, status, size, sha256, note, .. } = source;
    (evidence, path, artifact, status, size, sha256, note)
}
