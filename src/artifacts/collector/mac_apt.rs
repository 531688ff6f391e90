//! `AutoStart` of `mac_apt` → what starts by itself.

use super::signatures;
use crate::artifacts::named_fields::{self, Record, for_each_record};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{AutoStart, Code, Fact, ProblemKind, Signer, When};

catalog::entry! {
    /// The `AutoStart` table that `mac_apt` writes (CSV, TSV, lines of JSON) → what starts by itself.
    ///
    /// ## What it proves
    /// Which property lists of launchd the examined volume held, and which program each runs. A job whose property
    /// list is in the evidence too is not listed twice.
    ///
    /// ## What it does not
    /// Of which Mac, and when: the table names none and has no time. The tool reads volumes, not running systems: it
    /// shows no sockets. Its `Name` is a shortened file name and no label: the label of such a job stays empty. `Sockets`
    /// and arguments of older versions are missing. The team is what Background Task Management had on record.
    /// Of `mac_apt.db` and XLSX the same table is not read.
    ///
    /// ## Format source
    /// `ydkhatri/mac_apt`, `plugins/autostart.py`, `writer.py`; formats.md 3.6.
    pub MacAptAutoStart
}

/// Columns by which the table is known, of any version.
const COLUMNS: &[&str] = &["Type", "Name", "User", "StartupType", "Disabled", "AppPath", "Source"];

impl Artifact for MacAptAutoStart {
    fn id(&self) -> &'static str {
        "mac-apt-autostart"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().next().unwrap_or_default();
        let looks = if first.starts_with('{') {
            COLUMNS.iter().all(|name| first.contains(&format!("\"{name}\":")))
        } else {
            first.trim_start_matches('\u{feff}').starts_with("Type") && {
                let columns = named_fields::columns(first);
                COLUMNS.iter().all(|name| columns.iter().any(|column| column == name))
            }
        };
        match (looks, candidate.name.starts_with("autostart")) {
            (true, true) => Claim::Sure,
            (true, false) => Claim::ByContent,
            (false, _) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        for_each_record(input, out, item).map(|_| ())
    }
}

fn item(record: &Record, out: &mut Emitter) {
    let kind = record.get("Type");
    if kind.is_empty() {
        let detail = "the row does not tell what kind of item it is";
        return out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
    }
    let is_job = matches!(kind, "Daemon" | "Agents");
    let source = record.told("Source").filter(|path| is_job && path.starts_with('/'));
    let item = AutoStart {
        kind: out.text(kind),
        label: None,
        plist_path: source.map(|path| out.text(path)),
        program: record.told("AppPath").map(|path| out.text(path)),
        arguments: record.told("AppArguments").map(|words| out.text(words)),
        code: record.told("BTM_TeamIdentifier").filter(|team| signatures::is_team(team)).map(
            |team| Code {
                signature: Some(Signer::Developer),
                team_id: Some(Text::from(team)),
                ..Code::default()
            },
        ),
    };
    out.cite(record.locator(), When::Undated, &record.raw, Fact::AutoStart(Box::new(item)));
}
