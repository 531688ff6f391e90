//! The run itself → `run.json`: the only file that knows the run's own clock.

use super::Output;
use super::hashing::NewFile;
use crate::baseline::Table;
use crate::baseline::policy::GivenFile;
use crate::model::{Timestamp, stamp};
use crate::pipeline::Evidence;
use crate::report::{Analysis, CaseFields, SCHEMA_VERSION};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Name of the file. Without it an output directory is not finished.
pub const FILE: &str = "run.json";

/// Value of its `tool`, by which an earlier output is recognised.
pub const TOOL: &str = "portolan";

/// What only the run itself knows.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command line, without the program's name.
    pub arguments: Vec<String>,
    /// What the examiner says about the case.
    pub case: CaseFields,
    /// When it began.
    pub started: Timestamp,
    /// How long each stage took, in order.
    pub durations: Vec<(&'static str, Duration)>,
    /// Name and SHA-256 of each table that was taken in: stock baseline, vendor hints, scoring.
    pub data: Vec<Table>,
    /// Files of the examiner's that were taken in: policy, inventory.
    pub given: Vec<GivenFile>,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, usize>,
}

/// The present instant. No table may depend on it.
#[allow(clippy::disallowed_methods, reason = "the one place where the clock is read")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

impl Run {
    /// A run that begins now.
    pub fn begin(arguments: Vec<String>, case: CaseFields) -> Self {
        let (durations, data, given, rows) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Self { arguments, case, started: now(), durations, data, given, rows }
    }

    /// Writes `run.json` into `folder`.
    pub fn write(
        &self,
        analysis: &Analysis,
        outputs: &[Output],
        folder: &Path,
    ) -> io::Result<Output> {
        let mut file = NewFile::create(folder, FILE.to_owned())?;
        serde_json::to_writer_pretty(&mut file, &self.value(analysis, outputs))?;
        file.write_all(b"\n")?;
        file.finish()
    }

    fn value(&self, analysis: &Analysis, outputs: &[Output]) -> Value {
        let total = self.durations.iter().map(|(_, took)| *took).sum::<Duration>();
        let took = |took: Duration| json!(took.as_millis());
        let stages = self
            .durations
            .iter()
            .map(|(stage, time)| json!({ "stage": stage, "milliseconds": took(*time) }));
        let data = self.data.iter().map(
            |table| json!({ "name": table.name, "version": table.version, "sha256": table.sha256 }),
        );
        json!({
            "arguments": self.arguments,
            "build": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
            "case": case(&self.case),
            "counts": counts(analysis),
            "data": data.collect::<Vec<_>>(),
            "durations": stages.collect::<Vec<_>>(),
            "evidence": analysis.collected.evidence.iter().map(evidence).collect::<Vec<_>>(),
            "given": self.given.iter().map(given).collect::<Vec<_>>(),
            "milliseconds": took(total),
            "outputs": outputs.iter().map(output).collect::<Vec<_>>(),
            "rows": self.rows,
            "schema": SCHEMA_VERSION,
            "started": stamp(self.started),
            "tool": TOOL,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}

fn case(case: &CaseFields) -> Value {
    json!({
        "case_id": case.case_id,
        "evidence_id": case.evidence_id,
        "examiner": case.examiner,
        "notes": case.notes,
    })
}

fn evidence(evidence: &Evidence) -> Value {
    let hashes = evidence.hashes.as_ref();
    json!({
        "evidence": evidence.label,
        "given": evidence.given,
        "kind": evidence.kind,
        "size": evidence.size,
        "sha256": hashes.map(|hashes| &hashes.sha256),
        "md5": hashes.and_then(|hashes| hashes.md5.as_ref()),
        "sha1": hashes.and_then(|hashes| hashes.sha1.as_ref()),
        "unusable": evidence.unusable,
    })
}

fn given(file: &GivenFile) -> Value {
    json!({ "kind": file.kind, "file": file.name, "sha256": file.sha256 })
}

fn output(output: &Output) -> Value {
    // The hash of a database is that of its content, so its size says nothing.
    let bytes = (output.bytes > 0).then_some(output.bytes);
    json!({ "file": output.file, "sha256": output.sha256, "bytes": bytes })
}

/// What was found, by kind.
fn counts(analysis: &Analysis) -> Value {
    let mut statuses = Map::new();
    for source in &analysis.collected.sources {
        count(&mut statuses, source.status.as_str());
    }
    let mut severities = Map::new();
    for anomaly in &analysis.anomalies {
        count(&mut severities, anomaly.severity.as_str());
    }
    let excepted = analysis.anomalies.iter().filter(|anomaly| !anomaly.is_open()).count();
    json!({ "anomalies": severities, "excepted": excepted, "sources": statuses })
}

fn count(counts: &mut Map<String, Value>, key: &str) {
    let known = counts.get(key).and_then(Value::as_u64).unwrap_or(0);
    counts.insert(key.to_owned(), json!(known.saturating_add(1)));
}
