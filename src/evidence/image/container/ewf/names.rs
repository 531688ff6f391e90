//! The name of the first segment file → the names of the others.
//!
//! Expert Witness Compression Format (libewf), "Segment file extensions": `E01` … `E99`, `EAA` … `EZZ`, `FAA` … `ZZZ`.

/// Letters of the alphabet.
const LETTERS: u32 = 26;

/// The name of segment `number`, from 2 on; `None` if the first has no ending that is counted, or there is no such.
pub(super) fn segment(first: &str, number: u32) -> Option<String> {
    let (stem, ending) = first.rsplit_once('.')?;
    let letter = ending.chars().next().filter(char::is_ascii_alphabetic)?;
    if ending.get(1..) != Some("01") {
        return None;
    }
    if number <= 99 {
        return Some(format!("{stem}.{letter}{number:02}"));
    }
    let count = number.checked_sub(100)?;
    let small = letter.is_ascii_lowercase();
    let start = u32::from(letter.to_ascii_uppercase()).checked_sub(u32::from('A'))?;
    let third = lettered(count % LETTERS, small)?;
    let second = lettered((count / LETTERS) % LETTERS, small)?;
    let first = lettered(start.checked_add(count / LETTERS / LETTERS)?, small)?;
    Some(format!("{stem}.{first}{second}{third}"))
}

fn lettered(place: u32, small: bool) -> Option<char> {
    let letter =
        char::from(b'A'.checked_add(u8::try_from(place).ok().filter(|_| place < LETTERS)?)?);
    Some(if small { letter.to_ascii_lowercase() } else { letter })
}
