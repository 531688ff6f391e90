//! The trees of an HFS+ volume → its folders and files.
//!
//! The number of a node is its catalog node ID in the low 32 bits, and above it the number of the leaf that holds its record: a
//! record is found again without a search, and without the threads that volumes of old Macs lack.

use super::attributes;
use super::catalog::{self, Entry, Item, ROOT, ROOT_PARENT};
use super::extents::{Forks, Which};
use super::fork::Fork;
use super::links::Links;
use super::node::Record;
use super::tree::Tree;
use crate::evidence::image::decmpfs::{self, Compressed};
use crate::evidence::image::fields::damaged;
use crate::evidence::image::filesystem::{
    Attribute, Child, ChildKind, FileSystem, Metadata, NodeId,
};
use crate::evidence::memory::read_all;
use crate::evidence::{ReadSeek, kind_of, limits, problem};
use crate::model::observation::Problem;
use std::io;

/// `S_IFMT` and types of `stat(2)`.
const FORMAT: u16 = 0o170_000;
const REGULAR: u16 = 0o100_000;
const SYMBOLIC: u16 = 0o120_000;

/// Type and creator of a symbolic link.
const LINK: u64 = u64::from_be_bytes(*b"slnkrhap");

/// A mounted HFS+ volume.
pub(super) struct Volume {
    catalog: Tree,
    /// The attributes file; none where the volume has none, or why it cannot be read.
    extended: io::Result<Option<Tree>>,
    forks: Forks,
    links: Links,
    /// The root folder, and its name.
    root: NodeId,
    pub label: String,
}

/// The number of the node with a record in that leaf.
fn number(leaf: u32, id: u32) -> NodeId {
    (u64::from(leaf) << 32) | u64::from(id)
}

/// The catalog node ID of a node.
fn id_of(node: NodeId) -> u32 {
    u32::try_from(node & u64::from(u32::MAX)).unwrap_or_default()
}

fn kind_of_item(item: &Item) -> ChildKind {
    match item.mode & FORMAT {
        _ if item.is_folder => ChildKind::Directory,
        SYMBOLIC => ChildKind::Link,
        _ if item.finder == LINK => ChildKind::Link,
        // Mac OS 9 sets no mode.
        0 | REGULAR => ChildKind::File,
        _ => ChildKind::Special,
    }
}

fn told(error: &io::Error) -> Problem {
    problem(kind_of(error), error.to_string())
}

impl Volume {
    pub(super) fn new(catalog: Tree, extended: io::Result<Option<Tree>>, forks: Forks) -> Self {
        let links = Links::find(&catalog);
        let (mut root, mut label) = (number(0, ROOT), String::new());
        catalog.visit(&|key| catalog::in_folder(key, ROOT_PARENT), &mut |leaf, record| {
            let item = Entry::parse(record).and_then(Entry::item);
            if item.is_some_and(|item| item.is_folder && item.id == ROOT) {
                root = number(leaf, ROOT);
                label = catalog::shown(catalog::name(record.key)).0;
            }
        });
        Self { catalog, extended, forks, links, root, label }
    }

    /// An entry of a folder; none for what is no entry.
    fn child(&self, leaf: u32, record: &Record<'_>) -> Result<Option<Child>, Problem> {
        let (name, is_lossy) = catalog::shown(catalog::name(record.key));
        let entry = Entry::parse(record).ok_or_else(|| {
            told(&damaged(format!("the record of {name:?} in the catalog is damaged")))
        })?;
        let is_shown = |item: &Item| !self.links.is_target(record.key, item);
        let Some(item) = entry.item().filter(is_shown) else {
            return Ok(None);
        };
        let (leaf, item) = match self.links.target(&self.catalog, &item) {
            Some(Ok(target)) => (target.leaf, target.item),
            // It stays a file, whose content is an error.
            _ => (leaf, item),
        };
        let (node, kind) = (number(leaf, item.id), kind_of_item(&item));
        Ok(Some(Child { name, is_lossy, node, kind }))
    }

    /// The record of a node, and the folder in which it stands.
    fn item_in(&self, node: NodeId) -> io::Result<(u32, Item)> {
        let (leaf, id) = (u32::try_from(node >> 32).unwrap_or_default(), id_of(node));
        let leaf = self.catalog.node(leaf)?;
        let items = leaf.records(None).flatten().filter_map(|record| {
            let item = Entry::parse(&record)?.item()?;
            Some((catalog::parent(record.key)?, item))
        });
        let mut found = items.filter(|(_, item)| item.id == id);
        found.next().ok_or_else(|| damaged(format!("file {id} is not in the catalog")))
    }

    /// A file whose content can be read: no folder, and no link that leads to nothing.
    fn file(&self, node: NodeId) -> io::Result<Item> {
        let (_, item) = self.item_in(node)?;
        if item.is_folder {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        match self.links.target(&self.catalog, &item) {
            None => Ok(item),
            Some(target) => target.map(|target| target.item),
        }
    }

    /// How a file is compressed, if it is.
    fn compression(&self, item: &Item) -> io::Result<Option<Compressed>> {
        // Only then: attributes that cannot be read are nothing to other files.
        if !item.is_compressed {
            return Ok(None);
        }
        let value = match self.extended()? {
            Some(tree) => attributes::one(tree, &self.forks, item.id, decmpfs::ATTRIBUTE)?,
            None => None,
        };
        match value {
            Some(value) => Compressed::read(value).map(Some),
            None => decmpfs::without_header(item.data.size).map(|()| None),
        }
    }

    fn resources(&self, item: &Item) -> io::Result<Fork> {
        self.forks.fork(item.id, Which::Resources, &item.resources)
    }

    fn extended(&self) -> io::Result<Option<&Tree>> {
        match &self.extended {
            Ok(tree) => Ok(tree.as_ref()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

impl FileSystem for Volume {
    fn root(&self) -> NodeId {
        self.root
    }

    fn children(&self, directory: NodeId) -> (Vec<Child>, Vec<Problem>) {
        let folder = id_of(directory);
        let (mut children, mut problems) = (Vec::new(), Vec::new());
        let errors =
            self.catalog.visit(&|key| catalog::in_folder(key, folder), &mut |leaf, record| {
                match self.child(leaf, record) {
                    Ok(child) => children.extend(child),
                    Err(problem) => problems.push(problem),
                }
            });
        problems.extend(errors.iter().map(told));
        (children, problems)
    }

    fn metadata(&self, node: NodeId) -> io::Result<Metadata> {
        let (folder, item) = self.item_in(node)?;
        let size = match self.compression(&item)? {
            Some(compressed) => compressed.size(),
            None => item.data.size,
        };
        let kind = if item.is_folder { 0o040_000 } else { REGULAR };
        let mode = if item.mode & FORMAT == 0 { item.mode | kind } else { item.mode };
        let (uid, gid, mode) = (item.uid, item.gid, u32::from(mode));
        // What is linked keeps how many links there are where others keep nothing, or a device.
        let links = if self.links.is_private(folder) { item.special } else { 1 };
        let (modified, changed, created) = (item.modified, item.changed, item.created);
        Ok(Metadata { size, links, uid, gid, mode, modified, changed, created })
    }

    fn link_target(&self, node: NodeId) -> io::Result<String> {
        let item = self.file(node)?;
        let mut content = self.forks.fork(item.id, Which::Data, &item.data)?.reader();
        let target = read_all(&mut content, limits::LINK_TARGET)?;
        Ok(String::from_utf8_lossy(&target).into_owned())
    }

    fn open(&self, node: NodeId) -> io::Result<Box<dyn ReadSeek>> {
        let item = self.file(node)?;
        if let Some(compressed) = self.compression(&item)? {
            return compressed.open(|| Ok(Box::new(self.resources(&item)?.direct())));
        }
        Ok(self.forks.fork(item.id, Which::Data, &item.data)?.reader())
    }

    fn attributes(&self, node: NodeId) -> io::Result<Vec<Attribute>> {
        let (_, item) = self.item_in(node)?;
        let mut found = match self.extended()? {
            Some(tree) => attributes::of(tree, &self.forks, item.id)?,
            None => Vec::new(),
        };
        // Of a compressed file they are the content.
        let is_content = |one: &Attribute| item.is_compressed && one.name == decmpfs::ATTRIBUTE;
        found.retain(|attribute| !is_content(attribute));
        if item.resources.size > 0 && !item.is_compressed {
            let resources = self.resources(&item)?;
            found.push(attributes::of_fork(decmpfs::FORK.to_owned(), &resources)?);
        }
        Ok(found)
    }
}
