//! Portolan: macOS acquisitions → which program or launchd service held or reached which port, from
//! when to when. Data flows one way; each stage uses only the stages above it and `model`.
//!
//! | stage | turns | into |
//! |---|---|---|
//! | [`evidence`] | a path on disk | read-only entries |
//! | [`artifacts`] | one entry | observations and problems |
//! | [`pipeline`] | all entries | one stream in evidence order |
//! | [`hosts`] | observations | hosts, boots, acquisitions; every fact dated in UTC |
//! | [`ports`] | dated facts | processes, jobs, bindings |
//! | [`baseline`] | programs and ports | what is expected |
//! | [`rules`] | bindings against what is expected | anomalies |
//! | [`report`] | the finished analysis | tables |
//! | [`mod@write`] | tables | files |

pub mod artifacts;
pub mod baseline;
pub mod catalog;
pub mod evidence;
pub mod hosts;
pub mod model;
pub mod pipeline;
pub mod ports;
pub mod report;
pub mod rules;
pub mod write;
