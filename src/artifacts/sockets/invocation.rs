//! The name of a capture file (`netstat_-anp_tcp.txt`) or a banner → the words of the command.

/// The words after a command's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// The words in order.
    pub words: Vec<Word<'a>>,
    /// Whether its output went through `grep`.
    pub grepped: bool,
}

/// A word of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Whether a dash stood before it.
    pub dashed: bool,
    /// The word without its dash.
    pub text: &'a str,
}

/// The command that a file's name tells: collectors put `_` for blanks and for colons, people write
/// `lsof-iTCP-sTCP-LISTEN`. `None` if the name does not hold the tool's.
pub fn of_file<'a>(path: &'a str, tool: &str) -> Option<Invocation<'a>> {
    let name = path.rsplit('/').next()?;
    let at = name.to_ascii_lowercase().rfind(tool)?;
    let rest = name.get(at.saturating_add(tool.len())..)?;
    let rest = rest.split('.').next().unwrap_or_default();
    let mut words = Vec::new();
    for piece in rest.split(['_', ' ']) {
        for (nth, text) in piece.split('-').enumerate() {
            if !text.is_empty() {
                words.push(Word { dashed: nth > 0, text });
            }
        }
    }
    Some(Invocation { words, grepped: rest.to_ascii_lowercase().contains("grep") })
}

/// The command in a line that is nothing but one: `# netstat -A -a`, `netstat -n -I en1`,
/// `# /usr/sbin/netstat -% 1 -A -a`.
pub fn of_line<'a>(line: &'a str, tool: &str) -> Option<Invocation<'a>> {
    let command = line.trim_start_matches(['#', ' ', '\t']);
    let folders = ["/usr/sbin/", "/usr/bin/"];
    let plain = folders.iter().find_map(|folder| command.strip_prefix(folder));
    let rest = plain.unwrap_or(command).strip_prefix(tool)?;
    let words: Vec<Word<'_>> = rest
        .split_whitespace()
        .map(|word| match word.strip_prefix('-') {
            Some(text) => Word { dashed: true, text },
            None => Word { dashed: false, text: word },
        })
        .collect();
    let plain = words.first().is_none_or(|word| word.dashed);
    (plain && (rest.is_empty() || rest.starts_with(' ')))
        .then_some(Invocation { words, grepped: rest.contains("grep") })
}
