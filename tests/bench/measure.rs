//! A command → seconds on the clock, seconds of CPU, and bytes of memory at the peak.
//!
//! bash's `time` tells what `wait4` tells of a child, to the millisecond. The peak is `VmHWM` of
//! `/proc`, which the kernel keeps while the process lives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Time between two looks at a process.
const LOOK: Duration = Duration::from_millis(1);

/// What a run cost, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// On the clock.
    pub(crate) wall: f64,
    /// Of all its threads, in user and kernel space.
    pub(crate) cpu: f64,
}

impl Cost {
    fn best(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), cpu: self.cpu.min(other.cpu) }
    }
}

/// Where inputs lie and outputs go.
pub(crate) struct Bench {
    folder: PathBuf,
    missing: Mutex<BTreeSet<&'static str>>,
}

impl Bench {
    /// In `folder`, which is made.
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the inputs");
        Self { folder: folder.to_owned(), missing: Mutex::default() }
    }

    /// The input of that name; `make` writes it unless an earlier run has.
    pub(crate) fn input(&self, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
        let path = self.folder.join(name);
        let done = self.folder.join(format!("{name}.{}", super::inputs::VERSION));
        if !done.exists() {
            let _ = std::fs::remove_dir_all(&path);
            let _ = std::fs::remove_file(&path);
            make(&path);
            std::fs::write(done, "").expect("a mark beside the input");
        }
        path
    }

    /// A command that analyzes `evidence`, with further options.
    pub(crate) fn analyze(&self, evidence: &Path, options: &[&str]) -> Vec<String> {
        let out = self.output().display().to_string();
        let evidence = evidence.display().to_string();
        let fixed =
            [env!("CARGO_BIN_EXE_portolan"), "analyze", &evidence, "--out", &out, "--force"];
        fixed.iter().chain(options).map(ToString::to_string).collect()
    }

    /// Where [`Self::analyze`] writes.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// What the last run of [`Self::analyze`] tells of itself.
    pub(crate) fn told_of_run(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&std::fs::read(self.output().join("run.json")).ok()?).ok()
    }

    /// Whether a module of Python is installed; one that is not is told at the end.
    pub(crate) fn has_module(&self, python: &str, module: &'static str) -> bool {
        let import = format!("import {module}");
        let found = Command::new(python).args(["-c", &import]).stderr(Stdio::null()).status();
        self.noted(module, found.is_ok_and(|status| status.success()))
    }

    /// Whether a peer is installed; one that is not is told at the end.
    pub(crate) fn has(&self, peer: &'static str) -> bool {
        let found = Command::new("bash").args(["-c", "command -v \"$1\"", "bash", peer]).output();
        self.noted(peer, found.is_ok_and(|output| output.status.success()))
    }

    fn noted(&self, peer: &'static str, found: bool) -> bool {
        if !found {
            self.missing.lock().unwrap().insert(peer);
        }
        found
    }

    /// The peers that were not found.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        self.missing.lock().unwrap().iter().copied().collect()
    }
}

/// The best of several runs of each command, which take turns so that a busy moment meets all.
pub(crate) fn best_of(runs: usize, commands: &[Vec<String>]) -> Vec<Cost> {
    let mut best: Vec<Cost> = commands.iter().map(|command| run(command)).collect();
    for _ in 1..runs {
        for (known, command) in best.iter_mut().zip(commands) {
            *known = known.best(run(command));
        }
    }
    best
}

/// A command that bash reads.
pub(crate) fn shell(line: &str) -> Vec<String> {
    ["bash", "-c", line].map(str::to_owned).to_vec()
}

fn run(command: &[String]) -> Cost {
    let timed = "TIMEFORMAT='%3R %3U %3S'; time \"$@\" >/dev/null 2>&1";
    let output = Command::new("bash").args(["-c", timed, "bash"]).args(command).output();
    let output = output.expect("bash, whose `time` measures");
    assert!(output.status.success(), "{command:?} ended with {}", output.status);
    let told = String::from_utf8_lossy(&output.stderr);
    let numbers: Vec<f64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [wall, user, system] = numbers[..] else { panic!("bash told {told:?}") };
    Cost { wall, cpu: user + system }
}

/// Bytes of memory at the peak of a command; `None` where the system does not tell.
pub(crate) fn peak(command: &[String]) -> Option<u64> {
    let (program, arguments) = command.split_first()?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program that was built for the benchmark");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().expect("a child of ours").is_none() {
        peak = peak.max(std::fs::read_to_string(&status).ok().and_then(|text| high_water(&text)));
        thread::sleep(LOOK);
    }
    peak
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Number of threads that Portolan takes by default.
pub(crate) fn jobs() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Processor and threads, in a line.
pub(crate) fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = name.map_or("unknown processor", |(_, name)| name.trim());
    format!("{name}, {} threads, {}", jobs(), std::env::consts::OS)
}
