//! A directory tree on disk → its entries. Links are not followed, devices and FIFOs not opened.

use super::files::{self, OnDisk};
use super::{
    Entry, EntryKind, Modified, Reopen, Use, Volume, kind_of, limits, link_problem, problem,
};
use crate::model::Timestamp;
use crate::model::observation::{Problem, ProblemKind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::{DirEntry, WalkDir};

/// An unpacked tree or a mounted volume.
pub struct Directory {
    root: PathBuf,
    entries: Vec<Result<Entry, (String, Problem)>>,
    paths: Vec<PathBuf>,
}

impl Directory {
    /// Lists everything below `root`.
    pub fn open(root: &Path) -> Self {
        let mut directory = Self { root: root.to_owned(), entries: Vec::new(), paths: Vec::new() };
        for item in WalkDir::new(root).follow_links(false).follow_root_links(true) {
            match item {
                Ok(found) if found.file_type().is_dir() => {}
                Ok(found) => directory.push(&found),
                Err(error) => directory.push_failure(&error),
            }
            if directory.entries.len() >= limits::ENTRIES {
                let detail = format!("more than {} files: the rest is not read", limits::ENTRIES);
                directory.entries.push(Err((String::new(), problem(ProblemKind::Limit, detail))));
                break;
            }
        }
        directory.entries.sort_by(|a, b| key(a).cmp(key(b)));
        directory
    }

    fn push(&mut self, found: &DirEntry) {
        let index = self.paths.len();
        let path = self.relative(found.path());
        let mut entry = Entry::file(path, 0, index);
        if found.path().to_str().is_none() {
            let detail = "the name is not UTF-8; shown with replacement characters";
            entry.problems.push(problem(ProblemKind::UnsafeName, detail));
        }
        if found.path_is_symlink() {
            let target = found.path().read_link().unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            entry.problems.extend(link_problem(&entry.path, &target));
            entry.kind = EntryKind::Link(target);
        } else if !found.file_type().is_file() {
            entry.kind = EntryKind::Special;
        }
        match found.metadata() {
            Ok(metadata) => {
                entry.size = if metadata.is_file() { metadata.len() } else { 0 };
                let modified = metadata.modified().ok().and_then(|t| Timestamp::try_from(t).ok());
                entry.modified = modified.map(Modified::Disk).and_then(Modified::known);
            }
            Err(error) => {
                entry.problems.push(problem(ProblemKind::Unreadable, error.to_string()));
            }
        }
        self.paths.push(found.path().to_owned());
        self.entries.push(Ok(entry));
    }

    fn push_failure(&mut self, error: &walkdir::Error) {
        let path = error.path().map(|path| self.relative(path)).unwrap_or_default();
        let kind = error.io_error().map_or(ProblemKind::Unreadable, kind_of);
        // walkdir's own message repeats the absolute path, which differs between machines.
        let detail =
            error.io_error().map_or_else(|| "not readable".to_owned(), ToString::to_string);
        self.entries.push(Err((path, problem(kind, detail))));
    }

    fn relative(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }
}

fn key(item: &Result<Entry, (String, Problem)>) -> &str {
    match item {
        Ok(entry) => &entry.path,
        Err((path, _)) => path,
    }
}

impl Volume for Directory {
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>> {
        self.entries.clone()
    }

    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()> {
        let path = self.paths.get(entry.index).ok_or(io::ErrorKind::NotFound)?;
        then(&mut files::open(path)?)
    }

    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>> {
        let path = self.paths.get(entry.index)?;
        Some(Arc::new(OnDisk::of_size(path, entry.size)))
    }

    fn is_directory(&self) -> bool {
        true
    }
}
