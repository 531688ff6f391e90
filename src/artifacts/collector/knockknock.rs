//! A scan that `KnockKnock` saved as JSON → what starts by itself, and who signed it.

use super::signatures;
use crate::artifacts::reading::whole_text;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::observation::{AutoStart, Code, Fact, ProblemKind, Signer, When};
use crate::model::provenance::Locator;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

catalog::entry! {
    /// A scan that `KnockKnock` (Objective-See) saved as JSON → what starts by itself, and who signed it.
    ///
    /// ## What it proves
    /// That the program was set to start by itself when the scan was made, by which property list, and what the system
    /// said of its signature: status, names in the certificates, team. A job whose property list is in the evidence
    /// too is not listed twice, but gets the signature.
    ///
    /// ## What it does not
    /// Of which Mac, and when: the scan names none and has no time, so that nothing of it is in the timeline. No sockets,
    /// no processes. The name of an item is that of its program or bundle: the label of its job stays empty. Items of Apple
    /// and known ones are left out unless the examiner asked for them: what is missing proves nothing. The tool
    /// does not escape quotes in paths: where that breaks the JSON, items are read one by one, and a path that holds
    /// the text of an item may be read as one; the row of the file is then `partial`.
    ///
    /// ## Format source
    /// `objective-see/KnockKnock`, `Results/File.m`, `Command.m`, `Extension.m`; formats.md 3.10.
    pub KnockKnock
}

/// Items of a damaged scan that are no JSON.
const BROKEN: usize = 256;

/// Plugins whose items are launchd's.
const JOBS: &[&str] = &["Launch Items", "Background Managed Tasks", "Background Managed Items"];

/// The other plugins.
const OTHERS: &[&str] = &[
    "Authorization Plugins",
    "Browser Extensions",
    "Cron Jobs",
    "Directory Services Plugins",
    "Dock Tiles Plugins",
    "Event Rules",
    "Extensions and Widgets",
    "Kernel Extensions",
    "Library Inserts",
    "Library Proxies",
    "Login Items",
    "Login/Logout Hooks",
    "Periodic Scripts",
    "Quicklook Plugins",
    "Spotlight Importers",
    "Startup Scripts",
    "System Extensions",
];

impl Artifact for KnockKnock {
    fn id(&self) -> &'static str {
        "knockknock"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        if !candidate.text.trim_start().starts_with('{') {
            return Claim::No;
        }
        let has = |name: &&&str| candidate.text.contains(&format!("\"{name}\":"));
        let plugins = JOBS.iter().chain(OTHERS).filter(has).count();
        let item = candidate.text.contains("\"signature(s)\":")
            && candidate.text.contains("\"VT detection\":");
        match (plugins, item) {
            (1.., true) => Claim::Sure,
            (2.., false) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let text = whole_text(input, limits::REPORT)?;
        match serde_json::from_str::<BTreeMap<String, Vec<&RawValue>>>(&text) {
            Ok(plugins) => {
                let base = text.as_ptr() as usize;
                for (plugin, items) in &plugins {
                    for item in items {
                        let raw = item.get();
                        let at = (raw.as_ptr() as usize).saturating_sub(base);
                        read(plugin, raw, at, out);
                    }
                }
            }
            Err(error) => {
                let line = Locator::Line(error.line() as u64);
                let detail = "it is no JSON as a whole: its items are read one by one";
                out.problem(line, ProblemKind::MalformedFile, detail);
                out.partial = true;
                one_by_one(&text, out);
            }
        }
        Ok(())
    }
}

/// Reads the items of a text that is no JSON as a whole: each from where one begins.
fn one_by_one(text: &str, out: &mut Emitter) {
    let mut plugin = String::new();
    let (mut from, mut broken) = (0, 0_usize);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(['{', '['])) {
        let at = from.saturating_add(at);
        from = at.saturating_add(1);
        let before = text.get(..at).unwrap_or_default().trim_end();
        if text.get(at..from) == Some("[") {
            let name = before.strip_suffix(':').map(str::trim_end);
            let name = name.and_then(|name| name.strip_suffix('"')?.rsplit('"').next());
            let known = name.filter(|name| JOBS.iter().chain(OTHERS).any(|one| one == name));
            if let Some(known) = known {
                known.clone_into(&mut plugin);
            }
            continue;
        }
        let rest = head(text.get(at..).unwrap_or_default());
        let begins = rest.get(1..).unwrap_or_default().trim_start();
        if plugin.is_empty() || !["\"name\"", "\"command\""].iter().any(|it| begins.starts_with(it))
        {
            continue;
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        if let Some(Ok(item)) = values.next() {
            read(&plugin, item.get(), at, out);
            from = at.saturating_add(item.get().len());
        } else {
            let detail = "an item that is no JSON object";
            out.problem(Locator::Offset(at as u64), ProblemKind::MalformedRecord, detail);
            broken = broken.saturating_add(1);
        }
        // Each of them was read on to its end, which may be that of all others.
        if broken > BROKEN {
            let detail =
                format!("more than {BROKEN} items that are no JSON object: the rest is not read");
            return out.problem(Locator::Offset(at as u64), ProblemKind::Limit, detail);
        }
    }
}

/// The beginning of a text, as long as an item may be.
fn head(text: &str) -> &str {
    let end = limits::LINE.min(text.len());
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// One item of a plugin.
fn read(plugin: &str, raw: &str, at: usize, out: &mut Emitter) {
    let locator = Locator::Offset(at as u64);
    let Ok(item) = serde_json::from_str::<Map<String, Value>>(raw) else {
        return out.problem(
            locator,
            ProblemKind::MalformedRecord,
            "an item that is no JSON object",
        );
    };
    let text = |key: &str| {
        let value = item.get(key).and_then(Value::as_str).map(str::trim);
        value.filter(|value| !value.is_empty() && *value != "n/a" && *value != "unknown")
    };
    let program = text("path").or_else(|| text("command"));
    if program.is_none() && text("plist").is_none() {
        let detail = "an item without a path or a command";
        return out.problem(locator, ProblemKind::MalformedRecord, detail);
    }
    let is_job = JOBS.contains(&plugin);
    let plist = text("plist").filter(|path| is_job && path.starts_with('/'));
    let fact = AutoStart {
        kind: out.text(plugin),
        label: None,
        plist_path: plist.map(|path| out.text(path)),
        program: program.map(|program| out.text(program)),
        arguments: None,
        code: item.get("signature(s)").and_then(signature),
    };
    out.cite(locator, When::Undated, raw, Fact::AutoStart(Box::new(fact)));
}

/// The system's status of a signature: none, and broken in one way or another.
const UNSIGNED: i64 = -67062;

/// `{"signatureStatus": 0, "signatureAuthorities": ["Developer ID Application: …", …]}`.
fn signature(told: &Value) -> Option<Code> {
    let told = told.as_object()?;
    let status = told.get("signatureStatus")?.as_i64()?;
    if status == UNSIGNED {
        return Some(Code { signature: Some(Signer::Unsigned), ..Code::default() });
    }
    // What is broken is nobody's, whatever its certificates say.
    if status != 0 {
        return Some(Code { signature: Some(Signer::Unknown), ..Code::default() });
    }
    let names = told.get("signatureAuthorities").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        return Some(Code { signature: Some(Signer::AdHoc), ..Code::default() });
    }
    Some(signatures::of_authorities(&names))
}
