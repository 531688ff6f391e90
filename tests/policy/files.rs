//! Policy and inventory files, good and bad: every error names file, line and key.

use super::policy;
use crate::support::Scratch;
use portolan::baseline::policy::Policy;

const WHOLE: &str = r#"schema = 1
[roles]
"mb-dev-*" = "developer"
"mb-*" = "staff"
[[exception]]
id = "EX-12"
owner = "sec"
reason = "lab web console"
ticket = "SEC-881"
from = 2026-01-01
until = 2026-03-31
zone = "America/Sao_Paulo"
match = { host = "*", role = "*", label = "com.corp.ttyd", direction = "listen", protocol = "tcp", ports = ["7681", "8000-8010"], scope = "any", remote = "203.0.113.0/24", path = "/usr/local/bin/ttyd", process = "ttyd", team_id = "ABCDE12345", bundle_id = "com.corp.ttyd", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
[[approved]]
name = "Vendor Agent"
match = { team_id = "ABCDE12345", bundle_id = "com.vendor.agent" }
ports = ["9876"]
"#;

fn error(text: &str) -> String {
    Policy::default().add_policy("policy.toml", text).unwrap_err().to_string()
}

/// What the whole file says with one text in place of another.
fn spoilt(text: &str, by: &str) -> String {
    assert!(WHOLE.contains(text), "{text}");
    error(&WHOLE.replacen(text, by, 1))
}

#[test]
fn a_file_that_names_every_key_is_read() {
    let mut policy = Policy::default();
    policy.add_policy("policy.toml", WHOLE).unwrap();
    assert_eq!((policy.roles.len(), policy.exceptions.len(), policy.approvals.len()), (2, 1, 1));
    let exception = &policy.exceptions[0];
    assert_eq!(exception.ticket.as_deref(), Some("SEC-881"));
    assert_eq!(exception.validity.to_string(), "2026-03-31 America/Sao_Paulo");
}

#[test]
fn the_first_role_in_the_order_of_the_file_wins_whatever_the_case() {
    let policy =
        policy("[roles]\n\"z-*\" = \"last letter\"\n\"*\" = \"any\"\n\"a-*\" = \"never\"\n");
    assert_eq!(policy.role_of("Z-1"), Some("last letter"));
    assert_eq!(policy.role_of("a-1"), Some("any"));
    assert_eq!(Policy::default().role_of("a-1"), None);
}

/// What is replaced in the whole file, by what, and what is then said.
const SPOILT: &[(&str, &str, &str)] = &[
    ("schema = 1", "schema = 2", "policy.toml:1:10: schema: 2 is not known"),
    ("schema = 1", "# none", "policy.toml:1:1: schema: is missing"),
    ("schema = 1", "schema = \"1\"", "policy.toml:1:10: schema: must be the number 1"),
    ("[roles]", "[rolls]", "policy.toml:2:2: rolls: is not a known key"),
    ("\"developer\"", "7", "policy.toml:3:14: roles.\"mb-dev-*\": must be a text"),
    ("\"mb-dev-*\"", "\" \"", "policy.toml:3:7: roles.\" \": has an empty host name"),
    ("id = \"EX-12\"", "id = \" \"", "policy.toml:6:6: exception.id: is empty"),
    ("id = \"EX-12\"", "id = \"approved:x\"", "policy.toml:6:6: exception.id: may not begin"),
    ("owner = \"sec\"", "owner = \"\"", "policy.toml:7:9: exception.owner: is empty"),
    ("owner = \"sec\"", "owner = 5", "policy.toml:7:9: exception.owner: must be a text"),
    ("owner = \"sec\"\n", "", "policy.toml:5:1: exception.owner: is missing"),
    ("reason = \"lab web console\"", "reason = \"\\t\"", "policy.toml:8:10: exception.reason:"),
    ("ticket = \"SEC-881\"", "ticket = \"\"", "policy.toml:9:10: exception.ticket: is empty"),
    ("from = 2026-01-01", "from = \"2026-01-01\"", "policy.toml:10:8: exception.from: must be a"),
    ("from = 2026-01-01", "from = 2026-04-01", "policy.toml:11:9: exception.until: lies before"),
    ("until = 2026-03-31\n", "", "policy.toml:5:1: exception.until: is missing"),
    ("until = 2026-03-31", "until = 2026-02-30", "policy.toml:11:"),
    (
        "until = 2026-03-31",
        "until = 2026-03-31T00:00:00Z",
        "policy.toml:11:9: exception.until: must be a date without a time",
    ),
    ("America/Sao_Paulo", "Mars/Olympus", "policy.toml:12:8: exception.zone: \"Mars/Olympus\""),
    ("process = \"ttyd\"", "proces = \"ttyd\"", "exception.match.proces: is not a known key"),
    ("\"listen\"", "\"sideways\"", "exception.match.direction: \"sideways\" is none of listen"),
    ("\"tcp\"", "\"sctp\"", "exception.match.protocol: \"sctp\" is none of tcp, udp"),
    ("\"any\"", "\"world\"", "exception.match.scope: \"world\" is none of loopback"),
    ("\"7681\"", "\"0\"", "exception.match.ports: \"0\" is neither a port nor a range"),
    ("\"7681\"", "\"70000\"", "exception.match.ports: \"70000\" is neither"),
    ("\"7681\"", "7681", "exception.match.ports: must be a text"),
    ("\"7681\"", "\"any\"", "exception.match.ports: \"any\" is no port"),
    ("\"8000-8010\"", "\"8010-8000\"", "exception.match.ports: \"8010-8000\" is neither"),
    ("[\"7681\", \"8000-8010\"]", "[]", "exception.match.ports: is empty"),
    ("203.0.113.0/24", "203.0.113.0/33", "exception.match.remote: \"203.0.113.0/33\" is neither"),
    ("203.0.113.0/24", "203.0.113.5/24", "exception.match.remote: \"203.0.113.5/24\" has an"),
    ("203.0.113.0/24", "203.0.113.0/+8", "exception.match.remote: \"203.0.113.0/+8\" is neither"),
    ("/usr/local/bin/ttyd", "usr/bin/ttyd", "exception.match.path: \"usr/bin/ttyd\" is not a"),
    ("e3b0c442", "e3b0c44", "exception.match.sha256:"),
    ("e3b0c442", "x3b0c442", "exception.match.sha256:"),
    ("name = \"Vendor Agent\"\n", "", "policy.toml:14:1: approved.name: is missing"),
    ("ports = [\"9876\"]", "port = [\"9876\"]", "policy.toml:17:1: approved.port: is not a known"),
    (
        "{ team_id = \"ABCDE12345\", bundle_id = \"com.vendor.agent\" }",
        "{ host = \"*\" }",
        "policy.toml:16:9: approved.match: names no program",
    ),
    ("[[exception]]", "[exception]", "exception: must be a list of tables, each under"),
    ("owner = \"sec\"", "owner = \"sec\"\nowner = \"it\"", "policy.toml:8:1: owner: duplicate key"),
    ("[[approved]]", "[[approved", "policy.toml:14:"),
];

#[test]
#[allow(clippy::too_many_lines, reason = "a list of errors")]
fn every_error_names_file_line_and_key() {
    for (text, by, wanted) in SPOILT {
        let said = spoilt(text, by);
        assert!(said.contains(wanted) && said.starts_with("policy.toml:"), "{by}: {said}");
        let line = said.split(':').nth(1).unwrap().parse::<usize>().unwrap();
        assert!(line > 0);
    }
}

#[test]
fn an_empty_match_and_a_second_exception_of_an_id_are_refused() {
    let one = "[[exception]]\nid = \"E\"\nowner = \"o\"\nreason = \"r\"\nuntil = 2026-03-31\n";
    let empty = error(&format!("schema = 1\n{one}match = {{}}\n"));
    assert_eq!(empty, "policy.toml:7:9: exception.match: is empty, which would fit everything");
    let one = format!("{one}match = {{ label = \"x\" }}\n");
    let twins = error(&format!("schema = 1\n{one}{one}"));
    let wanted = "policy.toml:9:6: exception.id: \"E\" is also the id of the exception in line 3";
    assert_eq!(twins, wanted);
}

#[test]
fn files_that_are_too_big_or_no_text_are_refused_and_not_cut() {
    let scratch = Scratch::new("policy-files");
    let said = |path: &std::path::Path| Policy::load(Some(path), None).unwrap_err().to_string();
    let binary = scratch.write("binary.toml", [0x73, 0xff, 0xfe]);
    assert!(said(&binary).ends_with("binary.toml: is not UTF-8 text"), "{}", said(&binary));
    let big = scratch.write("big.toml", vec![b'#'; (16 << 20) + 1]);
    assert!(said(&big).contains("big.toml: is larger than 16777216 bytes"), "{}", said(&big));
    let missing = scratch.path().join("none.toml");
    assert!(said(&missing).contains("none.toml: "));
}

fn inventory(text: &str) -> Result<Policy, String> {
    let mut policy = Policy::default();
    let read = policy.add_inventory("inventory.csv", text);
    read.map(|()| policy).map_err(|error| error.to_string())
}

#[test]
fn an_inventory_may_have_its_columns_in_any_order() {
    let text = "\u{feff}path,name\r\n/opt/a/a,\"Agent, A\"\r\n\r\n/opt/b/,B\r\n";
    let policy = inventory(text).unwrap();
    assert_eq!(policy.approvals.len(), 2);
    assert_eq!(policy.approvals[0].name, "Agent, A");
    assert!(policy.approvals[1].matcher.path.as_ref().unwrap().matches("/opt/b/bin/b"));
}

#[test]
fn every_error_of_an_inventory_names_file_line_and_column() {
    let cases = [
        ("", "inventory.csv:1:1: header: the first line must name the columns"),
        ("path\n/a", "inventory.csv:1:1: header: the first line must name the columns"),
        ("name,pfad\nA,/a", "inventory.csv:1:2: \"pfad\": is not a known column"),
        (
            "name,path\nA,/a\n\"B,/b\nC,/c\n",
            "inventory.csv:3:1: row: has a quotation mark that nothing closes",
        ),
        ("name,path\nA,\"/a", "inventory.csv:2:1: row: has a quotation mark that nothing closes"),
        ("name,path\nA,\"/a\n/b\"\nC,/c", "inventory.csv:2:2: row: has a line break in a cell"),
        ("name,path,name\nA,/a,B", "inventory.csv:1:3: name: stands in the header twice"),
        ("name,path\nA,/a\n,/b", "inventory.csv:3:1: name: is empty"),
        ("name,path\nA,", "inventory.csv:2:1: row: names no program"),
        ("name,path\nA", "inventory.csv:2:1: row: has 1 cells, the header 2"),
        ("name,path\nA,/a,x", "inventory.csv:2:2: row: has 3 cells, the header 2"),
        ("path,name\nopt/a,A", "inventory.csv:2:1: path: \"opt/a\" is not a canonical"),
        ("name,sha256\n\nA,/a\n", "inventory.csv:3:2: sha256: \"/a\" is not a SHA-256"),
    ];
    for (text, wanted) in cases {
        let said = inventory(text).unwrap_err();
        assert!(said.starts_with(wanted), "{text:?}: {said}");
    }
}
