//! HFS+ volumes: folders, files, links, attributes, and what is odd or damaged in them.

mod damage;

use crate::evidence::build::noise;
use crate::support::disks::{disk, put};
use crate::support::hfs::{BLOCK, Image, Kind, PLAIN, ROOT, WRITTEN};
use portolan::evidence::image::hfs::Hfs;
use portolan::evidence::image::{Child, ChildKind, FileSystem, Format, FoundVolume, NodeId};
use portolan::model::observation::{Problem, ProblemKind};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

/// The volume in these bytes.
fn volume(bytes: &[u8]) -> FoundVolume {
    let head = &bytes[..bytes.len().min(4096)];
    assert!(Hfs.detect(head));
    let mut volumes = Hfs.open(disk(bytes)).unwrap();
    assert_eq!(volumes.len(), 1);
    volumes.remove(0)
}

/// Its files.
fn mounted(bytes: &[u8]) -> Arc<dyn FileSystem> {
    volume(bytes).files.unwrap()
}

/// All that a path leads to.
struct Found {
    child: Child,
    /// The content, the target of a link, or why there is none.
    content: Result<Vec<u8>, String>,
}

/// Everything on a volume, by path; a folder that is reached through itself is not entered again.
fn walked(files: &dyn FileSystem) -> (BTreeMap<String, Found>, Vec<Problem>) {
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    let mut next = vec![(files.root(), String::new(), vec![files.root()])];
    while let Some((folder, path, above)) = next.pop() {
        let (children, wrong) = files.children(folder);
        problems.extend(wrong);
        for child in children {
            let path = format!("{path}/{}", child.name);
            assert!(found.len() < 10_000, "a walk that does not end");
            let is_new = !above.contains(&child.node) && above.len() < 4;
            if child.kind == ChildKind::Directory && is_new {
                next.push((child.node, path.clone(), [&above[..], &[child.node]].concat()));
            }
            let content = match child.kind {
                ChildKind::File => read(files, child.node),
                ChildKind::Link => {
                    files.link_target(child.node).map(String::into_bytes).map_err(|e| e.to_string())
                }
                ChildKind::Directory | ChildKind::Special => Ok(Vec::new()),
            };
            found.insert(path, Found { child, content });
        }
    }
    (found, problems)
}

fn read(files: &dyn FileSystem, node: NodeId) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let reader = files.open(node).and_then(|reader| reader.take(1 << 24).read_to_end(&mut content));
    reader.map(|_| content).map_err(|error| error.to_string())
}

/// The node of a path.
fn node(bytes: &[u8], path: &str) -> (Arc<dyn FileSystem>, NodeId) {
    let files = mounted(bytes);
    let node = walked(&*files).0[path].child.node;
    (files, node)
}

/// A volume with one file.
pub(super) fn small() -> Vec<u8> {
    let mut image = Image::new("x");
    image.file(ROOT, "file", b"content");
    image.finish()
}

/// A volume with something of everything.
pub(super) fn rich() -> Image {
    let mut image = Image::new("Macintosh HD");
    let library = image.folder(ROOT, "Library");
    for number in 0..60 {
        let name = format!("com.example.job-{number:02}.plist");
        let id = image.file(library, &name, name.repeat(number).as_bytes());
        if number % 7 == 0 {
            image.attribute(id, "com.apple.quarantine", b"0081;5e0be100;Safari;");
        }
    }
    image.scattered(ROOT, "in pieces", &noise(BLOCK * 40 + 17));
    image.symlink(ROOT, "etc", "private/etc");
    let linked = image.linked_file(b"one file, two names", 2);
    image.hard_link(ROOT, "first name", linked);
    image.hard_link(library, "second name", linked);
    let folder = image.linked_folder();
    image.file(folder, "within", b"in a linked folder");
    image.folder_link(ROOT, "backup 1", folder);
    image.folder_link(library, "backup 2", folder);
    let attributed = image.file(ROOT, "attributed", b"");
    image.large_attribute(attributed, "com.example.large", &noise(BLOCK * 20 + 3));
    image.attribute(attributed, "com.example.small", b"small");
    let kind = Kind { flags: 0x20, ..PLAIN };
    let compressed = image.special(ROOT, "compressed", kind, [b"", b""]);
    image.attribute(compressed, "com.apple.decmpfs", &decmpfs(b"plain after all"));
    image
}

/// The attribute of a file that is kept in it as it is: type 1 of `decmpfs.h`.
fn decmpfs(content: &[u8]) -> Vec<u8> {
    let mut value = b"fpmc\x01\0\0\0".to_vec();
    value.extend((content.len() as u64).to_le_bytes());
    value.extend(content);
    value
}

#[test]
fn every_file_has_its_content_whatever_way_it_lies() {
    let bytes = rich().finish();
    let (found, problems) = walked(&*mounted(&bytes));
    assert_eq!(problems, []);
    let content = |path: &str| found[path].content.clone().unwrap();
    for number in 0..60 {
        let name = format!("com.example.job-{number:02}.plist");
        assert_eq!(content(&format!("/Library/{name}")), name.repeat(number).as_bytes());
    }
    assert_eq!(content("/in pieces"), noise(BLOCK * 40 + 17));
    assert_eq!(content("/etc"), b"private/etc");
    assert_eq!(content("/compressed"), b"plain after all");
}

#[test]
fn hard_links_lead_to_one_file_with_its_content_and_count() {
    let bytes = rich().finish();
    let files = mounted(&bytes);
    let (found, _) = walked(&*files);
    let (one, other) = (&found["/first name"], &found["/Library/second name"]);
    assert_eq!(one.child.node, other.child.node);
    assert_eq!(one.content.as_deref(), Ok(&b"one file, two names"[..]));
    let told = files.metadata(one.child.node).unwrap();
    assert_eq!((told.links, told.size), (2, 19));
    assert_eq!(files.metadata(found["/attributed"].child.node).unwrap().links, 1);
}

#[test]
fn hard_links_of_folders_lead_into_one_folder() {
    let (found, _) = walked(&*mounted(&rich().finish()));
    let (one, other) = (&found["/backup 1"].child, &found["/Library/backup 2"].child);
    assert_eq!((one.kind, one.node), (ChildKind::Directory, other.node));
    for path in ["/backup 1/within", "/Library/backup 2/within"] {
        assert_eq!(found[path].content.as_deref(), Ok(&b"in a linked folder"[..]), "{path}");
    }
}

#[test]
fn what_is_linked_is_shown_where_its_links_are_and_what_else_lies_there_is_shown_there() {
    let mut image = rich();
    let folders = [image.private(0), image.private(1)];
    image.file(folders[0], "temp77", b"deleted while it was open");
    image.file(folders[1], "dir_99", b"no folder");
    let (found, _) = walked(&*mounted(&image.finish()));
    let private: Vec<_> = found.keys().filter(|path| path.contains("Private")).collect();
    let wanted = [
        "/.HFS+ Private Directory Data\r",
        "/.HFS+ Private Directory Data\r/dir_99",
        "/\u{2400}\u{2400}\u{2400}\u{2400}HFS+ Private Data",
        "/\u{2400}\u{2400}\u{2400}\u{2400}HFS+ Private Data/temp77",
    ];
    assert_eq!(private, wanted);
}

#[test]
fn a_file_with_the_name_of_the_folder_of_linked_files_hides_nothing() {
    let mut image = Image::new("x");
    image.file(ROOT, "\0\0\0\0HFS+ Private Data", b"content");
    image.file(ROOT, "iNode5", b"content");
    let (found, _) = walked(&*mounted(&image.finish()));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_hard_link_that_leads_nowhere_is_an_error_and_never_an_empty_file() {
    let mut image = Image::new("x");
    image.linked_file(b"another", 1);
    image.hard_link(ROOT, "broken", 4711);
    let (found, problems) = walked(&*mounted(&image.finish()));
    assert_eq!(problems, []);
    let error = found["/broken"].content.as_ref().unwrap_err();
    assert_eq!(error, "what the hard link leads to, iNode4711, is missing");
    // Nor with a number that was wiped.
    let mut image = Image::new("x");
    image.hard_link(ROOT, "broken", 0);
    let (found, _) = walked(&*mounted(&image.finish()));
    found["/broken"].content.as_ref().unwrap_err();
    // Nor where the volume has no folder of linked files at all.
    let mut image = Image::new("x");
    image.hard_link(ROOT, "broken", 4711);
    let (found, _) = walked(&*mounted(&image.finish()));
    found["/broken"].content.as_ref().unwrap_err();
}

#[test]
fn an_alias_of_a_folder_is_a_file() {
    let mut image = Image::new("x");
    let kind = Kind { finder: *b"fdrpMACS", special: 77, ..PLAIN };
    image.special(ROOT, "alias", kind, [b"content", b"where it leads"]);
    let (found, _) = walked(&*mounted(&image.finish()));
    assert_eq!(found["/alias"].content.as_deref(), Ok(&b"content"[..]));
}

#[test]
fn attributes_are_read_from_records_and_from_forks_of_any_number_of_extents() {
    let (files, node) = node(&rich().finish(), "/attributed");
    let all = files.attributes(node).unwrap();
    let shown: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.value.clone())).collect();
    let large = noise(BLOCK * 20 + 3);
    assert_eq!(shown, [("com.example.large", large), ("com.example.small", b"small".to_vec())]);
}

#[test]
fn resources_are_an_attribute_and_compression_is_none() {
    let mut image = Image::new("x");
    image.special(ROOT, "old", PLAIN, [b"data", b"resources"]);
    let (files, old) = node(&image.finish(), "/old");
    let all = files.attributes(old).unwrap();
    assert_eq!(
        (all[0].name.as_str(), &all[0].value[..]),
        ("com.apple.ResourceFork", &b"resources"[..])
    );
    let (files, compressed) = node(&rich().finish(), "/compressed");
    assert_eq!(files.attributes(compressed).unwrap(), []);
    assert_eq!(files.metadata(compressed).unwrap().size, 15);
}

#[test]
fn owner_mode_and_times_are_told() {
    let (files, node) = node(&rich().finish(), "/attributed");
    let told = files.metadata(node).unwrap();
    assert_eq!((told.uid, told.gid, told.mode), (501, 20, 0o100_644));
    let times = [told.created, told.modified, told.changed].map(|time| time.unwrap().as_second());
    let written = i64::from(WRITTEN) - 2_082_844_800;
    assert_eq!(written, 1_577_836_800, "the first of 2020");
    assert_eq!(times, [12, 16, 20].map(|after| written + after));
}

#[test]
fn a_time_of_zero_is_none() {
    let mut bytes = Image::new("x").finish();
    let written = (WRITTEN + 16).to_be_bytes();
    let places: Vec<usize> =
        (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(&written)).collect();
    for at in places {
        put(&mut bytes, at, &[0; 4]);
    }
    let files = mounted(&bytes);
    let told = files.metadata(files.root()).unwrap();
    assert_eq!(told.modified, None);
    assert!(told.created.is_some());
}

#[test]
fn names_are_shown_as_macos_shows_them_in_paths() {
    let mut image = Image::new("x");
    image.file(ROOT, "a/b", b"");
    // As stored: decomposed, in two units, no Unicode.
    image.file(ROOT, "u\u{308}", b"");
    image.file(ROOT, "😀", b"");
    image.named(ROOT, &[0x78, 0xd800, 0x79], b"");
    image.named(ROOT, &[0x30, 0, 0x31], b"");
    let (children, problems) = {
        let files = mounted(&image.finish());
        files.children(files.root())
    };
    assert_eq!(problems, []);
    let names: Vec<_> =
        children.iter().map(|child| (child.name.as_str(), child.is_lossy)).collect();
    let wanted = [
        ("0\u{2400}1", false),
        ("a:b", false),
        ("u\u{308}", false),
        ("x\u{fffd}y", true),
        ("😀", false),
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
}

#[test]
fn names_that_differ_in_case_are_two_files_on_hfsx() {
    let mut image = Image::hfsx("x");
    image.file(ROOT, "Name", b"upper");
    image.file(ROOT, "name", b"lower");
    let linked = image.linked_file(b"linked", 1);
    image.hard_link(ROOT, "link", linked);
    let bytes = image.finish();
    assert!(volume(&bytes).notes[0].starts_with("HFSX"));
    let (found, _) = walked(&*mounted(&bytes));
    let content = |path: &str| found[path].content.clone().unwrap();
    assert_eq!(
        [content("/Name"), content("/name"), content("/link")],
        [b"upper".to_vec(), b"lower".to_vec(), b"linked".to_vec()]
    );
}

#[test]
fn a_file_without_mode_is_a_regular_file_and_devices_are_special() {
    let mut image = Image::new("x");
    image.special(ROOT, "of Mac OS 9", Kind { mode: 0, ..PLAIN }, [b"text", b""]);
    image.special(ROOT, "pipe", Kind { mode: 0o010_644, ..PLAIN }, [b"", b""]);
    let bytes = image.finish();
    let files = mounted(&bytes);
    let (found, _) = walked(&*files);
    assert_eq!(found["/of Mac OS 9"].content.as_deref(), Ok(&b"text"[..]));
    assert_eq!(files.metadata(found["/of Mac OS 9"].child.node).unwrap().mode, 0o100_000);
    assert_eq!(found["/pipe"].child.kind, ChildKind::Special);
}

#[test]
fn a_reader_starts_anywhere() {
    let (files, node) = node(&rich().finish(), "/in pieces");
    let mut reader = files.open(node).unwrap();
    let content = noise(BLOCK * 40 + 17);
    for from in [BLOCK * 39 + 500, 3, BLOCK * 8 - 1, BLOCK * 40 + 16] {
        reader.seek(SeekFrom::Start(from as u64)).unwrap();
        let mut bytes = [0; 1];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes[0], content[from], "{from}");
    }
}

#[test]
fn the_volume_tells_its_name_and_what_is_to_know_of_it() {
    let mut bytes = rich().finish();
    let found = volume(&bytes);
    assert_eq!(found.label, "Macintosh HD");
    let blocks = bytes.len() / BLOCK;
    let wanted = [
        format!("HFS+, {blocks} blocks of 512 bytes"),
        "volume identifier 123456789ABCDEF0".to_owned(),
    ];
    assert_eq!(found.notes, wanted);
    put(&mut bytes, 1024 + 4, &[0; 4]);
    assert_eq!(volume(&bytes).notes[2], "it was not unmounted");
}

#[test]
fn a_journal_that_holds_changes_is_told_of() {
    let mut bytes = Image::new("x").finish();
    // Journaled; block 6 tells that the journal begins at byte 3,584.
    put(&mut bytes, 1024 + 4, &0x2100_u32.to_be_bytes());
    put(&mut bytes, 1024 + 12, &6_u32.to_be_bytes());
    put(&mut bytes, 6 * BLOCK, &1_u32.to_be_bytes());
    put(&mut bytes, 6 * BLOCK + 36, &3584_u64.to_be_bytes());
    let notes = |header: &[u8]| {
        let mut bytes = bytes.clone();
        put(&mut bytes, 3584, header);
        volume(&bytes).notes.split_off(2)
    };
    let little = |end: u8| {
        [b"xLNJ\x78\x56\x34\x12\0\x02\0\0\0\0\0\0", &[end][..], b"\x02\0\0\0\0\0\0"].concat()
    };
    assert_eq!(notes(&little(0)), Vec::<String>::new());
    assert_eq!(notes(&little(8)), ["its journal holds changes, which are not replayed"]);
    let big = b"JNLx\x12\x34\x56\x78\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x04\0";
    assert_eq!(notes(big), ["its journal holds changes, which are not replayed"]);
    assert_eq!(notes(b"????"), ["its journal cannot be read"]);
}

/// An HFS volume around this one.
pub(super) fn wrapped(inner: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8 * 512];
    put(&mut bytes, 1024, b"BD");
    put(&mut bytes, 1024 + 14, &3_u16.to_be_bytes());
    put(&mut bytes, 1024 + 20, &1024_u32.to_be_bytes());
    // The first allocation block is sector 4, and the volume begins at the third of them.
    put(&mut bytes, 1024 + 28, &4_u16.to_be_bytes());
    put(&mut bytes, 1024 + 36, b"\x04Disk");
    put(&mut bytes, 1024 + 124, signature);
    put(&mut bytes, 1024 + 126, &2_u16.to_be_bytes());
    put(&mut bytes, 1024 + 128, &u16::try_from(inner.len().div_ceil(1024)).unwrap().to_be_bytes());
    bytes.extend(inner);
    bytes
}

#[test]
fn a_volume_in_an_hfs_wrapper_is_read_and_plain_hfs_is_refused_by_name() {
    let bytes = wrapped(&rich().finish(), b"H+");
    assert_eq!(volume(&bytes).notes.last().unwrap(), "in an HFS wrapper");
    assert_eq!(walked(&*mounted(&bytes)).0["/etc"].content.as_deref(), Ok(&b"private/etc"[..]));
    let plain = wrapped(&[], b"\0\0");
    assert!(Hfs.detect(&plain));
    let refused = Hfs.open(disk(&plain)).err().unwrap();
    assert_eq!(refused.kind, ProblemKind::Unsupported);
    assert!(refused.detail.starts_with("an HFS (Mac OS Standard) volume"), "{}", refused.detail);
}

#[test]
fn a_damaged_header_is_replaced_by_the_alternate_one() {
    let mut bytes = rich().finish();
    put(&mut bytes, 1024 + 40, &[0; 4]);
    let found = volume(&bytes);
    assert_eq!(
        found.problems.last().unwrap().detail,
        "the volume header is damaged; the alternate one is used"
    );
    assert_eq!(walked(&*found.files.unwrap()).1, []);
    let alternate = bytes.len() - 1024;
    put(&mut bytes, alternate, &[0; 4]);
    let refused = Hfs.open(disk(&bytes)).err().unwrap();
    assert_eq!(refused.kind, ProblemKind::MalformedFile);
}
