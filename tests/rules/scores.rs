//! Floors, caps, and what corroborates.

use crate::story::{Lsof, Mac, job, several};

#[test]
fn what_does_not_leave_the_mac_is_capped() {
    let plist = job("com.acme.relay", &["/Users/Shared/relayd"], "<key>RunAtLoad</key><true/>");
    let told = Mac::new()
        .plist("/Library/LaunchDaemons/com.acme.relay.plist", &plist)
        .lsof(Lsof::tcp("relayd", 700, 0x10, "127.0.0.1:9550 (LISTEN)").root())
        .ps(700, "root", "1-00:00:00", "/Users/Shared/relayd")
        .loaded(Some(700), "com.acme.relay")
        .told();
    let anomaly = told.only_anomaly();
    assert_eq!(anomaly.rules, ["P02"]);
    assert_eq!(anomaly.score, 20 + 10 + 15 - 20 + 5, "{}", anomaly.explanation);
}

#[test]
fn runs_as_root_from_a_file_that_a_user_may_change() {
    let program = "/opt/acme/relayd";
    let relay = |uid| {
        Mac::new()
            .plist(
                "/Library/LaunchDaemons/com.acme.relay.plist",
                &job("com.acme.relay", &[program], ""),
            )
            .lsof(Lsof::tcp("relayd", 700, 0x10, "*:9550 (LISTEN)").root())
            .ps(700, "root", "1-00:00:00", program)
            .loaded(Some(700), "com.acme.relay")
            .born(program, ("-rwxr-xr-x", uid, 20), "2026-01-01T00:00:00Z")
            .told()
    };
    let names = |told: &crate::story::Told| -> Vec<&'static str> {
        told.only_anomaly().factors.iter().map(|factor| factor.name).collect()
    };
    assert!(names(&relay(501)).contains(&"root-from-user-writable"));
    assert!(!names(&relay(0)).contains(&"root-from-user-writable"));
}

#[test]
fn what_is_common_among_the_hosts_of_a_run_counts_less_and_what_is_rare_more() {
    let mac =
        |index: usize, port: &str| {
            let name = format!("*:{port} (LISTEN)");
            Mac::new()
                .named(&format!("otter-{index:02}"))
                .lsof(Lsof::tcp("agentd", 900, 4, &name))
                .ps(900, "mira", "10:00", "/usr/local/acme/agentd")
        };
    let macs: Vec<Mac> = (0..5).map(|index| mac(index, "9550")).collect();
    let told = several(&macs);
    assert!(told.0.anomalies.iter().all(|a| a.factors.iter().any(|f| f.name == "common")));
    let macs: Vec<Mac> =
        (0..5).map(|index| mac(index, if index == 3 { "9777" } else { "9550" })).collect();
    let told = several(&macs);
    let rare: Vec<_> = told
        .0
        .anomalies
        .iter()
        .filter(|anomaly| anomaly.factors.iter().any(|factor| factor.name == "rare"))
        .collect();
    assert_eq!(rare.len(), 1);
    assert_eq!(told.0.hosts[rare[0].host].host.name, "otter-03");
}

#[test]
fn the_order_of_evidence_changes_nothing_but_labels() {
    let one = Mac::new().lsof(Lsof::tcp("agentd", 900, 4, "*:9550 (LISTEN)")).ps(
        900,
        "mira",
        "10:00",
        "/usr/local/acme/agentd",
    );
    let two = one.clone().named("heron-02");
    let ids = |told: crate::story::Told| {
        let mut ids: Vec<String> = told.0.anomalies.iter().map(|a| a.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(several(&[one.clone(), two.clone()])).len(), 2);
    assert_eq!(ids(several(&[one.clone(), two.clone()])), ids(several(&[two, one])));
}
