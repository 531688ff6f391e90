//! Aftermath: its log without a zone, its processes, its flat property lists.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;

/// Every fixture of these artifacts: artifact, fixture, the path at which it would lie.
pub(super) const FIXTURES: &[(&str, &str, &str)] = &[
    ("aftermath-log", "over-noon.log", "aftermath.log"),
    ("aftermath-log", "cut-off.log", "aftermath.log"),
    ("aftermath-launch-items", "json.txt", "Persistence/launchItems.txt"),
    ("aftermath-launch-items", "same-name-twice.txt", "Persistence/launchItems.txt"),
    ("aftermath-launch-items", "no-heading.txt", "Persistence/launchItems.txt"),
    ("aftermath-metadata", "version-2.csv", "metadata.csv"),
    ("aftermath-metadata", "damaged.csv", "metadata.csv"),
    ("aftermath-process-dump", "version-1.txt", "Processes/process_dump.txt"),
    ("aftermath-process-dump", "damaged.txt", "Processes/process_dump.txt"),
    ("aftermath-process-tree", "version-1.txt", "Processes/true_tree_output.txt"),
    ("aftermath-process-tree", "version-2.txt", "Processes/true_tree_output.txt"),
    ("aftermath-process-tree", "damaged.txt", "Processes/true_tree_output.txt"),
    ("aftermath-system-information", "version-2.txt", "Recon/system_information.txt"),
    ("aftermath-system-information", "damaged.txt", "Recon/system_information.txt"),
];

fn read(id: &str, name: &str) -> Emitter {
    let (.., path) = FIXTURES.iter().find(|(i, n, _)| (*i, *n) == (id, name)).unwrap();
    parse(id, path, &fixture_bytes(&format!("{id}/{name}")))
}

#[test]
fn every_fixture_is_claimed_where_it_would_lie() {
    for (id, name, path) in FIXTURES {
        let bytes = fixture_bytes(&format!("{id}/{name}"));
        for path in [(*path).to_owned(), format!("case/Aftermath_x.zip!/Aftermath_x/{path}")] {
            assert_eq!(claim(&path, &bytes).as_deref(), Some(*id), "{name} at {path}");
        }
    }
}

#[test]
fn the_hours_of_a_log_go_on_over_noon() {
    insta::assert_snapshot!(rendered(&read("aftermath-log", "over-noon.log")));
}

#[test]
fn the_last_step_of_a_log_that_is_cut_off_may_last_as_long_as_a_command() {
    insta::assert_snapshot!(rendered(&read("aftermath-log", "cut-off.log")));
}

#[test]
fn the_headings_of_the_launch_items_tell_where_the_copies_lay() {
    insta::assert_snapshot!(rendered(&read("aftermath-launch-items", "json.txt")));
}

#[test]
fn the_second_property_list_of_one_name_is_told_as_lost() {
    insta::assert_snapshot!(rendered(&read("aftermath-launch-items", "same-name-twice.txt")));
    insta::assert_snapshot!(rendered(&read("aftermath-launch-items", "no-heading.txt")));
}

#[test]
fn times_of_files_are_utc_whether_they_say_so_or_not() {
    insta::assert_snapshot!(rendered(&read("aftermath-metadata", "version-2.csv")));
    insta::assert_snapshot!(rendered(&read("aftermath-metadata", "damaged.csv")));
}

#[test]
fn a_process_dump_gives_starts_and_parents_but_no_command_line() {
    insta::assert_snapshot!(rendered(&read("aftermath-process-dump", "version-1.txt")));
    insta::assert_snapshot!(rendered(&read("aftermath-process-dump", "damaged.txt")));
}

#[test]
fn a_process_below_a_property_list_is_its_job_s() {
    insta::assert_snapshot!(rendered(&read("aftermath-process-tree", "version-1.txt")));
    insta::assert_snapshot!(rendered(&read("aftermath-process-tree", "version-2.txt")));
}

#[test]
fn a_path_that_looks_like_a_row_of_the_tree_is_a_path() {
    insta::assert_snapshot!(rendered(&read("aftermath-process-tree", "damaged.txt")));
}

#[test]
fn system_information_gives_name_version_and_build() {
    insta::assert_snapshot!(rendered(&read("aftermath-system-information", "version-2.txt")));
    insta::assert_snapshot!(rendered(&read("aftermath-system-information", "damaged.txt")));
}
