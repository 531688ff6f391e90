//! Sums: floors, caps, further rules, single features.

use super::{daemon, launchd, sockets};
use crate::story::{Files, Lsof, Mac, Netstat, job, netstat_26, scores, several};
use portolan::model::anomaly::Anomaly;

fn points(anomaly: &Anomaly, name: &str) -> Option<i32> {
    anomaly.factors.iter().find(|factor| factor.name == name).map(|factor| factor.points)
}

#[test]
fn a_floor_lifts_a_shell_on_a_socket() {
    // 60 for P09; a private peer takes 15 away.
    let told = Mac::new()
        .lsof(Lsof::tcp("zsh", 912, 0x93, "10.0.0.24:50001->10.0.0.9:50002 (ESTABLISHED)").fd("0u"))
        .lsof(launchd("IPv4", 2, "127.0.0.1:631 (LISTEN)"))
        .ps(912, "ana", "00:30", "/bin/zsh")
        .told();
    let about = told.anomalies(50002);
    assert_eq!(about[0].rules, ["P09"]);
    // The floor is 60; both ports are ephemeral, so the direction is only probable: caps win.
    assert_eq!(about[0].score, 59);
    assert!(about[0].explanation.contains("cap 59: the direction is only probable"));
    let sure = Mac::new()
        .lsof(Lsof::tcp("zsh", 912, 0x93, "10.0.0.24:50001->10.0.0.9:8099 (ESTABLISHED)").fd("0u"))
        .lsof(launchd("IPv4", 2, "127.0.0.1:631 (LISTEN)"))
        .ps(912, "ana", "00:30", "/bin/zsh")
        .told();
    let about = sure.anomalies(8099);
    assert_eq!(about[0].score, 60);
    assert!(about[0].explanation.contains("floor 60"), "{}", about[0].explanation);
}

#[test]
fn an_orphan_of_launchd_on_loopback_is_lifted_to_forty() {
    let told = Mac::new().lsof(launchd("IPv4", 0xa2, "127.0.0.1:6021 (LISTEN)")).told();
    let factors = [("P03", 45), ("scope-loopback", -20), ("port-registered", 5)];
    told.scores(&["P03"], &factors, 40);
}

#[test]
fn further_rules_add_five_each_and_fifteen_at_most() {
    let inetd = "<key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    let plist = job("com.apple.screensharing", &["/bin/sh"], &(sockets("vnc-server") + inetd));
    let told = Mac::new()
        .plist("/Library/LaunchDaemons/com.apple.screensharing.plist", &plist)
        .plist("/private/etc/services", "vnc-server 5999/tcp # moved\n")
        .lsof(launchd("IPv4", 0xa2, "*:5999 (LISTEN)"))
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P09", "P12", "P04", "P05", "P11"]);
    let further: Vec<_> = anomaly.factors.iter().take(5).map(|factor| factor.points).collect();
    assert_eq!(further, [60, 5, 5, 5, 0]);
}

#[test]
fn a_note_adds_nothing_to_a_rule() {
    let told = Mac::new()
        .lsof(Lsof::tcp("alpha", 930, 0x93, "*:6100 (LISTEN)"))
        .lsof(Lsof::tcp("beta", 931, 0x94, "192.0.2.24:6100 (LISTEN)"))
        .ps(930, "ana", "10:00", "/opt/a/alpha")
        .ps(931, "ana", "10:00", "/opt/b/beta")
        .told();
    let about = told.anomalies(6100);
    let shadow = about.iter().find(|anomaly| anomaly.rules.contains(&"P18")).unwrap();
    let factors = [("P17", 10), ("scope-exposed", 10), ("port-registered", 5), ("P18", 0)];
    scores(shadow, &["P17", "P18"], &factors, 25);
}

#[test]
fn a_score_of_nothing_is_no_anomaly() {
    let told = Mac::new()
        .lsof(Lsof::tcp("Python", 9002, 0x62, "127.0.0.1:8000 (LISTEN)"))
        .ps(9002, "ana", "10:00", "python3 -m http.server 8000")
        .told();
    told.is_quiet();
    assert_eq!(told.binding(8000).process.as_deref(), Some("Python"), "its row stays");
}

#[test]
fn an_unknown_owner_is_judged_by_all_sets_and_capped() {
    let mac = |peer: &'static str| {
        Mac::new().tcp(Netstat::connected("192.0.2.24.50001", peer, "ESTABLISHED")).told()
    };
    // 993 is standard for mail, 6379 for nobody.
    mac("203.0.113.9.993").is_quiet();
    mac("203.0.113.9.22").is_quiet();
    let told = mac("203.0.113.9.1234");
    let factors =
        [("P07", 15), ("destination-public", 10), ("port-registered", 5), ("owner-unknown", -5)];
    told.scores(&["P07"], &factors, 25);
    let told = mac("203.0.113.9.4444");
    assert_eq!(told.only_anomaly().score, 35);
    let hidden = Mac::new()
        .tcp(Netstat::listens("tcp4", "*.4444"))
        .lsof(launchd("IPv4", 2, "127.0.0.1:631 (LISTEN)"))
        .lsof(Lsof::udp("mDNSResponder", 228, 0x53, "*:5353"))
        .told();
    assert_eq!(hidden.anomalies(4444)[0].score, 39, "30+5+10+5+10-5 is capped");
}

#[test]
fn an_unknown_direction_is_capped() {
    // Neither port is ephemeral, and nothing listens.
    let told = Mac::new()
        .lsof(
            Lsof::tcp("bash", 912, 0x93, "192.0.2.24:7000->203.0.113.9:9001 (ESTABLISHED)")
                .fd("0u"),
        )
        .ps(912, "ana", "00:30", "/bin/bash")
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!((anomaly.rules.as_slice(), anomaly.score), (["P09"].as_slice(), 39));
    assert!(anomaly.explanation.contains("cap 39: the direction is not known"));
}

#[test]
fn a_probable_direction_is_capped() {
    let told = Mac::new()
        .lsof(
            Lsof::tcp("bash", 912, 0x93, "192.0.2.24:50001->203.0.113.9:60001 (ESTABLISHED)")
                .fd("0u"),
        )
        .lsof(launchd("IPv4", 2, "127.0.0.1:631 (LISTEN)"))
        .ps(912, "ana", "00:30", "/bin/bash")
        .told();
    let about = told.anomalies(60001);
    assert_eq!((about[0].rules.as_slice(), about[0].score), (["P09", "P08"].as_slice(), 59));
}

#[test]
fn an_unprivileged_source_is_capped() {
    let mac = Mac::new()
        .lsof(
            Lsof::tcp("bash", 912, 0x93, "192.0.2.24:50001->203.0.113.9:9001 (ESTABLISHED)")
                .fd("0u"),
        )
        .lsof(Lsof::tcp("Courier", 913, 0x94, "192.0.2.24:50002->203.0.113.9:443 (ESTABLISHED)"))
        .ps(912, "ana", "00:30", "/bin/bash");
    let told = mac.clone().told();
    assert!(told.binding(9001).only_unprivileged);
    assert_eq!(told.only_anomaly().score, 59);
    let root = mac.lsof(launchd("IPv4", 2, "127.0.0.1:631 (LISTEN)")).told();
    assert_eq!(root.anomalies(9001)[0].score, 80);
}

#[test]
fn loopback_is_capped_but_for_the_gravest_rules() {
    let plist = job("org.example.door", &["/Users/Shared/door"], &sockets("6023"));
    let mac = |label: &str| {
        Mac::new()
            .plist(
                "/Library/LaunchDaemons/org.example.door.plist",
                &plist.replace("org.example.door", label).replace(
                    "</string></dict></dict>",
                    "</string><key>SockNodeName</key><string>127.0.0.1</string></dict></dict>",
                ),
            )
            .born(
                "/Library/LaunchDaemons/org.example.door.plist",
                ("-rw-rw-rw-", 501, 20),
                "2026-04-15T10:00:00Z",
            )
            .lsof(launchd("IPv4", 2, "127.0.0.1:6023 (LISTEN)"))
            .told()
    };
    let told = mac("org.example.door");
    let factors = [
        ("P04", 35),
        ("persistence", 10),
        ("program-staged", 15),
        ("scope-loopback", -20),
        ("port-registered", 5),
        ("root-from-user-writable", 15),
        ("fresh-within-day", 15),
        ("declared-and-observed", 5),
    ];
    told.scores(&["P04"], &factors, 59);
    assert!(told.only_anomaly().explanation.contains("it does not leave this Mac"));
    let apple = mac("com.apple.door");
    assert_eq!(apple.only_anomaly().rules, ["P04", "P11"]);
    assert_eq!(apple.only_anomaly().score, 85);
}

#[test]
fn an_effect_alone_is_capped() {
    let plist = job("org.example.door", &["/Users/Shared/door"], &sockets("6023"));
    let told = Mac::new()
        .plist("/Library/LaunchDaemons/org.example.door.plist", &plist)
        .launchd_log(&[
            "2026-04-15 08:00:00.000001 (system/org.example.door [800]) <Notice>: xpcproxy spawned with pid 800",
            "2026-04-15 08:00:00.010001 (system/org.example.door [800]) <Notice>: Successfully spawned door[800] because ipc (socket)",
        ])
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!((anomaly.rules.as_slice(), anomaly.score), (["P04"].as_slice(), 39));
}

#[test]
fn a_file_that_a_user_can_write_counts_only_on_evidence() {
    let program = "/opt/sensor/sensord";
    let mac = daemon("com.example.sensord", &[program], "*:9790 (LISTEN)");
    let score = |mode: (&str, u32, u32)| {
        let told = mac.clone().born(program, mode, "2025-01-01T00:00:00Z").told();
        points(told.only_anomaly(), "root-from-user-writable")
    };
    assert_eq!(score(("-rwxr-xr-x", 0, 0)), None);
    assert_eq!(score(("-rwxr-xr-x", 501, 20)), Some(15));
    assert_eq!(score(("-rwxrwxr-x", 0, 20)), Some(15), "staff is everybody");
    assert_eq!(score(("-rwxrwxr-x", 0, 0)), None);
    assert_eq!(score(("-rwxr-xrwx", 0, 0)), Some(15));
}

#[test]
fn homebrew_s_places_are_writable_by_design() {
    let program = "/opt/homebrew/opt/sensor/bin/sensord";
    let told = daemon("homebrew.mxcl.sensor", &[program], "*:9790 (LISTEN)")
        .born(program, ("-rwxr-xr-x", 501, 80), "2025-01-01T00:00:00Z")
        .told();
    assert_eq!(points(told.only_anomaly(), "root-from-user-writable"), None);
    assert_eq!(points(told.only_anomaly(), "program-staged"), None);
}

#[test]
fn a_number_that_comes_back_was_chosen() {
    let mac = |device: u64| {
        let plist = job("com.apple.sensord", &["/opt/sensor/sensord"], super::RUN_AT_LOAD);
        Mac::new()
            .plist("/Library/LaunchDaemons/com.apple.sensord.plist", &plist)
            .loaded(Some(700), "com.apple.sensord")
            .ps(700, "root", "01:00:00", "/opt/sensor/sensord")
            .lsof(Lsof::tcp("sensord", 700, device, "*:54321 (LISTEN)").root())
    };
    let once = mac(1).told();
    assert_eq!(points(once.only_anomaly(), "port-ephemeral-once"), Some(-15));
    let again = mac(2).on("2026-04-18", "09:13").booted("2026-04-17T11:00:00Z");
    let twice = several(&[mac(1), again]);
    assert_eq!(twice.bindings(54321).len(), 2);
    for anomaly in &twice.0.anomalies {
        assert_eq!(points(anomaly, "port-ephemeral-again"), Some(10), "{}", anomaly.explanation);
        assert_eq!(points(anomaly, "port-ephemeral-once"), None);
    }
}

#[test]
fn a_number_that_comes_back_in_another_socket_was_chosen() {
    let netstat = |process: &'static str, gencnt| {
        netstat_26(&[("tcp4", "*.54321", "*.*", "LISTEN", process, gencnt)])
    };
    let plist = job("com.apple.sensord", &["/opt/sensor/sensord"], super::RUN_AT_LOAD);
    let list = |pid: u32| format!("PID\tStatus\tLabel\n{pid}\t0\tcom.apple.sensord\n");
    let told = Files::default()
        .with("20260415T090000-0300_netstat_-anv.txt", netstat("sensord:700", 7))
        .with("20260415T110000-0300_netstat_-anv.txt", netstat("sensord:800", 9))
        .with("20260415T090000-0300_launchctl_list.txt", list(700))
        .with("20260415T110000-0300_launchctl_list.txt", list(800))
        .with("Library/LaunchDaemons/com.apple.sensord.plist", plist)
        .told();
    let binding = told.binding(54321);
    assert_eq!(binding.holders.len(), 2, "one binding, two lives");
    assert_eq!(points(told.anomalies(54321)[0], "port-ephemeral-again"), Some(10));
}

#[test]
fn rarity_counts_from_five_hosts_on() {
    let mac = |name: &str| {
        let mac = Mac::new().named(name);
        mac.lsof(Lsof::tcp(
            "Courier",
            910,
            0x91,
            "192.0.2.24:50001->203.0.113.9:8765 (ESTABLISHED)",
        ))
        .ps(910, "ana", "02:00:00", "/Applications/Courier.app/Contents/MacOS/Courier")
    };
    // Its listing shows connections, so it could have shown that one.
    let apsd = "/System/Library/PrivateFrameworks/ApplePushService.framework/apsd";
    let push = Lsof::tcp("apsd", 330, 0x77, "192.0.2.24:50002->17.57.146.20:5223 (ESTABLISHED)");
    let quiet = |name: &str| {
        let mac = Mac::new().named(name).seen_by_root();
        mac.lsof(push.root()).ps(330, "root", "1-00:00:00", apsd)
    };
    let names = ["a1", "a2", "a3", "a4"];
    let rare: Vec<Mac> = names.map(quiet).into_iter().chain([mac("a5")]).collect();
    assert_eq!(points(several(&rare).only_anomaly(), "rare"), Some(10));
    let common: Vec<Mac> = names.map(mac).into_iter().chain([quiet("a5")]).collect();
    for anomaly in &several(&common).0.anomalies {
        assert_eq!(points(anomaly, "common"), Some(-15));
    }
    assert_eq!(points(several(&rare[1..]).only_anomaly(), "rare"), None);
    let blind = |name: &str| Mac::new().named(name);
    let unseen: Vec<Mac> = names.map(blind).into_iter().chain([mac("a5")]).collect();
    assert_eq!(points(several(&unseen).only_anomaly(), "rare"), None, "no listing, no absence");
}
