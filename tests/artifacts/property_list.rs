//! Property lists of every kind, sound, damaged and hostile.

use crate::support::damaged;
use portolan::artifacts::property_list::{Read, Value, read};
use portolan::evidence::limits;
use portolan::model::observation::ProblemKind;
use portolan::model::provenance::Locator;

const HEADER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn xml(inside: &str) -> String {
    format!("{HEADER}<plist version=\"1.0\"><dict>\n{inside}\n</dict></plist>\n")
}

fn label(read: &Read) -> Option<&str> {
    read.value.as_dictionary()?.get("Label")?.as_string()
}

/// Reads it, expects the label `ok`, and returns the problems as text.
fn problems(bytes: &[u8]) -> Vec<String> {
    let read = read(bytes).unwrap();
    assert_eq!(label(&read), Some("ok"), "{:?}", read.problems);
    read.problems.iter().map(|p| format!("{}{}", p.detail, p.locator)).collect()
}

/// A binary list of these objects, the first being the root. References take one byte.
fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for object in objects {
        offsets.push(u32::try_from(bytes.len()).unwrap());
        bytes.extend(object);
    }
    let table = bytes.len() as u64;
    bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
    bytes.extend([0, 0, 0, 0, 0, 0, 4, 1]);
    for number in [objects.len() as u64, 0, table] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x5f, 0x11];
    bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// `{Label = ok; Extra = <object 4>; }` and the objects from 4 on.
fn binary_with(extra: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![vec![0xd2, 1, 2, 3, 4], string("Label"), string("Extra"), string("ok")];
    objects.extend_from_slice(extra);
    binary(&objects)
}

/// Runs it. That it ends at all is the point: work that grew with the square would not.
fn ends(work: impl FnOnce()) {
    work();
}

#[test]
fn a_sound_list_has_no_problems() {
    let text = xml("<key>Label</key><string>ok</string><key>N</key><integer>0x16</integer>");
    assert_eq!(problems(text.as_bytes()), [""; 0]);
    assert_eq!(problems(&binary_with(&[vec![0x09]])), [""; 0]);
    assert_eq!(problems(b"{ Label = ok; List = (a, \"b c\", <0fbd>); }"), [""; 0]);
    assert_eq!(problems(br#"{"Label": "ok", "Nothing": null, "N": [1, true, 2.5]}"#), [""; 0]);
}

#[test]
fn each_repair_is_told_with_its_line_and_costs_no_label() {
    let good = "<key>Label</key><string>ok</string>";
    let table = [
        (
            xml(&format!("<key>D</key><date>yesterday</date>{good}")),
            "content of a \"date\" element does not fit it; kept as text:3",
        ),
        (xml(&format!("<key>D</key><date>0000-00-00T00:00:00Z</date>{good}")), "kept as text:3"),
        (
            xml(&format!("{good}\n<key>S</key><string>a & b</string>")),
            "\"& b\" is no character reference; kept as it stands:4",
        ),
        (xml(&format!("<key>S</key><string>&gotcha;</string>{good}")), "\"&gotcha;\" is no"),
        (xml(&format!("<key>N</key><integer>many</integer>{good}")), "\"integer\" element"),
        (xml(&format!("{good}<key>Alone</key>")), "the key \"Alone\" has no value:4"),
        (
            xml(&format!("{good}<key>U</key><null/>")),
            "the element \"null\" belongs to no property list:3",
        ),
        (format!("{}\0\0\0", xml(good)), "3 NUL characters follow the property list:5"),
        (format!("\n\n  {}", xml(good)), "the XML header does not stand at the start:3"),
        (format!("<!-- note -->\n{}", xml(good)), "the XML header does not stand at the start:2"),
        (format!("stray {}", xml(good)), "the XML header does not stand at the start:1"),
        (
            xml(&format!("{good}<key>Program</key><string>/x<key>Y</key><true/>")),
            "\"string\" is not closed:3",
        ),
        (
            xml(&format!("{good}<key>A</key><array><string>x</string>")),
            "the end of \"dict\" closes an inner element too:4",
        ),
    ];
    for (text, expected) in table {
        let problems = problems(text.as_bytes());
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

#[test]
fn a_bare_ampersand_and_an_impossible_date_are_kept_as_text() {
    let text = xml(
        "<key>A</key><string>a &amp; b & c &#38; &#x26;</string><key>D</key><date>0000-13-01T00:00:00Z</date>",
    );
    let read = read(text.as_bytes()).unwrap();
    let entries = read.value.as_dictionary().unwrap();
    assert_eq!(entries.get("A").unwrap().as_string(), Some("a & b & c & &"));
    assert_eq!(entries.get("D").unwrap().as_string(), Some("0000-13-01T00:00:00Z"));
    assert!(!read.rescued);
}

#[test]
fn a_cdata_section_is_text() {
    let text = xml("<key><![CDATA[Label]]></key><string>o<![CDATA[k]]></string>");
    assert_eq!(problems(text.as_bytes()), [""; 0]);
}

#[test]
fn utf_16_needs_no_mark() {
    let text = xml("<key>Label</key><string>ok</string>");
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [
        little.clone(),
        big.clone(),
        [b"\xff\xfe", &little[..]].concat(),
        [b"\xfe\xff", &big[..]].concat(),
    ] {
        assert_eq!(problems(&bytes), [""; 0]);
    }
}

#[test]
fn a_cut_list_keeps_what_came_before() {
    let text = xml(
        "<key>Label</key><string>ok</string>\n<key>ProgramArguments</key><array><string>/x</string><string>--po",
    );
    let text = text.split("\n</dict>").next().unwrap();
    let read = read(text.as_bytes()).unwrap();
    assert_eq!(label(&read), Some("ok"));
    assert!(read.rescued);
    let arguments = read.value.as_dictionary().unwrap().get("ProgramArguments").unwrap();
    assert_eq!(arguments.as_array().unwrap(), &[Value::String("/x".to_owned())]);
    assert_eq!(read.problems[0].kind, ProblemKind::Truncated);
    assert_eq!(read.problems[0].locator, Locator::Line(4));
}

#[test]
fn a_text_that_ends_in_its_closing_tag_is_whole_and_half_a_text_is_none() {
    let whole = "<plist><dict><key>Label</key><string>ok</str";
    assert_eq!(label(&read(whole.as_bytes()).unwrap()), Some("ok"));
    let half = "<plist><dict><key>Label</key><string>com.exam";
    let half = read(half.as_bytes()).unwrap();
    assert_eq!((label(&half), half.rescued), (None, true));
}

#[test]
fn a_binary_list_survives_filling_and_odd_objects() {
    let good = binary_with(&[vec![0x09]]);
    let filled = [&good[..], &[0; 512]].concat();
    assert!(problems(&filled)[0].starts_with("bytes that belong to no object"));
    // NaN seconds; half a surrogate pair; an unknown marker; an object outside of the file.
    let nan = [&[0x33][..], &f64::NAN.to_be_bytes()].concat();
    assert_eq!(problems(&binary_with(&[nan])), [""; 0]);
    assert_eq!(problems(&binary_with(&[vec![0x61, 0xd8, 0x00]])), [""; 0]);
    assert!(problems(&binary_with(&[vec![0x70]]))[0].contains("1 values are missing"));
    assert!(problems(&binary_with(&[vec![0x00]]))[0].contains("marker 0x00 is left out"));
    assert!(problems(&binary_with(&[]))[0].contains("1 values are missing"));
}

#[test]
fn a_binary_list_without_its_table_is_read_in_order() {
    let good = binary_with(&[string("more")]);
    for cut in [1, 10, 33, 40] {
        let read = read(&good[..good.len() - cut]).unwrap();
        assert_eq!((label(&read), read.rescued), (Some("ok"), true), "cut by {cut}");
        assert_eq!(read.problems[0].kind, ProblemKind::Truncated);
    }
}

#[test]
fn deep_nesting_is_cut_off_quickly() {
    ends(|| {
        for (open, close) in [("<array>", "</array>"), ("<dict><key>a</key>", "</dict>")] {
            let nest = open.repeat(200_000) + &close.repeat(200_000);
            let text = xml(&format!("<key>Deep</key>{nest}<key>Label</key><string>ok</string>"));
            let problems = problems(text.as_bytes());
            assert!(problems[0].contains("128 levels"), "{problems:?}");
        }
        let old = format!("{{ Label = ok; Deep = {} }}", "(".repeat(200_000));
        assert!(problems(old.as_bytes())[0].contains("128 levels"));
        assert!(read("[".repeat(200_000).as_bytes()).is_ok());
        assert!(read("<array>".repeat(200_000).as_bytes()).is_ok());
    });
}

#[test]
fn a_hundred_levels_are_fine() {
    let nest = "<array>".repeat(100) + &"</array>".repeat(100);
    let text = xml(&format!("<key>Deep</key>{nest}<key>Label</key><string>ok</string>"));
    assert_eq!(problems(text.as_bytes()), [""; 0]);
}

#[test]
fn a_bomb_of_references_ends_at_the_limit() {
    ends(|| {
        let mut laughs: Vec<Vec<u8>> = (5..60)
            .map(|next| vec![0xa8, next, next, next, next, next, next, next, next])
            .collect();
        laughs.push(string("ha"));
        let read = read(&binary_with(&laughs)).unwrap();
        assert_eq!(label(&read), Some("ok"));
        assert!(read.rescued);
        assert_eq!(read.problems[0].kind, ProblemKind::Limit);
    });
}

#[test]
fn a_long_string_referred_to_often_ends_at_the_limit() {
    ends(|| {
        let items = 60_000_u32;
        let mut many = vec![0xaf, 0x12];
        many.extend(items.to_be_bytes());
        many.extend(std::iter::repeat_n(5, items as usize));
        let read = read(&binary_with(&[many, string(&"x".repeat(60_000))])).unwrap();
        assert_eq!((label(&read), read.rescued), (Some("ok"), true));
        let kept = read.value.as_dictionary().unwrap().get("Extra").unwrap().as_array().unwrap();
        assert!(kept.len() as u64 * 60_000 <= limits::PLIST);
    });
}

#[test]
fn a_collection_in_itself_is_left_out() {
    assert!(problems(&binary_with(&[vec![0xa1, 4]]))[0].contains("contains itself"));
    assert!(problems(&binary_with(&[vec![0xa1, 5], vec![0xa1, 4]]))[0].contains("contains itself"));
    assert!(problems(&binary_with(&[vec![0xa1, 0]]))[0].contains("contains itself"));
}

#[test]
fn claims_beyond_the_file_are_refused() {
    let mut bytes =
        binary_with(&[vec![0xaf, 0x13, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]);
    assert!(problems(&bytes)[0].contains("values are missing"));
    let count = bytes.len() - 24;
    bytes[count] = 0x7f;
    assert!(read(&bytes).is_ok_and(|read| read.rescued));
}

#[test]
fn scanning_is_linear() {
    ends(|| {
        for unit in ["<!x>", "&", "<", "<!--", "</a>", "<key>a</key>", "<![CDATA[x", "<?x", "<a"] {
            let text = xml(&format!("<key>S</key><string>{}", unit.repeat(200_000 / unit.len())));
            let _ = read(text.as_bytes());
        }
        for unit in ["()", "\"", "{", "=", "/*", "<", "a=b;", "\\"] {
            let _ = read(format!("{{ {}", unit.repeat(200_000 / unit.len())).as_bytes());
        }
        let _ = read(&[b"bplist00", &vec![0; 4 << 20][..]].concat());
    });
}

#[test]
fn what_is_no_property_list_is_refused() {
    for bytes in [
        &b""[..],
        b"\0\0\0",
        b"  \n",
        b"<html><body>",
        b"SQLite format 3\0",
        b"bplist00",
        b"<?xml version=\"1.0\"?>\n<svg/>",
    ] {
        let refusal = read(bytes).unwrap_err();
        assert_eq!(refusal.kind, ProblemKind::MalformedFile, "{bytes:?}");
    }
    let big = vec![b' '; usize::try_from(limits::PLIST).unwrap() + 1];
    assert_eq!(read(&big).unwrap_err().kind, ProblemKind::Limit);
}

#[test]
fn old_style_strings_keep_their_escapes() {
    let read = read(
        br#"// comment
        { Label = "a\"b\n\U263a\101"; /* c */ "Key 2" = ( { x = y; }, z ) ; Data = <0a ff>; }"#,
    )
    .unwrap();
    let entries = read.value.as_dictionary().unwrap();
    assert_eq!(entries.get("Label").unwrap().as_string(), Some("a\"b\n\u{263a}A"));
    assert_eq!(entries.get("Data").unwrap().as_data(), Some(&[0x0a, 0xff][..]));
    assert_eq!(entries.get("Key 2").unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn damage_anywhere_never_panics() {
    let text = xml(
        "<!-- c --><key>Label</key><string>ok &amp; x</string><key>D</key><data>AAEC</data><key>A</key><array><integer>1</integer><real>1.5</real><date>2026-01-02T03:04:05Z</date><true/></array>",
    );
    let seeds = [
        text.into_bytes(),
        binary_with(&[vec![0xa2, 5, 6], vec![0x62, 0, 0x41, 0x26, 0x3a], vec![0x11, 1, 2]]),
        br#"{ Label = "o\U263ak"; A = ( b, c ); D = <0aff>; }"#.to_vec(),
        br#"{"Label": "ok", "A": [1, {"b": null}]}"#.to_vec(),
    ];
    for seed in seeds {
        damaged(&seed, seed.len(), |bytes| drop(read(bytes)));
    }
}
