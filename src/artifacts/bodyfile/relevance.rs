//! A path and a mode → whether the file can matter to a question about ports.

/// Why a row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relevance {
    /// A property list in a launchd folder.
    Job,
    /// An executable file outside the system's own folders.
    Program,
    /// Any file where programs are staged.
    Staged,
}

/// Folders on the sealed system volume, or as good as: their programs are Apple's.
const SYSTEM: &[&str] =
    &["/System/", "/usr/", "/bin/", "/sbin/", "/Library/Apple/", "/private/var/db/", "/dev/"];

/// Folders that anyone may write to.
const SHARED: &[&str] = &[
    "/tmp/",
    "/private/tmp/",
    "/var/tmp/",
    "/private/var/tmp/",
    "/Users/Shared/",
    "/var/root/",
    "/private/var/root/",
];

/// Folders of a home that hold hundreds of thousands of files and no programs; executable files in
/// them are kept all the same.
const BULK: &[&str] = &[
    "/Library/Caches/",
    "/Library/Logs/",
    "/Library/Mail/",
    "/Library/Messages/",
    "/Library/Metadata/",
    "/Library/Biome/",
    "/Library/Developer/",
    "/Library/Mobile Documents/",
    "/Library/Photos/",
    "/Library/Safari/",
    "/.git/",
    "/node_modules/",
    "/.npm/",
    "/.cargo/registry/",
    "/.rustup/",
    "/.DocumentRevisions-V100/",
    "/.Spotlight-V100/",
    "/.fseventsd/",
];

/// Whether and why a file is kept; `mode` as `ls -l` prints it.
pub fn of(path: &str, mode: &str) -> Option<Relevance> {
    if mode.starts_with('d') {
        return None;
    }
    let (_, ending) = path.rsplit_once('.').unwrap_or_default();
    if ending.eq_ignore_ascii_case("plist") && in_launch_folder(path) {
        return Some(Relevance::Job);
    }
    let system = SYSTEM.iter().any(|folder| path.starts_with(folder))
        && !path.starts_with("/usr/local/")
        && !path.starts_with("/System/Volumes/");
    if is_executable(mode) && !system && !inside_bundle(path) {
        return Some(Relevance::Program);
    }
    let home = path.strip_prefix("/Users/").and_then(|rest| rest.split_once('/'));
    let library = home.is_some_and(|(_, rest)| rest.starts_with("Library/"));
    let shared = SHARED.iter().any(|folder| path.starts_with(folder));
    let hidden = !system && path.contains("/.") && has_hidden_folder(path);
    let bulk = BULK.iter().any(|folder| path.contains(folder));
    (shared || ((library || hidden) && !bulk)).then_some(Relevance::Staged)
}

/// `…/Library/LaunchDaemons/x.plist`, also deeper and inside application bundles.
fn in_launch_folder(path: &str) -> bool {
    ["/LaunchDaemons/", "/LaunchAgents/", "/LaunchAngels/", "/com.apple.xpc.launchd/"]
        .iter()
        .any(|folder| path.contains(folder))
}

/// A regular file with an execute bit.
fn is_executable(mode: &str) -> bool {
    let bit =
        |at: usize| mode.as_bytes().get(at).is_some_and(|bit| matches!(bit, b'x' | b's' | b't'));
    mode.starts_with('-') && (bit(3) || bit(6) || bit(9))
}

/// The parts of an installed application that are many and never started by themselves.
fn inside_bundle(path: &str) -> bool {
    path.starts_with("/Applications/")
        && [".app/Contents/Resources/", ".app/Contents/Frameworks/", ".app/Contents/PlugIns/"]
            .iter()
            .any(|part| path.contains(part))
}

/// Whether a folder on the way begins with a dot.
fn has_hidden_folder(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|folder| folder.len() > 1 && folder.starts_with('.'))
}
