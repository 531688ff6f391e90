//! Bindings, jobs and hosts, held against what is expected → anomalies with their factors.

pub mod scoring;
