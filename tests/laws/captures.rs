//! A past → the files that UAC would have written at each capture, in the Mac's own local time.

use super::history::{ACTIVATED, Capture, FERRY, History, PROGRAMS};
use crate::support::Scratch;
use jiff::Timestamp;
use jiff::tz::Offset;
use std::fmt::Write;
use std::path::PathBuf;

/// Second of a capture at which each command has run.
const PS: i64 = 2;
const LSOF: i64 = 4;
const NETSTAT: i64 = 6;

impl History {
    /// Writes each capture into a folder of its own, in local time `offset` seconds east of UTC.
    pub(super) fn written(&self, scratch: &Scratch, offset: i32) -> Vec<PathBuf> {
        let clock = Clock(Offset::from_seconds(offset).unwrap());
        let folders = self.captures.iter().enumerate().map(|(index, capture)| {
            let folder = format!("{}-{index}", self.host);
            for (name, text) in self.files(capture, &clock) {
                scratch.write(&format!("{folder}/{name}"), text);
            }
            scratch.path().join(folder)
        });
        folders.collect()
    }

    fn files(&self, capture: &Capture, clock: &Clock) -> Vec<(String, String)> {
        let mut files = vec![("uac.log".to_owned(), self.uac_log(capture, clock))];
        let live = |name: &str| format!("live_response/{name}.txt");
        if capture.ps {
            let path = live("process/ps_-axo_pid_user_lstart_args");
            files.push((path, self.ps(capture.at + PS - 1, clock)));
        }
        if capture.elapsed {
            let path = live("process/ps_-axo_pid_user_etime_args");
            files.push((path, self.elapsed(capture.at + PS)));
        }
        if capture.lsof {
            files.push((live("network/lsof_-nPli"), self.lsof(capture.at + LSOF - 1)));
        }
        if capture.netstat {
            files.push((live("network/netstat_-anv"), self.netstat(capture.at + NETSTAT - 1)));
        }
        if capture.sysctl {
            let boot = self.boots[self.boot_at(capture.at)];
            let local = clock.local(boot, "%a %b %e %H:%M:%S %Y");
            let text = format!(
                "kern.ostype: Darwin\nkern.boottime: {{ sec = {boot}, usec = 0 }} {local}\n\
                 kern.bootsessionuuid: 00000000-0000-4000-8000-{boot:012}\n"
            );
            files.push((live("system/sysctl_-a"), text));
        }
        if capture.log {
            let path = "[root]/private/var/log/com.apple.xpc.launchd/launchd.log";
            files.push((path.to_owned(), self.launchd_log(capture.at, clock)));
        }
        files.extend(plists());
        files
    }

    fn uac_log(&self, capture: &Capture, clock: &Clock) -> String {
        let mut text = String::new();
        let mut line = |second: i64, said: &str| {
            let stamp = clock.local(capture.at + second, "%Y-%m-%d %H:%M:%S");
            writeln!(text, "{stamp} {} {said}", clock.offset()).unwrap();
        };
        line(0, "INF Unix-like Artifacts Collector 3.3.0");
        line(0, "INF Operating system: macos");
        line(0, &format!("INF Hostname: {}", self.host));
        line(0, "INF Mount point: /");
        line(0, "INF Running as: root");
        line(0, "INF Artifacts collection started");
        line(PS, "CMD ps -axo pid,user,lstart,args");
        line(PS, "CMD ps -axo pid,user,etime,args");
        line(LSOF, "CMD lsof -nPli");
        line(NETSTAT, "CMD netstat -anv");
        line(NETSTAT + 1, "CMD sysctl -a");
        line(NETSTAT + 2, "INF Artifacts collection complete. Total execution time: 8 seconds");
        text
    }

    fn ps(&self, at: i64, clock: &Clock) -> String {
        let boot = self.boot_at(at);
        let mut text = "  PID USER             STARTED                      ARGS\n".to_owned();
        let mut row = |pid: u32, user: &str, started: i64, path: &str| {
            let started = clock.local(started, "%a %b %e %H:%M:%S %Y");
            writeln!(text, "{pid:>5} {user:<16} {started:<28} {path}").unwrap();
        };
        row(1, "root", self.boots[boot], "/sbin/launchd");
        for life in self.lives.iter().filter(|life| life.boot == boot && life.pid > 1) {
            if life.started <= at && at <= life.ended {
                let (_, path, uid, _) = PROGRAMS[life.program];
                row(life.pid, if uid == "0" { "root" } else { "anna" }, life.started, path);
            }
        }
        text
    }

    /// The same with the time that each has lived.
    fn elapsed(&self, at: i64) -> String {
        let boot = self.boot_at(at);
        let mut text = "  PID USER                 ELAPSED ARGS\n".to_owned();
        for life in self.lives.iter().filter(|life| life.boot == boot && life.pid > 1) {
            if life.started <= at && at <= life.ended {
                let (_, path, uid, _) = PROGRAMS[life.program];
                let user = if uid == "0" { "root" } else { "anna" };
                let lived = at - life.started;
                let (days, hours) = (lived / 86_400, lived / 3600 % 24);
                let clock = format!("{:02}:{:02}", lived / 60 % 60, lived % 60);
                let lived = match (days, hours) {
                    (0, 0) => clock,
                    (0, hours) => format!("{hours:02}:{clock}"),
                    (days, hours) => format!("{days:02}-{hours:02}:{clock}"),
                };
                writeln!(text, "{:>5} {user:<16} {lived:>11} {path}", life.pid).unwrap();
            }
        }
        text
    }

    fn lsof(&self, at: i64) -> String {
        let mut text =
            "COMMAND     PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME\n".to_owned();
        for (life, held) in self.held(at) {
            let (name, _, uid, _) = PROGRAMS[life.program];
            let name = name.get(..9).unwrap_or(name);
            let (pid, pcb, port) = (life.pid, held.pcb, held.port);
            let end = match &held.peer {
                Some((peer, remote)) => format!("192.0.2.24:{port}->{peer}:{remote} (ESTABLISHED)"),
                None => format!("*:{port} (LISTEN)"),
            };
            writeln!(text, "{name:<9} {pid:>5} {uid:>4}   8u   IPv4 {pcb:#x}      0t0  TCP {end}")
                .unwrap();
        }
        text
    }

    fn netstat(&self, at: i64) -> String {
        let mut text = "Active Internet connections (including servers)\n\
            Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)          rxbytes      txbytes  rhiwat  shiwat    pid   epid state  options           gencnt    flags   flags1 usecnt rtncnt fltrs\n"
            .to_owned();
        for (life, held) in self.held(at) {
            let (local, remote, state) = match &held.peer {
                Some((peer, port)) => {
                    (format!("192.0.2.24.{}", held.port), format!("{peer}.{port}"), "ESTABLISHED")
                }
                None => (format!("*.{}", held.port), "*.*".to_owned(), "LISTEN"),
            };
            let (pid, gencnt) = (life.pid, held.pcb % 0xffff_ffff);
            writeln!(
                text,
                "tcp4       0      0  {local:<22} {remote:<22} {state:<11}            0            0  131072  131072 {pid:>6}      0 00100 00000006 {gencnt:016x} 00000080 00000800      1      0 000000"
            )
            .unwrap();
        }
        text
    }

    /// The log up to a moment: the first lines of a boot in UTC, then local time.
    fn launchd_log(&self, until: i64, clock: &Clock) -> String {
        let utc = Clock(Offset::UTC);
        let mut lines: Vec<(i64, String)> = Vec::new();
        let micros = "%Y-%m-%d %H:%M:%S.000000";
        for boot in &self.boots {
            let first = utc.local(boot + 1, micros);
            lines.push((boot + 1, format!("{first} <Notice>: launchd logging initialized")));
            let context = "(system/com.apple.logd [90]) <Notice>: xpcproxy spawned with pid 90";
            lines.push((boot + 2, format!("{} {context}", utc.local(boot + 2, micros))));
            lines.push((boot + 3, format!("{} {context}", clock.local(boot + 3, micros))));
        }
        let mut event = |at: i64, label: &str, pid: &str, said: &str| {
            let stamp = clock.local(at, micros);
            lines.push((at, format!("{stamp} (system/{label} [{pid}]) <Notice>: {said}")));
        };
        for life in &self.lives {
            let (name, _, _, Some(label)) = PROGRAMS[life.program] else { continue };
            let pid = life.pid.to_string();
            event(life.started, label, &pid, &format!("xpcproxy spawned with pid {pid}"));
            let said = format!("Successfully spawned {name}[{pid}] because speculative");
            event(life.started, label, &pid, &said);
            if life.ended < self.end_of(life.boot) {
                let ran = (life.ended - life.started) * 1000;
                let said = format!("exited due to SIGTERM | sent by launchd[1], ran for {ran}ms");
                event(life.ended, label, &pid, &said);
            }
        }
        for at in &self.spawns {
            let said = "Successfully spawned ferry[480] because ipc (socket)";
            event(*at, ACTIVATED, "480", said);
        }
        lines.retain(|(at, _)| *at < until);
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }
}

/// The property lists of all jobs.
fn plists() -> Vec<(String, String)> {
    let plist = |label: &str, program: &str, more: &str| {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
             <key>Label</key><string>{label}</string>\
             <key>ProgramArguments</key><array><string>{program}</string></array>{more}</dict></plist>\n"
        );
        (format!("[root]/Library/LaunchDaemons/{label}.plist"), text)
    };
    let jobs = PROGRAMS.iter().filter_map(|(_, path, _, label)| Some((label.as_ref()?, path)));
    let mut files: Vec<_> = jobs.map(|(label, path)| plist(label, path, "")).collect();
    let sockets = format!(
        "<key>Sockets</key><dict><key>Listeners</key><dict><key>SockServiceName</key>\
         <string>{FERRY}</string></dict></dict>"
    );
    files.push(plist(ACTIVATED, "/usr/local/libexec/ferry", &sockets));
    files
}

/// Local time on the Mac.
struct Clock(Offset);

impl Clock {
    fn local(&self, at: i64, format: &str) -> String {
        let time = Timestamp::from_second(at).unwrap();
        self.0.to_datetime(time).strftime(format).to_string()
    }

    fn offset(&self) -> String {
        let seconds = self.0.seconds();
        let minutes = seconds.abs() / 60;
        let sign = if seconds < 0 { '-' } else { '+' };
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}
