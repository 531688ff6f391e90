//! An edited `/etc/services` that moves a service → P12.

use super::context::Context;
use super::scoring::RuleId;
use super::{Finding, Rule, Subject};
use crate::baseline::Baseline;
use crate::catalog;
use crate::model::Text;
use crate::model::binding::{Binding, Certainty};
use crate::model::network::Protocol;
use crate::model::observation::ServiceNames;
use crate::model::provenance::{Locator, Place};
use crate::model::service::Origin;

catalog::entry! {
    /// `/etc/services` gives a service that macOS listens for another port.
    ///
    /// ## What it detects
    /// A name that stock jobs use in `Sockets` (`ssh`, `vnc-server`, `eppc`, …) has another number in the
    /// collected `/etc/services` than in Apple's. The rule names the line. It counts for the listener that
    /// moved, or for the host where none did.
    ///
    /// ## Why it matters
    /// launchd looks names up in this file: editing one line moves remote login to another port without
    /// touching the sealed property list.
    ///
    /// ## When it is harmless
    /// Administrators do it on purpose. Numbers differ between releases for names that no stock job uses.
    ///
    /// ## How to verify
    /// Compare the line with the file of the same macOS build; look at the file's change time.
    ///
    /// ## What it does not prove
    /// That the service was reached on its new port.
    pub ServicesFile
}

/// A line of the collected file that gives a stock service another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The name.
    pub name: Text,
    /// The transport.
    pub protocol: Protocol,
    /// What the file says.
    pub port: u16,
    /// What Apple's says.
    pub usual: u16,
    /// Where.
    pub line: u64,
    /// Where that line stands in the evidence.
    pub place: Place,
}

/// All such lines of a file.
pub fn moved(table: &ServiceNames, file: Place, baseline: &Baseline) -> Vec<Moved> {
    let mut moved = Vec::new();
    for ((name, protocol), (port, line)) in &table.ports {
        let usual = baseline.services.service_port(name, *protocol);
        let usual = usual.filter(|usual| usual != port);
        if let Some(usual) = usual.filter(|usual| is_listened_for(*usual, *protocol, baseline)) {
            let (name, protocol) = (Text::clone(name), *protocol);
            let place = Place { locator: Locator::Line(*line), ..file };
            moved.push(Moved { name, protocol, port: *port, usual, line: *line, place });
        }
    }
    moved
}

/// Whether stock macOS listens on a port: only such names matter.
fn is_listened_for(port: u16, protocol: Protocol, baseline: &Baseline) -> bool {
    let mut rows = baseline.stock.listen.iter();
    rows.any(|row| row.protocol.allows(protocol) && row.ports.names(port))
}

impl Rule for ServicesFile {
    fn id(&self) -> &'static str {
        RuleId::P12.as_str()
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn check(&self, subject: Subject<'_>, context: &Context<'_>) -> Option<Finding> {
        let all = &context.moved;
        let lines: Vec<&Moved> = match subject {
            Subject::Binding(binding) => {
                all.iter().filter(|line| moves(line, binding, context)).collect()
            }
            Subject::Host => {
                // One that moved a listener is told there.
                let is_told = |line: &&Moved| {
                    !context.ports.bindings.iter().any(|binding| moves(line, binding, context))
                };
                all.iter().filter(is_told).collect()
            }
            Subject::Job(..) | Subject::Expected(_) => return None,
        };
        let place = lines.first()?.place;
        let told = lines.iter().map(|line| {
            format!(
                "line {} of /etc/services gives {}/{} the port {} instead of {}",
                line.line,
                line.name,
                line.protocol.as_str(),
                line.port,
                line.usual
            )
        });
        let usual = lines
            .iter()
            .map(|line| format!("{} on {} {}", line.name, line.protocol.as_str(), line.usual));
        let usual = usual.collect::<Vec<_>>().join("; ");
        let mut finding = context.finding(RuleId::P12, told.collect::<Vec<_>>().join("; "));
        finding.expected = usual;
        finding.place = Some(place);
        Some(finding)
    }
}

fn moves(line: &Moved, binding: &Binding, context: &Context<'_>) -> bool {
    let Some(job) = context.job_of(binding) else { return false };
    binding.certainty != Certainty::Declared
        && binding.local_port == Some(line.port)
        && binding.protocol == line.protocol
        && job.declared.iter().any(|(declared, _)| {
            declared.origin == Origin::Sockets && declared.service_name.as_ref() == Some(&line.name)
        })
}
