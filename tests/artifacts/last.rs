//! `last`: starts and shutdowns without a year.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;

fn read(name: &str) -> Emitter {
    parse("last", "live_response/system/last.txt", &fixture_bytes(&format!("last/{name}")))
}

#[test]
fn the_rows_go_back_over_the_new_year() {
    insta::assert_snapshot!(rendered(&read("over-new-year.txt")));
}

#[test]
fn a_user_who_is_called_reboot_starts_no_mac() {
    insta::assert_snapshot!(rendered(&read("macos-13.txt")));
}

#[test]
fn a_damaged_row_of_last_costs_only_itself() {
    insta::assert_snapshot!(rendered(&read("damaged.txt")));
}

#[test]
fn last_is_known_by_its_rows_whatever_its_name() {
    for name in ["over-new-year.txt", "macos-13.txt", "damaged.txt"] {
        let bytes = fixture_bytes(&format!("last/{name}"));
        for path in ["live_response/system/last.txt", "captures/logins.txt"] {
            assert_eq!(claim(path, &bytes).as_deref(), Some("last"), "{name} at {path}");
        }
    }
    assert_eq!(claim("last.txt", b"the last of them came on Fri Feb 7\n"), None);
}
