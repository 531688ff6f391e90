//! Bytes on their way to a parser → the same bytes, and their hashes, in one pass.

use crate::evidence::digest::{Hashers, Hashes, Wanted};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Bytes that are hashed by whoever reads them; the rest may be hashed on a thread of its own.
const INLINE: u64 = 8 << 20;

/// Bytes that are handed to that thread at once.
const BLOCK: usize = 256 << 10;

/// How many such blocks there are.
const BLOCKS: usize = 8;

/// Whether the bytes of a file come slower than they are hashed.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<AtomicBool>);

impl Pace {
    /// Whether the thread that hashes had nothing to do since this was asked last.
    pub(super) fn waited(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    /// The next block, and whether it had to be waited for.
    fn next(&self, blocks: &Receiver<Vec<u8>>) -> Option<Vec<u8>> {
        blocks.try_recv().ok().or_else(|| {
            self.0.store(true, Ordering::Relaxed);
            blocks.recv().ok()
        })
    }
}

/// A thread that hashes beside the one that reads.
struct Aside {
    block: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<()>,
}

impl Aside {
    /// `None` if no thread can be had.
    fn start(hashers: &Arc<Mutex<Hashers>>, pace: Pace) -> Option<Self> {
        let (full, blocks) = sync_channel::<Vec<u8>>(BLOCKS);
        let (back, empty) = sync_channel(BLOCKS);
        for _ in 1..BLOCKS {
            back.send(Vec::with_capacity(BLOCK)).ok()?;
        }
        let hashers = Arc::clone(hashers);
        let work = move || {
            while let Some(mut block) = pace.next(&blocks) {
                lock(&hashers).update(&block);
                block.clear();
                // Nobody wants it back when the file has ended.
                let _ = back.send(block);
            }
        };
        let thread = std::thread::Builder::new().name("hash".to_owned()).spawn(work).ok()?;
        Some(Self { block: Vec::with_capacity(BLOCK), full, empty, thread })
    }

    fn update(&mut self, mut fresh: &[u8]) {
        while !fresh.is_empty() {
            let room = BLOCK.saturating_sub(self.block.len()).min(fresh.len());
            let (now, later) = fresh.split_at(room);
            self.block.extend_from_slice(now);
            fresh = later;
            if self.block.len() >= BLOCK {
                // The thread takes every block until the sender is gone, so both channels are open.
                let empty = self.empty.recv().unwrap_or_default();
                let _ = self.full.send(std::mem::replace(&mut self.block, empty));
            }
        }
    }

    /// Waits until everything is hashed.
    fn finish(self) {
        let _ = self.full.send(self.block);
        drop(self.full);
        if let Err(panicked) = self.thread.join() {
            std::panic::resume_unwind(panicked);
        }
    }
}

fn lock(hashers: &Mutex<Hashers>) -> MutexGuard<'_, Hashers> {
    hashers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that hashes what passes through it.
pub(super) struct HashingReader<R> {
    inner: R,
    hashers: Arc<Mutex<Hashers>>,
    may_go_aside: bool,
    aside: Option<Aside>,
    pace: Pace,
    read: u64,
    failure: Option<(io::ErrorKind, String)>,
}

impl<R: Read> HashingReader<R> {
    /// Hashes what is read from `inner`.
    pub(super) fn new(inner: R, wanted: Wanted) -> Self {
        Self {
            inner,
            hashers: Arc::new(Mutex::new(Hashers::new(wanted))),
            may_go_aside: false,
            aside: None,
            pace: Pace::default(),
            read: 0,
            failure: None,
        }
    }

    /// The same, but what is large may be hashed on a thread of its own.
    #[must_use]
    pub(super) fn aside(self, may_go_aside: bool) -> Self {
        Self { may_go_aside, ..self }
    }

    /// Its pace, as far as a thread of its own hashes it.
    pub(super) fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// Bytes read so far.
    pub(super) fn read_so_far(&self) -> u64 {
        self.read
    }

    /// Reads what is left, so that the hashes cover the whole file. An error that a parser met before
    /// is an error here too: what came after it is missing.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        if let Some((kind, detail)) = &self.failure {
            return Err(io::Error::new(*kind, detail.clone()));
        }
        // Most files are small and already read: a large block is worth making only for the others.
        let mut first = [0; 4096];
        if self.read(&mut first)? == 0 {
            return Ok(());
        }
        // Nothing else is done with it: a thread of its own would only cost a copy.
        self.may_go_aside = false;
        let mut block = vec![0; 1 << 17];
        while self.read(&mut block)? > 0 {}
        Ok(())
    }

    /// The hashes of what was read.
    pub(super) fn finish(self) -> Hashes {
        if let Some(aside) = self.aside {
            aside.finish();
        }
        lock(&self.hashers).clone().finish()
    }

    fn hash(&mut self, count: usize, buffer: &[u8]) {
        let fresh = buffer.get(..count).unwrap_or_default();
        if self.aside.is_none() && self.may_go_aside && self.read >= INLINE {
            self.aside = Aside::start(&self.hashers, self.pace());
            self.may_go_aside = self.aside.is_some();
        }
        match &mut self.aside {
            Some(aside) => aside.update(fresh),
            None => lock(&self.hashers).update(fresh),
        }
        self.read = self.read.saturating_add(count as u64);
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failure = Some((error.kind(), error.to_string()));
            }
        })?;
        self.hash(count, buffer);
        Ok(count)
    }
}
