//! A path in the evidence → the acquisition it belongs to: the folder that stands for a Mac's root,
//! the folder of a collector, or the directory of loose captures.

use std::collections::BTreeMap;

/// What kind of folder a root is. Ordered: the greater one wins for the same folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootKind {
    /// Captures without a collector's or a Mac's layout around them.
    Loose,
    /// A Mac's file tree, or part of one.
    Tree,
    /// UAC's layout (formats.md 3.1).
    Uac,
}

/// The folder of an acquisition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// Index of the evidence.
    pub evidence: usize,
    /// Path of the folder with a slash behind it, or empty.
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
    &["applications", "*", "contents"],
];

/// Folders and files that UAC puts at the top of its output.
const UAC: &[&str] = &[
    "[root]",
    "live_response",
    "uac.log",
    "bodyfile",
    "hash_executables",
    "chkrootkit",
    "memory_dump",
];

/// The root that a path shows by itself, and what kind it is.
fn shown_by(path: &str) -> (String, RootKind) {
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
    if let Some(at) = lower.iter().position(|part| UAC.contains(&part.as_str())) {
        return (prefix(at), RootKind::Uac);
    }
    let tree = (0..lower.len()).find(|&at| {
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
    /// Learns the roots that these `(evidence, path)` pairs show.
    pub fn learn<'a>(paths: impl Iterator<Item = (usize, &'a str)>) -> Self {
        let mut roots = Self::default();
        for (evidence, path) in paths {
            let (prefix, kind) = shown_by(path);
            let known = roots.kinds.entry(Root { evidence, prefix }).or_insert(kind);
            *known = kind.max(*known);
        }
        roots
    }

    /// The root of a path: the deepest tree or collector folder around it in the same container,
    /// else its own directory.
    pub fn of(&self, evidence: usize, path: &str) -> Root {
        let (own, kind) = shown_by(path);
        if kind != RootKind::Loose {
            return Root { evidence, prefix: own };
        }
        let container = own.rfind("!/").map_or(0, |at| at.saturating_add(2));
        let mut folder = own.as_str();
        loop {
            let root = Root { evidence, prefix: folder.to_owned() };
            if self.kinds.get(&root).is_some_and(|kind| *kind != RootKind::Loose) {
                return root;
            }
            if folder.len() <= container {
                return Root { evidence, prefix: own };
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

/// The path of a file on its Mac, with a leading slash: what follows the root, and UAC's `[root]`.
pub fn host_path(root: &Root, path: &str) -> String {
    let inside = path.strip_prefix(&root.prefix).unwrap_or(path);
    let inside = inside.strip_prefix("[root]/").unwrap_or(inside);
    let path = format!("/{inside}");
    // A firmlink shows the data volume at the root as well; `/private` stays, as bodyfiles have it.
    match path.strip_prefix("/System/Volumes/Data/") {
        Some(rest) => format!("/{rest}"),
        None => path,
    }
}
