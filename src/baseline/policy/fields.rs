//! TOML text → values that know where they stand, so that every error names file, line and key.

use crate::baseline::toml_file;
use jiff::civil::Date;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file that the examiner gave, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It cannot be read at all.
    #[error("{file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
    /// Something in it is wrong.
    #[error("{file}:{line}:{column}: {key}: {what}")]
    Wrong {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The key (`exception.until`), or what else is wrong.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

/// A file's name and text, for the places of errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
}

impl<'t> Document<'t> {
    /// The text as a table of TOML.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, FileError> {
        DeTable::parse(self.text).map_err(|error| {
            let what = error.message().lines().next().unwrap_or_default().to_owned();
            let span = error.span().unwrap_or_default();
            // What stands twice is told by its place alone.
            let twice = self.text.get(span.clone()).filter(|_| what.contains("duplicate key"));
            self.error(span, twice.unwrap_or("not TOML"), what)
        })
    }

    /// The line of a value, from 1.
    pub(super) fn line_of(&self, value: &Value<'_>) -> usize {
        self.place(value.toml.span()).0
    }

    /// Line and column of what stands there, from 1.
    fn place(&self, span: Range<usize>) -> (usize, usize) {
        toml_file::place(self.text, span.start)
    }

    /// An error about what stands there.
    pub(super) fn error(
        &self,
        span: Range<usize>,
        key: impl Into<String>,
        what: impl Into<String>,
    ) -> FileError {
        let (line, column) = self.place(span);
        FileError::Wrong {
            file: self.file.to_owned(),
            line,
            column,
            key: key.into(),
            what: what.into(),
        }
    }
}

/// A table of which every key is known.
#[derive(Clone, Debug)]
pub(super) struct Fields<'t> {
    document: Document<'t>,
    name: String,
    span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl<'t> Fields<'t> {
    /// The table, unless it has a key other than these.
    pub(super) fn new(
        document: Document<'t>,
        name: &str,
        span: Range<usize>,
        table: &'t DeTable<'t>,
        known: &[&str],
    ) -> Result<Self, FileError> {
        let fields = Self { document, name: name.to_owned(), span, table };
        let unknown = table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(fields),
            Some(key) => {
                let what = format!("is not a known key; known are {}", known.join(", "));
                Err(document.error(key.span(), fields.key(key.get_ref()), what))
            }
        }
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Value<'t>> {
        let value = self.table.get(key)?;
        Some(Value { document: self.document, key: self.key(key), toml: value })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Result<Value<'t>, FileError> {
        let missing = || self.document.error(self.span.clone(), self.key(key), "is missing");
        self.get(key).ok_or_else(missing)
    }

    /// An error about the table as a whole.
    pub(super) fn error(&self, what: impl Into<String>) -> FileError {
        self.document.error(self.span.clone(), self.name.clone(), what)
    }

    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

/// A value with its key.
#[derive(Clone, Debug)]
pub(super) struct Value<'t> {
    document: Document<'t>,
    key: String,
    toml: &'t Spanned<DeValue<'t>>,
}

impl<'t> Value<'t> {
    /// An error about it.
    pub(super) fn error(&self, what: impl Into<String>) -> FileError {
        self.document.error(self.toml.span(), self.key.clone(), what)
    }

    fn is_not(&self, wanted: &str) -> FileError {
        self.error(format!("must be {wanted}, not {}", self.toml.get_ref().type_str()))
    }

    /// A text that is not blank.
    pub(super) fn text(&self) -> Result<&'t str, FileError> {
        match self.toml.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => Err(self.error("is empty")),
            DeValue::String(text) => Ok(text),
            _ => Err(self.is_not("a text")),
        }
    }

    /// A text that one of these words is, as what it stands for.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, FileError> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.error(format!("{text:?} is none of {}", known.join(", ")))
        })
    }

    /// A text, read by `read`, which says what is wrong with it.
    pub(super) fn read<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<T, FileError> {
        read(self.text()?).map_err(|what| self.error(what))
    }

    /// A date without a time.
    pub(super) fn date(&self) -> Result<Date, FileError> {
        let DeValue::Datetime(datetime) = self.toml.get_ref() else {
            return Err(self.is_not("a date (2026-03-31, without quotation marks)"));
        };
        let (Some(date), None, None) = (datetime.date, datetime.time, datetime.offset) else {
            return Err(self.error("must be a date without a time (2026-03-31)"));
        };
        let numbers = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day));
        let date = match numbers {
            (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        date.ok_or_else(|| self.error("is not a date of the calendar"))
    }

    /// The number 1, as which the schema is written.
    pub(super) fn is_schema_1(&self) -> Result<(), FileError> {
        match self.toml.get_ref() {
            DeValue::Integer(number) if number.as_str() == "1" && number.radix() == 10 => Ok(()),
            DeValue::Integer(number) => {
                Err(self.error(format!("{number} is not known; this Portolan reads schema 1")))
            }
            _ => Err(self.is_not("the number 1")),
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self, wanted: &str) -> Result<Vec<Self>, FileError> {
        let DeValue::Array(elements) = self.toml.get_ref() else {
            return Err(self.is_not(wanted));
        };
        let (document, key) = (self.document, &self.key);
        Ok(elements.iter().map(|toml| Self { document, key: key.clone(), toml }).collect())
    }

    /// A table that has no key other than these.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'t>, FileError> {
        let DeValue::Table(table) = self.toml.get_ref() else {
            return Err(self.is_not("a table"));
        };
        Fields::new(self.document, &self.key, self.toml.span(), table, known)
    }

    /// The keys and values of a table of which any key may be one, in the order of the file.
    pub(super) fn entries(&self) -> Result<Vec<(&'t str, Self)>, FileError> {
        let DeValue::Table(table) = self.toml.get_ref() else {
            return Err(self.is_not("a table"));
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, toml): (&'t Spanned<_>, _)| {
            let text: &std::borrow::Cow<'t, str> = key.get_ref();
            let name = format!("{}.{text:?}", self.key);
            (text.as_ref(), Self { document: self.document, key: name, toml })
        };
        Ok(entries.into_iter().map(entry).collect())
    }
}
