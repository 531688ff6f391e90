//! A line or a script → words and commands, as a shell would split them, within bounds.

/// Bytes of a script that are looked at.
pub(super) const SCRIPT: usize = 64 << 10;

/// Words of one script or command line.
pub(super) const WORDS: usize = 4096;

/// The words of a command line as `ps` prints it: arguments joined by blanks, without their quotes.
///
/// So only quotes around a whole word count; an apostrophe inside of one is a character like any other.
pub fn split_command(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && words.len() < WORDS {
        let (word, after) = quoted_word(rest).unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at_checked(end).unwrap_or((rest, ""))
        });
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// A word in quotes that end before a blank or the end, and what follows it.
fn quoted_word(rest: &str) -> Option<(&str, &str)> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (word, after) = rest.strip_prefix(quote)?.split_once(quote)?;
    (after.is_empty() || after.starts_with(char::is_whitespace)).then_some((word, after))
}

/// One simple command of a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Program and arguments, unquoted; redirections left out.
    pub words: Vec<String>,
    /// Whether the output of the command before is its input.
    pub piped: bool,
}

/// The commands of a shell script: enough of the grammar to tell words, pipes and ends of commands.
/// Command substitutions count as commands of their own.
pub(super) fn commands(script: &str) -> Vec<Command> {
    let mut lexer = Lexer::default();
    let mut characters = script.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        match c {
            '\'' | '"' => lexer.quoted(c, &mut characters),
            '\\' => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => lexer.push(escaped),
            },
            '#' if lexer.word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            '>' | '<' => {
                lexer.redirect();
                while characters.next_if(|c| matches!(c, '>' | '<' | '&' | '|')).is_some() {}
            }
            '&' if next == Some('>') => lexer.end_word(),
            '|' if next == Some('|') => {
                characters.next();
                lexer.end_command(false);
            }
            '|' => {
                characters.next_if_eq(&'&');
                lexer.end_command(true);
            }
            '$' if next == Some('(') => lexer.end_command(false),
            ';' | '\n' | '&' | '(' | ')' | '`' => lexer.end_command(false),
            c if c.is_whitespace() => lexer.end_word(),
            c => lexer.push(c),
        }
        if lexer.count >= WORDS {
            break;
        }
    }
    lexer.end_command(false);
    lexer.commands
}

#[derive(Default)]
struct Lexer {
    commands: Vec<Command>,
    current: Command,
    word: Option<String>,
    /// The next word names a file.
    redirected: bool,
    count: usize,
}

impl Lexer {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn quoted(&mut self, quote: char, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
        let word = self.word.get_or_insert_default();
        while let Some(c) = characters.next() {
            match c {
                end if end == quote => return,
                '\\' if quote == '"' => {
                    let escaped = characters.next_if(|c| matches!(c, '"' | '\\' | '$' | '`'));
                    word.push(escaped.unwrap_or('\\'));
                }
                c => word.push(c),
            }
        }
    }

    /// `2>`: the number before belongs to the redirection, the word after is a file.
    fn redirect(&mut self) {
        let is_number =
            self.word.as_ref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if is_number {
            self.word = None;
        }
        self.end_word();
        self.redirected = true;
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirected)
        {
            self.current.words.push(word);
            self.count = self.count.saturating_add(1);
        }
    }

    fn end_command(&mut self, pipe: bool) {
        self.end_word();
        self.redirected = false;
        let command = std::mem::replace(&mut self.current, Command { words: vec![], piped: pipe });
        if !command.words.is_empty() {
            self.commands.push(command);
        } else if command.piped && !pipe {
            // A pipe into a group: `x | (y; z)`.
            self.current.piped = true;
        }
    }
}
