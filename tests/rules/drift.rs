//! Rules that compare: P01, P05, P06, P13, P19 against baseline files and against a host's own past.

use super::{RUN_AT_LOAD, launchd, sockets};
use crate::story::{Lsof, Mac, Told, job, several_against, told, told_against};
use crate::support::{expectations, fixture};
use portolan::baseline::learned::LearnedBaseline;
use portolan::baseline::learned::file::parse;
use portolan::baseline::learned::learn::{Lesson, Plan, learn};
use portolan::hosts::Options;
use portolan::rules::Expectations;
use std::collections::BTreeMap;

/// Software that the story's Macs have: an agent, a database, a cache; and macOS's own.
fn base(name: &str) -> Mac {
    common(name)
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9190 (LISTEN)")
        .holding("com.example.cached", "/Library/Cached/cached", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "127.0.0.1:5632 (LISTEN)")
}

fn common(name: &str) -> Mac {
    Mac::new().named(name).seen_by_root()
}

trait Holding {
    fn holding(self, label: &str, program: &str, pid: u32, row: &'static str) -> Self;
}

impl Holding for Mac {
    /// A daemon that runs and listens.
    fn holding(self, label: &str, program: &str, pid: u32, row: &'static str) -> Self {
        let command = program.rsplit('/').next().unwrap();
        self.plist(
            &format!("/Library/LaunchDaemons/{label}.plist"),
            &job(label, &[program], RUN_AT_LOAD),
        )
        .loaded(Some(pid), label)
        .ps(pid, "root", "01-00:00:00", program)
        .lsof(Lsof::tcp(command, pid, u64::from(pid), row).root())
    }
}

fn lesson(macs: &[Mac], role: &str) -> Lesson {
    let told = crate::story::several(macs);
    let plan = Plan { name: "good", role, include_anomalies: false };
    learn(plan, &told.0.hosts, &told.0.ports, &told.0.anomalies)
}

fn learned(macs: &[Mac]) -> LearnedBaseline {
    lesson(macs, "*").baseline
}

fn against(baselines: Vec<LearnedBaseline>) -> Expectations {
    Expectations { learned: baselines, ..expectations().clone() }
}

/// Judges Macs, each a piece of evidence, against baselines.
fn judged(macs: &[Mac], baselines: Vec<LearnedBaseline>) -> Told {
    several_against(macs, &against(baselines))
}

fn three() -> Vec<Mac> {
    ["fox-01", "fox-02", "fox-03"].map(base).to_vec()
}

#[test]
fn what_was_learned_is_expected_on_another_mac() {
    judged(&[base("fox-04")], vec![learned(&three())]).is_quiet();
}

#[test]
fn p01_fires_for_a_service_that_the_baseline_lacks() {
    let mac =
        base("fox-05").holding("com.example.newd", "/Library/New/newd", 710, "*:7781 (LISTEN)");
    let told = judged(&[mac], vec![learned(&three())]);
    let factors = [
        ("P01", 30),
        ("persistence", 10),
        ("scope-exposed", 10),
        ("port-registered", 5),
        ("baseline-new-identity", 10),
    ];
    told.scores(&["P01"], &factors, 65);
    assert_eq!(told.only_anomaly().expected, "nothing of this program in good");
}

#[test]
fn p05_fires_for_a_service_on_another_port_than_the_baseline_gives_it() {
    let mac = common("fox-05")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9191 (LISTEN)")
        .holding("com.example.cached", "/Library/Cached/cached", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "127.0.0.1:5632 (LISTEN)");
    let told = judged(&[mac], vec![learned(&three())]);
    assert_eq!(told.only_anomaly().rules, ["P05"]);
    assert_eq!(
        told.only_anomaly().expected,
        "com.example.agentd on tcp 9190 (loopback), fleet in good, on 3 of 3 hosts; here 9191"
    );
}

#[test]
fn a_second_port_beside_the_known_one_is_new_and_not_moved() {
    let mac =
        base("fox-05").lsof(Lsof::tcp("agentd", 700, 0x7fff, "127.0.0.1:9191 (LISTEN)").root());
    let told = judged(&[mac], vec![learned(&three())]);
    assert_eq!(told.only_anomaly().rules, ["P01"]);
    let other = told.only_anomaly().factors.iter().find(|f| f.name == "baseline-other-ports");
    assert_eq!(other.map(|factor| factor.points), Some(5));
}

#[test]
fn p13_fires_for_a_known_listener_that_reaches_farther() {
    let mac = common("fox-05")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9190 (LISTEN)")
        .holding("com.example.cached", "/Library/Cached/cached", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "*:5632 (LISTEN)");
    let told = judged(&[mac], vec![learned(&three())]);
    let factors = [("P13", 25), ("persistence", 10), ("scope-exposed", 10), ("port-registered", 5)];
    told.scores(&["P13"], &factors, 50);
}

#[test]
fn a_listener_that_reaches_less_far_than_the_baseline_allows_is_expected() {
    let wide = common("fox-01").holding("com.example.a", "/Library/A/a", 700, "*:9190 (LISTEN)");
    let near =
        common("fox-02").holding("com.example.a", "/Library/A/a", 700, "127.0.0.1:9190 (LISTEN)");
    judged(&[near], vec![learned(&[wide])]).is_quiet();
}

#[test]
fn p06_fires_for_a_known_port_with_another_program() {
    let mac = common("fox-05")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9190 (LISTEN)")
        .holding("com.other.cache", "/Library/Other/otherd", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "127.0.0.1:5632 (LISTEN)");
    let told = judged(&[mac], vec![learned(&three())]);
    assert_eq!(told.only_anomaly().rules, ["P06", "P01"]);
    assert!(told.only_anomaly().expected.starts_with("com.example.cached on tcp 6479"));
}

#[test]
fn p06_is_silent_where_only_few_hosts_of_the_baseline_have_another_holder() {
    let one = base("fox-01").holding("com.example.x", "/Library/X/x", 720, "*:7900 (LISTEN)");
    let good = learned(&[one, base("fox-02"), base("fox-03")]);
    let mac = base("fox-05").holding("com.example.y", "/Library/Y/y", 720, "*:7900 (LISTEN)");
    assert_eq!(judged(&[mac], vec![good]).only_anomaly().rules, ["P01"]);
}

#[test]
fn p06_is_silent_for_an_upgrade() {
    let at = |name, path| common(name).holding("com.example.web", path, 720, "*:7900 (LISTEN)");
    let old = at("fox-01", "/opt/homebrew/Cellar/web/1.2.3/bin/web");
    let new = at("fox-01", "/opt/homebrew/Cellar/web/1.3.0/bin/web");
    judged(&[new], vec![learned(&[old])]).is_quiet();
}

#[test]
fn a_name_that_a_tool_cut_is_the_program_that_goes_on_from_there() {
    let row = "127.0.0.1:9190 (LISTEN)";
    let whole = common("fox-01").holding("com.example.l", "/Library/L/longnamed", 700, row);
    let cut = common("fox-02").lsof(Lsof::tcp("longnamed-helper", 700, 0x700, row).root());
    let good = learned(&[cut]);
    let name = good.entries.iter().find_map(|entry| entry.identity.process.clone());
    assert_eq!(name.as_deref(), Some("longnamed…"));
    judged(&[whole], vec![good]).is_quiet();
}

#[test]
fn an_interpreter_is_known_by_its_script() {
    let running = |name, script: &str| {
        let program = "/opt/homebrew/bin/python3";
        common(name).ps(900, "ana", "01:00:00", &format!("{program} {script}")).lsof(Lsof::tcp(
            "python3",
            900,
            0x900,
            "*:7790 (LISTEN)",
        ))
    };
    let good = learned(&[running("fox-01", "/srv/app.py")]);
    judged(&[running("fox-02", "/srv/app.py")], vec![good.clone()]).is_quiet();
    let told = judged(&[running("fox-03", "/tmp/other.py")], vec![good]);
    assert_eq!(told.only_anomaly().rules, ["P06", "P17"]);
}

#[test]
fn what_a_baseline_could_not_have_shown_is_not_new() {
    let mut blind = learned(&three());
    for row in &mut blind.coverage {
        row.privileged = false;
    }
    let mac =
        base("fox-05").holding("com.example.newd", "/Library/New/newd", 710, "*:7781 (LISTEN)");
    let told = judged(&[mac], vec![blind]);
    // Without a baseline that could have shown it, the rule for undeclared ports holds.
    assert_eq!(told.only_anomaly().rules, ["P02"]);
    let index = told.0.ports[0].bindings.iter().position(|b| b.local_port == Some(7781)).unwrap();
    assert_eq!(told.0.expected_by[0][index], "not-comparable");
}

#[test]
fn a_port_whose_owner_the_baseline_does_not_know_is_not_new() {
    let unnamed = parse(
        "by-netstat.toml",
        "schema = 1\nname = \"n\"\n[[entry]]\nidentity = {}\ndirection = \"listen\"\n\
         protocol = \"tcp\"\nports = [\"9190\"]\nscope = \"any\"\n",
    );
    let mac =
        common("fox-05").holding("com.example.a", "/Library/A/a", 700, "127.0.0.1:9190 (LISTEN)");
    let told = judged(&[mac], vec![unnamed.unwrap()]);
    assert!(told.anomalies(9190).iter().all(|one| one.rules != ["P01"]), "{:?}", told.0.anomalies);
}

#[test]
fn a_baseline_of_another_role_says_nothing() {
    let good = lesson(&three(), "server").baseline;
    let mac =
        base("fox-05").holding("com.example.newd", "/Library/New/newd", 710, "*:7781 (LISTEN)");
    let told = judged(&[mac], vec![good]);
    let all: Vec<_> = told.0.anomalies.iter().flat_map(|one| &one.rules).collect();
    assert!(!all.contains(&&"P01"), "{all:?}");
}

#[test]
fn p04_and_p17_are_silent_for_what_the_baseline_has() {
    let mac = |name| {
        common(name)
            .plist(
                "/Library/LaunchDaemons/com.example.vpn.plist",
                &job("com.example.vpn", &["/Library/Vpn/vpnd"], &sockets("5961")),
            )
            .lsof(launchd("IPv4", 0xa2, "*:5961 (LISTEN)"))
            .ps(900, "ana", "01:00:00", "/Users/ana/bin/lab")
            .lsof(Lsof::tcp("lab", 900, 0x900, "*:7790 (LISTEN)"))
    };
    let rules = |told: &Told| -> Vec<&str> {
        let mut rules: Vec<_> = told.0.anomalies.iter().flat_map(|a| a.rules.clone()).collect();
        rules.sort_unstable();
        rules
    };
    assert_eq!(rules(&judged(&[mac("fox-01")], Vec::new())), ["P04", "P17"]);
    judged(&[mac("fox-02")], vec![learned(&[mac("fox-01")])]).is_quiet();
}

#[test]
fn learning_leaves_out_what_is_suspect_and_says_so() {
    let label = "com.apple.fake";
    let mac = base("fox-01").holding(label, "/Library/Fake/faked", 730, "*:7791 (LISTEN)");
    let lesson = lesson(&[mac], "*");
    let [out] = lesson.suspect.as_slice() else { panic!("{:?}", lesson.suspect) };
    assert_eq!(out.what, "com.apple.fake listens on tcp 7791 (any)");
    assert_eq!(out.rules, "P11");
    let labels = lesson.baseline.entries.iter().filter_map(|entry| entry.identity.label.as_deref());
    assert!(labels.into_iter().all(|one| one != label));
}

/// The same Mac on two days, started again in between.
fn days(first: &Mac, later: &Mac) -> [Mac; 2] {
    let first = first.clone().on("2026-03-01", "09:13").booted("2026-02-26T11:00:00Z");
    [first, later.clone().on("2026-04-15", "09:13")]
}

#[test]
fn a_mac_that_was_only_started_again_has_not_drifted() {
    let told = judged(&days(&base("fox-01"), &base("fox-01")), Vec::new());
    let rules: Vec<_> = told.0.anomalies.iter().map(|one| one.rules.join(",")).collect();
    // Nothing declares these ports: that is told of the first day only.
    assert_eq!(rules, ["P02", "P02", "P02"]);
    let last = told.0.anomalies.iter().filter_map(|one| one.binding);
    let march = "2026-03-02T00:00:00Z".parse().unwrap();
    assert!(
        last.into_iter()
            .all(|index| { told.ports().bindings[index].interval.unwrap().first_seen < march })
    );
}

#[test]
fn own_past_is_a_baseline_without_any_file() {
    let changed = common("fox-01")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9191 (LISTEN)")
        .holding("com.other.cache", "/Library/Other/otherd", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "*:5632 (LISTEN)")
        .holding("com.example.newd", "/Library/New/newd", 710, "*:7781 (LISTEN)");
    let told = judged(&days(&base("fox-01"), &changed), Vec::new());
    let of = |port: u16| -> Vec<String> {
        told.anomalies(port).iter().map(|one| one.rules.join(",")).collect()
    };
    assert_eq!(of(9191), ["P05"]);
    assert_eq!(of(6479), ["P02", "P06,P01"]);
    assert_eq!(of(5632), ["P02", "P13"]);
    assert_eq!(of(7781), ["P01"]);
    assert!(told.anomalies(7781)[0].factors.iter().all(|f| !f.name.starts_with("baseline-")));
}

#[test]
fn the_order_of_the_evidence_changes_nothing_about_the_past() {
    let changed = common("fox-01").holding("com.x", "/Library/X/x", 710, "*:7781 (LISTEN)");
    let [first, later] = days(&base("fox-01"), &changed);
    let ids = |told: &Told| -> Vec<(String, i32)> {
        told.0.anomalies.iter().map(|one| (one.id.clone(), one.score)).collect()
    };
    let forward = ids(&judged(&[first.clone(), later.clone()], Vec::new()));
    assert_eq!(forward, ids(&judged(&[later, first], Vec::new())));
}

#[test]
fn p19_notes_a_listener_that_is_gone() {
    let fewer = common("fox-01")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9190 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "127.0.0.1:5632 (LISTEN)");
    let told = judged(&days(&base("fox-01"), &fewer), Vec::new());
    let gone = told.anomalies(6479);
    assert_eq!(gone[0].rules, ["P02", "P19"]);
    let note = gone[0].factors.iter().find(|factor| factor.name == "P19").unwrap();
    assert!(note.reason.starts_with("com.example.cached tcp/6479 no longer seen"), "{note:?}");
    // Against a file that was learned from this Mac, and only the later day at hand.
    let told = judged(&[fewer], vec![learned(&[base("fox-01")])]);
    told.scores(&["P19"], &[("P19", 5)], 5);
    assert!(told.only_anomaly().title.contains("com.example.cached on tcp 6479"));
}

#[test]
fn p19_is_silent_where_the_last_capture_could_not_have_shown_it() {
    let unprivileged =
        Mac::new().named("fox-01").lsof(Lsof::tcp("rapportd", 612, 0x612, "*:49177 (LISTEN)"));
    let told = judged(&days(&base("fox-01"), &unprivileged), Vec::new());
    let notes: Vec<_> = told.0.anomalies.iter().filter(|a| a.rules.contains(&"P19")).collect();
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn what_the_other_hosts_of_the_run_do_stands_beside_what_was_expected() {
    let mac = common("fox-09")
        .holding("com.example.agentd", "/Library/Example/agentd", 700, "127.0.0.1:9191 (LISTEN)")
        .holding("com.example.cached", "/Library/Cached/cached", 701, "127.0.0.1:6479 (LISTEN)")
        .holding("com.example.basedb", "/Library/Basedb/basedb", 702, "127.0.0.1:5632 (LISTEN)");
    let macs: Vec<Mac> = three().into_iter().chain([mac]).collect();
    let told = judged(&macs, vec![learned(&three())]);
    let moved = told.anomalies(9191);
    assert_eq!(moved[0].rules, ["P05"]);
    assert!(
        moved[0].expected.ends_with("; here 9191; 9190 on 3 of 3 other hosts in this run"),
        "{}",
        moved[0].expected
    );
}

#[test]
fn coverage_says_what_a_baseline_could_not_have_shown_and_for_whom_it_does_not_hold() {
    let mut blind = learned(&three());
    for row in &mut blind.coverage {
        row.sees.remove(&portolan::baseline::learned::Sight::UdpListen);
    }
    let of_servers = lesson(&three(), "server").baseline;
    let told = judged(&[base("fox-05")], vec![blind, of_servers]);
    let rows: Vec<_> = told.host().coverage.iter().filter(|r| r.blind_to == ["baseline"]).collect();
    let details: Vec<&str> = rows.iter().map(|row| row.detail.as_str()).collect();
    let blind =
        "baseline good could not have shown udp listeners: what it lacks of them is not new";
    assert!(details.contains(&blind), "{details:#?}");
    assert!(!details.iter().any(|detail| detail.contains("tcp listeners")), "{details:#?}");
    assert_eq!(
        details.last(),
        Some(&"baseline good says nothing of this host (the host has no role)")
    );
}

#[test]
fn the_fleet_of_the_fixtures_is_quiet_and_each_change_to_it_stands_out() {
    let good = told(&[fixture("hosts/developer-macs")], &Options::default());
    good.is_quiet();
    let plan = Plan { name: "good", role: "*", include_anomalies: false };
    let baseline = learn(plan, &good.0.hosts, &good.0.ports, &good.0.anomalies).baseline;
    let later = [fixture("hosts/developer-macs-later")];
    // Without a baseline only the database that every address reaches is told.
    told(&later, &Options::default()).only_anomaly();
    let told = told_against(&later, &Options::default(), &against(vec![baseline]));
    let mut changed = BTreeMap::new();
    for one in &told.0.anomalies {
        assert_eq!(told.0.hosts[one.host].host.name, "dev-mac-05");
        changed.insert(one.title.as_str(), (one.rules.join(" "), one.score));
    }
    let expected = [
        ("ttyd (com.corp.webconsole) listens on *:7681/tcp", ("P01".to_owned(), 80)),
        (
            "cachefastd (com.cachefast.server) listens on 127.0.0.1:6379/tcp",
            ("P06 P01".to_owned(), 59),
        ),
        ("postgres (homebrew.mxcl.postgresql@16) listens on *:5432/tcp", ("P13".to_owned(), 50)),
        ("agentd (com.meridian.agentd) listens on 127.0.0.1:9191/tcp", ("P05".to_owned(), 40)),
    ];
    assert_eq!(changed, BTreeMap::from(expected));
}

#[test]
fn the_past_excuses_what_it_shows_also_where_the_later_capture_shows_less() {
    let later = Mac::new()
        .named("fox-01")
        .plist(
            "/Library/LaunchDaemons/com.example.agentd.plist",
            &job("com.example.agentd", &["/Library/Example/agentd"], RUN_AT_LOAD),
        )
        .loaded(Some(700), "com.example.agentd")
        .ps(700, "ana", "01-00:00:00", "/Library/Example/agentd")
        .lsof(Lsof::tcp("agentd", 700, 0x700, "127.0.0.1:9190 (LISTEN)"));
    let told = judged(&days(&base("fox-01"), &later), Vec::new());
    let rules: Vec<_> = told.0.anomalies.iter().flat_map(|one| one.rules.clone()).collect();
    assert!(!rules.contains(&"P01") && !rules.contains(&"P06"), "{rules:?}");
}

#[test]
fn an_interpreter_whose_script_is_not_known_has_not_taken_its_own_port() {
    let row = || Lsof::tcp("python3", 900, 0x900, "*:7790 (LISTEN)");
    let bare = common("fox-01").lsof(row());
    let named = common("fox-01")
        .ps(900, "ana", "01:00:00", "/opt/homebrew/bin/python3 /srv/app.py")
        .lsof(row());
    let told = judged(&[named], vec![learned(&[bare])]);
    assert!(
        told.0.anomalies.iter().all(|one| !one.rules.contains(&"P06")),
        "{:?}",
        told.0.anomalies
    );
}

#[test]
fn a_formula_of_a_later_version_is_an_upgrade_and_no_takeover() {
    let with = |version: &str| {
        common("fox-01").holding(
            &format!("homebrew.mxcl.postgresql@{version}"),
            &format!("/opt/homebrew/Cellar/postgresql@{version}/{version}.2/bin/postgres"),
            702,
            "127.0.0.1:5632 (LISTEN)",
        )
    };
    judged(&[with("16")], vec![learned(&[with("14")])]).is_quiet();
}

#[test]
fn a_socket_that_two_jobs_explain_is_not_taken_over_where_one_of_them_is_left() {
    let plist = |mac: Mac, label: &str| {
        mac.plist(
            &format!("/Library/LaunchDaemons/{label}.plist"),
            &job(label, &["/Library/Example/agentd"], &sockets("9555")),
        )
        .lsof(launchd("IPv4", 0x91, "*:9555 (LISTEN)"))
    };
    let one = || plist(common("fox-01"), "com.example.one");
    let two = plist(one(), "com.example.two");
    judged(&[one()], vec![learned(&[two])]).is_quiet();
}

#[test]
fn an_entry_that_only_a_signature_names_accuses_nobody_where_signatures_are_not_told() {
    let mac = || {
        common("fox-01").holding(
            "com.example.agentd",
            "/Library/Example/agentd",
            700,
            "*:9190 (LISTEN)",
        )
    };
    let mut good = learned(&[common("fox-02")]);
    let hand = parse(
        "good",
        "schema = 1\nname = \"good\"\n[[entry]]\nrole = \"*\"\nidentity = { team_id = \"AB12CD34EF\" }\n\
         direction = \"listen\"\nprotocol = \"tcp\"\nports = [\"9190\"]\nscope = \"any\"\n\
         reason = \"agreed\"\n",
    )
    .unwrap();
    good.entries.extend(hand.entries);
    let told = judged(&[mac()], vec![good]);
    let rules: Vec<_> = told.0.anomalies.iter().flat_map(|one| &one.rules).collect();
    assert!(!rules.contains(&&"P01") && !rules.contains(&&"P06"), "{rules:?}");
}

#[test]
fn hosts_that_were_learned_for_every_role_are_not_counted_for_one() {
    let of = |name: &str, role: &str| lesson(&[base(name)], role).baseline;
    let mut merged = of("fox-02", "developer");
    let every = of("fox-03", "*");
    merged.entries.extend(every.entries);
    merged.coverage.extend(every.coverage);
    merged.settle();
    let book = portolan::baseline::book::Book::of_files(
        std::slice::from_ref(&merged),
        "fox-01",
        Some("developer"),
    );
    let counts: Vec<_> = book.all().iter().filter_map(|known| known.hosts).collect();
    assert!(!counts.is_empty() && counts.iter().all(|count| *count == (1, 1)), "{counts:?}");
}
