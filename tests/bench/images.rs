//! What is measured of disk images: their walk beside libfsapfs's, and the memory that it takes.

use super::apfs_image::{self, File, Item, Tree, insert};
use super::figures::{mebibytes, python, thousands};
use super::inputs::{Numbers, create, job_xml};
use super::measure::{Bench, best_of, peak};
use super::table::Figure;
use std::path::{Path, PathBuf};

/// Where a larger image is taken from instead of the one that is made.
const GIVEN: &str = "PORTOLAN_IMAGE";

/// Files of the larger image below each of these folders, most of them where no artifact lies.
const CROWDS: &[(&str, u64)] = &[
    ("System/Library/Frameworks", 45_000),
    ("System/Library/PrivateFrameworks", 20_000),
    ("usr/share", 15_000),
    ("Users/anna/src", 20_000),
    ("Users/anna/Library/Caches", 5_000),
    ("Library/Developer", 5_000),
];

/// Launchd jobs of the larger image, by their folder.
const JOBS: &[(&str, u64)] = &[
    ("System/Library/LaunchDaemons", 300),
    ("System/Library/LaunchAgents", 150),
    ("Library/LaunchDaemons", 20),
    ("Users/anna/Library/LaunchAgents", 10),
];

/// What a walk with libfsapfs does: every entry of every volume, its name, size and time of change. Containers are looked for at
/// each block, so that partitions need no map; the number of entries is told.
const LIBFSAPFS: &str = "\
import os, sys, pyfsapfs
class Part:
    def __init__(self, path, start):
        self.file, self.start = open(path, 'rb'), start
        self.size = os.path.getsize(path) - start
        self.seek(0)
    def read(self, size=-1):
        return self.file.read(size)
    def seek(self, offset, whence=0):
        offset += {0: self.start, 1: 0, 2: 0}[whence]
        self.file.seek(offset, whence)
    def tell(self):
        return self.file.tell() - self.start
    def get_offset(self):
        return self.tell()
    def get_size(self):
        return self.size
def containers(path):
    with open(path, 'rb') as file:
        for start in range(0, min(os.path.getsize(path), 1 << 30), 4096):
            file.seek(start + 32)
            if file.read(4) == b'NXSB':
                return [start]
    return []
count = 0
for start in containers(sys.argv[1]):
    container = pyfsapfs.container()
    container.open_file_object(Part(sys.argv[1], start))
    for volume in container.volumes:
        todo = [volume.get_root_directory()]
        while todo:
            for entry in todo.pop().sub_file_entries:
                count += 1
                entry.name, entry.size, entry.get_modification_time_as_integer()
                if entry.file_mode & 0o170000 == 0o040000:
                    todo.append(entry)
assert count, 'no entry met'
print(count)";

/// Walks of two images beside libfsapfs, and the memory of an entry.
pub(crate) fn images(bench: &Bench) -> Vec<Figure> {
    let made = bench.input("mac.gpt.raw", unpacked);
    let given = std::env::var_os(GIVEN).map(PathBuf::from);
    let larger = given.clone().unwrap_or_else(|| bench.input("large.apfs", large));
    let name = if given.is_some() { GIVEN } else { "110,480 files" };
    let mut figures = walks(bench, "mac.gpt.raw", &made, 5);
    figures.extend(walks(bench, name, &larger, 3));
    figures.extend(memory(bench, &made, &larger));
    figures
}

/// A targeted walk (`list` tells what is claimed, `analyze` makes tables of it) and a full one, beside libfsapfs's full one, which
/// only lists.
fn walks(bench: &Bench, name: &str, image: &Path, runs: usize) -> Vec<Figure> {
    let shown = image.display().to_string();
    let list = vec![env!("CARGO_BIN_EXE_portolan").to_owned(), "list".to_owned(), shown.clone()];
    let full = bench.analyze(image, &["--full-walk"]);
    let mut commands = vec![list, bench.analyze(image, &[]), full];
    if let Some(python) = python(bench).filter(|python| bench.has_module(python, "pyfsapfs")) {
        commands.push(vec![python, "-c".to_owned(), LIBFSAPFS.to_owned(), shown]);
    }
    let costs = best_of(runs, &commands);
    let peer = ("libfsapfs", costs.get(3).map(|cost| cost.wall));
    let told =
        |how: &str, at: usize| Figure::compared(&format!("{name}: {how}"), costs[at].wall, peer);
    vec![
        told("list, wall", 0).within(1.0),
        told("analyze, wall", 1),
        told("analyze --full-walk, wall", 2),
    ]
}

/// What entries take in memory: the peak of a full walk, less that of an image with few of them.
fn memory(bench: &Bench, small: &Path, large: &Path) -> Option<Figure> {
    let peak_of = |image: &Path| {
        let peak = peak(&bench.analyze(image, &["--full-walk"]))?;
        let files = bench.told_of_run()?.get("rows")?.get("sources")?.as_u64()?;
        Some((peak, files))
    };
    let ((base, few), (peak, many)) = (peak_of(small)?, peak_of(large)?);
    let each = peak.saturating_sub(base) / many.saturating_sub(few).max(1);
    let what = "memory of 100,000 further files of a full walk";
    let told = format!("{:.0} MiB", mebibytes(each * 100_000));
    let peer = format!("{:.0} MiB at {} files", mebibytes(peak), thousands(many));
    Some(Figure { peer, ..Figure::told(what, told) })
}

/// The fixture without its compression.
fn unpacked(path: &Path) {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images/mac.gpt.raw.xz");
    let packed = std::fs::File::open(packed).expect("the fixture");
    let mut plain = lzma_rust2::XzReader::new(std::io::BufReader::new(packed), false);
    std::io::copy(&mut plain, &mut create(path)).expect("the image, unpacked");
}

/// A Mac as a tree: folders of some forty files each, a file in eight a link, and the jobs of launchd.
fn large(path: &Path) {
    let mut tree = Tree::new();
    let mut numbers = Numbers(5);
    for (crowd, files) in CROWDS {
        for index in 0..*files {
            let (outer, inner) = (index / 640, index / 40 % 16);
            let name = format!("{crowd}/Group{outer:03}.framework/Part{inner:02}/item-{index:06}");
            let item = match numbers.below(8) {
                0 => Item::Link(format!("../Part00/item-{:06}", index / 640 * 640)),
                _ => file(format!("{name}\n").into_bytes()),
            };
            insert(&mut tree, &name, item);
        }
    }
    for (folder, count) in JOBS {
        for index in 0..*count {
            let label = format!("com.example.group{}.service{index}", index % 37);
            let name = format!("{folder}/{label}.plist");
            insert(&mut tree, &name, file(job_xml(&label, index, &mut numbers)));
        }
    }
    apfs_image::write(path, &tree).expect("an image written");
}

fn file(content: Vec<u8>) -> Item {
    Item::File(File { content, ..File::default() })
}
