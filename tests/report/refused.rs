//! Evidence of which everything is refused or encrypted, as a shell sees it.

use super::command::{analyze, code, said};
use crate::support::{fresh_folder, fresh_path};
use std::fs;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{AesMode, ZipWriter};

/// Text that netstat prints on Linux.
const LINUX: &str = "Active Internet connections (servers and established)\n\
     Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n\
     tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      1/sshd\n";

/// A name, the files of the evidence with what they hold, and what is said of them.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

#[test]
fn evidence_of_which_everything_is_refused_ends_with_2() {
    let uac = "2026-04-15 09:12:02 -0300 INF Unix-like Artifacts Collector 3.3.0\n\
               2026-04-15 09:12:02 -0300 INF Operating system: linux\n\
               2026-04-15 09:12:03 -0300 CMD netstat -anp\n";
    let ps = "  PID TTY           TIME CMD\n    1 ??         0:01.20 /sbin/launchd\n";
    let phone = "sysdiagnose_2026.06.03_16-07-30+0200_iPhone-OS_iPhone_21F79";
    let macs = ["launchctl_list.txt", "notes.txt"].map(|name| format!("{phone}/{name}"));
    let jobs = "PID\tStatus\tLabel\n311\t0\tcom.apple.configd\n";
    let cases: [Case<'_>; 4] = [
        ("netstat", vec![("netstat.txt", LINUX)], "Linux netstat output"),
        (
            "notes",
            vec![("netstat.txt", LINUX), ("notes.md", "hi\n")],
            "1 of the 2 files in it cannot be read",
        ),
        ("uac", vec![("uac.log", uac), ("live_response/process/ps.txt", ps)], "linux"),
        ("phone", vec![(&macs[0], jobs), (&macs[1], "hi\n")], "iPhone-OS"),
    ];
    for (name, files, why) in cases {
        let (folder, out) = (fresh_folder(name), fresh_path("refused-out"));
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let output = analyze(&folder, &out, &[]);
        assert_eq!(code(&output), 2, "{name}: {}", said(&output));
        assert!(said(&output).contains(why), "{name}: {}", said(&output));
        assert!(!out.exists());
    }
}

#[test]
fn an_archive_of_which_all_members_are_encrypted_ends_with_2_and_says_so() {
    let locked = SimpleFileOptions::default().with_aes_encryption(AesMode::Aes256, "secret");
    for (name, readable) in [("locked.zip", false), ("container.zip", true)] {
        let (folder, out) = (fresh_folder("locked"), fresh_path("locked-out"));
        let mut zip = ZipWriter::new(fs::File::create(folder.join(name)).unwrap());
        zip.start_file("live_response/network/netstat.txt", locked).unwrap();
        zip.write_all(b"tcp4 0 0 *.22 *.* LISTEN\n").unwrap();
        if readable {
            zip.start_file("metadata.json", SimpleFileOptions::default()).unwrap();
            zip.write_all(b"{}\n").unwrap();
        }
        zip.finish().unwrap();
        for evidence in [folder.join(name), folder] {
            let output = analyze(&evidence, &out, &[]);
            assert_eq!(code(&output), 2, "{}", said(&output));
            let why = "encrypted, and no given password opens it";
            assert!(said(&output).contains(why), "{}", said(&output));
            assert!(!out.exists());
        }
    }
}
