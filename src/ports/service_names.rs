//! placeholder, replaced by the embedded table

use crate::model::network::Protocol;

/// The port of a name.
pub fn port(name: &str, _protocol: Protocol) -> Option<u16> {
    match name {
        "ssh" => Some(22),
        "ipp" => Some(631),
        _ => None,
    }
}
