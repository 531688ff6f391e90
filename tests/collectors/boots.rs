//! Two collectors of one Mac of which only one knows the boot: one history.

use super::bindings;
use crate::story::{Files, Lsof, Mac, told};
use crate::support::{copied, fixture, fresh_folder};
use portolan::hosts::Options;
use portolan::model::observation::ProblemKind;
use portolan::model::service::Direction;

#[test]
fn a_connection_that_both_show_puts_both_into_one_boot() {
    let folder = fresh_folder("one-boot");
    for story in ["velociraptor-relay", "sysdiagnose-relay"] {
        copied(&fixture("hosts").join(story), &folder.join(story));
    }
    let both = told(std::slice::from_ref(&folder), &Options::default());
    let stamped = "sysdiagnose-relay/sysdiagnose_2026.06.03_16-07-30+0200_macOS_Mac_23F79";
    std::fs::remove_file(folder.join(stamped).join("network-info/sysctl.txt")).unwrap();
    let one = told(&[folder], &Options::default());
    assert_eq!(bindings(&one), bindings(&both));
}

#[test]
fn ntp_between_fixed_ports_does_not_make_two_boots_one() {
    let row = Lsof::udp("timed", 150, 0xc1, "192.0.2.24:123->203.0.113.9:123");
    let earlier = Mac::new().lsof(row).files();
    let row = Lsof::udp("timed", 150, 0xd7, "192.0.2.24:123->203.0.113.9:123");
    let later = Mac::new().without_boot().on("2026-05-20", "10:13").lsof(row).files();
    let told = earlier.and(later).told();
    let boots: Vec<_> = told.bindings(123).iter().map(|binding| binding.boot).collect();
    assert_eq!(boots.len(), 2, "{boots:?}");
    assert!(boots.contains(&None));
}

#[test]
fn what_no_source_shows_of_a_boot_is_unseen_until_its_last_moment() {
    let told = Mac::new().tcp(crate::story::Netstat::listens("tcp4", "*.8080")).told();
    let unseen = told.host().coverage.iter().find(|row| {
        row.source.is_none() && row.boot.is_some() && row.direction == Direction::Outbound
    });
    let window = unseen.unwrap().window.unwrap();
    assert!(window.hi.as_second() - window.lo.as_second() > 86_400, "{window:?}");
}

#[test]
fn a_sysdiagnose_of_a_phone_is_refused_whatever_its_folder_is_called() {
    let netstat = "Active Internet connections (including servers)\n\
                   Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n\
                   tcp4       0      0  *.62078                *.*                    LISTEN\n";
    for path in [
        "renamed/logs/Networking/netstat.txt",
        "sysdiagnose_2026.06.03_16-07-30+0200_iPhone-OS_iPhone_21F79.tar.gz!/x/WiFi/netstat-PRE.txt",
    ] {
        let path = path.replace('!', "");
        let told = Files::default().with(&path, netstat).told();
        assert!(told.host_names().is_empty(), "{path}");
    }
}

#[test]
fn two_sources_that_contradict_each_other_on_a_boot_are_one_problem() {
    // The second says that another boot began on the 12th; the first shows the one of the 10th on the 15th.
    let row = |port: &'static str| Lsof::tcp("reefd", 700, 0x700, port);
    let one = Mac::new().lsof(row("*:9443 (LISTEN)")).lsof(row("*:9444 (LISTEN)")).files();
    let other = Mac::new().on("2026-04-16", "10:13").booted("2026-04-12T08:00:00Z").files();
    let told = one.and(other).told();
    let found = told.problems(ProblemKind::BoundConflict);
    let [detail] = &found[..] else { panic!("{found:#?}") };
    assert!(detail.contains("still running at 2026-04-15T12:13:"), "{detail}");
    let second = "uac-otter-07-macos-20260416091244/live_response/system/sysctl_-a.txt";
    assert!(detail.contains(second), "{detail}");
    // No capture lies in a boot that had ended.
    let host = told.host();
    for binding in &told.ports().bindings {
        let boot = binding.boot.and_then(|boot| host.boots.get(boot)).unwrap();
        let seen = binding.interval.unwrap().last_seen;
        assert!(boot.ended.is_none_or(|ended| seen <= ended.hi), "{boot:?} {seen}");
        assert_eq!(binding.notes, Vec::<String>::new());
    }
}
