//! A launchd service listening where no baseline has it → P01.

use super::comparison::Comparison;
use super::context::{Context, is_multicast_service};
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::book::Known;
use crate::catalog;
use crate::model::network::Protocol;

/// Entries that `expected` names before it only counts them.
const NAMED: usize = 3;

catalog::entry! {
    /// A launchd service listens where the baseline does not have it.
    ///
    /// ## What it detects
    /// A listener, or a bound UDP socket below the ephemeral range, of a process whose launchd label is
    /// known, that no layer allows: not stock macOS, not a baseline file of the host's role or of every
    /// role, not an earlier acquisition of this host in the run. It is told only where one of the last two
    /// could have shown it. P04, P05 and P13 say more and take its place.
    ///
    /// ## Why it matters
    /// AN0635: "launchd services bound to ports inconsistent with system baselines." What is new against
    /// known-good hosts, or against the host's own past, is the shortest list that an examiner can read.
    ///
    /// ## When it is harmless
    /// Software was installed since. Learn the baseline again, or write an exception with an end.
    ///
    /// ## How to verify
    /// Find the property list's and the program's birth times; ask who installed it; look for it on other
    /// hosts of the role (`tuples`).
    ///
    /// ## What it does not prove
    /// That the service is malicious, or that anybody connected to it.
    pub ListenerOffBaseline
}

impl Rule for ListenerOffBaseline {
    fn id(&self) -> &'static str {
        RuleId::P01.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let Subject::Binding(binding) = subject else { return None };
        let label = binding.service.as_deref()?;
        let port = binding.local_port?;
        let floats = binding.protocol == Protocol::Udp && !context.is_fixed(binding);
        let fits = binding.is_seen_listener()
            && !floats
            && !is_multicast_service(binding)
            && !label.starts_with("application.");
        if !fits || context.is_stock(binding) {
            return None;
        }
        let compared = Comparison::of(binding, context).filter(Comparison::deviates)?;
        let protocol = binding.protocol.as_str();
        let reason =
            format!("{label} listens on {port}/{protocol}, which is not in {}", compared.bases());
        let mut finding = context.finding(RuleId::P01, reason);
        finding.expected = nearest(&compared);
        Some(finding)
    }
}

/// What the baselines know of the program instead.
pub fn nearest(compared: &Comparison<'_>) -> String {
    let known: Vec<&Known<'_>> = compared.same_kind().collect();
    if known.is_empty() {
        return format!("nothing of this program in {}", compared.bases());
    }
    let mut words: Vec<String> = known.iter().take(NAMED).map(|known| known.describe()).collect();
    let more = known.len().saturating_sub(NAMED);
    if more > 0 {
        words.push(format!("… and {more} more"));
    }
    words.join("; ")
}
