//! Baseline files: read, written, merged, compared, checked.

use arbtest::arbitrary::{Result, Unstructured};
use portolan::baseline::learned::advice::advice;
use portolan::baseline::learned::diff::{Difference, diff};
use portolan::baseline::learned::file::{parse, render};
use portolan::baseline::learned::merge::merge;
use portolan::baseline::learned::{LearnedBaseline, Sight};
use std::fmt::Write;

const SMALL: &str = r#"schema = 1
name = "laptops"

[[entry]]
role = "developer"
identity = { label = "com.example.agentd", path = "/Library/Example/agentd" }
direction = "listen"
protocol = "tcp"
ports = ["9190"]
scope = "loopback"
hosts = 2
observations = 5
seen = { "mb-01" = 3, "mb-02" = 2 }
reason = "learned"

[[coverage]]
host = "mb-01"
role = "developer"
os_version = "15.3"
sees = ["tcp listen", "udp listen"]
privileged = true
"#;

fn read(text: &str) -> LearnedBaseline {
    parse("b.toml", text).unwrap()
}

#[test]
fn a_file_that_was_written_is_read_and_written_the_same() {
    assert_eq!(render(&read(SMALL)), SMALL);
}

#[test]
fn hostile_names_survive_the_file_and_cannot_end_their_string() {
    let mut baseline = read(SMALL);
    let label = "a\"] \n[[entry]] \\ \u{7f}\u{1b}]0;x\u{202e}é";
    baseline.entries[0].identity.label = Some(label.to_owned());
    let text = render(&baseline);
    assert_eq!(read(&text), baseline);
    assert!(text.is_ascii() || !text.contains(['\u{1b}', '\u{7f}', '\u{202e}']), "{text}");
    assert_eq!(text.lines().count(), SMALL.lines().count());
}

#[test]
fn what_a_person_writes_may_leave_out_what_only_learning_knows() {
    let baseline = read(
        "schema = 1\nname = \"by hand\"\n[[entry]]\nidentity = { process = \"sshd\" }\n\
         direction = \"listen\"\nprotocol = \"tcp\"\nports = [\"22\", \"8000-8010\", \"dynamic\"]\nscope = \"any\"\n",
    );
    let entry = &baseline.entries[0];
    assert_eq!((entry.role.as_str(), entry.hosts, entry.observations), ("*", 0, 0));
    assert!(baseline.could_show(Sight::UdpListen, None), "a statement holds for everything");
}

#[test]
fn errors_name_file_line_and_key() {
    let wrong = |from: &str, to: &str| parse("b.toml", &SMALL.replacen(from, to, 1)).unwrap_err();
    for (from, to, told) in [
        ("schema = 1", "schema = 2", "b.toml:1:10: schema: only 1 is known"),
        ("name = \"laptops\"", "name = \" \"", "b.toml:2:8: name: is empty"),
        ("name = \"laptops\"", "nam = \"laptops\"", "b.toml:2:1: nam: unknown key `nam`"),
        ("schema = 1\n", "", "b.toml:1:1: schema: is missing"),
        (
            "scope = \"loopback\"",
            "scope = \"world\"",
            "b.toml:10:9: entry.scope: unknown variant `world`, expected one of `lo`, `loopback`, `lan`, `any`",
        ),
        ("scope = \"loopback\"\n", "", "b.toml:4:1: entry.scope: is missing"),
        ("[\"9190\"]", "[\"91900\"]", "b.toml:9:9: entry.ports: \"91900\" is neither a port nor"),
        ("[\"9190\"]", "[]", "b.toml:9:9: entry.ports: a port list is empty"),
        ("label =", "lable =", "b.toml:6:14: entry.identity.lable: unknown key `lable`"),
        ("hosts = 2", "hosts = 1", "b.toml:4:1: entry.hosts: fewer than `seen` names"),
        ("observations = 5", "observations = 1", "b.toml:4:1: entry.observations: fewer than"),
        ("role = \"developer\"", "role = \"\"", "b.toml:4:1: entry.role: is empty"),
        ("host = \"mb-01\"", "host = \"\"", "b.toml:16:1: coverage.host, role: must not be empty"),
        ("\"udp listen\"", "\"icmp\"", "b.toml:20:"),
        ("privileged = true", "privileged = 1", "b.toml:21:14: coverage.privileged: invalid type"),
        ("[[coverage]]", "[[coverage", "b.toml:16:"),
    ] {
        let error = wrong(from, to);
        assert!(error.starts_with(told), "{to}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_difference_is_told_by_what_it_is_about() {
    let old = read(SMALL);
    let moved = read(&SMALL.replace("9190", "9191"));
    let told: Vec<String> = diff(&old, &moved).iter().map(Difference::describe).collect();
    let entry =
        |port| format!("role developer: com.example.agentd listens on tcp {port} (loopback)");
    assert_eq!(told, [format!("- {}", entry(9190)), format!("+ {}", entry(9191))]);
    let older = SMALL.replace("15.3", "15.2").replace("\"mb-01\" = 3", "\"mb-01\" = 4");
    let older = read(&older.replace("observations = 5", "observations = 6"));
    let told: Vec<String> = diff(&old, &older).iter().map(Difference::describe).collect();
    assert!(told[0].ends_with("2 → 2 hosts, 5 → 6 observations; mb-01: 3 → 4"), "{told:?}");
    assert!(told[1].starts_with("- host mb-01 (macOS 15.3"), "{told:?}");
    assert!(diff(&old, &old).is_empty());
}

#[test]
fn a_weak_entry_is_named_with_its_weakness() {
    let weak = SMALL
        .replace("{ label = \"com.example.agentd\", path = \"/Library/Example/agentd\" }", "{}")
        .replace("[\"9190\"]", "[\"any\"]")
        .replace("privileged = true", "privileged = false");
    let told = advice(&read(&weak));
    for part in ["names no program", "allows every port", "not privileged"] {
        assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:?}");
    }
    let both = format!(
        "{SMALL}\n[[coverage]]\nhost = \"mb-02\"\nrole = \"developer\"\nos_version = \"15.3\"\n\
         sees = [\"tcp listen\", \"udp listen\"]\nprivileged = true\n"
    );
    assert_eq!(advice(&read(&both)), [""; 0]);
    let odd =
        SMALL.replace("role = \"developer\"", "role = \"dev-*\"").replace("hosts = 2", "hosts = 9");
    let told = advice(&read(&odd));
    for part in ["holds `*` within other text", "more hosts than `coverage` names"] {
        assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:?}");
    }
    let told = advice(&read("schema = 1\nname = \"none\"\n"));
    assert_eq!(told, ["it has no entries: it expects nothing"]);
}

/// A small file of few values, so that equal ones meet.
fn any(u: &mut Unstructured<'_>) -> Result<LearnedBaseline> {
    let mut text = format!("schema = 1\nname = \"{}\"\n", u.choose(&["a", "b", "a+b"])?);
    for _ in 0..u.int_in_range(0..=4)? {
        let port = u.int_in_range(1..=3)?;
        write!(
            text,
            "[[entry]]\nrole = \"{}\"\nidentity = {{ path = \"/{}\" }}\ndirection = \"listen\"\n\
             protocol = \"tcp\"\nports = [\"{port}\"]\nscope = \"any\"\nreason = \"{}\"\n",
            u.choose(&["*", "x"])?,
            u.choose(&["p", "q"])?,
            u.choose(&["", "learned", "by hand", "by hand; learned"])?,
        )
        .unwrap();
        if u.arbitrary()? {
            let (one, two) = (u.int_in_range(0..=3)?, u.int_in_range(0..=3)?);
            writeln!(text, "seen = {{ \"h1\" = {one}, \"h{}\" = {two} }}", u.int_in_range(2..=3)?)
                .unwrap();
        } else {
            let (hosts, times) = (u.int_in_range(0..=5)?, u.int_in_range(0..=9)?);
            writeln!(text, "hosts = {hosts}\nobservations = {times}").unwrap();
        }
    }
    for _ in 0..u.int_in_range(0..=2)? {
        let sees = u.choose(&["", "\"tcp listen\"", "\"udp listen\", \"tcp outbound\""])?;
        writeln!(
            text,
            "[[coverage]]\nhost = \"h{}\"\nsees = [{sees}]\nprivileged = {}",
            u.int_in_range(1..=2)?,
            u.arbitrary::<bool>()?
        )
        .unwrap();
    }
    Ok(parse("any", &text).unwrap())
}

#[test]
fn merging_asks_neither_order_nor_grouping_nor_how_often() {
    arbtest::arbtest(|u| {
        let (a, b, c) = (any(u)?, any(u)?, any(u)?);
        let of = |all: &[&LearnedBaseline]| {
            merge(&all.iter().map(|one| (*one).clone()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[&a, &b]), of(&[&b, &a]));
        assert_eq!(of(&[&of(&[&a, &b]), &c]), of(&[&a, &of(&[&b, &c])]));
        assert_eq!(of(&[&a, &a]), of(&[&a]));
        assert_eq!(of(&[&of(&[&a, &b]), &b]), of(&[&a, &b]));
        Ok(())
    });
}

#[test]
fn what_is_written_is_read_again_whatever_it_is() {
    arbtest::arbtest(|u| {
        let baseline = any(u)?;
        assert_eq!(parse("any", &render(&baseline)).unwrap(), baseline);
        Ok(())
    });
}
