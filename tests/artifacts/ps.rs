//! ps output → processes.

use super::processes;
use crate::support::{claim, fixture_bytes, parse, rendered};
use portolan::model::observation::Started;

fn started(column: &str, value: &str) -> Option<Started> {
    let text = format!("  PID {column} ARGS\n    7 {value} /opt/example/x\n");
    let out = parse("ps", "ps.txt", text.as_bytes());
    let row =
        processes(&out).first().copied().unwrap_or_else(|| panic!("{value}: {}", rendered(&out)));
    assert_eq!(row.command.as_deref(), Some("/opt/example/x"), "{value}");
    row.started
}

macro_rules! snapshot {
    ($name:ident, $fixture:literal) => {
        #[test]
        fn $name() {
            let bytes = fixture_bytes(concat!("ps/", $fixture));
            insta::assert_snapshot!(rendered(&parse("ps", $fixture, &bytes)));
        }
    };
}

snapshot!(ps_aux_is_read, "aux.txt");
snapshot!(ps_ef_is_read, "ef.txt");
snapshot!(ps_efl_has_its_start_after_the_command, "efl.txt");
snapshot!(elapsed_times_count_back_from_the_capture, "etime.txt");
snapshot!(long_start_times_are_five_words, "lstart.txt");
snapshot!(threads_are_not_processes, "threads.txt");
snapshot!(the_listing_of_sysdiagnose_is_read, "sysdiagnose.txt");
snapshot!(a_path_in_the_middle_is_cut_and_not_taken, "comm-and-args.txt");
snapshot!(a_broken_row_costs_no_other, "broken.txt");

#[test]
fn a_listing_is_known_by_its_header() {
    for name in
        ["aux", "ef", "efl", "etime", "lstart", "threads", "sysdiagnose", "comm-and-args", "broken"]
    {
        let bytes = fixture_bytes(&format!("ps/{name}.txt"));
        assert_eq!(claim("case/loose.txt", &bytes).as_deref(), Some("ps"), "{name}");
    }
    let lsof = b"COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n";
    assert_ne!(claim("lsof.txt", lsof).as_deref(), Some("ps"));
    assert_eq!(claim("empty.txt", b""), None);
}

#[test]
fn linux_is_refused_before_and_while_reading() {
    let bytes = fixture_bytes("ps/linux.txt");
    assert!(claim("ps.txt", &bytes).unwrap().starts_with("refused: Linux ps output"));
    let out = parse("ps", "ps.txt", &bytes);
    assert!(out.notes.iter().any(|note| note.contains("Linux ps output")));
}

#[test]
fn a_mac_process_may_call_itself_a_kernel_thread() {
    let out = parse("ps", "ps.txt", &fixture_bytes("ps/etime.txt"));
    assert_eq!(processes(&out)[2].command.as_deref(), Some("[kthreadd]"));
}

#[test]
fn the_command_keeps_its_blanks() {
    let out = parse("ps", "ps.txt", &fixture_bytes("ps/aux.txt"));
    let command = processes(&out)[1].command.as_deref();
    assert_eq!(command, Some("/opt/example/relayd -p 8443  --name  two  blanks"));
}

#[test]
fn the_last_comm_is_the_path_of_the_executable() {
    let text = b"  PID COMM\n    7 /Applications/An App.app/Contents/MacOS/An App\n    8 -zsh\n";
    let out = parse("ps", "ps.txt", text);
    let path = processes(&out)[0].path.as_deref();
    assert_eq!(path, Some("/Applications/An App.app/Contents/MacOS/An App"));
    assert_eq!(processes(&out)[1].path, None);
}

#[test]
fn a_clock_has_twelve_or_twenty_four_hours() {
    for (text, hour, minute) in [
        ("12:05AM", 0, 5),
        ("9:30AM", 9, 30),
        ("12:00PM", 12, 0),
        ("11:59PM", 23, 59),
        ("21:30", 21, 30),
    ] {
        assert_eq!(started("STARTED", text), Some(Started::Clock { hour, minute }), "{text}");
    }
    for text in ["13:00PM", "24:00", "9:60AM", "0:30AM", "Xyz10AM", "31Feb26", "1nov.26"] {
        assert_eq!(started("STARTED", text), None, "{text}");
    }
}

#[test]
fn an_elapsed_time_survives_being_printed() {
    arbtest::arbtest(|u| {
        let seconds = i64::from(u.arbitrary::<u32>()?);
        let (days, hours) = (seconds / 86400, seconds / 3600 % 24);
        let rest = format!("{:02}:{:02}", seconds / 60 % 60, seconds % 60);
        let text = match (days, hours) {
            (0, 0) => rest,
            (0, hours) => format!("{hours:02}:{rest}"),
            (days, hours) => format!("{days:02}-{hours:02}:{rest}"),
        };
        assert_eq!(started("ELAPSED", &text), Some(Started::Elapsed(seconds)), "{text}");
        Ok(())
    });
}

#[test]
fn any_command_is_kept_as_it_stands() {
    arbtest::arbtest(|u| {
        let command: String =
            u.arbitrary::<String>()?.replace(char::is_control, "").trim().to_owned();
        let row = format!("ada 7 0.0 0.1 100 200 ?? S 9:30AM 0:00.01 x{command}");
        let text = format!("USER PID %CPU %MEM VSZ RSS TT STAT STARTED TIME COMMAND\n{row}\n");
        let out = parse("ps", "ps.txt", text.as_bytes());
        assert_eq!(processes(&out)[0].command.as_deref(), Some(&*format!("x{command}")));
        Ok(())
    });
}
