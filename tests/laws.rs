//! Laws: what holds for all values, and for the reconstruction of any small history of a Mac.

/// Small invented pasts of a Mac, and the captures that a collector would have taken of them.
mod history;
/// The whole river: bounds, boots, citations, order.
mod reconstruction;
/// Windows, intervals and ids.
mod values;
