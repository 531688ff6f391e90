//! The objects of a damaged or over-large binary property list → what can be read within the limits.

use super::super::{Repairs, too_deep, too_many};
use super::{Budget, Object, Objects, References, leaf};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use ::plist::{Dictionary, Value};

/// Reads what can be read, within the limits.
pub(super) struct Rescue<'a, 'b> {
    objects: &'b Objects<'a>,
    budget: Budget,
    repairs: &'b mut Repairs,
    /// References to objects that the file does not have.
    missing: usize,
}

/// A collection being read.
struct Open {
    index: usize,
    frame: Frame,
}

enum Frame {
    Array(Vec<Value>, References),
    /// Entries, keys to come, values to come, and the key of the value being read.
    Dictionary(Dictionary, References, References, Option<String>),
}

impl<'a, 'b> Rescue<'a, 'b> {
    pub(super) fn new(objects: &'b Objects<'a>, repairs: &'b mut Repairs) -> Self {
        Self { objects, budget: Budget::default(), repairs, missing: 0 }
    }

    /// The root, as far as it can be read.
    pub(super) fn read(mut self) -> Option<Value> {
        let value = self.root();
        if self.missing > 0 {
            let detail =
                format!("{} values are missing: they would stand beyond the end", self.missing);
            self.repairs.loss(Locator::Whole, ProblemKind::Truncated, detail);
        }
        value
    }

    fn root(&mut self) -> Option<Value> {
        let mut open: Vec<Open> = Vec::new();
        let mut next = Some(self.objects.root);
        let mut exhausted = false;
        loop {
            let value = match next.take() {
                Some(index) if !exhausted => {
                    let object = self.objects.object(index);
                    if self.budget.pay(object.as_ref()) {
                        self.begin(index, object.as_ref(), &mut open)
                    } else {
                        exhausted = true;
                        self.repairs.loss(self.place(index), ProblemKind::Limit, too_many());
                        None
                    }
                }
                _ => {
                    let last = open.last_mut()?;
                    next = if exhausted { None } else { self.child(&mut last.frame) };
                    if next.is_some() { None } else { open.pop().map(|last| close(last.frame)) }
                }
            };
            let Some(value) = value else { continue };
            match open.last_mut().map(|last| &mut last.frame) {
                None => return Some(value),
                Some(Frame::Array(items, _)) => items.push(value),
                Some(Frame::Dictionary(entries, _, _, key)) => {
                    if let Some(key) = key.take() {
                        entries.insert(key, value);
                    }
                }
            }
        }
    }

    fn place(&self, index: usize) -> Locator {
        self.objects.offset(index).map_or(Locator::Whole, |at| Locator::Offset(at as u64))
    }

    /// Opens an object: its value if it is a leaf.
    fn begin(
        &mut self,
        index: usize,
        object: Option<&Object<'_>>,
        open: &mut Vec<Open>,
    ) -> Option<Value> {
        let place = self.place(index);
        let frame = match object {
            Some(Object::Leaf(marker, content)) => {
                let value = leaf(*marker, content);
                if value.is_none() {
                    let detail = format!("an object with the marker 0x{marker:02x} is left out");
                    self.repairs.loss(place, ProblemKind::MalformedFile, detail);
                }
                return value;
            }
            None => {
                self.missing = self.missing.saturating_add(1);
                return None;
            }
            Some(Object::Array(items)) => Frame::Array(Vec::new(), *items),
            Some(Object::Dictionary(keys, values)) => {
                Frame::Dictionary(Dictionary::new(), *keys, *values, None)
            }
        };
        if open.iter().any(|parent| parent.index == index) {
            let detail = "a collection that contains itself is left out there";
            self.repairs.loss(place, ProblemKind::MalformedFile, detail);
        } else if open.len() >= limits::PLIST_DEPTH {
            self.repairs.loss(place, ProblemKind::Limit, too_deep());
        } else {
            open.push(Open { index, frame });
        }
        None
    }

    /// The next object of a collection; for a dictionary its key is kept. A key that is no string has
    /// no value.
    fn child(&mut self, frame: &mut Frame) -> Option<usize> {
        let (keys, values, key) = match frame {
            Frame::Array(_, items) => return self.objects.follow(items),
            Frame::Dictionary(_, keys, values, key) => (keys, values, key),
        };
        loop {
            let (name, value) = (self.objects.follow(keys), self.objects.follow(values)?);
            let object = name.and_then(|name| self.objects.object(name));
            if !self.budget.pay(object.as_ref()) {
                return Some(value);
            }
            *key = name.and_then(|name| self.objects.text(name));
            if key.is_some() {
                return Some(value);
            }
            // Its key is missing, or is no string.
            self.missing = self.missing.saturating_add(1);
        }
    }
}

fn close(frame: Frame) -> Value {
    match frame {
        Frame::Array(items, _) => Value::Array(items),
        Frame::Dictionary(entries, ..) => Value::Dictionary(entries),
    }
}
