//! What was read → `evidence`, `sources`, `problems`.

use super::table::{Cell, Column, Record, cells, integer, text, yes_no};
use super::{CaseFields, View};
use crate::evidence::digest::ALGORITHMS;
use crate::hosts::EvidenceClaim;
use crate::model::observation::Problem;
use crate::pipeline::{DeclaredHash, Evidence, Source};
use std::path::Path;

/// An EVIDENCE argument.
pub(super) struct EvidenceRow<'a> {
    evidence: &'a Evidence,
    declared: Option<Declared>,
    case: CaseFields,
}

/// A hash that came with the evidence.
struct Declared {
    algorithm: &'static str,
    value: String,
    holds: Option<bool>,
}

impl Record for EvidenceRow<'_> {
    const TABLE: &'static str = "evidence";
    const MEANING: &'static str =
        "An EVIDENCE argument of the command line, in the order of the names, with its hashes.";
    const COLUMNS: &'static [Column] = &[
        text(
            "evidence",
            "Its base name, made unique in the run (`name#2`). Other tables refer to it.",
        ),
        text("given", "The argument as it was typed."),
        text("kind", "`folder`, `file`, or the container it is: `zip`, `tar`, `gzip`, …"),
        integer("size", "Its size in bytes; of a folder, that of all its files together."),
        text(
            "sha256",
            "SHA-256 of a file; empty for a folder, whose files have theirs in `sources`.",
        ),
        text("md5", "MD5, with `--hashes md5` or where a collector recorded hashes."),
        text("sha1", "SHA-1, with `--hashes sha1` or where a collector recorded hashes."),
        text(
            "declared_hash",
            "`algorithm:value` that the collector recorded for this file, if it did.",
        ),
        text(
            "hash_match",
            "`yes` if the file has the declared hash, `no` if not; empty where none was declared or taken.",
        ),
        text("case_id", "`--case-id`, else the collector's own field."),
        text("evidence_id", "`--evidence-id`, else the collector's own field."),
        text("examiner", "`--examiner`, else the collector's own field."),
        text("notes", "`--notes`, else the collector's own field."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let hashes = self.evidence.hashes.as_ref();
        let declared = self.declared.as_ref();
        cells![
            &self.evidence.label,
            &self.evidence.given,
            self.evidence.kind,
            self.evidence.size,
            hashes.map(|hashes| &hashes.sha256),
            hashes.and_then(|hashes| hashes.md5.as_ref()),
            hashes.and_then(|hashes| hashes.sha1.as_ref()),
            declared.map(|hash| format!("{}:{}", hash.algorithm, hash.value)),
            declared.and_then(|hash| hash.holds).map(yes_no),
            self.case.case_id.as_ref(),
            self.case.evidence_id.as_ref(),
            self.case.examiner.as_ref(),
            self.case.notes.as_ref(),
        ]
    }
}

/// The rows of `evidence`.
pub(super) fn evidence<'a>(view: &View<'a>) -> Vec<EvidenceRow<'a>> {
    let all = view.analysis.collected.evidence.iter().enumerate();
    let row = |(index, evidence): (usize, &'a Evidence)| {
        let claims: Vec<_> = claims_about(view, index).collect();
        let case = case_of(&view.options.case, &claims);
        let declared = declared_for(evidence, &claims).or_else(|| declared_by(view, index));
        EvidenceRow { evidence, declared, case }
    };
    all.map(row).collect()
}

/// What collectors said about one piece of evidence.
fn claims_about<'a>(
    view: &View<'a>,
    evidence: usize,
) -> impl Iterator<Item = &'a EvidenceClaim> + use<'a> {
    let claims = view.analysis.evidence_claims.iter();
    claims.filter(move |(index, _)| *index == evidence).map(|(_, claim)| claim)
}

/// The examiner's fields, filled up with the collector's.
fn case_of(given: &CaseFields, claims: &[&EvidenceClaim]) -> CaseFields {
    let told = |wanted: &str| {
        claims.iter().find_map(|claim| match claim {
            EvidenceClaim::CaseField(field, value) if *field == wanted => Some(value.to_string()),
            EvidenceClaim::CaseField(..) | EvidenceClaim::DeclaredHash(..) => None,
        })
    };
    CaseFields {
        case_id: given.case_id.clone().or_else(|| told("case_id")),
        evidence_id: given.evidence_id.clone().or_else(|| told("evidence_id")),
        examiner: given.examiner.clone().or_else(|| told("examiner")),
        notes: given.notes.clone().or_else(|| told("notes")),
    }
}

/// The strongest hash that a collector recorded for this file, held against the file's own.
fn declared_for(evidence: &Evidence, claims: &[&EvidenceClaim]) -> Option<Declared> {
    let name = Path::new(&evidence.given).file_name()?.to_str()?;
    ALGORITHMS.iter().find_map(|wanted| {
        claims.iter().find_map(|claim| match claim {
            EvidenceClaim::DeclaredHash(file, algorithm, value)
                if algorithm == wanted && file.rsplit('/').next() == Some(name) =>
            {
                let taken = evidence.hashes.as_ref().and_then(|hashes| hashes.by(algorithm));
                let holds = taken.map(|taken| taken.eq_ignore_ascii_case(value));
                Some(Declared { algorithm, value: value.to_string(), holds })
            }
            EvidenceClaim::CaseField(..) | EvidenceClaim::DeclaredHash(..) => None,
        })
    })
}

/// The hash that a disk image declares of its own disk.
fn declared_by(view: &View<'_>, evidence: usize) -> Option<Declared> {
    let mut own = view.analysis.collected.sources.iter().filter(|one| one.evidence == evidence);
    let label = &view.analysis.collected.evidence.get(evidence)?.label;
    let declared = own.find(|source| source.path == *label)?.declared.as_ref()?;
    let DeclaredHash { algorithm, value, holds } = declared.clone();
    Some(Declared { algorithm, value, holds })
}

/// A file met.
pub(super) struct SourceRow<'a> {
    evidence: &'a str,
    source: &'a Source,
    host: Option<&'a str>,
}

impl Record for SourceRow<'_> {
    const TABLE: &'static str = "sources";
    const MEANING: &'static str = "Every file met in the evidence, claimed by a parser or not, \
         ordered by evidence and path: nothing is passed over in silence.";
    const COLUMNS: &'static [Column] = &[
        text("evidence", "The evidence it lies in."),
        text("path", "Path inside it without a leading slash, nested containers joined by `!/`."),
        integer("size", "Its size in bytes."),
        text(
            "sha256",
            "SHA-256 of its bytes; empty for links, for what could not be read to its end, and for \
             unclaimed files of large folders without `--hash-all`.",
        ),
        text(
            "artifact",
            "The kind of file it was taken for (`portolan artifacts`), `archive` for a container; \
             empty if nothing claims it.",
        ),
        text(
            "status",
            "`parsed` to its end, `partial`, `unclaimed`, `unreadable` (its bytes could not be had), \
             or `refused` (not read on purpose: foreign, encrypted, beyond a limit).",
        ),
        text("host", "The host it speaks of."),
        integer("records", "Observations read from it; entries, of a container."),
        integer(
            "problems",
            "Problems met in it: rows of `problems`, and those beyond the limit per file.",
        ),
        text("note", "What the parser passed over on purpose, where a link points, and the like."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        cells![
            self.evidence,
            &self.source.path,
            self.source.size,
            self.source.sha256.as_ref(),
            self.source.artifact,
            self.source.status.as_str(),
            self.host,
            self.source.records,
            self.source.problem_count,
            &self.source.note,
        ]
    }
}

/// The rows of `sources`.
pub(super) fn sources<'a>(view: &View<'a>) -> Vec<SourceRow<'a>> {
    let sources = view.analysis.collected.sources.iter().enumerate();
    let row = |(index, source)| SourceRow {
        evidence: view.evidence_label(source),
        source,
        host: view.host_of_source(index),
    };
    sources.map(row).collect()
}

/// Something that could not be read or placed.
pub(super) struct ProblemRow<'a> {
    evidence: &'a str,
    path: &'a str,
    host: Option<&'a str>,
    problem: &'a Problem,
}

impl Record for ProblemRow<'_> {
    const TABLE: &'static str = "problems";
    const MEANING: &'static str =
        "Something that could not be read, or not be placed in time: what the analysis may lack.";
    const COLUMNS: &'static [Column] = &[
        text("evidence", "The evidence."),
        text("path", "The file in it; empty if the problem is with the whole evidence."),
        text(
            "locator",
            "The place in the file: `line N`, `offset 0x…`, `row N`; empty for the whole file.",
        ),
        text(
            "kind",
            "What kind of problem: `unreadable`, `truncated`, `encrypted`, `unsupported`, `limit`, \
             `foreign-format`, `malformed-record`, `malformed-file`, `ambiguous-time`, …",
        ),
        text("severity", "`error` if evidence was lost, `warning` if it only needs a look."),
        text("host", "The host it concerns."),
        text("detail", "What happened, in words."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        cells![
            self.evidence,
            self.path,
            self.problem.locator,
            self.problem.kind.as_str(),
            self.problem.kind.severity(),
            self.host,
            &self.problem.detail,
        ]
    }
}

/// The rows of `problems`: those of whole arguments, then those met while reading, while placing and while joining, in evidence order.
pub(super) fn problems<'a>(view: &View<'a>) -> Vec<ProblemRow<'a>> {
    let mut rows = Vec::new();
    for (index, source) in view.analysis.collected.sources.iter().enumerate() {
        rows.extend(source.problems.iter().map(|problem| (index, problem)));
    }
    let placing = view.analysis.hosts.iter().map(|case| &case.problems);
    let joining = view.analysis.ports.iter().map(|ports| &ports.problems);
    for placed in placing.chain(joining).map(|problems| problems.iter()) {
        rows.extend(placed.map(|(id, problem)| (usize::try_from(id.0).unwrap_or(0), problem)));
    }
    rows.sort();
    let given = view.analysis.collected.evidence.iter().flat_map(|given| {
        let row = |problem| ProblemRow { evidence: &given.label, path: "", host: None, problem };
        given.problems.iter().map(row)
    });
    let row = |(index, problem): (usize, &'a Problem)| {
        let source = view.analysis.collected.sources.get(index)?;
        let (evidence, host) = (view.evidence_label(source), view.host_of_source(index));
        Some(ProblemRow { evidence, path: &source.path, host, problem })
    };
    given.chain(rows.into_iter().filter_map(row)).collect()
}
