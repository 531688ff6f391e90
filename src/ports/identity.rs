//! Paths and labels as they differ between versions, users and launches → what stays the same
//! (scoring.md 6.6).

use super::place::{canonical, file_name};

/// A path without what changes between versions, users and launches.
///
/// | given | normalised |
/// |---|---|
/// | `/opt/homebrew/Cellar/x/1.2.3/bin/x`, `/opt/homebrew/opt/x/bin/x` | `/opt/homebrew/Cellar/x/*/bin/x` |
/// | `/Users/ana/bin/x` | `~/bin/x` |
/// | `/private/var/folders/…/T/AppTranslocation/<uuid>/d/X.app/…` | `<translocated>/X.app/…` |
/// | `…/Versions/118.0.1/…`, `…/node/v18.17.0/…` | `…/Versions/*/…`, `…/node/*/…` |
/// | a UUID | `<uuid>` |
///
/// Doing so twice changes nothing more.
pub fn normalise_path(path: &str) -> String {
    let path = canonical(path);
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "var", "folders", _, _, "T", "AppTranslocation", ..] => without_versions(&path, "*"),
        ["", "var", "folders", _, _, rest @ ..] => joined("/var/folders/*/*", rest, "*"),
        ["", "Users", user, rest @ ..] if *user != "Shared" && !user.is_empty() => {
            joined("~", rest, "*")
        }
        _ => without_versions(&path, "*"),
    }
}

/// The same, but what is of one user stays so; with `mark` for what changes between versions.
pub fn without_versions(path: &str, mark: &str) -> String {
    let path = canonical(path);
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "var", "folders", _, _, "T", "AppTranslocation", _, rest @ ..] => {
            let rest = if let ["d", rest @ ..] = rest { rest } else { rest };
            joined("<translocated>", rest, mark)
        }
        ["", "opt", "homebrew", rest @ ..] => homebrew("/opt/homebrew", rest, mark),
        ["", "usr", "local", rest @ ..] => homebrew("/usr/local", rest, mark),
        [first, rest @ ..] => joined(first, rest, mark),
        [] => String::new(),
    }
}

/// The linked `opt/x` and the versions below `Cellar/x` are one place.
fn homebrew(prefix: &str, rest: &[&str], mark: &str) -> String {
    match rest {
        ["opt", formula, rest @ ..] => {
            joined(&format!("{prefix}/Cellar/{formula}/{mark}"), rest, mark)
        }
        [folder @ ("Cellar" | "Caskroom"), formula, _, rest @ ..] => {
            joined(&format!("{prefix}/{folder}/{formula}/{mark}"), rest, mark)
        }
        rest => joined(prefix, rest, mark),
    }
}

fn joined(first: &str, rest: &[&str], mark: &str) -> String {
    let mut path = without_uuids(first);
    for part in rest {
        path.push('/');
        path.push_str(&if is_version(part) { mark.to_owned() } else { without_uuids(part) });
    }
    path
}

/// Whether a part of a path is a version: `1.2.3`, `v18.17.0`, `3.11`, `118.0.5993.88`, `2.0.1_1`.
fn is_version(part: &str) -> bool {
    let rest = part.strip_prefix('v').unwrap_or(part);
    let numbers: Vec<&str> = rest.split(['.', '_', '-', '+']).collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    rest.contains('.') && numbers.len() >= 2 && numbers.iter().all(is_number)
}

/// A label without what changes between launches: the session prefix of macOS 10.9 and before
/// (`[0x0-0x5d05d].com.foo`), the instance numbers of applications (`application.com.foo.123.456`) and UUIDs.
pub fn normalise_label(label: &str) -> String {
    let mut label = label;
    while let Some(rest) = label.strip_prefix("[0x").and_then(|rest| rest.split_once("].")) {
        label = rest.1;
    }
    if label.starts_with("application.") {
        while let Some((front, last)) = label.rsplit_once('.') {
            let is_number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
            if !is_number || front == "application" {
                break;
            }
            label = front;
        }
    }
    without_uuids(label)
}

/// The text with `<uuid>` for each UUID in it.
fn without_uuids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(tail) = after_uuid(rest) {
            out.push_str("<uuid>");
            rest = tail;
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// What follows a UUID at the start of a text.
fn after_uuid(text: &str) -> Option<&str> {
    let head = text.as_bytes().get(..36)?;
    let is_uuid = head.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    if is_uuid { text.get(36..) } else { None }
}

/// The outermost application bundle on a path (`/Applications/X.app`), to which the helpers inside belong.
pub fn outermost_bundle(path: &str) -> Option<&str> {
    let mut end = 0_usize;
    for part in path.split('/') {
        end = end.saturating_add(part.len());
        if part.strip_suffix(".app").is_some_and(|stem| !stem.is_empty()) {
            return path.get(..end);
        }
        end = end.saturating_add(1);
    }
    None
}

/// What identifies a program, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Team that signed it.
    pub team_id: Option<&'a str>,
    /// Label of its job.
    pub label: Option<&'a str>,
    /// Path of its executable.
    pub path: Option<&'a str>,
    /// Its name.
    pub name: Option<&'a str>,
}

/// Whether `b` is `a`, or a later version of it: an upgrade and no takeover.
///
/// The same team; or the same normalised path; or the same label and the same vendor's folder. A label
/// alone is not enough where both paths are known, since whoever replaces a job's program keeps its label.
/// The name alone counts only where neither path is known.
pub fn same_program_upgraded(a: &Identity<'_>, b: &Identity<'_>) -> bool {
    let both = |a: Option<&str>, b: Option<&str>| a.is_some() && a == b;
    if let (Some(a), Some(b)) = (a.team_id, b.team_id) {
        return a == b;
    }
    let label = |identity: &Identity<'_>| {
        identity.label.map(|label| without_formula_version(&normalise_label(label)))
    };
    let path = |path: &str| without_formula_version(&normalise_path(path));
    let same_label = label(a).is_some() && label(a) == label(b);
    match (a.path, b.path) {
        (Some(a), Some(b)) => {
            path(a) == path(b)
                || (same_label
                    && vendor_folder(a).is_some()
                    && vendor_folder(a) == vendor_folder(b))
        }
        (None, None) if a.label.is_some() && b.label.is_some() => same_label,
        (None, None) => both(a.name, b.name),
        (path, other) => {
            let file = path.or(other).map(file_name);
            let name = a.name.or(b.name);
            both(file, name) || (same_label && name.is_none())
        }
    }
}

/// The text without the versions that Homebrew puts into names: `postgresql` for `postgresql@16`.
pub fn without_formula_version(text: &str) -> String {
    let mut parts = text.split('@');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(part.len());
        let (version, rest) = part.split_at(end);
        let ends_there = rest.is_empty() || rest.starts_with('/');
        if !version.starts_with(|c: char| c.is_ascii_digit()) || !ends_there {
            out.push('@');
            out.push_str(version);
        }
        out.push_str(rest);
    }
    out
}

/// The folder that a vendor's programs lie in, without its version: the outermost bundle's name, or the
/// first folder below those that vendors share. `None` for shared folders such as `/usr/local/bin`.
fn vendor_folder(path: &str) -> Option<String> {
    let path = normalise_path(path);
    if let Some(bundle) = outermost_bundle(&path) {
        return Some(file_name(bundle).to_owned());
    }
    let shared = [
        "/Library/Application Support/",
        "/Library/PrivilegedHelperTools/",
        "/opt/homebrew/Cellar/",
        "/usr/local/Cellar/",
        "/Library/",
        "/opt/",
        "/usr/local/",
        "~/Library/Application Support/",
    ];
    let rest = shared.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let (folder, _) = rest.split_once('/')?;
    if matches!(folder, "bin" | "sbin" | "lib" | "libexec" | "share" | "opt" | "homebrew") {
        return None;
    }
    // mysql-8.0.36-macos13-arm64 is another version of mysql.
    let end = folder.match_indices('-').map(|(at, _)| at).find(|at| {
        let tail = folder.get(at.saturating_add(1)..).unwrap_or_default();
        tail.starts_with(|c: char| c.is_ascii_digit())
    });
    Some(end.and_then(|end| folder.get(..end)).unwrap_or(folder).to_owned())
}
