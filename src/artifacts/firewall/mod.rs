//! The application firewall and the packet filter: what may be reached, and where it arrives.

pub mod alf_plist;
pub mod pf;
pub mod socketfilterfw;
