//! What collectors say about their own run: where capture times come from.

pub mod aftermath;
pub mod sysdiagnose;
pub mod uac_acquisition_log;
pub mod uac_log;
pub mod velociraptor;
