//! A small invented past of a Mac (boots, processes, sockets), and the captures of it as files: what UAC
//! would have written, in the Mac's own local time. All times are seconds of the past's own clock.

use crate::support::{Random, Scratch};
use jiff::Timestamp;
use jiff::tz::Offset;
use std::fmt::Write;
use std::path::PathBuf;

/// When the past begins: 2026-05-01, no change of summer time near.
const BEGINNING: i64 = 1_777_600_000;

/// A socket that a process held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) port: u16,
    /// Peer, for a connection.
    pub(super) peer: Option<(String, u16)>,
    pub(super) from: i64,
    pub(super) to: i64,
    /// Its address in the kernel.
    pcb: u64,
}

/// A process that lived within one boot.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) boot: usize,
    pub(super) pid: u32,
    pub(super) program: usize,
    pub(super) started: i64,
    /// When it ended; a boot later than any capture if it did not.
    pub(super) ended: i64,
    pub(super) sockets: Vec<Held>,
}

/// A collection: it takes the listings one after the other.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) at: i64,
    pub(super) lsof: bool,
    pub(super) netstat: bool,
    ps: bool,
    log: bool,
    sysctl: bool,
}

/// The past of one Mac.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) host: String,
    /// When each boot began, in order.
    pub(super) boots: Vec<i64>,
    pub(super) lives: Vec<Life>,
    /// When launchd started its job because of a connection that nothing else shows.
    spawns: Vec<i64>,
    pub(super) captures: Vec<Capture>,
}

/// Programs: name, path, uid and the label of the job that starts it.
pub(super) const PROGRAMS: &[(&str, &str, &str, Option<&str>)] = &[
    ("quayd", "/opt/harbour/quayd", "0", Some("org.example.quay")),
    ("pier", "/Applications/Pier.app/Contents/MacOS/pier", "501", None),
    ("lighthoused", "/usr/local/sbin/lighthoused", "0", Some("org.example.lighthouse")),
    ("buoy", "/Users/anna/bin/buoy", "501", None),
];

/// A job whose socket launchd holds, and which nothing else shows.
const ACTIVATED: &str = "org.example.ferry";

/// Second of a capture at which each command has run.
const PS: i64 = 2;
const LSOF: i64 = 4;
const NETSTAT: i64 = 6;

impl History {
    /// A past that differs with every number.
    pub(super) fn invented(random: &mut Random) -> Self {
        let pick = |random: &mut Random, end: usize| i64::try_from(random.below(end)).unwrap();
        let mut boots = vec![BEGINNING + pick(random, 4000)];
        for _ in 0..random.below(3) {
            boots.push(boots[boots.len() - 1] + 3000 + pick(random, 200_000));
        }
        let end = boots[boots.len() - 1] + 3000 + pick(random, 100_000);
        let mut history = Self {
            host: "harbour-mac".to_owned(),
            boots,
            lives: Vec::new(),
            spawns: Vec::new(),
            captures: Vec::new(),
        };
        for _ in 0..=random.below(6) {
            let life = history.life(random, end);
            history.lives.push(life);
        }
        for _ in 0..random.below(4) {
            history.spawns.push(history.boots[0] + 60 + pick(random, 250_000));
        }
        history.spawns.retain(|at| *at < end);
        for _ in 0..=random.below(3) {
            let at = history.boots[0]
                + 600
                + pick(random, usize::try_from(end - history.boots[0]).unwrap());
            history.capture(random, at);
        }
        history.settle();
        history
    }

    /// When a boot ended: when the next began.
    fn end_of(&self, boot: usize) -> i64 {
        self.boots.get(boot + 1).map_or(i64::MAX / 4, |next| next - 30)
    }

    pub(super) fn boot_at(&self, at: i64) -> usize {
        self.boots.iter().rposition(|boot| *boot <= at).unwrap_or(0)
    }

    fn life(&self, random: &mut Random, end: i64) -> Life {
        let pick = |random: &mut Random, end: i64| {
            i64::try_from(random.below(usize::try_from(end.max(1)).unwrap())).unwrap()
        };
        let boot = random.below(self.boots.len());
        let last = self.end_of(boot).min(end);
        let started = self.boots[boot] + 20 + pick(random, last - self.boots[boot] - 40);
        let ended = match random.below(2) {
            0 => self.end_of(boot),
            _ => started + 10 + pick(random, (last - started - 10).max(1)),
        };
        let mut sockets = Vec::new();
        for _ in 0..=random.below(2) {
            let from = started + 1 + pick(random, (ended.min(last) - started).min(5000) - 2).max(0);
            let to = if random.below(2) == 0 { ended } else { from + 1 + pick(random, 9000) };
            let listens = random.below(3) > 0;
            let peer = (203, 0, 113, 1 + random.below(3));
            sockets.push(Held {
                port: if listens { 7000 + u16::try_from(random.below(3)).unwrap() } else { 51_000 },
                peer: (!listens)
                    .then(|| (format!("{}.{}.{}.{}", peer.0, peer.1, peer.2, peer.3), 8443)),
                from,
                to: to.min(ended),
                pcb: 0xa3be_0c0d_0000_0000 + random.next() % 0xffff_fff0,
            });
        }
        // Pids come again in another life, but no two live at once.
        let mut pid = 500 + u32::try_from(random.below(4)).unwrap();
        while self.lives.iter().any(|life| {
            life.boot == boot && life.pid == pid && life.started <= ended && started <= life.ended
        }) {
            pid += 1;
        }
        let program = random.below(PROGRAMS.len());
        Life { boot, pid, program, started, ended, sockets }
    }

    /// Adds a capture about that time.
    pub(super) fn capture(&mut self, random: &mut Random, at: i64) {
        let boot = self.boot_at(at);
        // It neither begins before the boot has settled nor lasts beyond it.
        let at = at.max(self.boots[boot] + 120).min(self.end_of(boot) - 60);
        let flag = |random: &mut Random| random.below(4) > 0;
        self.captures.push(Capture {
            at,
            lsof: flag(random),
            netstat: flag(random),
            ps: flag(random),
            log: flag(random),
            sysctl: random.below(8) > 0,
        });
    }

    /// One port has one listener at a time, and one moment one capture.
    fn settle(&mut self) {
        let mut taken: Vec<(u16, i64, i64)> = Vec::new();
        for life in &mut self.lives {
            life.sockets.retain(|socket| {
                let (from, to) = (socket.from, socket.to);
                let free = socket.peer.is_some()
                    || taken
                        .iter()
                        .all(|(port, a, b)| *port != socket.port || *b < from || to < *a);
                if free && socket.peer.is_none() {
                    taken.push((socket.port, from, to));
                }
                free
            });
        }
        self.captures.sort_by_key(|capture| capture.at);
        self.captures.dedup_by_key(|capture| capture.at / 120);
    }

    /// Sockets with their holders at a moment.
    pub(super) fn held(&self, at: i64) -> impl Iterator<Item = (&Life, &Held)> {
        let boot = self.boot_at(at);
        let lives = self.lives.iter().filter(move |life| life.boot == boot);
        lives.flat_map(move |life| {
            let held = life.sockets.iter().filter(move |held| held.from <= at && at <= held.to);
            held.map(move |held| (life, held))
        })
    }

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
                "kern.ostype: Darwin\nkern.boottime: {{ sec = {boot}, usec = 100 }} {local}\n\
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
        for life in self.lives.iter().filter(|life| life.boot == boot) {
            if life.started <= at && at <= life.ended {
                let (_, path, uid, _) = PROGRAMS[life.program];
                row(life.pid, if uid == "0" { "root" } else { "anna" }, life.started, path);
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
            let first = utc.local(*boot, micros);
            lines.push((*boot, format!("{first} <Notice>: launchd logging initialized")));
            let context = "(system/com.apple.logd [90]) <Notice>: xpcproxy spawned with pid 90";
            lines.push((boot + 1, format!("{} {context}", utc.local(boot + 1, micros))));
            lines.push((boot + 2, format!("{} {context}", clock.local(boot + 2, micros))));
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
    files.push(plist(
        ACTIVATED,
        "/usr/local/libexec/ferry",
        "<key>Sockets</key><dict><key>Listeners</key><dict><key>SockServiceName</key>\
         <string>7420</string></dict></dict>",
    ));
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
