//! AutoMacTC, KnockKnock, crash reports and netusage, dated and joined: whole stories, and the same Mac seen twice.

use crate::story::{Files, Lsof, Mac, Netstat, Scratch, Told, told};
use crate::support::fixture;
use portolan::hosts::{Options, Sees};
use portolan::model::network::Protocol;
use portolan::model::observation::{Known, ProblemKind, Signer};
use portolan::model::service::Direction;
use portolan::model::stamp;

fn story(name: &str) -> Told {
    told(&[fixture("hosts").join(name)], &Options::default())
}

#[test]
fn a_run_of_automactc_is_one_acquisition_with_its_times_from_the_log() {
    let told = story("automactc-otter");
    let host = told.host();
    assert_eq!(
        (host.host.name.as_str(), host.host.serial.as_deref()),
        ("otter-07", Some("C02ZX1ABCDEF"))
    );
    assert_eq!(host.host.time_zone.as_deref(), Some("America/Sao_Paulo"));
    let [run] = &host.acquisitions[..] else { panic!("one acquisition") };
    assert_eq!(
        (run.collector.as_str(), run.collector_version.as_deref()),
        ("automactc", Some("1.2.0.4"))
    );
    assert_eq!((run.privileged, run.plists_complete), (Known::Yes, Known::No));
    assert_eq!(stamp(run.captured.unwrap().lo), "2026-04-15T12:13:02.000000Z");
    let first = told.binding(6667).interval.unwrap().first_seen;
    assert_eq!(stamp(first), "2026-04-15T12:13:12.000000Z", "while lsof ran");
}

#[test]
fn rows_without_a_protocol_are_decided_by_what_else_shows_the_socket() {
    let told = story("automactc-otter");
    let irc = told.binding(6667);
    assert_eq!(
        (irc.direction, irc.protocol, irc.pid),
        (Direction::Outbound, Protocol::Tcp, Some(931))
    );
    assert_eq!(irc.service.as_deref(), Some("net.knot.agent"));
    let mdns = told.binding(5353);
    assert_eq!((mdns.protocol, mdns.direction), (Protocol::Udp, Direction::Listen));
    // netstat lists all UDP sockets of IPv4, and not this one.
    let quay = told.binding_of(8123, "quayd");
    assert_eq!((quay.protocol, quay.direction), (Protocol::Tcp, Direction::Unknown));
    assert!(quay.direction_probable);
    let [problem] = told.problems(ProblemKind::Unsupported)[..] else {
        panic!("the IPv6 row of 22")
    };
    assert!(problem.ends_with("TCP or UDP: 1 (local ports 22)"), "{problem}");
}

#[test]
fn coverage_says_what_automactc_could_not_show() {
    let told = story("automactc-otter");
    let rows = told.host().coverage.iter().filter(|row| row.source.is_some());
    let listen = rows
        .filter(|row| (row.direction, row.protocol) == (Direction::Listen, Some(Protocol::Tcp)));
    let blind: Vec<_> = listen.map(|row| (row.sees, row.blind_to.clone())).collect();
    assert_eq!(blind, [(Sees::No, vec!["protocol"]), (Sees::No, vec!["listeners"])]);
}

#[test]
fn jobs_of_autoruns_have_program_signature_and_times_but_no_sockets() {
    let told = story("automactc-otter");
    let job = told.job("com.quay.quayd");
    assert_eq!(job.program.as_deref(), Some("/opt/quay/quayd"));
    assert_eq!(job.code.as_ref().unwrap().team_id.as_deref(), Some("QUAY123456"));
    assert_eq!(stamp(job.plist_created.unwrap()), "2026-01-02T08:00:00.000000Z");
    assert!(job.declared.is_empty() && !job.loaded && job.enabled == Known::Unknown);
}

/// Netstat and lsof of one Mac as UAC has them, and the same a minute later as `AutoMacTC` has them.
fn seen_twice() -> Told {
    let scratch = Scratch::new();
    let mac = Mac::new()
        .tcp(Netstat::listens("tcp4", "*.8123"))
        .tcp(Netstat::listens("tcp6", "*.22"))
        .tcp(Netstat::connected("192.0.2.14.50212", "203.0.113.77.6667", "ESTABLISHED"))
        .udp(Netstat::bound("udp4", "*.5353"))
        .lsof(Lsof::tcp("quayd", 940, 0x1320, "*:8123 (LISTEN)").root())
        .lsof(Lsof::tcp6("launchd", 1, 0x1270, "*:22 (LISTEN)").root())
        .lsof(Lsof::udp("mDNSResponder", 210, 0x1290, "*:5353").root())
        .lsof(Lsof::tcp("knotd", 931, 0x1310, "192.0.2.14:50212->203.0.113.77:6667 (ESTABLISHED)"));
    mac.files().write(&scratch.path().join("uac"));
    let run = "automactc-output,otter-07,192.0.2.14,2026-04-15T12_15_00Z,";
    let netstat = "protocol,recv_q,send_q,src_ip,src_port,dst_ip,dst_port,state\r\n\
        tcp4,0,0,192.0.2.14,50212,203.0.113.77,6667,ESTABLISHED\r\nudp4,0,0,*.5353,5353,*.*,*,\r\n";
    let lsof = "cmd,pid,ppid,user,file_descriptor,type,device,size,node,access,name\r\n\
        quayd,940,1,0,7,IPv4,0x6949610a00001320,,,u,*:8123\r\n\
        launchd,1,0,0,9,IPv6,0x6949610a00001270,,,u,*:22\r\n\
        mDNSResponder,210,1,65,6,IPv4,0x6949610a00001290,,,u,*:5353\r\n\
        knotd,931,1,501,5,IPv4,0x6949610a00001310,,,u,192.0.2.14:50212->203.0.113.77:6667\r\n";
    let pslist = "pid,ppid,user,state,proc_start,runtime,cmd\r\n\
        1,0,root,Ss,2026-04-10T11:00:03Z,12:31.20,/sbin/launchd\r\n";
    Files::default()
        .with(&format!("{run}pslist.csv"), pslist)
        .with(&format!("{run}netstat.csv"), netstat)
        .with(&format!("{run}lsof.csv"), lsof)
        .write(&scratch.path().join("automactc"));
    told(&[scratch.path().join("uac"), scratch.path().join("automactc")], &Options::default())
}

#[test]
fn one_mac_seen_by_uac_and_by_automactc_has_one_set_of_bindings() {
    let told = seen_twice();
    let expected = [
        (8123, "quayd", Direction::Listen, Protocol::Tcp),
        (22, "launchd", Direction::Listen, Protocol::Tcp),
        (5353, "mDNSResponder", Direction::Listen, Protocol::Udp),
        (6667, "knotd", Direction::Outbound, Protocol::Tcp),
    ];
    for (port, process, direction, protocol) in expected {
        let binding = told.binding(port);
        assert_eq!(binding.process.as_deref(), Some(process));
        assert_eq!((binding.direction, binding.protocol), (direction, protocol), "{process}");
        let last = binding.interval.unwrap().last_seen;
        assert!(stamp(last).as_str() > "2026-04-15T12:15", "{process} was seen by both: {last}");
        assert_eq!(binding.interval.unwrap().latest_end, None, "{process}: no absence is claimed");
    }
    assert!(told.problems(ProblemKind::Unsupported).is_empty());
}

#[test]
fn runs_of_two_macs_in_one_folder_stay_apart() {
    let pslist = "pid,ppid,user,state,proc_start,runtime,cmd\r\n1,0,root,Ss,2026-04-10T11:00:03Z,0:01,/sbin/launchd\r\n";
    let told = Files::default()
        .with("loot/automactc-output,otter-07,192.0.2.14,2026-04-15T12_13_02Z,pslist.csv", pslist)
        .with("loot/automactc-output,heron-03,192.0.2.15,2026-04-15T12_20_00Z,pslist.csv", pslist)
        .told();
    assert_eq!(told.host_names(), ["heron-03", "otter-07"]);
    let captured = told.0.hosts[0].acquisitions[0].captured.unwrap();
    assert_eq!(stamp(captured.lo), "2026-04-15T12:20:00.000000Z");
    assert_eq!(stamp(captured.hi), "2026-04-15T13:20:00.000000Z", "without a log, the hour after");
}

#[test]
fn a_scan_a_crash_and_the_network_use_of_a_mac_make_no_binding() {
    let told = story("knockknock-heron");
    assert_eq!(told.host().host.name, "heron-03");
    assert!(told.bindings(8123).is_empty(), "what is declared stays declared");
    assert_eq!(told.declared(8123).len(), 1);
    told.is_quiet();
    let signed = |label: &str| told.job(label).code.as_ref().unwrap().signature.unwrap();
    assert_eq!(signed("com.quay.quayd"), Signer::Developer);
    assert_eq!(signed("net.knot.agent"), Signer::Unsigned);
    let life = told.process(622);
    assert_eq!(life.label.as_deref(), Some("com.quay.quayd"));
    assert_eq!(stamp(life.started.unwrap().lo), "2026-04-10T11:01:12.443200Z");
    assert_eq!(stamp(life.exited.unwrap().hi), "2026-04-15T01:10:08.719099Z");
}

#[test]
fn a_crash_ends_what_its_process_held() {
    let report =
        String::from_utf8(crate::support::fixture_bytes("crash-report/crash.ips")).unwrap();
    let report = report
        .replace("2026-04-14 22:10:08.7190 -0300", "2026-04-15 09:30:00.0000 -0300")
        .replace("\"pid\" : 622", "\"pid\" : 940");
    let told = Mac::new()
        .lsof(Lsof::tcp("quayd", 940, 0x1320, "*:8123 (LISTEN)").root())
        .file("[root]/Library/Logs/DiagnosticReports/quayd-2026-04-15-093000.ips", report)
        .told();
    let life = told.binding(8123).interval.unwrap();
    assert_eq!(life.latest_end.map(stamp).as_deref(), Some("2026-04-15T12:30:00.000099Z"));
    assert_eq!(life.earliest_start.map(stamp).as_deref(), Some("2026-04-10T11:01:12.443200Z"));
}
