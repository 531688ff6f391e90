//! What a policy changes in a run: the status of an anomaly, its P16, and nothing else.

use super::{exception, judged, policy, told_with, with};
use crate::rules::daemon;
use crate::story::{Files, Lsof, Mac, Told, job, netstat_26, several_against, told_against};
use crate::support::{Row, tables_of};
use portolan::hosts::Options;
use portolan::report;
use std::collections::BTreeMap;

/// A web console that its job starts without naming the port (P02, 45 points).
fn ttyd() -> Mac {
    daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)")
}

const MATCH: &str = "match = { host = \"*\", role = \"*\", label = \"com.corp.ttyd\", \
    direction = \"listen\", protocol = \"tcp\", ports = [\"7681\"] }";

/// A listing of the console at that instant, without anything else.
fn listed(captured: &str, text: &str) -> Told {
    let rows = [("tcp4", "*.7681", "*.*", "LISTEN", "ttyd:410", 7)];
    let files = Files::default().with("netstat_-anv.txt", netstat_26(&rows));
    let captured_at = Some(crate::story::time(captured));
    let scratch = crate::story::Scratch::new();
    let folder = scratch.path().join("evidence");
    files.write(&folder);
    let options = Options { captured_at, ..Options::default() };
    told_against(&[folder], &options, &with(policy(text)))
}

fn state(told: &Told) -> (&'static str, Option<&str>, i32) {
    let anomaly = told.only_anomaly();
    (anomaly.status(), anomaly.exception.as_deref(), anomaly.score)
}

#[test]
fn an_exception_that_held_at_the_capture_covers_and_keeps_the_score() {
    let mac = ttyd().on("2026-03-30", "09:13").without_boot();
    let told = told_with(&mac, &exception(MATCH));
    assert_eq!(state(&told), ("excepted", Some("EX-12"), 45));
    let said = &told.only_anomaly().explanation;
    assert!(
        said.ends_with("Excepted by EX-12 of sec, valid until 2026-03-31 UTC: lab web console.")
    );
}

#[test]
fn an_exception_that_was_over_at_the_capture_adds_p16() {
    let told = told_with(&ttyd(), &exception(MATCH));
    assert_eq!(state(&told), ("open", None, 50));
    let factors = [
        ("P02", 20),
        ("P16", 5),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
    ];
    told.scores(&["P02", "P16"], &factors, 50);
    let reason = &told.only_anomaly().factors[1].reason;
    assert_eq!(reason, "EX-12 expired 15 days before capture (valid until 2026-03-31 UTC)");
}

#[test]
fn an_exception_holds_through_the_last_instant_of_its_day_in_its_zone() {
    let asked = "match = { process = \"ttyd\", ports = [\"7681\"] }";
    let (utc, west) =
        (exception(asked), exception(&format!("zone = \"America/Sao_Paulo\"\n{asked}")));
    for (captured, text, wanted) in [
        ("2026-03-31T23:59:59Z", &utc, Some("EX-12")),
        ("2026-03-31T23:59:59.999999Z", &utc, Some("EX-12")),
        ("2026-04-01T00:00:00Z", &utc, None),
        ("2026-04-01T01:00:00Z", &utc, None),
        ("2026-04-01T01:00:00Z", &west, Some("EX-12")),
        ("2026-04-01T02:59:59Z", &west, Some("EX-12")),
        ("2026-04-01T03:00:00Z", &west, None),
    ] {
        let told = listed(captured, text);
        let anomaly = told.only_anomaly();
        assert_eq!(anomaly.exception.as_deref(), wanted, "{captured} {}", anomaly.explanation);
        assert_eq!(anomaly.rules.contains(&"P16"), wanted.is_none(), "{captured}");
    }
}

#[test]
fn an_exception_does_not_hold_before_its_first_day() {
    let asked = "from = 2026-03-02\nmatch = { process = \"ttyd\" }";
    let told = listed("2026-03-01T23:59:59Z", &exception(asked));
    let anomaly = told.only_anomaly();
    assert!(anomaly.is_open() && !anomaly.rules.contains(&"P16"));
    let said = "EX-12 fits, but was not yet valid at capture (valid from 2026-03-02 UTC).";
    assert!(anomaly.explanation.ends_with(said), "{}", anomaly.explanation);
    assert!(!listed("2026-03-02T00:00:00Z", &exception(asked)).only_anomaly().is_open());
}

#[test]
fn an_exception_covers_nothing_whose_time_is_not_known() {
    // A copy out of Console.app has clock times without a day.
    let text = "default\t23:59:59.000000-0300\tkernel\ttcp listen: [<IPv4-redacted>:7681<->\
        <IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: 5 t_state: LISTEN process: ttyd:640 \
        so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n";
    let files = Files::default().with("case/console.txt", text);
    let told = judged(&files, policy(&exception("match = { process = \"ttyd\" }")));
    let anomaly = told.only_anomaly();
    assert!(told.binding(7681).interval.is_none(), "nothing dates it");
    assert!(anomaly.is_open() && !anomaly.rules.contains(&"P16"), "{}", anomaly.explanation);
    assert!(anomaly.explanation.ends_with("when this was observed is not known."));
}

#[test]
fn the_last_sighting_of_several_decides() {
    let macs = [ttyd().on("2026-03-30", "09:13").without_boot(), ttyd()];
    let told = several_against(&macs, &with(policy(&exception(MATCH))));
    let late = told.anomalies(7681).into_iter().filter(|one| one.rules.contains(&"P16")).count();
    assert_eq!(late, 1, "the one that was still there in April");
}

#[test]
fn the_explicit_exception_wins_over_the_approval_and_the_first_over_the_next() {
    let approved = "[[approved]]\nname = \"Web console\"\nmatch = { label = \"com.corp.ttyd\" }\n";
    let later = exception(MATCH).replace("EX-12", "EX-13").replace("2026-03-31", "2026-12-31");
    let text = format!("{approved}{}{later}{}", exception(MATCH), later.replace("13", "14"));
    let told = told_with(&ttyd(), &text);
    assert_eq!(state(&told), ("excepted", Some("EX-13"), 45));
    // Without one that holds the approval covers, and what is over adds nothing.
    let told = told_with(&ttyd(), &format!("{approved}{}", exception(MATCH)));
    assert_eq!(state(&told), ("excepted", Some("approved:Web console"), 45));
}

#[test]
fn an_approval_holds_on_its_ports_only() {
    let approved = |port| {
        format!(
            "[[approved]]\nname = \"Web console\"\nmatch = {{ path = \"/usr/local/bin/ttyd\" }}\n\
             ports = [\"{port}\"]\n"
        )
    };
    assert!(!told_with(&ttyd(), &approved(7681)).only_anomaly().is_open());
    assert!(told_with(&ttyd(), &approved(7682)).only_anomaly().is_open());
}

#[test]
fn an_inventory_approves_by_path_and_by_the_bundle_of_an_application() {
    let mut inventory = portolan::baseline::policy::Policy::default();
    let text =
        "name,path,bundle_id\nTTYD,/usr/local/bin/ttyd,\nFoo,,com.foo\nWrong,,com.corp.ttyd\n";
    inventory.add_inventory("inventory.csv", text).unwrap();
    let told = judged(&ttyd().files(), inventory.clone());
    assert_eq!(told.only_anomaly().exception.as_deref(), Some("approved:TTYD"));
    let app = Mac::new()
        .lsof(Lsof::tcp("Foo", 901, 0x90, "*:6055 (LISTEN)"))
        .ps(901, "ana", "01:00:00", "/Applications/Foo.app/Contents/MacOS/Foo")
        .loaded(Some(901), "application.com.foo.115.42");
    let told = judged(&app.files(), inventory.clone());
    assert_eq!(told.only_anomaly().exception.as_deref(), Some("approved:Foo"));
    // A property list may claim any label: that makes it no application.
    let claim = daemon("application.com.foo", &["/opt/x/x"], "*:6055 (LISTEN)");
    let told = judged(&claim.files(), inventory);
    assert!(told.0.anomalies.iter().all(portolan::model::anomaly::Anomaly::is_open));
}

#[test]
fn a_name_that_a_tool_cut_fits_no_exception() {
    let mac = |name| Mac::new().lsof(Lsof::tcp(name, 901, 0x90, "*:6055 (LISTEN)"));
    let text = |name| {
        exception(&format!("match = {{ process = \"{name}\" }}")).replace("2026-03", "2026-12")
    };
    assert!(told_with(&mac("lurkerlurker"), &text("lurkerlur")).only_anomaly().is_open());
    assert!(told_with(&mac("lurkerlurker"), &text("lurker*")).only_anomaly().is_open());
    let told = told_with(&mac("lurk"), &text("lurk"));
    assert!(!told.only_anomaly().is_open(), "{}", told.only_anomaly().explanation);
}

#[test]
fn a_job_by_itself_is_held_against_the_capture_of_its_acquisition() {
    let mac = Mac::new().plist(
        "/Library/LaunchDaemons/com.apple.fake.plist",
        &job("com.apple.fake", &["/opt/x/x"], ""),
    );
    let text = exception("match = { label = \"com.apple.fake\" }");
    let told = told_with(&mac, &text);
    assert_eq!(told.only_anomaly().rules, ["P11", "P16"]);
    let told = told_with(&mac, &text.replace("2026-03-31", "2026-04-15"));
    assert_eq!(told.only_anomaly().exception.as_deref(), Some("EX-12"));
}

#[test]
fn an_exception_that_is_over_makes_no_anomaly_of_its_own() {
    let quiet = Mac::new().lsof(Lsof::tcp("Python", 9002, 0x62, "127.0.0.1:8000 (LISTEN)")).ps(
        9002,
        "ana",
        "10:00",
        "python3 -m http.server 8000",
    );
    told_with(&quiet, &exception("match = { ports = [\"1-65535\"] }")).is_quiet();
}

#[test]
fn roles_stand_in_hosts_anomalies_and_tuples_and_can_be_matched() {
    let roles = "[roles]\n\"OTTER-*\" = \"lab\"\n";
    let asked = "match = { role = \"lab\", label = \"com.corp.ttyd\" }";
    let valid = exception(asked).replace("2026-03-31", "2026-12-31");
    let told = told_with(&ttyd(), &format!("{roles}{valid}"));
    assert!(!told.only_anomaly().is_open());
    let tables = tables_of(&told.0, &report::Options::default());
    for table in ["hosts", "anomalies", "tuples"] {
        assert!(tables[table].iter().all(|row| row["role"] == "lab"), "{table}");
    }
    assert!(told_with(&ttyd(), &valid).only_anomaly().is_open(), "no role is none");
    let mut other = policy(&valid);
    other.other_role = Some("lab".to_owned());
    assert!(!judged(&ttyd().files(), other).only_anomaly().is_open());
}

/// All tables, but for the path of the test's own folder.
fn shown(told: &Told) -> BTreeMap<&'static str, Vec<Row>> {
    let mut tables = tables_of(&told.0, &report::Options::default());
    for row in tables.values_mut().flatten() {
        row.remove("given");
    }
    tables
}

#[test]
fn an_added_exception_changes_the_status_of_what_it_covers_and_nothing_else() {
    let mac = ttyd().lsof(Lsof::tcp("lurker", 901, 0x90, "*:6055 (LISTEN)"));
    let before = shown(&told_with(&mac, ""));
    let valid = exception(MATCH).replace("2026-03-31", "2026-12-31");
    for text in [
        &valid,
        &format!(
            "{valid}{}",
            exception("match = { label = \"com.none\" }").replace("EX-12", "EX-1")
        ),
    ] {
        let after = shown(&told_with(&mac, text));
        for (table, rows) in &before {
            assert_eq!(rows.len(), after[table].len(), "{table}");
            for (old, new) in rows.iter().zip(&after[table]) {
                let changed: Vec<&str> =
                    old.keys().copied().filter(|key| old[key] != new[key]).collect();
                let covered = *table == "anomalies" && new["service"] == "com.corp.ttyd";
                let may: &[&str] =
                    if covered { &["exception_id", "explanation", "status"] } else { &[] };
                assert_eq!(changed, may, "{table}");
            }
        }
        assert_eq!(after, shown(&told_with(&mac, text)), "and always the same");
    }
}

#[test]
fn a_program_is_known_by_the_hash_that_a_sensor_tells() {
    let evidence = [crate::support::fixture("hosts/elastic-beside-captures")];
    let run = |text: &str| told_against(&evidence, &Options::default(), &with(policy(text)));
    let hash_of = |told: &Told, anomaly: &portolan::model::anomaly::Anomaly| {
        let binding = told.ports().bindings.get(anomaly.binding?)?;
        told.ports().processes.get(*binding.holders.first()?)?.code.sha256.clone()
    };
    let without = run("");
    let mut hashes = without.0.anomalies.iter().filter_map(|one| hash_of(&without, one));
    let hash = hashes.next_back().expect("a program whose hash is known");
    let told = run(&exception(&format!("match = {{ sha256 = \"{hash}\" }}")));
    for anomaly in &told.0.anomalies {
        let fits = hash_of(&told, anomaly).is_some_and(|own| own == hash);
        // The exception was over when this was captured.
        assert_eq!(anomaly.rules.contains(&"P16"), fits, "{}", anomaly.title);
    }
}
