//! The dictionary of a launchd property list → a job (formats.md 4.2).

use super::arguments::{Inference, declared_in_arguments};
use super::{environment, sockets};
use crate::artifacts::Emitter;
use crate::artifacts::property_list::{Dictionary, Value, boolean};
use crate::model::Text;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use crate::model::service::Job;

/// Keys besides `RunAtLoad`, `KeepAlive` and `Sockets` by which launchd starts a job on its own.
/// `MachServices` is not among them: there a client asks for it.
const TRIGGERS: &[&str] = &[
    "StartInterval",
    "StartCalendarInterval",
    "WatchPaths",
    "QueueDirectories",
    "StartOnMount",
    "LaunchEvents",
];

/// The job of a dictionary; its label is empty where there is none.
pub(in crate::artifacts) fn job(entries: &Dictionary, out: &mut Emitter) -> Job {
    let program = text(entries, "Program", out).or_else(|| text(entries, "BundleProgram", out));
    let arguments = arguments(entries, out);
    let on_demand = entries.get("OnDemand").and_then(boolean);
    let mut declared = sockets::declared(entries, out);
    let inference = infer(program.as_deref(), &arguments);
    if let Some(config) = &inference.config {
        out.note(format!("ports may be set in {config:?}, which the job reads"));
    }
    declared.extend(inference.ports);
    declared.extend(environment::declared(entries));
    Job {
        label: text(entries, "Label", out).unwrap_or_default(),
        program,
        arguments,
        user: text(entries, "UserName", out),
        run_at_load: flag(entries, "RunAtLoad", out).unwrap_or(false),
        keep_alive: is_kept_alive(entries, out) || on_demand == Some(false),
        inetd_wait: inetd_wait(entries),
        disabled: disabled(entries, out),
        triggers: TRIGGERS.iter().copied().filter(|key| is_set(entries, key)).collect(),
        declared,
        shell_on_socket: inference.shell_on_socket.map(Text::from),
        script: inference.script.map(Text::from),
        partial: false,
        path: None,
    }
}

fn odd(out: &mut Emitter, detail: String) {
    out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
}

fn text(entries: &Dictionary, key: &str, out: &mut Emitter) -> Option<Text> {
    let value = entries.get(key)?;
    let text = value.as_string().filter(|text| !text.is_empty());
    if text.is_none() {
        odd(out, format!("{key} is no text"));
    }
    text.map(|text| out.text(text))
}

fn flag(entries: &Dictionary, key: &str, out: &mut Emitter) -> Option<bool> {
    let value = entries.get(key)?;
    let flag = boolean(value);
    if flag.is_none() {
        odd(out, format!("{key} is no boolean"));
    }
    flag
}

fn is_kept_alive(entries: &Dictionary, out: &mut Emitter) -> bool {
    match entries.get("KeepAlive") {
        // Conditions under which it is kept alive.
        Some(Value::Dictionary(_)) => true,
        _ => flag(entries, "KeepAlive", out).unwrap_or(false),
    }
}

/// `Disabled`; unknown where it is a dictionary of conditions, as in Apple's own jobs.
fn disabled(entries: &Dictionary, out: &mut Emitter) -> Option<bool> {
    match entries.get("Disabled") {
        Some(Value::Dictionary(_)) => None,
        _ => flag(entries, "Disabled", out),
    }
}

fn inetd_wait(entries: &Dictionary) -> Option<bool> {
    let settings = entries.get("inetdCompatibility")?.as_dictionary()?;
    Some(settings.get("Wait").and_then(boolean).unwrap_or(false))
}

/// Whether a trigger is there and not switched off.
fn is_set(entries: &Dictionary, key: &str) -> bool {
    match entries.get(key) {
        None => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Dictionary(items)) => !items.is_empty(),
        Some(value) => boolean(value) != Some(false),
    }
}

fn arguments(entries: &Dictionary, out: &mut Emitter) -> Vec<Text> {
    let items = match entries.get("ProgramArguments") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.as_slice(),
        Some(value) => {
            odd(out, "ProgramArguments is no array".to_owned());
            std::slice::from_ref(value)
        }
    };
    let mut words = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::String(text) => words.push(out.text(text)),
            Value::Integer(number) => words.push(out.text(&number.to_string())),
            Value::Real(number) => words.push(out.text(&number.to_string())),
            _ => odd(out, "an item of ProgramArguments is no text; left out".to_owned()),
        }
    }
    words
}

/// What the command line says. `Program` is what runs: the first argument may be any word.
fn infer(program: Option<&str>, arguments: &[Text]) -> Inference {
    let words: Vec<&str> = match program {
        Some(program) => {
            std::iter::once(program).chain(arguments.iter().skip(1).map(|word| &**word)).collect()
        }
        None => arguments.iter().map(|word| &**word).collect(),
    };
    declared_in_arguments(&words)
}
