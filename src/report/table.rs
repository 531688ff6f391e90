//! Records → a table: named columns, rows of cells made one at a time.

use crate::model::provenance::Locator;
use crate::model::{Text, Timestamp, stamp};
use std::borrow::Cow;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, times among it.
    Text,
    /// A whole number.
    Integer,
}

/// A column of a table. Its name is part of the contract; its meaning is the page of `docs/columns.md`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name, in every format.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it says, for a reader of the table.
    pub meaning: &'static str,
}

/// A column of text.
pub(super) const fn text(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Text, meaning }
}

/// A column of whole numbers.
pub(super) const fn integer(name: &'static str, meaning: &'static str) -> Column {
    Column { name, kind: Kind::Integer, meaning }
}

/// A value of a row, as the evidence has it: writers guard and escape, tables never do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Unknown.
    Empty,
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
}

/// Which outputs a table goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// Every format.
    All,
    /// Only databases.
    Database,
}

/// A row of a table of the contract.
pub trait Record {
    /// Name of the table, stem of its CSV file.
    const TABLE: &'static str;
    /// What a row is, in a sentence or two.
    const MEANING: &'static str;
    /// Which outputs it goes to.
    const OUTPUTS: Outputs = Outputs::All;
    /// Its columns, in order.
    const COLUMNS: &'static [Column];
    /// A cell for each column.
    fn cells(&self) -> Vec<Cell<'_>>;
}

/// The shape of a table, without its rows.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of the table.
    pub table: &'static str,
    /// What a row is.
    pub meaning: &'static str,
    /// Which outputs it goes to.
    pub outputs: Outputs,
    /// Its columns.
    pub columns: &'static [Column],
}

impl Schema {
    /// The shape of the table that `R` is a row of.
    pub const fn of<R: Record>() -> Self {
        Self { table: R::TABLE, meaning: R::MEANING, outputs: R::OUTPUTS, columns: R::COLUMNS }
    }
}

/// Records as rows, whatever their type.
trait Rows {
    fn len(&self) -> usize;
    fn row(&self, index: usize) -> Option<Vec<Cell<'_>>>;
}

impl<R: Record> Rows for Vec<R> {
    fn len(&self) -> usize {
        self.len()
    }

    fn row(&self, index: usize) -> Option<Vec<Cell<'_>>> {
        self.get(index).map(R::cells)
    }
}

/// A table with its rows in their final order. Cells are made when a row is asked for, so that a table
/// of a million rows takes the space of its records only.
pub struct Table<'a> {
    schema: Schema,
    rows: Box<dyn Rows + 'a>,
}

impl<'a> Table<'a> {
    /// A table of these records.
    pub fn of<R: Record + 'a>(records: Vec<R>) -> Self {
        Self { schema: Schema::of::<R>(), rows: Box::new(records) }
    }

    /// Its shape.
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Cell<'_>>> {
        (0..self.rows.len()).filter_map(|index| self.rows.row(index))
    }
}

/// The cells of a row, each from what it is made of.
macro_rules! cells {
    ($($value:expr),+ $(,)?) => { vec![$($crate::report::table::Cell::from($value)),+] };
}
pub(super) use cells;

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(Cow::Borrowed(text)) }
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(Cow::Owned(text)) }
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl<'a> From<&'a Text> for Cell<'a> {
    fn from(text: &'a Text) -> Self {
        Self::from(&**text)
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(time: Timestamp) -> Self {
        Self::from(stamp(time))
    }
}

impl From<Locator> for Cell<'_> {
    fn from(locator: Locator) -> Self {
        match locator {
            Locator::Whole => Self::Empty,
            Locator::Line(line) => format!("line {line}").into(),
            Locator::Offset(offset) => format!("offset 0x{offset:x}").into(),
            Locator::Row(row) => format!("row {row}").into(),
        }
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Cell<'_> {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u16> for Cell<'_> {
    fn from(number: u16) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        // No file and no counter of a Mac comes near.
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Cell<'_> {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// `yes` or `no`.
pub(super) fn yes_no(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}
