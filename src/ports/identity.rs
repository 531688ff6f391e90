//! placeholder, replaced by the normalising functions

/// Path.
pub fn normalise_path(path: &str) -> String {
    path.to_owned()
}

/// Label.
pub fn normalise_label(label: &str) -> String {
    label.to_owned()
}
