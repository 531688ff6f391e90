//! Every rule: a story where it fires, and its benign twin, one detail changed, where it stays silent.

mod jobs;
mod listeners;
mod outbound;
mod scores;
