//! The output directory: refused unless it is ours to fill, filled under a temporary name, complete or
//! not there at all.

use super::{is_own_name, run};
use crate::evidence::files;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folder in the output directory that holds outputs until all are complete.
const STAGING: &str = ".portolan-partial";

/// Bytes of an earlier `run.json` that are looked at.
const RUN_LIMIT: u64 = 256 << 20;

/// What to do with an earlier output in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Keep it, and write nothing.
    Keep,
    /// Replace it.
    Replace,
}

/// Why a directory cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It holds something else.
    #[error("{0:?} is not empty and holds no Portolan output; it is left as it is")]
    Foreign(PathBuf),
    /// It holds an earlier output.
    #[error("{0:?} holds an earlier Portolan output; --force replaces it")]
    Earlier(PathBuf),
    /// It holds what an interrupted run left behind.
    #[error("{0:?} holds an interrupted Portolan run; --force replaces it")]
    Interrupted(PathBuf),
    /// It would be written into the evidence.
    #[error("{out:?} lies inside the evidence {evidence:?}, which is never written to")]
    InsideEvidence {
        /// The directory.
        out: PathBuf,
        /// The evidence.
        evidence: PathBuf,
    },
    /// The evidence lies in it.
    #[error("the evidence {evidence:?} lies inside {out:?}, whose content would be replaced")]
    AroundEvidence {
        /// The directory.
        out: PathBuf,
        /// The evidence.
        evidence: PathBuf,
    },
    /// The operating system refused.
    #[error("{path:?} is not writable: {error}")]
    NotWritable {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// A directory being filled. Dropped before it is published, it leaves nothing behind.
#[derive(Debug)]
pub struct OutputDirectory {
    path: PathBuf,
    staging: PathBuf,
    /// Whether this run made the directory itself.
    fresh: bool,
    published: bool,
}

impl OutputDirectory {
    /// Makes the directory, or finds it empty or replaceable. Nothing earlier is touched yet.
    pub fn prepare(
        path: &Path,
        evidence: &[PathBuf],
        earlier: Earlier,
    ) -> Result<Self, DirectoryError> {
        keep_apart(path, evidence)?;
        let refused = |error| DirectoryError::NotWritable { path: path.to_owned(), error };
        let fresh = !path.exists();
        if fresh {
            fs::create_dir_all(path).map_err(refused)?;
        } else {
            inspect(path, earlier)?;
        }
        let staging = path.join(STAGING);
        if staging.symlink_metadata().is_ok() {
            fs::remove_dir_all(&staging).map_err(refused)?;
        }
        fs::create_dir(&staging).map_err(refused)?;
        Ok(Self { path: path.to_owned(), staging, fresh, published: false })
    }

    /// Where outputs are written until they are complete.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Moves everything that was written into place, `run.json` last: a directory without it is not
    /// finished. An earlier output is taken away first, other files beside it stay.
    pub fn publish(mut self) -> io::Result<()> {
        remove_if_there(&self.path.join(run::FILE))?;
        for name in names_in(&self.path)?.iter().filter(|name| is_own_name(name)) {
            remove_if_there(&self.path.join(name))?;
        }
        let mut names = names_in(&self.staging)?;
        names.sort_by_key(|name| (name == run::FILE, name.clone()));
        for name in &names {
            fs::rename(self.staging.join(name), self.path.join(name))?;
        }
        self.published = true;
        fs::remove_dir(&self.staging)
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Nothing can be done about a failure here; what is left is marked as partial by its name.
        let _ = fs::remove_dir_all(&self.staging);
        if self.fresh {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Refuses a directory in the evidence or around it.
pub(super) fn keep_apart(path: &Path, evidence: &[PathBuf]) -> Result<(), DirectoryError> {
    let out = resolved(path);
    for given in evidence {
        let real = resolved(given);
        if out.starts_with(&real) {
            let (out, evidence) = (path.to_owned(), given.clone());
            return Err(DirectoryError::InsideEvidence { out, evidence });
        }
        if real.starts_with(&out) {
            let (out, evidence) = (path.to_owned(), given.clone());
            return Err(DirectoryError::AroundEvidence { out, evidence });
        }
    }
    Ok(())
}

/// The path without links and `..`, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return real.join(rest);
        }
    }
    absolute
}

/// Finds out what a directory that exists holds.
fn inspect(path: &Path, earlier: Earlier) -> Result<(), DirectoryError> {
    let refused = |error| DirectoryError::NotWritable { path: path.to_owned(), error };
    let names = names_in(path).map_err(refused)?;
    let holds = |name: &str| names.iter().any(|one| one == name);
    let finished = holds(run::FILE) && is_own_run(&path.join(run::FILE));
    match earlier {
        _ if names.is_empty() => Ok(()),
        Earlier::Replace if finished || holds(STAGING) => Ok(()),
        Earlier::Keep if finished => Err(DirectoryError::Earlier(path.to_owned())),
        Earlier::Keep if holds(STAGING) => Err(DirectoryError::Interrupted(path.to_owned())),
        Earlier::Keep | Earlier::Replace => Err(DirectoryError::Foreign(path.to_owned())),
    }
}

/// Whether a `run.json` is Portolan's.
pub(super) fn is_own_run(path: &Path) -> bool {
    let text = files::read_text(path, RUN_LIMIT).unwrap_or_default();
    let value: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    value.is_some_and(|value| value.get("tool").and_then(|tool| tool.as_str()) == Some(run::TOOL))
}

/// Names in a folder, sorted; a name that is not UTF-8 is none of ours and shows as it can.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
