//! The finished analysis → the tables of schema 1. Columns are named here only.

use crate::hosts::HostCase;
use crate::model::anomaly::Anomaly;
use crate::pipeline::Collected;
use crate::ports::HostPorts;

/// Everything that a run found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// What was read. Its observations have moved into the hosts.
    pub collected: Collected,
    /// For each source, the index of its host.
    pub source_hosts: Vec<Option<usize>>,
    /// The hosts, ordered by name.
    pub hosts: Vec<HostCase>,
    /// What their sockets come to, in the same order.
    pub ports: Vec<HostPorts>,
    /// The anomalies, in the order of the `anomalies` table.
    pub anomalies: Vec<Anomaly>,
}
