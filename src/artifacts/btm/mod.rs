//! Background Task Management (macOS 13 and later): what may launch in the background, and who allowed it.

pub mod dump;
pub mod store;

use super::Emitter;
use super::reading::path_of_url;
use crate::model::observation::{BackgroundItem, ItemKind, Known};

/// An item with nothing known but what its identifier says: `16.com.example.helper` → the label.
fn item(owner: &str, identifier: &str, out: &mut Emitter) -> BackgroundItem {
    let number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let label = match identifier.split_once('.') {
        Some((kind, label)) if number(&kind) => label,
        _ => identifier,
    };
    BackgroundItem {
        owner: out.text(owner),
        identifier: out.text(identifier),
        label: out.text(label),
        ..BackgroundItem::default()
    }
}

/// A path as the store and its dump write it: a URL, a path, or one inside the parent's bundle.
fn path_of(url: &str) -> Option<String> {
    let url = url.trim();
    match path_of_url(url) {
        Some(path) => Some(path),
        None => (!url.is_empty() && !url.contains("://")).then(|| url.to_owned()),
    }
}

/// The kind of an item by the bits of its type, and whether it is a legacy one.
fn kind_of_bits(bits: u64) -> (ItemKind, bool) {
    let kinds = [
        (0x2, ItemKind::App),
        (0x4, ItemKind::LoginItem),
        (0x8, ItemKind::Agent),
        (0x10, ItemKind::Daemon),
        (0x20, ItemKind::Developer),
    ];
    let mut found = kinds.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, kind)| *kind);
    let kind = match (found.next(), found.next()) {
        (Some(kind), None) => kind,
        _ => ItemKind::Other,
    };
    (kind, bits & 0x1_0000 != 0)
}

/// Whether it is enabled and whether it is allowed, by the bits of a disposition.
fn disposition_of_bits(bits: u64) -> (Known, Known) {
    (Known::from(bits & 1 != 0), Known::from(bits & 2 != 0))
}
