//! A small analysis made by hand, and folders to write it to.

use portolan::hosts::{Coverage, Dated, DatedTime, HostCase, Sees};
use portolan::model::anomaly::{Anomaly, Factor, Severity};
use portolan::model::binding::{
    Binding, BindingState, Certainty, Citation, CitationRole, EndState, Span,
};
use portolan::model::host::{Acquisition, Boot, Host};
use portolan::model::interval::{Interval, Window};
use portolan::model::network::{Address, Families, Port, Protocol, Scope};
use portolan::model::observation::{
    Fact, JobEvent, JobEventKind, Known, Problem, ProblemKind, ProcessName,
};
use portolan::model::particulars::Particulars;
use portolan::model::provenance::{Locator, Place, SourceId};
use portolan::model::service::{Confidence, DeclaredPort, Direction, Job, Origin};
use portolan::model::{Text, Timestamp};
use portolan::pipeline::{Collected, Evidence, Source, Status};
use portolan::ports::trust::Trust;
use portolan::ports::{HostPorts, JobRecord, ProcessInstance};
use portolan::report::Analysis;
use std::collections::BTreeSet;

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn text(text: &str) -> Text {
    Text::from(text)
}

pub(crate) fn place(source: u32, line: u64) -> Place {
    Place { source: SourceId(source), locator: Locator::Line(line) }
}

pub(crate) fn source(path: &str, artifact: Option<&'static str>) -> Source {
    Source {
        evidence: 0,
        path: path.to_owned(),
        size: 12,
        sha256: Some("ab".repeat(32)),
        modified: None,
        link: None,
        artifact,
        status: if artifact.is_some() { Status::Parsed } else { Status::Unclaimed },
        records: 3,
        problem_count: 0,
        problems: Vec::new(),
        note: String::new(),
        volume: None,
        declared: None,
    }
}

fn sighting(source: u32, line: u64, at: &str) -> Citation {
    Citation {
        role: CitationRole::Sighting,
        place: place(source, line),
        window: Some(Window::new(time("2026-04-15T12:13:03Z"), time(at))),
        raw_time: text("2026-04-15 09:13:09 -0300"),
        time_rule: text("between two lines of uac.log"),
        excerpt: Some("nc 5123 501 3u IPv4".into()),
    }
}

/// A listener of launchd on port 2222.
pub(crate) fn listener() -> Binding {
    let seen = time("2026-04-15T12:13:09Z");
    Binding {
        id: "b0000000000000001".to_owned(),
        tuple_id: "t0000000000000001".to_owned(),
        boot: Some(0),
        direction: Direction::Listen,
        direction_probable: false,
        protocol: Protocol::Tcp,
        families: Families::V4.union(Families::V6),
        state: BindingState::Listening,
        local_addresses: vec![Address::Any],
        local_port: Some(2222),
        remote_address: None,
        remote_port: None,
        scope: Scope::Any,
        holders: vec![0],
        process: Some(text("launchd")),
        process_cut: false,
        process_path: Some(text("/sbin/launchd")),
        pid: Some(1),
        user: Some(text("root")),
        job: Some(0),
        job_candidates: Vec::new(),
        service: Some(text("com.example.netcheck")),
        identity: "com.example.netcheck".to_owned(),
        attribution: "held by launchd for the job that declares it".to_owned(),
        held_by_launchd: true,
        interval: Some(Interval {
            earliest_start: Some(time("2026-04-10T11:00:00Z")),
            first_seen: seen,
            last_seen: seen,
            latest_end: None,
        }),
        end_state: EndState::Open,
        certainty: Certainty::Observed,
        confidence: Confidence::High,
        sightings: 2,
        bytes_in: None,
        bytes_out: None,
        spans: vec![Span { from: seen, to: seen, continuous: true }],
        citations: vec![
            sighting(1, 4, "2026-04-15T12:13:09Z"),
            Citation {
                role: CitationRole::StartBound,
                window: Some(Window::at(time("2026-04-10T11:00:00Z"))),
                ..sighting(0, 9, "2026-04-15T12:13:09Z")
            },
        ],
        descriptors: vec![text("31u")],
        declared_by_job: true,
        tools: Vec::new(),
        only_unprivileged: false,
        notes: Vec::new(),
    }
}

/// Two sockets to one peer.
pub(crate) fn connection() -> Binding {
    let (first, last) = (time("2026-04-15T12:13:09Z"), time("2026-04-15T12:20:00Z"));
    Binding {
        id: "b0000000000000002".to_owned(),
        tuple_id: "t0000000000000002".to_owned(),
        direction: Direction::Outbound,
        families: Families::V4,
        state: BindingState::Established,
        local_addresses: vec![Address::ip([192, 0, 2, 24])],
        local_port: None,
        remote_address: Some(Address::ip([203, 0, 113, 7])),
        remote_port: Some(4444),
        holders: vec![1],
        process: Some(text("nc")),
        process_path: None,
        pid: Some(5123),
        user: Some(text("ana")),
        job: None,
        service: None,
        identity: "nc".to_owned(),
        held_by_launchd: false,
        interval: Some(Interval {
            earliest_start: None,
            first_seen: first,
            last_seen: last,
            latest_end: Some(time("2026-04-15T12:30:00Z")),
        }),
        end_state: EndState::Ended,
        bytes_in: Some(10),
        bytes_out: Some(2048),
        citations: vec![
            sighting(1, 7, "2026-04-15T12:13:09Z"),
            sighting(1, 8, "2026-04-15T12:20:00Z"),
        ],
        ..listener()
    }
}

/// A job that declares port 2222.
pub(crate) fn job(label: &str) -> JobRecord {
    let declared = DeclaredPort {
        origin: Origin::Sockets,
        direction: Direction::Listen,
        protocol: Some(Protocol::Tcp),
        families: Families::V4.union(Families::V6),
        address: Address::Any,
        port: Port::Name(text("rockwell-csp2")),
        service_name: Some(text("rockwell-csp2")),
        confidence: Confidence::High,
        token: text("Sockets.Listeners"),
    };
    JobRecord {
        code: None,
        domain: "system".to_owned(),
        label: text(label),
        plist_path: Some("/Library/LaunchDaemons/com.example.netcheck.plist".to_owned()),
        job: Some(Job {
            label: text(label),
            program: None,
            arguments: vec![text("/bin/bash"), text("-i")],
            user: None,
            run_at_load: false,
            keep_alive: false,
            inetd_wait: Some(false),
            disabled: None,
            triggers: Vec::new(),
            declared: vec![declared.clone()],
            shell_on_socket: None,
            script: None,
            partial: false,
            path: None,
        }),
        source: Some(Place { source: SourceId(2), locator: Locator::Whole }),
        program: Some(text("/bin/bash")),
        arguments: vec![text("/bin/bash"), text("-i")],
        enabled: Known::Yes,
        enabled_source: "no override".to_owned(),
        loaded: true,
        running: false,
        plist_created: Some(time("2026-04-13T10:00:00Z")),
        plist_modified: None,
        declared: vec![(declared, Some(2222))],
        evidence: "uac-mb-lab01".to_owned(),
        shown_in: [0].into(),
        team_id: None,
    }
}

pub(crate) fn anomaly(id: &str, score: i32) -> Anomaly {
    Anomaly {
        id: id.to_owned(),
        score,
        severity: Severity::of_score(score).unwrap(),
        confidence: Confidence::High,
        rules: vec!["P09", "P04"],
        title: "a shell waits on port 2222".to_owned(),
        explanation: "launchd holds the port and starts a shell for each peer".to_owned(),
        expected: "no listener (stock)".to_owned(),
        factors: vec![
            Factor {
                name: "P09",
                points: 60,
                reason: "the job's program is a shell".to_owned(),
                cited: Vec::new(),
            },
            Factor {
                name: "persistence",
                points: 10,
                reason: "a daemon".to_owned(),
                cited: Vec::new(),
            },
        ],
        binding: None,
        job: None,
        host: 0,
        places: Vec::new(),
        particulars: Particulars::default(),
        exception: None,
    }
}

fn process(id: &str, pid: u32, name: &str) -> ProcessInstance {
    ProcessInstance {
        id: id.to_owned(),
        boot: Some(0),
        pid,
        name: Some(ProcessName { text: text(name), cut: false }),
        started: Some(Window::new(time("2026-04-10T11:00:00Z"), time("2026-04-10T11:00:02Z"))),
        citations: vec![sighting(0, 2, "2026-04-15T12:13:09Z")],
        ..ProcessInstance::default()
    }
}

fn coverage(direction: Direction, protocol: Protocol, sees: Sees) -> Coverage {
    Coverage {
        boot: Some(0),
        source: Some(SourceId(1)),
        window: Some(Window::at(time("2026-04-15T12:13:09Z"))),
        direction,
        protocol: Some(protocol),
        sees,
        blind_to: vec!["other users' sockets", "full process name"],
        detail: "lsof (text)".to_owned(),
    }
}

fn case(name: &str) -> HostCase {
    let exit = JobEvent {
        domain: Some(text("system")),
        label: Some(text("com.example.netcheck")),
        pid: Some(900),
        kind: JobEventKind::Exited { how: text("SIGKILL"), ran_ms: Some(12) },
    };
    let at = time("2026-04-14T08:00:00Z");
    HostCase {
        host: Host {
            name: name.to_owned(),
            os_version: Some(text("14.4")),
            os_build: Some(text("23E214")),
            time_zone: Some("-03:00".to_owned()),
            evidence: vec!["uac-mb-lab01".to_owned()],
            ..Host::default()
        },
        boots: vec![Boot {
            id: "boot-2026-04-10T11:00:00Z".to_owned(),
            started: Some(Window::at(time("2026-04-10T11:00:00Z"))),
            ended: None,
            source: "kern.boottime".to_owned(),
        }],
        acquisitions: vec![Acquisition {
            id: "q0000000000000001".to_owned(),
            evidence: "uac-mb-lab01".to_owned(),
            collector: "uac".to_owned(),
            collector_version: None,
            captured: Some(Window::new(time("2026-04-15T12:12:45Z"), time("2026-04-15T12:20:00Z"))),
            captured_how: "uac.log".to_owned(),
            privileged: Known::Yes,
            plists_complete: Known::Yes,
        }],
        facts: vec![Dated {
            place: place(0, 3),
            acquisition: 0,
            boot: Some(0),
            time: Some(DatedTime {
                window: Window::at(at),
                raw: text("2026-04-14 05:00:00"),
                rule: text("launchd.log"),
                confidence: Confidence::High,
            }),
            fact: Fact::JobEvent(Box::new(exit)),
            excerpt: None,
        }],
        coverage: vec![
            coverage(Direction::Outbound, Protocol::Tcp, Sees::Yes),
            coverage(Direction::Listen, Protocol::Udp, Sees::No),
            coverage(Direction::Listen, Protocol::Tcp, Sees::Partly),
        ],
        problems: vec![(
            SourceId(0),
            Problem {
                locator: Locator::Line(5),
                kind: ProblemKind::AmbiguousTime,
                detail: "02:30 was twice that night".to_owned(),
            },
        )],
        ..HostCase::default()
    }
}

/// One host with a listener, a connection, a job and an anomaly of each kind; a second host without.
pub(crate) fn analysis() -> Analysis {
    let mut ports = HostPorts {
        lossy_listings: BTreeSet::new(),
        processes: vec![process("p1", 1, "launchd"), process("p2", 5123, "nc")],
        jobs: vec![job("com.example.netcheck")],
        bindings: vec![listener(), connection()],
        trust: Trust::default(),
        problems: Vec::new(),
    };
    ports.processes[1].parent = Some(0);
    ports.processes[1].ppid = Some(1);
    let of_job = Anomaly { job: Some(0), ..anomaly("a0000000000000003", 95) };
    let of_listener = Anomaly { binding: Some(0), ..anomaly("a0000000000000001", 70) };
    let of_connection = Anomaly { binding: Some(1), ..anomaly("a0000000000000002", 25) };
    Analysis {
        collected: Collected {
            evidence: vec![Evidence {
                label: "uac-mb-lab01".to_owned(),
                given: "/cases/7/uac-mb-lab01".to_owned(),
                kind: "folder",
                size: 36,
                hashes: None,
                unusable: None,
                problems: Vec::new(),
            }],
            volumes: Vec::new(),
            sources: vec![
                source("live_response/ps.txt", Some("ps")),
                source("live_response/lsof.txt", Some("lsof")),
                source("Library/LaunchDaemons/com.example.netcheck.plist", Some("launchd-plist")),
                source("notes.txt", None),
            ],
            observations: Vec::new(),
        },
        source_hosts: vec![Some(0), Some(0), Some(0), None],
        evidence_claims: Vec::new(),
        hosts: vec![case("mb-lab01"), case("mb-lab02")],
        ports: vec![ports, HostPorts::default()],
        expected_by: vec![vec![String::new(), "stock".to_owned()], Vec::new()],
        anomalies: vec![of_job, of_connection, of_listener],
    }
}
