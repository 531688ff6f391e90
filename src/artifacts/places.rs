//! A directory of a Mac's volume → whether an artifact can lie in it or below it.
//!
//! A disk has a million files, and a few hundred of them say something about ports. What is listed here is walked; the rest
//! is counted and told, and read on demand (`--full-walk`).

/// Directories, as paths from the root of a volume, in lower case. `*` stands for one part, or for a piece of one
/// (`*.app`, `.*`); `**` in the middle for any number of parts that are no application bundles, at the end for everything below.
const PLACES: &[&str] = &[
    // Jobs (formats.md 4.1), and what switches them on and off.
    "library/launchagents/**",
    "library/launchdaemons/**",
    "library/apple/system/library/launchagents/**",
    "library/apple/system/library/launchdaemons/**",
    "system/library/launchagents/**",
    "system/library/launchdaemons/**",
    "system/library/launchangels/**",
    "system/library/nexus/**",
    "system/library/xpc/**",
    "users/*/library/launchagents/**",
    "private/var/root/library/launchagents/**",
    "private/var/db/com.apple.xpc.launchd/**",
    "private/var/db/launchd.db/**",
    "private/var/db/com.apple.backgroundtaskmanagement/**",
    "users/*/library/application support/com.apple.backgroundtaskmanagementagent/**",
    "library/startupitems/**",
    // Jobs inside application bundles (SMAppService, SMLoginItemSetEnabled).
    "applications/**/*.app/contents/library/launchagents/**",
    "applications/**/*.app/contents/library/launchdaemons/**",
    "applications/**/*.app/contents/library/loginitems/**",
    "users/*/applications/**/*.app/contents/library/launchagents/**",
    "users/*/applications/**/*.app/contents/library/launchdaemons/**",
    "users/*/applications/**/*.app/contents/library/loginitems/**",
    "library/application support/**/*.app/contents/library/launchagents/**",
    "library/application support/**/*.app/contents/library/launchdaemons/**",
    "library/application support/**/*.app/contents/library/loginitems/**",
    "library/privilegedhelpertools/**",
    // `brew services` keeps the property list beside the program.
    "opt/homebrew/cellar/*/*",
    "opt/homebrew/opt",
    "opt/homebrew/etc/**",
    "opt/homebrew/var/log/**",
    "usr/local/cellar/*/*",
    "usr/local/opt",
    "usr/local/etc/**",
    "usr/local/var/log/**",
    // Who the Mac is, where, and how it is set up.
    "system/library/coreservices",
    "library/preferences/**",
    "library/managed preferences/**",
    "library/systemextensions",
    "private/etc/**",
    "private/var/db",
    "private/var/db/timezone/**",
    "private/var/db/systempolicyconfiguration/**",
    "private/var/networkd/**",
    "private/var/preferences/**",
    "users/*/library/preferences/**",
    // Logs, and what crashed.
    "private/var/log/**",
    "private/var/root/library/logs/**",
    "library/logs/**",
    "users/*/library/logs/**",
    // What sensors and collectors leave.
    "private/var/osquery/**",
    "library/application support/jamfprotect/**",
    "library/application support/objective-see/**",
    "opt/velociraptor/**",
    // Captures that somebody saved, archives of a triage, and where programs are staged.
    "",
    "private/tmp/**",
    "private/var/tmp/**",
    "private/var/root",
    "private/var/root/desktop/**",
    "private/var/root/documents/**",
    "private/var/root/downloads/**",
    "users",
    "users/*",
    "users/*/desktop/**",
    "users/*/documents/**",
    "users/*/downloads/**",
    "users/*/public/**",
    "users/*/.*",
    "users/*/library/application support/*",
    "users/shared/**",
    "usr/local/bin",
    "usr/local/libexec",
    "usr/local/sbin",
];

/// Whether a walk enters the directory at `path` (from the root of its volume, without a leading slash): an artifact can
/// lie in it, or it leads to one where that is so.
pub fn leads_to_artifacts(path: &str) -> bool {
    let lower = path.to_lowercase();
    // The data volume as macOS mounts it in the system volume.
    let lower = lower.strip_prefix("system/volumes/data/").unwrap_or(&lower);
    let parts: Vec<&str> = lower.split('/').filter(|part| !part.is_empty()).collect();
    PLACES.iter().any(|place| leads(place, &parts))
}

/// `pattern` is what is left of a place; an empty one has no directories below it.
fn leads(pattern: &str, parts: &[&str]) -> bool {
    let Some((part, deeper)) = parts.split_first() else { return true };
    let (wanted, rest) = pattern.split_once('/').unwrap_or((pattern, ""));
    match (wanted, rest) {
        ("", _) => false,
        ("**", "") => true,
        ("**", rest) => leads(rest, parts) || (!is_one("*.app", part) && leads(pattern, deeper)),
        (wanted, rest) => is_one(wanted, part) && leads(rest, deeper),
    }
}

fn is_one(wanted: &str, part: &str) -> bool {
    match wanted.split_once('*') {
        Some((start, end)) => part.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => wanted == part,
    }
}
