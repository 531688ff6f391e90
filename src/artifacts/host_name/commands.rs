//! Output of `hostname`, `uname`, `system_profiler`, `ioreg` → names, serial, version.

use crate::artifacts::reading::{for_each_line, whole_text};
use crate::artifacts::{Emitter, Input, ParseError, cut};
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;

/// Bytes of a file that holds one name.
const NAME_FILE: u64 = 1 << 16;

/// The last line of a text, if it can be a host name (sysdiagnose prints warnings before it).
pub(super) fn name_in(text: &str) -> Option<&str> {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let fits = line.len() <= 255 && !line.contains([':', '/', '\u{fffd}']);
    (fits && !line.chars().any(char::is_control)).then_some(line)
}

/// Reads a file that holds one name.
pub(super) fn read_name(
    input: &mut Input<'_>,
    rank: u8,
    out: &mut Emitter,
) -> Result<(), ParseError> {
    let text = whole_text(input, NAME_FILE)?;
    let lines = text.trim_end().lines().count().max(1) as u64;
    let locator = Locator::Line(lines);
    // A computer name may hold blanks, a host name may not.
    let name = name_in(&text).filter(|name| rank == 3 || !name.contains(char::is_whitespace));
    match name {
        Some("localhost") => out.skip("a name that says nothing (localhost)"),
        Some(name) => {
            let claim = HostClaim::Name { rank, name: out.text(name) };
            out.cite(locator, When::Capture, name, Fact::Host(claim));
        }
        None => {
            let detail = format!("no host name, but {:?}", cut(text.trim(), 60));
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
    }
    Ok(())
}

/// Whether a text begins like `uname -a` of Darwin or Linux.
pub(super) fn is_uname(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    (first.starts_with("Darwin ") && first.contains(" Darwin Kernel Version "))
        || (first.starts_with("Linux ") && first.contains(" GNU/Linux"))
}

/// Whether a text begins like `system_profiler SPHardwareDataType` or `ioreg -l`.
pub(super) fn is_inventory(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let hardware = lines.next() == Some("Hardware:") && lines.next() == Some("Hardware Overview:");
    hardware || (text.starts_with("+-o ") && text.contains("<class "))
}

/// Reads the lines of `uname`, `system_profiler`, `ioreg` that name the host.
pub(super) fn read_lines(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    for_each_line(input, out, |number, line, out| {
        let locator = Locator::Line(number);
        let line = line.trim();
        let mut say = |claim: HostClaim| out.cite(locator, When::Capture, line, Fact::Host(claim));
        if line.starts_with("Darwin ") && line.contains(" Darwin Kernel Version ") {
            read_uname(line, &mut say);
        } else if line.starts_with("Linux ") && line.contains("GNU/Linux") {
            say(HostClaim::NotMacOs("Linux".into()));
        } else if let Some(serial) = serial_in(line) {
            say(HostClaim::Serial(serial.into()));
        } else if let Some(name) = line.strip_prefix("Computer Name: ") {
            say(HostClaim::Name { rank: 3, name: name.trim().into() });
        } else if let Some(version) = line.strip_prefix("System Version: ") {
            read_version(version, &mut say);
        }
    })
}

/// `Darwin lab-mac 24.4.0 Darwin Kernel Version 24.4.0: … root:xnu-…/RELEASE_ARM64_T8132 arm64`.
fn read_uname(line: &str, say: &mut impl FnMut(HostClaim)) {
    let machine = line.split_whitespace().last().unwrap_or_default();
    if ["iPhone", "iPad", "iPod", "Watch", "AppleTV"].iter().any(|kind| machine.starts_with(kind)) {
        return say(HostClaim::NotMacOs(machine.into()));
    }
    let name = line.split_whitespace().nth(1).filter(|name| *name != "localhost");
    if let Some(name) = name {
        say(HostClaim::Name { rank: 1, name: name.into() });
    }
}

/// `macOS 15.4 (24E248)`.
fn read_version(text: &str, say: &mut impl FnMut(HostClaim)) {
    let Some((product, build)) = text.split_once('(') else { return };
    let version = product.split_whitespace().last().unwrap_or_default();
    if version.starts_with(|char: char| char.is_ascii_digit()) {
        say(HostClaim::OsVersion(version.into()));
        say(HostClaim::OsBuild(build.trim_end_matches(')').into()));
    }
}

/// The serial number in a line of `system_profiler` or `ioreg`.
fn serial_in(line: &str) -> Option<&str> {
    let value = match line.strip_prefix("Serial Number (system): ") {
        Some(value) => value.trim(),
        None => line.split_once("\"IOPlatformSerialNumber\" = \"")?.1.split('"').next()?,
    };
    let fits = (8..=20).contains(&value.len());
    (fits && value.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(value)
}
