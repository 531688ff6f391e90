//! The header of an EWF image → who acquired it, when, with what, as text for `sources`.
//!
//! Expert Witness Compression Format (libewf), "Header section", "Header2 section": deflated text, a line of field codes
//! separated by tabs and a line of their values.

use crate::evidence::limits;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// The codes, and what they say; in the order in which they are shown.
const FIELDS: &[(&str, &str)] = &[
    ("c", "case number"),
    ("n", "evidence number"),
    ("a", "description"),
    ("e", "examiner"),
    ("t", "notes"),
    ("m", "acquired"),
    ("md", "model"),
    ("sn", "serial number"),
    ("av", "acquired with"),
    ("ov", "acquired on"),
];

/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// What a header says, as `case number: 12`.
pub(super) fn notes(stored: &[u8]) -> Vec<String> {
    let Some(text) = inflated(stored) else { return Vec::new() };
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
    let Some(codes) = lines.find(|line| line.contains('\t')) else { return Vec::new() };
    let values = lines.next().unwrap_or_default();
    let told: Vec<(&str, &str)> = codes.split('\t').zip(values.split('\t')).collect();
    let shown = FIELDS.iter().filter_map(|(code, name)| {
        let (_, value) = told.iter().find(|(told, _)| told == code)?;
        let value = value.trim();
        (!value.is_empty()).then(|| format!("{name}: {}", shown(code, value)))
    });
    shown.collect()
}

/// `header2` is UTF-16 with a byte order mark, `header` is in the examiner's code page: what is not ASCII there is replaced.
fn inflated(stored: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    // What is inflated before damage is still of use.
    let _ = ZlibDecoder::new(stored).take(limits::EWF_HEADER).read_to_end(&mut bytes);
    if bytes.is_empty() {
        return None;
    }
    let unit: Option<fn([u8; 2]) -> u16> = match bytes.first_chunk() {
        Some([0xff, 0xfe]) => Some(u16::from_le_bytes),
        Some([0xfe, 0xff]) => Some(u16::from_be_bytes),
        _ => None,
    };
    let Some(unit) = unit else { return Some(String::from_utf8_lossy(&bytes).into_owned()) };
    let pairs = bytes.chunks_exact(2).skip(1).filter_map(|pair| pair.first_chunk().copied());
    let units: Vec<u16> = pairs.map(unit).collect();
    Some(String::from_utf16_lossy(&units))
}

fn shown(code: &str, value: &str) -> String {
    let is_date = code == "m";
    let date = if is_date { date(value) } else { None };
    date.unwrap_or_else(|| value.chars().take(SHOWN).collect())
}

/// `header2` has seconds of 1970; `header` has `2026 5 14 9 30 0` of the examiner's clock, whose zone nobody wrote down.
fn date(value: &str) -> Option<String> {
    if let Ok(seconds) = value.parse() {
        return Some(jiff::Timestamp::from_second(seconds).ok()?.to_string());
    }
    let parts: Vec<i16> = value.split(' ').filter_map(|part| part.parse().ok()).collect();
    let [year, rest @ ..] = parts.as_slice() else { return None };
    let rest: Vec<i8> = rest.iter().filter_map(|part| i8::try_from(*part).ok()).collect();
    let [month, day, hour, minute, second] = *rest.as_slice() else { return None };
    let time = jiff::civil::DateTime::new(*year, month, day, hour, minute, second, 0).ok()?;
    Some(format!("{time} of the examiner's clock"))
}
