//! The options that name what people decided → a policy.

use super::Failure;
use clap::Args;
use portolan::baseline::policy::Policy;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(super) struct PolicyOptions {
    /// Roles, exceptions and approved software, TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Approved software, CSV with a header: name, `team_id`, `bundle_id`, path, sha256
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,

    /// Role of hosts that the policy assigns none
    #[arg(long, value_name = "ROLE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    role: Option<String>,
}

impl PolicyOptions {
    /// Reads the files.
    pub(super) fn load(&self) -> Result<Policy, Failure> {
        let loaded = Policy::load(self.policy.as_deref(), self.inventory.as_deref());
        let policy = loaded.map_err(|error| Failure::Said(error.to_string()))?;
        Ok(Policy { other_role: self.role.clone(), ..policy })
    }
}
