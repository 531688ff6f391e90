//! The tables themselves: sorted, unique, sound, and refused where they are not.

use super::baseline;
use portolan::baseline::classes::ClassTable;
use portolan::baseline::pattern::{PathPattern, PortSet, Version};
use portolan::baseline::services::ServiceTable;
use portolan::baseline::stock::StockTable;
use portolan::baseline::vendors::VendorTable;
use portolan::baseline::{classes, services, stock, vendors};
use std::collections::BTreeSet;

#[test]
fn tables_have_a_date_and_a_hash() {
    let tables = baseline().tables();
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    assert_eq!(names, ["stock", "vendors", "classes", "services"]);
    for table in &tables {
        assert_eq!(table.version.len(), 10);
        assert_eq!(table.sha256.len(), 64);
        assert!(table.sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    }
}

#[test]
fn stock_rows_are_sorted_and_unique() {
    let table = &baseline().stock;
    for rows in [&table.listen, &table.outbound] {
        let keys: Vec<(String, &str)> = rows
            .iter()
            .map(|row| (row.names.first().cloned().unwrap_or_default(), row.protocol.as_str()))
            .collect();
        assert!(keys.is_sorted(), "{keys:?}");
        let whole: BTreeSet<String> =
            rows.iter().map(|row| format!("{:?} {}", row.names, row.describe())).collect();
        assert_eq!(whole.len(), rows.len());
        for row in rows {
            assert!(row.names.is_sorted(), "{:?}", row.names);
        }
    }
}

#[test]
fn paths_of_listening_programs_are_apples_or_apples_apps() {
    let table = &baseline().stock;
    for row in table.listen.iter().chain(&table.outbound) {
        for path in &row.paths {
            let path = path.as_str();
            let app =
                path.strip_prefix("/Applications/").is_some_and(|rest| rest.contains(".app/"));
            assert!(app || table.is_apple_place(&format!("{path}x")), "{path}");
        }
        for label in &row.labels {
            assert!(table.is_stock_label(label), "{label}");
        }
    }
}

#[test]
fn products_classes_and_servers_are_sorted_and_unique() {
    let baseline = baseline();
    let products: Vec<&str> = baseline.vendors.software.iter().map(|row| &*row.name).collect();
    let ids: Vec<&str> = baseline.classes.class.iter().map(|row| &*row.id).collect();
    let servers: Vec<&str> = baseline.classes.dev_server.iter().map(|row| &*row.name).collect();
    for names in [products, ids, servers] {
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}

#[test]
fn no_development_server_is_a_known_product_too() {
    use portolan::baseline::program::{Program, Use};
    use portolan::model::network::{Protocol, Scope};
    use portolan::model::service::Direction;
    let baseline = baseline();
    for server in &baseline.classes.dev_server {
        for tool in server.who.tools.iter().filter(|tool| *tool != "java") {
            for port in (1..=u16::MAX).filter(|port| server.ports.names(*port)) {
                let usage = Use::new(Direction::Listen, Protocol::Tcp, port, Scope::Loopback);
                let hint = baseline.vendors.hint(&Program::named(tool), usage);
                assert!(hint.is_none(), "{tool} {port} would be discounted twice: {hint:?}");
            }
        }
    }
}

#[test]
fn only_http_alt_is_a_name_of_several_ports() {
    let mut seen = BTreeSet::new();
    let mut again = BTreeSet::new();
    for line in services::TEXT.lines().filter_map(|line| line.strip_prefix("  \"")) {
        let row = line.trim_end_matches("\",");
        let mut words = row.split(' ');
        let (name, place) = (words.next().unwrap(), words.next().unwrap());
        let protocols = place.split_once('/').map_or("tcp+udp", |(_, protocols)| protocols);
        for protocol in protocols.split('+') {
            for known in [name].into_iter().chain(words.clone()) {
                if !seen.insert((known.to_owned(), protocol.to_owned())) {
                    again.insert(known.to_owned());
                }
            }
        }
    }
    assert_eq!(again.into_iter().collect::<Vec<_>>(), ["http-alt"]);
    assert!(baseline().services.len() > 500);
}

/// The complaint about a table with one text replaced by another.
fn complaint<T>(parse: fn(&str) -> Result<T, String>, text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    parse(&text.replacen(old, new, 1)).err().unwrap_or_else(|| panic!("{new} was taken"))
}

#[test]
fn a_malformed_table_is_refused_with_its_name() {
    let port = "ports = [\"3031\"]";
    for new in ["ports = [\"0\"]", "ports = []", "ports = [\"70000\"]", "ports = [\"9-8\"]"] {
        assert!(complaint(StockTable::parse, stock::TEXT, port, new).starts_with("stock: "));
    }
    let unknown = complaint(StockTable::parse, stock::TEXT, "optional =", "optionnal =");
    assert!(unknown.contains("optionnal"), "{unknown}");
    assert!(complaint(StockTable::parse, stock::TEXT, "basis = \"R\"", "").contains("basis"));
    assert!(
        complaint(StockTable::parse, stock::TEXT, "basis = \"R\"", "basis = \"I\"").contains('I')
    );
    let version = complaint(VendorTable::parse, vendors::TEXT, "version = \"", "version = \"x");
    assert!(version.contains("is not a date"), "{version}");
    assert!(
        complaint(VendorTable::parse, vendors::TEXT, "schema = 1", "schema = 2")
            .contains("schema 2")
    );
    let empty =
        complaint(VendorTable::parse, vendors::TEXT, "source = \"ports.md 5.5\"", "source = \"\"");
    assert_eq!(empty, "vendors: 1Password has no source");
    assert!(complaint(ClassTable::parse, classes::TEXT, "[tools]", "[toolz]").contains("toolz"));
    let row = complaint(ServiceTable::parse, services::TEXT, "\"ssh 22\"", "\"ssh 0\"");
    assert_eq!(row, "services: \"ssh 0\" has no valid port");
    assert!(ServiceTable::parse("").is_err());
}

#[test]
fn port_sets_read_back_as_they_are_written() {
    let set =
        |words: &[&str]| PortSet::try_from(words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>());
    assert_eq!(set(&["22", "5900-5902", "dynamic"]).unwrap().to_string(), "22, 5900-5902, dynamic");
    assert!(set(&["5900-5902", "22"]).is_err());
    assert!(set(&["22", "22"]).is_err());
    assert!(set(&["ssh"]).is_err());
    assert!(set(&[]).is_err());
}

#[test]
fn path_patterns_match_whole_parts() {
    let is = |pattern: &str, path: &str| {
        PathPattern::try_from(pattern.to_owned()).unwrap().matches(path)
    };
    assert!(is("/usr/libexec/xscertd*", "/usr/libexec/xscertd-helper"));
    assert!(!is("/usr/libexec/xscertd*", "/usr/libexec/xscertd/x"));
    assert!(is("/a/**/z", "/a/z"));
    assert!(is("/a/**/z", "/a/b/c/z"));
    assert!(!is("/a/**/z", "/a/b/c/zz"));
    assert!(is("~/x/", "/Users/ana/x/y"));
    assert!(!is("~/x/", "/Users/ana/b/x/y"));
    assert!(is("/tmp/", "/private/tmp/x"));
    assert!(PathPattern::try_from("/private/tmp/".to_owned()).is_err());
    assert!(PathPattern::try_from("tmp/".to_owned()).is_err());
    let long = format!("/{}b", "a/".repeat(20_000));
    assert!(!is("/**/a/**/a/**/a/**/c", &long), "in linear time");
}

#[test]
fn versions_are_ordered_by_their_parts() {
    let version = |text: &str| Version::try_from(text.to_owned()).unwrap();
    assert!(version("12").is_reached_by((12, 0)));
    assert!(!version("12").is_reached_by((11, 7)));
    assert!(version("10.13").is_reached_by((10, 13)));
    assert!(version("10.13").is_reached_by((11, 0)));
    assert!(!version("15").is_passed_by((15, 9)));
    assert!(version("10.12").is_passed_by((10, 13)));
    assert!(Version::try_from("x.1".to_owned()).is_err());
}
