//! Hints about known products.

use super::{TCP, UDP, baseline, cut, listens, reaches};
use portolan::baseline::program::{Program, Use};
use portolan::baseline::vendors::Kind;
use portolan::model::network::Scope;

fn hint(program: Program<'_>, usage: Use) -> Option<String> {
    baseline().vendors.hint(&program, usage).map(|hint| hint.software.name.clone())
}

#[test]
fn products_of_real_listings_are_recognised_by_name_port_and_scope() {
    let (any, lo) = (Scope::Any, Scope::Loopback);
    for (name, usage, product) in [
        ("Dropbox", listens(TCP, 17500, any), "Dropbox"),
        ("Dropbox", listens(TCP, 17603, lo), "Dropbox"),
        ("Spotify", listens(TCP, 57621, any), "Spotify"),
        ("Spotify", listens(TCP, 50896, any), "Spotify"),
        ("figma_age", listens(TCP, 44950, lo), "Figma agent"),
        ("mongod", listens(TCP, 27017, lo), "MongoDB"),
        ("redis-ser", listens(TCP, 6379, lo), "Redis"),
        ("postgres", listens(TCP, 5432, lo), "PostgreSQL"),
        ("Code H", listens(TCP, 49829, lo), "VS Code, Cursor and their helpers"),
        ("language_", listens(TCP, 54168, lo), "VS Code, Cursor and their helpers"),
        ("trace-age", listens(TCP, 8126, lo), "Datadog agent"),
        ("adb", listens(TCP, 5037, lo), "Android emulator and adb"),
        ("VBoxHeadl", listens(TCP, 2022, lo), "Docker, OrbStack and other virtual machines"),
        ("com.docker", listens(TCP, 8081, any), "Docker, OrbStack and other virtual machines"),
    ] {
        assert_eq!(hint(cut(name), usage).as_deref(), Some(product), "{name} {usage:?}");
    }
}

#[test]
fn a_hint_needs_the_port_and_the_scope() {
    let mysqld = Program::at("/usr/local/mysql-8.0.36-macos13-arm64/bin/mysqld");
    assert!(hint(mysqld, listens(TCP, 3306, Scope::Loopback)).is_some());
    assert_eq!(hint(mysqld, listens(TCP, 3306, Scope::Any)), None);
    assert_eq!(hint(mysqld, listens(TCP, 3307, Scope::Loopback)), None);
    assert_eq!(hint(mysqld, listens(UDP, 3306, Scope::Loopback)), None);
}

#[test]
fn a_known_path_outside_the_bundle_gives_no_hint() {
    let app = Program::at("/Users/ana/Applications/Dropbox.app/Contents/MacOS/Dropbox");
    let usage = listens(TCP, 17500, Scope::Any);
    assert_eq!(hint(app, usage).as_deref(), Some("Dropbox"));
    let named = Program { path: Some("/tmp/Dropbox"), ..Program::named("Dropbox") };
    assert_eq!(hint(named, usage), None);
    assert_eq!(hint(Program::at("/tmp/x/NotDropbox.app/y"), usage), None);
}

#[test]
fn a_virtual_machine_may_publish_any_port() {
    let backend = "/Applications/Docker.app/Contents/MacOS/com.docker.backend";
    for port in [22, 4444, 8080, 60000] {
        assert!(hint(Program::at(backend), listens(TCP, port, Scope::Any)).is_some());
    }
    assert!(baseline().vendors.is_of_kind(&Program::at(backend), Kind::Virtualization));
}

#[test]
fn remote_access_is_known_whatever_the_port() {
    let vendors = &baseline().vendors;
    let program = Program::at("/Applications/AnyDesk.app/Contents/MacOS/AnyDesk");
    assert!(vendors.is_of_kind(&program, Kind::RemoteAccess));
    assert!(vendors.hint(&program, listens(TCP, 7071, Scope::Any)).is_none());
    assert!(vendors.hint(&program, reaches(TCP, 6568, Scope::Any)).is_some());
}

#[test]
fn a_hint_says_what_the_product_uses() {
    let baseline = baseline();
    let found =
        baseline.vendors.hint(&cut("Dropbox"), listens(TCP, 17600, Scope::Loopback)).unwrap();
    assert_eq!(found.describe(), "Dropbox: tcp 17600, 17603 (lo)");
}
