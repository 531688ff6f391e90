//! Messages of the unified log → facts.

use portolan::artifacts::Emitter;
use portolan::artifacts::unified::{Record, RecordKind, messages};
use portolan::model::observation::{Fact, Flow, FlowEvent, When};
use portolan::model::provenance::Locator;

fn read(process: &str, pid: Option<u32>, message: &str) -> Emitter {
    let mut out = Emitter::default();
    let record = Record {
        locator: Locator::Line(1),
        when: When::Undated,
        kind: RecordKind::Log,
        process,
        process_path: None,
        pid,
        sender: "",
        subsystem: "",
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
