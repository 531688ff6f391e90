//! Names of programs as tools print them: cut, escaped, joined with arguments.

use crate::model::observation::ProcessName;

/// The last part of a path, without the `-` of a login shell.
pub fn base_name(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.strip_prefix('-').unwrap_or(base)
}

/// Whether two names can belong to one program: equal but for case, or one the beginning of the other
/// (`softwareu` and `softwareupdate`, `Python` and `python3`).
pub fn compatible(one: &ProcessName, other: &ProcessName) -> bool {
    let (a, b) = (one.text.to_lowercase(), other.text.to_lowercase());
    if a == b {
        return true;
    }
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    short.len() >= 3 && long.starts_with(short.as_str())
}

/// The executable in a command line that `ps` printed with its arguments joined by blanks.
///
/// A path may contain blanks itself. The known name decides; without one, the path ends at the first
/// blank that is not inside a bundle's own name or `Application Support`.
pub fn executable_of(command: &str, name: Option<&ProcessName>) -> String {
    let command = command.trim();
    if !command.starts_with('/') {
        return command.split_whitespace().next().unwrap_or_default().to_owned();
    }
    let ends: Vec<usize> = command
        .match_indices(' ')
        .map(|(at, _)| at)
        .take(24)
        .chain(std::iter::once(command.len()))
        .collect();
    let candidates = || ends.iter().filter_map(|end| command.get(..*end));
    if let Some(bundle) = candidates().find(|path| ends_in_bundle_name(path)) {
        return bundle.to_owned();
    }
    let by_name = name.and_then(|name| {
        candidates().find(|path| {
            let base = ProcessName { text: base_name(path).into(), cut: false };
            let exact = base.text.len() >= name.text.len();
            exact && compatible(&base, name)
        })
    });
    let first = candidates().find(|path| !path.ends_with("/Application"));
    by_name.or(first).unwrap_or(command).to_owned()
}

/// `…/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper`.
fn ends_in_bundle_name(path: &str) -> bool {
    let Some((bundle, executable)) = path.rsplit_once("/Contents/MacOS/") else { return false };
    let bundle = bundle.rsplit('/').next().unwrap_or_default();
    bundle.split_once('.').is_some_and(|(stem, _)| stem == executable)
        || bundle.rsplit_once('.').is_some_and(|(stem, _)| stem == executable)
}
