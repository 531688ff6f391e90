//! The folders that collectors write: by what one knows them, and where in them a Mac's own files lie.

use crate::artifacts::collector::automactc::name::RunFile;
use crate::model::observation::HostClaim;
use crate::pipeline::CONTAINERS;

/// How a collector lays out what it brings.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    /// The collector, as `acquisitions` names it unless it says so itself.
    pub collector: &'static str,
    /// Files and folders by which its folder is known, if a parser reads what they hold: what stands in front of
    /// them is the folder. A file that lies in no folder of the collector's must be one that only it writes.
    /// In lower case, part by part; a `*` at the end stands for the rest of a part.
    markers: &'static [&'static [&'static str]],
    /// Beginnings of the name of its folder.
    named: &'static [&'static str],
    /// Folders in it that stand for the root of the Mac.
    trees: &'static [&'static [&'static str]],
    /// Folders in it that hold property lists of jobs side by side, without the folders they lay in.
    flat: &'static [&'static [&'static str]],
    /// Whether the times in its names end in `Z` and are local all the same.
    pub false_utc: bool,
    /// Whether it writes special bytes of the Mac's paths as `%3A`.
    pub percent_encoded: bool,
    /// How the name of its folder or archive tells the Mac, if it does.
    host_name: Option<HostName>,
    /// Folders of daemons that are there whenever it copied all property lists of jobs.
    pub daemons: &'static [&'static str],
}

/// How the name of a folder or archive tells the Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HostName {
    /// What stands in front of it.
    before: &'static str,
    /// What stands behind it, with more; without, a time may.
    behind: Option<&'static str>,
    /// Whether it may be the serial number.
    or_serial: bool,
}

const DAEMONS: &[&str] = &["/system/library/launchdaemons/", "/library/launchdaemons/"];

/// Beginnings of the names of sysdiagnose's folders and archives, in lower case.
const SYSDIAGNOSE: &[&str] = &["sysdiagnose_", "in_progress_sysdiagnose_"];

/// Whether a folder or an archive is named as sysdiagnose names its own.
pub fn is_sysdiagnose(name: &str) -> bool {
    let name = name.to_lowercase();
    SYSDIAGNOSE.iter().any(|start| name.starts_with(start))
}

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
        flat: &[],
        false_utc: false,
        percent_encoded: false,
        // UAC copies files, not folders: a Mac without daemons of third parties has no such folder in it.
        host_name: Some(HostName { before: "uac-", behind: Some("-macos-"), or_serial: false }),
        daemons: &["/system/library/launchdaemons/"],
    },
    Layout {
        collector: "velociraptor",
        markers: &[
            &["client_info.json"],
            &["collection_context.json"],
            &["uploads", "*", "library"],
            &["uploads", "*", "system"],
            &["uploads", "*", "users"],
            &["uploads", "*", "private"],
            &["uploads", "*", "%2f*"],
            &["results", "macos.*"],
            &["results", "generic.system.pstree.json"],
        ],
        named: &[],
        trees: &[&["uploads", "*"]],
        flat: &[],
        false_utc: false,
        percent_encoded: true,
        host_name: None,
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
        flat: &[&["persistence", "raw"]],
        false_utc: true,
        percent_encoded: false,
        host_name: Some(HostName { before: "Aftermath_", behind: None, or_serial: true }),
        daemons: DAEMONS,
    },
    Layout {
        collector: "sysdiagnose",
        markers: &[
            &["sysdiagnose.log"],
            &["logs", "networking"],
            &["wifi", "netstat-pre.txt"],
            &["wifi", "netstat-post.txt"],
            &["network-info", "netstat.txt"],
            &["network-info", "get-network-info.txt"],
            &["network-info", "hostname.txt"],
            &["network-info", "lsof.txt"],
            &["network-info", "nettop.txt"],
            &["tasksummary.csv"],
            &["wifi", "netstat-pre.txt"],
            &["wifi", "netstat-post.txt"],
        ],
        named: SYSDIAGNOSE,
        trees: &[],
        flat: &[],
        false_utc: false,
        percent_encoded: false,
        host_name: None,
        daemons: DAEMONS,
    },
];

/// The layout of `AutoMacTC`: its files lie in no folder of their own and have the name of their run in front.
const AUTOMACTC: Layout = Layout {
    collector: "automactc",
    markers: &[],
    named: &[],
    trees: &[],
    flat: &[],
    false_utc: false,
    percent_encoded: false,
    host_name: None,
    daemons: DAEMONS,
};

/// The layout that the name of a file shows by itself, with the bytes of it that all files of its run have.
pub fn shown_by_name(name: &str) -> Option<(&'static Layout, usize)> {
    RunFile::of(name).map(|file| (&AUTOMACTC, file.run.len()))
}

/// The layout that a path shows, with the number of its parts that are the collector's folder. The
/// parts are in lower case; the last is the file, which that artifact reads. What no parser reads shows nothing:
/// anybody may give a file any name.
pub fn shown_by(parts: &[String], artifact: Option<&str>) -> Option<(&'static Layout, usize)> {
    let artifact = artifact.filter(|artifact| !CONTAINERS.contains(artifact))?;
    (0..parts.len()).find_map(|at| {
        let rest = parts.get(at..).unwrap_or_default();
        LAYOUTS.iter().find_map(|layout| {
            if layout.markers.iter().any(|marker| layout.is_shown(marker, rest, artifact)) {
                return Some((layout, at));
            }
            let folder = rest.first().filter(|_| rest.len() > 1)?;
            let is_named = layout.named.iter().any(|start| folder.starts_with(start));
            is_named.then_some((layout, at.saturating_add(1)))
        })
    })
}

impl Layout {
    /// Whether what follows a folder is a marker, and holds what the collector writes.
    fn is_shown(&self, marker: &[&str], rest: &[String], artifact: &str) -> bool {
        let is_lone_file = rest.len() == 1;
        begins(rest, marker) && (!is_lone_file || artifact.starts_with(self.collector))
    }

    /// The Mac that the name of the collector's folder or archive tells (formats.md 3.1, 3.3): the last resort.
    pub fn host_in_name(&self, name: &str) -> Option<HostClaim> {
        let pattern = self.host_name?;
        let name = name.trim_end_matches('!').strip_prefix(pattern.before)?;
        let name = match pattern.behind {
            Some(behind) => name.rsplit_once(behind)?.0,
            None => without_stamp(name.strip_suffix(".zip").unwrap_or(name)),
        };
        let serial = pattern.or_serial && is_serial(name);
        if name.is_empty() {
            None
        } else if serial {
            Some(HostClaim::Serial(name.into()))
        } else {
            Some(HostClaim::Name { rank: 4, name: name.into() })
        }
    }

    /// What follows a folder that stands for the Mac's root, if the path (from the collector's folder on)
    /// lies in one.
    pub fn in_tree<'a>(&self, inside: &'a str) -> Option<&'a str> {
        behind(inside, self.trees)
    }

    /// The name of a file that lies in a folder of flat copies.
    pub fn flat_name<'a>(&self, inside: &'a str) -> Option<&'a str> {
        behind(inside, self.flat).filter(|name| !name.contains('/'))
    }
}

/// A name without the time that version 1 of Aftermath puts behind it: `_2026-04-15T09_31_10Z`.
fn without_stamp(name: &str) -> &str {
    let at = name.len().saturating_sub("_2026-04-15T09_31_10Z".len());
    let is_stamp =
        |rest: &&str| rest.starts_with("_20") && rest.contains('T') && rest.ends_with('Z');
    name.get(at..).filter(is_stamp).and_then(|_| name.get(..at)).unwrap_or(name)
}

/// What follows one of these folders in a path that begins with it.
fn behind<'a>(path: &'a str, folders: &[&[&str]]) -> Option<&'a str> {
    folders.iter().find_map(|folder| {
        let mut rest = path;
        for want in *folder {
            let (part, after) = rest.split_once('/')?;
            is_part(want, &part.to_lowercase()).then_some(())?;
            rest = after;
        }
        Some(rest)
    })
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

/// Whether a text can only be Apple's serial number: capitals and digits, both.
fn is_serial(text: &str) -> bool {
    let fits = (10..=12).contains(&text.len());
    let plain = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    fits && plain && text.bytes().any(|byte| byte.is_ascii_digit())
}
