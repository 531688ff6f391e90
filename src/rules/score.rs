//! Factors → a score: sum, then floors, then caps; caps win (scoring.md 6.4).

use super::context::Context;
use super::scoring::Floors;
use crate::model::anomaly::Factor;
use crate::model::binding::{Binding, Certainty};
use crate::model::network::Scope;
use crate::model::service::Direction;

/// Rules with a fixed score that never count as a further rule.
pub const NOTES: &[&str] = &["P18", "P19", "P20"];

/// Rules that stand in `factors` only.
pub const MODIFIERS: &[&str] = &["P14"];

/// Rules that are only ever a further one, never the base.
pub const FURTHER: &[&str] = &["P16"];

/// What a score is made of.
pub struct Sum {
    /// Rule ids, base rule first, notes last.
    pub rules: Vec<&'static str>,
    /// Summands, in the order in which they are listed.
    pub factors: Vec<Factor>,
    /// 0 to 100.
    pub score: i32,
    /// Floor or cap that decided, in words.
    pub decided_by: Option<String>,
}

/// Adds up what rules and features found. `None` if no rule fired.
pub fn sum(
    fired: Vec<Factor>,
    features: Vec<Factor>,
    binding: Option<&Binding>,
    context: &Context<'_>,
) -> Option<Sum> {
    let scoring = context.scoring;
    let (notes, fired): (Vec<Factor>, Vec<Factor>) =
        fired.into_iter().partition(|factor| NOTES.contains(&factor.name));
    let (modifiers, mut base): (Vec<Factor>, Vec<Factor>) =
        fired.into_iter().partition(|factor| MODIFIERS.contains(&factor.name));
    if base.is_empty() {
        return only_notes(notes);
    }
    // The base rule is the one with the most points; the first id among equals.
    base.sort_by_key(|factor| {
        (FURTHER.contains(&factor.name), std::cmp::Reverse(factor.points), factor.name)
    });
    let mut further = 0;
    for factor in base.iter_mut().skip(1) {
        let left = scoring.variants.further_rules_most.saturating_sub(further);
        factor.points = scoring.variants.further_rule.min(left);
        further = further.saturating_add(factor.points);
    }
    let mut rules: Vec<&'static str> = base.iter().map(|factor| factor.name).collect();
    rules.extend(notes.iter().map(|factor| factor.name));
    let mut factors = base;
    factors.extend(features);
    factors.extend(modifiers);
    let total: i32 = factors.iter().map(|factor| factor.points).sum();
    let (score, decided_by) = bounded(total.clamp(0, 100), &rules, binding, context);
    if score == 0 && !notes.is_empty() {
        // Nothing is left of the suspicion; the note holds all the same.
        return only_notes(notes);
    }
    factors.extend(notes.into_iter().map(|factor| Factor { points: 0, ..factor }));
    Some(Sum { rules, factors, score, decided_by })
}

fn only_notes(notes: Vec<Factor>) -> Option<Sum> {
    let rules: Vec<&'static str> = notes.iter().map(|factor| factor.name).collect();
    let score = notes.first()?.points;
    let alone = |(index, factor)| Factor { points: if index == 0 { score } else { 0 }, ..factor };
    let factors = notes.into_iter().enumerate().map(alone).collect();
    Some(Sum { rules, factors, score, decided_by: None })
}

/// Floors lift what was observed; caps hold down what the evidence cannot carry.
fn bounded(
    total: i32,
    rules: &[&'static str],
    binding: Option<&Binding>,
    context: &Context<'_>,
) -> (i32, Option<String>) {
    let seen = binding.filter(|binding| binding.certainty == Certainty::Observed);
    let floor = seen.and_then(|binding| floor_of(rules, binding, context));
    let lifted = floor.map_or(total, |floor| total.max(floor));
    let mut decided = floor.filter(|floor| *floor > total).map(|floor| format!("floor {floor}"));
    let cap = caps(rules, binding, context).into_iter().min();
    match cap {
        Some((cap, why)) if cap < lifted => {
            decided = Some(format!("cap {cap}: {why}"));
            (cap, decided)
        }
        _ => (lifted, decided),
    }
}

/// The highest floor among the rules that fired.
fn floor_of(rules: &[&'static str], binding: &Binding, context: &Context<'_>) -> Option<i32> {
    let Floors { shell_on_socket, service_names, orphan_listener } = context.scoring.floors;
    let floors = [
        ("P09", shell_on_socket, true),
        ("P12", service_names, true),
        ("P03", orphan_listener, context.plists_complete(binding)),
    ];
    let holds = floors.iter().filter(|(rule, _, applies)| *applies && rules.contains(rule));
    holds.map(|(_, floor, _)| *floor).max()
}

fn caps(
    rules: &[&'static str],
    binding: Option<&Binding>,
    context: &Context<'_>,
) -> Vec<(i32, &'static str)> {
    let caps = &context.scoring.caps;
    let fired = |rule: &str| rules.contains(&rule);
    let unseen = binding.is_none_or(|binding| binding.certainty != Certainty::Observed);
    let mut found = Vec::new();
    if unseen && fired("P09") {
        let why = "the shell was only declared, no socket was seen";
        found.push((caps.shell_in_arguments_only, why));
    } else if unseen && binding.is_some() && !fired("P11") {
        found.push((caps.inferred_only, "the port was only inferred, no socket was seen"));
    }
    let Some(binding) = binding.filter(|_| !unseen) else { return found };
    let loud = fired("P09") || fired("P11") || fired("P12");
    let holds = [
        (
            binding.direction == Direction::Unknown,
            caps.direction_unknown,
            "the direction is not known",
        ),
        (!context.owner_is_known(binding), caps.owner_unknown, "the owner is not known"),
        (binding.direction_probable, caps.direction_probable, "the direction is only probable"),
        (
            binding.only_unprivileged,
            caps.unprivileged_or_state_unknown,
            "the source ran without privileges",
        ),
        (
            binding.scope == Scope::Loopback && !loud,
            caps.loopback_only,
            "it does not leave this Mac",
        ),
    ];
    found.extend(holds.into_iter().filter(|(holds, ..)| *holds).map(|(_, cap, why)| (cap, why)));
    found
}
