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

/// `file:///Library/A%20B.plist` → `/Library/A B.plist`.
pub(super) fn path_of_url(url: &str) -> Option<String> {
    let mut rest = url.strip_prefix("file://")?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
