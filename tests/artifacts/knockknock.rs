//! KnockKnock: what starts by itself, and who signed it.

use super::place_of;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::When;

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
fn other_json_is_no_scan() {
    let text = b"{\"Launch Items\": 3, \"signature(s)\": {}}";
    assert_eq!(claim("x.json", text), None);
    assert_eq!(claim("x.json", b"{\"name\": \"Login Items\"}"), None);
}
