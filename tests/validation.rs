//! Mistakes that the analysis of public captures brought to light (docs/validation.md), told with
//! invented Macs.

use crate::story::{Files, Lsof, Mac, Netstat, Scratch, job, told};
use portolan::hosts::Options;
use portolan::model::observation::{Known, ProblemKind};
use portolan::model::service::Direction;
use portolan::report::{self, View};
use std::collections::BTreeSet;
use std::fmt::Write;

#[test]
fn apple_s_jobs_with_a_program_in_an_application_are_no_masquerade() {
    let program = "/Applications/iTunes.app/Contents/MacOS/iTunesHelper.app/Contents/MacOS/helper";
    let text = job("com.apple.iTunesHelper.launcher", &[program], "");
    let of = |folder: &str| {
        Mac::new().plist(&format!("{folder}/com.apple.iTunesHelper.launcher.plist"), &text).told()
    };
    of("/System/Library/LaunchAgents").is_quiet();
    let elsewhere = of("/Library/LaunchAgents");
    assert_eq!(elsewhere.only_anomaly().rules, ["P11"]);
}

/// Rows of `netstat -anv` before macOS 26: a pid, and no name.
fn netstat_14(rows: &[(&str, &str, &str, u32)]) -> String {
    let mut text = "Active Internet connections (including servers)\n\
        Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)     rhiwat shiwat    pid   epid  state    options\n"
        .to_owned();
    for (local, foreign, state, pid) in rows {
        writeln!(
            text,
            "tcp4       0      0  {local:<22} {foreign:<22} {state:<11} 131072 131072 {pid:>6}      0 0x0102 0x00000008"
        )
        .unwrap();
    }
    text
}

#[test]
fn a_pid_without_a_name_is_no_known_program() {
    let rows = [
        ("192.0.2.7.50001", "203.0.113.9.993", "ESTABLISHED", 812),
        ("192.0.2.7.50002", "203.0.113.9.6667", "ESTABLISHED", 813),
    ];
    let told =
        Files::default().with("20260415T090000-0300_netstat_-anv.txt", netstat_14(&rows)).told();
    assert!(told.anomalies(993).is_empty(), "a mail program may do so, and it may be one");
    let [irc] = told.anomalies(6667)[..] else { panic!("{:?}", told.0.anomalies) };
    assert!(irc.score <= 39, "{}", irc.explanation);
}

#[test]
fn a_listener_without_a_known_job_is_not_said_to_have_none() {
    let told = Mac::new().tcp(Netstat::listens("tcp4", "*.9595")).told();
    let said = &told.only_anomaly().explanation;
    assert!(said.contains("no launchd job is known to manage"), "{said}");
}

const BACKUP: &[&str] = &["/opt/reef/backupd", "--listen", "127.0.0.1:8742"];

#[test]
fn a_copy_of_a_property_list_is_no_second_job() {
    let text = job("com.reef.backupd", BACKUP, "");
    let mac = Mac::new()
        .plist("/Library/LaunchDaemons/com.reef.backupd.plist", &text)
        .plist("/Users/ana/copy.plist", &text)
        .plist("/Users/ana/old.plist", &job("com.reef.backupd.old", BACKUP, ""));
    let told = mac.told();
    let place = "/Library/LaunchDaemons/com.reef.backupd.plist";
    assert_eq!(told.job("com.reef.backupd").plist_path.as_deref(), Some(place));
    assert!(!told.job("com.reef.backupd.old").is_placed(), "what differs stays");
}

#[test]
fn a_label_means_the_job_in_its_place_before_a_file_elsewhere() {
    let told = Mac::new()
        .plist(
            "/Library/LaunchDaemons/com.reef.backupd.plist",
            &job("com.reef.backupd", BACKUP, ""),
        )
        .plist("/Users/ana/draft.plist", &job("com.reef.backupd", &["/tmp/backupd"], ""))
        .loaded(None, "com.reef.backupd")
        .told();
    let ours = told.ports().jobs.iter().filter(|job| &*job.label == "com.reef.backupd");
    for job in ours {
        assert_eq!(job.loaded, job.is_placed(), "{:?}", job.plist_path);
    }
}

#[test]
fn whether_a_damaged_property_list_would_load_is_unknown() {
    let text = job("com.reef.leftover", BACKUP, "");
    let cut = text.split("<key>ProgramArguments").next().unwrap();
    let told = Mac::new()
        .plist("/Library/LaunchDaemons/com.reef.leftover.plist", cut)
        .file("[root]/private/var/db/com.apple.xpc.launchd/disabled.plist", OVERRIDES)
        .told();
    let job = told.job("com.reef.leftover");
    assert_eq!((job.enabled, &*job.enabled_source), (Known::Unknown, "property list damaged"));
}

const OVERRIDES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
    <key>com.reef.other</key><true/></dict></plist>\n";

#[test]
fn a_udp_port_that_its_job_declares_is_a_service_and_no_second_row() {
    let environment = "<key>EnvironmentVariables</key><dict><key>TUNNEL_PORT</key>\
        <string>51821</string></dict><key>RunAtLoad</key><true/>";
    let mac = |more: &str| {
        Mac::new()
            .plist(
                "/Library/LaunchDaemons/net.reef.tunneld.plist",
                &job("net.reef.tunneld", &["/opt/reef/tunneld"], more),
            )
            .loaded(Some(428), "net.reef.tunneld")
            .ps(428, "root", "01:00:00", "/opt/reef/tunneld")
            .lsof(Lsof::udp("tunneld", 428, 0x428, "*:51821").root())
            .told()
    };
    let told = mac(environment);
    assert_eq!(told.binding(51821).direction, Direction::Listen);
    assert!(told.declared(51821).is_empty(), "what was observed is not only declared");
    assert_eq!(mac("").binding(51821).direction, Direction::Unknown);
}

#[test]
fn the_program_of_a_job_inside_an_application_has_a_whole_path() {
    let inside = "<key>BundleProgram</key><string>Contents/MacOS/relay</string>";
    let path = "/Applications/Skiff.app/Contents/Library/LaunchAgents/com.skiff.relay.plist";
    let told = Mac::new().plist(path, &job("com.skiff.relay", &["relay"], inside)).told();
    let program = told.job("com.skiff.relay").program.as_deref();
    assert_eq!(program, Some("/Applications/Skiff.app/Contents/MacOS/relay"));
}

#[test]
fn an_anomaly_of_the_host_says_where_it_stands() {
    let told = Mac::new().file("[root]/private/etc/ssh/sshd_config", "# moved\nPort 2222\n").told();
    assert_eq!(told.only_anomaly().rules, ["P20"]);
    let options = report::Options::default();
    let view = View::new(&told.0, &options);
    let place = view.places_of(told.only_anomaly());
    assert!(place.ends_with("private/etc/ssh/sshd_config:2"), "{place}");
}

#[test]
fn processes_of_two_acquisitions_without_a_boot_have_their_own_ids() {
    let scratch = Scratch::new();
    let folders = ["first", "second"].map(|name| scratch.path().join(name));
    for (folder, day) in folders.iter().zip(["2026-04-15", "2026-04-16"]) {
        let row = Lsof::tcp("courier", 512, 0x512, "*:9595 (LISTEN)");
        Mac::new().on(day, "12:13").without_boot().lsof(row).files().write(folder);
    }
    let told = told(&folders, &Options::default());
    let processes = &told.ports().processes;
    let ids: BTreeSet<&str> = processes.iter().map(|process| process.id.as_str()).collect();
    assert_eq!(ids.len(), processes.len(), "{processes:#?}");
    assert!(processes.len() >= 2);
}

#[test]
fn sockets_whose_port_was_cut_are_counted() {
    let text = "Active Internet connections\n\
        Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    \n\
        tcp4       0      0  otter-07.example.50001 93.113.0.203.bc..sunpr ESTABLISHED\n\
        tcp4       0      0  otter-07.example.50002 reef.example.https     ESTABLISHED\n";
    let out = crate::support::parse("netstat", "netstat.txt", text.as_bytes());
    assert!(
        out.notes.iter().any(|note| note.ends_with("netstat cut their port: 1")),
        "{:?}",
        out.notes
    );
}

#[test]
fn sockets_under_a_name_that_nobody_knows_are_reported() {
    let text = "Active Internet connections (including servers)\n\
        Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)    \n\
        tcp4       0      0  *.reefgateway          *.*                    LISTEN     \n\
        tcp4       0      0  *.ssh                  *.*                    LISTEN     \n";
    let told = Files::default().with("20260415T090000-0300_netstat_-a.txt", text).told();
    assert_eq!(told.ports().bindings.len(), 1);
    let [problem] = told.problems(ProblemKind::Unsupported)[..] else { panic!() };
    assert!(problem.ends_with("of their port: 1 (reefgateway)"), "{problem}");
}
