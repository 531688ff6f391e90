//! Ports in arguments and environment, row by row of formats.md 4.6.

use super::{job, line, lines};
use portolan::artifacts::launchd::plist::arguments::{Inference, declared_in_arguments};

/// What a command line without quotes says.
pub(super) fn said(command: &str) -> Inference {
    declared_in_arguments(&command.split(' ').collect::<Vec<_>>())
}

fn check(table: &[(&str, &[&str])]) {
    for (command, expected) in table {
        assert_eq!(lines(&said(command).ports), *expected, "{command}");
    }
}

#[test]
fn common_options_name_a_port_to_listen_on() {
    check(&[
        ("/opt/x --port 9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --port=9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x -port 9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --listen-port 9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --http-port 9090", &["listen tcp ? ? 9090 medium"]),
        ("/opt/x --httpPort=9090", &["listen tcp ? ? 9090 medium"]),
        ("/usr/bin/java -Dserver.port=9090 -jar x.jar", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --udp-port 53", &["listen udp ? ? 53 medium"]),
        ("/opt/x port=9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --bind 127.0.0.1:9090", &["listen ? 4 127.0.0.1 9090 medium"]),
        ("/opt/x --listen :9090", &["listen ? ? * 9090 medium"]),
        ("/opt/x --listen 9090", &["listen ? ? ? 9090 medium"]),
        ("/opt/x --addr [::1]:9090", &["listen ? 6 ::1 9090 medium"]),
        ("/opt/x -l 0.0.0.0:9090", &["listen ? 4 * 9090 medium"]),
        ("/opt/x --web.listen-address=:9090", &["listen tcp ? * 9090 medium"]),
        ("/opt/x --listen [::]:9090", &["listen ? 6|46 * 9090 medium"]),
        ("/opt/x --bind 127.0.0.1 --port 9090", &["listen ? 4 127.0.0.1 9090 medium"]),
        ("/opt/x --port 9090 --host 0.0.0.0", &["listen ? 4 * 9090 medium"]),
        (
            "/opt/x --host relay.example.org --port 9090",
            &["outbound ? ? relay.example.org 9090 medium"],
        ),
        ("/opt/x --remote-port 9090", &["outbound ? ? ? 9090 medium"]),
        (
            "/opt/x --server-addr relay.example.org:7000",
            &["outbound ? ? relay.example.org 7000 medium"],
        ),
        ("/opt/x --connect relay:7000", &["outbound ? ? relay 7000 medium"]),
        ("dockerd -H tcp://0.0.0.0:2375", &["listen tcp 4 * 2375 medium"]),
        ("/opt/x --urls http://*:5000", &["listen tcp ? * 5000 medium"]),
    ]);
}

#[test]
fn the_short_option_is_a_port_only_of_known_tools() {
    check(&[
        ("/usr/local/bin/ttyd -p 7681 zsh", &["listen tcp ? ? 7681 medium"]),
        ("/usr/local/bin/ttyd -p7681 zsh", &["listen tcp ? ? 7681 medium"]),
        ("redis-server --port 7000", &["listen tcp ? ? 7000 medium"]),
        ("mysqld -P 3307 --datadir=/x", &["listen tcp ? ? 3307 medium"]),
        ("memcached -p 11212 -t 4", &["listen tcp ? ? 11212 medium"]),
        ("http-server . -p 8081", &["listen tcp ? ? 8081 medium"]),
        ("dropbear -F -p 2022", &["listen tcp ? ? 2022 medium"]),
        ("php -S 127.0.0.1:8000 router.php", &["listen tcp 4 127.0.0.1 8000 high"]),
        ("/Library/PostgreSQL/16/bin/postmaster -D /x -p 5433", &["listen tcp ? ? 5433 medium"]),
        ("tailscaled --port 41641", &["listen udp ? ? 41641 medium"]),
        ("npx serve -l 5000", &["listen tcp ? ? 5000 medium"]),
        ("gunicorn -b 127.0.0.1:8000 app:app", &["listen tcp 4 127.0.0.1 8000 medium"]),
        ("ftp-proxy -p -n -V -D3 -t1800", &[]),
        ("/opt/unknown -p 8080", &[]),
        ("rsync -p 22 x", &[]),
    ]);
}

#[test]
fn netcat_listens_or_connects() {
    check(&[
        ("nc -l 4444", &["listen tcp ? ? 4444 high"]),
        ("nc -l -p 4444", &["listen tcp ? ? 4444 high"]),
        ("nc -lvnp 4444", &["listen tcp ? ? 4444 high"]),
        ("nc -lp4444", &["listen tcp ? ? 4444 high"]),
        ("nc -k -l 192.0.2.4 4444", &["listen tcp 4 192.0.2.4 4444 high"]),
        ("/usr/bin/nc -ul 5353", &["listen udp ? ? 5353 high"]),
        ("ncat --listen --udp 4444", &["listen udp ? ? 4444 high"]),
        ("netcat 203.0.113.7 4444", &["outbound tcp 4 203.0.113.7 4444 high"]),
        ("nc -w 3 -v c2.example.org 4444", &["outbound tcp ? c2.example.org 4444 high"]),
        ("nc -u 203.0.113.7 53", &["outbound udp 4 203.0.113.7 53 high"]),
        (
            "nc -x 192.0.2.1:1080 c2.example.org ssh",
            &["outbound tcp 4 192.0.2.1 1080 high", "outbound tcp ? c2.example.org ssh high"],
        ),
        ("nc -p 31337 203.0.113.7 80", &["outbound tcp 4 203.0.113.7 80 high"]),
        ("nc -U /tmp/socket", &[]),
        ("nc -lU /tmp/socket", &[]),
        ("nc 203.0.113.7 20-30", &[]),
        ("telnet 203.0.113.7 4444", &["outbound tcp 4 203.0.113.7 4444 high"]),
    ]);
}

#[test]
fn socat_has_two_ends() {
    check(&[
        ("socat TCP-LISTEN:4444,reuseaddr,fork -", &["listen tcp ? * 4444 high"]),
        (
            "socat TCP4-LISTEN:5555,reuseaddr,bind=127.0.0.1 SOCKS4A:127.0.0.1:abc.onion:80,socksport=9050",
            &["listen tcp 4 127.0.0.1 5555 high", "outbound tcp 4 127.0.0.1 9050 high"],
        ),
        (
            "socat -d -d UDP-LISTEN:53,fork TCP:203.0.113.7:5353",
            &["listen udp ? * 53 high", "outbound tcp 4 203.0.113.7 5353 high"],
        ),
        (
            "socat openssl-listen:8443,cert=x.pem tcp6:[2001:db8::1]:80",
            &["listen tcp ? * 8443 high", "outbound tcp 6 2001:db8::1 80 high"],
        ),
        ("socat UNIX-LISTEN:/tmp/x TCP:example.org:22", &["outbound tcp ? example.org 22 high"]),
        ("socat - FILE:/dev/tty", &[]),
    ]);
}

#[test]
fn ssh_forwards_ports() {
    check(&[
        (
            "/usr/bin/ssh -N -L 127.0.0.1:15432:db.example.org:5432 -p 2210 mei@bastion.example.org",
            &["listen tcp 4 127.0.0.1 15432 high", "outbound tcp ? bastion.example.org 2210 high"],
        ),
        (
            "ssh -L 8080:localhost:80 host",
            &["listen tcp ? localhost 8080 high", "outbound tcp ? host 22 high"],
        ),
        (
            "ssh -g -L 8080:localhost:80 host",
            &["listen tcp ? * 8080 high", "outbound tcp ? host 22 high"],
        ),
        (
            "ssh -NfD *:1080 203.0.113.7",
            &["listen tcp ? * 1080 high", "outbound tcp 4 203.0.113.7 22 high"],
        ),
        (
            "ssh -D1080 203.0.113.7",
            &["listen tcp ? localhost 1080 high", "outbound tcp 4 203.0.113.7 22 high"],
        ),
        (
            "ssh -R 2222:localhost:22 -p443 mei@203.0.113.7",
            &["outbound tcp 4 203.0.113.7 443 high"],
        ),
        (
            "ssh -L 8080:/var/run/x.sock host",
            &["listen tcp ? localhost 8080 high", "outbound tcp ? host 22 high"],
        ),
        ("ssh -L /tmp/x.sock:localhost:80 host", &["outbound tcp ? host 22 high"]),
        ("ssh -J mei@jump.example.org:2022 inner", &["outbound tcp ? jump.example.org 2022 high"]),
        (
            "ssh -o Port=2022 -oDynamicForward=1081 host",
            &["listen tcp ? localhost 1081 high", "outbound tcp ? host 2022 high"],
        ),
        ("ssh host -p 2022 uptime -p 1", &["outbound tcp ? host 2022 high"]),
        ("ssh ssh://mei@host:2022", &["outbound tcp ? host 2022 high"]),
        (
            "autossh -M 20000 -N -R 2222:localhost:22 host",
            &[
                "listen tcp ? localhost 20000 high",
                "listen tcp ? localhost 20001 high",
                "outbound tcp ? host 22 high",
            ],
        ),
        ("autossh -M 0 host", &["outbound tcp ? host 22 high"]),
        ("ssh -V", &[]),
        ("/usr/sbin/sshd -D -p 2222", &["listen tcp ? ? 2222 high"]),
        ("/usr/sbin/sshd -D -o Port=2222", &["listen tcp ? ? 2222 high"]),
        ("/usr/sbin/sshd -i", &[]),
        ("/usr/bin/ssh-agent -l", &[]),
    ]);
}

#[test]
fn servers_of_interpreters_have_usual_ports() {
    check(&[
        ("/usr/bin/python3 -m http.server", &["listen tcp ? * 8000 high"]),
        ("python3.11 -m http.server 8888 --bind 127.0.0.1", &["listen tcp 4 127.0.0.1 8888 high"]),
        ("python -m SimpleHTTPServer 8080", &["listen tcp ? * 8080 high"]),
        ("python3 -u -m pyftpdlib -p 2122", &["listen tcp ? * 2122 high"]),
        ("ruby -run -e httpd . -p 9000", &["listen tcp ? * 9000 high"]),
        ("ruby -run -e httpd .", &["listen tcp ? * 8080 high"]),
        ("node --inspect app.js", &["listen tcp 4 127.0.0.1 9229 medium"]),
        ("node --inspect=0.0.0.0:9230 app.js", &["listen tcp 4 * 9230 medium"]),
        ("python3 manage.py runserver 0.0.0.0:8000", &["listen ? 4 * 8000 medium"]),
        ("python3 manage.py runserver 127.0.0.1:8000", &["listen ? 4 127.0.0.1 8000 medium"]),
        ("python3 -m flask run -p 5001", &["listen tcp ? ? 5001 medium"]),
        ("node server.js --port 3001", &["listen ? ? ? 3001 medium"]),
    ]);
}

#[test]
fn addresses_and_urls_are_where_it_connects() {
    check(&[
        (
            "/opt/x https://updates.example.org/feed",
            &["outbound tcp ? updates.example.org 443 medium"],
        ),
        ("/opt/x http://203.0.113.7:8081/x", &["outbound tcp 4 203.0.113.7 8081 medium"]),
        (
            "/opt/x -o stratum+tcp://pool.example.org:3333",
            &["outbound tcp ? pool.example.org 3333 medium"],
        ),
        ("/opt/x --url=wss://example.org/x?y=1", &["outbound tcp ? example.org 443 medium"]),
        ("/opt/x udp://203.0.113.7:514", &["outbound udp 4 203.0.113.7 514 medium"]),
        ("/opt/x pool.example.org:3333", &["outbound ? ? pool.example.org 3333 medium"]),
        ("/opt/x 203.0.113.7:4444", &["outbound ? 4 203.0.113.7 4444 medium"]),
        ("/opt/x [2001:db8::7]:4444", &["outbound ? 6 2001:db8::7 4444 medium"]),
        ("/opt/x :8080", &["listen ? ? * 8080 medium"]),
        ("/opt/x http://127.0.0.1:8080?a=b", &["outbound tcp 4 127.0.0.1 8080 medium"]),
        ("slapd -d 0 -h ldap:///", &[]),
        ("/opt/x file:///etc/hosts", &[]),
        ("/opt/x unknown://example.org/x", &[]),
    ]);
}

#[test]
fn a_url_shows_no_password() {
    let found = said("/opt/x --url https://mei:hunter2@example.org:8443/?key=hunter3");
    assert_eq!(line(&found.ports[0]), "outbound tcp ? example.org 8443 medium");
    assert_eq!(&*found.ports[0].token, "--url https://example.org:8443");
}

#[test]
fn what_is_no_port_is_none() {
    check(&[
        ("/opt/x --port 0", &[]),
        ("/opt/x --port 65536", &[]),
        ("/opt/x --port 99999999", &[]),
        ("/opt/x --port=-1", &[]),
        ("/opt/x --port auto", &[]),
        ("/opt/x --timeout 30 --connect-timeout 30", &[]),
        ("/opt/x --port-timeout 30", &[]),
        ("/opt/x --version 1.2 --api 3.4:5", &[]),
        ("/opt/x --import 80 --export 80 --support 80 --report 80", &[]),
        ("/opt/x --no-port --source-port 99 --port-range 5000-6000", &[]),
        ("/opt/x 12:30 00:16:cb:01:02:03 lib.jar:80 user:501 a::b:2", &[]),
        ("/opt/x -psn 0 -t 15 1800", &[]),
        ("docker run -p 8080:80 image:7", &[]),
        ("com.example.backend -addr fd:3 --connect vms/0/connect", &[]),
        ("Xvfb :99 -screen 0", &[]),
        ("/usr/libexec/fud 30", &[]),
        ("", &[]),
    ]);
}

#[test]
fn tunnels_connect_and_listen() {
    check(&[
        ("chisel server -p 9001 --reverse", &["listen tcp ? * 9001 high"]),
        (
            "chisel client https://relay.example.org:8443 R:socks",
            &["outbound tcp ? relay.example.org 8443 high"],
        ),
        (
            "chisel client 203.0.113.7:8080 1080:socks 3000:db:5432",
            &[
                "outbound tcp 4 203.0.113.7 8080 high",
                "listen tcp ? * 1080 high",
                "listen tcp ? * 3000 high",
            ],
        ),
        ("ngrok tcp 22", &["outbound tcp ? localhost 22 medium"]),
        (
            "cloudflared tunnel --url http://localhost:8080",
            &["outbound tcp ? localhost 8080 medium"],
        ),
        ("gost -L :1080", &["listen tcp ? * 1080 medium"]),
        (
            "gost -L=socks5://:1080 -F socks5://203.0.113.7:1081",
            &["listen tcp ? * 1080 medium", "outbound tcp 4 203.0.113.7 1081 medium"],
        ),
        (
            "bore local 22 --to bore.example.org",
            &["outbound tcp ? localhost 22 medium", "outbound tcp ? bore.example.org 7835 medium"],
        ),
        ("ligolo -connect 203.0.113.7:11601", &["outbound ? 4 203.0.113.7 11601 medium"]),
        ("dns2tcpc -l 2222 -r ssh", &["listen tcp ? ? 2222 medium"]),
    ]);
    assert_eq!(said("frpc -c /opt/frpc.ini").config.as_deref(), Some("/opt/frpc.ini"));
}

#[test]
fn the_token_shows_the_words() {
    for (command, expected) in [
        ("/opt/x --port=9090", "--port=9090"),
        ("/opt/x --port 9090", "--port 9090"),
        ("nc -lvp 4444", "nc -l 4444"),
        ("nc 203.0.113.7 4444", "nc 203.0.113.7 4444"),
        ("ssh -L 8080:localhost:80 host", "-L 8080:localhost:80"),
        ("socat TCP-LISTEN:4444,fork -", "TCP-LISTEN:4444,fork"),
        ("python3 -m http.server", "-m http.server"),
    ] {
        assert_eq!(&*said(command).ports[0].token, expected);
    }
    let script = ["/bin/sh", "-c", "SECRET=hunter2 PORT=3000 /opt/x"];
    let found = declared_in_arguments(&script);
    assert_eq!(&*found.ports[0].token, "PORT=3000");
}

#[test]
fn the_environment_names_ports_and_shows_nothing_else() {
    for (name, value, expected) in [
        ("PORT", "3000", Some("listen ? ? ? 3000 medium")),
        ("LISTEN_PORT", "51821", Some("listen ? ? ? 51821 medium")),
        ("HTTP_PORT", "8080", Some("listen tcp ? ? 8080 medium")),
        ("WG_PORT", "51820", Some("listen udp ? ? 51820 medium")),
        ("DB_PORT", "5432", Some("outbound ? ? ? 5432 medium")),
        ("BIND_ADDR", "127.0.0.1:9000", Some("listen ? 4 127.0.0.1 9000 medium")),
        ("OLLAMA_HOST", "0.0.0.0:11434", Some("listen ? 4 * 11434 medium")),
        ("API_ADDR", "secret.example.org:9000", None),
        ("PORT", "0", None),
        ("PORT", "70000", None),
        ("PORT", "tcp://203.0.113.7:80", None),
        ("SUPPORT", "8080", None),
        ("PORT_TIMEOUT", "30", None),
        ("PASSWORD", "8080", None),
    ] {
        let job = job(&format!(
            "<key>EnvironmentVariables</key><dict><key>{name}</key><string>{value}</string></dict>"
        ));
        assert_eq!(lines(&job.declared).first().map(String::as_str), expected, "{name}={value}");
        for port in &job.declared {
            let digits = port.port.number().unwrap();
            assert_eq!(&*port.token, format!("{name}={digits}"));
            assert_eq!(port.origin.as_str(), "environment");
        }
    }
}
