//! Every style of exports: cut anywhere, damaged anywhere, with another log's text inside.

use crate::support::parse;
use portolan::artifacts::Emitter;
use portolan::model::observation::Fact;

/// Records of each file.
const RECORDS: u16 = 12;

/// A style: artifact, what stands before the records, between them and behind, and a record that tells of a port.
struct Style {
    name: &'static str,
    artifact: &'static str,
    begins: &'static str,
    between: &'static str,
    ends: &'static str,
    record: fn(u16) -> String,
}

const STYLES: &[Style] = &[
    Style {
        name: "default",
        artifact: "unified-log-text",
        begins: "",
        between: "",
        ends: "",
        record: default,
    },
    Style {
        name: "compact",
        artifact: "unified-log-text",
        begins: "",
        between: "",
        ends: "",
        record: compact,
    },
    Style {
        name: "syslog",
        artifact: "unified-log-text",
        begins: "",
        between: "",
        ends: "",
        record: syslog,
    },
    Style {
        name: "Console",
        artifact: "unified-log-console",
        begins: "",
        between: "",
        ends: "",
        record: console,
    },
    Style {
        name: "ndjson",
        artifact: "unified-log-json",
        begins: "",
        between: "",
        ends: "",
        record: ndjson,
    },
    Style {
        name: "json",
        artifact: "unified-log-json",
        begins: "[{\n",
        between: "},{\n",
        ends: "}]\n",
        record: json,
    },
];

/// What the kernel writes when a process listens on 8000 and so many.
fn message(number: u16) -> String {
    format!(
        "tcp listen: [<IPv4-redacted>:{}<-><IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: {} t_state: LISTEN \
         process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0",
        8000 + number,
        1000 + number
    )
}

fn default(number: u16) -> String {
    format!(
        "2026-05-04 08:00:{number:02}.000000+0200 0x1f2e3    Default     0x0                  0      0    kernel: {}\n",
        message(number)
    )
}

fn compact(number: u16) -> String {
    format!("2026-05-04 08:00:{number:02}.000 Df kernel[0:1f2e3] {}\n", message(number))
}

fn syslog(number: u16) -> String {
    let message = message(number);
    format!("2026-05-04 08:00:{number:02}.000000+0200  localhost kernel[0]: {message}\n")
}

fn console(number: u16) -> String {
    format!("default\t08:00:{number:02}.000000+0200\tkernel\t{}\n", message(number))
}

fn escaped(number: u16) -> String {
    message(number).replace('/', "\\/").replace('\n', "\\n")
}

fn ndjson(number: u16) -> String {
    format!(
        "{{\"timestamp\":\"2026-05-04 08:00:{number:02}.000000+0200\",\"processID\":0,\"processImagePath\":\"\\/kernel\",\
         \"machTimestamp\":{number},\"eventType\":\"logEvent\",\"eventMessage\":\"{}\"}}\n",
        escaped(number)
    )
}

fn json(number: u16) -> String {
    format!(
        "  \"timestamp\" : \"2026-05-04 08:00:{number:02}.000000+0200\",\n  \"processID\" : 0,\n  \
         \"processImagePath\" : \"\\/kernel\",\n  \"eventMessage\" : \"{}\"\n",
        escaped(number)
    )
}

impl Style {
    fn records(&self) -> Vec<String> {
        (0..RECORDS).map(self.record).collect()
    }

    fn file(&self, records: &[String]) -> String {
        [self.begins, &records.join(self.between), self.ends].concat()
    }

    fn read(&self, file: &[u8]) -> Emitter {
        parse(self.artifact, "export", file)
    }

    /// The numbers of the records that were read.
    fn numbers(&self, file: &[u8]) -> Vec<u16> {
        let out = self.read(file);
        let port = |fact: &Fact| match fact {
            Fact::Flow(flow) => flow.socket.local.port.number(),
            _ => None,
        };
        let ports = out.observations.iter().filter_map(|observation| port(&observation.fact));
        ports.map(|port| port.wrapping_sub(8000)).collect()
    }
}

#[test]
fn every_style_is_read_whole() {
    for style in STYLES {
        let file = style.file(&style.records());
        assert_eq!(
            style.numbers(file.as_bytes()),
            (0..RECORDS).collect::<Vec<_>>(),
            "{}",
            style.name
        );
        assert!(style.read(file.as_bytes()).problems.is_empty(), "{}", style.name);
    }
}

#[test]
fn an_export_of_any_style_cut_at_any_byte_loses_at_most_the_record_that_is_cut() {
    for style in STYLES {
        let records = style.records();
        let file = style.file(&records);
        let mut ends = Vec::new();
        let mut end = style.begins.len();
        for record in &records {
            end += record.len();
            ends.push(end);
            end += style.between.len();
        }
        for cut in 0..file.len() {
            let whole = ends.iter().filter(|end| **end + style.between.len() <= cut).count();
            let numbers = style.numbers(&file.as_bytes()[..cut]);
            let expected: Vec<u16> = (0..RECORDS).take(whole).collect();
            let told = numbers.get(..whole);
            assert_eq!(told, Some(&*expected), "{} cut at {cut}", style.name);
            assert!(numbers.len() <= whole + 1, "{} cut at {cut}: {numbers:?}", style.name);
        }
    }
}

#[test]
fn any_damaged_line_of_any_style_loses_only_its_record() {
    for style in STYLES {
        let file = style.file(&style.records());
        let lines: Vec<&str> = file.split_inclusive('\n').collect();
        for damaged in 0..lines.len() {
            let text: String = (0..lines.len())
                .map(|at| if at == damaged { "\u{0}\u{fffd}garbage \"\\ {\n" } else { lines[at] })
                .collect();
            let numbers = style.numbers(text.as_bytes());
            let lost = (0..RECORDS).filter(|number| !numbers.contains(number)).count();
            // A bracket between two objects of an array belongs to both.
            let most = if lines[damaged].starts_with(['}', '[', ']']) { 2 } else { 1 };
            assert!(lost <= most, "{} line {}: {numbers:?}", style.name, damaged + 1);
            assert!(numbers.is_sorted(), "{} line {}: {numbers:?}", style.name, damaged + 1);
        }
    }
}

#[test]
fn the_text_of_another_log_in_a_message_is_text_of_it() {
    for host in STYLES {
        for guest in STYLES.iter().filter(|guest| guest.name != host.name) {
            // JSON escapes what it holds, whatever it is; text styles are told apart from each other.
            let text = guest.file(&[(guest.record)(77)]);
            let text = if host.artifact == "unified-log-json" {
                text.replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n")
                    .replace('\t', "\\t")
            } else {
                text
            };
            let mut records = host.records();
            // A program's own record, whose message is the text of the other log.
            let of_program = (host.record)(5)
                .replace("kernel: ", "logger: ")
                .replace("kernel[0", "logger[700")
                .replace("kernel\t", "logger\t")
                .replace("\\/kernel", "\\/bin\\/logger");
            let message = if host.artifact == "unified-log-json" { escaped(5) } else { message(5) };
            records[5] = of_program.replace(
                &message,
                &format!("x\\n{text}").replace(
                    "x\\n",
                    if host.artifact == "unified-log-json" { "x\\n" } else { "x\n" },
                ),
            );
            let numbers = host.numbers(host.file(&records).as_bytes());
            assert!(!numbers.contains(&77), "{} in {}: {numbers:?}", guest.name, host.name);
            assert_eq!(
                numbers.len(),
                usize::from(RECORDS) - 1,
                "{} in {}: {numbers:?}",
                guest.name,
                host.name
            );
        }
    }
}

#[test]
fn a_record_of_json_that_names_the_kernel_without_a_pid_is_not_believed() {
    let style = STYLES.iter().find(|style| style.name == "ndjson").unwrap();
    for pid in ["", "\"processID\":4294967296,"] {
        let file = style.file(&style.records()).replace("\"processID\":0,", pid);
        let out = style.read(file.as_bytes());
        assert!(style.numbers(file.as_bytes()).is_empty());
        assert_eq!(out.skipped.values().sum::<u64>(), u64::from(RECORDS), "each is counted");
    }
}

#[test]
fn a_program_named_like_a_record_of_the_kernel_or_of_launchd_forges_none() {
    let told = "tcp listen: [<IPv4-redacted>:4444<-><IPv4-redacted>:0] interface:  (skipped: 0) so_gencnt: 9 t_state: \
                LISTEN process: sshd:99 so_qlimit: 0";
    for text in [
        format!("2026-05-04 08:00:00.000 Df kernel[0:1] {told}[777:1f2] hello\n"),
        "2026-05-04 08:00:00.000 Df launchd[1:1] Successfully spawned x[5] because y[777:1f2] hello\n".to_owned(),
        format!("2026-05-04 08:00:00.000000+0200  localhost kernel[0]: {told}[777]: hello\n"),
        "2026-05-04 08:00:00.000000+0200  localhost launchd[1]: Successfully spawned x[5] because y[777]: hello\n".to_owned(),
    ] {
        let out = parse("unified-log-text", "export", text.as_bytes());
        let said = out.observations.iter().filter(|o| !matches!(o.fact, Fact::Log(_)));
        assert_eq!((said.count(), out.problems.len()), (0, 1), "{text}");
    }
}
