//! Nodes that were read → the same nodes again, as long as they are asked for, in bounded memory.

use super::node::Node;
use crate::evidence::limits;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Parts of the cache, each with a lock of its own: threads seldom meet.
const PARTS: usize = 16;

/// Address of a block, and the kind of tree that it was read for.
type Key = (u64, u32);

/// Nodes by the address of their block.
#[derive(Default)]
pub(super) struct NodeCache([Mutex<Part>; PARTS]);

/// Two generations: what was asked for lately, and what was before. When the young one is full the old one goes.
#[derive(Default)]
struct Part {
    young: BTreeMap<Key, Arc<Node>>,
    old: BTreeMap<Key, Arc<Node>>,
    bytes: usize,
}

impl Part {
    fn get(&mut self, key: Key) -> Option<Arc<Node>> {
        if let Some(node) = self.young.get(&key) {
            return Some(Arc::clone(node));
        }
        let node = self.old.remove(&key)?;
        self.put(key, Arc::clone(&node));
        Some(node)
    }

    fn put(&mut self, key: Key, node: Arc<Node>) {
        self.bytes = self.bytes.saturating_add(node.memory());
        self.young.insert(key, node);
        if self.bytes > limits::NODE_CACHE / PARTS / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
    }
}

impl NodeCache {
    fn part(&self, key: Key) -> Option<std::sync::MutexGuard<'_, Part>> {
        let at = usize::try_from(key.0 % PARTS as u64).unwrap_or_default();
        Some(self.0.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A node that is still there.
    pub(super) fn get(&self, key: Key) -> Option<Arc<Node>> {
        self.part(key)?.get(key)
    }

    /// Keeps a node.
    pub(super) fn put(&self, key: Key, node: Arc<Node>) {
        if let Some(mut part) = self.part(key) {
            part.put(key, node);
        }
    }
}
