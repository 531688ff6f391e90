//! What `launchctl` printed at the capture.

pub mod disabled;
pub mod list;
pub mod print;
