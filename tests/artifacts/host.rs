//! What tells who, where and when a Mac was: versions, names, zones, boots, clocks, services, files.

use crate::support::{claim, fixture, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::evidence::{Entry, EntryKind};
use portolan::model::network::Protocol;
use portolan::model::observation::{Fact, FileTimes, HostClaim, ProblemKind, When};
use std::collections::{BTreeMap, BTreeSet};

/// Every fixture of these artifacts: artifact, fixture, the path at which it would lie.
pub(super) const FIXTURES: &[(&str, &str, &str)] = &[
    ("system-version", "macos-15.plist", "System/Library/CoreServices/SystemVersion.plist"),
    ("system-version", "iphone.plist", "System/Library/CoreServices/SystemVersion.plist"),
    ("system-version", "truncated.plist", "System/Library/CoreServices/SystemVersion.plist"),
    ("system-version", "sw-vers-rapid-response.txt", "live_response/system/sw_vers.txt"),
    ("host-name", "uname-a.txt", "live_response/system/uname_-a.txt"),
    ("host-name", "uname-linux.txt", "live_response/system/uname_-a.txt"),
    ("host-name", "preferences.plist", "Library/Preferences/SystemConfiguration/preferences.plist"),
    (
        "host-name",
        "system-profiler.txt",
        "live_response/system/system_profiler_SPHardwareDataType.txt",
    ),
    ("host-name", "ioreg.txt", "live_response/hardware/ioreg_-l.txt"),
    ("host-name", "passwd.txt", "private/etc/passwd"),
    ("host-name", "dscl-users.txt", "dscl_._-list_Users_UniqueID.txt"),
    ("host-name", "account.plist", "private/var/db/dslocal/nodes/Default/users/mira.plist"),
    (
        "host-name",
        "account-without-uid.plist",
        "private/var/db/dslocal/nodes/Default/users/m.plist",
    ),
    (
        "host-name",
        "references-without-end.plist",
        "private/var/db/dslocal/nodes/Default/users/b.plist",
    ),
    ("host-name", "nested-too-deep.plist", "private/var/db/dslocal/nodes/Default/users/d.plist"),
    ("time-zone", "localtime-target.txt", "private/etc/localtime"),
    ("time-zone", "no-such-zone.txt", "private/var/db/timezone/localtime"),
    ("time-zone", "copied.tzif", "etc/localtime"),
    ("time-zone", "global-preferences.plist", "Library/Preferences/.GlobalPreferences.plist"),
    (
        "time-zone",
        "global-preferences-short-city.plist",
        "Library/Preferences/.GlobalPreferences.plist",
    ),
    ("time-zone", "systemsetup.txt", "systemsetup_-gettimezone.txt"),
    ("boot-time", "sysctl-a.txt", "live_response/system/sysctl_-a.txt"),
    ("boot-time", "sysctl-damaged.txt", "live_response/system/sysctl_-a.txt"),
    ("boot-time", "uptime-days.txt", "live_response/system/uptime.txt"),
    ("boot-time", "w.txt", "live_response/system/w.txt"),
    ("date", "numeric-zone.txt", "live_response/system/date.txt"),
    (
        "date",
        "abbreviation.txt",
        "live_response/process/date_before_ps_-axo_pid_user_etime_args.txt",
    ),
    ("date", "day-first.txt", "live_response/system/date.txt"),
    ("date", "wrong-weekday.txt", "live_response/system/date.txt"),
    ("services-file", "moved-ssh.txt", "private/etc/services"),
    ("services-file", "comments-and-aliases.txt", "private/etc/services"),
    ("sshd-config", "several-ports.txt", "private/etc/ssh/sshd_config"),
    ("sshd-config", "one-port.conf", "private/etc/ssh/sshd_config"),
    ("bodyfile", "uac.txt", "bodyfile/bodyfile.txt"),
    ("bodyfile", "tsk-and-octal.txt", "lab/mac.body"),
    ("bodyfile", "damaged.txt", "bodyfile/bodyfile.txt"),
    ("uac-log", "version-3.log", "uac.log"),
    ("uac-log", "version-2.log", "uac.log"),
    ("uac-log", "garbled.log", "uac.log"),
    ("uac-log", "linux.log", "uac.log"),
    ("uac-acquisition-log", "version-3.log", "uac-lab-mac-07-macos-20260512101530.log"),
    ("uac-acquisition-log", "version-2.log", "uac-quiet-mac-macos-20241103015958.log"),
    ("uac-acquisition-log", "damaged.log", "uac-build-03-linux-20260512101530.log"),
];

/// What the artifact says about a fixture.
pub(super) fn read(id: &str, name: &str) -> Emitter {
    let found = FIXTURES.iter().find(|(artifact, fixture, _)| (*artifact, *fixture) == (id, name));
    let (_, _, path) = found.unwrap_or_else(|| panic!("{id}/{name} is not listed"));
    parse(id, path, &fixture_bytes(&format!("{id}/{name}")))
}

fn claims(out: &Emitter) -> Vec<&HostClaim> {
    let hosts = out.observations.iter().filter_map(|observation| match &observation.fact {
        Fact::Host(claim) => Some(claim),
        _ => None,
    });
    hosts.collect()
}

fn files(out: &Emitter) -> Vec<&FileTimes> {
    let files = out.observations.iter().filter_map(|observation| match &observation.fact {
        Fact::FileTimes(file) => Some(&**file),
        _ => None,
    });
    files.collect()
}

fn problems(out: &Emitter) -> String {
    out.problems.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_fixture_is_claimed_where_it_would_lie() {
    for (id, name, path) in FIXTURES {
        let bytes = fixture_bytes(&format!("{id}/{name}"));
        for path in [(*path).to_owned(), format!("case/uac-x/[root]/{path}")] {
            assert_eq!(claim(&path, &bytes).as_deref(), Some(*id), "{name} at {path}");
        }
    }
}

#[test]
fn a_system_version_plist_gives_version_and_build() {
    insta::assert_snapshot!(rendered(&read("system-version", "macos-15.plist")));
}

#[test]
fn an_iphone_is_no_mac() {
    let out = read("system-version", "iphone.plist");
    assert!(claims(&out).contains(&&HostClaim::NotMacOs("iPhone OS".into())));
}

#[test]
fn a_cut_system_version_plist_is_a_problem_and_keeps_what_was_read() {
    let out = read("system-version", "truncated.plist");
    assert!(out.partial);
    assert!(!out.problems.is_empty(), "{}", rendered(&out));
    assert!(!claims(&out).contains(&&HostClaim::OsBuild("".into())), "{}", rendered(&out));
}

#[test]
fn sw_vers_keeps_the_rapid_response_apart_from_the_version() {
    insta::assert_snapshot!(rendered(&read("system-version", "sw-vers-rapid-response.txt")));
}

#[test]
fn versions_inside_simulators_and_updates_are_not_the_hosts() {
    let bytes = fixture_bytes("system-version/iphone.plist");
    for folder in [
        "Library/Developer/CoreSimulator/Volumes/iOS/RuntimeRoot",
        "System/Volumes/Preboot/ABC/cryptex1/current",
        "Users/mira/Library/Developer/Xcode/iOS DeviceSupport/18.4",
    ] {
        let path = format!("{folder}/System/Library/CoreServices/SystemVersion.plist");
        assert_eq!(claim(&path, &bytes), None, "{path}");
    }
}

#[test]
fn a_host_name_is_the_last_line_that_can_be_one() {
    let out =
        parse("host-name", "live_response/network/hostname.txt", b"warning: x\nlab-mac-07.lan\n\n");
    assert_eq!(claims(&out), [&HostClaim::Name { rank: 1, name: "lab-mac-07.lan".into() }]);
}

#[test]
fn localhost_and_error_messages_are_no_host_names() {
    let localhost = parse("host-name", "hostname.txt", b"localhost\n");
    assert!(localhost.observations.is_empty() && localhost.problems.is_empty());
    let error = parse("host-name", "hostname.txt", b"sh: hostname: command not found\n");
    assert!(error.observations.is_empty());
    assert!(problems(&error).contains("no host name"));
}

#[test]
fn uname_names_a_darwin_host_and_refuses_another() {
    let out = read("host-name", "uname-a.txt");
    assert_eq!(claims(&out), [&HostClaim::Name { rank: 1, name: "lab-mac-07.lan".into() }]);
    let out = read("host-name", "uname-linux.txt");
    assert_eq!(claims(&out), [&HostClaim::NotMacOs("Linux".into())]);
}

#[test]
fn preferences_give_the_three_names_of_a_mac() {
    insta::assert_snapshot!(rendered(&read("host-name", "preferences.plist")));
}

#[test]
fn the_serial_number_is_found_in_both_inventories() {
    for name in ["system-profiler.txt", "ioreg.txt"] {
        let out = read("host-name", name);
        assert_eq!(claims(&out), [&HostClaim::Serial("LABC07XXXX".into())], "{name}");
    }
}

#[test]
fn accounts_give_users_and_never_their_hashes() {
    let passwd = read("host-name", "passwd.txt");
    insta::assert_snapshot!(rendered(&passwd));
    assert!(!format!("{passwd:?}").contains("$6$"));
    let account = read("host-name", "account.plist");
    assert_eq!(claims(&account), [&HostClaim::User { name: "mira".into(), uid: 501 }]);
    let list = read("host-name", "dscl-users.txt");
    assert_eq!(claims(&list)[2], &HostClaim::User { name: "nobody".into(), uid: u32::MAX - 1 });
    assert!(problems(&read("host-name", "account-without-uid.plist")).contains("without a name"));
}

#[test]
fn a_property_list_that_grows_or_nests_without_end_is_refused() {
    for name in ["references-without-end.plist", "nested-too-deep.plist"] {
        let out = read("host-name", name);
        assert!(
            out.problems.iter().any(|p| p.kind == ProblemKind::Limit),
            "{name}: {}",
            rendered(&out)
        );
        assert!(out.observations.is_empty(), "{name}: {}", rendered(&out));
    }
}

#[test]
fn a_link_names_the_zone() {
    let target = "/var/db/timezone/zoneinfo/Europe/Berlin";
    let mut entry = Entry::file("private/etc/localtime", target.len() as u64, 0);
    entry.kind = EntryKind::Link(target.to_owned());
    let artifact = portolan::artifacts::find("time-zone").unwrap();
    assert!(artifact.reads_links());
    let mut out = Emitter::default();
    let mut reader = target.as_bytes();
    let mut input = portolan::artifacts::Input {
        entry: &entry,
        reader: &mut reader,
        crew: &portolan::artifacts::Alone,
        siblings: &portolan::artifacts::NotLookedFor,
    };
    artifact.parse(&mut input, &mut out).unwrap();
    assert_eq!(claims(&out), [&HostClaim::Zone { rank: 3, name: "Europe/Berlin".into() }]);
}

#[test]
fn zones_are_read_from_link_texts_preferences_and_systemsetup() {
    let zone = |name: &str| format!("{:?}", claims(&read("time-zone", name)));
    assert!(zone("localtime-target.txt").contains("rank: 3, name: \"America/Sao_Paulo\""));
    assert!(zone("global-preferences.plist").contains("rank: 4, name: \"Europe/Berlin\""));
    assert!(zone("systemsetup.txt").contains("rank: 2, name: \"Europe/Berlin\""));
}

#[test]
fn a_zone_that_does_not_exist_or_was_copied_is_not_guessed() {
    assert!(problems(&read("time-zone", "no-such-zone.txt")).contains("Mars/Olympus_Mons"));
    let copied = read("time-zone", "copied.tzif");
    assert!(copied.observations.is_empty() && copied.problems.is_empty());
    assert_eq!(copied.notes.len(), 1);
    let short = read("time-zone", "global-preferences-short-city.plist");
    assert!(problems(&short).contains("without a time zone"));
}

#[test]
fn sysctl_gives_the_boot_with_its_session_and_the_ports() {
    insta::assert_snapshot!(rendered(&read("boot-time", "sysctl-a.txt")));
}

#[test]
fn a_damaged_sysctl_line_costs_only_itself() {
    insta::assert_snapshot!(rendered(&read("boot-time", "sysctl-damaged.txt")));
}

#[test]
fn uptime_dates_the_boot_relative_to_the_capture() {
    let before = |row: &str| {
        let out = parse("boot-time", "uptime.txt", row.as_bytes());
        match out.observations.first().map(|observation| &observation.when) {
            Some(When::BeforeCapture { lo_seconds, hi_seconds }) => (*lo_seconds, *hi_seconds),
            other => panic!("{row}: {other:?}"),
        }
    };
    let load = "2 users, load averages: 1.26 1.09 0.99\n";
    let at = 20 * 86_400 + 19 * 3600 + 45 * 60;
    assert_eq!(before(&format!(" 10:15  up 20 days, 19:45, {load}")), (at - 60, at + 60));
    assert_eq!(before(&format!("12:15  up 1 day, 2 hrs, {load}")), (93_540, 93_660));
    assert_eq!(before(&format!("12:15  up 5 hrs, {load}")), (17_940, 18_060));
    assert_eq!(before(&format!("12:15  up 3 mins, {load}")), (120, 240));
    assert_eq!(before(&format!("12:15  up 42 secs, {load}")), (0, 102));
    assert!(rendered(&read("boot-time", "w.txt")).contains("hi_seconds: 93660"));
    assert_eq!(read("boot-time", "uptime-days.txt").observations.len(), 1);
}

#[test]
fn sysctl_and_uptime_of_linux_are_refused() {
    for (name, path) in [("sysctl-linux.txt", "sysctl_-a.txt"), ("uptime-linux.txt", "uptime.txt")]
    {
        let answer = claim(path, &fixture_bytes(&format!("boot-time/{name}"))).unwrap();
        assert!(answer.starts_with("refused: "), "{name}: {answer}");
    }
}

#[test]
fn a_date_with_a_numeric_zone_is_an_instant() {
    insta::assert_snapshot!(rendered(&read("date", "numeric-zone.txt")));
}

#[test]
fn a_date_with_an_abbreviation_stays_local() {
    insta::assert_snapshot!(rendered(&read("date", "abbreviation.txt")));
    assert!(rendered(&read("date", "day-first.txt")).contains("Local(2026-05-12T10:15:41"));
}

#[test]
fn a_weekday_that_does_not_fit_is_a_problem() {
    let out = read("date", "wrong-weekday.txt");
    assert!(out.observations.is_empty());
    assert!(problems(&out).contains("weekday is wrong"));
}

#[test]
fn the_first_line_with_a_service_name_wins() {
    let out = read("services-file", "moved-ssh.txt");
    insta::assert_snapshot!(rendered(&out));
    let Fact::ServiceNames(names) = &out.observations[0].fact else { panic!() };
    assert_eq!(names.ports[&("ssh".into(), Protocol::Tcp)], (2022, 7));
    assert_eq!(names.ports[&("www".into(), Protocol::Tcp)], (80, 9));
}

#[test]
fn only_the_systems_own_services_file_counts() {
    let bytes = fixture_bytes("services-file/moved-ssh.txt");
    for path in ["opt/homebrew/etc/services", "Windows/System32/drivers/etc/services", "services"] {
        assert_eq!(claim(path, &bytes), None, "{path}");
    }
}

#[test]
fn every_alias_has_the_port_of_its_service() {
    let out = read("services-file", "comments-and-aliases.txt");
    let [Fact::ServiceNames(names)] = [&out.observations[0].fact] else { panic!("no names") };
    let told = names.ports.iter().map(|((name, protocol), (port, line))| {
        format!("{name}/{} {port} line {line}", protocol.as_str())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "domain/tcp 53 line 8",
            "domain/udp 53 line 9",
            "ipp/tcp 631 line 10",
            "moon-tables/tcp 7420 line 11",
            "nameserver/tcp 53 line 8",
            "nameserver/udp 53 line 9",
            "ssh/tcp 22 line 6",
            "ssh/udp 22 line 7",
            "tide-tables/tcp 7420 line 11",
            "tides/tcp 7420 line 11",
        ]
    );
    assert!(out.problems.is_empty());
}

#[test]
fn the_one_port_of_sshd_is_told() {
    let out = read("sshd-config", "one-port.conf");
    assert_eq!(rendered(&out), ":2 Undated SshdPort(2022)\n");
}

#[test]
fn sshd_ports_are_taken_outside_match_blocks() {
    insta::assert_snapshot!(rendered(&read("sshd-config", "several-ports.txt")));
}

#[test]
fn a_bodyfile_keeps_what_can_matter() {
    insta::assert_snapshot!(rendered(&read("bodyfile", "uac.txt")));
}

#[test]
fn modes_of_the_sleuth_kit_and_in_octal_are_read() {
    let out = read("bodyfile", "tsk-and-octal.txt");
    let modes: Vec<_> = files(&out).iter().map(|file| file.mode.as_deref().unwrap()).collect();
    assert_eq!(modes, ["-rwxr-xr-x", "-rwsr-xr-x"]);
    assert_eq!(&*files(&out)[1].path, "/private/tmp/set-uid");
}

#[test]
fn a_damaged_bodyfile_row_costs_only_itself() {
    insta::assert_snapshot!(rendered(&read("bodyfile", "damaged.txt")));
}

/// Files of a host fixture, relative to it.
fn files_of(host: &str) -> Vec<String> {
    let root = fixture(&format!("hosts/{host}"));
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_fixture_hosts_are_read_without_a_problem() {
    let ours: BTreeSet<&str> = FIXTURES.iter().map(|(id, ..)| *id).collect();
    for host in ["planted-case", "quiet-mac"] {
        let mut read = BTreeMap::new();
        for path in files_of(host) {
            let bytes = fixture_bytes(&format!("hosts/{host}/{path}"));
            let Some(id) = claim(&path, &bytes).filter(|id| ours.contains(id.as_str())) else {
                continue;
            };
            let out = parse(&id, &path, &bytes);
            assert!(out.problems.is_empty(), "{path}: {}", problems(&out));
            *read.entry(id).or_insert(0) += out.observations.len();
        }
        assert_eq!(read.keys().map(String::as_str).collect::<BTreeSet<_>>(), ours, "{host}");
    }
}
