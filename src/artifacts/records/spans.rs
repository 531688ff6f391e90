//! Records of a file → from when to when each Mac in it was told of.

use crate::artifacts::Emitter;
use crate::evidence::limits;
use crate::model::Text;
use crate::model::observation::{Fact, LogKind, LogSpan, When};
use crate::model::provenance::Locator;
use std::collections::BTreeMap;

/// The first and the last record of each Mac, by time.
#[derive(Debug, Default)]
pub(super) struct Spans {
    of: BTreeMap<Option<Text>, [(Locator, When); 2]>,
}

fn edge(when: &When) -> Option<crate::model::interval::Window> {
    if let When::Utc(window) = when { Some(*window) } else { None }
}

impl Spans {
    /// A record with a time was met, of the emitter's subject.
    pub(super) fn met(&mut self, locator: Locator, when: &When, out: &Emitter) {
        let Some(time) = edge(when) else { return };
        if let Some([first, last]) = self.of.get_mut(&out.subject) {
            if edge(&first.1).is_some_and(|known| time.lo < known.lo) {
                *first = (locator, when.clone());
            }
            if edge(&last.1).is_some_and(|known| time.hi > known.hi) {
                *last = (locator, when.clone());
            }
        } else if self.of.len() < limits::SUBJECTS {
            let met = (locator, when.clone());
            self.of.insert(out.subject.clone(), [met.clone(), met]);
        }
    }

    /// Forgets the Macs that turned out to be none.
    pub(super) fn forget(&mut self, is_none: &dyn Fn(&Option<Text>) -> bool) {
        self.of.retain(|subject, _| !is_none(subject));
    }

    /// Says what the file is, for each Mac.
    pub(super) fn finish(self, kind: LogKind, layout: &'static str, out: &mut Emitter) {
        let layout = out.text(layout);
        let span = LogSpan { kind, layout, whole: !out.partial, predicate: None };
        for (subject, ends) in self.of {
            out.subject = subject;
            for (locator, when) in ends {
                out.fact(locator, when, Fact::Log(Box::new(span.clone())));
            }
        }
        out.subject = None;
    }
}
