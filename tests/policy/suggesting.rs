//! `exceptions check --suggest`: the narrowest exception, or why there is none.

use super::command::{check, policy_in, run_of, shown, suggested};
use super::exception;
use crate::rules::daemon;
use crate::story::{Lsof, Mac};
use crate::support::Scratch;

/// What is suggested for a Mac, after a run with nothing excepted.
fn printed(name: &str, mac: &Mac, text: &str) -> String {
    let scratch = Scratch::new(name);
    let policy = policy_in(&scratch, text);
    let (out, said) = run_of(&scratch, mac, &[]);
    assert_eq!(said.0, 0, "{}", said.2);
    check(&policy, &[shown(&out), "--suggest"]).1
}

fn ttyd() -> Mac {
    daemon("com.corp.ttyd", &["/usr/local/bin/ttyd", "zsh"], "*:7681 (LISTEN)")
}

#[test]
fn a_program_that_calls_itself_a_folder_gives_no_path() {
    for argv in ["/", "/.", "/..", "/opt/", "/opt/x/.."] {
        let mac = Mac::new()
            .lsof(Lsof::tcp("lurk", 901, 0x90, "*:6055 (LISTEN)"))
            .ps(901, "ana", "01:00:00", argv);
        let printed = printed("suggest-folder", &mac, "");
        assert!(!printed.contains("path = "), "{argv}: {printed}");
    }
}

#[test]
fn the_process_is_named_though_the_label_is_too() {
    let printed = printed("suggest-process", &ttyd(), "");
    let keys = "label = \"com.corp.ttyd\", path = \"/usr/local/bin/ttyd\", process = \"ttyd\"";
    assert!(printed.contains(keys), "{printed}");
}

#[test]
fn an_id_that_the_policy_has_is_not_used_again() {
    let first = suggested(&printed("suggest-id-first", &ttyd(), ""));
    let taken = first[0].replace("com.corp.ttyd", "com.none");
    let next = suggested(&printed("suggest-id-next", &ttyd(), &taken));
    let id = |entry: &str| entry.lines().find(|line| line.starts_with("id = ")).unwrap().to_owned();
    assert_eq!(id(&next[0]), format!("{}-2\"", id(&first[0]).trim_end_matches('"')));
}

#[test]
fn what_else_it_covers_is_said() {
    let mac = Mac::new().plist(
        "/Library/LaunchDaemons/com.apple.fake.plist",
        &crate::story::job("com.apple.fake", &["/opt/x/x"], ""),
    );
    let printed = printed("suggest-no-port", &mac, "");
    assert!(printed.contains("# names no port: it covers every anomaly"), "{printed}");
    let two = ttyd().lsof(Lsof::tcp("ttyd", 410, 0x91, "*:7682 (LISTEN)"));
    let lines = self::printed("suggest-others", &two, &exception("match = { host = \"none\" }"));
    assert!(!lines.contains(" too\n"), "each names its own port: {lines}");
}

#[test]
fn an_exception_that_is_over_today_says_so() {
    let printed = printed("suggest-over", &ttyd().on("2020-01-10", "09:13").without_boot(), "");
    let said =
        "# until = 2020-04-09 is over today: these exceptions cover this run, and\n# nothing";
    assert!(printed.contains(said), "{printed}");
}

#[test]
fn an_undated_anomaly_gets_no_exception() {
    let scratch = Scratch::new("suggest-undated");
    // A copy out of Console.app has clock times without a day; the other file of the run has one.
    let text = "default\t23:59:59.000000-0300\tkernel\ttcp listen: [<IPv4-redacted>:7681<->\
        <IPv4-redacted>:0] interface:  (skipped: 0)\nso_gencnt: 5 t_state: LISTEN process: ttyd:640 \
        so_qlimit: 0 error: 0 so_error: 0 svc/tc: 0\n";
    let evidence = scratch.path().join("evidence");
    ttyd().files().write(&evidence);
    let console = scratch.write("console.txt", text);
    let (policy, out) = (policy_in(&scratch, ""), scratch.path().join("out"));
    let given = ["analyze", shown(&evidence), shown(&console), "--out", shown(&out)];
    let said = super::command::portolan(&given);
    assert_eq!(said.0, 0, "{}", said.2);
    let printed = check(&policy, &[shown(&out), "--suggest"]).1;
    assert!(
        printed.contains("# no exception can hold: when this was observed is not"),
        "{printed}"
    );
}

#[test]
fn what_an_upgrade_changes_in_a_path_is_not_pinned() {
    let program = "/opt/homebrew/Cellar/ttyd/1.7.4/bin/ttyd";
    let mac = daemon("com.corp.ttyd", &[program, "zsh"], "*:7681 (LISTEN)");
    let printed = printed("suggest-version", &mac, "");
    assert!(printed.contains("path = \"/opt/homebrew/Cellar/ttyd/*/bin/ttyd\""), "{printed}");
}
