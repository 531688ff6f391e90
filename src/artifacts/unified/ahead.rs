//! Blocks of a log → its pieces, read by a crew before their turn comes, and joined in order.
//!
//! A piece is read on the assumption that its first record begins where it seems to, and that nothing before it
//! bears on what follows. When its turn comes, the log knows all that stood before: it takes over what was read
//! ([`Log::join`]), or, where the assumption does not hold, reads the piece itself. So a seam can neither make nor
//! hide a record, and what comes out is what reading in order gives. Whoever waits reads: if nobody took a piece,
//! the thread of the file does, so that it never waits for a thread that waits for it.

use super::blocks::BLOCK;
use super::lines::{Block, Line, Lines, Seam};
use crate::artifacts::{Crew, Emitter};
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Pieces in a row that were read in vain, after which the rest is read in order: they cost twice.
const IN_VAIN: u32 = 16;

/// What is remembered from line to line of a log, and how a piece of it is read apart from the rest.
pub(super) trait Log: Sized + Send + 'static {
    /// Reads lines in order.
    fn read_lines(&mut self, lines: Lines<'_>, out: &mut Emitter);

    /// What a later piece begins with, if enough is known of the log.
    fn apart(&self) -> Option<Self>;

    /// Whether a piece can be read from this line on, as if nothing stood before it.
    fn begins(&self, line: &Line<'_>) -> bool;

    /// Takes over a piece that was read apart from where it [begins](Self::begins), and what was found in it. All
    /// before it was read. False, and nothing done, unless reading it now would come to the same in every case.
    fn join(&mut self, piece: &mut Self, found: &mut Emitter, out: &mut Emitter) -> bool;
}

/// Whole lines in memory that other pieces may share.
#[derive(Debug)]
struct Piece {
    buffer: Arc<Vec<u8>>,
    range: Range<usize>,
    /// The number of its first line.
    first: u64,
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.range.clone()).unwrap_or_default()
    }

    fn block(&self) -> Block<'_> {
        Block::new(self.first, self.bytes())
    }
}

/// A piece that was read apart.
struct Apart<L> {
    /// Where that begins; what lies before it was not read.
    seam: Seam,
    log: L,
    found: Emitter,
}

/// How far a piece has come.
enum State<L> {
    Waiting(Piece, L, Emitter),
    /// Somebody reads it.
    Busy,
    Read(Piece, Option<Apart<L>>),
}

/// A piece on its way.
struct Slot<L> {
    state: Mutex<State<L>>,
    changed: Condvar,
}

impl<L: Log> Slot<L> {
    fn state(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the piece, unless somebody reads it.
    fn take(&self) -> Option<State<L>> {
        let taken = std::mem::replace(&mut *self.state(), State::Busy);
        Some(taken).filter(|taken| !matches!(taken, State::Busy))
    }

    /// Reads the piece apart, if it waits. Whether it did.
    fn work(&self) -> bool {
        let mut state = self.state();
        if !matches!(*state, State::Waiting(..)) {
            return false;
        }
        let waiting = std::mem::replace(&mut *state, State::Busy);
        drop(state);
        if let State::Waiting(piece, log, found) = waiting {
            // A panic is met again, and contained, where the piece is read in order.
            let apart = catch_unwind(AssertUnwindSafe(|| read_apart(piece.block(), log, found)));
            *self.state() = State::Read(piece, apart.ok().flatten());
            self.changed.notify_all();
        }
        true
    }

    fn wait(&self) {
        let busy = |state: &mut State<L>| matches!(state, State::Busy);
        drop(self.changed.wait_while(self.state(), busy));
    }
}

/// Reads a piece from its first record on.
fn read_apart<L: Log>(block: Block<'_>, mut log: L, mut found: Emitter) -> Option<Apart<L>> {
    let mut lines = block.lines();
    let seam = loop {
        let seam = lines.seam();
        if log.begins(&lines.next()?) {
            break seam;
        }
    };
    log.read_lines(block.part(seam).1.lines(), &mut found);
    Some(Apart { seam, log, found })
}

/// The pieces of a log that are on their way, in order.
pub(super) struct Ahead<'c, L> {
    crew: &'c dyn Crew,
    slots: VecDeque<Arc<Slot<L>>>,
    /// How many they may be now.
    pieces: usize,
    /// The number of the next line.
    next: u64,
    /// Whether the first piece was read, which tells what the others begin with.
    begun: bool,
    /// Pieces in a row that were read in vain.
    in_vain: u32,
    /// Buffers that nobody uses.
    spare: Vec<Vec<u8>>,
}

impl<'c, L: Log> Ahead<'c, L> {
    pub(super) fn new(crew: &'c dyn Crew) -> Self {
        let (slots, spare) = (VecDeque::new(), Vec::new());
        Self { crew, slots, pieces: 0, next: 1, begun: false, in_vain: 0, spare }
    }

    /// Reads the lines before `rest.start`, now or later. Returns a buffer that begins with the rest.
    pub(super) fn read(
        &mut self,
        mut buffer: Vec<u8>,
        rest: Range<usize>,
        log: &mut L,
        out: &mut Emitter,
    ) -> Vec<u8> {
        self.pieces = self.crew.pieces();
        let size = self.crew.piece().max(1);
        if self.pieces == 0 || (!self.begun && size >= rest.start) {
            self.begun = true;
            self.finish(log, out);
            self.read_now(buffer.get(..rest.start).unwrap_or_default(), log, out);
            buffer.copy_within(rest, 0);
            return buffer;
        }
        let buffer = Arc::new(buffer);
        let mut at = 0;
        while let Some(bytes) = buffer.get(at..rest.start).filter(|bytes| !bytes.is_empty()) {
            let from = size.saturating_sub(1).min(bytes.len());
            let line_end = bytes.get(from..).and_then(|bytes| memchr::memchr(b'\n', bytes));
            let length =
                line_end.map_or(bytes.len(), |end| from.saturating_add(end).saturating_add(1));
            let end = at.saturating_add(length);
            let buffer = Arc::clone(&buffer);
            self.piece(Piece { buffer, range: at..end, first: self.next }, log, out);
            at = end;
        }
        match Arc::try_unwrap(buffer) {
            Ok(mut buffer) => {
                buffer.copy_within(rest, 0);
                buffer
            }
            Err(shared) => {
                let mut buffer = self.spare.pop().unwrap_or_else(|| vec![0; BLOCK]);
                let rest = shared.get(rest).unwrap_or_default();
                if let Some(head) = buffer.get_mut(..rest.len()) {
                    head.copy_from_slice(rest);
                }
                buffer
            }
        }
    }

    /// Reads a line that stands alone, after all before it. Returns its number.
    pub(super) fn read_line(&mut self, line: &[u8], log: &mut L, out: &mut Emitter) -> u64 {
        self.finish(log, out);
        let number = self.next;
        log.read_lines(Block::new(number, line).lines(), out);
        self.next = number.saturating_add(1);
        number
    }

    /// Reads what is on its way.
    pub(super) fn finish(&mut self, log: &mut L, out: &mut Emitter) {
        while let Some(slot) = self.slots.pop_front() {
            self.retire(&slot, log, out);
        }
    }

    /// Reads lines after all before them.
    fn read_now(&mut self, bytes: &[u8], log: &mut L, out: &mut Emitter) {
        log.read_lines(Block::new(self.next, bytes).lines(), out);
        self.next = self.next.saturating_add(count_lines(bytes));
    }

    /// Offers a piece to the crew, or reads it.
    fn piece(&mut self, piece: Piece, log: &mut L, out: &mut Emitter) {
        while self.slots.len() >= self.pieces
            && let Some(slot) = self.slots.pop_front()
        {
            self.retire(&slot, log, out);
        }
        let lines = count_lines(piece.bytes());
        let known = if self.begun && self.in_vain < IN_VAIN { log.apart() } else { None };
        self.begun = true;
        if let Some(apart) = known {
            let state = Mutex::new(State::Waiting(piece, apart, out.beside()));
            let slot = Arc::new(Slot { state, changed: Condvar::new() });
            let offered = Arc::clone(&slot);
            self.crew.offer(Box::new(move || {
                offered.work();
            }));
            self.slots.push_back(slot);
        } else {
            self.finish(log, out);
            log.read_lines(piece.block().lines(), out);
        }
        self.next = self.next.saturating_add(lines);
    }

    /// Joins the first piece that is on its way, or reads it.
    fn retire(&mut self, slot: &Slot<L>, log: &mut L, out: &mut Emitter) {
        let taken = loop {
            match slot.take() {
                Some(taken) => break taken,
                None if self.slots.iter().any(|later| later.work()) => {}
                None => slot.wait(),
            }
        };
        match taken {
            State::Waiting(piece, ..) | State::Read(piece, None) => {
                log.read_lines(piece.block().lines(), out);
                self.recycle(piece);
            }
            State::Read(piece, Some(apart)) => self.join(piece, apart, log, out),
            State::Busy => {}
        }
    }

    /// Joins a piece that was read apart, or reads it again.
    fn join(&mut self, piece: Piece, apart: Apart<L>, log: &mut L, out: &mut Emitter) {
        let Apart { seam, log: mut read, mut found } = apart;
        let (lead, rest) = piece.block().part(seam);
        log.read_lines(lead.lines(), out);
        if log.join(&mut read, &mut found, out) {
            self.in_vain = 0;
        } else {
            self.in_vain = self.in_vain.saturating_add(1);
            log.read_lines(rest.lines(), out);
        }
        self.recycle(piece);
    }

    fn recycle(&mut self, piece: Piece) {
        if let Ok(buffer) = Arc::try_unwrap(piece.buffer) {
            self.spare.push(buffer);
        }
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
