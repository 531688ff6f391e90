//! The disks and volumes that tests write → seeds of the fuzz targets (`make fuzz`).

use crate::evidence::{apfs, decmpfs, hfs, partitions, udif};
use crate::support::{Scratch, apfs_image};
use std::path::PathBuf;

/// Writes them to `PORTOLAN_SEEDS`, one folder a target; an ordinary run only shows that they can be written.
#[test]
fn the_seeds_of_the_fuzz_targets_are_written() {
    let scratch = Scratch::new("seeds");
    let told = std::env::var_os("PORTOLAN_SEEDS").map(PathBuf::from);
    let folder = told.as_deref().unwrap_or(scratch.path());
    let maps = partitions::maps().map(|bytes| ("partitions", bytes));
    let volumes = [
        ("hfs", hfs::rich().finish()),
        ("hfs", hfs::wrapped(&hfs::small(), b"H+")),
        ("udif", udif::rich()),
    ];
    let few = apfs::few();
    let apfs = [false, true].map(|is_sealed| ("apfs", apfs_image::image(&few, is_sealed)));
    let compressed = decmpfs::seeds().into_iter().map(|bytes| ("decmpfs", bytes));
    let all = maps.into_iter().chain(volumes).chain(apfs).chain(compressed);
    for (number, (target, bytes)) in all.enumerate() {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("made-{number}")), bytes).unwrap();
    }
}
