//! Rules about listeners: P02, P03, P04, P05, P12, P15, P17, P18.

use crate::story::{Lsof, Mac, Netstat, job, scores};

const SSH_PLIST: &str = "/System/Library/LaunchDaemons/ssh.plist";

fn ssh() -> String {
    job(
        "com.openssh.sshd",
        &["/usr/sbin/sshd", "-i"],
        "<key>Sockets</key><dict><key>Listeners</key><dict><key>SockServiceName</key><string>ssh</string></dict></dict>\
         <key>inetdCompatibility</key><dict><key>Wait</key><false/></dict>",
    )
}

fn with_socket(label: &str, arguments: &[&str], port: &str) -> String {
    let sockets = format!(
        "<key>Sockets</key><dict><key>L</key><dict><key>SockServiceName</key><string>{port}</string></dict></dict>"
    );
    job(label, arguments, &sockets)
}

/// launchd listens on `*:port`, both families.
fn launchd_on(mac: Mac, port: &str) -> Mac {
    let name = format!("*:{port} (LISTEN)");
    let local = format!("*.{port}");
    mac.lsof(Lsof::tcp6("launchd", 1, 0xa1, &name).root())
        .lsof(Lsof::tcp("launchd", 1, 0xa2, &name).root())
        .tcp(Netstat::listens("tcp6", &local))
        .tcp(Netstat::listens("tcp4", &local))
}

/// A relay that a third-party job runs as root on 9550.
fn relay(arguments: &[&str]) -> Mac {
    let line = arguments.join(" ");
    Mac::new()
        .plist("/Library/LaunchDaemons/com.acme.relay.plist", &job("com.acme.relay", arguments, ""))
        .lsof(Lsof::tcp("relayd", 700, 0x10, "*:9550 (LISTEN)").root())
        .ps(700, "root", "1-00:00:00", &line)
        .loaded(Some(700), "com.acme.relay")
}

#[test]
fn p02_a_managed_process_listens_where_its_job_says_nothing() {
    let told = relay(&["/usr/local/acme/relayd"]).told();
    let expected = [("P02", 20), ("scope-exposed", 10), ("port-registered", 5)];
    told.scores(&["P02"], &expected, 35);
}

#[test]
fn p02_is_silent_where_the_job_declares_the_port() {
    relay(&["/usr/local/acme/relayd", "--port", "9550"]).told().is_quiet();
}

#[test]
fn p03_launchd_listens_for_no_collected_job() {
    let told = launchd_on(Mac::new().plist(SSH_PLIST, &ssh()), "2222").told();
    let expected = [("P03", 45), ("scope-exposed", 10), ("port-registered", 5), ("P14", 10)];
    told.scores(&["P03"], &expected, 70);
    assert!(told.binding(2222).service.is_none());
}

#[test]
fn p03_counts_less_where_not_all_property_lists_were_collected() {
    let mac = launchd_on(Mac::new(), "2222");
    let files = mac.inside();
    // The same captures without a collector's layout around them.
    let loose = |path: &str| files.0[path].clone();
    let network = "live_response/network";
    let told = crate::story::Files::default()
        .with("20260415T091309-0300_lsof_-nPli.txt", loose(&format!("{network}/lsof_-nPli.txt")))
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P03"]);
    assert_eq!(anomaly.factors[0].points, 20, "{}", anomaly.explanation);
    assert_eq!(anomaly.score, 45, "{}", anomaly.explanation);
}

#[test]
fn p03_is_silent_where_a_property_list_explains_the_listener() {
    launchd_on(Mac::new().plist(SSH_PLIST, &ssh()), "22").told().is_quiet();
}

#[test]
fn p04_launchd_listens_for_a_job_that_is_not_apples() {
    let plist = with_socket("com.acme.print", &["/usr/local/acme/printd"], "9550");
    let told =
        launchd_on(Mac::new().plist("/Library/LaunchDaemons/com.acme.print.plist", &plist), "9550")
            .told();
    let expected = [
        ("P04", 35),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
    ];
    told.scores(&["P04"], &expected, 65);
    let binding = told.binding(9550);
    assert_eq!(binding.service.as_deref(), Some("com.acme.print"));
    assert_eq!(binding.process.as_deref(), Some("launchd"));
    assert_eq!(binding.families.as_str(), "4,6");
}

#[test]
fn p04_is_silent_where_the_job_came_with_macos() {
    let told = launchd_on(Mac::new().plist(SSH_PLIST, &ssh()), "22").told();
    told.is_quiet();
    assert_eq!(told.binding(22).service.as_deref(), Some("com.openssh.sshd"));
}

#[test]
fn p05_and_p12_an_edited_services_file_moves_remote_login() {
    let services = "ftp 21/tcp\nssh 2022/tcp # moved\nhttp 80/tcp\n";
    let mac = Mac::new().plist(SSH_PLIST, &ssh()).plist("/private/etc/services", services);
    let told = launchd_on(mac, "2022").told();
    let expected = [
        ("P12", 50),
        ("P05", 5),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("declared-and-observed", 5),
    ];
    told.scores(&["P12", "P05"], &expected, 75);
    assert!(told.only_anomaly().explanation.contains("line 2 of /etc/services"));
}

#[test]
fn p12_is_silent_for_names_that_no_stock_job_uses() {
    let services = "ftp 21/tcp\nssh 22/tcp\nacme-sync 4711/tcp\n";
    let mac = Mac::new().plist(SSH_PLIST, &ssh()).plist("/private/etc/services", services);
    launchd_on(mac, "22").told().is_quiet();
}

#[test]
fn p12_tells_of_the_host_where_no_listener_moved() {
    let told = Mac::new().plist("/private/etc/services", "ssh 2022/tcp\n").told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P12"]);
    assert_eq!(anomaly.score, 50);
}

#[test]
fn p05_is_silent_while_the_usual_port_is_still_held() {
    let plist = with_socket("com.openssh.sshd", &["/usr/sbin/sshd", "-i"], "2022");
    let mac =
        Mac::new().plist(SSH_PLIST, &ssh()).plist("/Library/LaunchDaemons/ssh-copy.plist", &plist);
    let told = launchd_on(launchd_on(mac, "22"), "2022").told();
    let moved = told.anomalies(2022);
    assert!(moved.iter().all(|anomaly| !anomaly.rules.contains(&"P05")));
}

#[test]
fn p15_netstat_shows_a_listener_that_lsof_of_the_same_minute_does_not() {
    let mac = Mac::new()
        .lsof(Lsof::tcp("mDNSResponder", 228, 3, "*:5353").root())
        .lsof(Lsof::tcp("cupsd", 301, 4, "127.0.0.1:631 (LISTEN)").root())
        .tcp(Netstat::listens("tcp4", "127.0.0.1.631"))
        .tcp(Netstat::listens("tcp4", "*.31337"));
    let told = mac.told();
    let found = told.anomalies(31337);
    assert_eq!(found.len(), 1);
    assert!(found[0].rules.contains(&"P15"), "{}", found[0].explanation);
    assert!(found[0].score <= 39, "the owner is not known: {}", found[0].explanation);
}

#[test]
fn p15_is_silent_where_lsof_ran_without_privileges() {
    let told = Mac::new()
        .lsof(Lsof::tcp("node", 900, 4, "127.0.0.1:3000 (LISTEN)"))
        .tcp(Netstat::listens("tcp4", "127.0.0.1.3000"))
        .tcp(Netstat::listens("tcp4", "*.31337"))
        .told();
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P15")));
}

#[test]
fn p17_a_process_that_nothing_manages_listens() {
    let told = Mac::new()
        .lsof(Lsof::tcp("bindsh", 900, 4, "*:9550 (LISTEN)"))
        .ps(900, "mira", "10:00", "/Users/mira/src/bindsh")
        .told();
    let expected = [("P17", 10), ("scope-exposed", 10), ("port-registered", 5)];
    told.scores(&["P17"], &expected, 25);
}

#[test]
fn p17_is_silent_on_a_port_that_the_kernel_handed_out() {
    Mac::new()
        .lsof(Lsof::tcp("bindsh", 900, 4, "*:49550 (LISTEN)"))
        .ps(900, "mira", "10:00", "/Users/mira/src/bindsh")
        .told()
        .is_quiet();
}

#[test]
fn p17_discounts_development_servers() {
    let node = Lsof::tcp6("node", 901, 5, "*:3000 (LISTEN)");
    let told = Mac::new()
        .lsof(node)
        .tcp(Netstat::listens("tcp46", "*.3000"))
        .ps(901, "mira", "10:00", "node /Users/mira/src/web/node_modules/.bin/next dev")
        .told();
    let expected =
        [("P17", 10), ("scope-exposed", 10), ("port-registered", 5), ("dev-server-exposed", -10)];
    told.scores(&["P17"], &expected, 15);
    assert_eq!(told.binding(3000).families.as_str(), "46");
}

#[test]
fn p17_falls_to_nothing_for_a_development_server_on_loopback() {
    Mac::new()
        .lsof(Lsof::tcp("Python", 902, 5, "127.0.0.1:8000 (LISTEN)"))
        .ps(902, "mira", "10:00", "python3 -m http.server 8000 --bind 127.0.0.1")
        .told()
        .is_quiet();
}

#[test]
fn p18_a_listener_on_one_address_shadows_one_on_all() {
    let told = Mac::new()
        .lsof(Lsof::tcp("ControlCenter", 640, 7, "*:5000 (LISTEN)"))
        .lsof(Lsof::tcp("Python", 903, 8, "127.0.0.1:5000 (LISTEN)"))
        .ps(
            640,
            "mira",
            "1-00:00:00",
            "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter",
        )
        .ps(903, "mira", "10:00", "python3 app.py")
        .told();
    let notes: Vec<_> =
        told.0.anomalies.iter().filter(|anomaly| anomaly.rules.contains(&"P18")).collect();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].score <= 5, "{}", notes[0].explanation);
}

#[test]
fn p18_is_silent_where_one_program_holds_both() {
    let told = Mac::new()
        .lsof(Lsof::tcp("ControlCenter", 640, 7, "*:5000 (LISTEN)"))
        .lsof(Lsof::tcp("ControlCenter", 640, 8, "127.0.0.1:5000 (LISTEN)"))
        .ps(
            640,
            "mira",
            "1-00:00:00",
            "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter",
        )
        .told();
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P18")));
}

#[test]
fn stock_listeners_raise_nothing() {
    let apple = "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter";
    Mac::new()
        .lsof(Lsof::tcp("rapportd", 612, 1, "*:49177 (LISTEN)"))
        .lsof(Lsof::udp("mDNSResponder", 228, 2, "*:5353"))
        .lsof(Lsof::tcp("ControlCenter", 640, 3, "*:7000 (LISTEN)"))
        .lsof(Lsof::tcp("cupsd", 301, 4, "127.0.0.1:631 (LISTEN)").root())
        .ps(612, "mira", "1-00:00:00", "/usr/libexec/rapportd")
        .ps(228, "_mdnsresponder", "1-00:00:00", "/usr/sbin/mDNSResponder")
        .ps(640, "mira", "1-00:00:00", apple)
        .ps(301, "root", "1-00:00:00", "/usr/sbin/cupsd -l")
        .told()
        .is_quiet();
}

#[test]
fn a_stock_name_elsewhere_is_not_stock() {
    let told = Mac::new()
        .lsof(Lsof::tcp("ControlCenter", 640, 3, "*:7000 (LISTEN)"))
        .ps(640, "mira", "1-00:00:00", "/Users/Shared/ControlCenter")
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P17"]);
    scores(
        anomaly,
        &["P17"],
        &[("P17", 10), ("program-staged", 15), ("scope-exposed", 10), ("port-registered", 5)],
        40,
    );
}
