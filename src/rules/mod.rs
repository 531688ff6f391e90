//! Bindings, jobs and hosts, held against what is expected → anomalies with their factors.
