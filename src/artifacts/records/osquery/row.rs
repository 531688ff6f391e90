//! A row → its table, told by its columns: the name of a query is chosen by whoever writes it.

use super::tables::Table;
use serde_json::Value;
use std::collections::BTreeMap;

/// A row of a known table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its table.
    pub(super) table: Table,
    /// Its columns, numbers as text.
    columns: BTreeMap<String, String>,
    /// As it stood.
    pub(super) raw: String,
}

impl Row {
    /// A row, if its columns are those of a table that matters.
    pub(super) fn of(value: &Value, raw: &str) -> Option<Self> {
        let columns: BTreeMap<String, String> = value
            .as_object()?
            .iter()
            .filter_map(|(name, value)| {
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    Value::Bool(holds) => u8::from(*holds).to_string(),
                    _ => return None,
                };
                Some((name.clone(), value))
            })
            .collect();
        let table = Table::of(&|name: &str| columns.contains_key(name))?;
        Some(Self { table, columns, raw: raw.to_owned() })
    }

    /// A column that is not empty.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.columns.get(column).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A column that is a number.
    pub(super) fn number(&self, column: &str) -> Option<i64> {
        self.text(column)?.trim().parse().ok()
    }

    /// A process id; -1 is none.
    pub(super) fn pid(&self, column: &str) -> Option<u32> {
        u32::try_from(self.number(column)?).ok()
    }

    /// Another system than macOS that the row shows by columns or paths that only it has.
    pub(super) fn other_system(&self) -> Option<&'static str> {
        let platform = self.text("platform").or_else(|| self.text("platform_like"));
        let platform = platform.filter(|_| self.table == Table::OsVersion);
        match platform {
            Some("darwin" | "macos" | "osx") => return None,
            Some("windows") => return Some("windows"),
            Some(_) => return Some("linux"),
            None => {}
        }
        let is_told = |columns: &[&str]| columns.iter().any(|name| self.text(name).is_some());
        if is_told(&["net_namespace", "cgroup_path", "cgroup_namespace", "pid_namespace"]) {
            return Some("linux");
        }
        let path = self.text("path").unwrap_or_default();
        let windows = path.get(1..3).is_some_and(|drive| drive == ":\\");
        (windows || is_told(&["elevated_token", "secure_process", "protection_type"]))
            .then_some("windows")
    }

    /// What stays the same of a row while columns about its use change.
    pub(super) fn identity(&self) -> Vec<Option<&str>> {
        let columns: &[&str] = match self.table {
            Table::ListeningPorts => &["pid", "protocol", "family", "address", "port"],
            Table::OpenSockets => &[
                "pid",
                "protocol",
                "local_address",
                "local_port",
                "remote_address",
                "remote_port",
                "state",
            ],
            Table::Processes => &["pid", "start_time"],
            Table::Launchd => &["path", "label"],
            _ => return vec![Some(&self.raw)],
        };
        columns.iter().map(|column| self.text(column)).collect()
    }
}
