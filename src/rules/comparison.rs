//! A binding, held against the layers of what is expected: which allow it, which could have shown it, and
//! what they say of its program and of its port instead.

use super::context::{Context, port_of};
use super::{Subject, cover};
use crate::baseline::book::{Known, Layer};
use crate::baseline::learned::Sight;
use crate::baseline::learned::identity::ProgramKey;
use crate::baseline::pattern::Reach;
use crate::baseline::policy::Verdict;
use crate::baseline::program::Use;
use crate::model::binding::Binding;
use crate::model::stamp;
use std::collections::BTreeSet;

/// What the layers besides stock macOS say of a binding.
pub struct Comparison<'a> {
    /// Who holds or made it.
    pub key: ProgramKey,
    /// Its use of the port.
    pub usage: Use,
    /// The layers that allow it.
    pub allowed: BTreeSet<Layer>,
    /// Names of the baselines that could have shown it, so that its absence there means something.
    pub bases: Vec<String>,
    /// Whether a `--baseline` file is among them.
    pub by_file: bool,
    /// What they say of its program, whatever the use; of the past only what was before it.
    pub of_program: Vec<&'a Known<'a>>,
    /// What they say of its port, whoever holds it; likewise.
    pub of_port: Vec<&'a Known<'a>>,
}

impl<'a> Comparison<'a> {
    /// Compares a binding that has a port, if there is anything to compare it with.
    pub fn of(binding: &Binding, context: &'a Context<'a>) -> Option<Self> {
        let cutoff = context.past.before(binding).filter(|_| binding.is_seen_listener());
        if cutoff.is_none() && context.learned.is_empty() {
            return None;
        }
        let usage = context.use_of(binding)?;
        let key = ProgramKey::of(binding, context.ports);
        let stock = &context.baseline.stock;
        // What was there under an exception that is over since is no longer expected because it was there.
        let cutoff = cutoff.filter(|_| !is_out_of_grace(binding, context));
        let was = |known: &&Known<'_>| known.since.zip(cutoff).is_some_and(|(at, end)| at <= end);
        let past = &context.past.book;
        let mut of_port: Vec<&Known<'_>> = context.files.at(usage, &key).collect();
        of_port.extend(past.at(usage, &key).filter(was));
        let mut of_program = context.files.of_program(&key, stock);
        of_program.extend(past.of_program(&key, stock).into_iter().filter(was));
        let fits = |known: &&&Known<'_>| {
            known.reaches(usage.scope, usage.direction)
                && (!key.is_known() || known.identity.is(&key, stock) || known.identity == key)
        };
        let allowed = of_port.iter().filter(fits).map(|known| known.layer).collect();
        let by_files = context.applying(Sight::of(usage.direction, usage.protocol));
        let by_file = !by_files.is_empty();
        let by_past = cutoff.map(|end| format!("this host's past until {}", stamp(end)));
        let bases = by_files.into_iter().chain(by_past).collect();
        let mut compared = Self { key, usage, allowed, bases, by_file, of_program, of_port };
        if compared.may_be_known(binding.held_by_launchd) {
            compared.bases.clear();
            compared.by_file = false;
        }
        Some(compared)
    }

    /// Whether a base shows the port held by an owner that may be this one: nothing names it, or only its
    /// signature does, of which this evidence tells nothing.
    fn may_be_known(&self, by_launchd: bool) -> bool {
        let usage = self.usage;
        self.of_port.iter().any(|known| {
            let nameless = !known.identity.is_known()
                || self.lacks_signature_of(known)
                || (by_launchd && known.identity.is_bare_launchd());
            nameless && known.ports.names(usage.port) && known.reaches(usage.scope, usage.direction)
        })
    }

    /// Whether only a signature names the other, and nothing tells this one's.
    fn lacks_signature_of(&self, known: &Known<'_>) -> bool {
        known.identity.is_signature_only() && self.key.team_id.is_none()
    }

    /// Whether no layer allows it and some could have shown it.
    pub fn deviates(&self) -> bool {
        self.allowed.is_empty() && !self.bases.is_empty()
    }

    /// The bases in words, behind a "not in" or "nothing in".
    pub fn bases(&self) -> String {
        self.bases.join(", nor in ")
    }

    /// What the layers say of its program in its direction and protocol.
    pub fn same_kind(&self) -> impl Iterator<Item = &'a Known<'a>> {
        let usage = self.usage;
        let known = self.of_program.iter().copied();
        known.filter(move |known| {
            known.direction.allows(usage.direction) && known.protocol.allows(usage.protocol)
        })
    }

    /// What other programs hold its port, where both would meet.
    pub fn others(&self, context: &'a Context<'a>) -> Vec<&'a Known<'a>> {
        let Some(reach) = Reach::of(self.usage.scope) else { return Vec::new() };
        let stock = &context.baseline.stock;
        let other = |known: &&Known<'_>| {
            known.identity.is_known()
                && !known.identity.is_bare_launchd()
                && !self.lacks_signature_of(known)
                && known.scope.meets(reach)
                && !known.ports.is_dynamic()
                && !known.ports.is_any()
                && !known.identity.is(&self.key, stock)
                && !known.identity.may_be(&self.key)
        };
        self.of_port.iter().copied().filter(other).collect()
    }
}

impl Context<'_> {
    /// Names of the baseline files that could have shown such a use on this host.
    pub fn applying(&self, sight: Sight) -> Vec<String> {
        let role = self.case.host.role.as_deref();
        let applying = self.learned.iter().filter(|file| file.is_for(role));
        applying.filter(|file| file.could_show(sight, role)).map(|file| file.name.clone()).collect()
    }

    /// Whether a baseline file allows a binding.
    pub fn is_in_files(&self, binding: &Binding) -> bool {
        if self.files.all().is_empty() {
            return false;
        }
        let Some(compared) = Comparison::of(binding, self) else { return false };
        compared.allowed.iter().any(|layer| *layer != Layer::Past)
    }

    /// Whether stock macOS, a baseline file or the host's own past allows a binding.
    pub fn is_expected(&self, binding: &Binding) -> bool {
        self.is_stock(binding)
            || Comparison::of(binding, self).is_some_and(|compared| !compared.allowed.is_empty())
    }

    /// Whether absence means something for a listener: a baseline file, or the host's past, could have
    /// shown it.
    pub fn has_base(&self, binding: &Binding) -> bool {
        Comparison::of(binding, self).is_some_and(|compared| !compared.bases.is_empty())
    }

    /// Listeners of a program that were still there when another was first seen.
    pub fn still_holds(&self, known: &Known<'_>, since: &Binding) -> bool {
        let Some(first) = since.interval.map(|life| life.first_seen) else { return true };
        let mut theirs = self.waiting.of_program(&known.identity, &self.baseline.stock).into_iter();
        theirs.any(|other| {
            other.is_seen_listener()
                && other.protocol == since.protocol
                && port_of(other).is_some_and(|port| known.ports.names(port))
                && other.interval.is_none_or(|life| life.last_seen >= first)
        })
    }
}

/// Whether an exception would cover a binding, had it not been over when that was observed.
fn is_out_of_grace(binding: &Binding, context: &Context<'_>) -> bool {
    let verdict = cover::verdict(Subject::Binding(binding), context);
    matches!(verdict, Verdict::Expired(..))
}

/// The layers that allow a binding, as `expected_by` lists them; `not-comparable` where baselines hold for
/// the host but none could have shown it.
pub fn layers_of(binding: &Binding, context: &Context<'_>) -> Vec<&'static str> {
    let mut layers: BTreeSet<Layer> = BTreeSet::new();
    if context.is_stock(binding) {
        layers.insert(Layer::Stock);
    }
    let compared = Comparison::of(binding, context);
    if let Some(compared) = &compared {
        layers.extend(&compared.allowed);
    }
    let role = context.case.host.role.as_deref();
    let has_files = context.learned.iter().any(|file| file.is_for(role));
    let blind = compared.is_none_or(|compared| !compared.by_file);
    if layers.is_empty() && has_files && blind {
        return vec!["not-comparable"];
    }
    layers.into_iter().map(Layer::as_str).collect()
}
