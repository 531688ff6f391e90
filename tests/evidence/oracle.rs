//! An image that is not part of this repository → a table of its files, to be compared with what other readers and macOS say.

use crate::support::disks::disk;
use portolan::evidence::digest::sha256;
use portolan::evidence::image::partition::{self, Partition};
use portolan::evidence::image::{ChildKind, FORMATS, FileSystem, NodeId, disk::read_vec};
use portolan::evidence::memory::read_all;
use portolan::model::Timestamp;
use std::fmt::Write;

/// Tells of `PORTOLAN_IMAGE`, a raw image, in `PORTOLAN_TABLE`: what `docs/validation.md` was checked with.
#[test]
#[ignore = "needs an image that is not part of the repository"]
fn the_files_of_an_image_are_told_in_a_table() {
    let image = std::env::var("PORTOLAN_IMAGE").unwrap();
    let mut out = String::new();
    let (parts, problems) = partition::list(&disk(&std::fs::read(image).unwrap()));
    for found in problems {
        writeln!(out, "problem\t{}", found.detail).unwrap();
    }
    for part in parts {
        writeln!(out, "partition\t{}\t{}\t{}", part.name, part.kind, part.disk.size()).unwrap();
        tell(&part, &mut out);
    }
    std::fs::write(std::env::var("PORTOLAN_TABLE").unwrap(), out).unwrap();
}

fn tell(part: &Partition, out: &mut String) {
    let length = part.disk.size().min(4096);
    let head = read_vec(&*part.disk, 0, usize::try_from(length).unwrap()).unwrap();
    for format in FORMATS.iter().filter(|format| format.detect(&head)) {
        match format.open(part.disk.clone()) {
            Err(found) => writeln!(out, "problem\t{}", found.detail).unwrap(),
            Ok(volumes) => {
                for volume in volumes {
                    writeln!(out, "volume\t{}\t{}", volume.label, volume.notes.join("; ")).unwrap();
                    match volume.files {
                        Ok(files) => walk(&*files, files.root(), "", out),
                        Err(found) => writeln!(out, "problem\t{}", found.detail).unwrap(),
                    }
                }
            }
        }
    }
}

fn walk(files: &dyn FileSystem, folder: NodeId, path: &str, out: &mut String) {
    let (children, problems) = files.children(folder);
    for found in problems {
        writeln!(out, "problem\t{path}\t{}", found.detail).unwrap();
    }
    for child in children {
        let path = format!("{path}/{}", child.name);
        let told = files.metadata(child.node).unwrap();
        let content = match child.kind {
            ChildKind::File => content(files, child.node),
            ChildKind::Link => files.link_target(child.node).unwrap(),
            ChildKind::Directory | ChildKind::Special => String::new(),
        };
        let attributes: Vec<String> = files.attributes(child.node).map_or_else(
            |error| vec![error.to_string()],
            |all| all.iter().map(|one| format!("{}={}", one.name, sha256(&one.value))).collect(),
        );
        let times = [told.modified, told.changed, told.created]
            .map(|time| time.map_or(0, Timestamp::as_second).to_string());
        writeln!(
            out,
            "{:?}\t{path}\t{}\t{content}\t{:o}\t{}\t{}\t{}\t{}",
            child.kind,
            told.size,
            told.mode,
            told.links,
            told.uid,
            times.join(","),
            attributes.join(",")
        )
        .unwrap();
        if child.kind == ChildKind::Directory {
            walk(files, child.node, &path, out);
        }
    }
}

fn content(files: &dyn FileSystem, node: NodeId) -> String {
    let read = files.open(node).and_then(|mut reader| read_all(&mut reader, 1 << 30));
    read.map_or_else(|error| format!("error: {error}"), |bytes| sha256(&bytes))
}
