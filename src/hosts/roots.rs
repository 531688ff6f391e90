//! A path in the evidence → the acquisition it belongs to: the folder that stands for a Mac's root,
//! the folder of a collector, or the directory of loose captures.

use super::layouts::{self, Layout};
use crate::artifacts::reading::percent_decoded;
use std::collections::BTreeMap;

/// What kind of folder a root is. Ordered: the greater one wins for the same folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootKind {
    /// Captures without a collector's or a Mac's layout around them.
    Loose,
    /// A Mac's file tree, or part of one.
    Tree,
    /// What a collector wrote.
    Collector(&'static Layout),
}

/// The folder of an acquisition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// Index of the evidence.
    pub evidence: usize,
    /// Path of the folder with a slash behind it, or empty; where a run of a collector has no folder of its own,
    /// what the names of its files begin with.
    pub prefix: String,
}

/// First parts of a Mac's tree that tell where its root is; `*` stands for any one part.
/// The order does not matter: the leftmost match in a path wins.
const TREE: &[&[&str]] = &[
    &["system", "volumes", "data"],
    &["system", "library"],
    &["library", "launchdaemons"],
    &["library", "launchagents"],
    &["library", "preferences"],
    &["library", "apple"],
    &["private", "etc"],
    &["private", "var"],
    &["etc", "services"],
    &["etc", "localtime"],
    &["etc", "ssh"],
    &["var", "db"],
    &["var", "log"],
    &["users", "*", "library"],
    &["users", "*", "applications"],
    &["applications", "*", "contents"],
];

/// The root that the path of a file shows by itself, and what kind it is. `artifact` is what reads something in the file.
fn shown_by(path: &str, artifact: Option<&str>) -> (String, RootKind) {
    let (outer, inner) = match path.rfind("!/") {
        Some(at) => path.split_at(at.saturating_add(2)),
        None => ("", path),
    };
    let parts: Vec<&str> = inner.split('/').collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let prefix = |count: usize| {
        let kept = parts.iter().take(count).map(|part| format!("{part}/"));
        format!("{outer}{}", kept.collect::<String>())
    };
    let name = parts.last().copied().unwrap_or_default();
    if let Some((layout, length)) = layouts::shown_by_name(name) {
        let folder = prefix(parts.len().saturating_sub(1));
        let run = name.get(..length).unwrap_or_default();
        return (format!("{folder}{run}"), RootKind::Collector(layout));
    }
    if let Some((layout, at)) = layouts::shown_by(&lower, artifact) {
        return (prefix(at), RootKind::Collector(layout));
    }
    // What an application bundle holds is of the Mac that the bundle is on.
    let bundle = lower.iter().position(|part| part.strip_suffix(".app").is_some());
    let tree = (0..bundle.unwrap_or(lower.len())).find(|&at| {
        let rest = lower.get(at..).unwrap_or_default();
        TREE.iter().any(|pattern| matches(rest, pattern))
    });
    if let Some(at) = tree {
        return (prefix(at), RootKind::Tree);
    }
    // A capture that was only compressed (`netstat.txt.gz!/netstat.txt`) lies where its container lies.
    if parts.len() == 1 && is_compressed_file(outer) {
        let container = outer.trim_end_matches("!/");
        let folder = container.rfind('/').map_or(0, |at| at.saturating_add(1));
        return (container.get(..folder).unwrap_or_default().to_owned(), RootKind::Loose);
    }
    (prefix(parts.len().saturating_sub(1)), RootKind::Loose)
}

fn matches(parts: &[String], pattern: &[&str]) -> bool {
    parts.len() > pattern.len().saturating_sub(1)
        && pattern.iter().zip(parts).all(|(want, part)| *want == "*" || want == part)
}

fn is_compressed_file(outer: &str) -> bool {
    let container = outer.trim_end_matches("!/").to_lowercase();
    let stem = [".gz", ".xz", ".bz2", ".zst"].iter().find_map(|end| container.strip_suffix(end));
    stem.is_some_and(|stem| stem.rsplit('.').next() != Some("tar"))
}

/// All roots of a run.
#[derive(Debug, Default)]
pub struct Roots {
    kinds: BTreeMap<Root, RootKind>,
}

impl Roots {
    /// Learns the roots that these files show: evidence, path and the artifact that reads it.
    pub fn learn<'a>(files: impl Iterator<Item = (usize, &'a str, Option<&'a str>)>) -> Self {
        let mut roots = Self::default();
        for (evidence, path, artifact) in files {
            let (prefix, kind) = shown_by(path, artifact);
            let known = roots.kinds.entry(Root { evidence, prefix }).or_insert(kind);
            *known = kind.max(*known);
        }
        roots
    }

    /// The root of a path: the deepest tree or collector folder around it in the same container,
    /// else its own directory. A tree that a collector copied belongs to the collector's folder.
    pub fn of(&self, evidence: usize, path: &str, artifact: Option<&str>) -> Root {
        let (own, kind) = shown_by(path, artifact);
        let around = self.around(evidence, &own);
        let root = match kind {
            RootKind::Collector(_) => None,
            RootKind::Tree => around.filter(|root| match self.kind(root) {
                RootKind::Collector(layout) => {
                    let inside = own.strip_prefix(&root.prefix).unwrap_or_default();
                    layout.in_tree(inside).is_some()
                }
                RootKind::Tree | RootKind::Loose => false,
            }),
            RootKind::Loose => around,
        };
        root.unwrap_or(Root { evidence, prefix: own })
    }

    /// The deepest tree or collector folder that is or holds a folder, in the same container.
    fn around(&self, evidence: usize, own: &str) -> Option<Root> {
        let container = own.rfind("!/").map_or(0, |at| at.saturating_add(2));
        let mut folder = own;
        loop {
            let root = Root { evidence, prefix: folder.to_owned() };
            let is_own_tree = folder == own && self.kind(&root) == RootKind::Tree;
            if self.kind(&root) != RootKind::Loose && !is_own_tree {
                return Some(root);
            }
            if folder.len() <= container {
                return None;
            }
            let parent = folder.trim_end_matches('/');
            let end = parent.rfind('/').map_or(0, |at| at.saturating_add(1)).max(container);
            folder = own.get(..end).unwrap_or_default();
        }
    }

    /// What kind of folder a root is.
    pub fn kind(&self, root: &Root) -> RootKind {
        self.kinds.get(root).copied().unwrap_or(RootKind::Loose)
    }

    /// The root of the archive or folder of the same name beside an acquisition log.
    pub fn beside_log(&self, evidence: usize, log: &str) -> Option<Root> {
        let stem = log.strip_suffix(".log")?;
        let ends = [
            "/",
            ".tar.gz!/",
            ".tgz!/",
            ".tar!/",
            ".zip!/",
            ".tar.xz!/",
            ".tar.bz2!/",
            ".tar.zst!/",
        ];
        let starts: Vec<String> = ends.iter().map(|end| format!("{stem}{end}")).collect();
        self.kinds
            .iter()
            .filter(|(root, kind)| root.evidence == evidence && **kind != RootKind::Loose)
            .find(|(root, _)| starts.iter().any(|start| root.prefix.starts_with(start)))
            .map(|(root, _)| root.clone())
    }
}

/// The path of a file on its Mac, with a leading slash: what follows the root, and in a collector's
/// folder what follows the copy of the Mac's own root.
pub fn host_path(kind: RootKind, root: &Root, path: &str) -> String {
    let inside = path.strip_prefix(&root.prefix).unwrap_or(path);
    let path = match kind {
        RootKind::Collector(layout) => {
            let inside = layout.in_tree(inside).unwrap_or(inside);
            if layout.percent_encoded {
                // Some accessors keep the slash in front, as `%2F`.
                format!("/{}", percent_decoded(inside).trim_start_matches('/'))
            } else {
                format!("/{inside}")
            }
        }
        RootKind::Tree | RootKind::Loose => format!("/{inside}"),
    };
    // A firmlink shows the data volume at the root as well; `/private` stays, as bodyfiles have it.
    match path.strip_prefix("/System/Volumes/Data/") {
        Some(rest) => format!("/{rest}"),
        None => path,
    }
}
