//! What a `match` fits: each key alone, known and unknown.

use super::{exception, policy};
use portolan::baseline::pattern::PortSet;
use portolan::baseline::policy::matching::{Candidate, Match, bundle_of};
use portolan::model::network::{Protocol, Scope};
use portolan::model::service::Direction;

/// The `match` of these keys.
fn asking(keys: &str) -> Match {
    policy(&exception(&format!("match = {{ {keys} }}"))).exceptions[0].matcher.clone()
}

fn known() -> Candidate<'static> {
    Candidate {
        host: "otter-07",
        role: Some("lab"),
        label: Some("com.corp.ttyd"),
        path: Some("/usr/local/bin/ttyd"),
        process: Some("ttyd"),
        team_id: Some("ABCDE12345"),
        bundle_id: Some("com.corp.tty"),
        sha256: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        direction: Some(Direction::Outbound),
        protocol: Some(Protocol::Tcp),
        ports: Some(PortSet::one(7681)),
        is_ephemeral: false,
        scope: Some(Scope::Lan),
        remote: Some("10.1.2.3".parse().unwrap()),
    }
}

#[test]
fn each_key_fits_what_it_names_and_nothing_else() {
    let hash = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    let other = "0".repeat(64);
    let cases = [
        ("host = \"OTTER-*\"", "host = \"otter-08\""),
        ("role = \"l*b\"", "role = \"Lab\""),
        ("label = \"com.corp.*\"", "label = \"com.corp\""),
        ("path = \"/usr/local/bin/ttyd\"", "path = \"/usr/local/bin/tty\""),
        ("path = \"/usr/**\"", "path = \"/usr/*/ttyd\""),
        ("process = \"tty*\"", "process = \"TTYD\""),
        ("team_id = \"ABCDE12345\"", "team_id = \"ABCDE1234*\""),
        ("bundle_id = \"com.corp.tty\"", "bundle_id = \"com.corp\""),
        (&format!("sha256 = \"{hash}\""), &format!("sha256 = \"{other}\"")),
        ("direction = \"outbound\"", "direction = \"listen\""),
        ("protocol = \"tcp\"", "protocol = \"udp\""),
        ("ports = [\"1\", \"7000-8000\"]", "ports = [\"7680\", \"7682-65535\", \"dynamic\"]"),
        ("scope = \"lan\"", "scope = \"loopback\""),
        ("scope = \"any\"", "scope = \"loopback\""),
        ("remote = \"10.0.0.0/8\"", "remote = \"10.1.2.4\""),
        ("remote = \"::ffff:10.1.2.3\"", "remote = \"::/0\""),
    ];
    for (fits, does_not) in cases {
        assert!(asking(fits).fits(&known()), "{fits}");
        assert!(!asking(does_not).fits(&known()), "{does_not}");
        let both = format!("{fits}, label = \"com.corp.other\"");
        assert!(fits.starts_with("label") || !asking(&both).fits(&known()), "{both}");
    }
}

#[test]
fn what_is_not_known_never_fits() {
    let nothing = Candidate { host: "otter-07", ..Candidate::default() };
    for keys in [
        "role = \"l*\"",
        "label = \"*\"",
        "path = \"/\"",
        "process = \"*\"",
        "team_id = \"A\"",
        "bundle_id = \"b\"",
        "direction = \"listen\"",
        "protocol = \"tcp\"",
        "ports = [\"1-65535\"]",
        "scope = \"any\"",
        "remote = \"0.0.0.0/0\"",
    ] {
        assert!(!asking(keys).fits(&nothing), "{keys}");
    }
    let unknown = Candidate {
        scope: Some(Scope::Unknown),
        direction: Some(Direction::Unknown),
        path: Some("sshd: ana"),
        ..known()
    };
    for keys in ["scope = \"any\"", "direction = \"outbound\"", "path = \"/\""] {
        assert!(!asking(keys).fits(&unknown), "{keys}");
    }
    assert!(asking("host = \"*\", role = \"*\"").fits(&nothing), "a lone * asks for nothing");
}

#[test]
fn labels_are_compared_without_what_changes_between_launches() {
    let app = Candidate { label: Some("application.com.foo.11529215.42"), ..known() };
    assert!(asking("label = \"application.com.foo\"").fits(&app));
    assert!(asking("label = \"application.com.foo.1.2\"").fits(&app));
}

#[test]
fn a_label_names_a_bundle_only_with_the_numbers_of_a_start_and_for_a_program_in_a_bundle() {
    let program = "/Applications/Foo.app/Contents/MacOS/Foo";
    let numbered = "application.com.foo.11529215.42";
    assert_eq!(bundle_of(numbered, program).as_deref(), Some("com.foo"));
    for (label, program) in [
        ("com.foo", program),
        ("application.com.foo", program),
        ("application.com.foo.42", program),
        (numbered, "/tmp/.x/foo"),
        (numbered, "/Applications/Foo.app/../../tmp/foo"),
    ] {
        assert_eq!(bundle_of(label, program), None, "{label} {program}");
    }
}

#[test]
fn of_several_ports_all_must_be_asked_for() {
    let several = PortSet::try_from(vec!["8000-8010".to_owned()]).unwrap();
    let expected = Candidate { ports: Some(several), ..known() };
    assert!(asking("ports = [\"7000-9000\"]").fits(&expected));
    assert!(!asking("ports = [\"8000-8005\"]").fits(&expected));
}

#[test]
fn a_floating_port_is_dynamic_and_an_address_of_ipv4_in_ipv6_is_ipv4() {
    let floating = Candidate { ports: Some(PortSet::one(50_000)), is_ephemeral: true, ..known() };
    assert!(asking("ports = [\"dynamic\"]").fits(&floating));
    let mapped = Candidate { remote: Some("::ffff:203.0.113.9".parse().unwrap()), ..known() };
    assert!(asking("remote = \"203.0.113.0/24\"").fits(&mapped));
    assert!(asking("remote = \"::ffff:203.0.113.0/120\"").fits(&mapped));
    let six = Candidate { remote: Some("2001:db8::1".parse().unwrap()), ..known() };
    assert!(asking("remote = \"2001:db8::/32\"").fits(&six));
    assert!(asking("remote = \"::/0\"").fits(&six) && !asking("remote = \"0.0.0.0/0\"").fits(&six));
}

#[test]
fn one_match_includes_another_if_whatever_fits_that_fits_it() {
    let wide = [
        "host = \"*\", label = \"com.corp.*\"",
        "path = \"/opt/corp/\"",
        "path = \"/opt/*/x\"",
        "ports = [\"1-100\"]",
        "scope = \"any\"",
        "remote = \"10.0.0.0/8\"",
        "label = \"a\"",
        "host = \"MB-*\"",
    ];
    let narrow = [
        "label = \"com.corp.t*\", ports = [\"1\"]",
        "path = \"/opt/corp/bin/**\"",
        "path = \"/opt/y/x\"",
        "ports = [\"5\", \"7-9\"]",
        "scope = \"lan\"",
        "remote = \"10.1.0.0/16\"",
        "label = \"a\"",
        "host = \"mb-1\"",
    ];
    for (wide, narrow) in wide.iter().zip(narrow) {
        assert!(asking(wide).includes(&asking(narrow)), "{wide} includes {narrow}");
        assert!(*wide == narrow || !asking(narrow).includes(&asking(wide)), "{narrow} {wide}");
    }
    let apart = [("path = \"/opt/*\"", "path = \"/opt/**\""), ("process = \"a\"", "label = \"a\"")];
    for (one, other) in apart {
        assert!(!asking(one).includes(&asking(other)), "{one} {other}");
    }
}

#[test]
fn a_path_fits_later_versions_of_the_same_program_of_the_same_user() {
    let path = |path: &'static str| Candidate { path: Some(path), ..known() };
    for (asked, have, fits) in [
        ("/opt/homebrew/Cellar/x/1.2.3/bin/x", "/opt/homebrew/Cellar/x/1.3.0/bin/x", true),
        ("/opt/homebrew/opt/x/bin/x", "/opt/homebrew/Cellar/x/1.3.0/bin/x", true),
        ("/opt/homebrew/Cellar/x/1.2.3/bin/x", "/opt/homebrew/Cellar/x/1.3.0/bin/y", false),
        ("/opt/v/1.2/agent", "/opt/v/1.3/agent", true),
        ("/opt/v/1.2/agent", "/opt/v/evil/agent", false),
        (
            "/var/folders/a/b/T/AppTranslocation/11111111-2222-3333-4444-555555555555/d/X.app/X",
            "/private/var/folders/a/b/T/AppTranslocation/99999999-2222-3333-4444-555555555555/d/X.app/X",
            true,
        ),
        ("/Users/ana/v/1.2/x", "/Users/ana/v/1.3/x", true),
        ("/Users/ana/v/1.2/x", "/Users/eve/v/1.2/x", false),
        ("/Users/ana/v/1.2/x", "/Users/eve/v/1.3/x", false),
        ("/var/folders/a/b/x", "/var/folders/c/d/x", false),
    ] {
        assert_eq!(
            asking(&format!("path = \"{asked}\"")).fits(&path(have)),
            fits,
            "{asked} {have}"
        );
    }
}
