//! JSON records of sensors → sockets, lives of processes, jobs: osquery, the Elastic Common Schema, Endpoint Security.

pub mod ecs;
pub mod eslogger;
mod fields;
mod objects;
pub mod osquery;
mod sockets;
mod spans;
