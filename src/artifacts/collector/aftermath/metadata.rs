//! `metadata.csv` → times of the files that Aftermath met.

use crate::artifacts::bodyfile::relevance;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, FileTimes, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::{Text, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::Offset;

catalog::entry! {
    /// `metadata.csv` → times of the files that Aftermath met.
    ///
    /// ## What it proves
    /// Creation and content change of launchd property lists and of files where programs are staged, in
    /// whole seconds of UTC; and where on the Mac the property lists lay that `Persistence/raw` holds side
    /// by side.
    ///
    /// ## What it does not
    /// Both times can be set by anyone (`touch`, `SetFile`). Aftermath asks Spotlight for them: a file that
    /// Spotlight does not know has none. Commas in paths are blanks here.
    ///
    /// ## Format source
    /// Aftermath (jamf/aftermath): `file,birth,modified,accessed[,permissions,uid,gid,xattr,downloadedFrom,…]`,
    /// times as `2026-04-15T12:13:01` or with `Z`, always UTC; `unknown` for none. formats.md 3.3.
    pub AftermathMetadata
}

/// How the file begins.
const HEADER: &str = "file,birth,modified,accessed";

impl Artifact for AftermathMetadata {
    fn id(&self) -> &'static str {
        "aftermath-metadata"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        if !candidate.text.starts_with(HEADER) {
            return Claim::No;
        }
        if candidate.name == "metadata.csv" { Claim::Sure } else { Claim::ByContent }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut columns = Columns::default();
        for_each_line(input, out, |number, line, out| {
            if number == 1 {
                columns = Columns::of(line);
            } else if !line.trim().is_empty() {
                columns.read(Locator::Line(number), line, out);
            }
        })
    }
}

/// Where the columns beyond the first four stand.
#[derive(Default)]
struct Columns {
    uid: Option<usize>,
    gid: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Self {
        let place = |name: &str| header.split(',').position(|column| column.trim() == name);
        Self { uid: place("uid"), gid: place("gid") }
    }

    fn read(&self, locator: Locator, line: &str, out: &mut Emitter) {
        let fields: Vec<&str> = line.split(',').collect();
        let [path, birth, modified, ..] = fields.as_slice() else {
            let detail = format!("a row with fewer than three fields: {:?}", cut(line, 80));
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        if !path.starts_with('/') {
            let detail = format!("a path that does not begin at the root: {:?}", cut(path, 80));
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        // The mode is not told in a form that can be trusted: as for a program.
        if relevance::of(path, "-rwxr-xr-x").is_none() {
            return out.skip("files that hold neither jobs nor programs");
        }
        let mut time = |field: &str| {
            time(field).unwrap_or_else(|()| {
                let detail = format!("a time that is none: {:?}", cut(field, 40));
                out.problem(locator, ProblemKind::MalformedRecord, detail);
                None
            })
        };
        let (created, modified) = (time(birth), time(modified));
        let number = |at: Option<usize>| fields.get(at?)?.trim().parse().ok();
        let (uid, gid) = (number(self.uid), number(self.gid));
        let path = Text::from(*path);
        let times = FileTimes { path, uid, gid, mode: None, modified, changed: None, created };
        out.cite(locator, When::Undated, line, Fact::FileTimes(Box::new(times)));
    }
}

/// A time in UTC, with or without `Z`; none for `unknown`, empty and 1970.
fn time(field: &str) -> Result<Option<Timestamp>, ()> {
    let field = field.trim();
    if field.is_empty() || field == "unknown" {
        return Ok(None);
    }
    let civil: DateTime = field.trim_end_matches('Z').parse().map_err(|_| ())?;
    let time = Offset::UTC.to_timestamp(civil).map_err(|_| ())?;
    Ok((time.as_second() > 0).then_some(time))
}
