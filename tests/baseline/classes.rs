//! Kinds of programs.

use super::{TCP, UDP, baseline, cut, listens, reaches};
use portolan::baseline::program::{Program, Use, tool_name};
use portolan::model::network::Scope;

fn standard(program: Program<'_>, usage: Use) -> Option<String> {
    baseline().classes.standard_outbound(&program, usage).map(str::to_owned)
}

#[test]
fn a_class_has_its_own_ports_and_no_class_the_default_ones() {
    let chrome = Program::at(
        "/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/\
         Versions/1.2.3/Helpers/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper",
    );
    let out = |program, port| standard(program, reaches(TCP, port, Scope::Any));
    assert_eq!(out(chrome, 8443).as_deref(), Some("browser"));
    assert_eq!(out(chrome, 5228).as_deref(), Some("chromium"));
    assert_eq!(out(chrome, 1337), None);
    let firefox = Program::at("/Applications/Firefox.app/Contents/MacOS/firefox");
    assert_eq!(out(firefox, 8080).as_deref(), Some("browser"));
    assert_eq!(out(firefox, 5228), None);
    assert_eq!(out(Program::at("/usr/bin/ssh"), 22).as_deref(), Some("ssh"));
    assert_eq!(out(Program::at("/usr/bin/ssh"), 443), None);
    assert_eq!(out(Program::at("/opt/homebrew/bin/git"), 9418).as_deref(), Some("git"));
    let other = Program::at("/Applications/X.app/Contents/MacOS/X");
    assert_eq!(out(other, 443).as_deref(), Some("default"));
    assert_eq!(out(other, 8443), None);
    assert_eq!(out(Program::default(), 443).as_deref(), Some("default"));
    assert_eq!(standard(other, reaches(UDP, 443, Scope::Any)).as_deref(), Some("default"));
}

#[test]
fn mail_and_electron_have_the_default_ports_too() {
    let mail = Program::at("/System/Applications/Mail.app/Contents/MacOS/Mail");
    assert_eq!(standard(mail, reaches(TCP, 993, Scope::Any)).as_deref(), Some("mail"));
    assert_eq!(standard(mail, reaches(TCP, 443, Scope::Any)).as_deref(), Some("default"));
    assert_eq!(
        standard(cut("Codex H"), reaches(TCP, 5228, Scope::Any)).as_deref(),
        Some("chromium")
    );
    let slack = Program::at("/Applications/Slack.app/Contents/MacOS/Slack");
    assert_eq!(standard(slack, reaches(TCP, 5229, Scope::Any)).as_deref(), Some("electron"));
    assert_eq!(standard(slack, reaches(TCP, 443, Scope::Any)).as_deref(), Some("default"));
}

#[test]
fn a_program_cannot_name_itself_into_a_class() {
    let liar = Program { path: Some("/tmp/x"), ..Program::named("Google Chrome") };
    assert_eq!(standard(liar, reaches(TCP, 8080, Scope::Any)), None);
    assert!(baseline().classes.of(&liar).is_empty());
}

#[test]
fn a_dns_daemon_listens_on_its_ports() {
    let classes = &baseline().classes;
    let daemon = Program::at("/opt/homebrew/sbin/dnsmasq");
    let at = |port| classes.standard_listen(&daemon, listens(UDP, port, Scope::Any));
    assert_eq!(at(53), Some("dns-daemon"));
    assert_eq!(at(54), None);
}

#[test]
fn shells_interpreters_and_relays_are_told_apart() {
    let classes = &baseline().classes;
    for shell in ["/bin/sh", "/bin/zsh", "-zsh", "bash", "/opt/homebrew/bin/fish"] {
        assert!(classes.is_shell_name(shell), "{shell}");
        assert!(classes.is_shell_or_interpreter_name(shell), "{shell}");
    }
    for tool in ["/usr/bin/python3", "/opt/x/bin/python3.11", "Python", "/usr/bin/perl5.30", "node"]
    {
        assert!(!classes.is_shell_name(tool), "{tool}");
        assert!(classes.is_shell_or_interpreter_name(tool), "{tool}");
        assert!(classes.is_interpreter_or_tool(&Program::named(tool), None), "{tool}");
    }
    let relay = Program::at("/usr/bin/nc");
    assert!(classes.is_interpreter_or_tool(&relay, None));
    assert!(!classes.is_shell_or_interpreter_name("/usr/bin/nc"));
    assert!(!classes.is_interpreter_or_tool(&Program::named("sshd"), None));
    let liar = Program { path: Some("/tmp/x"), ..Program::named("bash") };
    assert!(classes.is_shell(&liar), "a name that makes it worse is believed");
}

#[test]
fn curl_is_a_tool_only_where_it_speaks_telnet() {
    let classes = &baseline().classes;
    let curl = Program::at("/usr/bin/curl");
    assert!(!classes.is_interpreter_or_tool(&curl, None));
    assert!(!classes.is_interpreter_or_tool(&curl, Some("curl https://example.com")));
    assert!(classes.is_interpreter_or_tool(&curl, Some("curl telnet://192.0.2.1:4444")));
}

#[test]
fn tunnel_tools_are_known_by_name() {
    let classes = &baseline().classes;
    for path in ["/usr/bin/ssh", "/tmp/chisel", "/opt/homebrew/bin/autossh", "/Users/ana/frpc"] {
        assert!(classes.is_tunnel_tool(&Program::at(path)), "{path}");
    }
    assert!(classes.is_tunnel_tool(&cut("cloudflar")));
    assert!(!classes.is_tunnel_tool(&Program::at("/usr/sbin/sshd")));
}

#[test]
fn development_servers_are_known_by_program_and_port() {
    let classes = &baseline().classes;
    let is = |program: Program<'_>, port| {
        classes.dev_server_port(&program, listens(TCP, port, Scope::Any)).is_some()
    };
    assert!(is(cut("Python"), 8000));
    assert!(is(cut("node"), 3000));
    assert!(is(Program::at("/opt/homebrew/bin/python3.12"), 5000));
    assert!(is(cut("Google"), 9222));
    assert!(!is(cut("Python"), 1337));
    assert!(!is(Program::at("/Applications/X.app/Contents/MacOS/X"), 3000));
    let outbound = reaches(TCP, 3000, Scope::Any);
    assert!(classes.dev_server_port(&cut("node"), outbound).is_none());
}

#[test]
fn a_tool_name_has_no_version() {
    for (text, name) in [
        ("/opt/x/bin/python3.11", "python"),
        ("Python", "python"),
        ("-zsh", "zsh"),
        ("python3-intel64", "python"),
        ("node18", "node"),
        ("3proxy", "3proxy"),
        ("dns2tcpc", "dns2tcpc"),
        ("42", "42"),
        ("", ""),
    ] {
        assert_eq!(tool_name(text), name, "{text}");
    }
}
