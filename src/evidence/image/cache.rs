//! What was read last → the same again, without reading: a bounded cache that is shared by all threads.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by number. The lock is held while a value is looked up or put in, never while it is read.
pub struct Cache<T> {
    /// How many values a generation holds; twice as many are kept at most.
    capacity: usize,
    generations: Mutex<Generations<T>>,
}

/// What was used lately, and what was used before that.
struct Generations<T> {
    young: BTreeMap<u64, T>,
    old: BTreeMap<u64, T>,
}

impl<T: Clone> Cache<T> {
    /// An empty cache that keeps the `capacity` values used last, and up to as many more.
    pub fn new(capacity: usize) -> Self {
        let generations = Generations { young: BTreeMap::new(), old: BTreeMap::new() };
        Self { capacity, generations: Mutex::new(generations) }
    }

    fn generations(&self) -> MutexGuard<'_, Generations<T>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of a number, if it is kept.
    pub fn get(&self, number: u64) -> Option<T> {
        let mut generations = self.generations();
        if let Some(value) = generations.young.get(&number) {
            return Some(value.clone());
        }
        let value = generations.old.remove(&number)?;
        self.keep(&mut generations, number, value.clone());
        Some(value)
    }

    /// Keeps a value.
    pub fn put(&self, number: u64, value: T) {
        self.keep(&mut self.generations(), number, value);
    }

    fn keep(&self, generations: &mut Generations<T>, number: u64, value: T) {
        if generations.young.len() >= self.capacity {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(number, value);
    }
}
