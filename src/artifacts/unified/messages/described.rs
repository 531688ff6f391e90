//! The description of a dictionary, as Objective-C prints it into a log → its entries.

/// The value of a key of the outermost dictionary: entries stand on lines of their own, four blanks in;
/// what is nested stands further in, and line breaks in values are escaped.
pub(super) fn entry<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let entry = line.strip_prefix("    ")?.strip_suffix(';')?;
        let (found, value) = entry.split_once(" = ")?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        (found == key).then(|| bare.unwrap_or(value))
    })
}
