//! Exports read in pieces of every size, by a crew that does all of them, some, or none before their turn comes:
//! what comes out is what reading in order gives.

use crate::artifacts::place_of;
use crate::support::{
    Random, Scratch, collected_with, damaged, fixture_bytes, fixtures, parse, parse_with,
};
use portolan::artifacts::{Crew, Emitter};
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

/// When the crew does a piece that is offered.
#[derive(Clone, Copy, Debug)]
enum Zeal {
    /// At once, when least is known of what stands before it.
    Always,
    /// When the toss of a coin says so; the rest is left to the parser.
    Sometimes,
    /// On a thread of its own.
    Beside,
}

/// A crew of the tests.
struct Hands {
    zeal: Zeal,
    pieces: usize,
    piece: usize,
    coins: RefCell<Random>,
    offers: Cell<usize>,
}

impl Hands {
    fn new(zeal: Zeal, pieces: usize, piece: usize) -> Self {
        let coins = RefCell::new(Random::new(piece as u64 ^ pieces as u64));
        Self { zeal, pieces, piece, coins, offers: Cell::new(0) }
    }
}

impl Crew for Hands {
    fn pieces(&self) -> usize {
        self.pieces
    }

    fn piece(&self) -> usize {
        self.piece
    }

    fn offer(&self, work: Box<dyn FnOnce() + Send>) {
        self.offers.set(self.offers.get() + 1);
        match self.zeal {
            Zeal::Always => work(),
            Zeal::Sometimes if self.coins.borrow_mut().below(2) == 0 => work(),
            Zeal::Sometimes => {}
            Zeal::Beside => drop(std::thread::spawn(work)),
        }
    }
}

/// Styles that are read in lines, by the artifact whose fixtures they are.
const SPLIT: &[&str] =
    &["unified-log-console", "unified-log-csv", "unified-log-json", "unified-log-text"];

/// Everything that an emitter holds.
fn all_of(out: &Emitter) -> String {
    let mut text = String::new();
    for observation in &out.observations {
        writeln!(text, "{observation:?}").unwrap();
    }
    for problem in &out.problems {
        writeln!(text, "{problem:?}").unwrap();
    }
    let (more, partial) = (out.more_problems, out.partial);
    writeln!(text, "{:?} {:?} {more} {partial}", out.skipped, out.notes).unwrap();
    text
}

/// Checks that a crew never shows.
#[track_caller]
fn assert_same(what: &str, id: &str, path: &str, bytes: &[u8], crews: &[(Zeal, usize, usize)]) {
    let in_order = all_of(&parse(id, path, bytes));
    for &(zeal, pieces, piece) in crews {
        let in_pieces = all_of(&parse_with(&Hands::new(zeal, pieces, piece), id, path, bytes));
        let shown = || String::from_utf8_lossy(bytes).into_owned();
        assert!(
            in_pieces == in_order,
            "{what}: {zeal:?}, {pieces} pieces of {piece} bytes\n--- in order\n{in_order}\n--- in pieces\n{in_pieces}\n--- of\n{}",
            shown()
        );
    }
}

/// Crews for whole files: each size of pieces, done at once or not.
fn crews() -> Vec<(Zeal, usize, usize)> {
    let mut crews = Vec::new();
    for piece in [1, 2, 3, 50, 100, 170, 300, 500, 800, 1300, 2100, 5000, 20_000, usize::MAX] {
        crews.extend([(Zeal::Always, 1, piece), (Zeal::Always, 3, piece)]);
        crews.extend([(Zeal::Sometimes, 4, piece), (Zeal::Always, 64, piece)]);
    }
    crews
}

fn split_fixtures() -> impl Iterator<Item = (String, String, Vec<u8>)> {
    let split = |(id, _): &(String, String)| SPLIT.contains(&id.as_str());
    fixtures().into_iter().filter(split).map(|(id, name)| {
        let bytes = fixture_bytes(&format!("{id}/{name}"));
        let path = place_of(&id, &name);
        (id, path, bytes)
    })
}

#[test]
fn no_fixture_shows_that_it_was_read_in_pieces() {
    for (id, path, bytes) in split_fixtures() {
        assert_same(&path, &id, &path, &bytes, &crews());
    }
}

#[test]
fn no_damaged_fixture_shows_that_it_was_read_in_pieces() {
    for (id, path, bytes) in split_fixtures() {
        damaged(&bytes, 3, |bytes| {
            let crews = [(Zeal::Always, 3, 1), (Zeal::Sometimes, 4, 200), (Zeal::Always, 8, 600)];
            assert_same(&path, &id, &path, bytes, &crews);
        });
    }
}

/// Lines of all fixtures of an artifact in any order: records, halves of them, headers, preludes, ends, forged
/// records; now and then one stretch as it stood.
#[test]
fn no_jumble_of_lines_shows_that_it_was_read_in_pieces() {
    let mut random = Random::new(11);
    for id in SPLIT {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for (_, _, bytes) in split_fixtures().filter(|(of, _, _)| of == id) {
            lines.extend(bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
        }
        for round in 0..30 {
            let mut bytes = Vec::new();
            for _ in 0..40 {
                let at = random.below(lines.len());
                let stretch = [1, 1, 3, 20][random.below(4)];
                bytes.extend(lines[at..].iter().take(stretch).flatten());
            }
            let piece = 1 + random.below(3000);
            let crews =
                [(Zeal::Always, 3, 1), (Zeal::Sometimes, 5, piece), (Zeal::Always, 9, piece)];
            assert_same(&format!("{id} {round}"), id, "x.txt", &bytes, &crews);
        }
    }
}

/// A style, and a record of it: its second since the beginning, its number, who wrote it and what.
struct Style {
    artifact: &'static str,
    begins: &'static str,
    record: fn(i64, usize, &str, &str) -> String,
}

const STYLES: &[Style] = &[
    Style { artifact: "unified-log-text", begins: "", record: default },
    Style { artifact: "unified-log-text", begins: "", record: compact },
    Style { artifact: "unified-log-text", begins: "", record: syslog },
    Style { artifact: "unified-log-console", begins: "", record: console },
    Style { artifact: "unified-log-json", begins: "", record: ndjson },
    Style { artifact: "unified-log-json", begins: "", record: jsonl },
    Style { artifact: "unified-log-csv", begins: CSV, record: csv },
];

const CSV: &str = "Timestamp,Event Type,Log Type,Subsystem,Thread ID,PID,EUID,Library,Library UUID,Activity ID,\
                   Parent Activity ID,Category,Process,Process UUID,Message,Raw Message,Boot UUID,System Timezone Name\n";

/// `2026-05-04 08:00:01`, so many seconds behind the beginning of a year.
fn civil(second: i64, between: char) -> String {
    let start = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
    let time = start + jiff::SignedDuration::from_secs(second);
    time.strftime(&format!("%Y-%m-%d{between}%H:%M:%S")).to_string()
}

fn default(second: i64, count: usize, process: &str, message: &str) -> String {
    let (pid, time) = (pid_of(process, count), civil(second, ' '));
    format!(
        "{time}.000001+0200 0x1f2e3    Default     0x0                  {pid}      0    {process}: {message}\n"
    )
}

fn compact(second: i64, count: usize, process: &str, message: &str) -> String {
    format!("{}.000 Df {process}[{}:1f2e3] {message}\n", civil(second, ' '), pid_of(process, count))
}

fn syslog(second: i64, count: usize, process: &str, message: &str) -> String {
    let (pid, time) = (pid_of(process, count), civil(second, ' '));
    format!("{time}.000001+0200  localhost {process}[{pid}]: {message}\n")
}

fn console(second: i64, _: usize, process: &str, message: &str) -> String {
    let time = civil(second, ' ');
    format!("default\t{}.000001+0200\t{process}\t{message}\n", &time[11..])
}

fn ndjson(second: i64, count: usize, process: &str, message: &str) -> String {
    let (pid, boot) = (pid_of(process, count), count / 40);
    let (time, message) = (civil(second, ' '), escaped(message));
    format!(
        "{{\"timezoneName\":\"\",\"eventType\":\"logEvent\",\"bootUUID\":\"7B1A66C2-0D5E-4F0B-9C55-2B5B1F4A{boot:04}\",\
         \"processImagePath\":\"\\/x\\/{process}\",\"timestamp\":\"{time}.000001+0200\",\"eventMessage\":\"{message}\",\"processID\":{pid}}}\n"
    )
}

fn jsonl(second: i64, count: usize, process: &str, message: &str) -> String {
    let (pid, boot) = (pid_of(process, count), count / 40);
    // Some have no clock, some another layout of time, some are leap seconds.
    let time = match count % 97 {
        95 => "1970-01-01T00:00:01.000000000Z".to_owned(),
        96 => format!("{}.500Z", civil(second, 'T')),
        94 => format!("{}:60.100000000Z", &civil(second, 'T')[..16]),
        _ => format!("{}.000000001Z", civil(second, 'T')),
    };
    let process = if process == "kernel" { "/kernel" } else { process };
    format!(
        "{{\"subsystem\":\"\",\"pid\":{pid},\"library\":\"{process}\",\"category\":\"\",\"event_type\":\"Log\",\"log_type\":\"Default\",\
         \"library_uuid\":\"C0\",\"process_uuid\":\"C1\",\"raw_message\":\"\",\"process\":\"{process}\",\"message\":\"{}\",\"boot_uuid\":\"7B1A66C20D5E4F0B9C552B5B1F4A{boot:04}\",\"timestamp\":\"{time}\"}}\n",
        escaped(message)
    )
}

fn csv(second: i64, count: usize, process: &str, message: &str) -> String {
    let (pid, boot, time) = (pid_of(process, count), count / 40, civil(second, 'T'));
    let process = if process == "kernel" { "/kernel" } else { process };
    let message = message.replace('"', "\"\"");
    format!(
        "{time}.001Z,Log,Default,,127971,{pid},0,{process},C0,0,0,,{process},C1,\"{message}\",\"%s\",7B1A66C20D5E4F0B9C552B5B1F4A{boot:04},Berlin\n"
    )
}

fn pid_of(process: &str, count: usize) -> usize {
    if process == "kernel" { 0 } else { 600 + count }
}

fn escaped(text: &str) -> String {
    text.replace('"', "\\\"").replace('\n', "\\n")
}

/// An export of one style: its records in about the order of time, with steps back and forth, messages of several
/// lines, and forged records in them; now and then another export behind it, or damage.
fn export(style: &Style, random: &mut Random, records: usize) -> Vec<u8> {
    let mut text = style.begins.to_owned();
    let mut second = 500_000_i64;
    for count in 0..records {
        second += match random.below(60) {
            0 => -290,
            1 => -350,
            2 => 4000,
            3 => -50_000,
            4 => 280,
            _ => i64::try_from(random.below(30)).unwrap(),
        };
        let told = format!(
            "tcp listen: [<IPv4-redacted>:{}<-><IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: {count} t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0",
            7000 + count
        );
        let record =
            |back, process, message: &str| (style.record)(second - back, count, process, message);
        let next = match random.below(12) {
            0..3 => record(0, "kernel", &told),
            3 => record(0, "liar", &format!("text\n{}and more", record(0, "kernel", &told))),
            4 => record(0, "liar", &format!("\"\n{}", record(1000, "kernel", &told))),
            5 => record(0, "liar", "a \"quoted\"\n\n2026-01-01T00:00:01.000Z,\nline"),
            6 => record(0, "liar", "Failed to get string message from UUIDText file \n {"),
            7 if random.below(8) == 0 => style.begins.to_owned() + "{\"count\":7,\"finished\":1}\n",
            7 if random.below(8) == 0 => {
                "Timestamp                       (process)[PID]    \n".to_owned()
            }
            7 if random.below(8) == 0 => format!("{}\nLog      - Default: 1\n", "-".repeat(116)),
            7 if random.below(8) == 0 => record(0, "kernel", &told)[7..].to_owned(),
            _ => record(0, "idle", "nothing"),
        };
        text.push_str(&next);
    }
    if random.below(2) == 0 {
        text.truncate(text.len() - random.below(200));
    }
    text.into_bytes()
}

#[test]
fn no_style_shows_where_it_was_cut() {
    let mut random = Random::new(5);
    for (at, style) in STYLES.iter().enumerate() {
        for round in 0..15 {
            let bytes = export(style, &mut random, [30, 120, 400][round % 3]);
            let piece = 1 + random.below([300, 3000, 30_000][round % 3]);
            let crews = [
                (Zeal::Always, 2, 1),
                (Zeal::Always, 7, piece),
                (Zeal::Sometimes, 5, piece),
                (Zeal::Always, 1000, 2000),
            ];
            assert_same(&format!("style {at}, {round}"), style.artifact, "x.txt", &bytes, &crews);
        }
    }
}

#[test]
fn times_that_do_not_compare_as_text_are_compared_in_order() {
    // As text the second is the last of all, in time the third is.
    let times = ["08:00:00.000000001Z", "08:00:00.500Z", "08:00:00.500999999Z", "08:00:00.400Z"];
    let record = jsonl(500_000, 0, "idle", "nothing");
    let (before, _) = record.rsplit_once('T').unwrap();
    let text = times.map(|time| format!("{before}T{time}\"}}\n")).concat();
    assert_same("times", "unified-log-json", "x.txt", text.as_bytes(), &crews());
}

#[test]
fn the_boots_beyond_the_limit_are_the_same_ones() {
    for style in STYLES {
        let boots = (1..100).rev().map(|boot| (style.record)(500_000, boot * 40, "kernel", TOLD));
        let text = style.begins.to_owned() + &boots.collect::<String>();
        assert_same("boots", style.artifact, "x.txt", text.as_bytes(), &crews());
    }
}

#[test]
fn threads_of_their_own_do_not_show() {
    let mut random = Random::new(6);
    for style in STYLES {
        let bytes = export(style, &mut random, 2000);
        assert_same("threads", style.artifact, "x.txt", &bytes, &[(Zeal::Beside, 8, 4000); 4]);
    }
}

#[test]
fn pieces_are_offered_in_every_style() {
    for style in STYLES {
        let bytes = export(style, &mut Random::new(6), 400);
        let hands = Hands::new(Zeal::Always, 4, 500);
        parse_with(&hands, style.artifact, "x.txt", &bytes);
        assert!(hands.offers.get() > 20, "{}: {} pieces", style.artifact, hands.offers.get());
    }
}

/// What the kernel says of a listener.
const TOLD: &str = "tcp listen: [<IPv4-redacted>:7001<-><IPv4-redacted>:0] interface:  (skipped: 0)\n\
                    so_gencnt: 7 t_state: LISTEN process: harbord:612 so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0";

/// The file is larger than a block that is read at once: its pieces are blocks, and the pool does them.
#[test]
fn a_large_export_is_the_same_for_any_number_of_jobs() {
    let mut random = Random::new(7);
    for (at, style) in STYLES.iter().enumerate() {
        let scratch = Scratch::new("large-export");
        let mut bytes = style.begins.to_owned().into_bytes();
        for part in 0..4000 {
            let message =
                if part % 50 == 0 { TOLD.to_owned() } else { "x".repeat(random.below(2000)) };
            bytes.extend((style.record)(500_000 + part, 7, "kernel", &message).bytes());
        }
        let file = scratch.write(&format!("{at}.log"), &bytes);
        let [one, two, many] = [1, 2, 5].map(|jobs| {
            let collected = collected_with(std::slice::from_ref(&file), jobs);
            format!("{:?} {:?}", collected.sources, collected.observations)
        });
        assert!(
            one.matches("harbord").count() >= 80,
            "style {at}: {}",
            &one[..one.len().min(2000)]
        );
        assert!(one == two && one == many, "style {at}");
    }
}
