//! Archives of collectors, from end to end: which Mac, which time, and one history with other collectors'.

mod aftermath;
mod boots;
mod copies;
mod markers;

use crate::story::Told;
use portolan::model::binding::Binding;

/// What a binding says, without what further sightings of it may add.
fn what(binding: &Binding) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        binding.direction,
        binding.protocol,
        binding.local_port,
        binding.remote_port,
        binding.families.as_str(),
        binding.scope,
        binding.process,
        binding.service,
        binding.id
    )
}

/// The bindings of a run with one Mac, in words.
pub(crate) fn bindings(told: &Told) -> Vec<String> {
    let mut all: Vec<String> = told.ports().bindings.iter().map(what).collect();
    all.sort();
    all
}
