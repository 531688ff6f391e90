//! What was read → the same again, as long as it is asked for, in bounded memory: nodes of trees, inflated chunks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts of the cache, each with a lock of its own: threads seldom meet. None is held while something is read.
const PARTS: usize = 16;

/// Where a node lies and the tree that it was read for; the number of a chunk, and zero.
pub type Key = (u64, u32);

/// What is kept.
pub trait Weighed {
    /// Bytes of memory that it takes.
    fn memory(&self) -> usize;
}

impl Weighed for Vec<u8> {
    fn memory(&self) -> usize {
        self.len()
    }
}

/// What was used last, up to a number of bytes.
pub struct Cache<T> {
    parts: [Mutex<Part<T>>; PARTS],
    /// Bytes of a generation of a part.
    most: usize,
}

/// Two generations: what was asked for lately, and what was before. When the young one is full the old one goes.
struct Part<T> {
    young: BTreeMap<Key, Arc<T>>,
    old: BTreeMap<Key, Arc<T>>,
    bytes: usize,
}

impl<T: Weighed> Part<T> {
    fn get(&mut self, key: Key, most: usize) -> Option<Arc<T>> {
        if let Some(node) = self.young.get(&key) {
            return Some(Arc::clone(node));
        }
        let node = self.old.remove(&key)?;
        self.put(key, Arc::clone(&node), most);
        Some(node)
    }

    fn put(&mut self, key: Key, node: Arc<T>, most: usize) {
        self.bytes = self.bytes.saturating_add(node.memory());
        self.young.insert(key, node);
        if self.bytes > most {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}

impl<T: Weighed> Cache<T> {
    /// An empty one that keeps about `bytes` at most.
    pub fn new(bytes: usize) -> Self {
        let part = || Part { young: BTreeMap::new(), old: BTreeMap::new(), bytes: 0 };
        Self { parts: std::array::from_fn(|_| Mutex::new(part())), most: bytes / PARTS / 2 }
    }

    fn part(&self, key: Key) -> Option<MutexGuard<'_, Part<T>>> {
        let at = usize::try_from(key.0 % PARTS as u64).unwrap_or_default();
        Some(self.parts.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is still there.
    pub fn get(&self, key: Key) -> Option<Arc<T>> {
        self.part(key)?.get(key, self.most)
    }

    /// Keeps something.
    pub fn put(&self, key: Key, node: Arc<T>) {
        if let Some(mut part) = self.part(key) {
            part.put(key, node, self.most);
        }
    }
}
