//! What netstat and lsof listings share: endpoints, states, and what a listing could show.

pub mod endpoint;
pub mod invocation;
pub mod seen;
pub mod state;
