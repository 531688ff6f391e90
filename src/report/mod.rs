//! The finished analysis → the tables of schema 1. Columns are named here only.

mod anomalies;
mod bindings;
mod evidence;
mod hosts;
mod services;
pub mod table;
mod timeline;
mod tuples;
mod view;

use crate::baseline::learned::blind;
use crate::hosts::{self as placing, EvidenceClaim, HostCase};
use crate::model::Timestamp;
use crate::model::anomaly::Anomaly;
use crate::pipeline::Collected;
use crate::ports::{self, HostPorts};
use crate::rules::{self, Expectations, Judged};
use table::{Record, Schema, Table, cells, text};
pub use view::View;

/// Version of the tables: raised when a column is renamed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that a run found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// What was read. Its observations have moved into the hosts.
    pub collected: Collected,
    /// For each source, the index of its host.
    pub source_hosts: Vec<Option<usize>>,
    /// What collectors said about the evidence, by its index.
    pub evidence_claims: Vec<(usize, EvidenceClaim)>,
    /// The hosts, ordered by name.
    pub hosts: Vec<HostCase>,
    /// What their sockets come to, in the same order.
    pub ports: Vec<HostPorts>,
    /// For each host and each of its bindings, the layer that expects it (`stock`); empty if none does.
    pub expected_by: Vec<Vec<String>>,
    /// The anomalies, in the order of the `anomalies` table.
    pub anomalies: Vec<Anomaly>,
}

impl Analysis {
    /// The river from what was read to its end: observations → hosts → bindings → anomalies.
    pub fn of(
        mut collected: Collected,
        options: &placing::Options,
        expectations: &Expectations,
    ) -> Self {
        let mut resolved = placing::resolve(&mut collected, options);
        for case in &mut resolved.cases {
            case.host.role = expectations.policy.role_of(&case.host.name).map(str::to_owned);
        }
        let names = &expectations.baseline.services;
        let cases = &resolved.cases;
        let ports: Vec<HostPorts> =
            cases.iter().map(|case| ports::reconstruct(case, names)).collect();
        let Judged { anomalies, expected_by } = rules::judge(cases, &ports, expectations);
        for case in &mut resolved.cases {
            case.coverage.extend(blind::coverage(case, &expectations.learned));
        }
        Self {
            anomalies,
            expected_by,
            collected,
            source_hosts: resolved.source_hosts,
            evidence_claims: resolved.evidence_claims,
            hosts: resolved.cases,
            ports,
        }
    }
}

/// What the examiner adds to the tables, and how much of the timeline to show.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The case, as the examiner names it.
    pub case: CaseFields,
    /// The timeline begins here.
    pub since: Option<Timestamp>,
    /// The timeline ends here, inclusive.
    pub until: Option<Timestamp>,
}

/// What the examiner says about the case. A collector's own fields fill in what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFields {
    /// Number of the case.
    pub case_id: Option<String>,
    /// Number of the piece of evidence.
    pub evidence_id: Option<String>,
    /// Who examines.
    pub examiner: Option<String>,
    /// Anything else.
    pub notes: Option<String>,
}

/// The tables of the contract, in its order.
pub const SCHEMA: &[Schema] = &[
    Schema::of::<evidence::EvidenceRow<'_>>(),
    Schema::of::<hosts::HostRow<'_>>(),
    Schema::of::<hosts::AcquisitionRow<'_>>(),
    Schema::of::<hosts::BootRow<'_>>(),
    Schema::of::<evidence::SourceRow<'_>>(),
    Schema::of::<evidence::ProblemRow<'_>>(),
    Schema::of::<services::ProcessRow<'_>>(),
    Schema::of::<services::ServiceRow<'_>>(),
    Schema::of::<services::DeclaredPortRow<'_>>(),
    Schema::of::<bindings::BindingRow<'_>>(),
    Schema::of::<tuples::TupleRow<'_>>(),
    Schema::of::<anomalies::AnomalyRow<'_>>(),
    Schema::of::<anomalies::FactorRow<'_>>(),
    Schema::of::<bindings::CitationRow<'_>>(),
    Schema::of::<timeline::TimelineRow<'_>>(),
    Schema::of::<hosts::CoverageRow<'_>>(),
    Schema::of::<MetaRow>(),
    Schema::of::<bindings::SpanRow<'_>>(),
    Schema::of::<bindings::HolderRow<'_>>(),
    Schema::of::<anomalies::ParticularsRow<'_>>(),
];

/// All tables of an analysis, in the order of [`SCHEMA`], each made when its turn comes: the records of
/// all together would take more memory than what they are made of.
pub fn tables<'a>(view: &'a View<'a>) -> impl Iterator<Item = Table<'a>> {
    let all: [fn(&'a View<'a>) -> Table<'a>; SCHEMA.len()] = [
        |view| Table::of(evidence::evidence(view)),
        |view| Table::of(hosts::hosts(view)),
        |view| Table::of(hosts::acquisitions(view)),
        |view| Table::of(hosts::boots(view)),
        |view| Table::of(evidence::sources(view)),
        |view| Table::of(evidence::problems(view)),
        |view| Table::of(services::processes(view)),
        |view| Table::of(services::services(view)),
        |view| Table::of(services::declared_ports(view)),
        |view| Table::of(bindings::bindings(view)),
        |view| Table::of(tuples::tuples(view)),
        |view| Table::of(anomalies::anomalies(view)),
        |view| Table::of(anomalies::factors(view)),
        |view| Table::of(bindings::citations(view)),
        |view| Table::of(timeline::timeline(view)),
        |view| Table::of(hosts::coverage(view)),
        |_| Table::of(meta()),
        |view| Table::of(bindings::spans(view)),
        |view| Table::of(bindings::holders(view)),
        |view| Table::of(anomalies::particulars(view)),
    ];
    all.into_iter().map(move |make| make(view))
}

/// Something about the tables themselves.
struct MetaRow {
    key: &'static str,
    value: String,
}

impl Record for MetaRow {
    const TABLE: &'static str = "meta";
    const MEANING: &'static str = "Something about the tables themselves. SQLite only.";
    const OUTPUTS: table::Outputs = table::Outputs::Database;
    const COLUMNS: &'static [table::Column] =
        &[text("key", "What is told: `schema`, `portolan`."), text("value", "Its value.")];

    fn cells(&self) -> Vec<table::Cell<'_>> {
        cells![self.key, &self.value]
    }
}

fn meta() -> Vec<MetaRow> {
    vec![
        MetaRow { key: "portolan", value: env!("CARGO_PKG_VERSION").to_owned() },
        MetaRow { key: "schema", value: SCHEMA_VERSION.to_string() },
    ]
}
