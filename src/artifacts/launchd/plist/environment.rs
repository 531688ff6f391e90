//! `EnvironmentVariables` → ports (formats.md 4.6). Of a value only the port's digits are ever shown.

use super::arguments::{endpoint, environment_port};
use crate::artifacts::property_list::{Dictionary, Value};
use crate::model::service::{DeclaredPort, Origin};

/// The ports that a job's environment names.
pub(super) fn declared(entries: &Dictionary) -> Vec<DeclaredPort> {
    let Some(variables) = entries.get("EnvironmentVariables").and_then(Value::as_dictionary) else {
        return Vec::new();
    };
    let mut declared = Vec::new();
    for (name, value) in variables {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Integer(number) => number.to_string(),
            _ => continue,
        };
        declared.extend(environment_port(name, &text).map(|port| DeclaredPort {
            origin: Origin::Environment,
            token: endpoint::token(&[name, "=", &digits(&port)]),
            ..port
        }));
    }
    declared
}

fn digits(port: &DeclaredPort) -> String {
    port.port.number().map_or_else(String::new, |number| number.to_string())
}
