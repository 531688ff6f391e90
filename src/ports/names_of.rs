//! Names of programs as tools print them: cut, escaped, joined with arguments.

use crate::model::observation::ProcessName;

/// The last part of a path, without the `-` of a login shell.
pub fn base_name(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.strip_prefix('-').unwrap_or(base)
}

/// Bytes at which lsof cuts names.
const LSOF_CUT: usize = 9;

/// Bytes from which on the kernel's own names may be cut without a tool saying so (`p_comm` has 15 or
/// 16, `p_name` 31 or 32).
const KERNEL_CUT: usize = 15;

/// Whether two names can belong to one program: equal but for case and version (`Python` and
/// `python3.11`), or one a name that was cut and the other going on from there.
pub fn compatible(one: &ProcessName, other: &ProcessName) -> bool {
    let (a, b) = (one.text.to_lowercase(), other.text.to_lowercase());
    a == b || goes_on(&a, one.cut, &b) || goes_on(&b, other.cut, &a)
}

/// Whether `long` is what `short` is the beginning of.
fn goes_on(short: &str, cut: bool, long: &str) -> bool {
    let Some(rest) = long.strip_prefix(short).filter(|_| short.len() >= 2) else { return false };
    let is_version = rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version || if cut { is_cut_of(short, long) } else { short.len() >= KERNEL_CUT }
}

/// Whether a name that a tool may have cut is the beginning of a longer one. lsof never splits an
/// escape: a name that it cut before nine bytes went on with one.
pub fn is_cut_of(cut: &str, long: &str) -> bool {
    long.strip_prefix(cut)
        .is_some_and(|rest| fills_its_column(cut) || rest.chars().next().is_none_or(is_escaped))
}

/// Whether a name is as long as the shortest column that tools cut names to.
pub fn fills_its_column(name: &str) -> bool {
    escaped_length(name) >= LSOF_CUT
}

/// Length of a name as lsof prints it.
fn escaped_length(name: &str) -> usize {
    let length = |c: char| match c {
        '\\' | '\t' | '\n' | '\r' | '\u{8}' | '\u{c}' => 2,
        c if is_escaped(c) => c.len_utf8().saturating_mul(4),
        _ => 1,
    };
    name.chars().map(length).sum()
}

/// Whether lsof prints a character as an escape.
fn is_escaped(c: char) -> bool {
    !c.is_ascii_graphic() || c == '\\'
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
    let ends_here = |path: &&str| {
        let rest = command.get(path.len()..).unwrap_or_default().trim_start();
        !path.ends_with("/Application") && !goes_on_in_bundle(rest)
    };
    let by_name = name.and_then(|name| {
        candidates().filter(ends_here).find(|path| {
            let base = ProcessName { text: base_name(path).into(), cut: false };
            let exact = base.text.len() >= name.text.len();
            exact && compatible(&base, name)
        })
    });
    let first = candidates().find(ends_here);
    by_name.or(first).unwrap_or(command).to_owned()
}

/// Whether the next word still belongs to a path: `Player.app/Contents/…` after `/Applications/Loud`.
fn goes_on_in_bundle(rest: &str) -> bool {
    let word = rest.split(' ').next().unwrap_or_default();
    let is_argument = word.starts_with(['/', '-']) || word.contains('=');
    !is_argument
        && [".app/", ".framework/", ".bundle/", ".xpc/"].iter().any(|end| word.contains(end))
}

/// `…/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper`.
fn ends_in_bundle_name(path: &str) -> bool {
    let Some((bundle, executable)) = path.rsplit_once("/Contents/MacOS/") else { return false };
    let bundle = bundle.rsplit('/').next().unwrap_or_default();
    bundle.split_once('.').is_some_and(|(stem, _)| stem == executable)
        || bundle.rsplit_once('.').is_some_and(|(stem, _)| stem == executable)
}
