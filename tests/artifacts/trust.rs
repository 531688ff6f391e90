//! Captures of trust → who signed what, what may be reached, what launches in the background.

use super::place_of;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::artifacts::Emitter;
use portolan::model::observation::{
    BackgroundItem, Fact, FirewallSetting, Known, Redirect, Signature, Signer,
};

/// What an artifact makes of a fixture.
fn read(id: &str, name: &str) -> Emitter {
    parse(id, &place_of(id, name), &fixture_bytes(&format!("{id}/{name}")))
}

macro_rules! snapshot {
    ($name:ident, $id:literal, $fixture:literal) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(rendered(&read($id, $fixture)));
        }
    };
}

snapshot!(several_signatures_stand_in_one_file, "codesign", "several.txt");
snapshot!(a_verification_says_valid_or_what_is_wrong, "codesign", "verify.txt");
snapshot!(without_certificates_nobody_is_known_to_have_signed, "codesign", "one-v.txt");
snapshot!(names_that_are_only_claimed_are_not_believed, "codesign", "claimed-names.txt");
snapshot!(a_dump_lists_items_by_user, "btm-dump", "users.txt");
snapshot!(an_item_that_says_two_things_says_nothing, "btm-dump", "damaged.txt");
snapshot!(a_store_says_what_its_dump_says, "btm-store", "BackgroundItems-v13.btm");
snapshot!(a_record_without_its_parts_is_told, "btm-store", "records-without-parts.btm");
snapshot!(an_old_store_holds_bookmarks, "btm-store", "backgrounditems.btm");
snapshot!(a_decision_may_stand_on_the_next_line, "socketfilterfw", "two-lines.txt");
snapshot!(a_decision_may_stand_on_the_same_line, "socketfilterfw", "one-line.txt");
snapshot!(a_firewall_may_block_everything, "socketfilterfw", "block-all.txt");
snapshot!(a_list_of_applications_may_be_cut_off, "socketfilterfw", "cut-off.txt");
snapshot!(the_firewall_keeps_its_settings_in_a_file, "alf-plist", "com.apple.alf.plist");
snapshot!(a_state_of_the_firewall_may_not_be_understood, "alf-plist", "odd-state.plist");
snapshot!(loaded_redirections_are_read, "packet-filter", "pfctl-s-all.txt");
snapshot!(configured_redirections_are_read, "packet-filter", "pf.conf");
snapshot!(a_redirection_may_not_be_understood, "packet-filter", "not-understood.txt");
snapshot!(extensions_are_rows_under_their_category, "system-extensions", "list.txt");
snapshot!(a_row_that_is_no_extension_is_told, "system-extensions", "cut-off.txt");

fn signatures(text: &str) -> Vec<Signature> {
    let out = parse("codesign", "codesign.txt", text.as_bytes());
    let all = out.observations.into_iter();
    all.filter_map(|one| if let Fact::Signature(s) = one.fact { Some(*s) } else { None }).collect()
}

fn items(text: &str) -> Vec<BackgroundItem> {
    let out = parse("btm-dump", "sfltool_dumpbtm.txt", text.as_bytes());
    let all = out.observations.into_iter();
    all.filter_map(|one| if let Fact::BackgroundItem(i) = one.fact { Some(*i) } else { None })
        .collect()
}

fn redirects(line: &str) -> Vec<Redirect> {
    let out = parse("packet-filter", "pfctl_-s_nat.txt", line.as_bytes());
    let all = out.observations.into_iter();
    all.filter_map(|one| if let Fact::Redirect(r) = one.fact { Some(*r) } else { None }).collect()
}

#[test]
fn each_output_is_known_by_its_content() {
    for (id, name) in [
        ("codesign", "several.txt"),
        ("codesign", "verify.txt"),
        ("btm-dump", "users.txt"),
        ("socketfilterfw", "two-lines.txt"),
        ("socketfilterfw", "one-line.txt"),
        ("socketfilterfw", "block-all.txt"),
        ("packet-filter", "pfctl-s-all.txt"),
        ("system-extensions", "list.txt"),
    ] {
        let bytes = fixture_bytes(&format!("{id}/{name}"));
        assert_eq!(claim("case/loose.txt", &bytes).as_deref(), Some(id), "{name}");
    }
    let others = ["", "Executable files\n", "rdr is a word\n", "1 : one\n", "--- a\n+++ b\n"];
    for other in others {
        assert_eq!(claim("case/loose.txt", other.as_bytes()), None, "{other}");
    }
    let signatures = fixture_bytes("codesign/several.txt");
    assert_eq!(claim("case/codesign.json", b"{\"query\": \"codesign\"}").as_deref(), None);
    assert_eq!(claim("case/codesign-all.sh", b"codesign -dvvv $1\n").as_deref(), None);
    assert_eq!(claim("case/codesign.txt", &signatures).as_deref(), Some("codesign"));
    // What somebody configures in a folder of their own is in force nowhere.
    let rules = fixture_bytes("packet-filter/pf.conf");
    assert_eq!(claim("Users/ana/src/router/pf.conf", &rules), None);
    assert_eq!(
        claim("private/etc/pf.anchors/org.example", &rules).as_deref(),
        Some("packet-filter")
    );
    for path in ["pf.conf", "captures of Ana/pf.conf"] {
        assert_eq!(claim(path, &rules).as_deref(), Some("packet-filter"), "{path}");
    }
    // Whoever writes of a redirection writes other lines around it.
    let rule = "rdr pass on lo0 inet proto tcp from any to any port = 80 -> 127.0.0.1 port 8080\n";
    assert_eq!(claim("case/notes.txt", format!("He had set this:\n{rule}").as_bytes()), None);
    let printed = format!("No ALTQ support in kernel\nrdr-anchor \"com.apple/*\" all\n{rule}");
    assert_eq!(claim("case/notes.txt", printed.as_bytes()).as_deref(), Some("packet-filter"));
    // The template that macOS came with says nothing of this Mac.
    let settings = fixture_bytes("alf-plist/com.apple.alf.plist");
    let template = "usr/libexec/ApplicationFirewall/com.apple.alf.plist";
    assert_ne!(claim(template, &settings).as_deref(), Some("alf-plist"));
}

#[test]
fn a_team_is_a_developer_s_only_under_apple_s_root() {
    let signed = |authorities: &str, team: &str| {
        let text = format!(
            "Executable=/opt/x\nIdentifier=x\nFormat=Mach-O\n{authorities}TeamIdentifier={team}\n"
        );
        signatures(&text)[0].signer
    };
    let chain = "Authority=Developer ID Application: X (TEAM0)\nAuthority=Apple Root CA\n";
    assert_eq!(signed(chain, "TEAM0"), Some(Signer::Developer));
    assert_eq!(signed(chain, "TEAM1"), Some(Signer::Unknown));
    assert_eq!(signed("Authority=Home\n", "TEAM0"), Some(Signer::Unknown));
    assert_eq!(signed("", "TEAM0"), Some(Signer::Unknown));
    assert_eq!(signed("Authority=(unavailable)\n", "TEAM0"), Some(Signer::Unknown));
    let apple = "Authority=Software Signing\n\
                 Authority=Apple Code Signing Certification Authority\nAuthority=Apple Root CA\n";
    assert_eq!(signed(apple, "not set"), Some(Signer::Apple));
    // Xcode is of a team of Apple's.
    assert_eq!(signed(apple, "APPLE00TEA"), Some(Signer::Apple));
}

#[test]
fn a_signature_of_a_relative_path_is_nobody_s() {
    assert!(signatures("./x: code object is not signed at all\n").is_empty());
    assert!(signatures("Executable=x\nIdentifier=x\nFormat=Mach-O\n").is_empty());
}

#[test]
fn words_of_a_disposition_are_read_and_not_its_number() {
    let text = " Records for UID 501 : A\n #1:\n Identifier: 8.a.b\n \
                Disposition: [enabled, disallowed, hidden, not notified] (0x3)\n";
    let found = items(text);
    assert_eq!((found[0].enabled, found[0].allowed), (Known::Yes, Known::No));
    assert_eq!(&*found[0].label, "a.b");
    assert_eq!(&*found[0].owner, "501");
}

#[test]
fn a_path_that_holds_a_decision_decides_nothing() {
    let text = "1 : /a ( Allow incoming connections ) ( Block incoming connections )\n";
    let out = parse("socketfilterfw", "socketfilterfw.txt", text.as_bytes());
    let [one] = out.observations.as_slice() else { panic!("{out:?}") };
    assert!(
        matches!(&one.fact, Fact::Firewall(FirewallSetting::Application { allowed, .. })
            if *allowed == Some(false)),
        "{one:?}"
    );
}

#[test]
fn the_firewall_s_file_tells_what_is_blocked_and_what_is_not_understood() {
    let application = |state: &str| {
        let text = format!(
            "<plist version=\"1.0\"><dict><key>globalstate</key><integer>1</integer>\
             <key>applications</key><array><dict><key>bundleid</key><string>org.example.reef</string>\
             {state}</dict></array></dict></plist>"
        );
        let place = "Library/Preferences/com.apple.alf.plist";
        let out = parse("alf-plist", place, text.as_bytes());
        let found = out.observations.iter().find_map(|one| match &one.fact {
            Fact::Firewall(FirewallSetting::Application { allowed, .. }) => Some(*allowed),
            _ => None,
        });
        found.unwrap()
    };
    let state = |number: u64| application(&format!("<key>state</key><integer>{number}</integer>"));
    assert_eq!((state(0), state(3)), (Some(true), Some(true)));
    assert_eq!(state(2), Some(false));
    assert_eq!((state(1), state(7), application("")), (None, None, None));
}

#[test]
fn rules_that_pfctl_did_not_print_are_not_known_to_be_loaded() {
    let written = "rdr pass on en0 inet proto tcp from any to any port 443 -> 127.0.0.1 port 9443";
    let printed = written.replace("port 443", "port = 443");
    let loaded = |path: &str, line: &str| {
        let out = parse("packet-filter", path, line.as_bytes());
        let Fact::Redirect(found) = &out.observations[0].fact else { panic!("{out:?}") };
        found.loaded
    };
    for path in ["pf.conf", "case/pf.conf", "private/etc/pf.conf", "etc/pf.anchors/org.example"] {
        assert!(!loaded(path, written) && !loaded(path, &printed), "{path}");
    }
    assert!(loaded("case/pfctl_-s_nat.txt", &printed) && loaded("case/rules.txt", &printed));
    // A copy of a configuration under another name.
    assert!(!loaded("case/rules.txt", written));
}

#[test]
fn a_redirection_names_its_ports() {
    let all = redirects("rdr on en1 inet6 proto tcp from any to ::1 port 80 -> ::1 port 8080:*\n");
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].from_ports, all[0].to_port), (Some((80, 80)), Some(8080)));
    // The port of the sender is not the port that is redirected.
    let all = redirects("rdr proto tcp from any port 1024 to any port 81 -> 127.0.0.1 port 82\n");
    assert_eq!(all[0].from_ports, Some((81, 81)));
    assert_eq!(all[0].interface, None);
}
