//! What stays the same between versions, users and launches.

use portolan::ports::identity::{
    Identity, normalise_label, normalise_path, outermost_bundle, same_program_upgraded,
    without_formula_version,
};

#[test]
fn paths_lose_versions_users_and_launches() {
    for (path, normal) in [
        (
            "/opt/homebrew/Cellar/redis/7.2.4/bin/redis-server",
            "/opt/homebrew/Cellar/redis/*/bin/redis-server",
        ),
        (
            "/opt/homebrew/opt/redis/bin/redis-server",
            "/opt/homebrew/Cellar/redis/*/bin/redis-server",
        ),
        ("/usr/local/Cellar/nginx/1.25.3_1/bin/nginx", "/usr/local/Cellar/nginx/*/bin/nginx"),
        ("/opt/homebrew/Caskroom/ngrok/3,abc/ngrok", "/opt/homebrew/Caskroom/ngrok/*/ngrok"),
        ("/Users/ana/bin/x", "~/bin/x"),
        ("/System/Volumes/Data/Users/ana/bin/x", "~/bin/x"),
        ("/Users/Shared/x", "/Users/Shared/x"),
        ("/private/tmp/x", "/tmp/x"),
        ("/private/tmpx/y", "/private/tmpx/y"),
        ("/usr//bin/./x", "/usr/bin/x"),
        ("/usr/bin/../../tmp/x", "/tmp/x"),
        (
            "/private/var/folders/q1/abc_0000gn/T/AppTranslocation/0A1B2C3D-0000-4000-8000-0123456789AB/d/X.app/Contents/MacOS/X",
            "<translocated>/X.app/Contents/MacOS/X",
        ),
        ("/var/folders/q1/abc_0000gn/T/x", "/var/folders/*/*/T/x"),
        (
            "/Applications/B.app/Contents/Frameworks/B.framework/Versions/118.0.5993.88/Helpers/h",
            "/Applications/B.app/Contents/Frameworks/B.framework/Versions/*/Helpers/h",
        ),
        ("/System/Library/X.framework/Versions/A/x", "/System/Library/X.framework/Versions/A/x"),
        ("/Users/ana/.nvm/versions/node/v18.17.0/bin/node", "~/.nvm/versions/node/*/bin/node"),
        ("/Library/x/0a1b2c3d-0000-4000-8000-0123456789ab/y", "/Library/x/<uuid>/y"),
        ("nc", "nc"),
        ("/", "/"),
        ("", ""),
    ] {
        assert_eq!(normalise_path(path), normal, "{path}");
    }
}

#[test]
fn labels_lose_instance_numbers() {
    for (label, normal) in [
        ("application.com.foo.123.456", "application.com.foo"),
        ("application.com.foo", "application.com.foo"),
        ("application.1.2", "application.1"),
        ("com.foo.123", "com.foo.123"),
        ("[0x0-0x5d05d].com.foo", "com.foo"),
        ("com.foo.0A1B2C3D-0000-4000-8000-0123456789AB", "com.foo.<uuid>"),
        ("[0x", "[0x"),
        ("", ""),
    ] {
        assert_eq!(normalise_label(label), normal, "{label}");
    }
}

#[test]
fn normalising_twice_changes_nothing_more() {
    let words = [
        "Users",
        "ana",
        "..",
        ".",
        "",
        "private",
        "tmp",
        "var",
        "folders",
        "T",
        "AppTranslocation",
        "d",
        "opt",
        "homebrew",
        "Cellar",
        "Caskroom",
        "usr",
        "local",
        "System",
        "Volumes",
        "Data",
        "1.2.3",
        "v1.0",
        "X.app",
        "*",
        "~",
        "0a1b2c3d-0000-4000-8000-0123456789ab",
        "application.1",
        "é",
    ];
    arbtest::arbtest(|u| {
        let mut path = String::new();
        for _ in 0..u.int_in_range(0..=10)? {
            path.push_str(if u.arbitrary()? { "/" } else { "" });
            path.push_str(u.choose(&words)?);
        }
        let once = normalise_path(&path);
        assert_eq!(normalise_path(&once), once, "{path}");
        let label = format!(
            "{}{}",
            if u.arbitrary()? { "application." } else { "" },
            path.replace('/', ".")
        );
        let once = normalise_label(&label);
        assert_eq!(normalise_label(&once), once, "{label}");
        Ok(())
    })
    .budget_ms(500);
}

#[test]
fn any_text_can_be_normalised() {
    arbtest::arbtest(|u| {
        let text: String = u.arbitrary()?;
        let once = normalise_path(&text);
        assert_eq!(normalise_path(&once), once);
        normalise_label(&text);
        outermost_bundle(&text);
        Ok(())
    })
    .budget_ms(200);
}

#[test]
fn a_helper_belongs_to_the_outermost_bundle() {
    let helper = "/Applications/B.app/Contents/Frameworks/B Helper.app/Contents/MacOS/B Helper";
    assert_eq!(outermost_bundle(helper), Some("/Applications/B.app"));
    assert_eq!(outermost_bundle("/usr/bin/nc"), None);
    assert_eq!(outermost_bundle("/x/.app/y"), None);
}

fn at<'a>(label: &'a str, path: &'a str) -> Identity<'a> {
    Identity { label: Some(label), path: Some(path), ..Identity::default() }
}

#[test]
fn a_new_version_is_an_upgrade() {
    let old = at("homebrew.mxcl.redis", "/opt/homebrew/Cellar/redis/7.0.1/bin/redis-server");
    let new = at("homebrew.mxcl.redis", "/opt/homebrew/opt/redis/bin/redis-server");
    assert!(same_program_upgraded(&old, &new));
    let old = at("com.oracle.mysqld", "/usr/local/mysql-8.0.33-macos13-arm64/bin/mysqld");
    let new = at("com.oracle.mysqld", "/usr/local/mysql-8.0.36-macos14-arm64/bin/mysqld");
    assert!(same_program_upgraded(&old, &new));
    let old = at("com.v.agent", "/Applications/V.app/Contents/MacOS/V");
    let new = at("com.v.agent", "/Applications/V.app/Contents/Helpers/agent");
    assert!(same_program_upgraded(&old, &new));
}

#[test]
fn the_same_label_with_another_program_is_a_takeover() {
    let old = at("com.v.agent", "/usr/local/bin/agent");
    assert!(!same_program_upgraded(&old, &at("com.v.agent", "/usr/local/bin/other")));
    assert!(!same_program_upgraded(&old, &at("com.v.agent", "/tmp/agent")));
    assert!(same_program_upgraded(&old, &at("com.w.agent", "/usr/local/bin/agent")));
}

#[test]
fn teams_decide_where_both_are_known() {
    let of = |team, path| Identity { team_id: Some(team), path: Some(path), ..Identity::default() };
    assert!(same_program_upgraded(&of("AAAAA11111", "/a/x"), &of("AAAAA11111", "/b/y")));
    assert!(!same_program_upgraded(&of("AAAAA11111", "/a/x"), &of("BBBBB22222", "/a/x")));
    let unsigned = Identity { path: Some("/a/x"), ..Identity::default() };
    assert!(same_program_upgraded(&of("AAAAA11111", "/a/x"), &unsigned));
}

#[test]
fn names_count_only_where_paths_are_unknown() {
    let named = |name| Identity { name: Some(name), ..Identity::default() };
    assert!(same_program_upgraded(&named("x"), &named("x")));
    assert!(!same_program_upgraded(&named("x"), &named("y")));
    assert!(!same_program_upgraded(&Identity::default(), &Identity::default()));
    assert!(same_program_upgraded(
        &named("x"),
        &Identity { path: Some("/a/x"), ..Identity::default() }
    ));
}

#[test]
fn the_version_in_a_formula_s_name_is_no_part_of_the_program() {
    for (text, plain) in [
        ("homebrew.mxcl.postgresql@16", "homebrew.mxcl.postgresql"),
        ("/opt/homebrew/Cellar/python@3.13/*/bin/x", "/opt/homebrew/Cellar/python/*/bin/x"),
        ("com.example@home", "com.example@home"),
        ("node@18-lts", "node@18-lts"),
        ("a@", "a@"),
        ("a@1@2.0/b@x", "a/b@x"),
    ] {
        assert_eq!(without_formula_version(text), plain, "{text}");
    }
    let of = |version: &str| {
        (
            format!("homebrew.mxcl.postgresql@{version}"),
            format!("/opt/homebrew/Cellar/postgresql@{version}/*/bin/postgres"),
        )
    };
    let (old, new) = (of("14"), of("16"));
    let old = Identity { label: Some(&old.0), path: Some(&old.1), ..Identity::default() };
    let new = Identity { label: Some(&new.0), path: Some(&new.1), ..Identity::default() };
    assert!(same_program_upgraded(&old, &new));
}
