//! `sysctl`, `uptime` → boots and the range of ephemeral ports.

use super::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::{Text, Timestamp};

catalog::entry! {
    /// `sysctl`, `uptime` → boots and the range of ephemeral ports.
    ///
    /// ## What it proves
    /// When the kernel started: exactly (`kern.boottime`, in UTC), or to about a minute before the
    /// capture (`uptime`, `w`). No process, socket or binding of the capture is older. `sysctl` also
    /// gives the boot session's UUID and the range from which the kernel picks ports.
    ///
    /// ## What it does not
    /// `kern.boottime` moves when the clock is set, by as much as the clock: boots a few seconds apart
    /// are one. `uptime` prints whole minutes, and tells no date.
    ///
    /// ## Format source
    /// `sysctl -a`: `kern.boottime: { sec = 1592836479, usec = 918881 } Mon Jun 22 07:34:39 2020`
    /// (the words after the brace are local time and not used). `uptime`, `w`:
    /// `10:15  up 20 days, 19:45, 8 users, load averages: …`. formats.md 2.7, time.md 7.3.
    pub BootTime
}

/// How far `uptime`'s whole minutes may be from the truth: it rounds, and up to a minute passes.
const MINUTE: i64 = 60;

impl Artifact for BootTime {
    fn id(&self) -> &'static str {
        "boot-time"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if is_linux(candidate.text, first) {
            return Claim::Refuse("output of sysctl or uptime on Linux, not of macOS".to_owned());
        }
        if first.contains("load averages:") && up_seconds(first).is_some() {
            let named = ["uptime.txt", "w.txt"].contains(&candidate.name);
            return if named { Claim::Sure } else { Claim::ByContent };
        }
        let looks = candidate.lines().any(|line| SYSCTL.iter().any(|key| line.starts_with(key)));
        match (candidate.name.starts_with("sysctl"), looks) {
            (true, true) => Claim::Sure,
            (true, false) if first.contains(": ") => Claim::ByName,
            (false, true) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut state = Sysctl::default();
        let result = for_each_line(input, out, |number, line, out| {
            if number == 1 && line.contains("load averages:") {
                read_uptime(line, out);
            } else {
                state.read(number, line, out);
            }
        });
        state.finish(out);
        result
    }
}

/// Keys by which `sysctl` of a Mac is known.
const SYSCTL: &[&str] =
    &["kern.boottime", "kern.ostype: Darwin", "kern.bootsessionuuid", "net.inet.ip.portrange"];

/// Linux prints `kernel.x = y`, and `uptime` with seconds and `load average:`.
fn is_linux(text: &str, first: &str) -> bool {
    let sysctl = text.lines().filter(|line| line.contains(" = ")).any(|line| {
        ["kernel.", "abi.", "fs.file-max"].iter().any(|prefix| line.starts_with(prefix))
    });
    sysctl || (first.contains(" up ") && first.contains("load average:"))
}

/// The values of one `sysctl` listing that belong together.
#[derive(Default)]
struct Sysctl {
    boot: Option<(u64, Timestamp, String)>,
    uuid: Option<(u64, Text)>,
    first: Option<(u64, u16)>,
    last: Option<(u64, u16)>,
}

impl Sysctl {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let locator = Locator::Line(number);
        let (key, value) = match line.split_once(": ").or_else(|| line.split_once(" = ")) {
            // `sysctl -n kern.boottime` prints the value alone.
            _ if line.starts_with("{ sec = ") => ("kern.boottime", line),
            Some((key, value)) => (key.trim(), value.trim()),
            None => return,
        };
        match key {
            "kern.boottime" => {
                if let Some(time) = boot_time(value) {
                    self.boot = Some((number, time, line.to_owned()));
                } else {
                    let detail = format!("a boot time that is no time: {:?}", cut(value, 60));
                    out.problem(locator, ProblemKind::MalformedRecord, detail);
                }
            }
            "kern.bootsessionuuid" if is_uuid(value) => self.uuid = Some((number, out.text(value))),
            "net.inet.ip.portrange.first" => self.first = port(number, value, out),
            "net.inet.ip.portrange.last" => self.last = port(number, value, out),
            "kern.hostname" if !value.is_empty() && value != "localhost" => {
                let claim = HostClaim::Name { rank: 1, name: out.text(value) };
                out.cite(locator, When::Capture, line, Fact::Host(claim));
            }
            "kern.osversion" if !value.is_empty() => {
                let claim = HostClaim::OsBuild(out.text(value));
                out.cite(locator, When::Capture, line, Fact::Host(claim));
            }
            "kern.osproductversion" if !value.is_empty() => {
                let claim = HostClaim::OsVersion(out.text(value));
                out.cite(locator, When::Capture, line, Fact::Host(claim));
            }
            _ => {}
        }
    }

    fn finish(self, out: &mut Emitter) {
        let uuid = self.uuid.as_ref().map(|(_, uuid)| Text::clone(uuid));
        match (self.boot, self.uuid) {
            (Some((line, time, row)), _) => {
                let fact = Fact::Boot { uuid, exact: true };
                out.cite(Locator::Line(line), When::Utc(Window::at(time)), &row, fact);
            }
            (None, Some((line, _))) => {
                let fact = Fact::Boot { uuid, exact: false };
                out.fact(Locator::Line(line), When::Undated, fact);
            }
            (None, None) => {}
        }
        if let (Some((line, first)), Some((_, last))) = (self.first, self.last) {
            let locator = Locator::Line(line);
            if first <= last {
                out.fact(locator, When::Capture, Fact::EphemeralPorts { first, last });
            } else {
                let detail = format!("a range of ephemeral ports that is empty: {first} to {last}");
                out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
        }
    }
}

/// `{ sec = 1592836479, usec = 918881 } Mon Jun 22 07:34:39 2020`.
fn boot_time(value: &str) -> Option<Timestamp> {
    let (numbers, _) = value.strip_prefix('{')?.split_once('}')?;
    let (seconds, micros) = numbers.split_once(',')?;
    let seconds: i64 = seconds.trim().strip_prefix("sec = ")?.trim().parse().ok()?;
    let micros: i32 = micros.trim().strip_prefix("usec = ")?.trim().parse().ok()?;
    if seconds <= 0 || !(0..1_000_000).contains(&micros) {
        return None;
    }
    Timestamp::new(seconds, micros.checked_mul(1000)?).ok()
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn port(number: u64, value: &str, out: &mut Emitter) -> Option<(u64, u16)> {
    let port = value.parse().ok().filter(|port| *port != 0);
    if port.is_none() {
        let detail = format!("a port that is none: {:?}", cut(value, 40));
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    }
    Some((number, port?))
}

fn read_uptime(line: &str, out: &mut Emitter) {
    let locator = Locator::Line(1);
    if let Some(up) = up_seconds(line) {
        let lo_seconds = up.saturating_sub(MINUTE).max(0);
        let when = When::BeforeCapture { lo_seconds, hi_seconds: up.saturating_add(MINUTE) };
        out.cite(locator, when, line, Fact::Boot { uuid: None, exact: false });
    } else {
        let detail = "a line of uptime that does not tell how long the host is up";
        out.problem(locator, ProblemKind::MalformedRecord, detail);
    }
}

/// Seconds of `up 20 days, 19:45, 8 users, …`, `up 3 mins`, `up 1 day, 2 hrs`.
fn up_seconds(line: &str) -> Option<i64> {
    let (_, rest) = line.split_once(" up ")?;
    let mut total: Option<i64> = None;
    for part in rest.split(',').map(str::trim) {
        let seconds = if let Some((hours, minutes)) = part.split_once(':') {
            match (hours.parse::<i64>(), minutes.parse::<i64>()) {
                (Ok(hours @ 0..24), Ok(minutes @ 0..60)) => hours * 3600 + minutes * 60,
                _ => break,
            }
        } else {
            let Some((count, unit)) = part.split_once(' ') else { break };
            let size = match unit.trim_end_matches('s') {
                "day" => 86_400,
                "hr" => 3600,
                "min" => 60,
                "sec" => 1,
                _ => break,
            };
            count
                .parse::<i64>()
                .ok()
                .filter(|count| (0..100_000).contains(count))?
                .checked_mul(size)?
        };
        total = Some(total.unwrap_or(0).checked_add(seconds)?);
    }
    total
}
