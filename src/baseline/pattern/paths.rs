//! Patterns of paths → whether a program lies in one of them.

use crate::ports::place::canonical;
use serde::Deserialize;

/// A pattern of absolute paths: exact, a folder with all below it (`/opt/homebrew/`), or with `*` (any
/// characters within one part) and `**` (any number of parts); `~/` is any user's home.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    text: String,
    parts: Vec<String>,
}

impl PathPattern {
    /// Whether a path fits, in its canonical form (see [`canonical`]).
    pub fn matches(&self, path: &str) -> bool {
        self.matches_canonical(&canonical(path))
    }

    /// As the table writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether whatever fits another pattern fits this too. Where that cannot be told from the two
    /// texts alone, it is not said.
    pub fn includes(&self, other: &Self) -> bool {
        let is_tree = other.parts.iter().any(|part| part == "**");
        let tree = self.text.strip_suffix('/').filter(|tree| !tree.contains('*'));
        self == other
            || (!is_tree && self.matches_canonical(&other.parts.join("/")))
            || tree.is_some_and(|tree| {
                other.text.strip_prefix(tree).is_some_and(|rest| rest.starts_with('/'))
            })
    }

    fn matches_canonical(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        fits(&self.parts, &parts, |part| part == "**", |part, have| part_fits(part, have))
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let full = match text.strip_prefix("~/") {
            Some(rest) => format!("/Users/*/{rest}"),
            None => text.clone(),
        };
        let full = if full.ends_with('/') { format!("{full}**") } else { full };
        if (!full.starts_with('/') && !full.starts_with("**/")) || canonical(&full) != full {
            return Err(format!("{text:?} is not a canonical absolute path"));
        }
        Ok(Self { text, parts: full.split('/').map(str::to_owned).collect() })
    }
}

/// Paths that fit some pattern and no exception to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathSet {
    paths: Vec<PathPattern>,
    #[serde(default)]
    except: Vec<PathPattern>,
}

impl PathSet {
    /// Whether a path is in the set.
    pub fn contains(&self, path: &str) -> bool {
        self.matching(path).is_some()
    }

    /// The first pattern that has the path in the set.
    pub fn matching(&self, path: &str) -> Option<&str> {
        let path = canonical(path);
        if self.except.iter().any(|pattern| pattern.matches_canonical(&path)) {
            return None;
        }
        self.paths.iter().find(|pattern| pattern.matches_canonical(&path)).map(PathPattern::as_str)
    }
}

/// Whether one part of a path fits one part of a pattern, where `*` is any characters.
pub(in crate::baseline) fn part_fits(pattern: &str, part: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == part;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let part: Vec<char> = part.chars().collect();
    fits(&pattern, &part, |c| *c == '*', |c, have| c == have)
}

/// Matches with wildcards in at most pattern × text steps: only the last wildcard is ever reconsidered.
fn fits<P, T>(
    pattern: &[P],
    text: &[T],
    is_wild: impl Fn(&P) -> bool,
    same: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut next) = (0_usize, 0_usize);
    // Where the last wildcard stands, and where the text it does not yet swallow begins.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(have) = text.get(next) {
        match pattern.get(at) {
            Some(wild) if is_wild(wild) => {
                retry = Some((at, next));
                at += 1;
            }
            Some(want) if same(want, have) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((wild, from)) = retry else { return false };
                retry = Some((wild, from + 1));
                at = wild + 1;
                next = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(is_wild)
}
