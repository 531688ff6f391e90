//! Every rule: a story where it fires, with each point of its score, and a benign twin that differs in
//! one detail.

mod drift;
mod jobs;
mod listeners;
mod outbound;
mod scenarios;
mod sums;
mod traps;
mod trust;

use crate::story::{Lsof, Mac, job};

/// launchd's own row of a listener.
pub(crate) fn launchd(kind: &'static str, device: u64, name: &'static str) -> Lsof<'static> {
    Lsof { kind, ..Lsof::tcp("launchd", 1, device, name).root() }
}

/// Keys of a job that launchd starts by itself.
pub(crate) const RUN_AT_LOAD: &str = "<key>RunAtLoad</key><true/>";

/// `Sockets` with one listener on a port or service name.
pub(crate) fn sockets(service: &str) -> String {
    format!(
        "<key>Sockets</key><dict><key>Listeners</key><dict>\
         <key>SockServiceName</key><string>{service}</string></dict></dict>"
    )
}

/// Apple's job of remote login.
pub(crate) fn ssh_plist() -> String {
    let more = sockets("ssh")
        + "<key>Disabled</key><true/>\
           <key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    job("com.openssh.sshd", &["/usr/libexec/sshd-keygen-wrapper"], &more)
}

/// A daemon of a third party, running as root and holding that listener.
pub(crate) fn daemon(label: &str, arguments: &[&str], name: &'static str) -> Mac {
    let program = arguments[0];
    let command = program.rsplit('/').next().unwrap();
    Mac::new()
        .plist(
            &format!("/Library/LaunchDaemons/{label}.plist"),
            &job(label, arguments, RUN_AT_LOAD),
        )
        .loaded(Some(700), label)
        .ps(700, "root", "01-00:00:00", &arguments.join(" "))
        .lsof(Lsof::tcp(command, 700, 0x700, name).root())
}
