//! `policy.toml` → roles, exceptions, approved software.

use super::fields::{Document, Fields, FileError, Value};
use super::matching::{Match, ProgramPath};
use super::network::Network;
use super::validity::Validity;
use super::{Approval, Exception, Role};
use crate::baseline::pattern::{PortSet, Reach};
use crate::model::network::Protocol;
use crate::model::service::Direction;
use crate::ports::identity::normalise_label;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

const EXCEPTION: &[&str] = &["id", "owner", "reason", "ticket", "from", "until", "zone", "match"];

const MATCH: &[&str] = &[
    "host",
    "role",
    "label",
    "path",
    "process",
    "team_id",
    "bundle_id",
    "sha256",
    "direction",
    "protocol",
    "ports",
    "scope",
    "remote",
];

/// What a policy file holds.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyFile {
    pub(super) roles: Vec<Role>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) approvals: Vec<Approval>,
}

/// Reads a policy file.
pub(super) fn parse(file: &str, text: &str) -> Result<PolicyFile, FileError> {
    let document = Document { file, text };
    let root = document.parse()?;
    let known = ["schema", "roles", "exception", "approved"];
    let top = Fields::new(document, "", 0..0, root.get_ref(), &known)?;
    top.need("schema")?.is_schema_1()?;
    let mut policy = PolicyFile::default();
    if let Some(roles) = top.get("roles") {
        policy.roles = read_roles(&roles)?;
    }
    for value in tables(top.get("exception"), "a list of tables, each under [[exception]]")? {
        policy.exceptions.push(read_exception(&value.fields(EXCEPTION)?)?);
    }
    refuse_twins(&document, &top, &policy.exceptions)?;
    for value in tables(top.get("approved"), "a list of tables, each under [[approved]]")? {
        policy.approvals.push(read_approval(&value.fields(&["name", "match", "ports"])?)?);
    }
    Ok(policy)
}

fn tables<'t>(value: Option<Value<'t>>, wanted: &str) -> Result<Vec<Value<'t>>, FileError> {
    value.map_or_else(|| Ok(Vec::new()), |value| value.list(wanted))
}

/// The patterns in the order of the file: the first that fits wins.
fn read_roles(roles: &Value<'_>) -> Result<Vec<Role>, FileError> {
    let mut read = Vec::new();
    for (pattern, role) in roles.entries()? {
        if pattern.trim().is_empty() {
            return Err(role.error("has an empty host name before it"));
        }
        read.push(Role { host: pattern.to_owned(), role: role.text()?.to_owned() });
    }
    Ok(read)
}

fn read_exception(fields: &Fields<'_>) -> Result<Exception, FileError> {
    let id = fields.need("id")?;
    if id.text()?.starts_with("approved:") {
        return Err(id.error("may not begin with \"approved:\", which names approved software"));
    }
    let owned = |value: Value<'_>| value.text().map(str::to_owned);
    let until = fields.need("until")?;
    let last = until.date()?;
    let first = fields.get("from").map(|from| from.date()).transpose()?;
    if first.is_some_and(|first| last < first) {
        return Err(until.error("lies before `from`"));
    }
    let (zone, name) = match fields.get("zone") {
        None => (TimeZone::UTC, "UTC"),
        Some(zone) => (zone.read(time_zone)?, zone.text()?),
    };
    Ok(Exception {
        id: owned(id)?,
        owner: owned(fields.need("owner")?)?,
        reason: owned(fields.need("reason")?)?,
        ticket: fields.get("ticket").map(owned).transpose()?,
        validity: Validity::new(first, last, zone, name),
        matcher: read_match(&fields.need("match")?)?,
    })
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    let unknown = |_| format!("{name:?} is no zone of the IANA database (as in America/Sao_Paulo)");
    TimeZone::get(name).map_err(unknown)
}

/// Two exceptions of one id could not be told apart in a table.
fn refuse_twins(
    document: &Document<'_>,
    top: &Fields<'_>,
    exceptions: &[Exception],
) -> Result<(), FileError> {
    let mut known = BTreeMap::new();
    let values = tables(top.get("exception"), "")?;
    for (value, exception) in values.iter().zip(exceptions) {
        let id = value.fields(EXCEPTION)?.need("id")?;
        if let Some(line) = known.insert(exception.id.as_str(), document.line_of(&id)) {
            let what = format!("{:?} is also the id of the exception in line {line}", exception.id);
            return Err(id.error(what));
        }
    }
    Ok(())
}

fn read_approval(fields: &Fields<'_>) -> Result<Approval, FileError> {
    let name = fields.need("name")?.text()?.to_owned();
    let value = fields.need("match")?;
    let matcher = read_match(&value)?;
    if !matcher.names_a_program() {
        return Err(value.error(
            "names no program: needed is label, path, process, team_id, bundle_id or sha256",
        ));
    }
    let ports = fields.get("ports").map(|ports| read_ports(&ports)).transpose()?;
    Ok(Approval { name, matcher, ports: ports.unwrap_or_default() })
}

fn read_match(value: &Value<'_>) -> Result<Match, FileError> {
    let fields = value.fields(MATCH)?;
    let text = |key: &str| -> Result<Option<String>, FileError> {
        fields.get(key).map(|value| value.text().map(str::to_owned)).transpose()
    };
    let directions = [
        ("listen", Direction::Listen),
        ("outbound", Direction::Outbound),
        ("inbound", Direction::Inbound),
    ];
    let protocols = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
    let scopes = [("loopback", Reach::Lo), ("lan", Reach::Lan), ("any", Reach::Any)];
    let path = |text: &str| ProgramPath::try_from(text.to_owned());
    let matcher = Match {
        host: text("host")?,
        role: text("role")?,
        label: text("label")?.map(|label| normalise_label(&label)),
        path: fields.get("path").map(|value| value.read(path)).transpose()?,
        process: text("process")?,
        team_id: text("team_id")?,
        bundle_id: text("bundle_id")?,
        sha256: fields.get("sha256").map(|value| value.read(sha256)).transpose()?,
        direction: fields.get("direction").map(|value| value.one_of(&directions)).transpose()?,
        protocol: fields.get("protocol").map(|value| value.one_of(&protocols)).transpose()?,
        ports: fields.get("ports").map(|value| read_ports(&value)).transpose()?.unwrap_or_default(),
        scope: fields.get("scope").map(|value| value.one_of(&scopes)).transpose()?,
        remote: fields.get("remote").map(|value| value.read(Network::parse)).transpose()?,
    };
    if matcher.is_empty() {
        return Err(fields.error("is empty, which would fit everything"));
    }
    Ok(matcher)
}

/// A hash in lower case, if it is one.
pub(super) fn sha256(text: &str) -> Result<String, String> {
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wrong = || format!("{text:?} is not a SHA-256: 64 hexadecimal digits");
    if is_hash { Ok(text.to_ascii_lowercase()) } else { Err(wrong()) }
}

/// Ports and ranges in any order.
fn read_ports(value: &Value<'_>) -> Result<Vec<PortSet>, FileError> {
    let words = value.list("a list of texts (as in [\"7681\", \"8000-8010\", \"dynamic\"])")?;
    if words.is_empty() {
        return Err(value.error("is empty; leave it out where any port is meant"));
    }
    let read = |word: &Value<'_>| {
        word.read(|text| match text {
            "any" => Err("\"any\" is no port; leave `ports` out where any is meant".to_owned()),
            text => PortSet::try_from(vec![text.to_owned()]),
        })
    };
    words.iter().map(read).collect()
}
