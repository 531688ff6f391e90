//! Velociraptor: the Mac, the windows of artifacts, sockets, processes, jobs, and whole collections.

use super::{listings, processes, sockets};
use crate::story::{Files, Lsof, Mac, Netstat, Scratch, told};
use crate::support::{claim, fixture, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::hosts::{Options, Sees};
use portolan::model::network::{Families, Protocol, SocketState};
use portolan::model::observation::{Fact, HostClaim, Known, ProblemKind, When};
use portolan::model::service::Direction;
use portolan::model::stamp;

/// Where a fixture of these artifacts would lie in a collection.
pub(crate) fn place_of(artifact: &str, name: &str) -> Option<String> {
    Some(match (artifact, name) {
        ("velociraptor-collection", "context.json") => "collection_context.json".to_owned(),
        ("velociraptor-collection", "container.json") => "metadata.json".to_owned(),
        ("velociraptor-collection", _) => "client_info.json".to_owned(),
        ("velociraptor-log", _) => "log.json".to_owned(),
        ("velociraptor-results", _) => format!("results/{name}"),
        _ => return None,
    })
}

fn read(artifact: &str, name: &str) -> Emitter {
    let path = place_of(artifact, name).unwrap();
    let bytes = fixture_bytes(&format!("{artifact}/{name}"));
    assert!(claim(&path, &bytes).is_some(), "{path}");
    parse(artifact, &path, &bytes)
}

#[test]
fn the_client_tells_name_version_offset_boot_and_rights() {
    insta::assert_snapshot!(rendered(&read("velociraptor-collection", "client.json")));
    insta::assert_snapshot!(rendered(&read("velociraptor-collection", "server-record.json")));
}

#[test]
fn a_client_that_is_no_mac_says_only_that() {
    let out = read("velociraptor-collection", "linux.json");
    let claims: Vec<_> =
        out.observations.iter().filter(|row| matches!(row.fact, Fact::Host(_))).collect();
    assert!(
        matches!(&claims[..], [row] if row.fact == Fact::Host(HostClaim::NotMacOs("Linux".into())))
    );
}

#[test]
fn an_offset_that_is_none_and_a_cut_file_are_problems() {
    let out = read("velociraptor-collection", "odd-offset.json");
    assert_eq!(out.problems[0].kind, ProblemKind::MalformedRecord);
    let out = read("velociraptor-collection", "cut.json");
    assert!(out.observations.is_empty() && out.notes[0].starts_with("ended with"), "{out:?}");
}

#[test]
fn the_context_tells_when_the_collection_began_and_what_failed() {
    insta::assert_snapshot!(rendered(&read("velociraptor-collection", "context.json")));
    let container = read("velociraptor-collection", "container.json");
    assert!(container.observations.is_empty() && container.notes[0].contains("encrypted"));
}

/// The windows of artifacts, as seconds of the hour.
fn windows(name: &str) -> Vec<String> {
    let out = read("velociraptor-log", name);
    let windows = out.observations.iter().filter_map(|row| match (&row.fact, &row.when) {
        (Fact::Command(artifact), When::Utc(window)) => {
            let second = |time| stamp(time)[17..19].to_owned();
            Some(format!("{artifact} {}..{}", second(window.lo), second(window.hi)))
        }
        _ => None,
    });
    windows.collect()
}

#[test]
fn an_artifact_was_collected_until_its_end_is_told_even_beside_another() {
    let told =
        ["Generic.Client.Info 12..12", "MacOS.Network.Netstat 13..15", "MacOS.System.Users 13..17"];
    assert_eq!(windows("with-ends.json"), told);
    insta::assert_snapshot!(rendered(&read("velociraptor-log", "with-ends.json")));
}

#[test]
fn without_ends_an_artifact_was_collected_until_the_next() {
    let told = ["MacOS.Network.Netstat 12..14", "Generic.System.Pstree 14..14"];
    assert_eq!(windows("without-ends.json"), told);
    let notes = read("velociraptor-log", "without-ends.json").notes;
    assert_eq!(notes, ["the log does not tell when its last artifact was done"]);
}

#[test]
fn a_damaged_line_of_the_log_costs_only_itself() {
    insta::assert_snapshot!(rendered(&read("velociraptor-log", "damaged.json")));
}

#[test]
fn listeners_and_connections_are_read_and_udp_is_not_said_to_be_listed() {
    let out = read("velociraptor-results", "MacOS.Network.Netstat.json");
    insta::assert_snapshot!(rendered(&out));
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert!(listing.listeners && listing.connections && listing.owners);
    assert!(!listing.udp && !listing.whole, "the default filter drops UDP");
    assert_eq!(listing.privileged, Known::Yes);
}

#[test]
fn a_wider_filter_shows_udp_and_every_state() {
    let out = read("velociraptor-results", "unfiltered.json");
    insta::assert_snapshot!(rendered(&out));
    assert!(listings(&out)[0].udp && !listings(&out)[0].owners);
    let shown: Vec<_> = sockets(&out).iter().map(|s| (s.protocol.unwrap(), s.state)).collect();
    let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
    let told = [
        (tcp, SocketState::Listen),
        (tcp, SocketState::Established),
        (tcp, SocketState::Closing),
        (tcp, SocketState::Closing),
        (tcp, SocketState::Bound),
        (tcp, SocketState::SynSent),
        (udp, SocketState::Bound),
        (udp, SocketState::Established),
    ];
    assert_eq!(shown, told);
    assert!(sockets(&out).iter().all(|socket| socket.pid.is_none()), "pid 0 is not known");
}

#[test]
fn a_socket_for_both_families_is_told_by_its_addresses() {
    let out = read("velociraptor-results", "unfiltered.json");
    let families: Vec<_> = sockets(&out).iter().map(|socket| socket.families).collect();
    assert_eq!(families[..4], [Families::EITHER, Families::DUAL, Families::DUAL, Families::V6]);
    assert_eq!(sockets(&out)[1].remote.address.text(), "198.51.100.17");
    assert_eq!(sockets(&out)[3].local.address.text(), "fe80::12%if4");
}

#[test]
fn csv_says_the_same_as_json() {
    let csv = read("velociraptor-results", "MacOS.Network.Netstat.csv");
    let json = read("velociraptor-results", "MacOS.Network.Netstat.json");
    let all = sockets(&json);
    assert_eq!(sockets(&csv), [all[0].clone(), all[4].clone(), all[5].clone()]);
    assert_eq!(processes(&csv).len(), 2);
    assert_eq!(processes(&csv)[1], processes(&json)[2]);
}

#[test]
fn a_damaged_result_costs_only_its_own_rows() {
    insta::assert_snapshot!(rendered(&read("velociraptor-results", "damaged.json")));
    insta::assert_snapshot!(rendered(&read("velociraptor-results", "damaged.csv")));
}

#[test]
fn results_of_other_systems_are_refused_by_name_and_others_are_nobody_s() {
    let linux = fixture_bytes("velociraptor-results/Linux.Network.Netstat.json");
    let path = place_of("velociraptor-results", "Linux.Network.Netstat.json").unwrap();
    assert!(
        claim(&path, &linux).unwrap().starts_with("refused: results of Velociraptor on another")
    );
    let windows = "{\"Pid\": 4, \"Ppid\": 0, \"Name\": \"x\", \"Exe\": \"C:\\\\x.exe\"}\n";
    let refused = claim("results/Generic.System.Pstree.json", windows.as_bytes()).unwrap();
    assert!(refused.starts_with("refused: results of Velociraptor on another"));
    let processes = "{\"Pid\": 4, \"Ppid\": 1, \"Name\": \"x\", \"Exe\": \"/bin/x\"}\n";
    for (path, text) in [
        ("tasks.json", processes),
        ("results/MacOS.System.Users.json", "{\"User\": \"nils\", \"Uid\": 501}\n"),
        ("results/MacOS.Network.Netstat.json.index", "\0\0\0\0"),
        ("log.json", "{\"level\": \"INFO\", \"message\": \"x\"}\n"),
        ("metadata.json", "{\"name\": \"a package\"}\n"),
    ] {
        assert_eq!(claim(path, text.as_bytes()), None, "{path}");
    }
}

#[test]
fn a_process_that_had_ended_was_there_before_the_capture() {
    let out = read("velociraptor-results", "Generic.System.Pstree.json");
    insta::assert_snapshot!(rendered(&out));
    let whens: Vec<bool> = out.observations.iter().map(|row| row.when == When::Capture).collect();
    assert_eq!(whens, [true, true, true, false, true]);
}

#[test]
fn a_property_list_in_a_record_is_the_job_that_the_file_would_be() {
    let out = read("velociraptor-results", "LaunchAgentsDaemons.json");
    insta::assert_snapshot!(rendered(&out));
    assert!(!format!("{out:?}").contains("invented-secret"), "an environment is not shown");
    let damaged = read("velociraptor-results", "jobs-damaged.json");
    insta::assert_snapshot!(rendered(&damaged));
}

#[test]
fn overrides_are_read_from_their_records() {
    insta::assert_snapshot!(rendered(&read("velociraptor-results", "Sandboxed Loginitems.json")));
}

const STORY: &str = "hosts/velociraptor-relay";

#[test]
fn a_collection_is_dated_by_its_log_and_a_property_list_is_one_job_however_often_it_was_taken() {
    let told = told(&[fixture(STORY)], &Options::default());
    assert_eq!(told.host_names(), ["heron-12"]);
    let relay = told.binding(8790);
    assert_eq!(relay.service.as_deref(), Some("com.fern.relay"));
    assert_eq!(stamp(relay.interval.unwrap().first_seen), "2026-06-03T14:05:14.000000Z");
    assert_eq!(told.binding(22).service.as_deref(), Some("com.openssh.sshd"));
    assert_eq!(told.job("com.fern.relay").enabled, Known::Yes);
    let encoded = told.job("com.fern:menu").plist_path.as_deref();
    assert_eq!(encoded, Some("/Library/LaunchDaemons/com.fern:menu.plist"));
    let acquisition = &told.host().acquisitions[0];
    assert_eq!(
        (acquisition.collector.as_str(), acquisition.privileged),
        ("velociraptor", Known::Yes)
    );
    assert_eq!(
        told.process(640).started.map(|start| stamp(start.lo)).as_deref(),
        Some("2026-06-01T06:31:10.000000Z")
    );
}

#[test]
fn what_the_default_filter_drops_is_said_in_coverage() {
    let told = told(&[fixture(STORY)], &Options::default());
    let listed = told.host().coverage.iter().filter(|row| row.source.is_some());
    let shown: Vec<_> = listed
        .map(|row| (row.direction, row.protocol.unwrap(), row.sees, row.blind_to.clone()))
        .collect();
    let partly = |direction| (direction, Protocol::Tcp, Sees::Partly, vec!["filtered"]);
    assert!(
        shown.contains(&partly(Direction::Listen)) && shown.contains(&partly(Direction::Outbound)),
        "{shown:?}"
    );
    assert!(shown.contains(&(Direction::Listen, Protocol::Udp, Sees::No, vec!["udp"])));
}

#[test]
fn the_same_mac_seen_by_uac_and_by_velociraptor_has_one_set_of_bindings() {
    let uac = Mac::new()
        .named("heron-12")
        .on("2026-06-03", "09:13")
        .booted("2026-06-01T06:30:00Z")
        .tcp(Netstat::listens("tcp4", "*.22"))
        .tcp(Netstat::listens("tcp6", "*.22"))
        .tcp(Netstat::listens("tcp4", "*.5000"))
        .tcp(Netstat::listens("tcp6", "*.5000"))
        .tcp(Netstat::listens("tcp4", "*.8790"))
        .lsof(Lsof::tcp("launchd", 1, 0x1, "*:22 (LISTEN)").root())
        .lsof(Lsof::tcp("ControlCe", 640, 0x2, "*:5000 (LISTEN)"))
        .lsof(Lsof::tcp("fernrelay", 812, 0x3, "*:8790 (LISTEN)").root());
    let scratch = Scratch::new();
    let folder = scratch.path().join("uac");
    uac.files().write(&folder);
    let told = told(&[folder, fixture(STORY)], &Options::default());
    assert_eq!(told.host_names(), ["heron-12"]);
    for (port, owner) in [(22, "launchd"), (5000, "ControlCenter"), (8790, "fernrelay")] {
        let binding = told.binding(port);
        assert_eq!(binding.process.as_deref(), Some(owner));
        let life = binding.interval.unwrap();
        assert!(stamp(life.first_seen).starts_with("2026-06-03T12:13"), "{port}");
        assert!(stamp(life.last_seen).starts_with("2026-06-03T14:05"), "{port}");
    }
    assert_eq!(told.binding(5000).families.as_str(), "4,6");
}

#[test]
fn a_listener_that_velociraptor_did_not_list_is_not_said_to_have_ended() {
    let uac = Mac::new()
        .named("heron-12")
        .on("2026-06-03", "09:13")
        .booted("2026-06-01T06:30:00Z")
        .tcp(Netstat::listens("tcp4", "*.9100"))
        .udp(Netstat::bound("udp4", "*.5353"));
    let scratch = Scratch::new();
    let folder = scratch.path().join("uac");
    uac.files().write(&folder);
    let told = told(&[folder, fixture(STORY)], &Options::default());
    for port in [9100, 5353] {
        assert_eq!(told.binding(port).interval.unwrap().latest_end, None, "{port}");
    }
}

#[test]
fn a_linux_collection_is_not_used() {
    let files = Files::default()
        .with(
            "Collection-web_01/client_info.json",
            fixture_bytes("velociraptor-collection/linux.json"),
        )
        .with(
            "Collection-web_01/results/Generic.System.Pstree.json",
            fixture_bytes("velociraptor-results/Generic.System.Pstree.json"),
        );
    let told = files.told();
    assert!(told.host_names().is_empty());
    let refused = told.0.collected.sources.iter().filter(|source| source.note.contains("of Linux"));
    assert_eq!(refused.count(), 2);
}

#[test]
fn a_source_of_an_artifact_is_dated_as_its_artifact() {
    let log = "{\"client_time\": 1780495513, \"level\": \"INFO\", \"message\": \"Starting collection of Custom.Network\"}\n\
               {\"client_time\": 1780495519, \"level\": \"INFO\", \"message\": \"Starting collection of Custom.Other\"}\n";
    let netstat = fixture_bytes("velociraptor-results/MacOS.Network.Netstat.json");
    let client = fixture_bytes("velociraptor-collection/client.json");
    for path in
        ["Custom.Network/Listeners.json", "Custom.Network%2FListeners.json", "Custom.Network.json"]
    {
        let files = Files::default()
            .with("Collection/log.json", log)
            .with("Collection/client_info.json", &client)
            .with(&format!("Collection/results/{path}"), &netstat);
        let told = files.told();
        let seen = told.binding(8790).interval.unwrap().last_seen;
        assert_eq!(stamp(seen), "2026-06-03T14:05:19.000000Z", "{path}");
    }
}
