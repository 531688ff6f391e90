//! Exports of the unified log → events of sockets and jobs.

use crate::support::{claim, collected, fixture_bytes, fresh_folder, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::network::Port;
use portolan::model::observation::{Fact, Flow, FlowEvent, LogSpan, ProblemKind, When};
use portolan::model::provenance::Locator;
use portolan::pipeline::Status;

fn read(id: &str, fixture: &str) -> Emitter {
    parse(id, "export.txt", &fixture_bytes(&format!("{id}/{fixture}")))
}

fn flows<'a>(out: &'a Emitter) -> Vec<&'a Flow> {
    let flow = |fact: &'a Fact| if let Fact::Flow(flow) = fact { Some(&**flow) } else { None };
    out.observations.iter().filter_map(|observation| flow(&observation.fact)).collect()
}

fn span(out: &Emitter) -> &LogSpan {
    let mut spans =
        out.observations.iter().rev().filter_map(|observation| match &observation.fact {
            Fact::Log(span) => Some(&**span),
            _ => None,
        });
    spans.next().unwrap()
}

fn local_ports(out: &Emitter) -> Vec<u16> {
    flows(out).iter().filter_map(|flow| flow.socket.local.port.number()).collect()
}

macro_rules! snapshot {
    ($name:ident, $id:literal, $fixture:literal) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(rendered(&read($id, $fixture)));
        }
    };
}

snapshot!(every_kind_of_kernel_line_is_read, "unified-log-text", "default.txt");
snapshot!(programs_tell_of_their_own_connections_and_listeners, "unified-log-text", "network.txt");
snapshot!(compact_lines_are_local_to_a_millisecond, "unified-log-text", "compact.txt");
snapshot!(syslog_lines_name_host_and_pid, "unified-log-text", "syslog.txt");
snapshot!(a_console_copy_counts_midnights, "unified-log-console", "copy.txt");
snapshot!(a_damaged_message_is_a_problem, "unified-log-console", "damaged.txt");
snapshot!(records_of_an_array_cut_off_are_read, "unified-log-json", "array-cut.json");

#[test]
fn a_name_with_colons_and_a_cut_name_are_read_from_the_kernels_side() {
    let out = read("unified-log-text", "default.txt");
    let named = |port| {
        let flow =
            flows(&out).into_iter().find(|flow| flow.socket.local.port == Port::Number(port));
        let name = flow.unwrap().socket.name.clone().unwrap();
        (name.text.to_string(), name.cut, flow.unwrap().socket.pid)
    };
    assert_eq!(named(50111), ("odd: name:1".to_owned(), false, Some(655)));
    assert_eq!(named(50110), ("Harbor Helper (R".to_owned(), true, Some(640)));
    let failed = |flow: &&&Flow| flow.event == FlowEvent::Failed(48);
    assert_eq!(flows(&out).iter().filter(failed).count(), 1);
}

#[test]
fn every_style_of_the_same_records_says_the_same() {
    let ports = local_ports(&read("unified-log-text", "default.txt"));
    assert_eq!(ports, [8443, 50110, 50110, 60198, 60198, 8443, 50111, 8443]);
    assert_eq!(local_ports(&read("unified-log-json", "lines.ndjson")), ports);
    assert_eq!(local_ports(&read("unified-log-json", "array.json")), ports);
}

#[test]
fn a_message_with_the_text_of_a_record_in_it_forges_none() {
    assert_eq!(local_ports(&read("unified-log-text", "forged.txt")), [7001]);
    for fixture in ["lines.ndjson", "array.json"] {
        let ports = local_ports(&read("unified-log-json", fixture));
        assert!(!ports.contains(&6666) && !ports.contains(&6667), "{fixture}: {ports:?}");
    }
    let out = read("unified-log-text", "forged.txt");
    let jobs = out.observations.iter().filter(|o| matches!(o.fact, Fact::JobEvent(_)));
    assert_eq!(jobs.count(), 0, "only pid 1 is launchd");
}

#[test]
fn a_damaged_record_costs_only_itself() {
    let out = read("unified-log-text", "damaged.txt");
    assert_eq!(local_ports(&out), [7002]);
    let kinds: Vec<ProblemKind> = out.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::MalformedRecord; 2]);
    let out = read("unified-log-json", "lines-damaged.ndjson");
    assert_eq!(local_ports(&out), [8443, 50110, 60198]);
    assert_eq!(out.problems.len(), 1);
    assert!(!span(&out).whole, "without its last line an export is cut");
    assert!(span(&read("unified-log-json", "lines.ndjson")).whole);
}

/// Lines of an export, a record each, and the ports that they tell.
fn records() -> Vec<String> {
    let record = |port: usize| {
        format!(
            "2026-05-04 08:00:{:02}.000000+0200 0x1f2e3    Default     0x0                  0      0    kernel: tcp listen: [<IPv4-redacted>:{}<-><IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: {port} t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n",
            port,
            8000 + port
        )
    };
    (0..20).map(record).collect()
}

fn ports_of(text: &[u8]) -> Vec<u16> {
    local_ports(&parse("unified-log-text", "export.txt", text))
}

#[test]
fn an_export_cut_at_any_byte_keeps_what_stands_before() {
    let text = records().concat();
    let whole = ports_of(text.as_bytes());
    assert_eq!(whole.len(), 20);
    for at in 0..text.len() {
        let records_before = at * 20 / text.len();
        let ports = ports_of(&text.as_bytes()[..at]);
        assert!(ports.len() >= records_before.saturating_sub(1), "cut at {at}");
        // The last record may be cut within a number.
        let sure = ports.len().saturating_sub(1);
        assert_eq!(ports[..sure], whole[..sure], "cut at {at}");
    }
}

#[test]
fn any_damaged_record_loses_only_itself() {
    for damaged in 0..20 {
        let mut lines = records();
        lines[damaged] = "\u{0}garbage \u{fffd}\n".to_owned();
        let ports = ports_of(lines.concat().as_bytes());
        let lost: Vec<usize> =
            (0..20).filter(|n| !ports.contains(&(8000 + u16::try_from(*n).unwrap()))).collect();
        assert_eq!(lost, [damaged]);
    }
}

#[test]
fn a_clock_that_was_set_back_costs_no_record() {
    let listens = |hour: u32, n: u32| {
        format!(
            "2026-05-04 {hour:02}:{:02}:{:02}.000000+0200 0x1f2e3    Default     0x0                  0      0    kernel: tcp listen: [<IPv4-redacted>:{}<-><IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: {n} t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n",
            n / 60 % 60,
            n % 60,
            8000 + n
        )
    };
    let stepped = [listens(12, 0)].into_iter().chain((1..100).map(|n| listens(9, n)));
    assert_eq!(ports_of(stepped.collect::<String>().as_bytes()).len(), 100);
    let summer_time_ends = listens(12, 0) + &listens(11, 1).replace("+0200", "+0100");
    assert_eq!(ports_of(summer_time_ends.as_bytes()).len(), 2);
}

#[test]
fn an_array_on_one_line_is_read_object_by_object() {
    let lines = String::from_utf8(fixture_bytes("unified-log-json/lines.ndjson")).unwrap();
    let records: Vec<&str> = lines.lines().filter(|line| line.contains("eventMessage")).collect();
    let whole = format!("[{}]\n", records.join(","));
    let read = |text: &str| parse("unified-log-json", "x.json", text.as_bytes());
    let out = read(&whole);
    assert_eq!(local_ports(&out), local_ports(&read(&lines)));
    assert!(out.problems.is_empty() && span(&out).whole);
    let cut = read(&whole[..whole.len() - 40]);
    assert_eq!((cut.problems.len(), span(&cut).whole), (1, false));
    assert_eq!(local_ports(&cut), local_ports(&out), "the record that is cut off names no port");
}

#[test]
fn a_line_without_an_end_is_cut_and_the_next_one_read() {
    let record = records().concat();
    let long = format!("{record}{}\n{record}", "x".repeat(3 << 20));
    let out = parse("unified-log-text", "export.txt", long.as_bytes());
    assert_eq!(local_ports(&out).len(), 40, "the same records, twice");
    let [problem] = &out.problems[..] else { panic!("{:?}", out.problems) };
    assert_eq!((problem.kind, problem.locator), (ProblemKind::Limit, Locator::Line(41)));
}

#[test]
fn line_numbers_stay_right_over_many_blocks() {
    let idle = "2026-05-04 08:00:00.000000+0200 0x1f2e3    Default     0x0                  7      0    idle: text\n";
    let text = idle.repeat(30_000) + &records()[3];
    let out = parse("unified-log-text", "export.txt", text.as_bytes());
    let told = out.observations.iter().find(|o| matches!(o.fact, Fact::Flow(_))).unwrap();
    assert_eq!(told.place.locator, Locator::Line(30_001));
    assert_eq!(out.skipped.values().sum::<u64>(), 30_000);
}

#[test]
fn exports_are_known_by_their_content_whatever_their_name() {
    for (id, fixture) in [
        ("unified-log-text", "default.txt"),
        ("unified-log-text", "compact.txt"),
        ("unified-log-text", "syslog.txt"),
        ("unified-log-console", "copy.txt"),
        ("unified-log-json", "lines.ndjson"),
        ("unified-log-json", "array.json"),
    ] {
        let bytes = fixture_bytes(&format!("{id}/{fixture}"));
        for path in ["a.txt", "case/logs/system.log", "x/unified.ndjson"] {
            assert_eq!(claim(path, &bytes).as_deref(), Some(id), "{fixture} as {path}");
        }
    }
    let launchd = fixture_bytes("launchd-log/every-event.log");
    assert_eq!(claim("x.txt", &launchd).as_deref(), Some("launchd-log"));
    assert_eq!(claim("x.json", b"{\"timestamp\": 1, \"host\": \"a\"}\n"), None);
}

#[test]
fn a_time_with_an_offset_is_utc_and_one_without_is_local() {
    let when = |fixture| read("unified-log-text", fixture).observations[0].when.clone();
    assert!(matches!(when("syslog.txt"), When::Utc(_)));
    assert!(matches!(when("compact.txt"), When::Local(..)));
}

#[test]
fn an_export_behind_which_a_cut_one_stands_is_cut() {
    let lines = String::from_utf8(fixture_bytes("unified-log-json/lines.ndjson")).unwrap();
    let array = String::from_utf8(fixture_bytes("unified-log-json/array.json")).unwrap();
    let cut_lines = lines.lines().take(3).collect::<Vec<_>>().join("\n");
    let cut_array = &array[..array.len() / 2];
    let whole = |text: String| span(&parse("unified-log-json", "x.json", text.as_bytes())).whole;
    assert!(whole(format!("{lines}{lines}")));
    assert!(!whole(format!("{lines}{cut_lines}\n")));
    assert!(whole(format!("{array}{array}")));
    assert!(!whole(format!("{cut_array}\n{array}")));
}

#[test]
fn the_footer_of_an_export_is_no_text_of_its_last_record() {
    let exit = "2026-05-04 08:00:00.000000+0200 0x1f2e3    Default     0x0                  1      0    launchd: [system/com.acme.d [900]:] exited due to SIGTERM | sent by zsh[66592], ran for 8000ms\n";
    let footer = format!(
        "{}\nLog      - Default:          5, Info:                0, Debug:             0, Error:          0, Fault:          0\nActivity - Create:           0, Transition:          0, Actions:           0\n",
        "-".repeat(116)
    );
    let out =
        parse("unified-log-text", "export.txt", format!("{exit}{footer}{exit}{footer}").as_bytes());
    let ends = out.observations.iter().filter(|o| matches!(o.fact, Fact::JobEvent(_)));
    assert_eq!(
        (ends.count(), out.skipped.len(), out.problems.len()),
        (2, 0, 0),
        "{:?}",
        out.skipped
    );
}

#[test]
fn an_array_that_jq_laid_out_is_read() {
    let lines = String::from_utf8(fixture_bytes("unified-log-json/lines.ndjson")).unwrap();
    let records = lines.lines().filter(|line| line.contains("eventMessage"));
    let values: Vec<serde_json::Value> =
        records.map(|line| serde_json::from_str(line).unwrap()).collect();
    let pretty = serde_json::to_string_pretty(&values).unwrap();
    for text in [pretty.clone(), format!("\u{feff}{pretty}\n")] {
        let out = parse("unified-log-json", "x.json", text.as_bytes());
        assert_eq!(local_ports(&out), local_ports(&read("unified-log-json", "lines.ndjson")));
        assert!(out.problems.is_empty() && span(&out).whole, "{:?}", out.problems);
        assert_eq!(claim("x.json", text.as_bytes()).as_deref(), Some("unified-log-json"));
    }
}

#[test]
fn a_log_in_which_a_crash_left_nuls_is_read_and_one_in_utf16_is_refused() {
    let text = records().concat();
    let nuls = text.replacen("kernel", "\0\0kernel", 1);
    let folder = fresh_folder("utf16");
    std::fs::write(folder.join("nuls.txt"), nuls).unwrap();
    let units: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.join("export.txt"), units).unwrap();
    let collected = collected(&[folder]);
    let [utf16, nuls] = &collected.sources[..] else { panic!("{:?}", collected.sources) };
    assert_eq!((utf16.status, utf16.problems.len()), (Status::Refused, 1));
    assert_eq!((nuls.status, nuls.artifact), (Status::Parsed, Some("unified-log-text")));
}

#[test]
fn arrays_of_different_layouts_in_one_file_are_all_read() {
    let own = String::from_utf8(fixture_bytes("unified-log-json/array.json")).unwrap();
    let values: Vec<serde_json::Value> = serde_json::from_str(&own).unwrap();
    let jq = serde_json::to_string_pretty(&values).unwrap() + "\n";
    let line = serde_json::to_string(&values).unwrap() + "\n";
    let once = local_ports(&read("unified-log-json", "array.json"));
    for (one, two) in [(&own, &jq), (&jq, &own), (&jq, &line), (&line, &own), (&own, &line)] {
        let out = parse("unified-log-json", "x.json", format!("{one}{two}").as_bytes());
        assert_eq!(local_ports(&out), [once.clone(), once.clone()].concat());
        assert!(out.problems.is_empty() && span(&out).whole, "{:?}", out.problems);
    }
    let cut = &line[..line.len() / 2];
    let out = parse("unified-log-json", "x.json", format!("{own}{cut}\n").as_bytes());
    assert!(!span(&out).whole);
}

/// The problems of a file of which the last bytes are missing.
fn without_the_last(artifact: &str, path: &str, bytes: usize) -> (bool, Vec<ProblemKind>) {
    let whole = fixture_bytes(path);
    let out = parse(artifact, path, &whole[..whole.len() - bytes]);
    (out.partial, out.problems.iter().map(|problem| problem.kind).collect())
}

#[test]
fn an_export_that_is_cut_within_a_record_is_partial() {
    let lines = fixture_bytes("unified-log-json/lines.ndjson");
    let last = lines[..lines.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    // Without the line that ends an export, and the end of the record before it.
    let missing = lines.len() - last + 40;
    for (artifact, path, bytes) in [
        ("unified-log-json", "unified-log-json/lines.ndjson", missing),
        ("unified-log-json", "unified-log-json/iterator.jsonl", 40),
        ("unified-log-csv", "unified-log-csv/records.csv", 40),
        ("unified-log-text", "unified-log-text/compact.txt", 5),
        ("unified-log-text", "unified-log-text/syslog.txt", 5),
    ] {
        let (partial, kinds) = without_the_last(artifact, path, bytes);
        assert!(partial, "{path}: {kinds:?}");
        let cuts = kinds.iter().filter(|kind| **kind == ProblemKind::Truncated).count();
        assert_eq!(cuts, 1, "{path}: {kinds:?}");
    }
}

#[test]
fn a_whole_export_is_not_partial() {
    for (artifact, path) in [
        ("unified-log-json", "unified-log-json/lines.ndjson"),
        ("unified-log-json", "unified-log-json/iterator.jsonl"),
        ("unified-log-csv", "unified-log-csv/records.csv"),
        ("unified-log-text", "unified-log-text/compact.txt"),
        ("unified-log-console", "unified-log-console/copy.txt"),
    ] {
        assert!(!without_the_last(artifact, path, 0).0, "{path}");
    }
}
