//! Owners, lives and families of bindings.

use crate::story::{Files, Lsof, Mac, Netstat, job, netstat_26, several};
use portolan::hosts::Options;
use portolan::model::binding::{CitationRole, EndState};
use portolan::model::observation::ProblemKind;
use portolan::model::stamp;
use portolan::pipeline::Status;

const SERVER: &str = "/usr/local/acme/agentd";

fn agent(pid: u32) -> Mac {
    Mac::new()
        .seen_by_root()
        .lsof(Lsof::tcp("agentd", pid, 0x10, "*:9550 (LISTEN)"))
        .ps(pid, "mira", "10:00", SERVER)
}

#[test]
fn one_dual_stack_socket_seen_four_times_is_one_binding() {
    let row = Lsof::tcp6("java", 9120, 0xc3, "*:8080 (LISTEN)");
    let told = Mac::new()
        .seen_by_root()
        .lsof(row)
        .lsof_all(row.line())
        .lsof_all(row.line())
        .tcp(Netstat::listens("tcp46", "*.8080"))
        .ps(9120, "mira", "01:00:00", "java -jar app.jar")
        .told();
    let binding = told.binding(8080);
    assert_eq!(binding.families.as_str(), "46", "netstat tells tcp46 from tcp6");
    assert_eq!(binding.sightings, 3, "the same row twice in one file is one sighting");
    assert_eq!(binding.pid, Some(9120));
}

#[test]
fn an_ipv6_row_of_lsof_alone_leaves_the_family_open() {
    let told = Mac::new().lsof(Lsof::tcp6("java", 9120, 0xc3, "*:8080 (LISTEN)")).told();
    assert_eq!(told.binding(8080).families.as_str(), "6|46");
    let told = Mac::new()
        .lsof(Lsof::tcp6("java", 9120, 0xc3, "*:8080 (LISTEN)"))
        .lsof(Lsof::tcp("java", 9120, 0xc4, "*:8080 (LISTEN)"))
        .told();
    assert_eq!(told.binding(8080).families.as_str(), "4,6");
}

#[test]
fn workers_that_inherited_a_socket_are_holders_of_one_binding() {
    let told = Mac::new()
        .seen_by_root()
        .lsof(Lsof::tcp("Python", 9301, 0x91, "127.0.0.1:5001 (LISTEN)"))
        .lsof(Lsof::tcp("Python", 9300, 0x91, "127.0.0.1:5001 (LISTEN)"))
        .ps(9300, "mira", "01:00", "python3 app.py")
        .ps(9301, "mira", "00:59", "python3 app.py")
        .told();
    let binding = told.binding(5001);
    let pids: Vec<u32> =
        binding.holders.iter().map(|holder| told.ports().processes[*holder].pid).collect();
    assert_eq!(pids, [9300, 9301]);
}

#[test]
fn a_pid_that_was_used_again_does_not_name_the_earlier_holder() {
    // S10 of scenarios.md: netstat at 12:00Z, ps at 12:07Z, launchd.log in local time.
    let row = ("tcp4", "*.9999", "*.*", "LISTEN", "updater:4321", 0x0025_c5ff);
    let ps = "  PID USER         ELAPSED ARGS\n 4321 _spotlight     00:12 /System/Library/mdworker_shared\n";
    let log = "2026-04-15 08:58:12.000001 (system/com.acme.updater [4321]) <Notice>: xpcproxy spawned with pid 4321\n\
               2026-04-15 09:05:30.000002 (system/com.acme.updater [4321]) <Notice>: exited due to SIGKILL | sent by kill[5000], ran for 438000ms\n";
    let options = Options { time_zone: Some("America/Sao_Paulo".to_owned()), ..Options::default() };
    let told = Files::default()
        .with("case/20260415T090000-0300_netstat_-anv.txt", netstat_26(&[row]))
        .with("case/20260415T090700-0300_ps_-axo_pid_user_etime_args.txt", ps)
        .with("case/launchd.log", log)
        .told_with(&options);
    let binding = told.binding(9999);
    assert_eq!(binding.service.as_deref(), Some("com.acme.updater"));
    assert_eq!(binding.process.as_deref(), Some("updater"));
    let life = binding.interval.unwrap();
    assert_eq!(stamp(life.earliest_start.unwrap()), "2026-04-15T11:58:12.000001Z");
    assert_eq!(stamp(life.latest_end.unwrap()), "2026-04-15T12:05:30.000002Z");
    assert_eq!(binding.end_state, EndState::Ended);
}

#[test]
fn a_comparable_listing_without_it_bounds_the_start() {
    let before = Mac::new().seen_by_root().on("2026-04-14", "09:10");
    let told = several(&[before, agent(900).on("2026-04-15", "09:13")]);
    let life = told.binding(9550).interval.unwrap();
    // The process's own start, ten minutes before the capture, is later than the listing.
    assert_eq!(stamp(life.earliest_start.unwrap()), "2026-04-15T12:03:13.000000Z");
    let after = Mac::new().seen_by_root().on("2026-04-16", "09:10");
    let told = several(&[agent(900).on("2026-04-15", "09:13"), after]);
    let binding = told.binding(9550);
    assert_eq!(stamp(binding.interval.unwrap().latest_end.unwrap()), "2026-04-16T12:10:09.000000Z");
    assert_eq!(binding.end_state, EndState::Ended);
    assert!(binding.citations.iter().any(|citation| citation.role == CitationRole::EndBound));
}

#[test]
fn a_listing_that_could_not_have_shown_it_bounds_nothing() {
    // One user's rows only: not root's view.
    let after = Mac::new().on("2026-04-16", "09:10").lsof(Lsof::tcp(
        "node",
        901,
        0x77,
        "127.0.0.1:3000 (LISTEN)",
    ));
    let told = several(&[agent(900).on("2026-04-15", "09:13"), after]);
    let binding = told.binding(9550);
    assert!(binding.interval.unwrap().latest_end.is_none());
    assert_eq!(binding.end_state, EndState::Unknown);
}

#[test]
fn nothing_crosses_a_boot() {
    let again = agent(950).on("2026-04-20", "09:13").booted("2026-04-18T06:00:00Z");
    let told = several(&[agent(900), again]);
    let found = told.bindings(9550);
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].boot, found[1].boot);
    assert_eq!(found[0].tuple_id, found[1].tuple_id, "it is one entry of a baseline");
    let end = found[0].interval.unwrap().latest_end.unwrap();
    assert_eq!(stamp(end), "2026-04-18T06:00:00.000000Z");
}

#[test]
fn captures_of_unknown_boots_are_not_joined() {
    let later = agent(900).without_boot().on("2026-04-20", "09:13");
    assert_eq!(several(&[agent(900).without_boot(), later]).bindings(9550).len(), 2);
}

#[test]
fn a_restart_of_the_same_program_is_one_binding_in_two_stretches() {
    let told =
        several(&[agent(900).on("2026-04-14", "09:10"), agent(950).on("2026-04-15", "09:13")]);
    let binding = told.binding(9550);
    assert_eq!(binding.spans.len(), 2, "{:?}", binding.spans);
}

#[test]
fn another_program_on_the_port_is_another_binding() {
    let other = Mac::new()
        .seen_by_root()
        .lsof(Lsof::tcp("helperd", 950, 0x20, "*:9550 (LISTEN)"))
        .ps(950, "mira", "10:00", "/Users/Shared/helperd");
    let told = several(&[agent(900).on("2026-04-14", "09:10"), other.on("2026-04-15", "09:13")]);
    let (first, second) = (told.binding_of(9550, "agentd"), told.binding_of(9550, "helperd"));
    let end = first.interval.unwrap().latest_end.unwrap();
    assert!(end <= second.interval.unwrap().first_seen);
}

#[test]
fn a_udp_client_is_not_a_service() {
    let told = Mac::new()
        .udp(Netstat::bound("udp4", "*.60123"))
        .udp(Netstat::bound("udp4", "*.4711"))
        .told();
    assert_eq!(told.binding(60123).direction.as_str(), "unknown");
    assert_eq!(told.binding(4711).direction.as_str(), "listen");
    assert!(told.anomalies(60123).is_empty());
}

#[test]
fn launchd_and_the_service_that_it_started_hold_one_socket() {
    let keys = "<key>Sockets</key><dict><key>L</key><dict><key>SockServiceName</key><string>9550</string><key>SockFamily</key><string>IPv4</string></dict></dict>";
    let told = Mac::new()
        .seen_by_root()
        .plist(
            "/Library/LaunchDaemons/com.acme.print.plist",
            &job("com.acme.print", &["/usr/local/acme/printd"], keys),
        )
        .lsof(Lsof::tcp("launchd", 1, 0x33, "*:9550 (LISTEN)").root())
        .lsof(Lsof::tcp("printd", 700, 0x33, "*:9550 (LISTEN)").root())
        .ps(700, "root", "10:00", "/usr/local/acme/printd")
        .loaded(Some(700), "com.acme.print")
        .told();
    let binding = told.binding(9550);
    assert_eq!(binding.process.as_deref(), Some("printd"));
    assert_eq!(binding.service.as_deref(), Some("com.acme.print"));
    assert!(binding.held_by_launchd);
    assert_eq!(binding.holders.len(), 2);
}

#[test]
fn a_log_that_shows_a_job_started_by_its_socket_infers_the_listener() {
    let keys = "<key>Sockets</key><dict><key>L</key><dict><key>SockServiceName</key><string>9550</string></dict></dict>";
    let told = Mac::new()
        .plist("/Library/LaunchDaemons/com.acme.print.plist", &job("com.acme.print", &["/usr/local/acme/printd"], keys))
        .launchd_log(&["2026-04-14 10:00:00.000001 (system/com.acme.print [700]) <Notice>: Successfully spawned printd[700] because ipc (socket)"])
        .told();
    let binding = told.binding(9550);
    assert_eq!(binding.certainty.as_str(), "inferred");
    assert_eq!(stamp(binding.interval.unwrap().first_seen), "2026-04-14T13:00:00.000001Z");
}

#[test]
fn a_local_time_that_the_clock_showed_twice_keeps_both_readings() {
    let log = "2026-10-25 02:30:00.000000 (system/com.acme.a [700]) <Notice>: xpcproxy spawned with pid 700\n";
    let options = Options { time_zone: Some("Europe/Berlin".to_owned()), ..Options::default() };
    let told = Files::default().with("case/launchd.log", log).told_with(&options);
    let started = told.process(700).started.unwrap();
    assert_eq!(stamp(started.lo), "2026-10-25T00:30:00.000000Z");
    assert_eq!(stamp(started.hi), "2026-10-25T01:30:00.000000Z");
    assert_eq!(told.problems(ProblemKind::AmbiguousTime).len(), 1);
}

#[test]
fn a_linux_collection_is_refused_by_name() {
    let told = Files::default()
        .with("live_response/system/uname_-a.txt", LINUX)
        .with("live_response/system/hostname.txt", "box\n")
        .told();
    assert!(told.host_names().is_empty());
    let sources = &told.0.collected.sources;
    assert!(sources.iter().all(|source| source.status == Status::Refused), "{sources:?}");
    let mut problems = sources.iter().flat_map(|source| &source.problems);
    assert!(problems.any(|problem| problem.detail.contains("macOS acquisitions")));
}

const LINUX: &str = "Linux box 6.1.0 #1 SMP x86_64 GNU/Linux\n";

#[test]
fn a_stray_file_of_linux_does_not_hide_a_mac() {
    let told = Mac::new().seen_by_root().file("[root]/opt/vm/uname.txt", LINUX).told();
    assert_eq!(told.host_names(), ["otter-07"]);
    assert_eq!(told.bindings(631).len(), 1);
    let sources = &told.0.collected.sources;
    let refused: Vec<_> =
        sources.iter().filter(|source| source.status == Status::Refused).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].problems[0].detail.contains("is not of it"));
}

#[test]
fn early_lines_of_launchd_log_are_utc_where_the_kernel_says_so() {
    // The kernel started at 11:00:00Z; launchd's first lines say 11:00:03, the rest is local (08:…).
    let told = Mac::new()
        .launchd_log(&[
            "2026-04-10 11:00:03.000000 <Notice>: launchd logging initialized",
            "2026-04-10 11:00:04.000000 (system/com.acme.a [90]) <Notice>: xpcproxy spawned with pid 90",
            "2026-04-10 09:30:00.000000 (system/com.acme.b [91]) <Notice>: xpcproxy spawned with pid 91",
        ])
        .told();
    assert_eq!(told.host().boots.len(), 1);
    assert_eq!(stamp(told.process(90).started.unwrap().lo), "2026-04-10T11:00:04.000000Z");
    assert_eq!(stamp(told.process(91).started.unwrap().lo), "2026-04-10T12:30:00.000000Z");
}

#[test]
fn a_declared_port_has_a_row_of_its_own_only_where_nothing_was_seen() {
    let plist = job("com.acme.web", &["/usr/local/acme/webd", "--port", "9551"], "");
    let mac = Mac::new()
        .seen_by_root()
        .plist("/Library/LaunchDaemons/com.acme.web.plist", &plist)
        .ps(710, "root", "1-00:00:00", "/usr/local/acme/webd --port 9551")
        .loaded(Some(710), "com.acme.web");
    let told = mac.clone().told();
    assert_eq!(told.declared(9551).len(), 1);
    assert!(told.declared(9551)[0].interval.is_none(), "a declaration has no time");
    assert!(told.job("com.acme.web").running);
    let told = mac.lsof(Lsof::tcp("webd", 710, 9, "*:9551 (LISTEN)").root()).told();
    assert!(told.declared(9551).is_empty());
    assert!(told.binding(9551).declared_by_job);
}

#[test]
fn many_owners_of_one_endpoint_are_one_problem_each() {
    let row =
        |n: u32| Lsof::tcp(format!("agent{n}").leak(), 5000 + n, u64::from(n), "*:9550 (LISTEN)");
    let mac = (1..=40).fold(Mac::new().seen_by_root(), |mac, n| mac.lsof(row(n)));
    let told = mac.told();
    let conflicts: Vec<_> = told.ports().problems.iter().collect();
    assert_eq!(conflicts.len(), 40, "not one for each pair");
    assert!(conflicts[0].1.detail.contains("and 36 more"), "{}", conflicts[0].1.detail);
}

#[test]
fn a_declared_name_is_not_taken_for_an_address() {
    let plist = job("com.vendor.tunnel", &["/usr/bin/nc", "updates.vendor.example", "8443"], "");
    let told = Mac::new()
        .seen_by_root()
        .plist("/Library/LaunchDaemons/com.vendor.tunnel.plist", &plist)
        .lsof(Lsof::tcp("Courier", 910, 0x91, "192.0.2.24:50001->203.0.113.9:8443 (ESTABLISHED)"))
        .ps(910, "ana", "02:00:00", "/Applications/Courier.app/Contents/MacOS/Courier")
        .told();
    let seen = told.bindings(8443).into_iter().find(|b| b.pid == Some(910)).unwrap();
    assert_eq!(seen.service, None, "{}", seen.attribution);
}

#[test]
fn the_data_volume_is_part_of_the_mac_around_it() {
    let plist = job("com.acme.web", &["/usr/local/acme/webd"], "");
    let told = Mac::new()
        .seen_by_root()
        .plist("/System/Volumes/Data/Library/LaunchDaemons/com.acme.web.plist", &plist)
        .told();
    assert_eq!(told.host_names(), ["otter-07"]);
    let paths: Vec<_> =
        told.ports().jobs.iter().filter_map(|job| job.plist_path.as_deref()).collect();
    assert!(paths.contains(&"/Library/LaunchDaemons/com.acme.web.plist"), "{paths:?}");
}

#[test]
fn last_tells_the_boot_where_nothing_else_does() {
    let told = agent(700)
        .without_boot()
        .file(
            "live_response/system/last.txt",
            "mira      ttys001                   Wed Apr 15 08:02   still logged in\n\
             reboot    ~                         Fri Apr 10 08:00 \n\
             shutdown  ~                         Fri Apr 10 07:58 \n\
             reboot    ~                         Mon Dec 29 09:30 \n\n\
             wtmp begins Mon Dec 29 09:30 \n",
        )
        .told();
    let boots: Vec<_> =
        told.host().boots.iter().map(|boot| stamp(boot.started.unwrap().lo)).collect();
    assert_eq!(boots, ["2025-12-29T12:30:00.000000Z", "2026-04-10T11:00:00.000000Z"]);
    assert_eq!(told.binding(9550).boot, Some(1));
    let ended = told.host().boots[0].ended.unwrap();
    assert!(stamp(ended.hi).as_str() <= "2026-04-10T11:00:59.999999Z", "{ended:?}");
}
