//! Rules about listeners: P02, P03, P04, P05, P15, P17, P18.

use super::{daemon, launchd, sockets, ssh_plist};
use crate::story::{Files, Lsof, Mac, Netstat, job, netstat_26, scores};
use portolan::model::anomaly::Severity;

#[test]
fn p02_fires_for_a_service_on_a_port_that_its_job_does_not_declare() {
    let told = daemon("com.example.sensord", &["/opt/sensor/sensord"], "*:9790 (LISTEN)").told();
    let factors = [("P02", 20), ("persistence", 10), ("scope-exposed", 10), ("port-registered", 5)];
    told.scores(&["P02"], &factors, 45);
    assert_eq!(told.only_anomaly().severity, Severity::Medium);
    assert_eq!(told.only_anomaly().expected, "the job declares no socket");
}

#[test]
fn p02_is_silent_where_the_arguments_name_the_port() {
    let arguments = ["/opt/sensor/sensord", "--port", "9790"];
    daemon("com.example.sensord", &arguments, "*:9790 (LISTEN)").told().is_quiet();
}

#[test]
fn p02_is_silent_on_a_port_that_the_kernel_hands_out() {
    daemon("com.example.sensord", &["/opt/sensor/sensord"], "*:53790 (LISTEN)").told().is_quiet();
}

#[test]
fn p02_is_silent_for_a_port_of_the_program_s_class() {
    daemon("com.example.names", &["/opt/dns/dnsmasq"], "*:53 (LISTEN)").told().is_quiet();
}

fn held_by_pid_1(service: &'static str) -> Mac {
    Mac::new()
        .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
        .lsof(launchd("IPv6", 0xa1, service))
        .lsof(launchd("IPv4", 0xa2, service))
}

#[test]
fn p03_fires_for_a_listener_of_launchd_that_no_plist_explains() {
    let told = held_by_pid_1("*:6021 (LISTEN)").told();
    told.scores(&["P03"], &[("P03", 45), ("scope-exposed", 10), ("port-registered", 5)], 60);
    assert_eq!(told.binding(6021).families.as_str(), "4,6");
}

#[test]
fn p03_counts_less_where_not_all_directories_were_collected() {
    let rows = [launchd("IPv6", 0xa1, "*:6021 (LISTEN)").line()];
    let text = format!("{}\n{}\n", Lsof::HEAD, rows.join("\n"));
    let told = Files::default().with("20260415T091302-0300_lsof_-nPi.txt", text).told();
    told.scores(&["P03"], &[("P03", 20), ("scope-exposed", 10), ("port-registered", 5)], 35);
    let factor = &told.only_anomaly().factors[0];
    assert!(factor.reason.contains("not all plist directories"), "{}", factor.reason);
}

#[test]
fn p03_is_silent_for_a_listener_of_a_stock_job() {
    held_by_pid_1("*:22 (LISTEN)").told().is_quiet();
}

#[test]
fn p03_is_silent_where_a_job_that_is_disabled_was_seen_loaded() {
    let disabled = "<plist><dict><key>com.openssh.sshd</key><true/></dict></plist>";
    let overrides = "/private/var/db/com.apple.xpc.launchd/disabled.plist";
    let mac = held_by_pid_1("*:22 (LISTEN)").plist(overrides, disabled);
    assert_eq!(mac.told().only_anomaly().rules, ["P03"]);
    mac.loaded(None, "com.openssh.sshd").told().is_quiet();
}

fn socket_job(path: &str, service: &'static str) -> Mac {
    let plist = job("com.example.vpn", &["/Library/Vpn/vpnd"], &sockets("5961"));
    Mac::new().plist(path, &plist).lsof(launchd("IPv4", 0xa2, service))
}

#[test]
fn p04_fires_for_a_socket_that_launchd_opens_for_a_third_party() {
    let told = socket_job("/Library/LaunchDaemons/com.example.vpn.plist", "*:5961 (LISTEN)").told();
    let factors = [
        ("P04", 35),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
    ];
    told.scores(&["P04"], &factors, 65);
    let binding = told.binding(5961);
    assert_eq!(binding.process.as_deref(), Some("launchd"));
    assert_eq!(binding.service.as_deref(), Some("com.example.vpn"));
}

#[test]
fn p04_is_silent_for_a_job_that_came_with_macos() {
    let path = "/System/Library/LaunchDaemons/com.example.vpn.plist";
    socket_job(path, "*:5961 (LISTEN)").told().is_quiet();
}

fn screen_sharing(service: &str, row: &'static str) -> Mac {
    let plist = job(
        "com.apple.screensharing",
        &[
            "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd",
        ],
        &sockets(service),
    );
    Mac::new()
        .plist("/System/Library/LaunchDaemons/com.apple.screensharing.plist", &plist)
        .lsof(launchd("IPv4", 0xa2, row))
}

#[test]
fn p05_fires_for_a_stock_service_on_another_port() {
    let told = screen_sharing("5999", "*:5999 (LISTEN)").told();
    let factors =
        [("P05", 35), ("scope-exposed", 10), ("port-registered", 5), ("declared-and-observed", 5)];
    told.scores(&["P05"], &factors, 55);
    let expected = &told.only_anomaly().expected;
    assert!(expected.contains("com.apple.screensharing on tcp 5900"), "{expected}");
}

#[test]
fn p05_is_silent_on_the_stock_port() {
    screen_sharing("vnc-server", "*:5900 (LISTEN)").told().is_quiet();
}

#[test]
fn p05_is_silent_while_the_usual_port_is_held_too() {
    let two = "<key>Sockets</key><dict><key>A</key><dict><key>SockServiceName</key>\
         <string>5900</string></dict><key>B</key><dict><key>SockServiceName</key>\
         <string>5999</string></dict></dict>";
    let path = "/System/Library/LaunchDaemons/com.apple.screensharing.plist";
    let told = screen_sharing("5900", "*:5900 (LISTEN)")
        .plist(path, &job("com.apple.screensharing", &["/usr/libexec/x"], two))
        .lsof(launchd("IPv4", 0xa3, "*:5999 (LISTEN)"))
        .told();
    assert!(told.anomalies(5999).is_empty(), "the service did not move");
}

#[test]
fn p05_is_silent_for_further_sessions_of_screen_sharing() {
    let program = "/System/Library/CoreServices/RemoteManagement/screensharingd.bundle/Contents/MacOS/screensharingd";
    let told = screen_sharing("5900", "*:6000 (LISTEN)")
        .without("[root]/System/Library/LaunchDaemons/com.apple.screensharing.plist")
        .plist(
            "/System/Library/LaunchDaemons/com.apple.screensharing.plist",
            &job("com.apple.screensharing", &[program], &sockets("6000")),
        )
        .loaded(Some(800), "com.apple.screensharing")
        .ps(800, "root", "01:00", program)
        .lsof(Lsof::tcp("screensharingd", 800, 0x80, "*:5901 (LISTEN)").root())
        .told();
    assert!(told.anomalies(5901).is_empty());
}

fn netstat_and_lsof(port: &'static str) -> Mac {
    Mac::new()
        .plist("/System/Library/LaunchDaemons/ssh.plist", &ssh_plist())
        .lsof(launchd("IPv4", 0xa2, "*:22 (LISTEN)"))
        .lsof(Lsof::udp("mDNSResponder", 228, 0x53, "*:5353"))
        .tcp(Netstat::listens("tcp4", "*.22"))
        .tcp(Netstat::listens("tcp4", port))
}

#[test]
fn p15_fires_for_a_listener_that_lsof_of_the_same_minute_lacks() {
    let told = netstat_and_lsof("*.31337").told();
    let hidden = told.anomalies(31337);
    let factors = [
        ("P15", 30),
        ("P17", 5),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("owner-unknown", -5),
    ];
    scores(hidden[0], &["P15", "P17"], &factors, 39);
    assert!(hidden[0].explanation.contains("cap 39: the owner is not known"));
}

#[test]
fn p15_is_silent_where_lsof_ran_without_privileges() {
    let told = Mac::new()
        .lsof(Lsof::tcp("Courier", 900, 0x90, "*:49801 (LISTEN)"))
        .lsof(Lsof::tcp("Courier", 900, 0x91, "127.0.0.1:49802 (LISTEN)"))
        .tcp(Netstat::listens("tcp4", "*.31337"))
        .told();
    assert_eq!(told.anomalies(31337)[0].rules, ["P17"]);
}

#[test]
fn p15_is_silent_where_the_process_began_between_the_two_tools() {
    let mac = netstat_and_lsof("*.22").lsof(Lsof::tcp("late", 930, 0x93, "*:6077 (LISTEN)")).ps(
        930,
        "ana",
        "00:14",
        "/opt/late/late",
    );
    assert_eq!(mac.told().anomalies(6077)[0].rules, ["P17"]);
    let early = netstat_and_lsof("*.22").lsof(Lsof::tcp("late", 930, 0x93, "*:6077 (LISTEN)")).ps(
        930,
        "ana",
        "10:14",
        "/opt/late/late",
    );
    assert_eq!(early.told().anomalies(6077)[0].rules, ["P15", "P17"]);
}

#[test]
fn p17_fires_for_a_fixed_port_of_a_program_that_launchd_does_not_manage() {
    let told = Mac::new()
        .lsof(Lsof::tcp("lurker", 901, 0x90, "*:6055 (LISTEN)"))
        .ps(901, "ana", "01:00:00", "/opt/lurker/lurker")
        .told();
    told.scores(&["P17"], &[("P17", 10), ("scope-exposed", 10), ("port-registered", 5)], 25);
}

#[test]
fn p17_is_silent_on_a_port_that_the_kernel_hands_out() {
    let told = Mac::new()
        .lsof(Lsof::tcp("lurker", 901, 0x90, "*:56055 (LISTEN)"))
        .ps(901, "ana", "01:00:00", "/opt/lurker/lurker")
        .told();
    told.is_quiet();
}

#[test]
fn p17_is_silent_for_the_ports_that_many_programs_share() {
    Mac::new().lsof(Lsof::udp("lurker", 901, 0x90, "*:5353")).told().is_quiet();
}

fn two_on_5000(local: &'static str) -> Mac {
    Mac::new()
        .lsof(Lsof::tcp("ControlCe", 640, 0x64, "*:5000 (LISTEN)"))
        .lsof(Lsof::tcp6("ControlCe", 640, 0x65, "*:5000 (LISTEN)"))
        .ps(
            640,
            "ana",
            "4-00:00:00",
            "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter",
        )
        .lsof(Lsof::tcp("Python", 930, 0x93, local))
        .ps(930, "ana", "10:00", "python3 app.py")
}

#[test]
fn p18_notes_a_listener_in_front_of_another() {
    let told = two_on_5000("127.0.0.1:5000 (LISTEN)").told();
    let anomaly = told.only_anomaly();
    assert_eq!((anomaly.rules.as_slice(), anomaly.score), (["P18"].as_slice(), 5));
}

#[test]
fn p18_is_silent_for_another_port() {
    two_on_5000("127.0.0.1:5001 (LISTEN)").told().is_quiet();
}

#[test]
fn p18_is_silent_for_two_that_were_seen_hours_apart() {
    let told = Files::default()
        .with(
            "20260415T090000-0300_netstat_-anv.txt",
            netstat_26(&[("tcp4", "*.7055", "*.*", "LISTEN", "first:410", 7)]),
        )
        .with(
            "20260415T110000-0300_netstat_-anv.txt",
            netstat_26(&[("tcp4", "127.0.0.1.7055", "*.*", "LISTEN", "second:411", 9)]),
        )
        .told();
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P18")));
}

#[test]
fn a_managed_service_is_no_matter_for_p17() {
    let told = daemon("com.example.sensord", &["/opt/sensor/sensord"], "*:9790 (LISTEN)").told();
    assert!(!told.only_anomaly().rules.contains(&"P17"));
}

#[test]
fn p03_counts_less_where_a_property_list_could_not_be_read() {
    let mac = held_by_pid_1("*:6021 (LISTEN)");
    let damaged = mac.plist("/Library/LaunchDaemons/com.example.cut.plist", "<plist><dict><key>La");
    let told = damaged.told();
    let anomaly = told.anomalies(6021)[0];
    assert_eq!(anomaly.factors[0].points, 20, "{}", anomaly.explanation);
}
