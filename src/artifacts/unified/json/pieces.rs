//! Pieces of `ndjson` and of JSONL → the log as a whole. Objects laid out over several lines are read in order: a
//! line of them tells neither whether it lies in an object nor how far in its array is.

use super::super::ahead;
use super::super::lines::{Line, Lines};
use super::{Log, is_row};
use crate::artifacts::Emitter;

impl ahead::Log for Log {
    fn read_lines(&mut self, lines: Lines<'_>, out: &mut Emitter) {
        let mut unread = None;
        for line in lines {
            unread = self.read(&line, out).or(unread);
        }
        self.keep(unread);
    }

    fn apart(&self) -> Option<Self> {
        let in_lines = self.begun && !self.array && self.export.layout != "json";
        let export = self.export.apart();
        in_lines.then(|| Self { export, begun: true, ..Self::default() })
    }

    /// JSON escapes line breaks: no text of a record can look like a line that is one.
    fn begins(&self, line: &Line<'_>) -> bool {
        is_row(line)
    }

    fn join(&mut self, piece: &mut Self, found: &mut Emitter, out: &mut Emitter) -> bool {
        let fits = self.begun && !piece.mixed && self.clock.may_join(&piece.clock);
        if !fits || !self.export.may_join(&piece.export) {
            return false;
        }
        self.break_off(out);
        out.append(std::mem::take(found));
        self.export.join(&mut piece.export);
        self.clock.join(&piece.clock);
        self.finished = piece.finished;
        self.unread = piece.unread.take().or_else(|| self.unread.take());
        self.good = self.good.max(piece.good);
        self.broken = self.broken.max(piece.broken);
        true
    }
}
