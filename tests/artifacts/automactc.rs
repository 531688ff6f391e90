//! AutoMacTC: the files of a run, by their names and by what they hold.

use super::{listings, place_of, processes, sockets};
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::artifacts::collector::automactc::name::RunFile;
use portolan::model::network::{Address, Endpoint, Port, Protocol, SocketState};
use portolan::model::observation::{CollectionClaim, Fact, Known, When};

fn read(name: &str) -> Emitter {
    parse("automactc", &place_of("automactc", name), &fixture_bytes(&format!("automactc/{name}")))
}

#[test]
fn the_name_of_a_file_tells_its_run() {
    let file = RunFile::of("a,b,otter-07,192.0.2.14,2026-04-15T12_13_02Z,netstat.csv").unwrap();
    assert_eq!((file.host, file.module), (Some("otter-07"), "netstat"));
    assert_eq!(file.run, "a,b,otter-07,192.0.2.14,2026-04-15T12_13_02Z,");
    assert_eq!(file.started.to_string(), "2026-04-15T12:13:02Z");
    for other in [
        "netstat.csv",
        "a,b,netstat.csv",
        "p,host,192.0.2.14,2026-04-15T12_13_02,netstat.csv",
        "p,host,192.0.2.14,2026-04-15T12_13_02Z,netstat.txt",
        "p,host,192.0.2.14,2026-04-15T12_13_02Z.tar.gz",
    ] {
        assert_eq!(RunFile::of(other), None, "{other}");
    }
    let failed = RunFile::of("p,HNERROR,255.255.255.255,2026-04-15T12_13_02Z,lsof.csv").unwrap();
    assert_eq!(failed.host, None);
}

#[test]
fn netstat_gets_its_wildcards_back_and_says_what_it_cannot_show() {
    let out = read("netstat.csv");
    let wildcard = sockets(&out).into_iter().find(|s| s.local.address == Address::Any).unwrap();
    assert_eq!(wildcard.local.port, Port::Number(5353));
    assert_eq!((wildcard.remote, wildcard.state), (Endpoint::NONE, SocketState::Bound));
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert!(!listing.listeners && !listing.ipv6 && !listing.owners && listing.whole);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_damaged_row_of_netstat_costs_only_itself() {
    let out = read("netstat-damaged.csv");
    assert_eq!(sockets(&out).len(), 2);
    assert!(!listings(&out)[0].whole);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn json_says_the_same_as_the_table() {
    let out = read("netstat.json");
    assert_eq!(sockets(&out).len(), 2);
    assert!(out.problems.is_empty());
    let table = sockets(&read("netstat.csv"));
    assert!(sockets(&out).iter().all(|socket| table.contains(socket)));
}

#[test]
fn lsof_tells_neither_protocol_nor_state() {
    let out = read("lsof.csv");
    assert!(sockets(&out).iter().all(|socket| socket.protocol.is_none()));
    let [listing] = &listings(&out)[..] else { panic!("one listing") };
    assert_eq!((listing.tcp, listing.udp, listing.names_cut), (false, false, None));
    assert_eq!(listing.privileged, Known::Yes);
    let named = sockets(&out).iter().filter_map(|socket| socket.name.clone()).collect::<Vec<_>>();
    assert!(named.iter().any(|name| &*name.text == "Ferry Helper Renderer" && !name.cut));
    let paths = processes(&out).iter().filter(|process| process.path.is_some()).count();
    assert_eq!(paths, 3, "the first txt file of a process is its executable");
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn damaged_rows_of_lsof_are_problems() {
    let out = read("lsof-damaged.csv");
    assert_eq!(sockets(&out).len(), 1);
    assert_eq!(out.problems.len(), 3);
    assert!(!listings(&out)[0].whole);
}

#[test]
fn processes_have_their_start_in_utc() {
    let out = read("pslist.csv");
    let commands: Vec<_> = processes(&out).iter().map(|one| one.command.clone().unwrap()).collect();
    assert_eq!(&*commands[2], "/Users/ines/.knot/knotd --quiet \"a,b\"");
    insta::assert_snapshot!(rendered(&out));
    let damaged = read("pslist-damaged.csv");
    assert_eq!((processes(&damaged).len(), damaged.problems.len()), (1, 2));
}

#[test]
fn autoruns_are_jobs_without_sockets_with_who_signed_them() {
    let out = read("autoruns.csv");
    assert!(out.problems.is_empty());
    insta::assert_snapshot!(rendered(&out));
    let damaged = read("autoruns-damaged.csv");
    assert_eq!((damaged.problems.len(), damaged.observations.len()), (1, 2));
}

#[test]
fn systeminfo_names_the_mac_and_its_zone() {
    insta::assert_snapshot!(rendered(&read("systeminfo.csv")));
    assert_eq!(read("systeminfo-damaged.csv").problems.len(), 1);
}

#[test]
fn the_log_dates_each_file() {
    let out = read("runtime.log");
    assert!(out.problems.is_empty());
    insta::assert_snapshot!(rendered(&out));
    let json = read("runtime.json");
    let netstat = json.observations.iter().find(|seen| matches!(&seen.fact, Fact::Command(_)));
    let When::Utc(window) = netstat.unwrap().when else { panic!("dated") };
    assert_eq!(window.lo.to_string(), "2026-04-15T12:13:11Z");
}

#[test]
fn a_log_that_breaks_off_or_disagrees_with_its_name_says_so() {
    let out = read("runtime-damaged.log");
    let ends = out.observations.iter().filter(|seen| {
        matches!(seen.fact, Fact::Collection(CollectionClaim::Ended | CollectionClaim::Started))
    });
    assert_eq!(ends.count(), 2);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_renamed_table_is_known_and_a_look_alike_is_not() {
    let netstat = fixture_bytes("automactc/netstat.csv");
    assert_eq!(claim("case/connections.csv", &netstat).as_deref(), Some("automactc"));
    let out = parse("automactc", "case/connections.csv", &netstat);
    assert_eq!(sockets(&out).iter().filter(|s| s.protocol == Some(Protocol::Tcp)).count(), 3);
    for other in [
        "protocol,address,port\ntcp4,192.0.2.1,22\n",
        "{\"src_ip\": \"192.0.2.1\", \"dst_ip\": \"192.0.2.2\"}\n",
        "pid,ppid,user\n1,0,root\n",
    ] {
        assert_eq!(claim("case/table.csv", other.as_bytes()), None, "{other}");
    }
    let name = "p,otter-07,192.0.2.14,2026-04-15T12_13_02Z,safari.csv";
    assert_eq!(claim(name, b"user,url\r\n"), None);
}
