//! Mistakes that the analysis of public captures brought to light (docs/validation.md), told with
//! invented Macs.

use crate::story::{Files, Mac, Netstat, job};

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
        text += &format!(
            "tcp4       0      0  {local:<22} {foreign:<22} {state:<11} 131072 131072 {pid:>6}      0 0x0102 0x00000008\n"
        );
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
