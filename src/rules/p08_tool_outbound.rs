//! An interpreter or network tool connecting to a non-standard port → P08.

use super::context::Context;
use super::p07_outbound_nonstandard::{in_words, is_nonstandard};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::catalog;

catalog::entry! {
    /// A shell, interpreter or network tool connects to a public address on a non-standard port.
    ///
    /// ## What it detects
    /// The condition of P07, where the process is one of nc, ncat, socat, the shells, python, perl, ruby,
    /// php, osascript, node, or curl with a telnet URL. P08 takes the place of P07.
    ///
    /// ## Why it matters
    /// Reverse shells and downloaders are most often written with these programs, and they leave no
    /// binary of their own behind.
    ///
    /// ## When it is harmless
    /// Developers and administrators use the same programs all day.
    ///
    /// ## How to verify
    /// The command line and script (`processes`), the parent process, the shell history, the peer.
    ///
    /// ## What it does not prove
    /// That the connection carried commands.
    pub ToolOutbound
}

impl Rule for ToolOutbound {
    fn id(&self) -> &'static str {
        RuleId::P08.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let command = context.process_of(binding).and_then(|process| process.command.as_deref());
        let program = context.program_of(binding);
        let is_tool = context.baseline.classes.is_interpreter_or_tool(&program, command);
        if !is_tool || !is_nonstandard(binding, context) {
            return None;
        }
        let who = binding.process.as_deref().unwrap_or("a tool");
        let reason = format!("{who}, an interpreter or network tool, {}", in_words(binding));
        let mut finding = context.finding(RuleId::P08, reason);
        "no interpreter or network tool reaches out on such a port"
            .clone_into(&mut finding.expected);
        Some(finding)
    }
}
