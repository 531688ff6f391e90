//! The folders that collectors write: by what one knows them, and where in them a Mac's own files lie.

use crate::artifacts::collector::automactc::name::RunFile;

/// How a collector lays out what it brings.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    /// The collector, as `acquisitions` names it unless it says so itself.
    pub collector: &'static str,
    /// Files and folders by which its folder is known: what stands in front of them is the folder.
    /// In lower case, part by part; a `*` at the end stands for the rest of a part.
    markers: &'static [&'static [&'static str]],
    /// Beginnings of the name of its folder.
    named: &'static [&'static str],
    /// Folders in it that stand for the root of the Mac.
    trees: &'static [&'static [&'static str]],
    /// Whether it writes special bytes of the Mac's paths as `%3A`.
    pub percent_encoded: bool,
    /// Folders of daemons that are there whenever it copied all property lists of jobs.
    pub daemons: &'static [&'static str],
}

const DAEMONS: &[&str] = &["/system/library/launchdaemons/", "/library/launchdaemons/"];

/// The collectors whose folders are known (formats.md 3).
pub const LAYOUTS: &[Layout] = &[
    Layout {
        collector: "uac",
        markers: &[
            &["[root]"],
            &["live_response"],
            &["uac.log"],
            &["bodyfile"],
            &["hash_executables"],
            &["chkrootkit"],
            &["memory_dump"],
        ],
        named: &[],
        trees: &[&["[root]"]],
        percent_encoded: false,
        // UAC copies files, not folders: a Mac without daemons of third parties has no such folder in it.
        daemons: &["/system/library/launchdaemons/"],
    },
    Layout {
        collector: "velociraptor",
        markers: &[
            &["client_info.json"],
            &["collection_context.json"],
            &["uploads.json"],
            &["results", "macos.*"],
            &["results", "generic.system.pstree.json"],
        ],
        named: &[],
        trees: &[&["uploads", "*"]],
        percent_encoded: true,
        daemons: DAEMONS,
    },
    Layout {
        collector: "aftermath",
        markers: &[
            &["aftermath.log"],
            &["network", "lsof_output.txt"],
            &["persistence", "launchitems.txt"],
            &["processes", "true_tree_output.txt"],
            &["recon", "system_information.txt"],
        ],
        named: &["aftermath_"],
        trees: &[&["artifacts", "raw"]],
        percent_encoded: false,
        daemons: DAEMONS,
    },
    Layout {
        collector: "sysdiagnose",
        markers: &[
            &["sysdiagnose.log"],
            &["network-info", "netstat.txt"],
            &["network-info", "get-network-info.txt"],
        ],
        named: &["sysdiagnose_", "in_progress_sysdiagnose_"],
        trees: &[],
        percent_encoded: false,
        daemons: DAEMONS,
    },
];

/// The layout of `AutoMacTC`: its files lie in no folder of their own and have the name of their run in front.
const AUTOMACTC: Layout = Layout {
    collector: "automactc",
    markers: &[],
    named: &[],
    trees: &[],
    percent_encoded: false,
    daemons: DAEMONS,
};

/// The layout that the name of a file shows by itself, with the bytes of it that all files of its run have.
pub fn shown_by_name(name: &str) -> Option<(&'static Layout, usize)> {
    RunFile::of(name).map(|file| (&AUTOMACTC, file.run.len()))
}

/// The layout that a path shows, with the number of its parts that are the collector's folder. The
/// parts are in lower case; the last is the file.
pub fn shown_by(parts: &[String]) -> Option<(&'static Layout, usize)> {
    (0..parts.len()).find_map(|at| {
        let rest = parts.get(at..).unwrap_or_default();
        LAYOUTS.iter().find_map(|layout| {
            if layout.markers.iter().any(|marker| begins(rest, marker)) {
                return Some((layout, at));
            }
            let folder = rest.first().filter(|_| rest.len() > 1)?;
            let is_named = layout.named.iter().any(|start| folder.starts_with(start));
            is_named.then_some((layout, at.saturating_add(1)))
        })
    })
}

impl Layout {
    /// What follows a folder that stands for the Mac's root, if the path (from the collector's folder on)
    /// lies in one.
    pub fn in_tree<'a>(&self, inside: &'a str) -> Option<&'a str> {
        self.trees.iter().find_map(|tree| {
            let mut rest = inside;
            for want in *tree {
                let (part, after) = rest.split_once('/')?;
                is_part(want, &part.to_lowercase()).then_some(())?;
                rest = after;
            }
            Some(rest)
        })
    }
}

fn begins(parts: &[String], pattern: &[&str]) -> bool {
    parts.len() >= pattern.len()
        && pattern.iter().zip(parts).all(|(want, part)| is_part(want, part))
}

fn is_part(want: &str, part: &str) -> bool {
    match want.strip_suffix('*') {
        Some(start) => part.starts_with(start),
        None => part == want,
    }
}
