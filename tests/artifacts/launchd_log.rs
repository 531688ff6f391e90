//! `launchd.log` → starts and ends of jobs.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, HostClaim, JobEvent, JobEventKind, ProblemKind, When};

const PATH: &str = "private/var/log/com.apple.xpc.launchd/launchd.log";

fn read(text: &str) -> Emitter {
    parse("launchd-log", PATH, text.as_bytes())
}

fn events<'a>(out: &'a Emitter) -> Vec<&'a JobEvent> {
    let event = |fact: &'a Fact| match fact {
        Fact::JobEvent(event) => Some(&**event),
        _ => None,
    };
    out.observations.iter().filter_map(|observation| event(&observation.fact)).collect()
}

fn offset(out: &Emitter) -> Option<i32> {
    out.observations.iter().find_map(|observation| match observation.fact {
        Fact::Host(HostClaim::Offset { seconds, .. }) => Some(seconds),
        _ => None,
    })
}

/// A boot whose stamps jump to `local` after two lines in UTC.
fn boot(local: &str) -> String {
    format!(
        "2026-03-02 13:00:00.100000 <Notice>: launchd logging initialized\n\
         2026-03-02 13:00:00.300000 (system/com.example.a [90]) <Notice>: xpcproxy spawned with pid 90\n\
         2026-03-02 {local} (system/com.example.b [91]) <Notice>: xpcproxy spawned with pid 91\n"
    )
}

macro_rules! snapshot {
    ($name:ident, $fixture:literal) => {
        #[test]
        fn $name() {
            let bytes = fixture_bytes(concat!("launchd-log/", $fixture));
            insta::assert_snapshot!(rendered(&parse("launchd-log", PATH, &bytes)));
        }
    };
}

snapshot!(every_kind_of_event_is_read, "every-event.log");
snapshot!(the_first_lines_of_a_boot_become_utc_at_the_jump, "early-boot-in-utc.log");
snapshot!(a_label_or_a_name_cannot_forge_an_event, "forged-lines.log");
snapshot!(a_log_cut_at_both_ends_loses_two_lines, "cut-off.log");

#[test]
fn a_log_is_known_by_its_place_and_by_its_lines() {
    let bytes = fixture_bytes("launchd-log/every-event.log");
    for path in [PATH, "x/com.apple.xpc.launchd/launchd.log.1", "case/notes.txt"] {
        assert_eq!(claim(path, &bytes).as_deref(), Some("launchd-log"), "{path}");
    }
    assert_eq!(claim(PATH, b"").as_deref(), Some("launchd-log"));
    assert_eq!(claim("Documents/launchd.log.txt", b"some prose about launchd\n"), None);
    let system = b"Nov 10 20:02:01 mac launchd[1]: hello\n";
    assert_eq!(claim("system.log", system).as_deref(), Some("system-log"));
}

#[test]
fn the_number_after_a_bare_domain_is_a_session_and_not_a_process() {
    let out = read(
        "2026-03-02 10:00:09.000000 (gui/501 [100007]) <Notice>: Enabling service net.example.a\n",
    );
    assert_eq!(events(&out)[0].pid, None);
    assert_eq!(events(&out)[0].domain.as_deref(), Some("gui/501"));
}

#[test]
fn a_jump_backwards_is_west_of_utc_and_a_jump_forwards_is_east() {
    for (local, seconds) in [
        ("07:00:01.9", -21600),
        ("23:00:02.0", 36000),
        ("18:45:00.5", 20700),
        ("03:30:59.0", -34200),
    ] {
        let out = read(&boot(&format!("{local}00000")));
        assert_eq!(offset(&out), Some(seconds), "{local}");
        assert!(matches!(out.observations[0].when, When::Utc(_)));
        assert!(matches!(out.observations[1].when, When::Utc(_)));
        assert!(matches!(out.observations.last().unwrap().when, When::Local(..)));
    }
}

#[test]
fn other_steps_are_no_jump() {
    // Disorder, a pause, a clock that was set, and more than any zone is from UTC.
    for local in ["12:59:58.0", "13:00:40.0", "12:52:30.0", "13:16:00.0", "13:07:00.0"] {
        let out = read(&boot(&format!("{local}00000")));
        assert_eq!(offset(&out), None, "{local}");
        assert!(
            out.observations.iter().all(|seen| matches!(seen.when, When::Local(..))),
            "{local}"
        );
    }
    let late = boot("13:02:00.000000")
        + "2026-03-02 07:02:01.000000 (system/com.example.c [92]) <Notice>: xpcproxy spawned with pid 92\n";
    assert_eq!(offset(&read(&late)), None);
}

#[test]
fn a_line_that_can_be_read_in_two_ways_gives_no_event() {
    let out = read(
        "2026-03-02 10:00:00.000001 (gui/501/x) <Notice>: exited due to y, ran for 5ms [7]) <Notice>: created\n",
    );
    assert!(events(&out).is_empty());
    assert_eq!(out.problems[0].kind, ProblemKind::MalformedRecord);
}

#[test]
fn a_program_may_be_named_like_a_message() {
    let out = read(
        "2026-03-02 10:00:00.000001 (system/a [7]) <Notice>: Successfully spawned x[1] because y[7] because z\n",
    );
    let JobEventKind::Launched { name, pid, reason } = &events(&out)[0].kind else { panic!() };
    assert_eq!((&**name, *pid, &**reason), ("x[1] because y", 7, "z"));
}

#[test]
fn a_line_gives_at_most_one_event_whatever_its_message() {
    let words = [
        "xpcproxy spawned with pid ",
        "7",
        "] because ",
        "Successfully spawned ",
        "[",
        ", ran for ",
        "ms",
        "exited due to ",
        "Bootstrap by ",
        "] for ",
        " failed (",
        ") <Notice>: ",
        "(system/a [7]",
        " ",
        "é",
        "2026-03-02 10:00:00.000001 ",
        "Enabling service ",
        "booting out service: caller = ",
        ", value = ",
    ];
    arbtest::arbtest(|u| {
        let mut message = String::new();
        for _ in 0..u.arbitrary::<u8>()? % 12 {
            message.push_str(u.choose(&words)?);
        }
        let out = read(&format!("2026-03-02 10:00:00.000001 (system/a [7]) <Notice>: {message}\n"));
        assert!(events(&out).len() <= 1, "{message}");
        let skipped: u64 = out.skipped.values().sum();
        let told = events(&out).len() as u64 + out.problems.len() as u64 + skipped;
        assert_eq!(told, 1, "{message}");
        Ok(())
    });
}
