//! What an analysis says, and the laws that every one keeps.

use portolan::hosts::HostCase;
use portolan::hosts::blind::is_known;
use portolan::model::anomaly::Anomaly;
use portolan::model::binding::{Binding, Certainty, CitationRole};
use portolan::model::observation::ProblemKind;
use portolan::model::stamp;
use portolan::ports::{HostPorts, JobRecord, ProcessInstance};
use portolan::report::{self, Analysis, View};

/// A finished analysis.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Analysis);

impl Told {
    /// The only host.
    pub(crate) fn host(&self) -> &HostCase {
        let [host] = self.0.hosts.as_slice() else { panic!("hosts: {:?}", self.host_names()) };
        host
    }

    pub(crate) fn host_names(&self) -> Vec<&str> {
        self.0.hosts.iter().map(|case| case.host.name.as_str()).collect()
    }

    /// Ports of the only host.
    pub(crate) fn ports(&self) -> &HostPorts {
        self.host();
        &self.0.ports[0]
    }

    /// Observed bindings of a local or remote port.
    pub(crate) fn bindings(&self, port: u16) -> Vec<&Binding> {
        let all = self.0.ports.iter().flat_map(|ports| &ports.bindings);
        all.filter(|b| b.certainty != Certainty::Declared)
            .filter(|b| b.local_port == Some(port) || b.remote_port == Some(port))
            .collect()
    }

    /// The only observed binding of a port.
    pub(crate) fn binding(&self, port: u16) -> &Binding {
        match self.bindings(port).as_slice() {
            [binding] => binding,
            several => {
                panic!("{port}: {:#?}", several.iter().map(|b| shown(b)).collect::<Vec<_>>())
            }
        }
    }

    /// The observed binding of a port whose process has that name.
    pub(crate) fn binding_of(&self, port: u16, process: &str) -> &Binding {
        let all = self.bindings(port);
        let mut found = all.iter().filter(|b| b.process.as_deref() == Some(process));
        match (found.next(), found.next()) {
            (Some(binding), None) => binding,
            _ => {
                panic!("{port} {process}: {:#?}", all.iter().map(|b| shown(b)).collect::<Vec<_>>())
            }
        }
    }

    /// Rows that are only declared, of a port.
    pub(crate) fn declared(&self, port: u16) -> Vec<&Binding> {
        let all = self.0.ports.iter().flat_map(|ports| &ports.bindings);
        all.filter(|b| b.certainty == Certainty::Declared)
            .filter(|b| b.local_port == Some(port) || b.remote_port == Some(port))
            .collect()
    }

    pub(crate) fn job(&self, label: &str) -> &JobRecord {
        let jobs = self.0.ports.iter().flat_map(|ports| &ports.jobs);
        let mut found = jobs.filter(|job| &*job.label == label);
        let job = found.next().unwrap_or_else(|| panic!("no job {label}"));
        assert!(found.next().is_none(), "two jobs {label}");
        job
    }

    pub(crate) fn process(&self, pid: u32) -> &ProcessInstance {
        let mut found = self.ports().processes.iter().filter(|process| process.pid == pid);
        let process = found.next().unwrap_or_else(|| panic!("no process {pid}"));
        assert!(found.next().is_none(), "two processes {pid}");
        process
    }

    /// Anomalies about a port.
    pub(crate) fn anomalies(&self, port: u16) -> Vec<&Anomaly> {
        let about = |anomaly: &&Anomaly| {
            let bindings = &self.0.ports[anomaly.host].bindings;
            anomaly.binding.is_some_and(|index| {
                let binding = &bindings[index];
                binding.local_port == Some(port) || binding.remote_port == Some(port)
            })
        };
        self.0.anomalies.iter().filter(about).collect()
    }

    /// The only anomaly of the run.
    pub(crate) fn only_anomaly(&self) -> &Anomaly {
        match self.0.anomalies.as_slice() {
            [anomaly] => anomaly,
            several => panic!("{:#?}", several.iter().map(explained).collect::<Vec<_>>()),
        }
    }

    /// Asserts that nothing deviates.
    pub(crate) fn is_quiet(&self) {
        let all: Vec<String> = self.0.anomalies.iter().map(explained).collect();
        assert!(all.is_empty(), "{all:#?}");
    }

    /// Asserts the only anomaly: its rules, the points of each factor, and its score.
    pub(crate) fn scores(&self, rules: &[&str], factors: &[(&str, i32)], score: i32) {
        scores(self.only_anomaly(), rules, factors, score);
    }

    /// Details of the problems of one kind.
    pub(crate) fn problems(&self, kind: ProblemKind) -> Vec<&str> {
        let of_hosts = self.0.hosts.iter().flat_map(|case| &case.problems);
        let of_ports = self.0.ports.iter().flat_map(|ports| &ports.problems);
        let all = of_hosts.chain(of_ports).map(|(_, problem)| problem);
        all.filter(|problem| problem.kind == kind).map(|problem| problem.detail.as_str()).collect()
    }

    /// Laws of time.md 7.8 and invariants 6 and 7 of architecture.md.
    pub(crate) fn check_laws(&self) {
        let options = report::Options::default();
        let view = View::new(&self.0, &options);
        assert!(report::tables(&view).count() > 0);
        for (case, ports) in self.0.hosts.iter().zip(&self.0.ports) {
            for binding in &ports.bindings {
                let shown = shown(binding);
                check_life(binding, &shown);
                for holder in &binding.holders {
                    assert_eq!(ports.processes[*holder].boot, binding.boot, "{shown}");
                }
                // A boot that only records of a log name has no known start.
                let started = binding.boot.and_then(|boot| case.boots[boot].started);
                if let (Some(started), Some(life)) = (started, binding.interval) {
                    assert!(life.last_seen >= started.lo, "{shown} before its boot");
                }
            }
        }
        let rows = self.0.hosts.iter().flat_map(|case| &case.coverage);
        for word in rows.flat_map(|row| &row.blind_to) {
            assert!(is_known(word), "{word} is no word of the vocabulary");
        }
        for anomaly in &self.0.anomalies {
            let sum: i32 = anomaly.factors.iter().map(|factor| factor.points).sum();
            let bounded =
                anomaly.explanation.contains("floor ") || anomaly.explanation.contains("cap ");
            assert!(bounded || anomaly.score == sum.clamp(0, 100), "{}", anomaly.explanation);
            assert!(anomaly.factors.iter().all(|factor| !factor.reason.is_empty()));
        }
    }
}

/// Asserts rules, points of each factor, and score.
pub(crate) fn scores(anomaly: &Anomaly, rules: &[&str], factors: &[(&str, i32)], score: i32) {
    let found: Vec<(&str, i32)> = anomaly.factors.iter().map(|f| (f.name, f.points)).collect();
    assert_eq!(anomaly.rules, rules, "{}", anomaly.explanation);
    assert_eq!(found, factors, "{}", anomaly.explanation);
    assert_eq!(anomaly.score, score, "{}", anomaly.explanation);
}

fn check_life(binding: &Binding, shown: &str) {
    let Some(life) = binding.interval else { return };
    let first = life.earliest_start.unwrap_or(life.first_seen);
    let last = life.latest_end.unwrap_or(life.last_seen);
    assert!(first <= life.first_seen && life.first_seen <= life.last_seen, "{shown}");
    assert!(life.last_seen <= last, "{shown}");
    for (bound, role) in
        [(life.earliest_start, CitationRole::StartBound), (life.latest_end, CitationRole::EndBound)]
    {
        let found: Vec<_> = binding.citations.iter().filter(|c| c.role == role).collect();
        assert_eq!(bound.is_some(), found.len() == 1, "{shown}: {role:?} {found:?}");
        for citation in found {
            let window = citation.window.unwrap();
            assert!(!citation.raw_time.is_empty() && !citation.time_rule.is_empty(), "{shown}");
            let bound = bound.unwrap();
            let edge = if role == CitationRole::StartBound { window.lo } else { window.hi };
            let apart = bound.duration_since(edge).as_secs().abs();
            assert!(apart <= 1, "{shown}: {role:?} {bound} is not told by {citation:?}");
        }
    }
    assert!(binding.citations.iter().any(|c| c.role == CitationRole::Sighting), "{shown}");
    for span in &binding.spans {
        assert!(span.from <= span.to, "{shown}");
        assert!(life.first_seen <= span.from && span.to <= life.last_seen, "{shown} {span:?}");
    }
}

/// A binding in a line, for messages.
pub(crate) fn shown(binding: &Binding) -> String {
    let life = binding.interval.map_or_else(String::new, |life| {
        let text = |time| Option::map_or(time, "-".to_owned(), stamp);
        format!(
            "{} {} {} {}",
            text(life.earliest_start),
            stamp(life.first_seen),
            stamp(life.last_seen),
            text(life.latest_end)
        )
    });
    format!(
        "{} {}/{} {} {:?}->{:?}:{:?} {:?} ({:?}) pid {:?} service {:?} [{life}] {} {:?}",
        binding.direction.as_str(),
        binding.protocol.as_str(),
        binding.local_port.map_or_else(String::new, |port| port.to_string()),
        binding.families.as_str(),
        binding.local_addresses,
        binding.remote_address,
        binding.remote_port,
        binding.process,
        binding.attribution,
        binding.pid,
        binding.service,
        binding.end_state.as_str(),
        binding.notes,
    )
}

fn explained(anomaly: &Anomaly) -> String {
    format!("{} {}: {}", anomaly.score, anomaly.title, anomaly.explanation)
}
