//! Settings of firewalls, redirections, extensions and background items in the timeline, where nothing scores.

use crate::story::{Files, Mac};
use crate::support::{Row, tables_of};
use portolan::report::Options;

/// The rows of the timeline with one of these events.
fn rows(files: &Files, events: &[&str]) -> Vec<Row> {
    let told = files.told();
    let mut tables = tables_of(&told.0, &Options::default());
    let mut rows = tables.remove("timeline").unwrap();
    rows.retain(|row| events.contains(&row["event"].as_str()));
    rows
}

fn cell<'a, const N: usize>(row: &'a Row, names: [&str; N]) -> [&'a str; N] {
    names.map(|name| row[name].as_str())
}

#[test]
fn a_redirection_that_leads_to_no_listener_is_in_the_timeline_with_its_ports() {
    let rule = "rdr pass on en0 inet proto tcp from any to any port = 443 -> 127.0.0.1 port 9443\n";
    let mac = Mac::new().file("live_response/network/pfctl_-s_nat.txt", rule);
    let found = rows(&mac.files(), &["redirect_seen"]);
    let [row] = &found[..] else { panic!("{found:#?}") };
    let ports = cell(row, ["protocol", "local_port", "remote_address", "remote_port"]);
    assert_eq!(ports, ["tcp", "443", "127.0.0.1", "9443"]);
    assert_eq!(
        row["message"],
        "At the capture: a rule of the packet filter (loaded) sends tcp 443 on en0 to 127.0.0.1 port 9443."
    );
    assert!(row["source"].contains("pfctl_-s_nat.txt:1"), "{row:?}");
    assert!(row["datetime"].starts_with("2026-04-15T12:1"), "{row:?}");
}

#[test]
fn what_only_a_file_says_stands_at_the_end_of_its_acquisition() {
    let rule = "rdr pass on en0 inet proto tcp from any to any port 443 -> 127.0.0.1 port 9443\n";
    let mac = Mac::new().file("[root]/private/etc/pf.conf", rule);
    let found = rows(&mac.files(), &["redirect_seen"]);
    let [row] = &found[..] else { panic!("{found:#?}") };
    let message = "A file of the acquisition says: a rule of the packet filter (configured, not known to be loaded)";
    assert!(row["message"].starts_with(message), "{row:?}");
    assert_eq!(row["datetime"], "2026-04-15T12:13:24.000000Z");
    // Without a capture nothing tells when.
    let loose = Files::default().with("private/etc/pf.conf", rule);
    assert_eq!(rows(&loose, &["redirect_seen"]), []);
}

#[test]
fn settings_of_firewalls_and_extensions_are_in_the_timeline() {
    let system = "live_response/system";
    let firewall = "Firewall is enabled. (State = 1)\nTotal number of apps = 1\n\
                    1 : /Applications/Reef.app\n             (Block incoming connections)\n";
    let extensions = "1 extension(s)\n--- com.apple.system_extension.network_extension\n\
                      enabled\tactive\tteamID\tbundleID (version)\tname\t[state]\n\
                      *\t*\tREEF00TEAM\torg.example.reef (1/1)\tReef\t[activated enabled]\n";
    let mac = Mac::new()
        .file(&format!("{system}/socketfilterfw_--listapps.txt"), firewall)
        .file(&format!("{system}/systemextensionsctl_list.txt"), extensions);
    let found = rows(&mac.files(), &["firewall_seen", "extension_seen"]);
    let messages: Vec<String> = found.iter().map(|row| row["message"].clone()).collect();
    assert_eq!(
        messages,
        [
            "At the capture: the application firewall is on.",
            "At the capture: the application firewall blocks connections to /Applications/Reef.app.",
            "At the capture: the system extension org.example.reef of the team REEF00TEAM \
             (com.apple.system_extension.network_extension) is active [activated enabled].",
        ]
    );
    assert_eq!(found[1]["process_path"], "/Applications/Reef.app");
}

#[test]
fn a_background_item_is_in_the_timeline_with_its_label_and_program() {
    let dump = " Records for UID -2 : FFFFEEEE-DDDD-CCCC-BBBB-AAAAFFFFFFFE\n #1:\n \
                Type: legacy daemon (0x10010)\n Disposition: [enabled, allowed]\n \
                Identifier: 16.org.example.reef\n URL: file:///Library/LaunchDaemons/r.plist\n \
                Executable Path: /Library/Reef/reefd\n";
    let mac = Mac::new().file("live_response/system/sfltool_dumpbtm.txt", dump);
    let found = rows(&mac.files(), &["background_item_seen"]);
    let [row] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(cell(row, ["service", "process_path"]), ["org.example.reef", "/Library/Reef/reefd"]);
    assert!(
        row["message"].contains("16.org.example.reef of all users: enabled, allowed"),
        "{row:?}"
    );
}

#[test]
fn what_a_capture_tells_is_not_told_again_of_a_file() {
    let path = "[root]/Library/Preferences/com.apple.alf.plist";
    let file =
        "<plist version=\"1.0\"><dict><key>globalstate</key><integer>1</integer></dict></plist>";
    let mac = Mac::new().file(path, file);
    let only = rows(&mac.files(), &["firewall_seen"]);
    assert_eq!(only.len(), 1, "{only:#?}");
    let said = "A file of the acquisition says: the application firewall is on.";
    assert_eq!(only[0]["message"], said);
    let captured = "live_response/system/socketfilterfw_--getglobalstate.txt";
    let mac = mac.file(captured, "Firewall is enabled. (State = 1)\n");
    let both = rows(&mac.files(), &["firewall_seen"]);
    assert_eq!(both.len(), 1, "{both:#?}");
    assert_eq!(both[0]["message"], "At the capture: the application firewall is on.");
}
