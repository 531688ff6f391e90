//! Features of trust: signatures, the application firewall, the packet filter, extensions, background items.

use super::{RUN_AT_LOAD, daemon};
use crate::story::{Lsof, Mac, Told, job, told};
use crate::support::{expectations, fixture};
use portolan::baseline::learned::identity::ProgramKey;
use portolan::hosts::Options;
use portolan::model::anomaly::Anomaly;
use portolan::model::observation::{Known, Signer};
use std::fmt::Write;

const CODESIGN: &str = "live_response/system/codesign_-dvvv.txt";
const FIREWALL: &str = "live_response/system/socketfilterfw_--listapps.txt";
const PFCTL: &str = "live_response/network/pfctl_-s_nat.txt";
const BTM: &str = "live_response/system/sfltool_dumpbtm.txt";

const AGENT: &str = "/Library/Reef/reef-agent";

/// A daemon of a third party that listens everywhere.
fn agent() -> Mac {
    daemon("org.example.reef-agent", &[AGENT], "*:9443 (LISTEN)")
}

/// What codesign shows of a developer's program.
fn developer(path: &str, team: &str, more: &str) -> String {
    format!(
        "Executable={path}\nIdentifier=org.example.reef-agent\nFormat=Mach-O thin (arm64)\n\
         Authority=Developer ID Application: Reef Example Ltd ({team})\n\
         Authority=Developer ID Certification Authority\nAuthority=Apple Root CA\n\
         TeamIdentifier={team}\n{more}"
    )
}

fn adhoc(path: &str) -> String {
    format!(
        "Executable={path}\nIdentifier=x\nFormat=Mach-O thin (arm64)\nSignature=adhoc\n\
         TeamIdentifier=not set\n"
    )
}

fn points(anomaly: &Anomaly, feature: &str) -> Option<i32> {
    anomaly.factors.iter().find(|factor| factor.name == feature).map(|factor| factor.points)
}

/// Points of a feature on the only anomaly of a port.
fn of_port(told: &Told, port: u16, feature: &str) -> Option<i32> {
    let [anomaly] = told.anomalies(port)[..] else { panic!("{:#?}", told.0.anomalies) };
    points(anomaly, feature)
}

#[test]
fn who_signed_a_program_adds_or_takes() {
    let without = agent().told().only_anomaly().score;
    let score = |text: String| agent().file(CODESIGN, text).told().only_anomaly().score;
    assert_eq!(
        score(developer(AGENT, "REEF00TEAM", "Notarization Ticket=stapled\n")),
        without - 10
    );
    assert_eq!(score(developer(AGENT, "REEF00TEAM", "")), without + 5);
    assert_eq!(score(adhoc(AGENT)), without + 15);
    assert_eq!(score(format!("{AGENT}: code object is not signed at all\n")), without + 15);
    let modified = ": invalid signature (code or signature have been modified)\n";
    let valid = developer(AGENT, "REEF00TEAM", "Notarization Ticket=stapled\n");
    assert_eq!(score(format!("{valid}\n{AGENT}{modified}")), without + 15);
}

#[test]
fn a_signature_of_one_path_speaks_for_no_other() {
    let without = agent().told().only_anomaly().score;
    for path in ["/Library/Reef/reef-agent2", "/Library/Reef", "/Library/Reef/Reef-agent"] {
        let told = agent().file(CODESIGN, adhoc(path)).told();
        assert_eq!(told.only_anomaly().score, without, "{path}");
    }
    // Nor do two that disagree.
    let both = format!("{}\n{}", adhoc(AGENT), developer(AGENT, "REEF00TEAM", ""));
    let told = agent().file(CODESIGN, both).told();
    assert_eq!(told.only_anomaly().score, without);
    let signed = told.ports().trust.signature(AGENT).unwrap();
    assert_eq!((signed.signer, signed.developer()), (Signer::Unknown, None));
}

#[test]
fn apple_s_signature_counts_only_where_only_apple_writes() {
    let apple = |path: &str| {
        format!(
            "Executable={path}\nIdentifier=com.apple.x\nFormat=Mach-O thin (arm64e)\n\
             Authority=Software Signing\nAuthority=Apple Code Signing Certification Authority\n\
             Authority=Apple Root CA\nTeamIdentifier=not set\n"
        )
    };
    let signed = |path: &str| {
        let told =
            daemon("org.example.x", &[path], "*:9443 (LISTEN)").file(CODESIGN, apple(path)).told();
        of_port(&told, 9443, "signature-apple")
    };
    assert_eq!(signed("/usr/libexec/reefd"), Some(-25));
    // A name that anybody can put into a certificate.
    assert_eq!(signed(AGENT), None);
    // A tool does as it is told.
    assert_eq!(signed("/usr/bin/nc"), None);
}

#[test]
fn a_script_on_the_sealed_volume_needs_no_signature() {
    let path = "/usr/libexec/reefscript";
    let unsigned = format!("{path}: code object is not signed at all\n");
    let told = daemon("com.apple.reefscript", &[path], "*:9443 (LISTEN)")
        .without("[root]/Library/LaunchDaemons/com.apple.reefscript.plist")
        .plist(
            "/System/Library/LaunchDaemons/com.apple.reefscript.plist",
            &job("com.apple.reefscript", &[path], RUN_AT_LOAD),
        )
        .file(CODESIGN, unsigned)
        .told();
    for anomaly in &told.0.anomalies {
        assert!(!anomaly.rules.contains(&"P11"), "{}", anomaly.explanation);
        assert_eq!(points(anomaly, "signature-missing"), None, "{}", anomaly.explanation);
    }
}

#[test]
fn an_application_of_apple_s_that_is_not_apple_s_is_a_masquerade() {
    let program = "/Applications/iTunes.app/Contents/MacOS/iTunesHelper.app/Contents/MacOS/helper";
    let plist = "/System/Library/LaunchAgents/com.apple.iTunesHelper.launcher.plist";
    let text = job("com.apple.iTunesHelper.launcher", &[program], "");
    let mac = Mac::new().plist(plist, &text);
    mac.clone().told().is_quiet();
    let told = mac.file(CODESIGN, adhoc(program)).told();
    assert_eq!(told.only_anomaly().rules, ["P11"]);
}

#[test]
fn a_team_and_an_identifier_are_an_identity() {
    let told = agent().file(CODESIGN, developer(AGENT, "REEF00TEAM", "")).told();
    let key = ProgramKey::of(told.binding(9443), told.ports());
    assert_eq!(key.team_id.as_deref(), Some("REEF00TEAM"));
    assert_eq!(key.bundle_id.as_deref(), Some("org.example.reef-agent"));
    let by_team = ProgramKey {
        team_id: Some("REEF00TEAM".to_owned()),
        bundle_id: Some("org.example.reef-agent".to_owned()),
        ..ProgramKey::default()
    };
    let stock = &expectations().baseline.stock;
    assert!(key.is(&by_team, stock));
    let other = ProgramKey { team_id: Some("TIDE00TEAM".to_owned()), ..by_team };
    assert!(!key.is(&other, stock));
}

#[test]
fn a_policy_may_name_a_team() {
    let text = "[[approved]]\nname = \"Reef\"\nmatch = { team_id = \"REEF00TEAM\" }\n";
    let judged = |signature: &str| {
        let files = agent().file(CODESIGN, signature).files();
        let told = crate::policy::judged(&files, crate::policy::policy(text));
        let one = told.only_anomaly();
        (one.exception.clone(), points(one, "signature-unknown-team"))
    };
    let approved = Some("approved:Reef".to_owned());
    assert_eq!(judged(&developer(AGENT, "REEF00TEAM", "")), (approved, None));
    assert_eq!(judged(&developer(AGENT, "TIDE00TEAM", "")), (None, Some(5)));
    // A team that the certificates do not name is only claimed.
    let claimed = format!(
        "Executable={AGENT}\nIdentifier=x\nFormat=Mach-O\nAuthority=Home\nTeamIdentifier=REEF00TEAM\n"
    );
    assert_eq!(judged(&claimed), (None, None));
}

#[test]
fn what_the_firewall_blocks_is_not_exposed() {
    let listed = |state: &str, decision: &str| {
        let text = format!(
            "Firewall is {state}\nALF: total number of apps = 1\n1 : {AGENT}\n\t ( {decision} incoming connections )\n"
        );
        agent().file(FIREWALL, text).told()
    };
    let without = agent().told().only_anomaly().score;
    let blocked = listed("enabled. (State = 1)", "Block");
    assert_eq!(of_port(&blocked, 9443, "firewall-blocks"), Some(-10));
    assert_eq!(blocked.only_anomaly().score, without - 10);
    // A firewall that is off blocks nothing, whatever it lists; and that is said.
    let off = listed("disabled. (State = 0)", "Block");
    assert_eq!(of_port(&off, 9443, "firewall-blocks"), None);
    assert!(off.only_anomaly().explanation.contains("the application firewall is off"));
    let allowed = listed("enabled. (State = 1)", "Allow");
    assert_eq!(of_port(&allowed, 9443, "firewall-blocks"), None);
    // Nobody says that it is on.
    let unknown = agent().file(FIREWALL, format!("1 : {AGENT} ( Block incoming connections )\n"));
    assert_eq!(of_port(&unknown.told(), 9443, "firewall-blocks"), None);
    let all = listed("blocking all non-essential incoming connections. (State = 2)", "Allow");
    assert_eq!(of_port(&all, 9443, "firewall-blocks"), Some(-10));
}

#[test]
fn a_redirection_from_outside_exposes_a_loopback_listener() {
    let local = || daemon("org.example.reef-agent", &[AGENT], "127.0.0.1:8777 (LISTEN)");
    let without = local().told().only_anomaly().score;
    let rule = |on: &str, port: u16| {
        format!(
            "rdr pass on {on} inet proto tcp from any to any port = 80 -> 127.0.0.1 port {port}\n"
        )
    };
    let outer = local().file(PFCTL, rule("en0", 8777)).told();
    assert_eq!(of_port(&outer, 8777, "redirect-exposes"), Some(20));
    assert_eq!(outer.only_anomaly().score, without + 20);
    // What this Mac itself sends is a note.
    let inner = local().file(PFCTL, rule("lo0", 8777)).told();
    assert_eq!(of_port(&inner, 8777, "port-redirected"), Some(0));
    assert_eq!(inner.only_anomaly().score, without);
    let elsewhere = local().file(PFCTL, rule("en0", 8778)).told();
    assert_eq!(of_port(&elsewhere, 8777, "redirect-exposes"), None);
    let off = format!("{}Status: Disabled\n", rule("en0", 8777));
    let off = local().file(PFCTL, off).told();
    assert_eq!(of_port(&off, 8777, "redirect-exposes"), None);
}

#[test]
fn a_network_extension_is_named() {
    let list = |active: &str| {
        format!(
            "1 extension(s)\n--- com.apple.system_extension.network_extension\n\
             enabled\tactive\tteamID\tbundleID (version)\tname\t[state]\n\
             *\t{active}\tREEF00TEAM\torg.example.reef.filter (2.1/21)\tReef\t[activated enabled]\n"
        )
    };
    let noted = |folder: &str, active: &str| {
        let path =
            format!("{folder}/0B1D/org.example.reef.filter.systemextension/Contents/MacOS/f");
        let told = Mac::new()
            .file("live_response/system/systemextensionsctl_list.txt", list(active))
            .ps(700, "root", "01-00:00:00", &path)
            .lsof(Lsof::tcp("f", 700, 0x700, "*:9443 (LISTEN)").root())
            .told();
        of_port(&told, 9443, "network-extension")
    };
    assert_eq!(noted("/Library/SystemExtensions", "*"), Some(0));
    assert_eq!(noted("/Library/SystemExtensions", ""), None);
    assert_eq!(noted("/Users/Shared/SystemExtensions", "*"), None);
}

fn dump(items: &[(&str, &str, &str, &str)]) -> String {
    let mut text = String::from(" Records for UID -2 : FFFFEEEE-DDDD-CCCC-BBBB-AAAAFFFFFFFE\n");
    for (index, (kind, disposition, identifier, url)) in items.iter().enumerate() {
        write!(
            text,
            " #{}:\n Team Identifier: REEF00TEAM\n Type: {kind}\n Disposition: [{disposition}]\n \
             Identifier: {identifier}\n URL: {url}\n",
            index + 1
        )
        .unwrap();
    }
    text
}

#[test]
fn a_job_that_is_disallowed_does_not_load() {
    let url = "file:///Library/LaunchDaemons/org.example.reef-agent.plist";
    let item = |disposition, url| {
        dump(&[("legacy daemon (0x10010)", disposition, "16.org.example.reef-agent", url)])
    };
    let told = agent().file(BTM, item("enabled, disallowed", url)).told();
    let found = told.job("org.example.reef-agent");
    assert_eq!(found.enabled, Known::No);
    assert_eq!(found.enabled_source, "Background Task Management: disallowed");
    assert_eq!(found.team_id.as_deref(), Some("REEF00TEAM"));
    // To be allowed is not yet to be enabled.
    let told = agent().file(BTM, item("enabled, allowed", url)).told();
    assert_ne!(told.job("org.example.reef-agent").enabled, Known::No);
    // Another property list of the same label is another job.
    let other = "file:///Library/Other/org.example.reef-agent.plist";
    let told = agent().file(BTM, item("enabled, disallowed", other)).told();
    let jobs = &told.ports().jobs;
    let own = jobs.iter().find(|job| job.job.is_some() && &*job.label == "org.example.reef-agent");
    assert_ne!(own.unwrap().enabled, Known::No);
}

#[test]
fn a_job_that_an_application_registered_is_known() {
    let text = dump(&[
        ("app (0x2)", "disabled, allowed", "2.org.example.reef", "file:///Applications/Reef.app/"),
        (
            "daemon (0x10)",
            "enabled, allowed",
            "16.org.example.reef.d",
            "Contents/Library/LaunchDaemons/d.plist",
        ),
    ]);
    let text = format!(
        "{text} Executable Path: Contents/MacOS/d\n Parent Identifier: 2.org.example.reef\n"
    );
    let program = "/Applications/Reef.app/Contents/MacOS/d";
    let told = Mac::new()
        .file(BTM, text)
        .ps(700, "root", "01-00:00:00", program)
        .lsof(Lsof::tcp("d", 700, 0x700, "*:9443 (LISTEN)").root())
        .told();
    let found = told.job("org.example.reef.d");
    assert_eq!(found.program.as_deref(), Some(program));
    let plist = "/Applications/Reef.app/Contents/Library/LaunchDaemons/d.plist";
    assert_eq!(found.plist_path.as_deref(), Some(plist));
    assert_eq!((found.domain.as_str(), found.enabled), ("system", Known::Yes));
    assert_eq!(told.binding(9443).service.as_deref(), Some("org.example.reef.d"));
}

#[test]
fn a_signed_and_filtered_mac_is_told_from_end_to_end() {
    let told = told(&[fixture("hosts/signed-and-filtered")], &Options::default());
    let mut lines: Vec<String> = told
        .0
        .anomalies
        .iter()
        .map(|one| {
            format!("{} {} {}\n  {}", one.score, one.rules.join(","), one.title, one.explanation)
        })
        .collect();
    lines.sort();
    let jobs = told.ports().jobs.iter().map(|job| {
        let signed = job.program.as_deref().and_then(|path| told.ports().trust.signature(path));
        format!(
            "{} {} {} ({}) {} {}",
            job.domain,
            job.label,
            job.enabled.as_str(),
            job.enabled_source,
            signed.map_or("-", |signed| signed.signer.as_str()),
            job.team_id.as_deref().unwrap_or("-")
        )
    });
    lines.extend(jobs);
    insta::assert_snapshot!(lines.join("\n"));
}

/// Role and excerpt of what the summands of the only anomaly rest on.
fn cited(mac: &Mac) -> Vec<(&'static str, String)> {
    let told = mac.told();
    let anomaly = told.only_anomaly();
    let row = |one: &portolan::model::binding::Citation| {
        (one.role.as_str(), one.excerpt.as_deref().unwrap_or_default().to_owned())
    };
    anomaly.cited().map(row).collect()
}

#[test]
fn what_is_told_of_trust_is_cited() {
    assert_eq!(cited(&agent()), []);
    let signed = agent().file(CODESIGN, adhoc(AGENT));
    assert_eq!(cited(&signed), [("owner", format!("Executable={AGENT}"))]);
    let blocked = "Firewall is enabled. (State = 1)\nTotal number of apps = 1\n1 : ".to_owned();
    let blocked = format!("{blocked}{AGENT}\n             (Block incoming connections)\n");
    let rows = cited(&agent().file(FIREWALL, blocked));
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|(role, row)| *role == "declared" && !row.is_empty()), "{rows:?}");
    let rule = "rdr pass on en0 inet proto tcp from any to any port = 443 -> 127.0.0.1 port 9443";
    assert_eq!(cited(&agent().file(PFCTL, format!("{rule}\n"))), [("declared", rule.to_owned())]);
}
