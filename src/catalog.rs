//! A doc comment → a page of the manual: the page a user reads is the comment a maintainer reads.

/// Declares a unit struct whose doc comment is also available as `MANUAL`.
///
/// ```text
/// catalog::entry! {
///     /// One sentence.
///     ///
///     /// ## What it proves
///     /// …
///     pub Lsof
/// }
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! catalog_entry {
    ($(#[doc = $line:literal])+ pub $name:ident) => {
        $(#[doc = $line])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $name {
            /// The doc comment above, as a page of the manual.
            pub const MANUAL: &'static str = concat!($($line, "\n"),+);
        }
    };
}

pub use crate::catalog_entry as entry;
