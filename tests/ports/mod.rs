//! Owners, lives and families of bindings.

mod coverage;
mod lives;
mod logs;
mod text_logs;
mod tools;
