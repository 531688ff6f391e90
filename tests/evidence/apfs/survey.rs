//! `PORTOLAN_IMAGES=DIR cargo test --test it survey -- --ignored`: the files of every image there, as JSON beside them.

use super::{ChildKind, Found, Tree, disk, sha, unpacked};
use portolan::evidence::image::{Extent, Format, apfs};
use serde_json::{Value, json};
use std::sync::Arc;

fn shown(found: &Found) -> Value {
    let Found { kind, node, metadata, sha256, target, attributes, problems } = found;
    let time = |time: Option<portolan::model::Timestamp>| {
        time.map(|time| i64::try_from(time.as_nanosecond()).unwrap())
    };
    let attributes: serde_json::Map<String, Value> = attributes
        .iter()
        .map(|one| (one.name.clone(), json!({"size": one.value.len(), "sha256": sha(&one.value)})))
        .collect();
    json!({
        "kind": format!("{:?}", kind.unwrap_or(ChildKind::Special)), "node": node,
        "size": metadata.size, "links": metadata.links, "uid": metadata.uid,
        "gid": metadata.gid, "mode": metadata.mode, "mtime": time(metadata.modified),
        "ctime": time(metadata.changed), "crtime": time(metadata.created),
        "sha256": sha256, "target": target, "xattrs": attributes, "problems": problems,
    })
}

fn tree(tree: &Tree) -> Value {
    let files: serde_json::Map<String, Value> =
        tree.files.iter().map(|(path, found)| (path.clone(), shown(found))).collect();
    let problems: Vec<_> = tree.problems.iter().map(|problem| &problem.detail).collect();
    json!({"files": files, "problems": problems})
}

#[test]
#[ignore = "looks at images outside the repository"]
fn survey() {
    let folder = std::env::var("PORTOLAN_IMAGES").unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let bytes = if bytes.starts_with(b"\xfd7zXZ") { unpacked(&bytes) } else { bytes };
        // A container in a partition: the first superblock that stands at a sector.
        let magic = |start: &usize| bytes.get(start + 32..start + 36) == Some(b"NXSB");
        let Some(start) = (0..bytes.len()).step_by(512).find(magic) else { continue };
        let whole = disk(bytes);
        let size = whole.size() - start as u64;
        let part: Arc<dyn portolan::evidence::image::Disk> =
            Arc::new(Extent::new(whole, start as u64, size));
        let began = std::time::Instant::now();
        let volumes = match apfs::Apfs.open(Arc::clone(&part)) {
            Ok(volumes) => volumes,
            Err(problem) => {
                println!("{}: {problem:?}", path.display());
                continue;
            }
        };
        let mut all = Vec::new();
        for (at, volume) in volumes.iter().enumerate() {
            let mut shown = match &volume.files {
                Ok(files) => tree(&Tree::of(&**files)),
                Err(problem) => json!({"problem": format!("{problem:?}")}),
            };
            shown["label"] = json!(volume.label);
            shown["notes"] = json!([format!("{} {:?}", volume.role, volume.group), volume.notes]);
            for (name, files) in apfs::snapshots(&part, at).unwrap() {
                shown["snapshots"][name] = tree(&Tree::of(&*files.unwrap()));
            }
            all.push(shown);
        }
        println!("{}: {:?}", path.display(), began.elapsed());
        std::fs::write(path.with_extension("found.json"), json!(all).to_string()).unwrap();
    }
}
