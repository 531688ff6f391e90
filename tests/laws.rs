//! Laws: what holds for all values, and for the reconstruction of any small history of a Mac.

/// What was learned is expected.
mod baselines;
/// The files that a collector would have written of a past.
mod captures;
/// Small invented pasts of a Mac.
mod history;
/// The whole river: bounds, boots, citations, order.
mod reconstruction;
pub(crate) use reconstruction::assert_ordered;
/// Windows, intervals and ids.
mod values;
