//! Paths of programs as tools spell them → one spelling for each place on a Mac.

use std::borrow::Cow;

/// The last part of a path; the whole text if it has no slash.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Folders of the data volume that macOS shows at the root as well (firmlinks). Others of the same
/// name (`/System/Volumes/Data/usr/bin`) are not what stands at the root.
const FIRMLINKS: &[&str] =
    &["Applications", "Library", "Users", "Volumes", "cores", "opt", "private", "usr/local"];

/// One spelling for each place: `.`, `..` and doubled slashes resolved, `/private` taken off `/tmp`,
/// `/var` and `/etc`, the data volume's own prefix taken off what is firmlinked. Links are not known here.
pub fn canonical(path: &str) -> Cow<'_, str> {
    if !path.starts_with('/') {
        return Cow::Borrowed(path);
    }
    let path = resolved(path);
    let rest = path.strip_prefix("/System/Volumes/Data/").filter(|rest| {
        FIRMLINKS.iter().any(|link| {
            rest.strip_prefix(link).is_some_and(|tail| tail.is_empty() || tail.starts_with('/'))
        })
    });
    let path = rest.map_or(path.clone(), |rest| Cow::Owned(format!("/{rest}")));
    let rest = path.strip_prefix("/private").filter(|rest| {
        ["/tmp", "/var", "/etc"].iter().any(|link| {
            rest.strip_prefix(link).is_some_and(|tail| tail.is_empty() || tail.starts_with('/'))
        })
    });
    match rest {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => path,
    }
}

fn resolved(path: &str) -> Cow<'_, str> {
    let is_plain =
        path.split('/').skip(1).all(|part| !matches!(part, "" | "." | "..")) || path == "/";
    if is_plain {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    Cow::Owned(format!("/{}", kept.join("/")))
}
