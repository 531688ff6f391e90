//! UDIF images → the bytes of their disk.

use portolan::evidence::Reopen;
use portolan::evidence::image::container::{CONTAINERS, First, NoParts, OpenedDisk};
use portolan::evidence::image::{Disk, DiskReader};
use portolan::evidence::memory::InMemory;
use portolan::model::observation::Problem;
use std::sync::Arc;

/// Opens an image in memory.
fn open(path: &str, bytes: &[u8]) -> Option<(&'static str, Result<OpenedDisk, Problem>)> {
    let head = &bytes[..bytes.len().min(4096)];
    let bytes: Arc<dyn Reopen> = Arc::new(InMemory(bytes.into()));
    let first = First { path, head, bytes: &bytes };
    let format = CONTAINERS.iter().find(|format| format.detect(&first))?;
    Some((format.id(), format.open(&first, &NoParts)))
}

#[test]
#[ignore]
fn dump_all() {
    for folder in ["/work/shared/evidence/images", "/work/shared/evidence/images/made"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "dmg") {
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let (id, opened) = open(&name, &std::fs::read(&path).unwrap()).unwrap();
            let opened = match opened {
                Ok(o) => o,
                Err(e) => {
                    println!("{name} {id} {}", e.detail);
                    continue;
                }
            };
            let mut out = std::fs::File::create(format!("/tmp/udif/out/{name}.raw")).unwrap();
            let copied = std::io::copy(&mut DiskReader::new(Arc::clone(&opened.disk)), &mut out);
            println!(
                "{name} {id} {} {copied:?} {:?} {:?}",
                opened.disk.size(),
                opened.problems,
                opened.notes
            );
        }
    }
}
