//! Names of files → which of them can be a later part of a disk image, and where such a part lies.

/// What the folder of a sparse bundle ends with.
pub(super) const BUNDLES: &[&str] = &[".sparsebundle", ".backupbundle"];

/// Whether a file can be a part of an image whose first file is another: `mac.E02`, `mac.raw.002`, `x.sparsebundle/bands/1f`.
/// Only its name is looked at.
pub fn can_be_part(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    is_segment(ending) || is_numbered(ending) || is_in_bundle(folder, name)
}

/// `E02` … `EZZ`, `s02` of SMART; the first segment is none.
fn is_segment(ending: &str) -> bool {
    let mut letters = ending.chars();
    let first = letters.next().unwrap_or_default();
    let rest = letters.as_str();
    matches!(first, 'E' | 'e' | 'S' | 's' | 'F' | 'f')
        && rest.len() == 2
        && rest.chars().all(|letter| letter.is_ascii_alphanumeric())
        && !matches!(rest, "00" | "01")
}

/// `002`, `015`; neither `000` nor `001`, one of which is the first.
fn is_numbered(ending: &str) -> bool {
    ending.len() == 3
        && ending.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(ending, "000" | "001")
}

fn is_in_bundle(folder: &str, name: &str) -> bool {
    let is_bundle = |folder: &str| {
        let lower = folder.to_lowercase();
        folder.is_empty() || BUNDLES.iter().any(|ending| lower.ends_with(ending))
    };
    match folder.strip_suffix("bands") {
        Some(around) if around.is_empty() || around.ends_with('/') => {
            is_bundle(around.trim_end_matches('/'))
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        _ => {
            !folder.is_empty()
                && is_bundle(folder)
                && matches!(name, "token" | "Info.bckup" | "lock")
        }
    }
}

/// The path of a part that is named relative to the folder of the first file.
pub fn beside(first: &str, part: &str) -> String {
    match first.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{part}"),
        None => part.to_owned(),
    }
}

/// The folder of the bundle whose `Info.plist` stands at `path`; empty where the bundle itself was given.
pub fn bundle_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
