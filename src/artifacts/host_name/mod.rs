//! `hostname`, `uname`, preferences, inventories, account lists → names, serial and users of the host.

mod accounts;
mod commands;

use super::property_list;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, HostClaim, When};
use crate::model::provenance::Locator;
use plist::{Dictionary, Value};

catalog::entry! {
    /// `hostname`, `uname`, preferences, inventories, account lists → names, serial and users of the host.
    ///
    /// ## What it proves
    /// What the Mac called itself when `hostname` or `uname` ran; its names in the preferences
    /// (`HostName`, `LocalHostName`, `ComputerName`); its hardware serial number, by which two Macs of
    /// one name are told apart; and which uid each local account has.
    ///
    /// ## What it does not
    /// A name is no identity: DHCP and mDNS change it, and `localhost` says nothing. Accounts of a
    /// directory server are in none of these files. Password hashes that stand beside an account are
    /// never read out.
    ///
    /// ## Format source
    /// `hostname(1)`, `uname(1)`; `/Library/Preferences/SystemConfiguration/preferences.plist`
    /// (`System.System`, `System.Network.HostNames`); `system_profiler SPHardwareDataType`
    /// (`Serial Number (system):`), `ioreg` (`"IOPlatformSerialNumber"`); `/etc/passwd`,
    /// `dscl . -list /Users UniqueID`, `/var/db/dslocal/nodes/Default/users/*.plist`. formats.md 3.12.
    pub HostName
}

/// What kind of file it is, by its path; the content decides the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One name on a line.
    Name {
        /// As in [`HostClaim::Name`].
        rank: u8,
    },
    /// `uname -a`.
    Uname,
    /// `system_profiler`, `ioreg`.
    Inventory,
    /// `/etc/passwd`.
    Passwd,
    /// `dscl . -list /Users UniqueID`.
    UserList,
    /// A record of a local account.
    Account,
    /// `preferences.plist` of `SystemConfiguration`.
    Preferences,
}

/// Files that hold one name, with its rank.
const NAMES: &[(&str, u8)] = &[
    ("hostname.txt", 1),
    ("hostname_-f.txt", 1),
    ("hostname_-s.txt", 1),
    ("uname_-n.txt", 1),
    ("scutil_--get_hostname.txt", 3),
    ("scutil_--get_localhostname.txt", 3),
    ("scutil_--get_computername.txt", 3),
];

/// The shape of a file at a lower-case path with a slash in front.
fn shape_of(path: &str) -> Option<Shape> {
    let name = path.rsplit('/').next()?;
    if let Some((_, rank)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(Shape::Name { rank: *rank });
    }
    let ending = name.rsplit('.').next();
    let text = ![Some("plist"), Some("xml")].contains(&ending);
    if name.starts_with("uname") && text {
        Some(Shape::Uname)
    } else if (name.starts_with("system_profiler") || name.starts_with("ioreg")) && text {
        Some(Shape::Inventory)
    } else if name.starts_with("dscl") && name.contains("uniqueid") {
        Some(Shape::UserList)
    } else if path.ends_with("/etc/passwd") {
        Some(Shape::Passwd)
    } else if path.contains("/dslocal/nodes/default/users/") && ending == Some("plist") {
        Some(Shape::Account)
    } else if path.ends_with("/systemconfiguration/preferences.plist") {
        Some(Shape::Preferences)
    } else {
        None
    }
}

impl Artifact for HostName {
    fn id(&self) -> &'static str {
        "host-name"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let shape = shape_of(candidate.path);
        match shape {
            Some(Shape::Name { .. }) if commands::name_in(candidate.text).is_some() => Claim::Sure,
            Some(Shape::Account | Shape::Preferences | Shape::Passwd | Shape::UserList) => {
                Claim::Sure
            }
            Some(Shape::Inventory) if !candidate.text.is_empty() => Claim::ByName,
            _ if commands::is_uname(candidate.text) => Claim::ByContent,
            _ if commands::is_inventory(candidate.text) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        match shape_of(&format!("/{}", input.entry.path.to_lowercase())) {
            Some(Shape::Name { rank }) => commands::read_name(input, rank, out),
            Some(Shape::Passwd) => accounts::read_passwd(input, out),
            Some(Shape::UserList) => accounts::read_list(input, out),
            Some(Shape::Account) => accounts::read_record(input, out),
            Some(Shape::Preferences) => {
                read_preferences(&property_list::read_dictionary(input, out)?, out);
                Ok(())
            }
            Some(Shape::Uname | Shape::Inventory) | None => commands::read_lines(input, out),
        }
    }
}

/// The names in `preferences.plist`, the one that `hostname` would print first.
fn read_preferences(top: &Dictionary, out: &mut Emitter) {
    let paths: [&[&str]; 3] = [
        &["System", "System", "HostName"],
        &["System", "Network", "HostNames", "LocalHostName"],
        &["System", "System", "ComputerName"],
    ];
    for path in paths {
        if let Some(name) = string_at(top, path).filter(|name| !name.trim().is_empty()) {
            let claim = HostClaim::Name { rank: 3, name: out.text(name.trim()) };
            let row = format!("{} = {}", path.join("."), name.trim());
            out.cite(Locator::Whole, When::Undated, &row, Fact::Host(claim));
        }
    }
}

fn string_at<'a>(top: &'a Dictionary, path: &[&str]) -> Option<&'a str> {
    let (last, folders) = path.split_last()?;
    let mut here = top;
    for folder in folders {
        here = here.get(folder).and_then(Value::as_dictionary)?;
    }
    here.get(last).and_then(Value::as_string)
}
