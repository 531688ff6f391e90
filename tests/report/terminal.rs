//! Text of the evidence → the terminal, where it must not act.

use portolan::write::terminal::escaped;

#[test]
fn control_and_direction_characters_are_shown_and_cannot_act() {
    assert_eq!(escaped("x\u{1b}]0;pwn\u{7}"), "x\\u{1b}]0;pwn\\u{7}");
    assert_eq!(escaped("com.apple.\u{202e}gnp.x"), "com.apple.\\u{202e}gnp.x");
    assert_eq!(
        escaped("a\nb\u{9b}31m\u{2066}\u{200f}\u{0}"),
        "a\\u{a}b\\u{9b}31m\\u{2066}\\u{200f}\\u{0}"
    );
}

#[test]
fn text_of_any_script_stays_as_it_is() {
    for text in ["Ωmega", "日本語", "עברית", "a b"] {
        assert_eq!(escaped(text), text);
    }
}
