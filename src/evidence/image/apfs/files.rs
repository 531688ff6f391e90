//! The trees of a volume → its directories and files.

use super::blocks::Blocks;
use super::fields::{damaged, text, unsupported};
use super::records::{self, Inode, Value, attribute_name, of};
use super::stream::{Extents, Stream};
use super::tree::{Key, Record, Tree};
use crate::evidence::image::{Attribute, Child, FileSystem, Metadata, NodeId, decmpfs};
use crate::evidence::{ReadSeek, kind_of, limits, problem};
use crate::model::observation::Problem;
use std::io::{self, Read};
use std::sync::Arc;

/// `ROOT_DIR_INO_NUM` ("Inode Numbers").
const ROOT: NodeId = 2;
/// `SYMLINK_EA_NAME` ("Extended Attributes").
const LINK: &str = "com.apple.fs.symlink";

/// A volume's files as of one transaction.
pub(super) struct Files {
    blocks: Arc<Blocks>,
    tree: Tree,
    extents: Extents,
    is_hashed: bool,
}

impl Files {
    pub(super) fn new(blocks: Arc<Blocks>, tree: Tree, extents: Extents, is_hashed: bool) -> Self {
        Self { blocks, tree, extents, is_hashed }
    }

    fn inode(&self, node: NodeId) -> io::Result<Inode> {
        let record = self.tree.get((node, of::INODE, 0))?;
        let record = record.ok_or_else(|| damaged(format!("inode {node} is not there")))?;
        Inode::read(record.value())
    }

    fn stream(&self, id: u64, size: u64, is_sparse: bool) -> Stream {
        Stream::new(Arc::clone(&self.blocks), self.extents.clone(), id, size, is_sparse)
    }

    /// The attributes of a file. Each has the records of the tree behind it, so their number is bounded.
    fn stored(&self, node: NodeId) -> impl Iterator<Item = io::Result<Record>> {
        let range = all(node, of::ATTRIBUTE);
        self.tree.range(range, range).enumerate().map(|(at, record)| {
            if at >= limits::ATTRIBUTES {
                let detail = format!("more than {} attributes", limits::ATTRIBUTES);
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, detail));
            }
            record
        })
    }

    /// The attribute of this name.
    fn attribute(&self, node: NodeId, name: &str) -> io::Result<Option<records::Attribute>> {
        for record in self.stored(node) {
            let record = record?;
            if attribute_name(record.stored_key())?.0 == name {
                return records::Attribute::read(record.stored_key(), record.value()).map(Some);
            }
        }
        Ok(None)
    }

    /// The bytes of an attribute; an error if they are more than `most`.
    fn value(&self, attribute: &records::Attribute, most: u64) -> io::Result<Vec<u8>> {
        let (id, size) = match &attribute.value {
            Value::Embedded(bytes) => return Ok(bytes.clone()),
            Value::Stream(id, size) => (*id, *size),
        };
        if size > most {
            let detail = format!("the attribute {} has {size} bytes", attribute.name);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        let mut bytes = Vec::new();
        self.stream(id, size, false).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// How a compressed file is compressed; none if nothing says so.
    fn compression(&self, node: NodeId, inode: &Inode) -> io::Result<Option<decmpfs::Compressed>> {
        if !inode.is_compressed || !inode.is_file() {
            return Ok(None);
        }
        let Some(header) = self.attribute(node, decmpfs::ATTRIBUTE)? else {
            return decmpfs::without_header(inode.size.unwrap_or_default()).map(|()| None);
        };
        decmpfs::Compressed::read(self.value(&header, limits::ATTRIBUTE)?).map(Some)
    }

    /// The resource fork, where a compressed file has its content.
    fn fork(&self, node: NodeId) -> io::Result<Box<dyn ReadSeek>> {
        let fork = self.attribute(node, decmpfs::FORK)?;
        let fork = fork.ok_or_else(|| damaged("a compressed file without its resource fork"))?;
        Ok(match fork.value {
            Value::Embedded(bytes) => Box::new(io::Cursor::new(bytes)),
            Value::Stream(id, size) => Box::new(self.stream(id, size, false).buffered()),
        })
    }
}

/// All records of one type of one object.
fn all(id: u64, kind: u8) -> Key {
    (id, kind, 0)
}

impl FileSystem for Files {
    fn root(&self) -> NodeId {
        ROOT
    }

    fn children(&self, directory: NodeId) -> (Vec<Child>, Vec<Problem>) {
        let (mut children, mut problems) = (Vec::new(), Vec::new());
        let mut complain = |error: &io::Error| {
            if problems.len() < limits::PROBLEMS {
                let detail = format!("entries may be missing: {error}");
                problems.push(problem(kind_of(error), detail));
            }
        };
        let range = all(directory, of::ENTRY);
        for record in self.tree.range(range, range) {
            let child = record.and_then(|record| {
                records::entry(record.stored_key(), record.value(), self.is_hashed)
            });
            match child {
                Ok(child) => children.push(child),
                Err(error) => complain(&error),
            }
            if children.len() >= limits::ENTRIES {
                complain(&io::ErrorKind::QuotaExceeded.into());
                break;
            }
        }
        (children, problems)
    }

    fn metadata(&self, node: NodeId) -> io::Result<Metadata> {
        let inode = self.inode(node)?;
        let size = match self.compression(node, &inode)? {
            Some(compressed) => compressed.size(),
            None => inode.size.unwrap_or_default(),
        };
        Ok(inode.metadata(size))
    }

    fn link_target(&self, node: NodeId) -> io::Result<String> {
        let target = self.attribute(node, LINK)?;
        let target = target.ok_or_else(|| damaged("a symbolic link without a target"))?;
        Ok(text(&self.value(&target, limits::ATTRIBUTE)?).0)
    }

    fn open(&self, node: NodeId) -> io::Result<Box<dyn ReadSeek>> {
        let inode = self.inode(node)?;
        if let Some(compressed) = self.compression(node, &inode)? {
            return compressed.open(|| self.fork(node));
        }
        if inode.is_dataless {
            return Err(unsupported("the content was left to a server: it is not on the disk"));
        }
        let size = inode.size.unwrap_or_default();
        Ok(Box::new(self.stream(inode.stream, size, inode.is_sparse).buffered()))
    }

    /// Like macOS, without those in which the file system keeps targets of links and compressed content.
    fn attributes(&self, node: NodeId) -> io::Result<Vec<Attribute>> {
        let is_compressed = self.inode(node)?.is_compressed;
        let (mut attributes, mut left) = (Vec::new(), limits::ATTRIBUTE);
        for record in self.stored(node) {
            let record = record?;
            let found = records::Attribute::read(record.stored_key(), record.value())?;
            let is_content = [decmpfs::ATTRIBUTE, decmpfs::FORK].contains(&found.name.as_str());
            if found.is_internal || (is_compressed && is_content) {
                continue;
            }
            let value = self.value(&found, left)?;
            left = left.saturating_sub(value.len() as u64);
            attributes.push(Attribute { value, name: found.name });
        }
        Ok(attributes)
    }
}
