//! The property list that describes an image → its dictionary.
//!
//! Parsers of artifacts have a reader that repairs; here a list that is not whole is refused. The library descends once for each
//! nested collection and would overflow the stack, so that the words that open one are counted beforehand.

use crate::evidence::{limits, problem};
use crate::model::observation::{Problem, ProblemKind};
use memchr::memmem;
use plist::{Dictionary, Value};
use std::io::Cursor;

/// Names of the elements that hold others; each stands twice, in the tag that opens it and in the one that closes it.
const COLLECTIONS: &[&str] = &["dict", "array"];

/// The dictionary of a list in XML; what it is called is for the problem.
pub(super) fn dictionary(bytes: &[u8], name: &str) -> Result<Dictionary, Problem> {
    let words: usize = COLLECTIONS.iter().map(|word| memmem::find_iter(bytes, word).count()).sum();
    if words > limits::IMAGE_PLIST_COLLECTIONS {
        let most = limits::IMAGE_PLIST_COLLECTIONS;
        let detail = format!("{name} opens and closes {words} collections; {most} are read");
        return Err(problem(ProblemKind::Limit, detail));
    }
    let malformed = |why: String| problem(ProblemKind::MalformedFile, format!("{name} {why}"));
    let value = Value::from_reader_xml(Cursor::new(bytes))
        .map_err(|error| malformed(format!("is no property list in XML: {error}")))?;
    value.into_dictionary().ok_or_else(|| malformed("is no dictionary".to_owned()))
}
