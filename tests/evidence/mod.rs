//! Tests of evidence.

/// Volumes of the Apple File System.
mod apfs;
/// Archives made in memory, well and ill formed.
pub(crate) mod build;
/// Every kind of container gives the same files.
mod containers;
/// Archives cut off and flipped.
mod damage;
/// Compressed files of APFS and HFS+.
mod decmpfs;
/// EWF images, split raw images, images that are refused.
mod ewf_images;
/// Images that are read once, held in memory.
mod ewf_spooled;
/// Folders, names of evidence, FIFOs.
mod folders;
/// HFS+ volumes.
mod hfs;
/// Disk images: volumes, walks, parts.
mod images;
/// What must not be read to its end.
mod limits;
/// What is in real images, for a comparison with other readers.
mod oracle;
/// GPT, APM, MBR.
mod partitions;
/// Seeds for fuzzing.
mod seeds;
/// Sparse images and bundles.
mod sparse;
/// Links, times, sparse files and strange names in tar.
mod tar;
/// Disk images of macOS.
mod udif;
/// Hashes that an image declares, against those of its disk.
mod verified;
/// Encryption, zip64, duplicates and missing directories in zip.
mod zip;

use crate::support::Scratch;
use portolan::pipeline::{Collected, Options, Progress, Source, run};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs the pipeline on one argument.
pub(crate) fn gather(path: &Path) -> Collected {
    gather_with(path, &Options::default())
}

/// Runs the pipeline on one argument, with options.
pub(crate) fn gather_with(path: &Path, options: &Options) -> Collected {
    run(&[path.to_owned()], options, &Progress::default()).unwrap()
}

/// Writes an archive and runs the pipeline on it.
pub(crate) fn opened(test: &str, name: &str, bytes: &[u8]) -> Collected {
    let scratch = Scratch::new(test);
    gather(&scratch.write(name, bytes))
}

/// Path → SHA-256 of everything that is no container.
pub(crate) fn contents(collected: &Collected) -> BTreeMap<String, String> {
    let files = collected.sources.iter().filter(|source| source.artifact != Some("archive"));
    files.map(|source| (source.path.clone(), source.sha256.clone().unwrap_or_default())).collect()
}

/// The row of a path.
pub(crate) fn row<'c>(collected: &'c Collected, path: &str) -> &'c Source {
    let paths: Vec<_> = collected.sources.iter().map(|source| &source.path).collect();
    let found = collected.sources.iter().find(|source| source.path == path);
    found.unwrap_or_else(|| panic!("no {path} among {paths:?}"))
}

/// Kinds and details of a row's problems.
pub(crate) fn problems(source: &Source) -> String {
    let texts: Vec<_> =
        source.problems.iter().map(|p| format!("{}: {}", p.kind.as_str(), p.detail)).collect();
    texts.join("; ")
}

/// SHA-256 of bytes.
pub(crate) fn sha(bytes: &[u8]) -> String {
    portolan::evidence::digest::sha256(bytes)
}
