//! A collector is known by what it writes: a file or folder of its name proves nothing.

use crate::story::{Files, Lsof, Mac};

/// A capture that no collector's folder holds.
const NETSTAT: &str = "Active Internet connections (including servers)\n\
     Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n\
     tcp4       0      0  *.7681                 *.*                    LISTEN\n";

/// The collectors that the acquisitions of some evidence name.
fn collectors(files: &Files) -> Vec<String> {
    let told = files.told();
    let cases = told.0.hosts.iter();
    cases.flat_map(|case| &case.acquisitions).map(|made| made.collector.clone()).collect()
}

#[test]
fn a_file_with_the_name_of_a_collector_s_does_not_name_the_collector() {
    for name in [
        "uac.log",
        "aftermath.log",
        "sysdiagnose.log",
        "taskSummary.csv",
        "client_info.json",
        "collection_context.json",
        "uploads.json",
        "bodyfile",
        "live_response",
        "memory_dump/notes.txt",
        "chkrootkit/readme",
        "results/MacOS.txt",
        "Recon/system_information.txt",
    ] {
        for text in ["", "notes of an examiner\n", "{}\n"] {
            let files = Files::default().with("netstat.txt", NETSTAT).with(name, text);
            assert_eq!(collectors(&files), ["loose captures"], "{name} {text:?}");
        }
    }
    // Nor does a capture that somebody called so.
    for name in ["uac.log", "aftermath.log", "sysdiagnose.log"] {
        let files = Files::default().with("netstat.txt", NETSTAT).with(name, NETSTAT);
        let found = collectors(&files);
        assert!(found.iter().all(|name| name == "loose captures"), "{name}: {found:?}");
    }
}

#[test]
fn the_name_of_a_folder_tells_the_mac_where_nothing_in_it_does() {
    let lsof = "COMMAND   PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME\n\
                reefd     700 root    5u  IPv4 0x7000000000000001      0t0  TCP *:9443 (LISTEN)\n";
    let name = |folder: &str| {
        let files = Files::default().with(&format!("{folder}/Network/lsof_output.txt"), lsof);
        let told = files.told();
        told.host().host.name.clone()
    };
    assert_eq!(name("Aftermath_otter-07"), "otter-07");
    assert_eq!(name("Aftermath_otter-07_2026-04-15T09_20_10Z"), "otter-07");
    // A name that holds a year.
    assert_eq!(name("Aftermath_lab_2019_2026-04-15T09_31_10Z"), "lab_2019");
    assert_eq!(name("Aftermath_C02XK1AAJGH5"), "C02XK1AAJGH5");
}

#[test]
fn an_upload_whose_path_keeps_its_slash_lies_where_it_lay() {
    let plist = crate::story::job("org.example.reef", &["/Library/Reef/reefd"], "");
    for folder in ["uploads/file/%2FLibrary/LaunchDaemons", "uploads/auto/Library/LaunchDaemons"] {
        let files = Files::default().with(&format!("{folder}/org.example.reef.plist"), &plist);
        let told = files.told();
        let job = told.job("org.example.reef");
        let path = "/Library/LaunchDaemons/org.example.reef.plist";
        assert_eq!(job.plist_path.as_deref(), Some(path), "{folder}");
    }
}

#[test]
fn what_a_collector_wrote_names_it_whatever_lies_beside() {
    let files = Mac::new().lsof(Lsof::tcp("reefd", 700, 0x700, "*:9443 (LISTEN)")).files();
    assert_eq!(collectors(&files), ["uac"]);
    // A log that is damaged throughout leaves the captures in the collector's folder.
    let log = files.0.keys().find(|path| path.ends_with("/uac.log")).unwrap().clone();
    assert_eq!(collectors(&files.with(&log, "\n")), ["uac"]);
}
