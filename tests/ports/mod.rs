//! Owners, lives and families of bindings.

mod coverage;
mod lives;
mod logs;
mod records;
mod text_logs;
