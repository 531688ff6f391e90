//! Nodes that were read → the same nodes again, as long as they are asked for, in bounded memory.

use crate::evidence::limits;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts of the cache, each with a lock of its own: threads seldom meet. None is held while a node is read.
const PARTS: usize = 16;

/// Where a node lies, and the tree that it was read for.
pub type Key = (u64, u32);

/// What is kept.
pub trait Weighed {
    /// Bytes of memory that it takes.
    fn memory(&self) -> usize;
}

/// The nodes of the trees of one file system that were used last, up to [`limits::NODE_CACHE`].
pub struct NodeCache<T>([Mutex<Part<T>>; PARTS]);

/// Two generations: what was asked for lately, and what was before. When the young one is full the old one goes.
struct Part<T> {
    young: BTreeMap<Key, Arc<T>>,
    old: BTreeMap<Key, Arc<T>>,
    bytes: usize,
}

impl<T> Default for NodeCache<T> {
    fn default() -> Self {
        let part = || Part { young: BTreeMap::new(), old: BTreeMap::new(), bytes: 0 };
        Self(std::array::from_fn(|_| Mutex::new(part())))
    }
}

impl<T: Weighed> Part<T> {
    fn get(&mut self, key: Key) -> Option<Arc<T>> {
        if let Some(node) = self.young.get(&key) {
            return Some(Arc::clone(node));
        }
        let node = self.old.remove(&key)?;
        self.put(key, Arc::clone(&node));
        Some(node)
    }

    fn put(&mut self, key: Key, node: Arc<T>) {
        self.bytes = self.bytes.saturating_add(node.memory());
        self.young.insert(key, node);
        if self.bytes > limits::NODE_CACHE / PARTS / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}

impl<T: Weighed> NodeCache<T> {
    fn part(&self, key: Key) -> Option<MutexGuard<'_, Part<T>>> {
        let at = usize::try_from(key.0 % PARTS as u64).unwrap_or_default();
        Some(self.0.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A node that is still there.
    pub fn get(&self, key: Key) -> Option<Arc<T>> {
        self.part(key)?.get(key)
    }

    /// Keeps a node.
    pub fn put(&self, key: Key, node: Arc<T>) {
        if let Some(mut part) = self.part(key) {
            part.put(key, node);
        }
    }
}
