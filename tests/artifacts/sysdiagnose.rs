//! sysdiagnose: its stamp, its steps, and a whole one.

use crate::story::{Files, told};
use crate::support::{claim, fixture, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::hosts::Options;
use portolan::model::observation::ProblemKind;
use portolan::model::stamp;

/// Where a fixture would lie in a sysdiagnose.
pub(crate) fn place_of(name: &str) -> String {
    match name {
        "clock-unset.csv" => "taskSummary.csv",
        "steps-15.txt" | "steps-26.txt" => "network-info/get-network-info.txt",
        _ => "sysdiagnose.log",
    }
    .to_owned()
}

fn read(name: &str) -> Emitter {
    let (path, bytes) = (place_of(name), fixture_bytes(&format!("sysdiagnose/{name}")));
    assert_eq!(claim(&path, &bytes).as_deref(), Some("sysdiagnose"), "{name}");
    parse("sysdiagnose", &path, &bytes)
}

#[test]
fn the_working_folder_tells_start_offset_and_build() {
    insta::assert_snapshot!(rendered(&read("sysdiagnose.log")));
}

#[test]
fn an_iphone_is_not_a_mac() {
    insta::assert_snapshot!(rendered(&read("iphone.log")));
}

#[test]
fn a_clock_that_nobody_set_is_said_to_be_one() {
    let out = read("clock-unset.csv");
    insta::assert_snapshot!(rendered(&out));
    assert_eq!(out.problems[0].kind, ProblemKind::AmbiguousTime);
}

#[test]
fn each_step_ran_until_the_next() {
    insta::assert_snapshot!(rendered(&read("steps-15.txt")));
    insta::assert_snapshot!(rendered(&read("steps-26.txt")));
}

const STORY: &str = "hosts/sysdiagnose-relay";

#[test]
fn a_sysdiagnose_is_one_mac_and_its_tools_show_one_set_of_bindings() {
    let told = told(&[fixture(STORY)], &Options::default());
    assert_eq!(told.host_names(), ["heron-12"]);
    let host = told.host();
    assert_eq!(host.host.os_build.as_deref(), Some("23F79"));
    assert_eq!(host.zone.as_ref().unwrap().name, "+02:00");
    assert_eq!(host.acquisitions[0].collector, "sysdiagnose");
    for (port, owner, sightings) in [
        (22, "launchd", 6),
        (5000, "ControlCenter", 6),
        (8790, "fernrelay", 3),
        (443, "fernrelay", 4),
        (5353, "mDNSResponder", 4),
    ] {
        let binding = told.binding(port);
        assert_eq!(binding.process.as_deref(), Some(owner), "{port}");
        assert_eq!(binding.sightings, sightings, "{port}");
    }
    assert_eq!(told.ports().bindings.len(), 5);
    assert_eq!(told.binding(443).bytes_in, Some(5427));
}

#[test]
fn files_are_dated_by_the_step_that_wrote_them_by_their_rows_and_by_their_banners() {
    let told = told(&[fixture(STORY)], &Options::default());
    let life = told.binding(443).interval.unwrap();
    // WiFi/netstat-PRE.txt says when its command ended, lsof.txt was begun at 16:07:46.
    assert_eq!(stamp(life.first_seen), "2026-06-03T14:07:33.600000Z");
    assert_eq!(stamp(life.last_seen), "2026-06-03T14:07:49.000000Z");
    let nettop =
        told.binding(443).citations.iter().find(|citation| citation.raw_time.contains("44.7004"));
    assert!(nettop.is_some_and(|citation| citation.time_rule.contains("time of day in +02:00")));
}

#[test]
fn the_two_collections_of_one_mac_agree() {
    let both = [fixture(STORY), fixture("hosts/velociraptor-relay")];
    let told = told(&both, &Options::default());
    assert_eq!(told.host_names(), ["heron-12"]);
    assert_eq!(told.host().boots.len(), 1);
    assert_eq!(
        told.ports().bindings.iter().filter(|binding| binding.interval.is_some()).count(),
        5
    );
    let life = told.binding(8790).interval.unwrap();
    assert!(life.first_seen < life.last_seen);
}

/// The story's files under another folder.
fn under(folder: &str) -> Files {
    let own = fixture(STORY).join("sysdiagnose_2026.06.03_16-07-30+0200_macOS_Mac_23F79");
    let mut files = Files::default();
    for path in crate::support::files_below(&own) {
        files = files.with(&format!("{folder}/{path}"), std::fs::read(own.join(&path)).unwrap());
    }
    files
}

#[test]
fn a_renamed_sysdiagnose_is_dated_by_its_log() {
    let told = under("evidence from the office").told();
    let life = told.binding(8790).interval.unwrap();
    assert_eq!(stamp(life.first_seen), "2026-06-03T14:07:44.000000Z");
}

#[test]
fn without_its_log_a_sysdiagnose_is_dated_by_its_name() {
    let folder = "sysdiagnose_2026.06.03_16-07-30+0200_macOS_Mac_23F79";
    let mut files = under(folder);
    files.0.remove(&format!("{folder}/sysdiagnose.log")).unwrap();
    files.0.remove(&format!("{folder}/network-info/get-network-info.txt")).unwrap();
    let told = files.told();
    assert_eq!(told.host().zone.as_ref().unwrap().name, "+02:00");
    let life = told.binding(22).interval.unwrap();
    assert_eq!(stamp(life.last_seen), "2026-06-03T14:17:30.000000Z");
}

#[test]
fn an_iphone_s_sysdiagnose_is_refused_as_a_whole() {
    let folder = "sysdiagnose_2026.06.03_16-07-30+0200_iPhone-OS_iPhone_23F79";
    for log in [true, false] {
        let mut files = under(folder);
        for gone in ["sw_vers.txt", "sysdiagnose.log", "launchctl-list-501.txt"] {
            files.0.remove(&format!("{folder}/{gone}")).unwrap();
        }
        if log {
            files = files.with(
                &format!("{folder}/sysdiagnose.log"),
                fixture_bytes("sysdiagnose/iphone.log"),
            );
        }
        let told = files.told();
        assert!(told.host_names().is_empty(), "{:?}", told.host_names());
    }
}
