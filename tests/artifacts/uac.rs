//! UAC's own logs: when each command ran, and what was acquired.

use super::host::read;
use crate::support::rendered;
use portolan::artifacts::Emitter;
use portolan::model::observation::{CollectionClaim, Fact, HostClaim, When};

/// The windows of the commands, as `command from..to`.
fn commands(out: &Emitter) -> Vec<String> {
    let commands = out.observations.iter().filter_map(|observation| {
        match (&observation.fact, &observation.when) {
            (Fact::Command(command), When::Utc(window)) => {
                Some(format!("{command} {}..{}", window.lo, window.hi))
            }
            _ => None,
        }
    });
    commands.collect()
}

#[test]
fn a_command_of_version_3_ran_before_its_line() {
    let out = read("uac-log", "version-3.log");
    assert_eq!(commands(&out)[1], "lsof -nPl 2026-05-12T08:15:34Z..2026-05-12T08:15:41Z");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_command_of_version_2_ran_after_its_line() {
    let out = read("uac-log", "version-2.log");
    assert_eq!(commands(&out)[0], "netstat -anp tcp 2024-11-03T05:59:59Z..2024-11-03T06:00:02Z");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn the_offset_is_told_again_when_summer_time_ends() {
    let out = read("uac-log", "version-2.log");
    let offsets = out.observations.iter().filter_map(|observation| match observation.fact {
        Fact::Host(HostClaim::Offset { rank, seconds }) => Some((rank, seconds)),
        _ => None,
    });
    assert_eq!(offsets.collect::<Vec<_>>(), [(0, -4 * 3600), (0, -5 * 3600)]);
    assert!(out.problems.is_empty());
}

#[test]
fn garbled_lines_and_a_clock_that_goes_back_are_problems() {
    let out = read("uac-log", "garbled.log");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn no_password_leaves_a_uac_log() {
    let secrets = [
        ("uac-log", "version-3.log", "hunter2"),
        ("uac-log", "garbled.log", "password=invented"),
        ("uac-acquisition-log", "version-3.log", "hunter2"),
    ];
    for (id, name, secret) in secrets {
        assert!(!format!("{:?}", read(id, name)).contains(secret), "{id}/{name}");
    }
}

#[test]
fn a_log_of_another_system_says_so() {
    for (id, name) in [("uac-log", "linux.log"), ("uac-acquisition-log", "damaged.log")] {
        let out = read(id, name);
        let foreign = Fact::Host(HostClaim::NotMacOs("linux".into()));
        assert!(out.observations.iter().any(|o| o.fact == foreign), "{id}/{name}");
    }
}

#[test]
fn an_acquisition_log_gives_case_times_and_hashes() {
    insta::assert_snapshot!(rendered(&read("uac-acquisition-log", "version-3.log")));
}

#[test]
fn version_2_names_no_archive_so_the_logs_own_name_stands_for_it() {
    let out = read("uac-acquisition-log", "version-2.log");
    let hash = out.observations.iter().find_map(|observation| match &observation.fact {
        Fact::Collection(CollectionClaim::DeclaredHash { file, algorithm, .. }) => {
            Some((&**file, *algorithm))
        }
        _ => None,
    });
    assert_eq!(hash, Some(("uac-quiet-mac-macos-20241103015958", "md5")));
    assert!(rendered(&out).contains("MountPoint(\"/mnt/image\")"));
}

#[test]
fn a_damaged_acquisition_log_keeps_what_can_be_read() {
    insta::assert_snapshot!(rendered(&read("uac-acquisition-log", "damaged.log")));
}
