//! A file system and a route through it → the files met, with their paths; directories off the route are counted.

use super::filesystem::{Child, ChildKind, FileSystem, Metadata, NodeId};
use crate::evidence::{Entry, EntryKind, Modified, kind_of, limits, link_problem, problem};
use crate::model::observation::{Problem, ProblemKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether a walk enters a directory, by its path from the root of the volume (`private/var/log`; the root is empty).
pub type Route<'a> = dyn Fn(&str) -> bool + Sync + 'a;

/// What a walk met.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Files, links and special files, sorted by path; directories that could not be listed.
    pub entries: Vec<Result<Entry, (String, Problem)>>,
    /// The node of each entry, by [`Entry::index`].
    pub nodes: Vec<NodeId>,
    /// Directories that were entered.
    pub walked: u64,
    /// Directories that were met and not entered.
    pub unwalked: u64,
}

/// Walks from the root. Every directory is entered once, whatever leads to it; there are limits on depth and number.
pub fn walk(files: &dyn FileSystem, route: &Route<'_>) -> Tree {
    let mut walk =
        Walk { files, route, tree: Tree::default(), met: BTreeSet::new(), todo: Vec::new() };
    walk.todo.push((files.root(), String::new(), 0));
    while let Some((node, path, depth)) = walk.todo.pop() {
        walk.directory(node, &path, depth);
        if walk.is_full() {
            let detail = format!(
                "more than {} files and directories: the rest is not read",
                limits::ENTRIES
            );
            walk.fail(String::new(), problem(ProblemKind::Limit, detail));
            break;
        }
    }
    walk.tree.arrange();
    walk.tree
}

struct Walk<'a> {
    files: &'a dyn FileSystem,
    route: &'a Route<'a>,
    tree: Tree,
    met: BTreeSet<NodeId>,
    todo: Vec<(NodeId, String, usize)>,
}

impl Walk<'_> {
    fn fail(&mut self, path: String, why: Problem) {
        self.tree.entries.push(Err((path, why)));
    }

    fn directory(&mut self, node: NodeId, path: &str, depth: usize) {
        if !self.met.insert(node) {
            let detail = "a second way into a directory that was read already; not followed";
            return self.fail(path.to_owned(), problem(ProblemKind::MalformedRecord, detail));
        }
        if depth > limits::DIRECTORY_DEPTH {
            let detail =
                format!("more than {} directories inside one another", limits::DIRECTORY_DEPTH);
            return self.fail(path.to_owned(), problem(ProblemKind::Limit, detail));
        }
        self.tree.walked = self.tree.walked.saturating_add(1);
        let (children, problems) = self.files.children(node);
        for found in problems {
            self.fail(path.to_owned(), found);
        }
        for child in children {
            if self.is_full() {
                break;
            }
            self.child(&child, path, depth);
        }
    }

    /// Whether no more is taken: what is listed, what was entered and what is still to be.
    fn is_full(&self) -> bool {
        let directories = self.met.len().saturating_add(self.todo.len());
        self.tree.entries.len().saturating_add(directories) >= limits::ENTRIES
    }

    fn child(&mut self, child: &Child, folder: &str, depth: usize) {
        let (name, problems) = shown(child);
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if path.len() > limits::PATH {
            let detail = format!("a path of more than {} bytes is not followed", limits::PATH);
            self.fail(folder.to_owned(), problem(ProblemKind::Limit, detail));
        } else if child.kind != ChildKind::Directory {
            self.entry(child, path, problems);
        } else if (self.route)(&path) {
            self.todo.push((child.node, path, depth.saturating_add(1)));
        } else {
            self.tree.unwalked = self.tree.unwalked.saturating_add(1);
        }
    }

    fn entry(&mut self, child: &Child, path: String, problems: Vec<Problem>) {
        let mut entry = Entry::file(path, 0, self.tree.nodes.len());
        entry.problems = problems;
        match self.files.metadata(child.node) {
            Ok(metadata) => describe(&mut entry, metadata),
            Err(error) => entry.problems.push(problem(kind_of(&error), error.to_string())),
        }
        match child.kind {
            ChildKind::File | ChildKind::Directory => {}
            ChildKind::Special => entry.kind = EntryKind::Special,
            ChildKind::Link => {
                let target = self.files.link_target(child.node).unwrap_or_else(|error| {
                    entry.problems.push(problem(kind_of(&error), error.to_string()));
                    String::new()
                });
                entry.problems.extend(link_problem(&entry.path, &target));
                entry.kind = EntryKind::Link(target);
            }
        }
        self.tree.nodes.push(child.node);
        self.tree.entries.push(Ok(entry));
    }
}

fn describe(entry: &mut Entry, metadata: Metadata) {
    entry.size = metadata.size;
    entry.modified = metadata.modified.map(Modified::Volume).and_then(Modified::known);
    entry.metadata = Some(Arc::new(metadata));
}

/// A name as one part of a path, and what was wrong with it: whoever made the image chose it.
fn shown(child: &Child) -> (String, Vec<Problem>) {
    let mut problems = Vec::new();
    if child.is_lossy {
        let detail = "the name is not UTF-8; shown with replacement characters";
        problems.push(problem(ProblemKind::UnsafeName, detail));
    }
    if !matches!(child.name.as_str(), "" | "." | "..") && !child.name.contains(['/', '\0']) {
        return (child.name.clone(), problems);
    }
    let name = match child.name.as_str() {
        "" | "." | ".." => format!("({})", child.name),
        name => name.replace('/', ":").replace('\0', "\u{2400}"),
    };
    // HFS+ hides its own directories behind names that begin with NUL.
    if !child.name.starts_with('\0') {
        let detail = format!("the name {:?} is not one of a file", child.name);
        problems.push(problem(ProblemKind::UnsafeName, detail));
    }
    (name, problems)
}

impl Tree {
    /// Sorts by path and numbers those that share one.
    fn arrange(&mut self) {
        fn key(item: &Result<Entry, (String, Problem)>) -> (&str, usize) {
            match item {
                Ok(entry) => (&entry.path, entry.index),
                Err((path, _)) => (path, usize::MAX),
            }
        }
        self.entries.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut before: Option<(String, u32)> = None;
        for entry in self.entries.iter_mut().flatten() {
            entry.occurrence = match &before {
                Some((path, occurrence)) if *path == entry.path => occurrence.saturating_add(1),
                _ => 0,
            };
            before = Some((entry.path.clone(), entry.occurrence));
        }
    }
}
