//! Messages of the unified log → facts.

use portolan::artifacts::Emitter;
use portolan::artifacts::unified::{Record, RecordKind, messages};
use portolan::model::observation::{Fact, Flow, FlowEvent, JobEventKind, When};
use portolan::model::provenance::Locator;

fn read(process: &str, pid: Option<u32>, message: &str) -> Emitter {
    read_of(process, pid, ("", ""), message)
}

/// A message with its sender and its subsystem.
fn read_of(
    process: &str,
    pid: Option<u32>,
    (sender, subsystem): (&str, &str),
    message: &str,
) -> Emitter {
    let mut out = Emitter::default();
    let record = Record {
        locator: Locator::Line(1),
        when: When::Undated,
        kind: RecordKind::Log,
        process,
        process_path: None,
        pid,
        sender,
        subsystem,
        category: "",
        message,
        boot: None,
        row: message,
    };
    messages::read(&record, &mut out);
    out
}

fn flow(out: &Emitter) -> Flow {
    match &out.observations[0].fact {
        Fact::Flow(flow) => (**flow).clone(),
        other => panic!("{other:?}"),
    }
}

const LISTEN: &str = "tcp listen: [<IPv4-redacted>:4000<-><IPv4-redacted>:0] interface:  (skipped: 3)\n\
    so_gencnt: 77 t_state: LISTEN process: a:1 so_qlimit: b:9 so_qlimit: 0 error: 48 so_error: 0 svc/tc: 0";

#[test]
fn a_failed_listen_names_the_process_that_the_kernel_wrote() {
    let flow = flow(&read("kernel", Some(0), LISTEN));
    assert_eq!(flow.event, FlowEvent::Failed(48));
    assert_eq!(
        (flow.socket.pid, flow.socket.gencnt, flow.suppressed),
        (Some(9), Some(77), Some(3))
    );
}

#[test]
fn another_process_cannot_speak_for_the_kernel() {
    assert!(read("logger", Some(700), LISTEN).observations.is_empty());
    assert!(read("kernel", Some(700), LISTEN).observations.is_empty());
}

#[test]
fn an_old_summary_counts_its_fraction_as_milliseconds() {
    let text = "tcp_connection_summary [10.0.0.2:5000<->10.0.0.3:443] interface: en0 (skipped: 0)\n\
        process: demo:12 Duration: 5.1 sec Conn_Time: 4.20 sec bytes in/out: 7/8 pkts";
    let ended = FlowEvent::Ended { open_ms: Some(5001), connected_ms: Some(4020) };
    assert_eq!(flow(&read("kernel", None, text)).event, ended);
}

#[test]
fn a_login_is_read_from_the_side_that_sshd_writes() {
    let text =
        "Failed password for invalid user x from 9.9.9.9 port 1 ssh2 from 10.0.0.9 port 50123 ssh2";
    let flow = flow(&read("sshd", Some(5), text));
    assert_eq!(flow.socket.remote.address.text(), "10.0.0.9");
}

#[test]
fn only_the_firewall_and_the_kernel_speak_for_the_firewall() {
    let denied = "Deny bootpd data in from 0.0.0.0:68 to port 0.0.0.0:67 proto=17";
    let stealth = "Stealth Mode connection attempt to UDP 192.0.2.1:137 from 192.0.2.9:137";
    let count = |process, pid, text| read(process, Some(pid), text).observations.len();
    assert_eq!((count("socketfilterfw", 112, denied), count("logger", 112, denied)), (1, 0));
    assert_eq!((count("kernel", 0, stealth), count("kernel", 7, stealth)), (1, 0));
    assert_eq!(count("kernel", 0, denied), 0);
}

const FRAMEWORK: (&str, &str) = ("Network", "com.apple.network");

const CANCELLED: &str = "[C4 37BD558C-3A5B-4C5E-9D6E-1F2A3B4C5D6E IPv4#b2ff5fdb:443 tcp, url hash: 5fe282c6, definite, attribution: developer] cancelled\n\
    \t[C4 D935AE40-3A5B-4C5E-9D6E-1F2A3B4C5D6E IPv4#1e4f17b5:49281<->IPv4#b2ff5fdb:443]\n\
    \tConnected Path: satisfied (Path is satisfied), viable, interface: en0\n\
    \tDuration: 12.345s, TCP @0.000s took 0.001s\n\
    \tbytes in/out: 111/85518, packets in/out: 3/7, rtt: 0.001s";

#[test]
fn a_cancelled_connection_tells_both_ports_and_how_long_it_was_open() {
    let flow = flow(&read_of("harbor", Some(640), FRAMEWORK, CANCELLED));
    assert_eq!(flow.event, FlowEvent::Ended { open_ms: Some(12_345), connected_ms: None });
    let ports = (flow.socket.local.port.number(), flow.socket.remote.port.number());
    assert_eq!((ports, flow.number), ((Some(49281), Some(443)), Some(4)));
    assert_eq!((flow.socket.bytes_in, flow.socket.bytes_out), (Some(111), Some(85518)));
    assert_eq!(flow.socket.remote.address.text(), "", "a hash is no address");
}

#[test]
fn a_connection_that_is_cancelled_without_ends_was_never_made_unless_the_block_is_cut() {
    let first = CANCELLED.lines().next().unwrap();
    let whole = format!("{first}\n\tDuration: 0.012s, TCP @0.000s took 0.000s");
    let out = read_of("harbor", Some(640), FRAMEWORK, &whole);
    assert_eq!(flow(&out).event, FlowEvent::Failed(0));
    let cut = read_of("harbor", Some(640), FRAMEWORK, first);
    assert_eq!((cut.observations.len(), cut.problems.len()), (0, 1));
    let started = first.replace("] cancelled", "] start");
    assert_eq!(flow(&read_of("harbor", Some(640), FRAMEWORK, &started)).event, FlowEvent::Began);
}

#[test]
fn loopback_is_told_in_clear() {
    let text = "[C7 127.0.0.1:8000 tcp, definite, attribution: developer] start";
    let flow = flow(&read_of("harbor", Some(640), FRAMEWORK, text));
    assert_eq!(flow.socket.remote.address.text(), "127.0.0.1");
}

#[test]
fn listeners_are_read_in_each_of_their_forms() {
    let told = |text: &str| {
        let flow = flow(&read_of("harbor", Some(640), FRAMEWORK, text));
        (flow.event, flow.socket.local.port.number(), flow.socket.local.address.text())
    };
    let any = || "*".to_owned();
    let start = "[L1 tcp, local: ::.9120, definite, attribution: developer, server] start";
    assert_eq!(told(start), (FlowEvent::Began, Some(9120), any()));
    let inbox = "nw_listener_reconcile_inboxes_on_queue [L2] Started inbox <private> with parameters udp, local: 0.0.0.0:5300, definite";
    assert_eq!(told(inbox), (FlowEvent::Seen, Some(5300), any()));
    let failed = "nw_listener_socket_inbox_create_socket bind(409, ::1.9120) tcp, local: ::1.9120, definite, server failed [48: Address already in use]";
    assert_eq!(told(failed), (FlowEvent::Failed(48), Some(9120), "::1".to_owned()));
    let chosen = start.replace("9120", "0");
    let out = read_of("harbor", Some(640), FRAMEWORK, &chosen);
    assert!(out.observations.is_empty());
    assert_eq!(out.skipped.values().sum::<u64>(), 1, "a port that is not told is counted");
}

#[test]
fn a_program_that_writes_like_the_framework_is_not_taken_for_it() {
    for (sender, subsystem) in
        [("", "com.apple.network"), ("harbor", "com.apple.network"), ("Network", "com.example")]
    {
        let out = read_of("harbor", Some(640), (sender, subsystem), CANCELLED);
        assert!(out.observations.is_empty(), "{sender} {subsystem}");
    }
}

#[test]
fn registrations_name_port_and_client_in_the_forms_of_old_and_new_systems() {
    let told = |text: &str| {
        let flow = flow(&read("mDNSResponder", Some(200), text));
        let socket = flow.socket;
        let name = socket.name.unwrap().text.to_string();
        (socket.local.port.number(), socket.pid, name, socket.protocol)
    };
    let new = "[R12] DNSServiceRegister START -- service type: <mask.hash: 'Q1r+Zg=='> 2815310201, domain: <mask.hash: '(null)'> 0, port: 9120, flags: 0x0, interface index: 0, client pid: 640 (harbor), name hash: 1a2b3c4d";
    assert_eq!(told(new), (Some(9120), Some(640), "harbor".to_owned(), None));
    let stop = "[R12] DNSServiceRegister STOP -- SRV name: mac._http._tcp.local. 2815310201, port: 9120, flags: 0x0, interface index: 0, client pid: 640 (odd), port: 1, client pid: 1 (a), name hash: 1a2b3c4d, duration: 1h2m";
    let odd = read("mDNSResponder", Some(200), stop);
    let told_of = (odd.observations.len(), odd.problems.len());
    assert_eq!(told_of, (0, 1), "a name that holds the text of a line gives two readings");
    let old = "[R5] DNSServiceRegister(0, 0, \"mac\", \"_http._tcp.\", \"\", \"\", 8080) START PID[641](python3)";
    let tcp = Some(portolan::model::network::Protocol::Tcp);
    assert_eq!(told(old), (Some(8080), Some(641), "python3".to_owned(), tcp));
    let result = "[R5] DNSServiceRegister(mac._http._tcp.local., 8080) REGISTERED";
    assert!(read("mDNSResponder", Some(200), result).observations.is_empty());
    assert!(read("harbor", Some(640), old).observations.is_empty());
}

#[test]
fn every_message_that_is_read_holds_a_text_that_is_looked_for() {
    let read_texts = [
        LISTEN,
        CANCELLED,
        "[L1 tcp, local: ::.9120, server] start",
        "[R5] DNSServiceRegister(0, 0, \"\", \"_x._tcp\", \"\", \"\", 8080) START PID[641](python3)",
        "nw_listener_x [L2] Started inbox i with parameters udp, local: 0.0.0.0:5300, definite",
        "nw_listener_socket_inbox_create_socket bind(4, ::.9120) tcp, server failed [48: x]",
        "Successfully spawned a[1] because ipc (socket)",
        "xpcproxy spawned with pid 5",
        "exited due to SIGTERM",
        "exited with exit reason (1)",
        "removing service: x",
        "booting out service: caller = x",
        "Enabling service x",
        "Disabling service x",
        "Bootstrap by launchctl[5] for /x succeeded (0: )",
        "launchd logging initialized. name: x",
        "Accepted publickey for a from 192.0.2.9 port 5 ssh2",
        "Authentication: SUCCEEDED :: User Name: a :: Viewer Address: 192.0.2.9 :: Type: DH",
        "Deny bootpd data in from 0.0.0.0:68 to port 0.0.0.0:67 proto=17",
        "Dropbox: Allow TCP LISTEN  (in:0 out:1)",
        "=== system boot: X",
        ALERT,
        "registerLaunchItem: found existing item: uuid=1",
        "effectiveItemDisposition: appURL=(null)",
    ];
    for text in read_texts {
        let found = messages::NEEDLES.iter().any(|needle| text.contains(needle));
        assert!(found, "{text}");
    }
}

const ALERT: &str = "delivering alert {\n    ancestors =     (\n                {\n            name = launchd;\n            pid = 1;\n        },\n    );\n    \
    endpointPort = 4444;\n    host = \"203.0.113.7\";\n    path = \"/Users/anna/Library/beacon\";\n    pid = 700;\n    protocol = 6;\n    uuid = \"0C5B\";\n}";

#[test]
fn an_alert_of_lulu_tells_what_a_program_wanted_to_reach() {
    let flow = flow(&read("com.objective-see.lulu.extension", Some(300), ALERT));
    assert_eq!(
        (flow.event, flow.socket.pid),
        (FlowEvent::Began, Some(700)),
        "not the ancestor's pid"
    );
    assert_eq!(flow.socket.remote.address.text(), "203.0.113.7");
    assert_eq!(flow.process_path.as_deref(), Some("/Users/anna/Library/beacon"));
    assert!(read("beacon", Some(700), ALERT).observations.is_empty());
    let damaged = ALERT.replace("endpointPort = 4444", "endpointPort = (null)");
    let out = read("com.objective-see.lulu.extension", Some(300), &damaged);
    assert_eq!((out.observations.len(), out.problems.len()), (0, 1));
}

#[test]
fn background_task_management_ties_label_property_list_and_program() {
    let registered = |message: &str| {
        let out = read("backgroundtaskmanagementd", Some(186), message);
        match &out.observations[0].fact {
            Fact::JobEvent(job) => (job.label.as_deref().unwrap().to_owned(), job.kind.clone()),
            other => panic!("{other:?}"),
        }
    };
    let item = "registerLaunchItem: found existing item: uuid=39BA5830-B831-41C1-ADD1-DD43ED2C39B2, name=odd (a, b), type=legacy agent, disposition=[enabled, allowed, notified], identifier=8.com.example.x, url=file:///Library/LaunchAgents/a%20b.plist";
    let kind = JobEventKind::Registered {
        path: Some("/Library/LaunchAgents/a b.plist".into()),
        program: None,
        disposition: Some("enabled, allowed, notified".into()),
    };
    assert_eq!(registered(item), ("com.example.x".to_owned(), kind));
    let config = "effectiveItemDisposition: appURL=(null), type=legacy agent, url=file:///Library/LaunchAgents/x.plist, config={\n    BTMConfigArguments =     (\n        \"/opt/x\"\n    );\n    BTMConfigExecutablePath = \"/opt/x\";\n    BTMConfigLabel = \"com.example.x\";\n}";
    let kind = JobEventKind::Registered {
        path: Some("/Library/LaunchAgents/x.plist".into()),
        program: Some("/opt/x".into()),
        disposition: None,
    };
    assert_eq!(registered(config), ("com.example.x".to_owned(), kind));
    assert!(read("x", Some(186), item).observations.is_empty());
}

#[test]
fn a_key_that_is_named_like_a_login_gives_two_readings() {
    let text = "Failed publickey for root from 6.6.6.6 port 4242 ssh2: RSA-CERT SHA256:x ID x from 10.0.0.1 port 99 ssh2 (serial 0) CA y";
    let out = read("sshd", Some(5), text);
    assert_eq!((out.observations.len(), out.problems.len()), (0, 1));
    let one = "Accepted publickey for root from 192.0.2.9 port 4242 ssh2: ED25519 SHA256:x";
    assert_eq!(flow(&read("sshd", Some(5), one)).socket.remote.address.text(), "192.0.2.9");
}

#[test]
fn a_program_cannot_hide_the_firewalls_decision_about_it() {
    let text = "Allow a: Allow b (in: connecting from 6.6.6.6:5000 to port 4444 proto=6";
    let flow = flow(&read("socketfilterfw", Some(112), text));
    assert_eq!(flow.socket.local.port.number(), Some(4444));
}

#[test]
fn a_label_that_holds_another_item_registers_none() {
    let text = "registerLaunchItem: found existing item: uuid=1, name=x, type=legacy agent, disposition=[enabled, allowed], identifier=8.x, identifier=8.com.apple.sshd, url=file:///evil.plist";
    assert!(read("backgroundtaskmanagementd", Some(186), text).observations.is_empty());
}

#[test]
fn a_link_local_peer_of_ssh_is_read_without_its_zone_and_no_forged_one_for_it() {
    let text =
        "Failed password for invalid user x from 6.6.6.6 port 1 ssh2 from fe80::1%en0 port 5 ssh2";
    assert_eq!(flow(&read("sshd", Some(5), text)).socket.remote.address.text(), "fe80::1");
}

#[test]
fn a_label_that_holds_a_whole_item_registers_none_and_is_a_problem() {
    let text = "registerLaunchItem: found existing item: uuid=1, name=x, disposition=[disabled], identifier=8.x, disposition=[a], identifier=9.com.apple.trusted, url=file:///evil.plist";
    let out = read("backgroundtaskmanagementd", Some(186), text);
    assert_eq!((out.observations.len(), out.problems.len()), (0, 1));
}

#[test]
fn a_count_at_which_a_line_is_cut_is_not_known() {
    let head = "tcp_connection_summary [<IPv4-redacted>:50123<-><IPv4-redacted>:443] interface: en0 (skipped: 0)\n\
        so_gencnt: 77 t_state: FIN_WAIT_1 process: a:9 Duration: 1.000 sec Conn_Time: 0.010 sec ";
    for (rest, known) in [
        ("bytes in/out: 18659", None),
        ("bytes in/out: 18659/94", None),
        ("bytes in/out: 18659/94 pkts in/", Some((18659, 94))),
    ] {
        let flow = flow(&read("kernel", Some(0), &format!("{head}{rest}")));
        assert_eq!(flow.socket.bytes_in.zip(flow.socket.bytes_out), known, "{rest}");
    }
}
