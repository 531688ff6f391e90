//! Parsers: one module an artifact.

mod aftermath;
mod automactc;
mod crash_report;
mod host;
mod knockknock;
mod last;
mod launchctl;
mod launchd_log;
mod launchd_plist;
mod lsof;
mod mac_apt;
mod netstat;
mod nettop;
mod network_usage;
mod property_list;
mod ps;
mod records;
mod sysdiagnose;
mod syslog;
mod trust;
mod uac;
mod unified_iterator;
mod unified_log;
mod unified_messages;
mod unified_pieces;
mod unified_styles;
mod velociraptor;

use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, Listing, Process, Socket};

/// The sockets that were read.
fn sockets(out: &Emitter) -> Vec<Socket> {
    let socket = |fact: &Fact| if let Fact::Socket(s) = fact { Some((**s).clone()) } else { None };
    out.observations.iter().filter_map(|observation| socket(&observation.fact)).collect()
}

/// The processes that were read.
fn processes<'a>(out: &'a Emitter) -> Vec<&'a Process> {
    let process = |fact: &'a Fact| match fact {
        Fact::Process(process) => Some(&**process),
        _ => None,
    };
    out.observations.iter().filter_map(|observation| process(&observation.fact)).collect()
}

/// The listings that were read.
fn listings(out: &Emitter) -> Vec<Listing> {
    let listing = |fact: &Fact| if let Fact::Listing(l) = fact { Some(l.clone()) } else { None };
    out.observations.iter().filter_map(|observation| listing(&observation.fact)).collect()
}

/// Where a fixture would lie in an acquisition.
pub(crate) fn place_of(artifact: &str, name: &str) -> String {
    let known = host::FIXTURES.iter().chain(aftermath::FIXTURES);
    let listed = known.into_iter().find(|(id, file, _)| (*id, *file) == (artifact, name));
    if let Some(path) = velociraptor::place_of(artifact, name) {
        return path;
    }
    match (listed, artifact) {
        (Some((_, _, path)), _) => (*path).to_owned(),
        (None, "sysdiagnose") => sysdiagnose::place_of(name),
        (None, "automactc") => {
            let name = name.replace("-damaged", "");
            format!("automactc-output,otter-07,192.0.2.14,2026-04-15T12_13_02Z,{name}")
        }
        (None, "crash-report") => format!("Library/Logs/DiagnosticReports/{name}"),
        (None, "network-usage") => "private/var/networkd/db/netusage.sqlite".to_owned(),
        (None, "knockknock" | "mac-apt-autostart") => format!("tools/{name}"),
        (None, "launchd-plist") => format!("Library/LaunchDaemons/{name}"),
        (None, "launchd-overrides") => {
            "private/var/db/com.apple.xpc.launchd/disabled.501.plist".to_owned()
        }
        (None, "launchd-log") => "private/var/log/com.apple.xpc.launchd/launchd.log".to_owned(),
        (None, "system-log") => "private/var/log/system.log".to_owned(),
        (None, "appfirewall-log" | "install-log" | "shutdown-log" | "wifi-log") => {
            format!("private/var/log/{}", artifact.replace("-log", ".log"))
        }
        (None, "alf-plist") => "Library/Preferences/com.apple.alf.plist".to_owned(),
        (None, "btm-store") => {
            let name = if name.starts_with("records") { "BackgroundItems-v16.btm" } else { name };
            format!("private/var/db/com.apple.backgroundtaskmanagement/{name}")
        }
        (None, "packet-filter") if name == "pf.conf" => "private/etc/pf.conf".to_owned(),
        (None, _) => format!("live_response/{artifact}.txt"),
    }
}
