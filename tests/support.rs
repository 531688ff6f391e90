//! What every test uses: fixtures, scratch folders, a parser run on bytes, a whole run on paths.

/// APFS containers.
pub(crate) mod apfs_image;
/// Disks with partition maps.
pub(crate) mod disks;
/// EWF images.
pub(crate) mod ewf;
/// HFS+ volumes.
pub(crate) mod hfs;
/// UDIF disk images.
pub(crate) mod udif;

use portolan::artifacts::{
    Alone, Candidate, Claim, Crew, Emitter, Input, NotLookedFor, claimed_by, find,
};
use portolan::evidence::{Entry, limits};
use portolan::pipeline::{self, Collected, Progress};
use portolan::report::Analysis;
use portolan::report::table::Cell;
use portolan::rules::Expectations;
use portolan::{hosts, report};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Path of something in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Path of a fixture.
pub(crate) fn fixture(path: &str) -> PathBuf {
    repository("fixtures").join(path)
}

/// Every file below a folder, as a path inside it, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in
            std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap();
                files.push(inside.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Every fixture of an artifact, as the artifact's id and the file's name.
pub(crate) fn fixtures() -> Vec<(String, String)> {
    let files = files_below(&fixture(""));
    let others = ["hosts/", "images/"];
    let is_other = |path: &String| others.iter().any(|folder| path.starts_with(folder));
    let of_artifacts = files.iter().filter(|path| !is_other(path));
    of_artifacts
        .filter_map(|path| path.split_once('/'))
        .map(|(artifact, name)| (artifact.to_owned(), name.to_owned()))
        .collect()
}

/// Every fixture of disk images, by its name.
pub(crate) fn image_fixtures() -> Vec<String> {
    files_below(&fixture("images"))
}

/// The names of the stories: Macs from end to end.
pub(crate) fn stories() -> Vec<String> {
    let folders = std::fs::read_dir(fixture("hosts")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The two stories of one Mac that hold most kinds of evidence, for tests that take long.
pub(crate) const RICH_STORIES: [&str; 2] = ["planted-case", "quiet-mac"];

/// A path that does not exist yet, for one test.
pub(crate) fn fresh_path(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = base.join(format!("{name}-{}-{count}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// A folder that exists, for one test.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    let path = fresh_path(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Copies a folder's files into another, in the order of their names.
pub(crate) fn copied(from: &Path, into: &Path) {
    for path in files_below(from) {
        copy_file(&from.join(&path), &into.join(&path));
    }
}

/// Copies a file with its modification time, making the folders above it.
pub(crate) fn copy_file(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
    let modified = from.metadata().unwrap().modified().unwrap();
    std::fs::File::options().write(true).open(to).unwrap().set_modified(modified).unwrap();
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }
}

/// A folder of a test's own, removed when the test ends.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A fresh folder; `name` is the test's.
    pub(crate) fn new(name: &str) -> Self {
        Self(fresh_folder(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Bytes of a fixture.
pub(crate) fn fixture_bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs the artifact `id` on bytes that lie at `path`.
pub(crate) fn parse(id: &str, path: &str, bytes: &[u8]) -> Emitter {
    parse_with(&Alone, id, path, bytes)
}

/// The same with a crew.
pub(crate) fn parse_with(crew: &dyn Crew, id: &str, path: &str, bytes: &[u8]) -> Emitter {
    let artifact = find(id).unwrap_or_else(|| panic!("no artifact {id}"));
    let entry = Entry::file(path, bytes.len() as u64, 0);
    let mut out = Emitter::default();
    let mut reader = bytes;
    let result = artifact.parse(
        &mut Input { entry: &entry, reader: &mut reader, crew, siblings: &NotLookedFor },
        &mut out,
    );
    if let Err(error) = result {
        out.note(format!("ended with: {error}"));
    }
    out
}

/// Everything that a parser emitted, a line each: for snapshots.
pub(crate) fn rendered(out: &Emitter) -> String {
    let mut text = String::new();
    for observation in &out.observations {
        let locator = observation.place.locator;
        writeln!(text, "{locator} {:?} {:?}", observation.when, observation.fact).unwrap();
    }
    for problem in &out.problems {
        writeln!(text, "problem{} {:?}: {}", problem.locator, problem.kind, problem.detail)
            .unwrap();
    }
    for (what, count) in &out.skipped {
        writeln!(text, "skipped {count}: {what}").unwrap();
    }
    for note in &out.notes {
        writeln!(text, "note: {note}").unwrap();
    }
    text
}

/// The id of the artifact that claims a file, or the reason why it is refused.
pub(crate) fn claim(path: &str, bytes: &[u8]) -> Option<String> {
    let entry = Entry::file(path, bytes.len() as u64, 0);
    let lower = format!("/{}", path.to_lowercase());
    let head = &bytes[..bytes.len().min(limits::HEAD)];
    let text =
        if head.contains(&0) { String::new() } else { String::from_utf8_lossy(head).into_owned() };
    let name = lower.rsplit('/').next().unwrap();
    let candidate = Candidate { entry: &entry, path: &lower, name, head, text: &text };
    match claimed_by(&candidate) {
        (Claim::Refuse(why), _) => Some(format!("refused: {why}")),
        (_, artifact) => artifact.map(|artifact| artifact.id().to_owned()),
    }
}

/// Runs `check` on the bytes damaged in many ways at about `places` places, always the same: cut there,
/// a byte changed, a stretch doubled, NULs put in; and a line dropped, doubled or swapped with the next.
pub(crate) fn damaged(bytes: &[u8], places: usize, mut check: impl FnMut(&[u8])) {
    let step = (bytes.len() / places.max(1)).max(1);
    for at in (0..bytes.len()).step_by(step) {
        let (before, after) = bytes.split_at(at);
        check(before);
        for byte in [0, b' ', b'\n', b'}', b'[', b'9', 0xff, bytes[at] ^ 0x10] {
            check(&[before, &[byte], &after[1..]].concat());
        }
        check(&[before, &[0; 7], after].concat());
        check(&[before, &bytes[at / 2..]].concat());
    }
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let step = (lines.len() / places.max(1)).max(1);
    for at in (0..lines.len()).step_by(step) {
        let (before, after) = (lines[..at].concat(), lines[at + 1..].concat());
        let next = lines.get(at + 1).copied().unwrap_or_default();
        let behind = after.get(next.len()..).unwrap_or_default();
        check(&[&before[..], &after].concat());
        check(&[&before[..], lines[at], lines[at], &after].concat());
        check(&[&before[..], next, lines[at], behind].concat());
    }
}

/// Reads all evidence at these paths.
pub(crate) fn collected(paths: &[PathBuf]) -> Collected {
    collected_with(paths, 0)
}

/// The same with so many threads.
pub(crate) fn collected_with(paths: &[PathBuf], jobs: usize) -> Collected {
    let options = pipeline::Options { jobs, ..pipeline::Options::default() };
    pipeline::run(paths, &options, &Progress::default()).unwrap()
}

static EXPECTATIONS: LazyLock<Expectations> = LazyLock::new(|| Expectations::load().unwrap());

/// The tables that are built in.
pub(crate) fn expectations() -> &'static Expectations {
    &EXPECTATIONS
}

/// The river from what was read to its end.
pub(crate) fn analysis_of(collected: Collected) -> Analysis {
    Analysis::of(collected, &hosts::Options::default(), expectations())
}

/// A row as column → text.
pub(crate) type Row = BTreeMap<&'static str, String>;

/// All tables by name, their rows in order.
pub(crate) fn tables_of(
    analysis: &Analysis,
    options: &report::Options,
) -> BTreeMap<&'static str, Vec<Row>> {
    let view = report::View::new(analysis, options);
    let row = |columns: &'static [report::table::Column], cells: Vec<Cell<'_>>| -> Row {
        assert_eq!(cells.len(), columns.len());
        columns.iter().map(|column| column.name).zip(cells.into_iter().map(shown)).collect()
    };
    report::tables(&view)
        .map(|table| {
            let schema = table.schema();
            (schema.table, table.rows().map(|cells| row(schema.columns, cells)).collect())
        })
        .collect()
}

fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.into_owned(),
        Cell::Integer(number) => number.to_string(),
    }
}
