//! A small invented Mac, written as a collector would save it, read and judged through the library.
//!
//! Unless a test says otherwise it is `otter-07`: macOS 14.4, UTC−03:00, started on 10 April 2026 at 11:00Z,
//! collected by UAC on 15 April between 12:12:45Z and 12:13:24Z, with its plist directories complete.

mod captures;
mod told;

pub(crate) use captures::{Lsof, Netstat, job, netstat_26};
pub(crate) use told::{Told, scores};

use crate::support::expectations;
use portolan::hosts::Options;
use portolan::model::Timestamp;
use portolan::pipeline;
use portolan::report::Analysis;
use portolan::rules::Expectations;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own for one test, removed again when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = base.join(format!("story-{}-{count}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Files of an acquisition, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn with(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.0.insert(path.to_owned(), text.as_ref().to_vec());
        self
    }

    /// These and others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Writes them below `folder`.
    pub(crate) fn write(&self, folder: &Path) {
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Reads and judges them as one folder of evidence.
    pub(crate) fn told(&self) -> Told {
        self.told_with(&Options::default())
    }

    /// The same, with what the examiner adds.
    pub(crate) fn told_with(&self, options: &Options) -> Told {
        let scratch = Scratch::new();
        let folder = scratch.path().join("evidence");
        self.write(&folder);
        told(&[folder], options)
    }
}

/// Reads and judges evidence.
pub(crate) fn told(evidence: &[PathBuf], options: &Options) -> Told {
    told_against(evidence, options, expectations())
}

/// The same, against other expectations than those that are built in.
pub(crate) fn told_against(
    evidence: &[PathBuf],
    options: &Options,
    expectations: &Expectations,
) -> Told {
    let reading = pipeline::Options { jobs: 1, ..pipeline::Options::default() };
    let collected = pipeline::run(evidence, &reading, &pipeline::Progress::default()).unwrap();
    let told = Told(Analysis::of(collected, options, expectations));
    told.check_laws();
    told
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A UAC acquisition of a Mac.
#[derive(Clone, Debug)]
pub(crate) struct Mac {
    name: String,
    day: String,
    clock: String,
    offset: String,
    boot: Option<i64>,
    lsof: Vec<String>,
    lsof_all: Vec<String>,
    tcp: Vec<String>,
    udp: Vec<String>,
    ps: Vec<String>,
    launchctl: Vec<String>,
    body: Vec<String>,
    extra: Files,
}

/// 10 April 2026, 11:00Z.
const BOOT: i64 = 1_775_818_800;

impl Mac {
    /// `otter-07`.
    pub(crate) fn new() -> Self {
        Self {
            name: "otter-07".to_owned(),
            day: "2026-04-15".to_owned(),
            clock: "09:13".to_owned(),
            offset: "-0300".to_owned(),
            boot: Some(BOOT),
            lsof: Vec::new(),
            lsof_all: Vec::new(),
            tcp: Vec::new(),
            udp: Vec::new(),
            ps: Vec::new(),
            launchctl: Vec::new(),
            body: Vec::new(),
            extra: Files::default(),
        }
        .file(
            "live_response/system/sw_vers.txt",
            "ProductName:\t\tmacOS\nProductVersion:\t\t14.4\nBuildVersion:\t\t23E214\n",
        )
        .plist(
            "/System/Library/LaunchDaemons/com.apple.placeholder.plist",
            &job("com.apple.placeholder", &["/usr/libexec/placeholder"], ""),
        )
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Collected on that local day, from one minute before that local time.
    pub(crate) fn on(mut self, day: &str, clock: &str) -> Self {
        day.clone_into(&mut self.day);
        clock.clone_into(&mut self.clock);
        self
    }

    /// Started at that instant.
    pub(crate) fn booted(mut self, at: &str) -> Self {
        self.boot = Some(time(at).as_second());
        self
    }

    /// Nothing tells when it started.
    pub(crate) fn without_boot(mut self) -> Self {
        self.boot = None;
        self
    }

    /// A row of `lsof -nPli`.
    pub(crate) fn lsof(mut self, row: Lsof<'_>) -> Self {
        self.lsof.push(row.line());
        self
    }

    /// Root saw everything: cupsd's listener is in lsof, and cupsd in ps.
    pub(crate) fn seen_by_root(self) -> Self {
        self.lsof(Lsof::tcp("cupsd", 301, 0xffff, "127.0.0.1:631 (LISTEN)").root()).ps(
            301,
            "root",
            "1-00:00:00",
            "/usr/sbin/cupsd -l",
        )
    }

    /// A row of `lsof -nPl`, which also shows other files.
    pub(crate) fn lsof_all(mut self, line: impl Into<String>) -> Self {
        self.lsof_all.push(line.into());
        self
    }

    /// Rows of `netstat -anp tcp` (macOS 14: without processes).
    pub(crate) fn tcp(mut self, row: Netstat<'_>) -> Self {
        self.tcp.push(row.line());
        self
    }

    pub(crate) fn udp(mut self, row: Netstat<'_>) -> Self {
        self.udp.push(row.line());
        self
    }

    /// A row of `ps -axo pid,user,etime,args`.
    pub(crate) fn ps(mut self, pid: u32, user: &str, etime: &str, args: &str) -> Self {
        self.ps.push(format!("{pid:>5} {user:<16} {etime:>11} {args}"));
        self
    }

    /// A row of `launchctl list`; no pid for a job that does not run.
    pub(crate) fn loaded(mut self, pid: Option<u32>, label: &str) -> Self {
        let pid = pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        self.launchctl.push(format!("{pid}\t0\t{label}"));
        self
    }

    /// A file of the Mac's own tree.
    pub(crate) fn plist(self, path: &str, text: &str) -> Self {
        self.file(&format!("[root]{path}"), text)
    }

    /// A file of the collector's.
    pub(crate) fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.extra = self.extra.with(path, text);
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.extra.0.remove(path).unwrap();
        self
    }

    /// A row of the bodyfile: all four times are `at`.
    pub(crate) fn born(mut self, path: &str, (mode, uid, gid): (&str, u32, u32), at: &str) -> Self {
        let at = time(at).as_second();
        let number = self.body.len() + 100;
        self.body.push(format!("0|{path}|{number}|{mode}|{uid}|{gid}|600|{at}|{at}|{at}|{at}"));
        self
    }

    /// Lines of `launchd.log`, in local time.
    pub(crate) fn launchd_log(self, lines: &[&str]) -> Self {
        let text = lines.join("\n") + "\n";
        self.file("[root]/private/var/log/com.apple.xpc.launchd/launchd.log", text)
    }

    /// Its files, in the folder that UAC makes.
    pub(crate) fn files(&self) -> Files {
        let folder = format!("uac-{}-macos-{}091244", self.name, self.day.replace('-', ""));
        let inside = self.inside();
        Files(inside.0.into_iter().map(|(path, b)| (format!("{folder}/{path}"), b)).collect())
    }

    /// Its files, without that folder.
    pub(crate) fn inside(&self) -> Files {
        let stamp = |second: u32, text: &str| {
            format!("{} {}:{second:02} {} {text}\n", self.day, self.clock, self.offset)
        };
        let (hour, minute) = self.clock.split_once(':').unwrap();
        let before: u32 = minute.parse::<u32>().unwrap() - 1;
        let mut log =
            format!("{} {hour}:{before:02}:45 {} INF Acquisition started\n", self.day, self.offset);
        let commands = [
            (2, "CMD netstat -anp tcp"),
            (3, "CMD netstat -anp udp"),
            (9, "CMD lsof -nPli"),
            (14, "CMD lsof -nPl"),
            (20, "CMD ps -axo pid,user,etime,args"),
            (24, "CMD launchctl list"),
        ];
        log.extend(commands.map(|(second, text)| stamp(second, text)));
        let mut files = self.extra.clone().with("uac.log", log);
        let hostname = format!("{}\n", self.name);
        files = files.with("live_response/network/hostname.txt", hostname);
        let mut add = |path: &str, head: &str, rows: &[String]| {
            if !rows.is_empty() {
                let text = format!("{head}\n{}\n", rows.join("\n"));
                files = std::mem::take(&mut files).with(path, text);
            }
        };
        let network = "live_response/network";
        add(&format!("{network}/netstat_-anp_tcp.txt"), Netstat::HEAD, &self.tcp);
        add(&format!("{network}/netstat_-anp_udp.txt"), Netstat::HEAD, &self.udp);
        add(&format!("{network}/lsof_-nPli.txt"), Lsof::HEAD, &self.lsof);
        let process = "live_response/process";
        add(&format!("{process}/lsof_-nPl.txt"), Lsof::HEAD, &self.lsof_all);
        let ps = format!("{process}/ps_-axo_pid_user_etime_args.txt");
        add(&ps, "  PID USER                 ELAPSED ARGS", &self.ps);
        let list = "live_response/system/launchctl_list.txt";
        add(list, "PID\tStatus\tLabel", &self.launchctl);
        if !self.body.is_empty() {
            let text = self.body.join("\n") + "\n";
            files = files.with("bodyfile/bodyfile.txt", text);
        }
        if let Some(boot) = self.boot {
            let text =
                format!("kern.boottime: {{ sec = {boot}, usec = 0 }} Fri Apr 10 08:00:00 2026\n");
            files = files.with("live_response/system/sysctl_-a.txt", text);
        }
        files
    }

    pub(crate) fn told(&self) -> Told {
        self.files().told()
    }
}

/// Several acquisitions as one piece of evidence each.
pub(crate) fn several(macs: &[Mac]) -> Told {
    several_against(macs, expectations())
}

/// The same, against other expectations than those that are built in.
pub(crate) fn several_against(macs: &[Mac], expectations: &Expectations) -> Told {
    let scratch = Scratch::new();
    let folders: Vec<PathBuf> = macs
        .iter()
        .enumerate()
        .map(|(index, mac)| {
            let folder = scratch.path().join(format!("case-{index}"));
            mac.files().write(&folder);
            folder
        })
        .collect();
    told_against(&folders, &Options::default(), expectations)
}
