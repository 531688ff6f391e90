//! A text → one new file at a path that the user names.

use super::directory::{DirectoryError, keep_apart};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file that is not there yet, and not inside the evidence. What cannot be written whole is removed.
pub fn create(path: &Path, text: &str, evidence: &[PathBuf]) -> Result<(), DirectoryError> {
    keep_apart(path, evidence)?;
    let refused = |error| DirectoryError::NotWritable { path: path.to_owned(), error };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(refused)?;
    let written: io::Result<()> = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // The error that is told is the first one.
        let _ = fs::remove_file(path);
        refused(error)
    })
}
