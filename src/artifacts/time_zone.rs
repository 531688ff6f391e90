//! `/etc/localtime`, preferences, `systemsetup` → the host's time zone.

use super::property_list;
use super::reading::{for_each_line, whole_bytes};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::evidence::EntryKind;
use crate::model::observation::{Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;
use plist::Value;

catalog::entry! {
    /// `/etc/localtime`, preferences, `systemsetup` → the host's time zone.
    ///
    /// ## What it proves
    /// The IANA zone (`Europe/Berlin`) that the Mac was set to: what turns local times of `ps`,
    /// `launchd.log` and file names into UTC.
    ///
    /// ## What it does not
    /// That older local times were written in that zone: a laptop travels. A collector that copied what
    /// the link points to, instead of the link, lost the zone's name; the rules inside such a copy are
    /// shared by many zones and are not used. The zone in the preferences is the one last chosen by
    /// hand, which automatic time zones overrule.
    ///
    /// ## Format source
    /// `/etc/localtime` → `/var/db/timezone/zoneinfo/Europe/Berlin` (`/usr/share/zoneinfo/…` up to
    /// 10.12); `/Library/Preferences/.GlobalPreferences.plist`, key
    /// `com.apple.TimeZonePref.Last_Selected_City`, fourth element; `systemsetup -gettimezone`.
    /// Names are checked against the tz database. formats.md 3.12.
    pub TimeZone
}

/// Bytes of a copied zone file, or of a link stored as text.
const ZONE_FILE: u64 = 1 << 20;

impl Artifact for TimeZone {
    fn id(&self) -> &'static str {
        "time-zone"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let local = candidate.ends_with("/etc/localtime")
            || candidate.ends_with("/var/db/timezone/localtime");
        let preferences = candidate.ends_with("/library/preferences/.globalpreferences.plist");
        let first = candidate.lines().next().unwrap_or_default();
        if local || (preferences && candidate.entry.kind == EntryKind::File) {
            Claim::Sure
        } else if first.starts_with("Time Zone: ") && candidate.entry.kind == EntryKind::File {
            if candidate.name.starts_with("systemsetup") { Claim::Sure } else { Claim::ByContent }
        } else {
            Claim::No
        }
    }

    fn reads_links(&self) -> bool {
        true
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let path = input.entry.path.to_lowercase();
        if path.ends_with("localtime") {
            read_localtime(input, out)
        } else if path.ends_with("/.globalpreferences.plist") {
            read_preferences(input, out)
        } else {
            for_each_line(input, out, |number, line, out| {
                if let Some(zone) = line.strip_prefix("Time Zone: ") {
                    say(2, zone.trim(), Locator::Line(number), out);
                }
            })
        }
    }
}

fn read_localtime(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    let target = if let EntryKind::Link(target) = &input.entry.kind {
        target.clone()
    } else {
        let bytes = whole_bytes(input, ZONE_FILE)?;
        if bytes.starts_with(b"TZif") {
            out.note("a copy of the zone's rules; the link that named the zone was not kept");
            return Ok(());
        }
        // Archives made without link support keep the target as the file's text.
        String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\0']).to_owned()
    };
    match target.rsplit_once("zoneinfo/").or_else(|| target.rsplit_once("zoneinfo.default/")) {
        Some((_, zone)) => say(3, zone.trim(), Locator::Whole, out),
        // `/etc/localtime` may itself lead to `/var/db/timezone/localtime`, which is read by itself.
        None if target.ends_with("/localtime") => {
            out.note(format!("leads to {}", cut(&target, 80)));
        }
        None => {
            let detail = format!("a time zone link that names no zone: {:?}", cut(&target, 80));
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
        }
    }
    Ok(())
}

fn read_preferences(input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
    let preferences = property_list::read_dictionary(input, out)?;
    let city = preferences.get("com.apple.TimeZonePref.Last_Selected_City");
    let zone = city.and_then(Value::as_array).and_then(|city| city.get(3)?.as_string());
    match (zone, city) {
        (Some(zone), _) => say(4, zone, Locator::Whole, out),
        (None, Some(_)) => {
            let detail = "a last selected city without a time zone";
            out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
        }
        (None, None) => out.note("no city was ever selected for the time zone"),
    }
    Ok(())
}

fn say(rank: u8, zone: &str, locator: Locator, out: &mut Emitter) {
    // The database is bundled: the examiner's own system is not asked.
    if let Ok(known) = jiff::tz::db().get(zone) {
        let name = out.text(known.iana_name().unwrap_or(zone));
        out.cite(locator, When::Undated, zone, Fact::Host(HostClaim::Zone { rank, name }));
    } else {
        let detail = format!("a time zone that the tz database does not have: {:?}", cut(zone, 60));
        out.problem(locator, ProblemKind::MalformedRecord, detail);
    }
}
