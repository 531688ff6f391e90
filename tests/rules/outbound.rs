//! Rules about connections: P07, P08, P14.

use crate::story::{Lsof, Mac, Netstat, job};

fn reaches(command: &str, args: &str, peer: &str) -> Mac {
    let name = format!("192.0.2.24:51822->{peer} (ESTABLISHED)");
    Mac::new().lsof(Lsof::tcp(command, 1412, 0x97, &name)).ps(1412, "mira", "02:00:00", args)
}

#[test]
fn p07_a_program_reaches_a_port_that_is_not_standard_for_it() {
    let told = reaches("agentd", "/usr/local/acme/agentd", "203.0.113.88:5600").told();
    let expected = [("P07", 15), ("destination-public", 10), ("port-registered", 5)];
    told.scores(&["P07"], &expected, 30);
    assert_eq!(told.binding(5600).direction.as_str(), "outbound");
}

#[test]
fn p07_is_silent_on_a_standard_port() {
    reaches("agentd", "/usr/local/acme/agentd", "203.0.113.88:443").told().is_quiet();
}

#[test]
fn p07_is_silent_towards_the_local_network_and_this_mac() {
    for peer in ["192.168.7.9:5600", "10.1.2.3:5600", "127.0.0.1:5600", "169.254.1.1:5600"] {
        reaches("agentd", "/usr/local/acme/agentd", peer).told().is_quiet();
    }
}

#[test]
fn p07_knows_what_is_standard_for_a_class_of_programs() {
    reaches("ssh", "/usr/bin/ssh build.example", "203.0.113.88:22").told().is_quiet();
    let told = reaches("ssh", "/usr/bin/ssh -p 2201 build.example", "203.0.113.88:2201").told();
    assert_eq!(told.only_anomaly().rules, ["P07"]);
}

#[test]
fn p07_of_an_unknown_owner_holds_the_port_against_everybody_and_is_capped() {
    let mac =
        Mac::new().tcp(Netstat::connected("192.0.2.24.51822", "203.0.113.88.4444", "ESTABLISHED"));
    let told = mac.told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P07"]);
    assert!(anomaly.score <= 39, "{}", anomaly.explanation);
    Mac::new()
        .tcp(Netstat::connected("192.0.2.24.51822", "203.0.113.88.993", "ESTABLISHED"))
        .told()
        .is_quiet();
}

#[test]
fn connections_on_their_way_out_are_not_held_against_anybody() {
    for state in ["TIME_WAIT", "CLOSE_WAIT", "FIN_WAIT_2"] {
        let mac =
            Mac::new().tcp(Netstat::connected("192.0.2.24.51822", "203.0.113.88.4444", state));
        mac.told().is_quiet();
    }
}

#[test]
fn p08_a_tool_reaches_out_and_takes_the_place_of_p07() {
    let told = reaches("nc", "nc 203.0.113.7 4444", "203.0.113.7:4444").told();
    let expected = [("P08", 30), ("destination-public", 10), ("port-registered", 5), ("P14", 10)];
    told.scores(&["P08"], &expected, 55);
}

#[test]
fn p08_is_silent_where_the_tool_does_what_it_is_for() {
    reaches("Python", "python3 fetch.py", "203.0.113.7:443").told().is_quiet();
}

#[test]
fn p14_adds_to_other_rules_and_never_stands_alone() {
    let told = reaches("agentd", "/usr/local/acme/agentd", "203.0.113.88:5633").told();
    let expected = [("P07", 15), ("destination-public", 10), ("port-registered", 5), ("P14", 10)];
    told.scores(&["P07"], &expected, 40);
    // A port of the list towards the local network: no rule, no anomaly.
    reaches("agentd", "/usr/local/acme/agentd", "192.168.7.9:5633").told().is_quiet();
}

#[test]
fn an_attempt_counts_as_one_and_is_called_so() {
    let told = Mac::new()
        .lsof(Lsof::tcp("nc", 1412, 9, "192.0.2.24:51822->203.0.113.7:4444 (SYN_SENT)"))
        .ps(1412, "mira", "00:10", "nc 203.0.113.7 4444")
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P08"]);
    assert!(anomaly.title.contains("attempted to reach"), "{}", anomaly.title);
}

#[test]
fn a_connection_is_inbound_where_its_port_is_listened_on() {
    let told = Mac::new()
        .lsof(Lsof::tcp("agentd", 1412, 1, "*:9550 (LISTEN)"))
        .lsof(Lsof::tcp("agentd", 1412, 2, "192.0.2.24:9550->203.0.113.7:51000 (ESTABLISHED)"))
        .ps(1412, "mira", "02:00:00", "/usr/local/acme/agentd")
        .told();
    let directions: Vec<_> =
        told.bindings(9550).iter().map(|binding| binding.direction.as_str()).collect();
    assert_eq!(directions, ["listen", "inbound"]);
    assert!(told.0.anomalies.iter().all(|anomaly| !anomaly.rules.contains(&"P07")));
}

#[test]
fn the_job_of_a_masquerade_is_known_and_its_life_bounded() {
    // S1 of scenarios.md, with other names.
    let label = "com.apple.metadatad";
    let program = "/Users/mira/.cache/metadatad";
    let plist = "/Users/mira/Library/LaunchAgents/com.apple.metadatad.plist";
    let keys = "<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>";
    let told = Mac::new()
        .lsof(Lsof::tcp(
            "metadatad",
            1412,
            0x97,
            "192.0.2.24:49733->203.0.113.88:5633 (ESTABLISHED)",
        ))
        .tcp(Netstat::connected("192.0.2.24.49733", "203.0.113.88.5633", "ESTABLISHED"))
        .ps(1412, "mira", "1-18:02:11", &format!("{program} 1"))
        .loaded(Some(1412), label)
        .plist(plist, &job(label, &[program, "1"], keys))
        .born(plist, ("-rw-r--r--", 501, 20), "2026-04-13T18:11:00Z")
        .told();
    let expected = [
        ("P11", 30),
        ("P07", 5),
        ("persistence", 10),
        ("program-staged", 15),
        ("destination-public", 10),
        ("port-registered", 5),
        ("fresh-within-week", 10),
        ("P14", 10),
    ];
    told.scores(&["P11", "P07"], &expected, 95);
    let life = told.binding(5633).interval.unwrap();
    let shown = portolan::model::stamp;
    assert_eq!(shown(life.earliest_start.unwrap()), "2026-04-13T18:11:02.000000Z");
    assert_eq!(shown(life.first_seen), "2026-04-15T12:13:02.000000Z");
}
