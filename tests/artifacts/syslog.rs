//! Plain-text logs of `/var/log` → logins, decisions of the firewall, ends of jobs, starts and shutdowns.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, FlowEvent, When, Witness};

fn read(id: &str, fixture: &str) -> Emitter {
    parse(id, "x.log", &fixture_bytes(&format!("{id}/{fixture}")))
}

fn system(text: &str) -> Emitter {
    parse("system-log", "system.log", text.as_bytes())
}

/// What was read but for the span of the log.
fn told(out: &Emitter) -> Vec<&Fact> {
    let facts = out.observations.iter().map(|observation| &observation.fact);
    facts.filter(|fact| !matches!(fact, Fact::Log(_))).collect()
}

macro_rules! snapshot {
    ($name:ident, $id:literal, $fixture:literal) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(rendered(&read($id, $fixture)));
        }
    };
}

snapshot!(every_kind_of_record_of_system_log_is_read, "system-log", "records.log");
snapshot!(damaged_lines_of_system_log_cost_only_themselves, "system-log", "damaged.log");
snapshot!(decisions_of_the_firewall_are_read_from_the_end, "appfirewall-log", "decisions.log");
snapshot!(a_damaged_decision_costs_only_itself, "appfirewall-log", "damaged.log");
snapshot!(a_shutdown_log_tells_shutdowns_in_utc, "shutdown-log", "shutdown.log");
snapshot!(a_damaged_shutdown_costs_only_itself, "shutdown-log", "damaged.log");
snapshot!(records_of_install_log_have_an_offset, "install-log", "records.log");
snapshot!(damaged_records_of_install_log_cost_only_themselves, "install-log", "damaged.log");
snapshot!(wifi_log_counts_new_years, "wifi-log", "new-year.log");
snapshot!(a_damaged_line_of_wifi_log_costs_only_itself, "wifi-log", "damaged.log");

#[test]
fn a_name_or_a_message_with_the_text_of_a_record_in_it_forges_none() {
    let out = read("system-log", "forged.log");
    assert_eq!(told(&out), [] as [&Fact; 0]);
    assert_eq!(out.problems.len(), 4, "{:#?}", out.problems);
    assert!(out.problems.iter().all(|problem| problem.detail.contains("two readings")));
}

#[test]
fn only_process_1_is_launchd_and_only_process_0_logs_a_start() {
    let launchd = |pid: u32| {
        let out = system(&format!(
            "Mar 11 10:00:00 otter com.apple.xpc.launchd[{pid}] (a[7]): Service exited due to SIGKILL\n"
        ));
        told(&out).len()
    };
    assert_eq!((launchd(1), launchd(700)), (1, 0));
    let boot = |pid: u32| {
        told(&system(&format!("Mar 11 10:00:05 otter bootlog[{pid}]: BOOT_TIME 1583920805 0\n")))
            .len()
    };
    assert_eq!((boot(0), boot(700)), (1, 0));
}

#[test]
fn a_firewall_elsewhere_than_in_the_system_is_not_believed() {
    let record = |path: &str| {
        format!(
            "{{\"timestamp\":\"2026-05-04 08:00:01.000000+0200\",\"processImagePath\":\"{path}\",\"processID\":112,\
             \"eventType\":\"logEvent\",\"eventMessage\":\"Deny bootpd data in from 0.0.0.0:68 to port 0.0.0.0:67 proto=17\"}}\n"
        )
    };
    let flows = |path: &str| told(&parse("unified-log-json", "x", record(path).as_bytes())).len();
    assert_eq!(flows("/usr/libexec/ApplicationFirewall/socketfilterfw"), 1);
    assert_eq!(flows("/tmp/socketfilterfw"), 0);
}

#[test]
fn an_end_without_a_process_still_names_its_job() {
    let out = system(
        "Mar 11 10:00:00 otter com.apple.xpc.launchd[1] (org.example.a): Service exited due to SIGKILL\n",
    );
    let facts = told(&out);
    let Some(Fact::JobEvent(event)) = facts.first() else { panic!("{facts:?}") };
    assert_eq!((event.label.as_deref(), event.pid), (Some("org.example.a"), None));
}

#[test]
fn a_shutdown_that_tells_another_time_than_its_line_is_a_problem() {
    let out = system("Mar 11 10:00:05 otter shutdown[9]: SHUTDOWN_TIME: 1593920805 0\n");
    assert_eq!((told(&out).len(), out.problems.len()), (0, 1));
}

/// For each observation, the new years between it and the last record.
fn years_back(text: &str) -> Vec<u32> {
    let out = system(text);
    let years = out.observations.iter().filter_map(|observation| match &observation.when {
        When::Yearless(time) => Some(time.years_back),
        _ => None,
    });
    years.collect()
}

fn login(stamp: &str) -> String {
    format!("{stamp} otter sshd[5]: Accepted password for x from 192.0.2.9 port 50001 ssh2\n")
}

#[test]
fn a_month_that_jumps_back_is_a_new_year() {
    let text = login("Dec 31 23:59:59") + &login("Jan  1 00:00:01");
    assert_eq!(years_back(&text), [1, 0, 1, 0]);
    let text = login("Mar  1 10:00:00") + &login("Feb 28 10:00:00");
    assert_eq!(years_back(&text), [0, 0, 0, 0], "a clock that was set back is no new year");
}

#[test]
fn a_clock_that_was_not_yet_set_is_no_new_year() {
    let text = login("Aug 12 10:00:00") + &login("Jan  1 00:00:10") + &login("Aug 12 10:01:00");
    assert_eq!(years_back(&text), [0, 0, 0, 0, 0]);
}

#[test]
fn records_out_of_order_at_new_year_keep_their_years() {
    let text = login("Dec 31 23:59:58")
        + &login("Jan  1 00:00:00")
        + &login("Dec 31 23:59:59")
        + &login("Jan  1 00:00:01");
    assert_eq!(years_back(&text), [1, 0, 1, 0, 1, 0]);
}

#[test]
fn a_decision_of_the_firewall_names_a_program_and_no_process() {
    let out = read("appfirewall-log", "decisions.log");
    let flows: Vec<_> = told(&out)
        .into_iter()
        .filter_map(|fact| if let Fact::Flow(flow) = fact { Some(flow) } else { None })
        .collect();
    assert!(
        flows.iter().all(|flow| flow.witness == Witness::Firewall && flow.socket.pid.is_none())
    );
    let denied = flows.iter().filter(|flow| flow.event == FlowEvent::Denied);
    assert_eq!((flows.len(), denied.count()), (4, 3));
}

#[test]
fn logs_are_claimed_by_what_stands_in_them() {
    let fixtures = [
        ("system-log", "records.log"),
        ("appfirewall-log", "decisions.log"),
        ("shutdown-log", "shutdown.log"),
        ("install-log", "records.log"),
        ("wifi-log", "new-year.log"),
    ];
    for (id, fixture) in fixtures {
        let bytes = fixture_bytes(&format!("{id}/{fixture}"));
        assert_eq!(claim("case/some.txt", &bytes).as_deref(), Some(id));
    }
    let launchd =
        "2026-08-14 20:21:43.323787 (system/x [3]) <Notice>: xpcproxy spawned with pid 3\n";
    assert_eq!(claim("var/log/launchd.log", launchd.as_bytes()).as_deref(), Some("launchd-log"));
}

#[test]
fn logs_of_linux_are_claimed_by_nothing() {
    for line in [
        "systemd[1]: Started Session 1 of user x.",
        "CRON[812]: (root) CMD (true)",
        "kernel: [    0.000000] Linux version 6.1.0",
    ] {
        let text = format!(
            "Mar 11 10:00:00 heron {line}\nMar 11 10:00:01 heron sshd[5]: Server listening on 0.0.0.0 port 22.\n"
        );
        for path in ["var/log/syslog", "var/log/system.log", "var/log/auth.log"] {
            assert_eq!(claim(path, text.as_bytes()), None, "{path}: {line}");
        }
    }
    let auth =
        "Mar 11 10:00:00 heron sshd[5]: Accepted password for x from 192.0.2.9 port 5 ssh2\n";
    assert_eq!(
        claim("var/log/auth.log", auth.as_bytes()),
        None,
        "nothing tells that it is a Mac's"
    );
}

#[test]
fn a_rotated_log_is_claimed_by_its_name_too() {
    let text =
        "Mar 11 10:00:00 otter sshd[5]: Accepted password for x from 192.0.2.9 port 5 ssh2\n";
    for name in ["system.log", "system.log.0", "secure.log", "kernel.log.3"] {
        let path = format!("private/var/log/{name}");
        assert_eq!(claim(&path, text.as_bytes()).as_deref(), Some("system-log"), "{name}");
    }
}

#[test]
fn a_quiet_log_keeps_its_years() {
    let text = login("Dec 20 10:00:00") + &login("Jan  5 10:00:00") + &login("Aug  1 10:00:00");
    assert_eq!(years_back(&text), [1, 0, 0, 1, 0]);
}

#[test]
fn one_line_in_the_way_of_linux_hides_no_system_log() {
    let mac = "Mar 11 10:00:00 otter WindowServer[101]: text\n".repeat(5);
    let text = format!("{mac}Mar 11 10:00:00 otter systemd[700]: x\n");
    assert_eq!(claim("private/var/log/system.log", text.as_bytes()).as_deref(), Some("system-log"));
}

#[test]
fn only_the_host_and_its_servers_speak_in_a_plain_text_log() {
    let text = "Mar 11 10:00:00 otter mDNSResponder[700]: [R1] DNSServiceRegister START -- service type: x, domain: y, port: 4444, flags: 0x0, interface index: 0, client pid: 1 (launchd), name hash: 0\n";
    assert!(told(&system(text)).is_empty());
}

#[test]
fn a_year_is_kept_in_a_log_with_few_records_and_an_unset_clock_is_none() {
    let text = login("Sep  1 10:00:00") + &login("Feb  1 10:00:00") + &login("Oct  1 10:00:00");
    assert_eq!(years_back(&text), [1, 0, 0, 1, 0]);
    let text = login("Mar 10 10:00:00") + &login("Dec 31 16:00:05") + &login("Mar 10 10:05:00");
    assert_eq!(years_back(&text), [0, 0, 0, 0, 0]);
}
