//! KnockKnock: what starts by itself, and who signed it.

use super::place_of;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{ProblemKind, When};

fn read(name: &str) -> Emitter {
    let path = place_of("knockknock", name);
    parse("knockknock", &path, &fixture_bytes(&format!("knockknock/{name}")))
}

#[test]
fn a_scan_tells_items_and_signatures_without_a_time() {
    let out = read("scan.json");
    assert!(out.problems.is_empty() && !out.partial);
    assert!(out.observations.iter().all(|observation| observation.when == When::Undated));
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn a_quote_that_was_not_escaped_costs_only_its_item() {
    let out = read("unescaped.json");
    assert!(out.partial);
    assert_eq!(out.observations.len(), 1);
    insta::assert_snapshot!(rendered(&out));
}

#[test]
fn items_within_items_without_an_end_are_given_up() {
    // Each was read to the end of all others: a file of a megabyte took minutes.
    let text = format!("{{\"Launch Items\":[{}", "{\"name\":".repeat(100_000));
    let out = parse("knockknock", &place_of("knockknock", "scan.json"), text.as_bytes());
    assert!(out.partial && out.observations.is_empty());
    let last = out.problems.last().unwrap();
    assert_eq!(last.kind, ProblemKind::Limit, "{last:?}");
}

#[test]
fn other_json_is_no_scan() {
    let text = b"{\"Launch Items\": 3, \"signature(s)\": {}}";
    assert_eq!(claim("x.json", text), None);
    assert_eq!(claim("x.json", b"{\"name\": \"Login Items\"}"), None);
}
