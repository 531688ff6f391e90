//! Owners, lives and families.
