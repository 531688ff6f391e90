//! `client_info.json`, `collection_context.json`, `metadata.json` → the Mac, and the run.

use super::{Object, instant, number, text};
use crate::artifacts::reading::whole_text;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, HostClaim, Known, ProblemKind, When};
use crate::model::provenance::Locator;
use serde_json::Value;

catalog::entry! {
    /// `client_info.json`, `collection_context.json` → the Mac that Velociraptor ran on, and its run.
    ///
    /// ## What it proves
    /// The host's name, version and offset from UTC, and to the second when it was started, as Velociraptor found them
    /// while it ran; whether it ran as root; when the collection was made, and what of it failed. A system other
    /// than `darwin` ends the analysis of the collection. `metadata.json` is what an encrypted container
    /// shows of itself: what lies in its `data.zip` needs the password (`--password-file`).
    ///
    /// ## What it does not
    /// A zone with its rules for summer time: an offset is that of the day. That the clock was right. A serial
    /// number: Velociraptor does not tell it, and two Macs of one name are taken for one.
    ///
    /// ## Format source
    /// Velociraptor's `info()` (`vql/info.go`) and its collection container (`reporting/container.go`),
    /// 0.6 to 0.75. formats.md 3.2.
    pub VelociraptorCollection
}

/// Bytes of one of these files.
const FILE: u64 = 4 << 20;

/// Which of the files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Client,
    Context,
    Container,
}

fn shape_of(name: &str) -> Option<Shape> {
    match name {
        "client_info.json" => Some(Shape::Client),
        "collection_context.json" => Some(Shape::Context),
        "metadata.json" => Some(Shape::Container),
        _ => None,
    }
}

/// Keys by which a file of that name is Velociraptor's.
fn keys(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Client => &["\"Hostname\"", "\"os_info\"", "\"Fqdn\""],
        Shape::Context => &["\"session_id\"", "\"artifacts_with_results\"", "\"query_stats\""],
        Shape::Container => &["\"EncryptedPass\"", "\"Scheme\""],
    }
}

impl Artifact for VelociraptorCollection {
    fn id(&self) -> &'static str {
        "velociraptor-collection"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let Some(shape) = shape_of(candidate.name) else { return Claim::No };
        let looks = keys(shape).iter().any(|key| candidate.text.contains(key));
        // Others name their files so, too.
        if looks { Claim::Sure } else { Claim::No }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let name = input.entry.path.to_lowercase();
        let shape = shape_of(name.rsplit('/').next().unwrap_or_default());
        let text = whole_text(input, FILE)?;
        let object = first_object(&text).ok_or_else(|| ParseError::Malformed {
            locator: Locator::Whole,
            detail: "not an object of JSON".to_owned(),
        })?;
        match shape {
            Some(Shape::Context) => read_context(&object, out),
            Some(Shape::Container) => {
                out.note(
                    "an encrypted container of Velociraptor: what was collected lies in data.zip",
                );
            }
            Some(Shape::Client) | None => read_client(&object, out),
        }
        Ok(())
    }
}

/// An object, the first of an array, or that of the first line.
fn first_object(text: &str) -> Option<Object> {
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()?;
    match first {
        Value::Object(object) => Some(object),
        Value::Array(items) => items.into_iter().find_map(|item| match item {
            Value::Object(object) => Some(object),
            _ => None,
        }),
        _ => None,
    }
}

fn say(when: &When, row: &str, claim: HostClaim, out: &mut Emitter) {
    out.cite(Locator::Whole, when.clone(), row, Fact::Host(claim));
}

fn say_collection(claim: CollectionClaim, out: &mut Emitter) {
    out.fact(Locator::Whole, When::Undated, Fact::Collection(claim));
}

fn read_client(client: &Object, out: &mut Emitter) {
    // A server's record of its client nests what the client itself tells.
    let inner = client.get("os_info").and_then(Value::as_object);
    let info = inner.unwrap_or(client);
    let agent = client.get("agent_information").and_then(Value::as_object);
    let version = agent.and_then(|agent| text(agent, &["version"])).map(|text| out.text(text));
    let name = out.text("velociraptor");
    say_collection(CollectionClaim::Collector { name, version }, out);
    let boot = client.get("BootTime").and_then(instant);
    let up = number(client, "Uptime").and_then(|seconds| i64::try_from(seconds).ok());
    let when = match boot.zip(up) {
        Some((boot, up)) => When::Utc(Window::at(boot).shifted(up, up.saturating_add(1))),
        None => When::Undated,
    };
    if let Some(system) = text(info, &["OS", "system"])
        && !system.eq_ignore_ascii_case("darwin")
    {
        let system = if system.eq_ignore_ascii_case("linux") { "Linux" } else { system };
        say(&when, &format!("OS = {system}"), HostClaim::NotMacOs(system.into()), out);
        return;
    }
    if let Some(name) = text(info, &["Hostname", "hostname", "Fqdn", "fqdn"]) {
        let claim = HostClaim::Name { rank: 2, name: out.text(name) };
        say(&when, &format!("Hostname = {name}"), claim, out);
    }
    if let Some(version) = text(info, &["PlatformVersion"]) {
        let claim = HostClaim::OsVersion(out.text(version));
        say(&when, &format!("PlatformVersion = {version}"), claim, out);
    }
    read_offset(client, &when, out);
    if let Some(boot) = boot {
        // Whole seconds of kern.boottime.
        let row = format!("BootTime = {}", client.get("BootTime").unwrap_or(&Value::Null));
        let when = When::Utc(Window::at(boot).shifted(0, 1));
        out.cite(Locator::Whole, when, &row, Fact::Boot { uuid: None, exact: true });
    }
    if let Some(admin) = client.get("IsAdmin").and_then(Value::as_bool) {
        say_collection(CollectionClaim::Privileged(Known::from(admin)), out);
    }
}

/// `LocalTZOffset`; `LocalTZ` is an abbreviation, or the offset again.
fn read_offset(client: &Object, when: &When, out: &mut Emitter) {
    let Some(value) = client.get("LocalTZOffset") else { return };
    let seconds = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let seconds = seconds.and_then(|seconds| i32::try_from(seconds).ok());
    if let Some(seconds) = seconds.filter(|seconds| seconds.abs() <= 14 * 3600) {
        let row = format!("LocalTZOffset = {seconds}");
        say(when, &row, HostClaim::Offset { rank: 1, seconds }, out);
    } else {
        let detail = format!("LocalTZOffset is no offset: {}", cut(&value.to_string(), 40));
        out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
    }
}

fn read_context(context: &Object, out: &mut Emitter) {
    let name = out.text("velociraptor");
    say_collection(CollectionClaim::Collector { name, version: None }, out);
    for (key, claim) in
        [("create_time", CollectionClaim::Started), ("active_time", CollectionClaim::Ended)]
    {
        if let Some(time) = context.get(key).and_then(instant) {
            let row = format!("{key} = {}", context.get(key).unwrap_or(&Value::Null));
            let when = When::Utc(Window::at(time));
            out.cite(Locator::Whole, when, &row, Fact::Collection(claim));
        }
    }
    let stats = context.get("query_stats").and_then(Value::as_array);
    for stat in stats.into_iter().flatten().filter_map(Value::as_object) {
        if let Some(error) = text(stat, &["error_message"]) {
            let artifact = text(stat, &["Artifact", "artifact"]).unwrap_or("an artifact");
            let what = format!("{}: {}", cut(artifact, 80), cut(error, 200));
            say_collection(CollectionClaim::Failed(what.as_str().into()), out);
        }
    }
}
