//! HFS+ volumes, damaged → what is left of them, and never a panic or a hang.
