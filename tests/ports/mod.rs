//! Owners, lives and families of bindings.

mod lives;
mod logs;
mod text_logs;
mod tools;
