//! `stock.toml` → which ports a Mac's own programs listen on and reach (ports.md 5.4).

use super::check_header;
use super::pattern::{Basis, PathPattern, PathSet, PortSet, Reach, Transport, Version, Way};
use super::program::{Program, ToolList, Use};
use crate::model::network::{Protocol, Scope};
use crate::model::service::Direction;
use crate::ports::identity::normalise_label;
use crate::ports::place::canonical;
use serde::Deserialize;

/// The table as it stands.
pub const TEXT: &str = include_str!("stock.toml");

/// The stock baseline of macOS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockTable {
    schema: u32,
    /// Date of the table.
    pub version: String,
    places: PathSet,
    outposts: PathSet,
    label_prefixes: Vec<String>,
    instruments: ToolList,
    /// What listens.
    pub listen: Vec<Row>,
    /// What is reached.
    pub outbound: Vec<Row>,
}

/// Who holds a listener besides its own program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// launchd, for the job of the row's label.
    Launchd,
}

/// One stock use of ports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Names of its programs. For `outbound`, none: every program of Apple's.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where they lie. A program of that name in another of Apple's places counts too, since they move.
    #[serde(default)]
    pub paths: Vec<PathPattern>,
    /// Labels of the launchd job, oldest last.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Transport.
    pub protocol: Transport,
    /// Ports.
    pub ports: PortSet,
    /// How far it may reach.
    pub scope: Reach,
    /// The feature that a person must turn on or use; `None` if it is always so.
    pub optional: Option<String>,
    /// Who else holds it.
    pub held_by: Option<Holder>,
    /// First macOS version, a soft hint.
    pub since: Option<Version>,
    /// Last macOS version, a soft hint.
    pub until: Option<Version>,
    /// How well this is known.
    pub basis: Basis,
    /// From where.
    pub source: String,
}

/// What the stock baseline says of one use by one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock<'a> {
    /// macOS does so.
    Expected {
        /// The row.
        row: &'a Row,
        /// How the program was recognised, a sentence fragment.
        because: &'static str,
    },
    /// macOS does so, but not this version of it: a low note, not a finding.
    OutOfVersion {
        /// The row.
        row: &'a Row,
    },
    /// A stock name, port and scope, but the program lies where Apple's does not.
    Masquerade {
        /// The row that it resembles.
        row: &'a Row,
    },
    /// A program of Apple's that no row names, listening on an ephemeral port: benign.
    AppleFloating,
    /// A program of Apple's on a port that no row gives it.
    AppleUnlisted,
    /// Nothing: not Apple's, not recognisable, or an instrument that does as it is told.
    No,
}

/// How a program stands to a row whose port fits.
enum Fit {
    Same(&'static str),
    Elsewhere,
    Other,
}

impl Row {
    /// The row in words: `tcp 5000, 7000 (any), AirPlay Receiver, macOS 12 and later`.
    pub fn describe(&self) -> String {
        let (protocol, ports, scope) = (self.protocol.as_str(), &self.ports, self.scope.as_str());
        let feature = self.optional.iter().map(|feature| format!(", {feature}"));
        let versions = match (self.since, self.until) {
            (Some(since), Some(until)) => format!(", macOS {since} to {until}"),
            (Some(since), None) => format!(", macOS {since} and later"),
            (None, Some(until)) => format!(", macOS {until} and earlier"),
            (None, None) => String::new(),
        };
        let notes: String = feature.chain([versions]).collect();
        format!("{protocol} {ports} ({scope}){notes}")
    }

    /// Whether the row holds for that macOS version; an unknown version is every version.
    pub fn is_of(&self, os: Option<(u32, u32)>) -> bool {
        os.is_none_or(|os| {
            self.since.is_none_or(|since| since.is_reached_by(os))
                && !self.until.is_some_and(|until| until.is_passed_by(os))
        })
    }

    fn has_label(&self, label: &str) -> bool {
        let label = normalise_label(label);
        self.labels.contains(&label)
    }

    /// An inbound connection's scope is its peer's, which says nothing about the listener's.
    fn covers(&self, usage: Use) -> bool {
        self.protocol.allows(usage.protocol)
            && self.ports.covers(usage)
            && (usage.direction == Direction::Inbound || self.scope.allows(usage.scope))
    }
}

impl StockTable {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|error| format!("stock: {error}"))?;
        check_header("stock", table.schema, &table.version)?;
        for row in table.listen.iter().chain(&table.outbound) {
            let shown = format!("{:?} {}", row.names, row.describe());
            if row.source.trim().is_empty() {
                return Err(format!("stock: the row {shown} has no source"));
            }
            if row.held_by.is_some() && row.labels.is_empty() {
                return Err(format!("stock: launchd holds {shown} for no label"));
            }
        }
        if let Some(row) = table.listen.iter().find(|row| row.names.is_empty()) {
            return Err(format!("stock: nobody listens on {}", row.describe()));
        }
        Ok(table)
    }

    /// What macOS is known to do. `os` is the host's major and minor version.
    ///
    /// A path that is not known matches by name. A path that is known must be the row's, or have its
    /// name in one of Apple's places; a program of the name elsewhere is a masquerade. A program of
    /// Apple's that somebody else's job runs is not stock.
    pub fn expects(&self, program: &Program<'_>, usage: Use, os: Option<(u32, u32)>) -> Stock<'_> {
        let (mut dated, mut elsewhere) = (None, None);
        for row in self.rows(usage.direction).filter(|row| row.covers(usage)) {
            match self.fit(row, program) {
                Fit::Same(because) if row.is_of(os) => return Stock::Expected { row, because },
                Fit::Same(_) => dated = dated.or(Some(row)),
                Fit::Elsewhere => elsewhere = elsewhere.or(Some(row)),
                Fit::Other => {}
            }
        }
        match (dated, elsewhere) {
            (Some(row), _) => Stock::OutOfVersion { row },
            (None, Some(row)) => Stock::Masquerade { row },
            (None, None) => self.unlisted(program, usage),
        }
    }

    /// Rows whose listener launchd itself holds: what explains a listener of pid 1 where the property
    /// lists are not complete.
    pub fn launchd_listener(&self, protocol: Protocol, port: u16, scope: Scope) -> Vec<&Row> {
        let usage = Use::new(Direction::Listen, protocol, port, scope);
        let held = self.listen.iter().filter(|row| row.held_by == Some(Holder::Launchd));
        held.filter(|row| row.covers(usage)).collect()
    }

    /// Whether some program of macOS reaches a port.
    pub fn reaches(&self, protocol: Protocol, port: u16) -> bool {
        self.outbound.iter().any(|row| row.protocol.allows(protocol) && row.ports.names(port))
    }

    /// The rows that say where a job listens: those that launchd holds for it, if there are any, since
    /// these are what its `Sockets` declare.
    pub fn label_ports(&self, label: &str) -> Vec<&Row> {
        let rows: Vec<&Row> = self.listen.iter().filter(|row| row.has_label(label)).collect();
        let held: Vec<&Row> =
            rows.iter().copied().filter(|row| row.held_by == Some(Holder::Launchd)).collect();
        if held.is_empty() { rows } else { held }
    }

    /// Whether a path lies where only Apple writes (P11).
    pub fn is_apple_place(&self, path: &str) -> bool {
        self.places.contains(path)
    }

    /// Whether a job of Apple's own in `/System/Library` may run a program there: in one of Apple's
    /// places, or with an application that lies elsewhere.
    pub fn is_place_of_system_job(&self, path: &str) -> bool {
        self.is_apple_place(path) || self.outposts.contains(path)
    }

    /// Whether a label is one that macOS ships (`com.apple.…`, `org.cups.…`), as far as a name can tell.
    pub fn is_stock_label(&self, label: &str) -> bool {
        let label = normalise_label(label);
        let label = label.strip_prefix("application.").unwrap_or(&label);
        self.label_prefixes.iter().any(|prefix| label.starts_with(prefix.as_str()))
    }

    /// Whether it is one of Apple's programs that do as they are told (interpreters, nc, ssh, …): that
    /// Apple signed it excuses nothing.
    pub fn is_instrument(&self, program: &Program<'_>) -> bool {
        self.instruments.has(program)
    }

    /// Whether some stock program uses a port so, whichever it is.
    pub(super) fn allows_someone(&self, usage: Use) -> bool {
        self.rows(usage.direction).any(|row| row.covers(usage))
    }

    fn rows(&self, direction: Direction) -> impl Iterator<Item = &Row> {
        let of = |way: Way, rows| if way.allows(direction) { rows } else { [].as_slice() };
        of(Way::Listen, self.listen.as_slice()).iter().chain(of(Way::Outbound, &self.outbound))
    }

    fn fit(&self, row: &Row, program: &Program<'_>) -> Fit {
        if is_launchd(program) {
            return match program.label {
                _ if row.held_by != Some(Holder::Launchd) => Fit::Other,
                Some(label) if row.has_label(label) => Fit::Same("launchd holds it for this job"),
                Some(_) => Fit::Other,
                None => Fit::Same("launchd holds it for a stock job"),
            };
        }
        let is_foreign = program.label.is_some_and(|label| !self.is_stock_label(label));
        let is_named = row.names.iter().any(|name| program.is_called(name));
        let fit = match program.place() {
            Some(path) if row.paths.iter().any(|pattern| pattern.matches(path)) => {
                Fit::Same("its path is the stock one")
            }
            Some(path) if self.is_apple_place(path) && is_named => {
                Fit::Same("its name is the stock one, in one of Apple's places")
            }
            Some(path) if self.is_apple_place(path) && row.names.is_empty() => {
                if self.is_instrument(program) {
                    return Fit::Other;
                }
                Fit::Same("a program of Apple's")
            }
            Some(path) if self.is_apple_place(path) => Fit::Other,
            Some(_) if row.names.iter().any(|name| program.goes_by(name)) => Fit::Elsewhere,
            None if is_named => Fit::Same("its name is the stock one; its path is not known"),
            _ => Fit::Other,
        };
        if is_foreign && matches!(fit, Fit::Same(_)) { Fit::Other } else { fit }
    }

    /// A program of Apple's that no row gives this port. Not for launchd, which listens only for jobs.
    fn unlisted(&self, program: &Program<'_>, usage: Use) -> Stock<'_> {
        let is_apple = program.place().is_some_and(|path| self.is_apple_place(path))
            && program.label.is_none_or(|label| self.is_stock_label(label));
        if !is_apple || is_launchd(program) || self.is_instrument(program) {
            Stock::No
        } else if usage.direction == Direction::Listen && usage.is_ephemeral {
            Stock::AppleFloating
        } else {
            Stock::AppleUnlisted
        }
    }
}

/// The one program that holds other programs' sockets.
fn is_launchd(program: &Program<'_>) -> bool {
    match program.place() {
        Some(path) => canonical(path) == "/sbin/launchd",
        None => program.name == Some("launchd"),
    }
}
