//! Aftermath's archive beside others of the same Mac, and alone.

use super::bindings;
use crate::story::{Files, Lsof, Mac, time, told};
use crate::support::fixture;
use portolan::hosts::Options;
use portolan::model::interval::Window;
use portolan::model::observation::ProblemKind;

const LSOF: &str = "Aftermath_otter-07/Network/lsof_output.txt";
const LOG: &str = "Aftermath_otter-07/aftermath.log";

/// An Aftermath folder with one row of lsof and one line of a log.
fn aftermath(stamp: &str, row: &str) -> Files {
    Files::default()
        .with(LSOF, format!("{}\n{row}\n", Lsof::HEAD))
        .with(LOG, format!("{stamp} - NetworkModule.swift - Gathering results of lsof...\n"))
}

#[test]
fn one_mac_seen_by_uac_and_by_aftermath_has_one_set_of_bindings() {
    let uac = told(&[fixture("hosts/quiet-mac")], &Options::default());
    let both = [fixture("hosts/quiet-mac"), fixture("hosts/quiet-mac-aftermath")];
    let both = told(&both, &Options::default());
    assert_eq!(bindings(&both), bindings(&uac));
    let collectors: Vec<&str> =
        both.host().acquisitions.iter().map(|made| made.collector.as_str()).collect();
    assert_eq!(collectors, ["uac", "aftermath"]);
}

#[test]
fn the_stamps_of_aftermath_are_read_as_the_afternoon_that_is_nearer_to_the_other_collector() {
    let both = [fixture("hosts/quiet-mac"), fixture("hosts/quiet-mac-aftermath")];
    let told = told(&both, &Options::default());
    let aftermath = told.host().acquisitions.last().unwrap();
    let window = Window::new(time("2026-05-12T11:15:02Z"), time("2026-05-12T11:16:40Z"));
    assert_eq!(aftermath.captured, Some(window));
    let problems = told.problems(ProblemKind::AmbiguousTime);
    assert!(problems.iter().any(|told| told.contains("the Z is ignored")), "{problems:#?}");
}

#[test]
fn alone_aftermath_shows_its_mac_and_what_it_cannot_date_better() {
    let told = told(&[fixture("hosts/quiet-mac-aftermath")], &Options::default());
    assert_eq!(told.host_names(), ["quiet-mac"]);
    assert_eq!(told.host().host.os_version.as_deref(), Some("15.4"));
    let redis = told.ports().processes.iter().find(|process| process.pid == 980).unwrap();
    assert_eq!(redis.path.as_deref(), Some("/opt/homebrew/Cellar/redis/7.2.4/bin/redis-server"));
    let job = told.job("com.google.GoogleUpdater.wake.system");
    assert_eq!(
        job.plist_path.as_deref(),
        Some("/Library/LaunchDaemons/com.google.GoogleUpdater.wake.system.plist")
    );
    assert_eq!(job.plist_created, Some(time("2026-03-02T09:14:22Z")));
}

#[test]
fn a_name_of_a_port_that_no_table_knows_is_numbered_by_the_same_socket_elsewhere() {
    let row = |name| Lsof::tcp("exampled", 700, 0xa1, name);
    let mac = Mac::new().seen_by_root().lsof(row("*:46379 (LISTEN)")).files();
    let known = Lsof::tcp("cupsd", 301, 0xffff, "127.0.0.1:ipp (LISTEN)").root();
    let rows = [known.line(), row("*:odd-service (LISTEN)").line()].join("\n");
    let files = aftermath("2026-04-15T09:31:10Z", &rows);
    let told = mac.and(files).told();
    assert_eq!(told.binding(46379).sightings, 2, "{:#?}", told.binding(46379));
    assert!(told.problems(ProblemKind::Unsupported).is_empty());
}

#[test]
fn a_listing_with_an_unknown_name_does_not_show_that_a_port_is_free() {
    let mac = Mac::new()
        .seen_by_root()
        .lsof(Lsof::tcp("exampled", 700, 0xa1, "127.0.0.1:46379 (LISTEN)"))
        .files();
    let rows = [
        Lsof::tcp("cupsd", 301, 0xffff, "127.0.0.1:631 (LISTEN)").root().line(),
        Lsof::tcp("launchd", 1, 0xfffe, "127.0.0.1:4999 (LISTEN)").root().line(),
        Lsof::tcp("exampled", 901, 0xb7, "127.0.0.1:odd-service (LISTEN)").line(),
    ];
    let told = mac.and(aftermath("2026-04-15T09:31:10Z", &rows.join("\n"))).told();
    assert_eq!(told.problems(ProblemKind::Unsupported).len(), 1);
    assert_eq!(told.binding(46379).interval.unwrap().latest_end, None);
}

#[test]
fn the_times_of_the_files_decide_the_half_of_the_day() {
    let folder = crate::support::fresh_folder("aftermath");
    let files = aftermath(
        "2026-04-15T09:31:10Z",
        &Lsof::tcp("exampled", 700, 0xa1, "*:46379 (LISTEN)").line(),
    );
    files.write(&folder);
    // 21:31:40 UTC: without a zone, the stamps are taken as UTC.
    let late = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_776_288_700);
    for path in [LSOF, LOG] {
        let file = std::fs::File::options().write(true).open(folder.join(path)).unwrap();
        file.set_modified(late).unwrap();
    }
    let told = told(&[folder], &Options::default());
    let seen = told.binding(46379).interval.unwrap();
    assert_eq!(seen.last_seen, time("2026-04-15T21:31:40Z"));
}

#[test]
fn a_process_that_started_after_the_printed_hour_makes_it_the_afternoon() {
    let told = told(&[fixture("hosts/quiet-mac-aftermath")], &Options::default());
    let seen = told.binding(3000).interval.unwrap();
    assert_eq!(seen.last_seen, time("2026-05-12T13:15:13Z"), "local time, taken as UTC");
    assert!(seen.earliest_start.is_some(), "its process is known");
}
