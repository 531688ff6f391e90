//! What `unifiedlog_iterator` writes, as CSV and as JSONL → the same as `log show` says.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, LogSpan, ProblemKind, When};
use portolan::model::provenance::Locator;

const CSV: &str = "unified-log-csv";
const JSON: &str = "unified-log-json";
const BOTH: [(&str, &str); 2] = [(CSV, "records.csv"), (JSON, "iterator.jsonl")];

fn read(id: &str, fixture: &str) -> Emitter {
    parse(id, fixture, &fixture_bytes(&format!("{id}/{fixture}")))
}

fn text(id: &str, fixture: &str) -> String {
    String::from_utf8(fixture_bytes(&format!("{id}/{fixture}"))).unwrap()
}

fn ports(out: &Emitter) -> Vec<u16> {
    let port = |fact: &Fact| match fact {
        Fact::Flow(flow) => flow.socket.local.port.number(),
        _ => None,
    };
    out.observations.iter().filter_map(|observation| port(&observation.fact)).collect()
}

fn spans(out: &Emitter) -> Vec<(&LogSpan, &When, Locator)> {
    let spans = out.observations.iter().filter_map(|told| match &told.fact {
        Fact::Log(span) => Some((&**span, &told.when, told.place.locator)),
        _ => None,
    });
    spans.collect()
}

fn is_whole(out: &Emitter) -> bool {
    spans(out).iter().all(|(span, ..)| span.whole)
}

fn problems(out: &Emitter) -> Vec<(ProblemKind, Locator)> {
    out.problems.iter().map(|problem| (problem.kind, problem.locator)).collect()
}

/// The facts of sockets, jobs and boots without their places, to the millisecond.
fn facts(out: &Emitter) -> Vec<String> {
    let told = out.observations.iter().filter(|told| !matches!(told.fact, Fact::Log(_)));
    let told = told.map(|told| {
        let When::Utc(window) = &told.when else { panic!("{:?}", told.when) };
        format!("{} {:?}", window.lo.as_millisecond(), told.fact)
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

#[test]
fn what_the_iterator_writes_is_read() {
    insta::assert_snapshot!(rendered(&read(CSV, "records.csv")));
}

#[test]
fn damaged_csv_is_read_around_the_damage() {
    insta::assert_snapshot!(rendered(&read(CSV, "damaged.csv")));
}

#[test]
fn damaged_jsonl_is_read_around_the_damage() {
    insta::assert_snapshot!(rendered(&read(JSON, "iterator-damaged.jsonl")));
}

#[test]
fn every_style_says_the_same_of_the_same_records() {
    let shown = read(JSON, "lines.ndjson");
    let dated = |out: &Emitter| -> Vec<String> {
        facts(out).into_iter().filter(|fact| !fact.contains("BootRunning")).collect()
    };
    assert_eq!(ports(&shown), [8443, 50110, 50110, 60198, 60198, 8443, 50111, 8443]);
    for (id, fixture) in [BOTH[0], BOTH[1], (CSV, "older.csv")] {
        let out = read(id, fixture);
        assert_eq!(dated(&out), dated(&shown), "{fixture}");
        assert!(out.problems.is_empty() && is_whole(&out), "{fixture}: {:?}", out.problems);
    }
    assert_eq!(facts(&read(CSV, "records.csv")), facts(&read(JSON, "iterator.jsonl")));
}

#[test]
fn a_message_that_holds_a_record_forges_none() {
    for (id, fixture) in BOTH {
        let text = text(id, fixture);
        for port in 6666..6670_u16 {
            assert!(id == JSON || text.contains(&format!(":{port}")), "{fixture}: {port}");
            assert!(!ports(&read(id, fixture)).contains(&port), "{fixture}: {port}");
        }
    }
}

#[test]
fn a_process_that_was_not_found_is_neither_the_kernel_nor_launchd() {
    for (id, fixture) in BOTH {
        let out = read(id, fixture);
        let why = "records of the kernel or launchd whose pid is missing";
        assert_eq!(out.skipped.get(why), Some(&2), "{fixture}: {:?}", out.skipped);
        let jobs = out.observations.iter().filter(|told| matches!(told.fact, Fact::JobEvent(_)));
        assert_eq!(jobs.count(), 1, "{fixture}: that of pid 1");
    }
}

#[test]
fn a_record_whose_text_is_lost_is_counted_so() {
    let why = "records whose text is lost: its strings file is missing";
    for (id, fixture) in BOTH {
        assert_eq!(read(id, fixture).skipped.get(why), Some(&1), "{fixture}");
    }
}

#[test]
fn the_span_is_from_the_least_to_the_greatest_time_of_all_records() {
    for (id, fixture) in BOTH {
        let out = read(id, fixture);
        let [(span, first, _), (_, last, _)] = spans(&out)[..] else { panic!("two ends") };
        assert!(span.layout.starts_with("unifiedlog_iterator "), "{}", span.layout);
        let lo = |when: &When| match when {
            When::Utc(window) => window.lo.to_string(),
            _ => panic!("{when:?}"),
        };
        assert_eq!(lo(first), "2026-05-04T05:30:00Z", "{fixture}");
        assert_eq!(lo(last), "2026-05-04T06:20:00Z", "{fixture}");
    }
}

#[test]
fn a_record_of_1970_dates_nothing_and_one_row_says_how_many() {
    for (id, fixture) in [(CSV, "damaged.csv"), (JSON, "iterator-damaged.jsonl")] {
        let out = read(id, fixture);
        assert_eq!(out.skipped.get("records of a boot whose clock is unknown"), Some(&2));
        let rows = problems(&out);
        let rows = rows.iter().filter(|(kind, _)| *kind == ProblemKind::AmbiguousTime);
        assert_eq!(rows.count(), 1, "{fixture}");
        assert!(!rendered(&out).contains("1970-"), "{fixture}");
    }
}

#[test]
fn times_are_as_fine_as_the_style_writes_them() {
    let width = |fixture, id| {
        let told = read(id, fixture);
        let When::Utc(window) = told.observations[0].when else { panic!("not UTC") };
        window.hi.as_nanosecond() - window.lo.as_nanosecond()
    };
    assert_eq!((width("records.csv", CSV), width("iterator.jsonl", JSON)), (999_000, 0));
}

#[test]
fn both_are_known_by_their_content_whatever_their_name() {
    for (id, fixture) in [BOTH[0], BOTH[1], (CSV, "older.csv")] {
        for path in ["a.txt", "case/logs/system.log", "x/output.json"] {
            let bytes = fixture_bytes(&format!("{id}/{fixture}"));
            assert_eq!(claim(path, &bytes).as_deref(), Some(id), "{fixture} as {path}");
        }
    }
}

/// Records of one port each, by style; the lines of a record of CSV are three: its format string holds a break too.
fn records(id: &str) -> Vec<String> {
    let record = |port: usize| {
        let listens = format!(
            "tcp listen: [<IPv4-redacted>:{port}<-><IPv4-redacted>:0] interface:  (skipped: 0)@so_gencnt: {port} t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0"
        );
        let time = format!("2026-05-04T06:00:{:02}.000", port - 8000);
        if id == CSV {
            format!(
                "{time}Z,Log,Default,,1,0,0,/kernel,A0,0,0,,/kernel,A0,\"{}\",\"tcp %s: (skipped: %u)\n%s\",7B1A66C20D5E4F0B9C552B5B1F4AA101,Berlin\n",
                listens.replace('@', "\n")
            )
        } else {
            format!(
                "{{\"subsystem\":\"\",\"pid\":0,\"library_uuid\":\"A0\",\"activity_id\":0,\"event_type\":\"Log\",\"log_type\":\"Default\",\"process\":\"/kernel\",\"message\":\"{}\",\"boot_uuid\":\"7B1A66C20D5E4F0B9C552B5B1F4AA101\",\"timestamp\":\"{time}000000Z\",\"evidence\":\"a\"}}\n",
                listens.replace('@', "\\n")
            )
        }
    };
    (8000..8012).map(record).collect()
}

fn header(id: &str) -> String {
    if id == JSON {
        return String::new();
    }
    text(CSV, "records.csv").lines().next().unwrap().to_owned() + "\n"
}

#[test]
fn a_file_cut_at_any_byte_loses_only_the_last_record() {
    for id in [CSV, JSON] {
        let (header, mut records) = (header(id), records(id));
        records.truncate(4);
        let whole = records.concat();
        for at in 0..whole.len() {
            let out = parse(id, "x", (header.clone() + &whole[..at]).as_bytes());
            let mut end = 0;
            let before = records.iter().take_while(|record| {
                end += record.len();
                end <= at
            });
            let before = before.count();
            let found = ports(&out).len();
            assert!(found == before || found == before + 1, "{id} cut at {at}: {found}");
            let odd = whole[..at].lines().last().is_some_and(|line| !line.ends_with('}'));
            assert!(id == CSV || before == 0 || is_whole(&out) != odd, "{id} cut at {at}");
        }
    }
}

#[test]
fn any_damaged_line_loses_only_its_record() {
    for (id, garbage) in [
        (CSV, "garbage"),
        (CSV, "gar\"bage"),
        (CSV, ",\"\",\"\n"),
        (CSV, "2026-05-04T06:00:00.000Z,(skipped: "),
        (JSON, "{\"(skipped: \":}"),
        (JSON, "{\"a"),
        (JSON, "garbage"),
    ] {
        let text = records(id).concat();
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let mut damaged = lines.clone();
            damaged[at] = garbage;
            let out = parse(id, "x", (header(id) + &damaged.join("\n") + "\n").as_bytes());
            let lost = 8000 + if id == CSV { at / 3 } else { at };
            let kept: Vec<u16> = (8000..8012).filter(|port| usize::from(*port) != lost).collect();
            assert_eq!(ports(&out), kept, "{id}: line {at} is {garbage}");
            // What looks like a record is one more.
            let most = 1 + usize::from(garbage.starts_with("2026") || garbage.contains('\n'));
            assert!(out.problems.len() <= most, "{garbage}: {:?}", out.problems);
        }
    }
}

#[test]
fn a_lost_quote_loses_only_its_record() {
    let text = records(CSV).concat();
    for (nth, (at, _)) in text.match_indices('"').enumerate() {
        let out = parse(
            CSV,
            "x",
            format!("{}{}{}", header(CSV), &text[..at], &text[at + 1..]).as_bytes(),
        );
        let kept: Vec<u16> =
            (0..12).filter(|n| *n != nth / 4).map(|n| 8000 + u16::try_from(n).unwrap()).collect();
        assert_eq!(ports(&out), kept, "quote {nth}");
        assert_eq!(out.problems.len(), 1, "quote {nth}: {:?}", out.problems);
    }
}

#[test]
fn a_record_without_end_is_given_up_and_what_follows_read() {
    let idle = "2026-05-04T06:00:00.000Z,Log,Default,,1,9,0,/a,A0,0,0,,/a,A0,idle,%s,,Berlin\n";
    let opened = idle.replace("idle", "\"idle");
    for behind in [idle.repeat(2000), format!("{}\n", "x".repeat(1 << 19)).repeat(3)] {
        let text = header(CSV) + &opened + &behind + &records(CSV)[3];
        let out = parse(CSV, "x", text.as_bytes());
        assert_eq!(ports(&out), [8003]);
        assert_eq!(problems(&out), [(ProblemKind::MalformedRecord, Locator::Line(2))]);
    }
}

#[test]
fn quotes_without_partners_cost_no_more_than_their_lines() {
    let began = std::time::Instant::now();
    let lines = "2026-05-04T06:00:00.000Z,\"\n".to_owned() + &"x,(skipped: \n".repeat(1000);
    let out = parse(CSV, "x", (header(CSV) + &lines.repeat(300)).as_bytes());
    assert!(out.problems.len() > 100);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
