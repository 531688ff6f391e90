//! zip bytes → a volume: members listed from the central directory (or, where it is cut off, from the
//! local headers), inflated by the `zip` crate, each from a reader of its own.
//!
//! The directory is read here and not by the crate, which keeps one member of each name.

mod directory;
mod member;
mod recovery;

use super::budget::{allowance, entry_allowance};
use super::window::Window;
use crate::evidence::{
    Entry, EntryKind, Reopen, Use, Volume, kind_of, limits, link_problem, memory, problem,
};
use crate::model::observation::{Problem, ProblemKind};
use member::Member;
use std::io::{self, Read};
use std::sync::Arc;

/// Longest target of a symbolic link (macOS `PATH_MAX`), with room.
const LINK: u64 = 4096;

/// An opened zip archive.
pub(super) struct Zip {
    bytes: Arc<dyn Reopen>,
    passwords: Vec<String>,
    members: Vec<Member>,
    entries: Vec<Result<Entry, (String, Problem)>>,
}

impl Zip {
    /// Lists the archive.
    pub(super) fn open(bytes: Arc<dyn Reopen>, passwords: &[String]) -> Result<Self, Problem> {
        let (members, problems) = directory::list(&*bytes)?;
        let entries = problems.into_iter().map(|problem| Err((String::new(), problem))).collect();
        let mut zip = Self { bytes, passwords: passwords.to_vec(), members, entries };
        zip.enter();
        Ok(zip)
    }

    /// Turns members into entries, in the order of their paths.
    fn enter(&mut self) {
        let mut files: Vec<_> = (0..).zip(&self.members).filter(|(_, m)| !m.is_folder()).collect();
        files.sort_by(|(i, a), (j, b)| (&a.path, i).cmp(&(&b.path, j)));
        let mut entries: Vec<Entry> = Vec::new();
        for (index, member) in files {
            let mut entry = member.entry(index);
            if let Some(earlier) = entries.last().filter(|earlier| earlier.path == entry.path) {
                entry.occurrence = earlier.occurrence.saturating_add(1);
                let detail = "an earlier member of the archive has the same name";
                entry.problems.push(problem(ProblemKind::DuplicateName, detail));
            }
            entries.push(entry);
        }
        let mut left = allowance(self.bytes.size());
        // What is refused is told before anything is read, from sizes that reading cannot exceed: so
        // that the order in which members are read does not matter.
        let admitted: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let refused = self.refuse(&entry, &mut left);
                refused.map_or_else(|| self.with_target(entry), |(path, why)| Err((path, why)))
            })
            .collect();
        self.entries.extend(admitted);
    }

    fn refuse(&self, entry: &Entry, left: &mut u64) -> Option<(String, Problem)> {
        let compressed = self.members.get(entry.index).map_or(0, |member| member.compressed);
        let detail = if entry.size > entry_allowance(compressed) {
            let (size, ratio) = (entry.size, limits::RATIO);
            format!("not read: {size} bytes, more than {ratio} times the {compressed} stored")
        } else if let Some(rest) = left.checked_sub(entry.size) {
            *left = rest;
            return None;
        } else {
            "not read: the members together have more bytes than the archive's size allows"
                .to_owned()
        };
        Some((entry.shown(), problem(ProblemKind::Limit, detail)))
    }

    /// A symbolic link's target is its content.
    fn with_target(&self, mut entry: Entry) -> Result<Entry, (String, Problem)> {
        if !matches!(entry.kind, EntryKind::Link(_)) {
            return Ok(entry);
        }
        let mut target = Vec::new();
        let result = self.read(&entry, &mut |reader| {
            target = memory::read_all(reader, LINK)?;
            Ok(())
        });
        if let Err(error) = result {
            let kind = if error.kind() == io::ErrorKind::PermissionDenied {
                ProblemKind::Encrypted
            } else {
                kind_of(&error)
            };
            return Err((entry.shown(), problem(kind, error.to_string())));
        }
        let target = String::from_utf8_lossy(&target).into_owned();
        entry.problems.extend(link_problem(&entry.path, &target));
        entry.kind = EntryKind::Link(target);
        entry.size = 0;
        Ok(entry)
    }

    /// Reads an encrypted member with the first password that opens it.
    fn decrypt(&self, member: &Member, then: &mut Use<'_>) -> io::Result<()> {
        for password in &self.passwords {
            // One byte in 256 passes the older cipher's own check: only the checksum is proof.
            if !member.is_aes && !self.proves(member, password) {
                continue;
            }
            match member.read(&*self.bytes, Some(password), then) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                result => return result,
            }
        }
        let detail = "encrypted, and no given password opens it";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, detail))
    }

    fn proves(&self, member: &Member, password: &str) -> bool {
        let mut check = |reader: &mut dyn Read| io::copy(reader, &mut io::sink()).map(drop);
        member.read(&*self.bytes, Some(password), &mut check).is_ok()
    }
}

impl Volume for Zip {
    fn entries(&self) -> Vec<Result<Entry, (String, Problem)>> {
        self.entries.clone()
    }

    fn read(&self, entry: &Entry, then: &mut Use<'_>) -> io::Result<()> {
        let member = self.members.get(entry.index).ok_or(io::ErrorKind::NotFound)?;
        if member.is_encrypted() {
            return self.decrypt(member, then);
        }
        member.read(&*self.bytes, None, then)
    }

    fn reopen(&self, entry: &Entry) -> Option<Arc<dyn Reopen>> {
        let member = self.members.get(entry.index)?;
        if !member.is_plain() {
            return None;
        }
        let start = member.data_start(&mut *self.bytes.reopen().ok()?).ok()?;
        Some(Arc::new(Window { bytes: Arc::clone(&self.bytes), start, size: member.compressed }))
    }
}
