//! A setting that macOS ignores → P20, a note.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;
use crate::model::observation::Fact;
use crate::model::provenance::Place;
use std::collections::BTreeMap;

/// The port of sshd's job on stock macOS.
const SSH: u16 = 22;

catalog::entry! {
    /// `sshd_config` asks for a port that launchd's ssh job does not use.
    ///
    /// ## What it detects
    /// A `Port` line in `/etc/ssh/sshd_config` with another number than 22, on a Mac where nothing listens on that
    /// port for sshd.
    ///
    /// ## Why it matters
    /// launchd owns the port of remote login: the line has no effect, whoever wrote it may believe the
    /// contrary, and a reader of the file would report a port that was never open.
    ///
    /// ## When it is harmless
    /// Always: it is a note.
    ///
    /// ## How to verify
    /// `launchctl print system/com.openssh.sshd` shows the sockets that launchd holds.
    ///
    /// ## What it does not prove
    /// That ssh was reachable at all.
    pub SettingWithoutEffect
}

impl Rule for SettingWithoutEffect {
    fn id(&self) -> &'static str {
        RuleId::P20.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Host = subject else { return None };
        let asked: BTreeMap<u16, Place> = context
            .case
            .facts
            .iter()
            .filter_map(|fact| match fact.fact {
                Fact::SshdPort(port) if port != SSH && !is_held(port, context) => {
                    Some((port, fact.place))
                }
                _ => None,
            })
            .collect();
        let place = *asked.values().next()?;
        let asked: Vec<String> = asked.keys().map(u16::to_string).collect();
        let reason = format!(
            "sshd_config Port {} is ignored by the launchd job of remote login",
            asked.join(", ")
        );
        let mut finding = context.finding(RuleId::P20, reason);
        finding.place = Some(place);
        "the job com.openssh.sshd listens on 22, whatever sshd_config says"
            .clone_into(&mut finding.expected);
        Some(finding)
    }
}

/// Whether sshd was seen on a port after all.
fn is_held(port: u16, context: &Context<'_>) -> bool {
    context.ports.bindings.iter().any(|binding| {
        binding.is_seen_listener()
            && binding.local_port == Some(port)
            && binding.process.as_deref().is_some_and(|name| name.starts_with("sshd"))
    })
}
