//! launchctl output → what launchd had loaded.

use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::network::{Families, Port, Protocol};
use portolan::model::observation::{Fact, JobState, ProblemKind};
use portolan::model::service::{Direction, Domain};

fn states<'a>(out: &'a Emitter) -> Vec<&'a JobState> {
    let state = |fact: &'a Fact| match fact {
        Fact::JobState(state) => Some(&**state),
        _ => None,
    };
    out.observations.iter().filter_map(|observation| state(&observation.fact)).collect()
}

macro_rules! snapshot {
    ($name:ident, $id:literal, $fixture:literal) => {
        #[test]
        fn $name() {
            let bytes = fixture_bytes(concat!($id, "/", $fixture));
            insta::assert_snapshot!(rendered(&parse($id, $fixture, &bytes)));
        }
    };
}

snapshot!(a_list_is_a_job_a_row, "launchctl-list", "rows.txt");
snapshot!(a_list_may_have_blanks_for_tabs, "launchctl-list", "spaces-for-tabs.txt");
snapshot!(a_list_may_have_lost_its_header, "launchctl-list", "grep-without-header.txt");
snapshot!(the_list_of_one_label_is_a_block, "launchctl-list", "one-label.txt");
snapshot!(a_broken_list_loses_only_its_broken_rows, "launchctl-list", "broken.txt");
snapshot!(a_job_is_described_by_its_outermost_keys, "launchctl-print", "job-with-sockets.txt");
snapshot!(an_old_print_that_was_cut_off_is_partial, "launchctl-print", "yosemite-cut-off.txt");
snapshot!(a_domain_lists_services_and_overrides, "launchctl-print", "domain.txt");
snapshot!(a_dump_is_many_blocks, "launchctl-print", "dumpstate.txt");
snapshot!(malformed_blocks_cost_nothing_else, "launchctl-print", "malformed.txt");
snapshot!(overrides_are_read_in_new_words, "launchctl-print-disabled", "modern.txt");
snapshot!(overrides_are_read_in_old_words, "launchctl-print-disabled", "old-words.txt");
snapshot!(overrides_may_be_cut_off, "launchctl-print-disabled", "cut-off.txt");

#[test]
fn each_output_is_known_by_its_content() {
    for (id, name) in [
        ("launchctl-list", "rows.txt"),
        ("launchctl-list", "spaces-for-tabs.txt"),
        ("launchctl-list", "grep-without-header.txt"),
        ("launchctl-list", "one-label.txt"),
        ("launchctl-print", "job-with-sockets.txt"),
        ("launchctl-print", "yosemite-cut-off.txt"),
        ("launchctl-print", "domain.txt"),
        ("launchctl-print", "dumpstate.txt"),
        ("launchctl-print-disabled", "modern.txt"),
        ("launchctl-print-disabled", "old-words.txt"),
    ] {
        let bytes = fixture_bytes(&format!("{id}/{name}"));
        assert_eq!(claim("case/loose.txt", &bytes).as_deref(), Some(id), "{name}");
    }
    for other in [&b""[..], b"\0\0", b"{ \"a\": 1 }", b"8080\t1\n", b"http {\n  listen = 80\n}\n"] {
        assert_eq!(claim("case/loose.txt", other), None);
    }
}

#[test]
fn names_tell_the_three_apart() {
    for (name, id) in [
        ("launchctl_list.txt", "launchctl-list"),
        ("launchctl-list-501.txt", "launchctl-list"),
        ("launchctl-print-gui-501.txt", "launchctl-print"),
        ("launchctl-dumpstate.txt", "launchctl-print"),
        ("launchctl_print-disabled_system.txt", "launchctl-print-disabled"),
    ] {
        assert_eq!(
            claim(&format!("live_response/system/{name}"), b"?\n").as_deref(),
            Some(id),
            "{name}"
        );
    }
}

#[test]
fn values_of_environment_variables_are_never_repeated() {
    let bytes = fixture_bytes("launchctl-print/job-with-sockets.txt");
    let out = parse("launchctl-print", "x.txt", &bytes);
    let excerpts: Vec<_> = out.observations.iter().map(|seen| seen.excerpt.clone()).collect();
    let all = format!("{}{excerpts:?}", rendered(&out));
    assert!(!all.contains("do-not-show"), "{all}");
}

#[test]
fn sockets_are_ports_that_are_configured() {
    let bytes = fixture_bytes("launchctl-print/job-with-sockets.txt");
    let out = parse("launchctl-print", "x.txt", &bytes);
    let declared = &states(&out)[0].declared;
    let ports: Vec<_> = declared.iter().map(|port| (&*port.token, port.port.clone())).collect();
    assert_eq!(
        ports,
        [
            ("Sockets.Listeners", Port::Number(8443)),
            ("Sockets.Local", Port::Name("http-alt".into())),
            ("Sockets.Beacon", Port::Number(5514)),
            ("Sockets.Dual", Port::Number(9000)),
            ("Sockets.Anyport", Port::None),
        ]
    );
    assert_eq!(declared[0].families, Families::V4.union(Families::V6));
    assert_eq!(declared[1].families, Families::V4);
    assert_eq!(declared[2].protocol, Some(Protocol::Udp));
    assert_eq!(declared[2].direction, Direction::Outbound);
    assert_eq!(declared[3].families, Families::DUAL);
}

#[test]
fn a_key_of_an_inner_block_is_not_the_jobs() {
    let bytes = fixture_bytes("launchctl-print/job-with-sockets.txt");
    let out = parse("launchctl-print", "x.txt", &bytes);
    assert_eq!(states(&out)[0].pid, Some(4120));
    assert_eq!(states(&out)[0].state.as_deref(), Some("running"));
    assert_eq!(states(&out)[0].arguments.len(), 4);
}

#[test]
fn the_domain_of_overrides_is_told_by_the_files_name() {
    let bytes = fixture_bytes("launchctl-print-disabled/modern.txt");
    for (name, domain) in [
        ("launchctl_print-disabled_system.txt", Domain::System),
        ("launchctl_print-disabled_user_501.txt", Domain::User(501)),
        ("launchctl-print-disabled-gui-502.txt", Domain::User(502)),
        ("overrides.txt", Domain::System),
    ] {
        let out = parse("launchctl-print-disabled", name, &bytes);
        assert_eq!(out.observations[0].fact, Fact::OverridesRead(domain), "{name}");
        assert_eq!(out.notes.is_empty(), name != "overrides.txt", "{name}");
    }
}

#[test]
fn a_domain_without_overrides_is_still_read() {
    let text = b"disabled services = (no disabled services)\n";
    let out = parse("launchctl-print-disabled", "print-disabled_system.txt", text);
    assert_eq!(out.observations.len(), 1);
    assert!(out.problems.is_empty());
}

#[test]
fn nesting_is_bounded() {
    let mut text = "system/com.example.deep = {\n\tpid = 5\n".to_owned();
    for depth in 1..5000 {
        text.push_str(&"\t".repeat(depth));
        text.push_str("x = {\n");
    }
    text.push_str("}\nsystem/com.example.next = {\n\tpid = 6\n}\n");
    let out = parse("launchctl-print", "x.txt", text.as_bytes());
    let pids: Vec<_> = states(&out).iter().map(|state| state.pid).collect();
    assert_eq!(pids, [Some(5), Some(6)]);
    assert_eq!(out.problems.iter().filter(|p| p.kind == ProblemKind::Limit).count(), 1);
}

#[test]
fn output_without_indentation_is_read_too() {
    let text = "system/com.example.flat = {\nstate = running\npid = 5\nx = {\npid = 6\n}\n}\n";
    let out = parse("launchctl-print", "x.txt", text.as_bytes());
    assert_eq!(states(&out)[0].pid, Some(5));
}
